//! Interfaces to the host's traffic: the sum over the physical ones, and each that is worth a line of its own.

use core::mem;

use neon_shared::readings::InterfaceReading;

use super::Places;
use crate::parse::net_dev::Interface;
use crate::text::Text;

/// Most interfaces that are listed; more are counted by [`Interfaces::left_out`].
pub const INTERFACES_MAX: usize = 64;
/// Longest interface name kept, in bytes. The kernel's are under IFNAMSIZ, 16, each of which may need three when it is
/// no UTF-8.
pub const INTERFACE_NAME_BYTES: usize = 48;

/// Names of interfaces whose traffic passes another interface too, or never leaves the host. Counting them would
/// count a container's download twice or three times.
const VIRTUAL_PREFIXES: [&[u8]; 14] = [
    b"docker", b"br-", b"virbr", b"vnet", b"lxdbr", b"podman", b"cni", b"flannel", b"tun", b"tap", b"wg", b"dummy",
    b"ifb", b"bond",
];
/// Names that say nothing of the host: loopback, and the host's ends of containers, of which there may be hundreds.
const UNLISTED_PREFIXES: [&[u8]; 3] = [b"veth", b"cali", b"lxc"];

/// Bytes since boot, summed over the physical interfaces.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Received.
    pub rx_bytes: u64,
    /// Sent.
    pub tx_bytes: u64,
}

/// What is known of an interface's link beside its counters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Link {
    /// Negotiated speed in megabits per second; `None` where there is none.
    pub speed_mbit: Option<u64>,
    /// Whether it can pass traffic.
    pub up: Option<bool>,
}

/// One interface's reading.
pub type InterfaceEntry = InterfaceReading<Text<INTERFACE_NAME_BYTES>>;

/// The interfaces of one sample.
#[derive(Debug)]
pub struct Interfaces {
    entries: Places<InterfaceEntry, INTERFACES_MAX>,
    left_out: u32,
    traffic: Traffic,
}

const BITS_PER_MEGABIT: u64 = 1_000_000;

impl Interfaces {
    /// None seen yet; all zeroes.
    pub const fn new() -> Self {
        Self { entries: Places::new(), left_out: 0, traffic: Traffic { rx_bytes: 0, tx_bytes: 0 } }
    }

    /// Begins a new sample.
    pub fn clear(&mut self) {
        self.entries.clear();
        self.left_out = 0;
        self.traffic = Traffic::default();
    }

    /// Lists `interface`, which [`is_listed`], and counts it into the traffic if it is physical. `link` is asked for a
    /// physical one.
    pub fn add(&mut self, interface: &Interface<'_>, link: impl FnOnce(&[u8]) -> Link) {
        let is_physical = is_physical(interface.name);
        if is_physical {
            self.traffic.rx_bytes = self.traffic.rx_bytes.saturating_add(interface.rx_bytes);
            self.traffic.tx_bytes = self.traffic.tx_bytes.saturating_add(interface.tx_bytes);
        }
        let Some(entry) = self.entries.next() else {
            self.left_out = self.left_out.saturating_add(1);
            return;
        };
        let link = if is_physical { link(interface.name) } else { Link::default() };
        entry.name.set(interface.name);
        *entry = reading(mem::take(&mut entry.name), interface, link);
    }

    /// The listed interfaces.
    pub fn entries(&self) -> &[InterfaceEntry] {
        self.entries.filled()
    }

    /// Interfaces that found no room in the list; their traffic counts.
    pub fn left_out(&self) -> u32 {
        self.left_out
    }

    /// The sum over the physical interfaces.
    pub fn traffic(&self) -> Traffic {
        self.traffic
    }
}

impl Default for Interfaces {
    fn default() -> Self {
        Self::new()
    }
}

fn reading(name: Text<INTERFACE_NAME_BYTES>, interface: &Interface<'_>, link: Link) -> InterfaceEntry {
    InterfaceEntry {
        name,
        rx_bytes_total: interface.rx_bytes,
        tx_bytes_total: interface.tx_bytes,
        rx_packets_total: interface.rx_packets_total,
        tx_packets_total: interface.tx_packets_total,
        rx_errors_total: interface.rx_errors_total,
        tx_errors_total: interface.tx_errors_total,
        rx_dropped_total: interface.rx_dropped_total,
        tx_dropped_total: interface.tx_dropped_total,
        speed_bits_per_second: link.speed_mbit.and_then(|speed| speed.checked_mul(BITS_PER_MEGABIT)),
        link_up: link.up,
    }
}

