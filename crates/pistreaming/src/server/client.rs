//! Who is at the other end: the address that connected, or the one that a trusted proxy names.
//!
//! `X-Forwarded-For` is anybody's to write. It is read from right to left, as proxies append to it, and only for as long
//! as the address to the right of it is a trusted proxy's.
//!
//! Here belongs: addresses and networks. Not here: how many may watch (`viewers`).

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use axum::http::HeaderMap;

/// Addresses that share their first bits, as `10.0.0.0/8`, `fd00::/8` or one alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    first: IpAddr,
    bits: u32,
}

impl Network {
    /// Whether that is one of them.
    #[must_use]
    pub fn has(&self, address: IpAddr) -> bool {
        let same = |one: u128, other: u128, width: u32| {
            // A shift by the whole width is none: all addresses are in it.
            (one ^ other).checked_shr(width - self.bits).unwrap_or(0) == 0
        };
        match (self.first, address) {
            (IpAddr::V4(one), IpAddr::V4(other)) => {
                same(Ipv4Addr::to_bits(one).into(), Ipv4Addr::to_bits(other).into(), 32)
            }
            (IpAddr::V6(one), IpAddr::V6(other)) => {
                same(Ipv6Addr::to_bits(one), Ipv6Addr::to_bits(other), 128)
            }
            _ => false,
        }
    }
}

impl FromStr for Network {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WRONG: &str = "a proxy is an address or a network, as 10.0.0.5, 192.168.0.0/16 or fd00::/8";
        let (address, bits) = text.split_once('/').map_or((text, None), |(one, other)| (one, Some(other)));
        let first: IpAddr = address.parse().map_err(|_| WRONG)?;
        let width = if first.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Ok(width), |bits| bits.parse().map_err(|_| WRONG))?;
        if bits > width { Err(WRONG) } else { Ok(Self { first, bits }) }
    }
}

/// A viewer's address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Client {
    address: IpAddr,
    /// None where a proxy stands before him.
    port: Option<u16>,
    /// Whether many may come from there, and each is another one: this machine, a trusted proxy.
    is_many: bool,
}

impl Client {
    /// The client of a connection from `peer`, whose request has these headers.
    pub(super) fn of(peer: SocketAddr, headers: &HeaderMap, proxies: &[Network]) -> Self {
        let trusted = |address: IpAddr| proxies.iter().any(|network| network.has(address));
        let direct = peer.ip();
        let lists = headers.get_all("x-forwarded-for").into_iter().rev();
        let named = lists.flat_map(|list| list.to_str().unwrap_or_default().rsplit(',')).map(read);
        let mut address = direct;
        for named in named {
            match named {
                Some(named) if trusted(address) => address = named,
                // What cannot be read has nobody behind it.
                _ => break,
            }
        }
        let port = (address == direct).then_some(peer.port());
        Self { address, port, is_many: trusted(address) || address.is_loopback() }
    }

    /// The address that a limit for each address counts; none where it does not hold.
    pub(super) fn counted(&self) -> Option<IpAddr> {
        Some(self.address).filter(|_| !self.is_many)
    }
}

impl fmt::Display for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            Some(port) => SocketAddr::new(self.address, port).fmt(f),
            None => self.address.fmt(f),
        }
    }
}

/// `203.0.113.9`, `2001:db8::7`, and as some proxies write them: with a port, in brackets, in quotes.
fn read(text: &str) -> Option<IpAddr> {
    let text = text.trim().trim_matches('"');
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    let with_port = || text.parse().map(|address: SocketAddr| address.ip());
    bare.parse().or_else(|_| with_port()).ok().map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn client(peer: &str, forwarded: &[&str], proxies: &[&str]) -> Client {
        let mut headers = HeaderMap::new();
        for list in forwarded {
            headers.append("x-forwarded-for", list.parse().unwrap());
        }
        let proxies: Vec<Network> = proxies.iter().map(|proxy| proxy.parse().unwrap()).collect();
        Client::of(peer.parse().unwrap(), &headers, &proxies)
    }

    #[test]
    fn nobody_is_believed_who_is_not_trusted() {
        let stranger = client("192.0.2.7:99", &["203.0.113.9"], &["10.0.0.0/8"]);
        assert_eq!(stranger.to_string(), "192.0.2.7:99");
        assert_eq!(stranger.counted(), Some("192.0.2.7".parse().unwrap()));
        assert_eq!(client("127.0.0.1:5", &["203.0.113.9"], &[]).to_string(), "127.0.0.1:5");
    }

    #[test]
    fn a_trusted_proxy_s_word_holds_and_no_word_before_it() {
        let behind = |forwarded: &[&str]| client("10.0.0.1:5", forwarded, &["10.0.0.0/8"]).to_string();
        assert_eq!(behind(&["203.0.113.9"]), "203.0.113.9");
        assert_eq!(behind(&["1.2.3.4, 203.0.113.9"]), "203.0.113.9", "the viewer wrote 1.2.3.4 himself");
        assert_eq!(behind(&["1.2.3.4", "203.0.113.9, 10.0.0.2"]), "203.0.113.9", "two proxies");
        assert_eq!(behind(&["[2001:db8::7]:443"]), "2001:db8::7");
        assert_eq!(behind(&["unknown"]), "10.0.0.1:5");
        assert_eq!(behind(&[]), "10.0.0.1:5");
    }

    #[test]
    fn this_machine_and_proxies_are_many() {
        for (peer, forwarded, counted) in [
            ("127.0.0.1:5", &[][..], None),
            ("[::1]:5", &[], None),
            ("10.0.0.1:5", &[], None),
            ("10.0.0.1:5", &["192.0.2.1"], Some("192.0.2.1")),
            ("192.0.2.1:5", &[], Some("192.0.2.1")),
        ] {
            let expected = counted.map(|address: &str| address.parse().unwrap());
            assert_eq!(client(peer, forwarded, &["10.0.0.1"]).counted(), expected, "{peer}");
        }
    }

    #[test]
    fn networks_are_read_and_know_their_own() {
        let has =
            |network: &str, address: &str| network.parse::<Network>().unwrap().has(address.parse().unwrap());
        assert!(has("10.1.0.0/16", "10.1.255.3") && !has("10.1.0.0/16", "10.2.0.0"));
        assert!(has("0.0.0.0/0", "255.1.2.3") && !has("0.0.0.0/0", "::1"));
        assert!(has("fd00::/8", "fdab::1") && !has("fd00::/8", "fe80::1") && has("::/0", "::1"));
        assert!(has("192.0.2.1", "192.0.2.1") && !has("192.0.2.1", "192.0.2.2"));
        for bad in ["", "x", "10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0.0/-1", "/8"] {
            assert!(bad.parse::<Network>().is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn no_header_makes_it_fail(lists in prop::collection::vec("[ -~]{0,40}", 0..4)) {
            let lists: Vec<&str> = lists.iter().map(String::as_str).collect();
            client("10.0.0.1:5", &lists, &["10.0.0.0/8", "::/0"]).to_string();
        }
    }
}
