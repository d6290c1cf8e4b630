//! The canonical form of a request, in buffers that are used again.

use std::net::IpAddr;

use super::authority::{canonical_host, judge_host_line};
use super::cookies::read_cookies;
use super::facts::FactsRead;
use super::headers::{Headers, members, only};
use super::method::Method;
use super::pairs::Pairs;
use super::query::read_query;
use super::target::Target;
use super::tokens::{Found, Token};
use super::{RawRequest, Reading, RefusalCode, Refused, Scheme};
use crate::limits::MATCHED_VALUE_BYTES_MAX;
use crate::needs::{Named, Relaxations};

/// Holds a request in its one form.
///
/// Call [`read_target`](Self::read_target), then [`read_rest`](Self::read_rest); what both accepted can be asked for.
/// Slots are indices into the lists of the policy's [`Needs`](crate::needs::Needs). One value serves any number of
/// requests, one after the other; once its buffers are warm, nothing here allocates.
#[derive(Debug, Clone, Default)]
pub struct Canonical {
    method: Method,
    scheme: Scheme,
    host: String,
    // INVARIANT: the authority that `host` is the canonical form of; empty where `host` is none. One host after the other is mostly the
    // same, and to compare it takes a tenth of reading it.
    authority: Vec<u8>,
    relaxations: Relaxations,
    target: Target,
    headers: Headers,
    query: Pairs,
    cookies: Pairs,
    token_cookies: Pairs,
    facts: FactsRead,
    token: Found,
    now: i64,
    bytes: Vec<u8>,
    text: String,
}

impl Canonical {
    /// Makes a form with empty buffers.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads host, method and target: all that says which rules can match.
    ///
    /// `relaxations` is asked once, with the canonical host, before the path is read.
    ///
    /// # Errors
    /// The first fault among host, method and target, in the order of [`RefusalCode`].
    pub fn read_target(
        &mut self,
        raw: &RawRequest<'_>,
        relaxations: impl FnOnce(&str) -> Relaxations,
    ) -> Result<(), Refused> {
        self.clear();
        self.scheme = raw.scheme;
        self.now = raw.now;
        self.read_host(raw)?;
        self.method.read(raw.method)?;
        self.relaxations = relaxations(&self.host);
        self.target.read(raw.target, self.relaxations)?;
        Ok(())
    }

    /// Reads headers, cookies, query, token and facts: all else that a policy asks.
    ///
    /// With `tokens_ignored` (every matching service says `tokens ignore`) no token is looked for, and two are no fault.
    ///
    /// # Errors
    /// The first fault, in the order of [`RefusalCode`]. A fact that is wrong is no fault of the request, see
    /// [`wrong_fact`](Self::wrong_fact).
    pub fn read_rest(
        &mut self,
        raw: &RawRequest<'_>,
        reading: &Reading,
        tokens_ignored: bool,
    ) -> Result<(), Refused> {
        let needs = reading.needs();
        self.clear_rest();
        self.headers.read(raw, reading)?;
        if reading.reads_cookies() {
            self.read_cookies(raw, reading)?;
        }
        read_query(self.target.query(), needs, &mut self.query, &mut self.bytes)?;
        if needs.ip && raw.ip_unreadable {
            return Err(RefusalCode::ClientIp.into());
        }
        if !tokens_ignored {
            self.token.read(raw, reading, &self.headers, &self.token_cookies)?;
        }
        self.facts.read(raw, needs, self.headers.content_length());
        self.judge_value_limits(reading)
    }

