//! `/proc/net/dev`: traffic of each network interface.
//!
//! Source: proc_pid_net(5), `dev`. Two heading lines, then one line per interface: the name up to the last colon,
//! eight receive columns, eight transmit columns. What follows the twelfth is not looked at.

use super::{Fault, FaultKind, Words, lines};

const HEADING_LINES: usize = 2;

/// One interface's counters since it was created.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interface<'a> {
    /// Its name; bytes, since the kernel does not promise UTF-8.
    pub name: &'a [u8],
    /// Bytes received.
    pub rx_bytes: u64,
    /// Bytes sent.
    pub tx_bytes: u64,
    /// Packets received.
    pub rx_packets_total: u64,
    /// Packets sent.
    pub tx_packets_total: u64,
    /// Packets received broken.
    pub rx_errors_total: u64,
    /// Packets that could not be sent.
    pub tx_errors_total: u64,
    /// Packets received and thrown away.
    pub rx_dropped_total: u64,
    /// Packets thrown away before they were sent.
    pub tx_dropped_total: u64,
}

/// Yields every interface of `/proc/net/dev` that is `wanted` by its name, or the fault of its line; a bad line costs
/// that interface alone.
pub fn net_dev(
    bytes: &[u8],
    mut wanted: impl FnMut(&[u8]) -> bool,
) -> impl Iterator<Item = Result<Interface<'_>, Fault>> {
    lines(bytes).skip(HEADING_LINES).filter_map(move |(number, line)| {
        interface(line, &mut wanted).map_err(|kind| Fault { kind, line: number }).transpose()
    })
}

fn interface<'a>(line: &'a [u8], wanted: impl FnOnce(&[u8]) -> bool) -> Result<Option<Interface<'a>>, FaultKind> {
    // Old kernels allowed colons in names; what follows the name is digits and spaces, so the last colon ends it.
    let colon = memchr::memrchr(b':', line).ok_or(FaultKind::Syntax)?;
    let (name, counters) = line.split_at_checked(colon).ok_or(FaultKind::Syntax)?;
    let name = name.trim_ascii();
    if name.is_empty() {
        return Err(FaultKind::Syntax);
    }
    if !wanted(name) {
        return Ok(None);
    }
    let mut counters = Words(counters.strip_prefix(b":").ok_or(FaultKind::Syntax)?);
    let mut next = || counters.number();
    let (rx_bytes, rx_packets_total, rx_errors_total, rx_dropped_total) = (next()?, next()?, next()?, next()?);
    // fifo, frame, compressed, multicast
    counters.skip(4);
    let mut next = || counters.number();
    let (tx_bytes, tx_packets_total, tx_errors_total, tx_dropped_total) = (next()?, next()?, next()?, next()?);
    Ok(Some(Interface {
        name,
        rx_bytes,
        tx_bytes,
        rx_packets_total,
        tx_packets_total,
        rx_errors_total,
        tx_errors_total,
        rx_dropped_total,
        tx_dropped_total,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADING: &str = "Inter-|   Receive                                                |  Transmit\n \
        face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed\n";

    fn parsed(rest: &str, check: impl Fn(&mut dyn Iterator<Item = Result<Interface<'_>, Fault>>)) {
        extern crate std;
        let file = std::format!("{HEADING}{rest}");
        check(&mut net_dev(file.as_bytes(), |_| true));
    }

    #[test]
    fn interfaces_are_read_in_order() {
        let rest = "    lo: 2776770   11307    0    0    0     0          0         0  2776771   11307    0    0    0     0       0          0\n\
             eth0:1215645    2751    1    2    0     0          0         0  1782404    4324    3    4    0   427       0          0\n";
        parsed(rest, |interfaces| {
            let lo = interfaces.next().unwrap().unwrap();
            assert_eq!((lo.name, lo.rx_bytes, lo.tx_bytes), (&b"lo"[..], 2_776_770, 2_776_771));
            let eth0 = Interface {
                name: b"eth0",
                rx_bytes: 1_215_645,
                tx_bytes: 1_782_404,
                rx_packets_total: 2751,
                tx_packets_total: 4324,
                rx_errors_total: 1,
                tx_errors_total: 3,
                rx_dropped_total: 2,
                tx_dropped_total: 4,
            };
            assert_eq!(interfaces.next(), Some(Ok(eth0)));
            assert_eq!(interfaces.next(), None);
        });
    }

    #[test]
    fn a_read_cut_anywhere_gives_only_whole_lines() {
        extern crate std;
        let file = std::format!("{HEADING}eth0: 12 34 56 78 0 0 0 0 90 12 34 56 0 0 0 0\n");
        assert!(super::super::cuts(file.as_bytes()).all(|cut| net_dev(cut, |_| true).next().is_none()));
        assert_eq!(net_dev(file.as_bytes(), |_| true).next().unwrap().unwrap().tx_dropped_total, 56);
    }

    #[test]
    fn a_name_may_hold_a_colon() {
        parsed("eth0:1: 1 0 0 0 0 0 0 0 2 0 0 0 0 0 0 0\n", |interfaces| {
            let alias = interfaces.next().unwrap().unwrap();
            assert_eq!((alias.name, alias.rx_bytes, alias.tx_bytes), (&b"eth0:1"[..], 1, 2));
        });
    }

    #[test]
    fn a_bad_line_costs_only_itself() {
        parsed("bad 1 2\nb: 1 2 3\n: 1 0 0 0 0 0 0 0 2 0 0 0\nok: 1 0 0 0 0 0 0 0 2 0 0 0\ncut: 1 0 0", |interfaces| {
            let kind = |kind, line| Some(Err(Fault { kind, line }));
            assert_eq!(interfaces.next(), kind(FaultKind::Syntax, 3));
            assert_eq!(interfaces.next(), kind(FaultKind::Missing, 4));
            assert_eq!(interfaces.next(), kind(FaultKind::Syntax, 5));
            assert!(matches!(interfaces.next(), Some(Ok(Interface { name: b"ok", .. }))));
            assert_eq!(interfaces.next(), None);
        });
    }
}
