//! `/proc/net/dev`: traffic of each network interface.
//!
//! Source: proc_pid_net(5), `dev`. Two heading lines, then one line per interface: the name up to the last colon,
//! eight receive columns, eight transmit columns.

use super::{Fault, FaultKind, fields, lines, next_number};

const HEADING_LINES: usize = 2;
/// Columns between received and sent bytes: packets, errs, drop, fifo, frame, compressed, multicast.
const COLUMNS_BETWEEN: usize = 7;

/// One interface's traffic since it was created, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interface<'a> {
    /// Its name; bytes, since the kernel does not promise UTF-8.
    pub name: &'a [u8],
    /// Bytes received.
    pub rx_bytes: u64,
    /// Bytes sent.
    pub tx_bytes: u64,
}

/// Yields every interface of `/proc/net/dev`, or the fault of its line; a bad line costs that interface alone.
pub fn net_dev(bytes: &[u8]) -> impl Iterator<Item = Result<Interface<'_>, Fault>> {
    lines(bytes).skip(HEADING_LINES).map(|(number, line)| interface(line, number))
}

fn interface(line: &[u8], number: u32) -> Result<Interface<'_>, Fault> {
    let syntax = Fault { kind: FaultKind::Syntax, line: number };
    // Old kernels allowed colons in names; what follows the name is digits and spaces, so the last colon ends it.
    let colon = line.iter().rposition(|byte| *byte == b':').ok_or(syntax)?;
    let (name, counters) = line.split_at_checked(colon).ok_or(syntax)?;
    let name = name.trim_ascii();
    if name.is_empty() {
        return Err(syntax);
    }
    let mut counters = fields(counters.strip_prefix(b":").ok_or(syntax)?);
    let rx_bytes = next_number(&mut counters, number)?;
    for _ in 0..COLUMNS_BETWEEN {
        next_number(&mut counters, number)?;
    }
    let tx_bytes = next_number(&mut counters, number)?;
    Ok(Interface { name, rx_bytes, tx_bytes })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADING: &str = "Inter-|   Receive                                                |  Transmit\n \
        face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed\n";

    fn parsed(rest: &str, check: impl Fn(&mut dyn Iterator<Item = Result<Interface<'_>, Fault>>)) {
        extern crate std;
        let file = std::format!("{HEADING}{rest}");
        check(&mut net_dev(file.as_bytes()));
    }

    #[test]
    fn interfaces_are_read_in_order() {
        let rest = "    lo: 2776770   11307    0    0    0     0          0         0  2776771   11307    0    0    0     0       0          0\n\
             eth0:1215645    2751    0    0    0     0          0         0  1782404    4324    0    0    0   427       0          0\n";
        parsed(rest, |interfaces| {
            assert_eq!(
                interfaces.next(),
                Some(Ok(Interface { name: b"lo", rx_bytes: 2_776_770, tx_bytes: 2_776_771 }))
            );
            assert_eq!(
                interfaces.next(),
                Some(Ok(Interface { name: b"eth0", rx_bytes: 1_215_645, tx_bytes: 1_782_404 }))
            );
            assert_eq!(interfaces.next(), None);
        });
    }

    #[test]
    fn a_name_may_hold_a_colon() {
        parsed("eth0:1: 1 0 0 0 0 0 0 0 2 0 0 0 0 0 0 0\n", |interfaces| {
            assert_eq!(interfaces.next(), Some(Ok(Interface { name: b"eth0:1", rx_bytes: 1, tx_bytes: 2 })));
        });
    }

    #[test]
    fn a_bad_line_costs_only_itself() {
        parsed("bad 1 2\nb: 1 2 3\n: 1 0 0 0 0 0 0 0 2\nok: 1 0 0 0 0 0 0 0 2\ncut: 1 0 0", |interfaces| {
            let kind = |kind, line| Some(Err(Fault { kind, line }));
            assert_eq!(interfaces.next(), kind(FaultKind::Syntax, 3));
            assert_eq!(interfaces.next(), kind(FaultKind::Missing, 4));
            assert_eq!(interfaces.next(), kind(FaultKind::Syntax, 5));
            assert!(matches!(interfaces.next(), Some(Ok(Interface { name: b"ok", .. }))));
            assert_eq!(interfaces.next(), None);
        });
    }
}
