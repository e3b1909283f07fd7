//! Addresses that a link from outside must not lead to.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{Ipv4Net, Ipv6Net};
use url::{Host, Url};

const fn v4(a: u8, b: u8, c: u8, d: u8, bits: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), bits)
}

const fn v6(first: u16, second: u16, bits: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(first, second, 0, 0, 0, 0, 0, 0), bits)
}

const THIS_MACHINE: &str = "this machine";
const PRIVATE: &str = "a private network";
const LINK_LOCAL: &str = "a link-local address, where cloud machines keep their credentials";
const RESERVED: &str = "a reserved address";
const MULTICAST: &str = "a multicast address";
const EMBEDDED: &str = "an IPv4 address in the guise of IPv6";

/// After the registry of special-purpose addresses, and one public address that a cloud uses for its own machines.
const V4: &[(Ipv4Net, &str)] = &[
    (v4(0, 0, 0, 0, 8), THIS_MACHINE),
    (v4(10, 0, 0, 0, 8), PRIVATE),
    (v4(100, 64, 0, 0, 10), PRIVATE),
    (v4(127, 0, 0, 0, 8), THIS_MACHINE),
    (v4(168, 63, 129, 16, 32), RESERVED),
    (v4(169, 254, 0, 0, 16), LINK_LOCAL),
    (v4(172, 16, 0, 0, 12), PRIVATE),
    (v4(192, 0, 0, 0, 24), RESERVED),
    (v4(192, 0, 2, 0, 24), RESERVED),
    (v4(192, 88, 99, 0, 24), RESERVED),
    (v4(192, 168, 0, 0, 16), PRIVATE),
    (v4(198, 18, 0, 0, 15), PRIVATE),
    (v4(198, 51, 100, 0, 24), RESERVED),
    (v4(203, 0, 113, 0, 24), RESERVED),
    (v4(224, 0, 0, 0, 4), MULTICAST),
    (v4(240, 0, 0, 0, 4), RESERVED),
];

/// Of IPv6 only `2000::/3` is in general use; these are named for their reasons, or exceptions within it.
const V6: &[(Ipv6Net, &str)] = &[
    (v6(0x64, 0xff9b, 32), EMBEDDED),
    (v6(0x2001, 0, 23), RESERVED),
    (v6(0x2001, 0xdb8, 32), RESERVED),
    (v6(0x2002, 0, 16), EMBEDDED),
    (v6(0x3fff, 0, 20), RESERVED),
    (v6(0xfc00, 0, 7), PRIVATE),
    (v6(0xfe80, 0, 10), LINK_LOCAL),
    (v6(0xfec0, 0, 10), PRIVATE),
    (v6(0xff00, 0, 8), MULTICAST),
];
const V6_IN_USE: Ipv6Net = v6(0x2000, 0, 3);

/// Endings of names that belong to this machine or to a network of its own.
const INNER_NAMES: &[&str] =
    &["localhost", "local", "localdomain", "internal", "intranet", "lan", "home.arpa"];

/// What an address is, when it is not one of the public internet: loopback, private, link-local, shared, multicast,
/// reserved, or an IPv4 address inside an IPv6 one (mapped, NAT64, 6to4, Teredo), which would get past a list.
#[must_use]
pub fn forbidden(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(address) => V4.iter().find(|(net, _)| net.contains(&address)).map(|(_, what)| *what),
        IpAddr::V6(Ipv6Addr::LOCALHOST | Ipv6Addr::UNSPECIFIED) => Some(THIS_MACHINE),
        IpAddr::V6(address) => match V6.iter().find(|(net, _)| net.contains(&address)) {
            Some((_, what)) => Some(what),
            None if address.to_ipv4().is_some() => Some(EMBEDDED),
            None => (!V6_IN_USE.contains(&address)).then_some(RESERVED),
        },
    }
}

/// The same for the host of a link as far as it can be seen before its name is resolved.
pub(super) fn forbidden_host(url: &Url) -> Option<&'static str> {
    match url.host() {
        // The URL standard has read every spelling of an address by now: decimal, octal, hexadecimal, shortened.
        Some(Host::Ipv4(address)) => forbidden(address.into()),
        Some(Host::Ipv6(address)) => forbidden(address.into()),
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.');
            let inner = INNER_NAMES
                .iter()
                .any(|end| name.strip_suffix(end).is_some_and(|rest| rest.is_empty() || rest.ends_with('.')));
            // A name without a dot is completed to one of the own network.
            (inner || !name.contains('.')).then_some("a name of this machine or its network")
        }
        None => Some("no host"),
    }
}
