//! The facts of the edge: their forms, where a policy reads them.

use std::net::IpAddr;

use super::{Fact, Part, RawRequest};
use crate::needs::Needs;

/// Holds the facts that a policy reads.
#[derive(Debug, Clone, Default)]
pub(super) struct FactsRead {
    text: String,
    country: Option<Part>,
    tls_version: Option<Part>,
    client_cert: Option<Part>,
    pub(super) ip: Option<IpAddr>,
    pub(super) asn: Option<i64>,
    pub(super) bot_score: Option<i64>,
    pub(super) size: Option<i64>,
    /// The first fact, in the order of request.md, that the host owes or gave in a wrong form.
    pub(super) wrong: Option<&'static str>,
}

impl FactsRead {
    pub(super) fn clear(&mut self) {
        let mut text = std::mem::take(&mut self.text);
        text.clear();
        *self = Self { text, ..Self::default() };
    }

    /// Takes the facts that are read and judges their forms.
    pub(super) fn read(&mut self, raw: &RawRequest<'_>, needs: &Needs, content_length: Option<i64>) {
        let (facts, reads) = (&raw.facts, &needs.facts);
        self.ip = raw.ip.map(|ip| ip.to_canonical());
        if needs.ip && self.ip.is_none() {
            self.wrong = Some("ip");
        }
        let country = self.take("country", reads.country, facts.country, is_country).filter(|c| *c != "XX");
        self.country = self.keep(country);
        self.asn = self.take("asn", reads.asn, facts.asn, |asn| u32::try_from(*asn).is_ok());
        self.bot_score = self.take("bot_score", reads.bot_score, facts.bot_score, |s| (0..=100).contains(s));
        let tls_version = self.take("tls_version", reads.tls_version, facts.tls_version, is_printable);
        self.tls_version = self.keep(tls_version);
        let client_cert = self.take("client_cert", reads.client_cert, facts.client_cert, is_fingerprint);
        self.client_cert = self.keep(client_cert);
        self.size = self.take("size", reads.size, facts.size, |size| *size >= 0).or(content_length);
    }

    pub(super) fn country(&self) -> Option<&str> {
        self.country.map(|part| part.of(&self.text))
    }

    pub(super) fn tls_version(&self) -> Option<&str> {
        self.tls_version.map(|part| part.of(&self.text))
    }

    pub(super) fn client_cert(&self) -> Option<&str> {
        self.client_cert.map(|part| part.of(&self.text))
    }

    fn take<T>(
        &mut self,
        name: &'static str,
        is_read: bool,
        fact: Fact<T>,
        has_form: impl Fn(&T) -> bool,
    ) -> Option<T> {
        match fact {
            Fact::Present(value) if is_read && has_form(&value) => return Some(value),
            Fact::Present(_) | Fact::Wrong if is_read => self.wrong = self.wrong.or(Some(name)),
            Fact::Absent | Fact::Present(_) | Fact::Wrong => {}
        }
        None
    }

    fn keep(&mut self, text: Option<&str>) -> Option<Part> {
        text.map(|text| Part::push(&mut self.text, text))
    }
}

/// Says whether a text is two capitals, or `T1`, which stands for Tor.
pub(crate) fn is_country(text: &&str) -> bool {
    *text == "T1" || (text.len() == 2 && text.bytes().all(|b| b.is_ascii_uppercase()))
}

fn is_printable(text: &&str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b == b' ' || b.is_ascii_graphic())
}

/// Says whether a text is a SHA-256 in lower-case hex.
pub(crate) fn is_fingerprint(text: &&str) -> bool {
    text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}
