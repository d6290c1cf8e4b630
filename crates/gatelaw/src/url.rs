//! The URLs that a policy names: `https`, or `http` on the machine itself.

/// Says what is wrong with a URL that keys or documents are fetched from, or that a token's `iss` is compared with.
///
/// Good is `https://HOST[:PORT][/PATH]`, or the same with `http` where the host is `localhost`, `127.0.0.0/8` or `[::1]`:
/// nothing but the machine itself can answer there. `query` says whether `?…` may stand (RFC 8414 §2 forbids it for issuers).
#[must_use]
pub fn fault_of(url: &str, query: bool) -> Option<&'static str> {
    if !url.bytes().all(|b| {
        matches!(b, 0x21..=0x7E)
            && !matches!(b, b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}')
    }) {
        return Some("has a character that no URL has");
    }
    let Some((scheme, rest)) = url.split_once("://") else {
        return Some("is no absolute URL");
    };
    if url.contains('#') {
        return Some("has a fragment");
    }
    if url.contains('?') && !query {
        return Some("has a query");
    }
    let authority = rest.split(['/', '?']).next().unwrap_or("");
    if authority.contains('@') {
        return Some("has user information before the host");
    }
    let Some(host) = host_of(authority) else {
        return Some("has no proper host and port");
    };
    match scheme {
        "https" => None,
        "http" if is_loopback(host) => None,
        "http" => Some("uses `http`, so anybody on the way could change what it answers"),
        _ => Some("has a scheme other than `https`"),
    }
}

/// Takes the port off an authority; `None` where host or port is malformed.
fn host_of(authority: &str) -> Option<&str> {
    let (host, port) = match authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((inner, after)) => {
            inner.parse::<std::net::Ipv6Addr>().ok()?;
            (inner, after.strip_prefix(':').or(after.is_empty().then_some("0"))?)
        }
        None => authority.split_once(':').unwrap_or((authority, "0")),
    };
    let name = host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b':'));
    let empty_label = !host.contains(':') && host.split('.').any(str::is_empty);
    (name && !empty_label && port.bytes().all(|b| b.is_ascii_digit()) && port.parse::<u16>().is_ok())
        .then_some(host)
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || crate::address::parse_ip(host.as_bytes()).is_some_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::fault_of;

    #[test]
    fn only_https_and_loopback_stand() {
        for good in [
            "https://acme.okta.com/oauth2/default",
            "https://acme.eu.auth0.com/",
            "https://id.example:8443",
            "http://localhost:8080/realms/a",
            "http://127.0.0.1",
            "http://[::1]:9000/x",
            "https://[2001:db8::1]/x",
        ] {
            assert_eq!(fault_of(good, false), None, "{good}");
        }
        for bad in [
            "",
            "acme.okta.com",
            "http://acme.okta.com",
            "http://localhost.evil.example",
            "ftp://a.b",
            "https://",
            "https:///x",
            "https://a b",
            "https://u@a.b",
            "https://a.b/#x",
            "https://a.b?x=1",
            "https://a.b:port",
            "https://a.b:99999",
            "https://a..b",
            "HTTPS://a.b",
            "https://[::1",
            "https://é.example",
            "http://[::2]",
        ] {
            assert!(fault_of(bad, false).is_some(), "{bad}");
        }
        assert_eq!(fault_of("https://a.b/keys?v=1", true), None);
    }
}
