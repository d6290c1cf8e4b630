//! A request as one run of bytes: words, then texts. JavaScript writes it into the memory of the module, once a request.
//!
//! All words are `u32`, little-endian. The texts stand behind the words, in the order of their lengths, with nothing between
//! them and nothing behind the last.
//!
//! | word | what |
//! |---|---|
//! | 0 | how many words there are, this one too |
//! | 1 | the scheme: 0 `http`, 1 `https` |
//! | 2, 3 | the time in Unix seconds, low half and high half |
//! | 4 to 12 | the facts `asn`, `bot_score` and `size`: 0 absent, 1 present or 2 wrong; low half; high half |
//! | 13 | who is asking: 0 nobody, 1 verified claims, 2 an invalid token, 3 a token without keys, 4 a token without a verifier |
//! | 14 to 16 | lengths of method, host and target |
//! | 17 | length of the client's address, or all ones |
//! | 18 to 20 | lengths of the facts `country`, `tls_version` and `client_cert`, or all ones, or [`WRONG`] |
//! | 21, 22 | lengths of the issuer's name, and of the claims as JSON or the code of an invalid token |
//! | 23 | length of the correlation id, for what a gate does |
//! | 24 … | two for each header line: lengths of its name and its value |

use std::net::IpAddr;

use gatelaw::address::parse_ip;
use gatelaw::json::Json;
use gatelaw::limits::REQUEST_LINE_BYTES_MAX;
use gatelaw::policy::IdentityModel;
use gatelaw::request::{Fact, Facts, Scheme};
use gatelaw::{Identity, RawRequest};
use gatelaw_host::LineCaller;

use crate::fault::Fault;
use crate::words::{ABSENT, Texts, Words, split};

/// The length of a fact that is there and of a wrong type.
pub const WRONG: u32 = u32::MAX - 1;

/// Holds a request as it crossed the border, its texts still where JavaScript wrote them.
#[derive(Debug, Clone)]
pub struct Frame<'f> {
    scheme: Scheme,
    now: i64,
    facts: Facts<'f>,
    method: &'f [u8],
    host: &'f [u8],
    target: &'f [u8],
    address: Address,
    who: Who<'f>,
    request_id: &'f str,
    headers: Vec<(&'f [u8], &'f [u8])>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Address {
    Absent,
    Unreadable,
    Known(IpAddr),
}

#[derive(Debug, Clone, Copy)]
enum Who<'f> {
    Nobody,
    Claims { issuer: &'f str, claims: &'f str },
    Invalid { code: &'f str },
    KeysUnavailable,
    NoVerifier,
}

impl<'f> Frame<'f> {
    /// Reads a frame.
    ///
    /// # Errors
    /// Bytes that are no frame, or too many of them.
    pub fn read(bytes: &'f [u8]) -> Result<Self, Fault> {
        if bytes.len() > REQUEST_LINE_BYTES_MAX {
            return Err(Fault::too_large(bytes.len()));
        }
        let (mut words, mut texts) = split(bytes).ok_or_else(Fault::no_frame)?;
        Self::take(&mut words, &mut texts).filter(|_| texts.is_empty()).ok_or_else(Fault::no_frame)
    }

    fn take(words: &mut Words<'_>, texts: &mut Texts<'f>) -> Option<Self> {
        let scheme = match words.next()? {
            0 => Scheme::Http,
            1 => Scheme::Https,
            _ => return None,
        };
        let now = integer(words)?;
        let (asn, bot_score, size) = (integer_fact(words)?, integer_fact(words)?, integer_fact(words)?);
        let who = words.next()?;
        let (method, host) = (texts.bytes(words.next()?)?, texts.bytes(words.next()?)?);
        let target = texts.bytes(words.next()?)?;
        let address = match words.next()? {
            ABSENT => Address::Absent,
            length => parse_ip(texts.bytes(length)?).map_or(Address::Unreadable, Address::Known),
        };
        let country = text_fact(words, texts)?;
        let (tls_version, client_cert) = (text_fact(words, texts)?, text_fact(words, texts)?);
        let who = Who::of(who, texts.text(words.next()?)?, texts.text(words.next()?)?)?;
        let request_id = texts.text(words.next()?)?;
        let mut headers = Vec::with_capacity(words.len() / 2);
        while words.len() > 0 {
            headers.push((texts.bytes(words.next()?)?, texts.bytes(words.next()?)?));
        }
        let facts = Facts { country, asn, bot_score, tls_version, client_cert, size };
        Some(Self { scheme, now, facts, method, host, target, address, who, request_id, headers })
    }

