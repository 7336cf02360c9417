//! `/proc/net/sockstat` and `sockstat6`: agrees with a plain reading.
#![no_main]

use libfuzzer_sys::fuzz_target;
use neon_agent_core::parse::sockstat::{Sockstat, sockstat};
use neon_fuzz::plain::{lines, number, words};

fuzz_target!(|bytes: &[u8]| assert_eq!(sockstat(bytes).ok(), plain(bytes)));

fn plain(bytes: &[u8]) -> Option<Sockstat> {
    let (mut tcp, mut time_wait, mut udp) = (None, None, None);
    for line in lines(bytes) {
        let words = words(line);
        let is_tcp = matches!(words.first(), Some(&b"TCP:" | &b"TCP6:"));
        if !is_tcp && !matches!(words.first(), Some(&b"UDP:" | &b"UDP6:")) {
            continue;
        }
        for place in (1..words.len()).step_by(2) {
            let value = number(&words, place + 1)?;
            match (words[place], is_tcp) {
                (b"inuse", true) => tcp = Some(value),
                (b"inuse", false) => udp = Some(value),
                (b"tw", true) => time_wait = Some(value),
                _ => {}
            }
        }
        // What follows a line of each is not read.
        if tcp.is_some() && udp.is_some() {
            break;
        }
    }
    Some(Sockstat { tcp_in_use: tcp?, tcp_time_wait: time_wait, udp_in_use: udp? })
}
