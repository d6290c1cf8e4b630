//! The client's address, out of the connection and a header that trusted proxies write.

use std::net::IpAddr;

use super::names::trim;
use super::{RefusalCode, Refused};
use crate::address::{IpNet, parse_ip};

/// Finds the address of the client.
///
/// `peer` is the other end of the connection. If no network of `trusted` holds it, it is the client, and `lines` (the
/// lines of the one configured header, such as `x-forwarded-for`) are what a stranger says. Else they are read from the
/// right, past trusted addresses, to the first that is not; where none is left, the peer is the client. IPv4-mapped IPv6
/// addresses come out as IPv4. What stands left of the client's address isn't looked at.
///
/// # Errors
/// `client-ip` where an entry on the way is no address: with a port, a zone or leading zeros it is none.
pub fn client_ip(peer: IpAddr, lines: &[&[u8]], trusted: &[IpNet]) -> Result<IpAddr, Refused> {
    let is_trusted = |ip: IpAddr| trusted.iter().any(|net| net.contains(ip));
    let peer = peer.to_canonical();
    if !is_trusted(peer) {
        return Ok(peer);
    }
    for line in lines.iter().rev() {
        // An empty list element counts as none (RFC 9110 §5.6.1.2).
        for entry in line.rsplit(|b| *b == b',').map(trim).filter(|entry| !entry.is_empty()) {
            let ip = parse_ip(entry).ok_or(RefusalCode::ClientIp)?;
            if !is_trusted(ip) {
                return Ok(ip);
            }
        }
    }
    Ok(peer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(peer: &str, lines: &[&str], expected: &str) {
        let trusted = ["192.0.2.0/24", "2001:db8::/32"].map(|net| IpNet::parse(net).unwrap());
        let lines: Vec<_> = lines.iter().map(|line| line.as_bytes()).collect();
        let found = client_ip(peer.parse().unwrap(), &lines, &trusted);
        assert_eq!(found.map_or_else(|e| e.to_string(), |ip| ip.to_string()), expected, "{peer} {lines:?}");
    }

    #[test]
    fn an_untrusted_peer_is_the_client() {
        check("203.0.113.9", &["10.0.0.1"], "203.0.113.9");
        check("203.0.113.9", &["unknown"], "203.0.113.9");
        check("::ffff:203.0.113.9", &[], "203.0.113.9");
    }

    #[test]
    fn the_first_untrusted_address_from_the_right_is_the_client() {
        check("192.0.2.1", &["10.0.0.1, 203.0.113.9"], "203.0.113.9");
        check("192.0.2.1", &["10.0.0.1, 203.0.113.9, 192.0.2.7,2001:db8::1"], "203.0.113.9");
        check("192.0.2.1", &["203.0.113.9", "198.51.100.1", "192.0.2.9"], "198.51.100.1");
        check("::ffff:192.0.2.1", &["::ffff:0a00:0001"], "10.0.0.1");
        check("192.0.2.1", &["2001:DB9::1\t"], "2001:db9::1");
        check("192.0.2.1", &["forged, 203.0.113.9"], "203.0.113.9");
    }

    #[test]
    fn where_no_entry_is_left_the_peer_is_the_client() {
        for lines in [&[][..], &[""], &[" , "], &["192.0.2.7"], &["192.0.2.7", "192.0.2.8"]] {
            check("192.0.2.1", lines, "192.0.2.1");
        }
    }

    #[test]
    fn entries_that_are_no_addresses_are_refused() {
        for bad in [
            "0xa.0.0.1",
            "10.1",
            "10.0.0.1:1234",
            "unknown",
            "10.0.0.1\0",
            "10.0.0.1/8",
            "010.0.0.1",
            "fe80::1%eth0",
            "[2001:db9::1]",
            "203.0.113.9, unknown",
            "203.0.113.9, unknown, 192.0.2.7",
            "\u{ff11}0.0.0.1",
        ] {
            check("192.0.2.1", &[bad], "client-ip");
        }
    }
}
