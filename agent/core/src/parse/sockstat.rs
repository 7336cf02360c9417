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

/// Reads either file.
///
/// Errors: `Missing` without a TCP or UDP line that says how many are in use, or for a name without its value there;
/// `Number`.
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
        // One line of each is all there is; what follows is of no interest.
        if tcp.is_some() && udp.is_some() {
            break;
        }
    }
    let missing = Fault { kind: FaultKind::Missing, line: last_line.saturating_add(1) };
    Ok(Sockstat { tcp_in_use: tcp.ok_or(missing)?, tcp_time_wait: time_wait, udp_in_use: udp.ok_or(missing)? })
}

#[cfg(test)]
mod tests {
    use super::super::cuts;
    use super::*;

    const IPV4: &[u8] = b"sockets: used 35\nTCP: inuse 12 orphan 0 tw 70 alloc 12 mem 200\nUDP: inuse 3 mem 0\n\
        UDPLITE: inuse 8\nRAW: inuse 9\nFRAG: inuse 7 memory 0\n";
    const IPV6: &[u8] = b"TCP6: inuse 4\nUDP6: inuse 2\nUDPLITE6: inuse 0\nRAW6: inuse 0\nFRAG6: inuse 0 memory 0\n";

    #[test]
    fn sockets_of_both_versions_are_read() {
        assert_eq!(sockstat(IPV4), Ok(Sockstat { tcp_in_use: 12, tcp_time_wait: Some(70), udp_in_use: 3 }));
        assert_eq!(sockstat(IPV6), Ok(Sockstat { tcp_in_use: 4, tcp_time_wait: None, udp_in_use: 2 }));
    }

    #[test]
    fn what_follows_both_lines_is_not_read() {
        let twice = b"TCP6: inuse 4\nUDP6: inuse 2\nUDP6: inuse x\nTCP: inuse 9\n";
        assert_eq!(sockstat(twice), Ok(Sockstat { tcp_in_use: 4, tcp_time_wait: None, udp_in_use: 2 }));
    }

    #[test]
    fn a_line_that_is_missing_or_malformed_is_a_fault() {
        let fault = |bytes| sockstat(bytes).unwrap_err();
        assert_eq!(fault(b""), Fault { kind: FaultKind::Missing, line: 1 });
        assert_eq!(fault(b"TCP: inuse 1\n"), Fault { kind: FaultKind::Missing, line: 2 });
        assert_eq!(fault(b"UDP: inuse 1\n"), Fault { kind: FaultKind::Missing, line: 2 });
        assert_eq!(fault(b"TCP:\nUDP: inuse 1\n"), Fault { kind: FaultKind::Missing, line: 3 });
        assert_eq!(fault(b"TCP: inuse\nUDP: inuse 1\n"), Fault { kind: FaultKind::Missing, line: 1 });
        assert_eq!(fault(b"TCP: inuse 1\nUDP: inuse x\n"), Fault { kind: FaultKind::Number, line: 2 });
        assert_eq!(fault(b"TCP: inuse 99999999999999999999\n"), Fault { kind: FaultKind::Number, line: 1 });
    }

    #[test]
    fn a_read_cut_anywhere_never_gives_a_wrong_number() {
        for cut in cuts(IPV4) {
            assert!(sockstat(cut).is_err() || sockstat(cut) == sockstat(IPV4), "cut at {}", cut.len());
        }
    }
}
