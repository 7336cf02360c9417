//! Which hosts a proxy is not asked for.
//!
//! `NO_PROXY` has no standard; this is what curl and Go have in common, with networks as both have them today.

use std::net::IpAddr;

/// Whether `host`, as it stands in a URL, is this machine.
pub fn is_loopback(host: &str) -> bool {
    match bare(host).parse::<IpAddr>() {
        Ok(address) => address.to_canonical().is_loopback(),
        Err(_) => host.eq_ignore_ascii_case("localhost"),
    }
}

/// Whether one of the comma-separated `exceptions` is meant for `host` and `port`: `*`; a host, with all below its
/// domain; an address or a network such as `10.0.0.0/8`; each also with a port.
pub fn is_excepted(host: &str, port: u16, exceptions: &str) -> bool {
    let host = bare(host);
    exceptions.split(',').map(str::trim).filter(|exception| !exception.is_empty()).any(|exception| {
        let (name, its_port) = with_port(exception);
        its_port.is_none_or(|its_port| its_port == port) && is_meant(host, name)
    })
}

fn is_meant(host: &str, exception: &str) -> bool {
    if exception == "*" {
        return true;
    }
    let Ok(address) = host.parse::<IpAddr>() else {
        let domain = exception.trim_start_matches('*').trim_start_matches('.').trim_end_matches('.');
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        let above = host.strip_suffix(&domain.to_ascii_lowercase());
        return !domain.is_empty() && above.is_some_and(|above| above.is_empty() || above.ends_with('.'));
    };
    match exception.split_once('/') {
        Some((network, bits)) => {
            let (Ok(network), Ok(bits)) = (network.parse(), bits.parse()) else { return false };
            is_in_network(address, network, bits)
        }
        None => bare(exception).parse() == Ok(address),
    }
}

fn is_in_network(address: IpAddr, network: IpAddr, bits: u32) -> bool {
    let same = |address: u128, network: u128, width: u32| {
        // No bit compared is a shift by the whole width.
        bits <= width && (address ^ network).checked_shr(width - bits).unwrap_or(0) == 0
    };
    match (address, network) {
        (IpAddr::V4(address), IpAddr::V4(network)) => {
            same(u128::from(address.to_bits()), u128::from(network.to_bits()), u32::BITS)
        }
        (IpAddr::V6(address), IpAddr::V6(network)) => same(address.to_bits(), network.to_bits(), u128::BITS),
        _ => false,
    }
}

/// An exception and its port; the colons of a bare IPv6 address do not begin one.
fn with_port(exception: &str) -> (&str, Option<u16>) {
    match exception.rsplit_once(':') {
        Some((name, port)) if !name.contains(':') || name.ends_with(']') => match port.parse() {
            Ok(port) => (name, Some(port)),
            Err(_) => (exception, None),
        },
        _ => (exception, None),
    }
}

fn bare(host: &str) -> &str {
    host.trim_matches(['[', ']'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_excepted_by_its_name_and_by_a_domain_above_it() {
        for exception in
            ["neon.example.org", "NEON.example.org.", "example.org", ".example.org", "*.org", "*", "a, org"]
        {
            assert!(is_excepted("neon.Example.org", 443, exception), "{exception}");
        }
        for exception in ["", ",", "eon.example.org", "example", "neon.example.orgs", "10.0.0.0/8", "."] {
            assert!(!is_excepted("neon.example.org", 443, exception), "{exception}");
        }
    }

    #[test]
    fn an_address_is_excepted_by_itself_and_by_its_network() {
        for (host, exception) in [
            ("10.1.2.3", "10.1.2.3"),
            ("10.1.2.3", "10.0.0.0/8"),
            ("10.1.2.3", "0.0.0.0/0"),
            ("10.1.2.3", "10.1.2.3/32"),
            ("[2001:db8::1]", "2001:db8::1"),
            ("[2001:db8::1]", "[2001:db8::1]"),
            ("[2001:db8::1]", "2001:db8::/32"),
            ("[2001:db8::1]", "::/0"),
        ] {
            assert!(is_excepted(host, 443, exception), "{host} {exception}");
        }
        for (host, exception) in [
            ("10.1.2.3", "10.1.2.4"),
            ("10.1.2.3", "11.0.0.0/8"),
            ("10.1.2.3", "10.0.0.0/33"),
            ("10.1.2.3", "10.0.0.0/x"),
            ("10.1.2.3", "2.3"),
            ("10.1.2.3", "::/0"),
            ("[2001:db8::1]", "2001:db9::/32"),
        ] {
            assert!(!is_excepted(host, 443, exception), "{host} {exception}");
        }
    }

    #[test]
    fn a_port_narrows_an_exception() {
        assert!(is_excepted("neon.test", 3000, "neon.test:3000") && !is_excepted("neon.test", 3001, "neon.test:3000"));
        assert!(is_excepted("[::1]", 3000, "[::1]:3000") && !is_excepted("[::1]", 3001, "[::1]:3000"));
        assert!(is_excepted("10.0.0.1", 1, "10.0.0.0/8:1"));
    }

    #[test]
    fn this_machine_is_known_by_name_and_address() {
        for host in ["localhost", "LOCALHOST", "127.0.0.1", "127.9.9.9", "[::1]", "[::ffff:127.0.0.1]"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in ["localhost.example.org", "128.0.0.1", "[::2]", "0.0.0.0", ""] {
            assert!(!is_loopback(host), "{host}");
        }
    }
}
