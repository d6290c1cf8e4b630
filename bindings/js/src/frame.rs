//! A request as one run of bytes: words, then texts. JavaScript writes it into the memory of the module, once a request.
//!
//! All words are `u32`, little-endian. The texts stand behind the words, in the order of their lengths, with nothing between
//! them and nothing behind the last. The frame says where it ends: behind it may stand what is left of a longer one, since JavaScript
//! asks for room once, and not with every request.
//!
//! | word | what |
//! |---|---|
//! | 0 | how many words there are, this one too |
//! | 1 | how many bytes there are, words and texts |
//! | 2 | the scheme: 0 `http`, 1 `https` |
//! | 3, 4 | the time in Unix seconds, low half and high half |
//! | 5 to 13 | the facts `asn`, `bot_score` and `size`: 0 absent, 1 present or 2 wrong; low half; high half |
//! | 14 | who is asking: 0 nobody, 1 verified claims, 2 an invalid token, 3 a token without keys, 4 a token without a verifier; from [`KEPT_FROM`] on the caller that was kept by the number that is left |
//! | 15 | the trace: 0 it is left to others; 1 it begins anew; 2 it goes on, where it can be read |
//! | 16 to 21 | random bits for the trace; they are not there where 15 is 0, and what follows stands six words earlier |
//! | 22 to 24 | lengths of method, host and target |
//! | 25 | length of the client's address, or all ones |
//! | 26 to 28 | lengths of the facts `country`, `tls_version` and `client_cert`, or all ones, or [`WRONG`] |
//! | 29, 30 | lengths of the issuer's name, and of the claims as JSON or the code of an invalid token |
//! | 31 | length of the correlation id, for what a gate does |
//! | 32 … | two for each header line: lengths of its name and its value |

use std::net::IpAddr;

use gatelaw::address::parse_ip;
use gatelaw::json::Json;
use gatelaw::limits::REQUEST_LINE_BYTES_MAX;
use gatelaw::policy::IdentityModel;
use gatelaw::request::{Fact, Facts, Scheme};
use gatelaw::{Identity, RawRequest};
use gatelaw_host::{LineCaller, Trace, TraceTrust};

use crate::fault::Fault;
use crate::words::{ABSENT, Texts, Words, split};

/// The length of a fact that is there and of a wrong type.
pub const WRONG: u32 = u32::MAX - 1;

/// The word that stands for the first caller that was kept.
pub const KEPT_FROM: u32 = 16;

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
    trace: Option<(TraceTrust, [u8; 24])>,
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
    Claims {
        issuer: &'f str,
        claims: &'f str,
    },
    Invalid {
        code: &'f str,
    },
    KeysUnavailable,
    NoVerifier,
    /// By number.
    Kept(u32),
}

impl<'f> Frame<'f> {
    /// Reads the frame that the bytes begin with.
    ///
    /// # Errors
    /// Bytes that begin with no frame, or one of too many bytes.
    pub fn read(bytes: &'f [u8]) -> Result<Self, Fault> {
        let frame = whole(bytes).ok_or_else(Fault::no_frame)?;
        if frame.len() > REQUEST_LINE_BYTES_MAX {
            return Err(Fault::too_large(frame.len()));
        }
        let (mut words, mut texts) = split(frame).ok_or_else(Fault::no_frame)?;
        // How many bytes there are.
        words.next();
        Self::take(&mut words, &mut texts).filter(|_| texts.is_empty()).ok_or_else(Fault::no_frame)
    }