    /// Names the first fact, in the order `ip`, `country`, `asn`, `bot_score`, `tls_version`, `client_cert`, `size`, that
    /// the policy reads and the host gave in a wrong form, or owes (`ip`): the answer is a deny, 503, `fact:NAME`.
    #[must_use]
    pub fn wrong_fact(&self) -> Option<&'static str> {
        self.facts.wrong
    }

    /// Returns the method: an upper-case token.
    #[must_use]
    pub fn method(&self) -> &str {
        self.method.text()
    }

    /// Says which of [`KNOWN_METHODS`](super::KNOWN_METHODS) the method is.
    pub(crate) fn known_method(&self) -> Option<usize> {
        self.method.known()
    }

    /// Returns how the client reached the gate.
    #[must_use]
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// Returns the host: lower case, without port.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Returns how the host relaxes the form.
    #[must_use]
    pub fn relaxations(&self) -> Relaxations {
        self.relaxations
    }

    /// Counts the segments of the path; `/` has none.
    #[must_use]
    pub fn segment_count(&self) -> usize {
        self.target.segments().len()
    }

    /// Returns a decoded segment, without path parameters; never empty.
    #[must_use]
    pub fn segment(&self, index: usize) -> Option<&str> {
        self.target.segments().get(index).map(|part| self.target.text(*part))
    }

    /// Says whether a slash ends the path; for `/` it does.
    #[must_use]
    pub fn trailing_slash(&self) -> bool {
        self.target.trailing_slash
    }

    /// Says whether the path has a second reading, with an escaped slash as a separator (`encoded_slash keep`).
    #[must_use]
    pub fn has_split(&self) -> bool {
        self.target.split().len() != self.target.segments().len()
    }

    /// Counts the segments of the second reading; equal to the first where there is none.
    #[must_use]
    pub fn split_count(&self) -> usize {
        self.target.split().len()
    }

    /// Returns a segment of the second reading.
    #[must_use]
    pub fn split_segment(&self, index: usize) -> Option<&str> {
        self.target.split().get(index).map(|part| self.target.text(*part))
    }

    /// Lists the bytes of the segments of one reading of the path.
    pub(crate) fn segments(&self, split: bool) -> impl Iterator<Item = &[u8]> {
        let parts = if split { self.target.split() } else { self.target.segments() };
        let text = self.target.source().as_bytes();
        parts.iter().map(|part| text.get(part.start..part.end).unwrap_or(b""))
    }

    /// Returns what the host forwards: path and query.
    #[must_use]
    pub fn target(&self) -> &str {
        self.target.written()
    }

    /// Returns the path of what the host forwards.
    #[must_use]
    pub fn path(&self) -> &str {
        self.target.path()
    }

    /// Returns the client's address.
    #[must_use]
    pub fn ip(&self) -> Option<IpAddr> {
        self.facts.ip
    }

    /// Lists the members of a header's set: its lines split at every comma, trimmed, without empty ones. Duplicates may
    /// repeat.
    pub fn header(&self, slot: u32) -> impl Iterator<Item = &str> + Clone {
        self.headers.line(slot).into_iter().flat_map(members)
    }

    /// Returns a header's lines, joined with `, `; empty where there is one without text.
    #[must_use]
    pub fn header_line(&self, slot: u32) -> Option<&str> {
        self.headers.line(slot)
    }

    /// Returns a header's value if it occurs exactly once: its joined line isn't empty and has no comma.
    #[must_use]
    pub fn header_only(&self, slot: u32) -> Option<&str> {
        self.headers.line(slot).and_then(only)
    }

    /// Lists the decoded values of a query parameter; empty ones count, duplicates repeat.
    pub fn query(&self, slot: u32) -> impl Iterator<Item = &str> + Clone {
        self.query.values(slot)
    }

    /// Returns the value of a query parameter that occurs exactly once.
    #[must_use]
    pub fn query_only(&self, slot: u32) -> Option<&str> {
        self.query.only(slot)
    }

    /// Lists the values of a cookie; empty ones count, duplicates repeat.
    pub fn cookie(&self, slot: u32) -> impl Iterator<Item = &str> + Clone {
        self.cookies.values(slot)
    }

    /// Returns the value of a cookie that occurs exactly once.
    #[must_use]
    pub fn cookie_only(&self, slot: u32) -> Option<&str> {
        self.cookies.only(slot)
    }

    /// Returns the client's country, where the policy reads it.
    #[must_use]
    pub fn country(&self) -> Option<&str> {
        self.facts.country()
    }

    /// Returns the number of the client's autonomous system, where the policy reads it.
    #[must_use]
    pub fn asn(&self) -> Option<i64> {
        self.facts.asn
    }

    /// Returns how likely a human sent the request, 0 to 100, where the policy reads it.
    #[must_use]
    pub fn bot_score(&self) -> Option<i64> {
        self.facts.bot_score
    }

    /// Returns the version of TLS, where the policy reads it.
    #[must_use]
    pub fn tls_version(&self) -> Option<&str> {
        self.facts.tls_version()
    }

    /// Returns the SHA-256 of the verified client certificate, where the policy reads it.
    #[must_use]
    pub fn client_cert(&self) -> Option<&str> {
        self.facts.client_cert()
    }

    /// Returns the bytes of the body, where the policy reads it.
    #[must_use]
    pub fn size(&self) -> Option<i64> {
        self.facts.size
    }

    /// Returns the time of the request, in Unix seconds.
    #[must_use]
    pub fn now(&self) -> i64 {
        self.now
    }

    /// Returns the request's token; `None` also where tokens are ignored.
    ///
    /// `Authorization: Bearer` is a token for every policy, also for one without issuers: a credential that nobody can
    /// verify isn't taken for none.
    #[must_use]
    pub fn token(&self) -> Option<Token<'_>> {
        self.token.token()
    }

    fn read_host(&mut self, raw: &RawRequest<'_>) -> Result<(), RefusalCode> {
        if self.authority.is_empty() || self.authority != raw.host {
            self.authority.clear();
            if !canonical_host(raw.host, &mut self.host) {
                return Err(RefusalCode::Host);
            }
            self.authority.extend_from_slice(raw.host);
        }
        judge_host_line(raw, &self.host, &mut self.text)
    }

    fn clear(&mut self) {
        self.method.clear();
        self.relaxations = Relaxations::default();
        self.target.clear();
        self.clear_rest();
    }

    fn clear_rest(&mut self) {
        self.headers.clear();
        self.query.clear();
        self.cookies.clear();
        self.token_cookies.clear();
        self.facts.clear();
        self.token.clear();
    }

    fn read_cookies(&mut self, raw: &RawRequest<'_>, reading: &Reading) -> Result<(), Refused> {
        let mut lines = self.headers.lines(raw, reading).filter(|(header, _)| header.name == "cookie");
        let Some((_, line)) = lines.next() else {
            return Ok(());
        };
        if lines.next().is_some() {
            return Err(RefusalCode::Cookie.into());
        }
        read_cookies(line, reading.needs(), &mut self.cookies, &mut self.token_cookies)?;
        Ok(())
    }

    /// Refuses values that a `matches` would walk for too long.
    fn judge_value_limits(&self, reading: &Reading) -> Result<(), Refused> {
        let needs = reading.needs();
        let is_long = |value: &str| value.len() > MATCHED_VALUE_BYTES_MAX;
        for (slot, named) in matched(&needs.headers) {
            if self.header_line(slot).is_some_and(is_long) {
                return Err(Refused::header(RefusalCode::ValueLimits, named.name.as_bytes()));
            }
        }
        let in_query = matched(&needs.query).any(|(slot, _)| self.query(slot).any(is_long));
        let in_cookies = matched(&needs.cookies).any(|(slot, _)| self.cookie(slot).any(is_long));
        let in_facts = needs.facts.tls_version_matched && self.tls_version().is_some_and(is_long);
        if in_query || in_cookies || in_facts {
            return Err(RefusalCode::ValueLimits.into());
        }
        Ok(())
    }
}

