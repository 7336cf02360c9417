//! The least that reading a host can cost: the agent's own preads, and nothing else.
//!
//!     floor INTERVAL_MS ROUNDS <READS
//!
//! Each line of standard input is one pread: `offset length path`. The files are opened once; each round does all reads
//! in order into one buffer and sleeps. What it took is the caller's to measure; nothing is parsed or printed.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufRead};
use std::os::unix::fs::FileExt;
use std::time::Duration;

fn main() -> io::Result<()> {
    let numbers: Vec<u64> = std::env::args().skip(1).map_while(|text| text.parse().ok()).collect();
    let [interval_ms, rounds] = numbers[..] else { return Err(io::Error::other("usage: floor INTERVAL_MS ROUNDS")) };
    let lines = io::stdin().lock().lines().collect::<io::Result<Vec<String>>>()?;
    let mut files = HashMap::new();
    let mut reads = Vec::new();
    for line in &lines {
        let mut words = line.splitn(3, ' ');
        let mut number = || words.next().and_then(|word| word.parse::<u64>().ok());
        let (Some(offset), Some(length), Some(path)) = (number(), number(), words.next()) else {
            return Err(io::Error::other(format!("not a read: {line}")));
        };
        if !files.contains_key(path) {
            files.insert(path, File::open(path)?);
        }
        reads.push((path, offset, length as usize));
    }
    let mut buffer = vec![0; reads.iter().map(|(.., length)| *length).max().unwrap_or(0)];
    // No look-up by name in a round.
    let reads: Vec<_> = reads.into_iter().map(|(path, offset, length)| (&files[path], offset, length)).collect();
    for _ in 0..rounds {
        for (file, offset, length) in &reads {
            // A file that gives nothing this time costs what it costs the agent.
            let _ = file.read_at(&mut buffer[..*length], *offset);
        }
        std::thread::sleep(Duration::from_millis(interval_ms));
    }
    Ok(())
}
