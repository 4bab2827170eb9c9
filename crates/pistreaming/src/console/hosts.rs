//! The names and addresses under which this machine may be reached.
//!
//! Here belongs: finding them. Not here: sentences about them.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, UdpSocket};
use std::path::Path;

/// More than these nobody reads.
const MOST_ADDRESSES: usize = 4;
/// The kernel's names for networks that lie within this machine: of containers and virtual machines.
const WITHIN: [&str; 7] = ["docker", "br-", "veth", "virbr", "lxc", "cni", "podman"];
/// Addresses that are nobody's (RFC 5737, RFC 3849): the way there is the way out.
const ANYWHERE: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
const ANYWHERE_V6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1);

/// What may stand in the address for who listens at `bind`, or at all addresses.
pub(super) fn hosts(bind: Option<IpAddr>) -> Vec<String> {
    if let Some(address) = bind.filter(|address| !address.is_unspecified()) {
        return vec![in_url(address)];
    }
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    // With Avahi, as on Raspberry Pi OS, others on the network know the machine under this name.
    let local = Path::new("/run/avahi-daemon/pid").exists() && !name.contains('.');
    let name = if local { format!("{name}.local") } else { name };
    std::iter::once(name).chain(addresses().into_iter().map(in_url)).chain(["localhost".to_owned()]).collect()
}

/// Those in the networks that this machine is in, the one towards all others first. With no way out there are some still:
/// a Pi that makes its own Wi-Fi.
fn addresses() -> Vec<IpAddr> {
    let routes = fs::read_to_string("/proc/net/route").unwrap_or_default();
    let mut found: Vec<IpAddr> = Vec::new();
    for to in std::iter::once(ANYWHERE).chain(neighbours(&routes)) {
        let address = outward(Ipv4Addr::UNSPECIFIED.into(), to.into());
        found.extend(address.filter(|address| !found.contains(address)));
    }
    if found.is_empty() {
        found.extend(outward(Ipv6Addr::UNSPECIFIED.into(), ANYWHERE_V6.into()));
    }
    found.truncate(MOST_ADDRESSES);
    found
}

/// An address in each network that needs no router, as the kernel lists them:
///
/// ```text
/// Iface   Destination     Gateway         Flags   RefCnt  Use     Metric  Mask …
/// eth0    0001A8C0        00000000        0001    0       0       100     00FFFFFF …
/// ```
///
/// The numbers are the four bytes of an address as this machine holds them.
fn neighbours(routes: &str) -> impl Iterator<Item = Ipv4Addr> + '_ {
    let number = |text: &str| u32::from_str_radix(text, 16).ok().map(u32::to_ne_bytes);
    routes.lines().skip(1).filter_map(move |line| {
        let mut fields = line.split_ascii_whitespace();
        fields.next().filter(|name| !WITHIN.iter().any(|within| name.starts_with(within)))?;
        let [a, b, c, d] = number(fields.next()?)?;
        let (gateway, mask) = (number(fields.next()?)?, number(fields.nth(4)?)?);
        (gateway == [0; 4] && mask != [0; 4]).then(|| Ipv4Addr::new(a, b, c, d | 1))
    })
}

/// The address from which packets to `to` would go. Connecting a UDP socket sends nothing; it only asks for the route.
fn outward(any: IpAddr, to: IpAddr) -> Option<IpAddr> {
    let socket = UdpSocket::bind((any, 0)).ok()?;
    socket.connect((to, 9)).ok()?;
    let address = socket.local_addr().ok()?.ip();
    (!address.is_loopback() && !address.is_unspecified()).then_some(address)
}

fn in_url(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => format!("[{address}]"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_can_be_opened() {
        assert_eq!(hosts(Some(Ipv6Addr::LOCALHOST.into())), ["[::1]"]);
        let all = hosts(None);
        assert_eq!(all.last().map(String::as_str), Some("localhost"));
        assert!(all.iter().all(|host| !host.is_empty()));
        assert_eq!(all, hosts(Some(Ipv4Addr::UNSPECIFIED.into())));
    }

    #[test]
    #[cfg(target_endian = "little")]
    fn each_network_beside_containers_has_a_neighbour() {
        let routes = "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n\
            eth0\t00000000\t0101A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n\
            eth0\t0001A8C0\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0\n\
            docker0\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0\n\
            wlan0\t00002A0A\t00000000\t0001\t0\t0\t600\t00FFFFFF\t0\t0\t0\n\
            damaged\t00\n\nwg0\t0200640A\tx\n";
        let found: Vec<_> = neighbours(routes).map(|address| address.to_string()).collect();
        assert_eq!(found, ["192.168.1.1", "10.42.0.1"]);
        assert_eq!(neighbours("").count(), 0);
    }
}
