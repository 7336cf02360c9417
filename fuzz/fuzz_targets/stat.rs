//! `/proc/stat`: agrees with a plain reading, and the shares that come of any file are shares.
#![no_main]

use libfuzzer_sys::fuzz_target;
use neon_agent_core::parse::stat::{CpuTicks, stat};
use neon_agent_core::sample::cpu::{NO_TICKS, busy_percent, shares};
use neon_fuzz::plain::{lines, number, words};

#[derive(Debug, Default, PartialEq)]
struct Plain {
    cpu: Vec<u64>,
    cores: Vec<(u32, Vec<u64>)>,
    /// ctxt, btime, procs_running, procs_blocked
    counters: [Option<u64>; 4],
}

fuzz_target!(|bytes: &[u8]| {
    let mut cores = Vec::new();
    let read = stat(bytes, |core, ticks| cores.push((core, columns(&ticks))));
    if let Ok(stat) = &read {
        assert_eq!(stat.cores_online as usize, cores.len());
        let shares = shares(None, &NO_TICKS, &stat.cpu);
        let parts = [shares.user_percent, shares.system_percent, shares.iowait_percent, shares.steal_percent];
        assert!(parts.iter().chain([&shares.irq_percent]).all(|part| (0.0..=100.0).contains(part)));
        assert!((0.0..=100.0).contains(&busy_percent(&NO_TICKS, &stat.cpu)));
        assert_eq!(busy_percent(&stat.cpu, &stat.cpu), 0.0);
    }
    let read = read.ok().map(|stat| Plain {
        cpu: columns(&stat.cpu),
        cores,
        counters: [stat.context_switches_total, stat.booted_at_unix_s, stat.running_tasks, stat.blocked_tasks],
    });
    assert_eq!(read, plain(bytes));
});

fn columns(ticks: &CpuTicks) -> Vec<u64> {
    let CpuTicks {
        user_ticks,
        nice_ticks,
        system_ticks,
        idle_ticks,
        iowait_ticks,
        irq_ticks,
        softirq_ticks,
        steal_ticks,
    } = *ticks;
    vec![user_ticks, nice_ticks, system_ticks, idle_ticks, iowait_ticks, irq_ticks, softirq_ticks, steal_ticks]
}

fn plain(bytes: &[u8]) -> Option<Plain> {
    let mut plain = Plain::default();
    for line in lines(bytes).filter(|line| !line.starts_with(b" ") && !line.starts_with(b"\t")) {
        let words = words(line);
        match words.first() {
            Some(&b"cpu") => plain.cpu = ticks(&words)?,
            Some(&b"ctxt") => plain.counters[0] = Some(number(&words, 1)?),
            Some(&b"btime") => plain.counters[1] = Some(number(&words, 1)?),
            Some(&b"procs_running") => plain.counters[2] = Some(number(&words, 1)?),
            Some(&b"procs_blocked") => plain.counters[3] = Some(number(&words, 1)?),
            Some(key) if key.starts_with(b"cpu") => {
                let core = u32::try_from(number(&[&key[3..]], 0)?).ok()?;
                plain.cores.push((core, ticks(&words)?));
            }
            _ => {}
        }
    }
    (!plain.cpu.is_empty()).then_some(plain)
}

/// The first four columns, and as many of the other four as there are.
fn ticks(words: &[&[u8]]) -> Option<Vec<u64>> {
    let there = words.len().clamp(5, 9);
    let mut columns = (1..there).map(|place| number(words, place)).collect::<Option<Vec<_>>>()?;
    columns.resize(8, 0);
    Some(columns)
}
