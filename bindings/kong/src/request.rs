//! A request as C hands it over.

use std::net::IpAddr;

use gatelaw::RawRequest;
use gatelaw::address::{IpNet, parse_ip};
use gatelaw::request::{Fact, Facts, Scheme, client_ip};

use crate::border::Failure;
use crate::text::{GatePair, GateText, array};

/// Holds a request: `gate_request` of the header.
#[repr(C)]
#[derive(Debug)]
pub struct GateRequest {
    method: GateText,
    scheme: GateText,
    host: GateText,
    target: GateText,
    headers: *const GatePair,
    headers_len: usize,
    ip: GateText,
    peer: GateText,
    country: GateText,
    tls_version: GateText,
    client_cert: GateText,
    asn: i64,
    bot_score: i64,
    size: i64,
    now: i64,
    given: u32,
    wrong: u32,
    headers_cut: u32,
}

/// The bits of `given` and `wrong`, and of what a host lacks: `GATE_COUNTRY` and so on of the header.
pub(crate) const FACTS: [(&str, u32); 6] =
    [("country", 1), ("asn", 2), ("bot_score", 4), ("tls_version", 8), ("client_cert", 16), ("size", 32)];
/// `GATE_IP` of the header.
pub(crate) const IP: u32 = 64;

/// Says whose word counts for the address of a client.
#[derive(Debug, Default)]
pub(crate) struct Proxies {
    pub(crate) trusted: Vec<IpNet>,
    pub(crate) header: Vec<u8>,
}

/// Holds the lines of a request's headers: names and values.
pub(crate) type Lines<'a> = Vec<(&'a [u8], &'a [u8])>;