/// Lists the names that a `matches` tests, with their slots.
fn matched(names: &[Named]) -> impl Iterator<Item = (u32, &Named)> {
    (0..).zip(names).filter(|(_, named)| named.matched)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOSTS: [&str; 12] = [
        "api.example",
        "API.example",
        "api.example:443",
        "api.exampl",
        "",
        "a..b",
        "a b",
        "[::1]",
        "[::1]:80",
        "[::1",
        "127.0.0.1",
        "api.example:65536",
    ];

    /// Reads a request to a host, which may have a `Host` line too; answers its canonical host, or that it is refused.
    fn read(canonical: &mut Canonical, host: &str, line: Option<&str>) -> Result<String, Refused> {
        let line = line.map(|line| (&b"host"[..], line.as_bytes()));
        let raw = RawRequest { headers: line.as_slice(), ..RawRequest::new(b"GET", host.as_bytes(), b"/") };
        canonical.read_target(&raw, |_| Relaxations::default()).map(|()| canonical.host().to_owned())
    }

    #[test]
    fn a_host_is_read_as_if_none_had_come_before() {
        let mut used = Canonical::new();
        let lines = HOSTS.into_iter().map(Some).chain([None]);
        for before in HOSTS {
            for host in HOSTS {
                for line in lines.clone() {
                    for (host, line) in [(before, None), (host, line), (host, line), (before, None)] {
                        let fresh = read(&mut Canonical::new(), host, line);
                        assert_eq!(read(&mut used, host, line), fresh, "{before:?}, {host:?}, {line:?}");
                    }
                }
            }
        }
    }
}
