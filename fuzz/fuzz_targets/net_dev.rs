//! `/proc/net/dev`: agrees with a plain reading line by line, a bad line costs itself alone, and sums do not wrap.
#![no_main]

use libfuzzer_sys::fuzz_target;
use neon_agent_core::parse::net_dev::{Interface, net_dev};
use neon_agent_core::sample::network::{Interfaces, Link};
use neon_fuzz::plain::{lines, number, words};

fuzz_target!(|bytes: &[u8]| {
    let plain = lines(bytes).skip(2).map(interface);
    assert!(net_dev(bytes, |_| true).map(Result::ok).eq(plain));
    let mut interfaces = Interfaces::new();
    let mut listed = 0;
    for interface in net_dev(bytes, |_| true).flatten() {
        let before = interfaces.traffic();
        interfaces.add(&interface, |_| Link::default());
        listed += 1;
        let after = interfaces.traffic();
        assert!(after.rx_bytes >= before.rx_bytes && after.tx_bytes >= before.tx_bytes);
    }
    assert_eq!(interfaces.entries().len() + interfaces.left_out() as usize, listed);
});

fn interface(line: &[u8]) -> Option<Interface<'_>> {
    let colon = line.iter().rposition(|byte| *byte == b':')?;
    let name = Some(line[..colon].trim_ascii()).filter(|name| !name.is_empty())?;
    let words = words(&line[colon + 1..]);
    let n = |place| number(&words, place);
    Some(Interface {
        name,
        rx_bytes: n(0)?,
        rx_packets_total: n(1)?,
        rx_errors_total: n(2)?,
        rx_dropped_total: n(3)?,
        tx_bytes: n(8)?,
        tx_packets_total: n(9)?,
        tx_errors_total: n(10)?,
        tx_dropped_total: n(11)?,
    })
}
