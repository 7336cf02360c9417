//! `/proc/net/sockstat` and `sockstat6`: sockets in use.
//!
//! Source: proc_pid_net(5): `TCP: inuse 5 orphan 0 tw 2 alloc 9 mem 1`, `UDP: inuse 3 mem 1`; in sockstat6 the same
//! with `TCP6: inuse 4` alone.

use super::{Fault, FaultKind, fields, lines, number};

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
        let mut fields = fields(line);
        let key = fields.next();
        let is_tcp = matches!(key, Some(b"TCP:" | b"TCP6:"));
        if !is_tcp && !matches!(key, Some(b"UDP:" | b"UDP6:")) {
            continue;
        }
        while let Some((name, value)) = fields.next().zip(fields.next()) {
            let slot = match name {
                b"inuse" if is_tcp => &mut tcp,
                b"inuse" => &mut udp,
                b"tw" if is_tcp => &mut time_wait,
                _ => continue,
            };
            *slot = Some(number(value).ok_or(Fault { kind: FaultKind::Number, line: line_number })?);
        }
    }
    let missing = Fault { kind: FaultKind::Missing, line: last_line.saturating_add(1) };
    Ok(Sockstat { tcp_in_use: tcp.ok_or(missing)?, tcp_time_wait: time_wait, udp_in_use: udp.ok_or(missing)? })
}