    fn take(words: &mut Words<'_>, texts: &mut Texts<'f>) -> Option<Self> {
        let scheme = match words.next()? {
            0 => Scheme::Http,
            1 => Scheme::Https,
            _ => return None,
        };
        let now = words.integer()?;
        let (asn, bot_score, size) = (integer_fact(words)?, integer_fact(words)?, integer_fact(words)?);
        let who = words.next()?;
        let trace = match words.next()? {
            0 => None,
            1 => Some((TraceTrust::Restart, random(words)?)),
            2 => Some((TraceTrust::Continue, random(words)?)),
            _ => return None,
        };
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
        Some(Self { scheme, now, facts, method, host, target, address, who, trace, request_id, headers })
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

    /// Returns the target, as it was given.
    #[must_use]
    pub fn target(&self) -> &'f [u8] {
        self.target
    }

    /// Returns the number of the caller, where they were kept before.
    #[must_use]
    pub fn kept(&self) -> Option<u32> {
        if let Who::Kept(number) = self.who { Some(number) } else { None }
    }

    /// Maps the identity by the lines of its issuer.
    ///
    /// # Errors
    /// Claims that are no JSON object; a caller that was kept before has none.
    pub fn caller(&self, model: &IdentityModel) -> Result<LineCaller, Fault> {
        Ok(match self.who {
            Who::Nobody => LineCaller::Anonymous,
            Who::Claims { issuer, claims } => {
                let claims = gatelaw_host::json::parse(claims).map_err(|error| Fault::claims(&error))?;
                if !matches!(claims, Json::Object(_)) {
                    return Err(Fault::claims(&"an object is needed"));
                }
                let cert = self.facts.client_cert.present();
                match Identity::map(model, issuer, &claims, cert) {
                    Ok(identity) => LineCaller::Verified(Box::new(identity)),
                    Err(fault) => LineCaller::Invalid(fault.code().to_owned()),
                }
            }
            Who::Invalid { code } => LineCaller::Invalid(code.to_owned()),
            Who::KeysUnavailable => LineCaller::KeysUnavailable,
            Who::NoVerifier => LineCaller::Invalid("no_verifier".to_owned()),
            Who::Kept(_) => return Err(Fault::no_frame()),
        })
    }

    /// Says what is missing for a policy that reads the client's address.
    ///
    /// # Errors
    /// `missing-member` at `ip`.
    pub fn require_ip(&self) -> Result<(), Fault> {
        if self.address == Address::Absent { Err(Fault::no_ip()) } else { Ok(()) }
    }

    /// Takes the place of the request in its trace, where that isn't left to others.
    #[must_use]
    pub fn trace(&self) -> Option<Trace> {
        let (trust, random) = self.trace.as_ref()?;
        // A name that is no text is none of those that are looked for.
        let name_of = |name| std::str::from_utf8(name).unwrap_or_default();
        let headers = self.headers.iter().map(|(name, value)| (name_of(name), *value));
        Some(Trace::next(headers, *trust, random))
    }

    /// Says whether the frame names nobody who asks.
    #[must_use]
    pub fn is_of_nobody(&self) -> bool {
        matches!(self.who, Who::Nobody)
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
            (KEPT_FROM.., "", "") => Some(Self::Kept(number.saturating_sub(KEPT_FROM))),
            _ => None,
        }
    }
}

/// Cuts a frame off what stands behind it.
fn whole(bytes: &[u8]) -> Option<&[u8]> {
    let length = u32::from_le_bytes(*bytes.get(4..)?.first_chunk()?);
    bytes.get(..usize::try_from(length).ok()?)
}

/// Says whether a text can stand behind `token:`: what else a verifier says is not repeated in reasons.
fn is_code(code: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_' || byte == b'-';
    (1..=64).contains(&code.len()) && code.bytes().all(fits)
}

fn random(words: &mut Words<'_>) -> Option<[u8; 24]> {
    let mut bytes = [0; 24];
    for four in bytes.as_chunks_mut::<4>().0 {
        *four = words.next()?.to_le_bytes();
    }
    Some(bytes)
}