    /// Returns the request as a decision takes it.
    #[must_use]
    pub fn raw(&self) -> RawRequest<'_> {
        RawRequest {
            method: self.method,
            scheme: self.scheme,
            host: self.host,
            target: self.target,
            headers: &self.headers,
            headers_cut: false,
            ip: if let Address::Known(ip) = self.address { Some(ip) } else { None },
            ip_unreadable: self.address == Address::Unreadable,
            facts: self.facts,
            now: self.now,
        }
    }

    /// Maps the identity by the lines of its issuer.
    ///
    /// # Errors
    /// Claims that are no JSON object.
    pub fn caller(&self, model: &IdentityModel) -> Result<LineCaller, Fault> {
        Ok(match self.who {
            Who::Nobody => LineCaller::Anonymous,
            Who::Claims { issuer, claims } => {
                let claims = gatelaw_host::json::parse(claims).map_err(|error| Fault::claims(&error))?;
                if !matches!(claims, Json::Object(_)) {
                    return Err(Fault::claims(&"an object is needed"));
                }
                let cert = if let Fact::Present(cert) = self.facts.client_cert { Some(cert) } else { None };
                match Identity::map(model, issuer, &claims, cert) {
                    Ok(identity) => LineCaller::Verified(Box::new(identity)),
                    Err(fault) => LineCaller::Invalid(fault.code().to_owned()),
                }
            }
            Who::Invalid { code } => LineCaller::Invalid(code.to_owned()),
            Who::KeysUnavailable => LineCaller::KeysUnavailable,
            Who::NoVerifier => LineCaller::Invalid("no_verifier".to_owned()),
        })
    }

    /// Says what is missing for a policy that reads the client's address.
    ///
    /// # Errors
    /// `missing-member` at `ip`.
    pub fn require_ip(&self) -> Result<(), Fault> {
        if self.address == Address::Absent { Err(Fault::no_ip()) } else { Ok(()) }
    }

    /// Returns the correlation id.
    #[must_use]
    pub fn request_id(&self) -> &'f str {
        self.request_id
    }

    /// Lists the names of the headers, each as it came.
    pub fn header_names(&self) -> impl Iterator<Item = &'f [u8]> {
        self.headers.iter().map(|(name, _)| *name)
    }
}

impl<'f> Who<'f> {
    fn of(number: u32, issuer: &'f str, text: &'f str) -> Option<Self> {
        match (number, issuer, text) {
            (0, "", "") => Some(Self::Nobody),
            (1, issuer, claims) => Some(Self::Claims { issuer, claims }),
            (2, "", code) if is_code(code) => Some(Self::Invalid { code }),
            (3, "", "") => Some(Self::KeysUnavailable),
            (4, "", "") => Some(Self::NoVerifier),
            _ => None,
        }
    }
}

/// Says whether a text can stand behind `token:`: what else a verifier says is not repeated in reasons.
fn is_code(code: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_' || byte == b'-';
    (1..=64).contains(&code.len()) && code.bytes().all(fits)
}

fn integer(words: &mut Words<'_>) -> Option<i64> {
    let [[a, b, c, d], [e, f, g, h]] = [words.next()?.to_le_bytes(), words.next()?.to_le_bytes()];
    Some(i64::from_le_bytes([a, b, c, d, e, f, g, h]))
}

fn integer_fact(words: &mut Words<'_>) -> Option<Fact<i64>> {
    match (words.next()?, integer(words)?) {
        (0, _) => Some(Fact::Absent),
        (1, value) => Some(Fact::Present(value)),
        (2, _) => Some(Fact::Wrong),
        _ => None,
    }
}

fn text_fact<'f>(words: &mut Words<'_>, texts: &mut Texts<'f>) -> Option<Fact<&'f str>> {
    match words.next()? {
        ABSENT => Some(Fact::Absent),
        WRONG => Some(Fact::Wrong),
        length => Some(Fact::Present(texts.text(length)?)),
    }
}
