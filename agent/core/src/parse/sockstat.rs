//! `/proc/net/sockstat` and `sockstat6`: sockets in use.
//!
//! Source: proc_pid_net(5): `TCP: inuse 5 orphan 0 tw 2 alloc 9 mem 1`, `UDP: inuse 3 mem 1`; in sockstat6 the same
//! with `TCP6: inuse 4` alone.

use super::{Fault, FaultKind, Words, lines};

/// Sockets of one version of IP.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sockstat {
    /// TCP sockets that are connected or listen.
    pub tcp_in_use: u64,
    /// TCP connections in TIME_WAIT, of both versions; `None` in sockstat6.
    pub tcp_time_wait: Option<u64>,
    /// UDP sockets.
    pub udp_in_use: u64,
}

/// Reads either file. Errors: `Missing` without a TCP or UDP line that says how many are in use, `Number`.
pub fn sockstat(bytes: &[u8]) -> Result<Sockstat, Fault> {
    let (mut tcp, mut time_wait, mut udp) = (None, None, None);
    let mut last_line = 0u32;
    for (line_number, line) in lines(bytes) {
        last_line = line_number;
        let mut words = Words(line);
        let key = words.next();
        let is_tcp = matches!(key, Some(b"TCP:" | b"TCP6:"));
        if !is_tcp && !matches!(key, Some(b"UDP:" | b"UDP6:")) {
            continue;
        }
        while let Some(name) = words.next() {
            let value = words.number().map_err(|kind| Fault { kind, line: line_number })?;
            match name {
                b"inuse" if is_tcp => tcp = Some(value),
                b"inuse" => udp = Some(value),
                b"tw" if is_tcp => time_wait = Some(value),
                _ => {}
            }
        }
    }
    let missing = Fault { kind: FaultKind::Missing, line: last_line.saturating_add(1) };
    Ok(Sockstat { tcp_in_use: tcp.ok_or(missing)?, tcp_time_wait: time_wait, udp_in_use: udp.ok_or(missing)? })
}
