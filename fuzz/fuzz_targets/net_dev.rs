//! `/proc/net/dev`: names hold no space and are never empty, a bad line costs itself alone, and sums do not wrap.
#![no_main]

use libfuzzer_sys::fuzz_target;
use neon_agent_core::parse::net_dev::net_dev;
use neon_agent_core::sample::network::Traffic;

fuzz_target!(|bytes: &[u8]| {
    let mut traffic = Traffic::default();
    let mut lines = 0;
    for interface in net_dev(bytes) {
        lines += 1;
        let Ok(interface) = interface else { continue };
        assert!(!interface.name.is_empty());
        let before = traffic;
        traffic.add(&interface);
        assert!(traffic.rx_bytes >= before.rx_bytes && traffic.tx_bytes >= before.tx_bytes);
    }
    assert!(lines <= bytes.iter().filter(|byte| **byte == b'\n').count());
});