fn integer_fact(words: &mut Words<'_>) -> Option<Fact<i64>> {
    match (words.next()?, words.integer()?) {
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

#[cfg(test)]
mod tests {
    use gatelaw::{Session, Sources, compile};

    use super::*;

    const POLICY: &str = r#"
issuer okta { url "https://acme.okta.com"  audience "api"  algorithms RS256 }
allow mine { on GET /a/{id}  for authenticated  when request.header("x-tenant") contains "é" and user.id == path.id }
allow near { on GET /near  for anyone  when request.country? == "DE" and request.asn? == -1 }
"#;

    /// Says what stands in a frame that is written for a test.
    #[derive(Clone)]
    struct Written {
        head: [u32; 14],
        random: &'static [u32],
        /// Texts, and what stands for one that isn't there.
        texts: Vec<Result<&'static [u8], u32>>,
    }

    fn written() -> Written {
        let texts: [&[u8]; 3] = [b"GET", b"a.example", b"/a/u1"];
        let texts = texts.into_iter().map(Ok);
        let texts = texts.chain([Err(ABSENT); 4]).chain([Ok(&b""[..]); 3]).collect();
        Written { head: [1, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], random: &[], texts }
    }

    impl Written {
        fn bytes(&self) -> Vec<u8> {
            let lengths = self.texts.iter().map(|text| match text {
                Ok(text) => u32::try_from(text.len()).unwrap(),
                Err(mark) => *mark,
            });
            let head = self.head.iter().chain(self.random).copied();
            let words: Vec<u32> = head.chain(lengths).collect();
            let texts: Vec<&[u8]> = self.texts.iter().flatten().copied().collect();
            let count = words.len() + 2;
            let length = 4 * count + texts.concat().len();
            let ends = [count, length].map(|number| u32::try_from(number).unwrap());
            ends.into_iter().chain(words).flat_map(u32::to_le_bytes).chain(texts.concat()).collect()
        }

        fn with(mut self, change: impl FnOnce(&mut Self)) -> Vec<u8> {
            change(&mut self);
            self.bytes()
        }
    }

    #[track_caller]
    fn reason(bytes: &[u8]) -> String {
        let compiled = compile(&Sources::from_text("policy.gate", POLICY)).unwrap();
        let frame = match Frame::read(bytes) {
            Ok(frame) => frame,
            Err(fault) => return fault.code.to_owned(),
        };
        let mut session = Session::new(&compiled.plan);
        match frame.caller(compiled.plan.identity_model()) {
            Ok(caller) => session.decision(&frame.raw(), caller.caller()).reason.to_string(),
            Err(fault) => fault.code.to_owned(),
        }
    }

    #[test]
    fn every_member_arrives() {
        let bytes = written().with(|frame| {
            (frame.head[11], frame.head[12]) = (0, 1);
            frame.texts[7..9].clone_from_slice(&[Ok(b"okta"), Ok(br#"{"sub":"u1"}"#)]);
            frame.texts.extend([Ok(&b"x-tenant"[..]), Ok("é".as_bytes())]);
        });
        assert_eq!(reason(&bytes), "rule");
        let frame = Frame::read(&bytes).unwrap();
        assert_eq!((frame.raw().now, frame.raw().scheme), (7, Scheme::Https));
        assert_eq!(frame.header_names().collect::<Vec<_>>(), [b"x-tenant"]);
    }

    #[test]
    fn facts_are_present_absent_or_wrong() {
        let near = |asn: u32, country: Result<&'static [u8], u32>| {
            written().with(|frame| {
                frame.texts[2] = Ok(b"/near");
                frame.head[3..6].copy_from_slice(&[asn, u32::MAX, u32::MAX]);
                frame.texts[4] = country;
            })
        };
        // −1 is no number of an autonomous system.
        assert_eq!(reason(&near(1, Ok(b"DE"))), "fact:asn");
        assert_eq!(reason(&near(2, Ok(b"DE"))), "fact:asn");
        assert_eq!(reason(&near(0, Err(WRONG))), "fact:country");
        assert_eq!(reason(&near(0, Ok(b"DE"))), "unauthenticated");
        assert_eq!(reason(&near(3, Ok(b"DE"))), "request:frame");
    }

    #[test]
    fn who_asks_is_told_apart() {
        let asked = |who: u32, issuer: &'static [u8], text: &'static [u8]| {
            reason(&written().with(|frame| {
                frame.head[12] = who;
                frame.texts[7..9].clone_from_slice(&[Ok(issuer), Ok(text)]);
            }))
        };
        assert_eq!(asked(0, b"", b""), "unauthenticated");
        assert_eq!(asked(1, b"okta", b"{}"), "token:claims");
        assert_eq!(asked(1, b"other", b"{}"), "token:issuer");
        assert_eq!(asked(1, b"okta", b"[]"), "request:json");
        assert_eq!(asked(2, b"", b"expired"), "token:expired");
        assert_eq!(asked(3, b"", b""), "keys_unavailable");
        assert_eq!(asked(4, b"", b""), "token:no_verifier");
        for (who, issuer, text) in
            [(0, &b"okta"[..], &b""[..]), (2, b"", b"No Code"), (2, b"", b""), (5, b"", b"")]
        {
            assert_eq!(asked(who, issuer, text), "request:frame");
        }
    }

    #[test]
    fn a_trace_is_left_to_others_or_begins_or_goes_on() {
        const CALLER: &[u8] = b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        const RANDOM: &[u32] = &[0x0706_0504, 0, 0, 0, 0x0302_0100, 9];
        let traced = |trust: u32, random: &'static [u32]| {
            let bytes = written().with(|frame| {
                (frame.head[13], frame.random) = (trust, random);
                frame.texts.extend([Ok(&b"TraceParent"[..]), Ok(CALLER)]);
            });
            Frame::read(&bytes).map(|frame| frame.trace().map(|trace| trace.traceparent()))
        };
        assert_eq!(traced(0, &[]).unwrap(), None);
        let anew = "00-04050607000000000000000000000000-0001020309000000-02";
        assert_eq!(traced(1, RANDOM).unwrap().as_deref(), Some(anew));
        let goes_on = "00-4bf92f3577b34da6a3ce929d0e0e4736-0001020309000000-01";
        assert_eq!(traced(2, RANDOM).unwrap().as_deref(), Some(goes_on));
        for (trust, random) in [(1, &RANDOM[..5]), (3, RANDOM), (0, RANDOM)] {
            assert_eq!(traced(trust, random).unwrap_err().code, "request:frame", "{trust}");
        }
    }

    #[test]
    fn other_bytes_are_no_frame() {
        let whole = written().bytes();
        assert_ne!(reason(&whole), "request:frame");
        for length in 0..whole.len() {
            assert_eq!(reason(&whole[..length]), "request:frame", "{length} bytes");
        }
        assert_eq!(
            reason(&[whole.as_slice(), b"x"].concat()),
            reason(&whole),
            "what stands behind it is not read"
        );
        let longer = u32::try_from(whole.len() + 1).unwrap().to_le_bytes();
        let longer = [&whole[..4], &longer, &whole[8..], b"x"].concat();
        assert_eq!(reason(&longer), "request:frame");
        for text in [Ok(&b"\xff"[..]), Err(WRONG)] {
            assert_eq!(reason(&written().with(|frame| frame.texts[9] = text)), "request:frame");
        }
        assert_eq!(reason(&written().with(|frame| frame.head[0] = 2)), "request:frame");
        assert_eq!(reason(&written().with(|frame| frame.texts.push(Ok(b"half a header")))), "request:frame");
        let mut large = vec![0; REQUEST_LINE_BYTES_MAX + 1];
        let length = u32::try_from(large.len()).unwrap();
        large[4..8].copy_from_slice(&length.to_le_bytes());
        assert_eq!(reason(&large), "request:too-large");
        large.pop();
        assert_eq!(reason(&large), "request:frame");
    }
}