/// Whether an interface of this name is worth a line: not loopback, nor the host's end of a container.
pub fn is_listed(name: &[u8]) -> bool {
    name != b"lo" && !UNLISTED_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

/// Whether an interface of this name is one that traffic enters or leaves the host by.
///
/// By name, as the wire contract defines it: `lo`, Docker's own and their like are out, so are VLANs (`eth0.100`),
/// bridges (`br0`) and bonds, whose traffic the interface below them counts already. The name [`is_listed`].
fn is_physical(name: &[u8]) -> bool {
    let is_bridge = name.strip_prefix(b"br").is_some_and(|rest| rest.iter().all(u8::is_ascii_digit));
    let is_virtual = is_bridge || VIRTUAL_PREFIXES.iter().any(|prefix| name.starts_with(prefix));
    !is_virtual && !name.contains(&b'.')
}

#[cfg(test)]
mod tests {
    extern crate std;
    use std::format;

    use super::*;

    fn interface(name: &[u8], rx_bytes: u64) -> Interface<'_> {
        Interface {
            name,
            rx_bytes,
            tx_bytes: 1,
            rx_packets_total: 2,
            tx_packets_total: 3,
            rx_errors_total: 4,
            tx_errors_total: 5,
            rx_dropped_total: 6,
            tx_dropped_total: 7,
        }
    }

    const NAMES: [&str; 11] =
        ["lo", "eth0", "veth1a2b", "docker0", "br-0f3c", "br0", "wlp3s0", "eth0.100", "bond0", "brcm0", "cali4f2"];

    fn interfaces(link: Link) -> Interfaces {
        let mut interfaces = Interfaces::new();
        let listed = NAMES.iter().filter(|name| is_listed(name.as_bytes()));
        listed.for_each(|name| interfaces.add(&interface(name.as_bytes(), 10), |_| link));
        interfaces
    }

    #[test]
    fn only_physical_interfaces_count() {
        assert_eq!(interfaces(Link::default()).traffic(), Traffic { rx_bytes: 30, tx_bytes: 3 });
    }

    #[test]
    fn loopback_and_the_ends_of_containers_are_not_listed() {
        let interfaces = interfaces(Link::default());
        let listed = interfaces.entries().iter().map(|entry| entry.name.as_str());
        assert!(listed.eq(["eth0", "docker0", "br-0f3c", "br0", "wlp3s0", "eth0.100", "bond0", "brcm0"]));
    }

    #[test]
    fn a_link_is_asked_of_physical_interfaces_alone() {
        let interfaces = interfaces(Link { speed_mbit: Some(2500), up: Some(true) });
        let [eth0, docker0, ..] = interfaces.entries() else { panic!() };
        assert_eq!((eth0.speed_bits_per_second, eth0.link_up), (Some(2_500_000_000), Some(true)));
        assert_eq!((docker0.speed_bits_per_second, docker0.link_up), (None, None));
        assert_eq!((eth0.rx_packets_total, eth0.tx_dropped_total), (2, 7));
    }

    #[test]
    fn a_new_sample_starts_from_nothing() {
        let mut interfaces = interfaces(Link::default());
        interfaces.clear();
        assert_eq!((interfaces.entries().len(), interfaces.traffic()), (0, Traffic::default()));
    }

    #[test]
    fn interfaces_past_the_capacity_are_counted_and_their_traffic_too() {
        let mut interfaces = Interfaces::new();
        for number in 0..=INTERFACES_MAX {
            interfaces.add(&interface(format!("eth{number}").as_bytes(), 1), |_| Link::default());
        }
        assert_eq!((interfaces.entries().len(), interfaces.left_out()), (INTERFACES_MAX, 1));
        assert_eq!(interfaces.traffic().rx_bytes, INTERFACES_MAX as u64 + 1);
    }

    #[test]
    fn sums_stop_at_the_end_of_their_range() {
        let mut interfaces = Interfaces::new();
        for rx_bytes in [u64::MAX - 1, 5] {
            interfaces.add(&interface(b"eth0", rx_bytes), |_| Link::default());
        }
        assert_eq!(interfaces.traffic().rx_bytes, u64::MAX);
    }

    #[test]
    fn a_name_that_is_no_text_is_repaired() {
        let mut interfaces = Interfaces::new();
        interfaces.add(&interface(&[0xff; 15], 1), |_| Link::default());
        assert_eq!(interfaces.entries()[0].name.as_str(), "\u{fffd}".repeat(15));
    }
}