/// Holds a list of lines between two requests, so that each takes no memory anew. It is empty then.
#[derive(Debug, Default)]
pub(crate) struct Room(Lines<'static>);

impl Room {
    /// Takes a list back, once its request is done.
    pub(crate) fn keep(&mut self, mut lines: Lines<'_>) {
        lines.clear();
        // No line is left to be mapped: what is collected is the memory, by the optimisation that `collect` has for it.
        let nothing: (&[u8], &[u8]) = (&[], &[]);
        self.0 = lines.into_iter().map(|_| nothing).collect();
    }
}

impl GateRequest {
    /// Sees the header lines.
    ///
    /// # Safety
    /// All that the request points to stays readable and unwritten for `'a`.
    pub(crate) unsafe fn lines<'a>(&self) -> Result<Lines<'a>, Failure> {
        // SAFETY: readable or NULL by the promise of the caller.
        unsafe { lines(self.headers, self.headers_len) }
    }

    /// Sees the header lines, in a list that was used before.
    ///
    /// # Safety
    /// As for [`Self::lines`].
    pub(crate) unsafe fn lines_in<'a>(&self, room: &mut Room) -> Result<Lines<'a>, Failure> {
        let mut lines = std::mem::take(&mut room.0);
        // SAFETY: readable or NULL by the promise of the caller.
        unsafe { push_lines(self.headers, self.headers_len, &mut lines) }?;
        Ok(lines)
    }

    /// Sees the request as a decision takes it.
    ///
    /// # Errors
    /// `request:wrong-value` for a scheme that is none, `abi:null` for NULL where bytes were promised.
    ///
    /// # Safety
    /// All that the request points to stays readable and unwritten for `'a`.
    pub(crate) unsafe fn raw<'a>(
        &self,
        lines: &'a Lines<'a>,
        proxies: &Proxies,
    ) -> Result<RawRequest<'a>, Failure> {
        // SAFETY: readable or NULL by the promise of the caller, here and below.
        let method = unsafe { self.method.bytes() }?;
        // SAFETY: the same.
        let scheme = match unsafe { self.scheme.bytes() }? {
            b"http" => Scheme::Http,
            b"https" => Scheme::Https,
            _ => return Err(Failure::new("request:wrong-value", "scheme must be `http` or `https`")),
        };
        // SAFETY: the same.
        let host = unsafe { self.host.bytes() }?;
        // SAFETY: the same.
        let target = unsafe { self.target.bytes() }?;
        // SAFETY: the same.
        let address = unsafe { self.address(lines, proxies) }?;
        Ok(RawRequest {
            method,
            scheme,
            host,
            target,
            headers: lines,
            headers_cut: self.headers_cut != 0,
            ip: address.and_then(Result::ok),
            ip_unreadable: matches!(address, Some(Err(Unreadable))),
            // SAFETY: the same.
            facts: unsafe { self.facts() }?,
            now: self.now,
        })
    }

    /// Finds the client's address: the one that is given, or what the peer and its trusted proxies say.
    ///
    /// # Safety
    /// As for [`Self::raw`].
    unsafe fn address(
        &self,
        lines: &Lines<'_>,
        proxies: &Proxies,
    ) -> Result<Option<Result<IpAddr, Unreadable>>, Failure> {
        // SAFETY: readable or NULL by the promise of the caller, here and below.
        if let Some(ip) = unsafe { self.ip.optional() }? {
            return Ok(Some(parse_ip(ip).ok_or(Unreadable)));
        }
        // SAFETY: the same.
        let Some(peer) = (unsafe { self.peer.optional() })? else { return Ok(None) };
        let Some(peer) = parse_ip(peer) else { return Ok(Some(Err(Unreadable))) };
        let named = lines.iter().filter(|(name, _)| name.eq_ignore_ascii_case(&proxies.header));
        let values: Vec<&[u8]> = named.map(|(_, value)| *value).collect();
        Ok(Some(client_ip(peer, &values, &proxies.trusted).map_err(|_| Unreadable)))
    }

    /// # Safety
    /// As for [`Self::raw`].
    unsafe fn facts<'a>(&self) -> Result<Facts<'a>, Failure> {
        let [country, asn, bot_score, tls_version, client_cert, size] = FACTS.map(|(_, bit)| bit);
        Ok(Facts {
            // SAFETY: readable or NULL by the promise of the caller, here and below.
            country: unsafe { self.text_fact(country, self.country) }?,
            asn: self.number(asn, self.asn),
            bot_score: self.number(bot_score, self.bot_score),
            // SAFETY: the same.
            tls_version: unsafe { self.text_fact(tls_version, self.tls_version) }?,
            // SAFETY: the same.
            client_cert: unsafe { self.text_fact(client_cert, self.client_cert) }?,
            size: self.number(size, self.size),
        })
    }

    fn number(&self, bit: u32, value: i64) -> Fact<i64> {
        match (self.wrong & bit != 0, self.given & bit != 0) {
            (true, _) => Fact::Wrong,
            (false, true) => Fact::Present(value),
            (false, false) => Fact::Absent,
        }
    }

    /// # Safety
    /// As for [`Self::raw`].
    unsafe fn text_fact<'a>(&self, bit: u32, text: GateText) -> Result<Fact<&'a str>, Failure> {
        if self.wrong & bit != 0 {
            return Ok(Fact::Wrong);
        }
        if self.given & bit == 0 {
            return Ok(Fact::Absent);
        }
        // SAFETY: readable or NULL by the promise of the caller.
        let bytes = unsafe { text.bytes() }?;
        Ok(std::str::from_utf8(bytes).map_or(Fact::Wrong, Fact::Present))
    }
}

/// Sees header lines.
///
/// # Safety
/// `headers` points to `headers_len` pairs, or is NULL; they, and what they point to, stay readable and unwritten for `'a`.
pub(crate) unsafe fn lines<'a>(headers: *const GatePair, headers_len: usize) -> Result<Lines<'a>, Failure> {
    let mut lines = Vec::new();
    // SAFETY: readable or NULL by the promise of the caller.
    unsafe { push_lines(headers, headers_len, &mut lines) }?;
    Ok(lines)
}

/// # Safety
/// As for [`lines`].
unsafe fn push_lines<'a>(
    headers: *const GatePair,
    headers_len: usize,
    lines: &mut Lines<'a>,
) -> Result<(), Failure> {
    // SAFETY: readable or NULL by the promise of the caller.
    let pairs = unsafe { array(headers, headers_len, "as many headers as their length says") }?;
    lines.reserve(pairs.len());
    for pair in pairs {
        // SAFETY: readable or NULL by the promise of the caller.
        let name = unsafe { pair.name.bytes() }?;
        // SAFETY: the same.
        lines.push((name, unsafe { pair.value.bytes() }?));
    }
    Ok(())
}

/// Stands for something that is no address where one belongs.
#[derive(Debug, Clone, Copy)]
struct Unreadable;
