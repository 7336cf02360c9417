//! Interfaces to the host's traffic.

use crate::parse::net_dev::Interface;

/// Names of interfaces whose traffic passes another interface too, or never leaves the host. Counting them would
/// count a container's download twice or three times.
const VIRTUAL_PREFIXES: [&[u8]; 17] = [
    b"veth", b"docker", b"br-", b"virbr", b"vnet", b"lxcbr", b"lxdbr", b"podman", b"cni", b"flannel", b"cali", b"tun",
    b"tap", b"wg", b"dummy", b"ifb", b"bond",
];

/// Bytes since boot, summed over the physical interfaces.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Received.
    pub rx_bytes: u64,
    /// Sent.
    pub tx_bytes: u64,
}

impl Traffic {
    /// Adds `interface`, unless its name says that it is virtual.
    pub fn add(&mut self, interface: &Interface<'_>) {
        if is_physical(interface.name) {
            self.rx_bytes = self.rx_bytes.saturating_add(interface.rx_bytes);
            self.tx_bytes = self.tx_bytes.saturating_add(interface.tx_bytes);
        }
    }
}

/// Whether an interface of this name is one that traffic enters or leaves the host by.
///
/// By name, as the wire contract defines it: `lo`, Docker's own and their like are out, so are VLANs (`eth0.100`),
/// bridges (`br0`) and bonds, whose traffic the interface below them counts already.
fn is_physical(name: &[u8]) -> bool {
    let is_bridge = name.strip_prefix(b"br").is_some_and(|rest| rest.iter().all(u8::is_ascii_digit));
    let is_virtual = name == b"lo" || is_bridge || VIRTUAL_PREFIXES.iter().any(|prefix| name.starts_with(prefix));
    !is_virtual && !name.contains(&b'.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_physical_interfaces_count() {
        let mut traffic = Traffic::default();
        for name in [
            &b"lo"[..],
            b"eth0",
            b"veth1a2b",
            b"docker0",
            b"br-0f3c",
            b"br0",
            b"wlp3s0",
            b"eth0.100",
            b"bond0",
            b"brcm0",
        ] {
            traffic.add(&Interface { name, rx_bytes: 10, tx_bytes: 1 });
        }
        assert_eq!(traffic, Traffic { rx_bytes: 30, tx_bytes: 3 });
    }

    #[test]
    fn sums_stop_at_the_end_of_their_range() {
        let mut traffic = Traffic { rx_bytes: u64::MAX - 1, tx_bytes: 0 };
        traffic.add(&Interface { name: b"eth0", rx_bytes: 5, tx_bytes: 0 });
        assert_eq!(traffic.rx_bytes, u64::MAX);
    }
}
