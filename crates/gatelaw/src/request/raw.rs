//! What a host hands over: the bytes that it received.

use std::net::IpAddr;

/// Holds a request as a host received it, before anything is judged.
#[derive(Debug, Clone, Copy)]
pub struct RawRequest<'a> {
    /// The method, as received.
    pub method: &'a [u8],
    /// How the client reached the gate.
    pub scheme: Scheme,
    /// The request's authority: host, and port where there is one.
    pub host: &'a [u8],
    /// The request target, path and query, as received.
    pub target: &'a [u8],
    /// The header lines in order, each with its name and value. Only those that a policy's needs name must be there,
    /// and the [structural ones](super::SINGLE_VALUED); all of them is better.
    pub headers: &'a [(&'a [u8], &'a [u8])],
    /// Whether the host stopped before the last header line; such a request is refused.
    pub headers_cut: bool,
    /// The client's address, see [`client_ip`](super::client_ip).
    pub ip: Option<IpAddr>,
    /// Whether there was something where the client's address belongs, and it is none: [`client_ip`](super::client_ip)
    /// refused it. Such a request is refused where the policy reads the address.
    pub ip_unreadable: bool,
    /// What the edge knows about the connection.
    pub facts: Facts<'a>,
    /// The time of the request, in Unix seconds.
    pub now: i64,
}

impl<'a> RawRequest<'a> {
    /// Makes a request over `https` without headers, address or facts, at the Unix epoch.
    #[must_use]
    pub fn new(method: &'a [u8], host: &'a [u8], target: &'a [u8]) -> Self {
        Self {
            method,
            scheme: Scheme::Https,
            host,
            target,
            headers: &[],
            headers_cut: false,
            ip: None,
            ip_unreadable: false,
            facts: Facts::default(),
            now: 0,
        }
    }
}

/// Says how a client reached the gate.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scheme {
    /// `http`
    Http,
    /// `https`
    #[default]
    Https,
}

impl Scheme {
    /// Returns `http` or `https`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }
}

/// Holds one fact of the edge.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Fact<T> {
    /// The host doesn't have it.
    #[default]
    Absent,
    /// The host has it.
    Present(T),
    /// The host gave a value of a wrong type: its own fault, and never absence.
    Wrong,
}

impl<T> Fact<T> {
    /// Returns the value where the host has one. A wrong one counts as none; where a policy reads the fact, its request is refused.
    #[must_use]
    pub fn present(self) -> Option<T> {
        if let Self::Present(value) = self { Some(value) } else { None }
    }
}

/// Holds the facts of the edge as a host gives them; their forms are judged where a policy reads them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Facts<'a> {
    /// ISO 3166-1 alpha-2 in capitals, or `T1` (Tor); `XX` (unknown) counts as absent.
    pub country: Fact<&'a str>,
    /// The number of the client's autonomous system, 0 to 4,294,967,295.
    pub asn: Fact<i64>,
    /// How likely a human sent it, 0 to 100.
    pub bot_score: Fact<i64>,
    /// Printable ASCII, such as `TLSv1.3`.
    pub tls_version: Fact<&'a str>,
    /// SHA-256 of a client certificate that was verified, 64 lower-case hex digits.
    pub client_cert: Fact<&'a str>,
    /// Bytes of the body, at least 0; where absent, the `content-length` header says it.
    pub size: Fact<i64>,
}
