//! A request as one run of bytes: its host, words, then texts. JavaScript writes it into the memory of the module, once a request.
//!
//! The host stands in the first [`HOST_BYTES`], where JavaScript leaves it for the next request, as most are for the same one. All words are `u32`,
//! little-endian. The texts stand behind the words, in the order of their lengths, with nothing between
//! them and nothing behind the last. The frame says where it ends: behind it may stand what is left of a longer one, since JavaScript
//! asks for room once, and not with every request.
//!
//! | word | what |
//! |---|---|
//! | 0 | how many words there are, this one too |
//! | 1 | how many bytes there are, words and texts |
//! | 2 | bits: 0 the scheme, 0 `http`, 1 `https`; 1 and 2 the trace: 0 it is left to others; 1 it begins anew; 2 it goes on, where it can be read; then two for each of the facts `asn`, `bot_score` and `size`: 0 absent, 1 present or 2 wrong |
//! | 3, 4 | the time in Unix seconds, low half and high half |
//! | 5 | who is asking: 0 nobody, 1 verified claims, 2 an invalid token, 3 a token without keys, 4 a token without a verifier; from [`KEPT_FROM`] on the caller that was kept by the number that is left |
//! | … | of each of the facts above that is present, low half and high half |
//! | … | six words of random bits for the trace, where it begins or goes on |
//! | … | lengths of host, method and target; a host of more than [`HOST_BYTES`] is the first of the texts |
//! | … | length of the client's address, or all ones |
//! | … | lengths of the facts `country`, `tls_version` and `client_cert`, or all ones, or [`WRONG`] |
//! | … | lengths of the issuer's name, and of the claims as JSON or the code of an invalid token |
//! | … | length of the correlation id, for what a gate does |
//! | … | two for each header line: lengths of its name and its value |

use gatelaw::RawRequest;
use gatelaw::address::parse_ip;
use gatelaw::json::Json;
use gatelaw::limits::REQUEST_LINE_BYTES_MAX;
use gatelaw::policy::IdentityModel;
use gatelaw::request::{Fact, Facts, Scheme};
use gatelaw_host::{LineCaller, Trace, TraceTrust};

use crate::fault::Fault;
use crate::words::{ABSENT, Texts, Words, split};

/// Bytes in front of the words, for a host that has no more.
pub const HOST_BYTES: usize = 256;

/// The length of a fact that is there and of a wrong type.
pub const WRONG: u32 = u32::MAX - 1;

/// The word that stands for the first caller that was kept.
pub const KEPT_FROM: u32 = 16;

/// Header lines, each with its name and its value, where JavaScript wrote them.
pub type Lines<'b> = Vec<(&'b [u8], &'b [u8])>;

/// Holds a request as it crossed the border, its texts still where JavaScript wrote them.
#[derive(Debug, Clone)]
pub struct Frame<'f> {
    raw: RawRequest<'f>,
    who: Who<'f>,
    trace: Option<(TraceTrust, [u8; 24])>,
    request_id: &'f str,
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
    /// Reads the frame that the bytes begin with, and lists its header lines in `lines`, which is empty.
    ///
    /// # Errors
    /// Bytes that begin with no frame, or one of too many bytes.
    pub fn read<'b: 'f>(bytes: &'b [u8], lines: &'f mut Lines<'b>) -> Result<Self, Fault> {
        let (host, bytes) = bytes.split_at_checked(HOST_BYTES).ok_or_else(Fault::no_frame)?;
        let frame = whole(bytes).ok_or_else(Fault::no_frame)?;
        if frame.len() > REQUEST_LINE_BYTES_MAX {
            return Err(Fault::too_large(frame.len()));
        }
        Self::take(host, frame, lines).ok_or_else(Fault::no_frame)
    }

    #[inline]
    fn take<'b: 'f>(kept_host: &'b [u8], frame: &'b [u8], lines: &'f mut Lines<'b>) -> Option<Self> {
        let (mut words, mut texts) = split(frame)?;
        // How many bytes there are.
        words.next();
        let bits = words.next()?;
        let scheme = if bits & 1 == 0 { Scheme::Http } else { Scheme::Https };
        let now = words.integer()?;
        let who = words.next()?;
        let (asn, bot_score) = (integer_fact(bits >> 3, &mut words)?, integer_fact(bits >> 5, &mut words)?);
        let size = integer_fact(bits >> 7, &mut words)?;
        let trace = match bits >> 1 & 3 {
            0 => None,
            1 => Some((TraceTrust::Restart, random(&mut words)?)),
            2 => Some((TraceTrust::Continue, random(&mut words)?)),
            _ => return None,
        };
        let host = words.next()?;
        let host = match kept_host.get(..usize::try_from(host).ok()?) {
            Some(host) => host,
            None => texts.bytes(host)?,
        };
        let (method, target) = (texts.bytes(words.next()?)?, texts.bytes(words.next()?)?);
        let address = match words.next()? {
            ABSENT => None,
            length => Some(parse_ip(texts.bytes(length)?)),
        };
        let country = text_fact(&mut words, &mut texts)?;
        let (tls_version, client_cert) =
            (text_fact(&mut words, &mut texts)?, text_fact(&mut words, &mut texts)?);
        let who = Who::of(who, texts.text(words.next()?)?, texts.text(words.next()?)?)?;
        let request_id = texts.text(words.next()?)?;
        lines.reserve(words.len() / 2);
        while words.len() > 0 {
            lines.push((texts.bytes(words.next()?)?, texts.bytes(words.next()?)?));
        }
        if bits >> 9 != 0 || !texts.is_empty() {
            return None;
        }
        let raw = RawRequest {
            method,
            scheme,
            host,
            target,
            headers: lines,
            headers_cut: false,
            ip: address.flatten(),
            ip_unreadable: address == Some(None),
            facts: Facts { country, asn, bot_score, tls_version, client_cert, size },
            now,
        };
        Some(Self { raw, who, trace, request_id })
    }

    /// Returns the request as a decision takes it.
    #[must_use]
    pub fn raw(&self) -> &RawRequest<'f> {
        &self.raw
    }

    /// Returns the target, as it was given.
    #[must_use]
    pub fn target(&self) -> &'f [u8] {
        self.raw.target
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
                let cert = self.raw.facts.client_cert.present();
                LineCaller::mapped(model, issuer, &claims, cert)
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
        if self.raw.ip.is_none() && !self.raw.ip_unreadable { Err(Fault::no_ip()) } else { Ok(()) }
    }

    /// Takes the place of the request in its trace, where that isn't left to others.
    #[must_use]
    pub fn trace(&self) -> Option<Trace> {
        let (trust, random) = self.trace.as_ref()?;
        // A name that is no text is none of those that are looked for.
        let name_of = |name| std::str::from_utf8(name).unwrap_or_default();
        let headers = self.raw.headers.iter().map(|(name, value)| (name_of(name), *value));
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
        self.raw.headers.iter().map(|(name, _)| *name)
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

/// Takes a number whose state the two lowest bits say.
fn integer_fact(bits: u32, words: &mut Words<'_>) -> Option<Fact<i64>> {
    match bits & 3 {
        0 => Some(Fact::Absent),
        1 => words.integer().map(Fact::Present),
        2 => Some(Fact::Wrong),
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
        /// Of the scheme, the trace and the facts that are numbers.
        bits: u32,
        who: u32,
        numbers: &'static [u32],
        random: &'static [u32],
        host: &'static [u8],
        /// All but the host, and what stands for one that isn't there.
        texts: Vec<Result<&'static [u8], u32>>,
    }

    /// Where in the texts.
    const TARGET: usize = 1;
    const COUNTRY: usize = 3;
    const ISSUER: usize = 6;
    const REQUEST_ID: usize = 8;

    fn written() -> Written {
        let texts: [&[u8]; 2] = [b"GET", b"/a/u1"];
        let texts = texts.into_iter().map(Ok);
        let texts = texts.chain([Err(ABSENT); 4]).chain([Ok(&b""[..]); 3]).collect();
        Written { bits: 1, who: 0, numbers: &[], random: &[], host: b"a.example", texts }
    }

    impl Written {
        fn bytes(&self) -> Vec<u8> {
            let host = Ok(self.host);
            let all = std::iter::once(&host).chain(&self.texts);
            let lengths = all.map(|text| match text {
                Ok(text) => u32::try_from(text.len()).unwrap(),
                Err(mark) => *mark,
            });
            let head = [self.bits, 7, 0, self.who].into_iter();
            let head = head.chain(self.numbers.iter().chain(self.random).copied());
            let words: Vec<u32> = head.chain(lengths).collect();
            let (mut room, mut texts) = (self.host.to_vec(), self.texts.clone());
            if room.len() > HOST_BYTES {
                room.clear();
                texts.insert(0, Ok(self.host));
            }
            room.resize(HOST_BYTES, b'?');
            let texts: Vec<&[u8]> = texts.iter().flatten().copied().collect();
            let count = words.len() + 2;
            let length = 4 * count + texts.concat().len();
            let ends = [count, length].map(|number| u32::try_from(number).unwrap());
            let words = ends.into_iter().chain(words).flat_map(u32::to_le_bytes);
            room.into_iter().chain(words).chain(texts.concat()).collect()
        }

        fn with(mut self, change: impl FnOnce(&mut Self)) -> Vec<u8> {
            change(&mut self);
            self.bytes()
        }
    }

    #[track_caller]
    fn reason(bytes: &[u8]) -> String {
        let compiled = compile(&Sources::from_text("policy.gate", POLICY)).unwrap();
        let mut lines = Lines::new();
        let frame = match Frame::read(bytes, &mut lines) {
            Ok(frame) => frame,
            Err(fault) => return fault.code.to_owned(),
        };
        let mut session = Session::new(&compiled.plan);
        match frame.caller(compiled.plan.identity_model()) {
            Ok(caller) => session.decision(frame.raw(), caller.caller()).reason.to_string(),
            Err(fault) => fault.code.to_owned(),
        }
    }

    #[test]
    fn every_member_arrives() {
        let bytes = written().with(|frame| {
            frame.who = 1;
            frame.texts[ISSUER..REQUEST_ID].clone_from_slice(&[Ok(b"okta"), Ok(br#"{"sub":"u1"}"#)]);
            frame.texts.extend([Ok(&b"x-tenant"[..]), Ok("é".as_bytes())]);
        });
        assert_eq!(reason(&bytes), "rule");
        let mut lines = Lines::new();
        let frame = Frame::read(&bytes, &mut lines).unwrap();
        assert_eq!((frame.raw().now, frame.raw().scheme), (7, Scheme::Https));
        assert_eq!((frame.raw().method, frame.raw().host), (&b"GET"[..], &b"a.example"[..]));
        assert_eq!(frame.header_names().collect::<Vec<_>>(), [b"x-tenant"]);
    }

    #[test]
    fn facts_that_are_numbers_are_told_apart() {
        let bytes = written().with(|frame| {
            frame.bits |= 1 << 3 | 1 << 5 | 1 << 7;
            frame.numbers = &[1, 0, 2, 0, u32::MAX, u32::MAX];
        });
        let mut lines = Lines::new();
        let facts = Frame::read(&bytes, &mut lines).unwrap().raw().facts;
        let expected = [1, 2, -1].map(Fact::Present);
        assert_eq!([facts.asn, facts.bot_score, facts.size], expected);
    }

    #[test]
    fn a_host_stands_in_front_as_long_as_there_is_room() {
        for length in [0, 9, HOST_BYTES, HOST_BYTES + 1, 4 * HOST_BYTES] {
            let host = vec![b'h'; length].leak();
            let bytes = written().with(|frame| frame.host = host);
            let mut lines = Lines::new();
            let frame = Frame::read(&bytes, &mut lines).unwrap();
            assert_eq!((frame.raw().host, frame.raw().method), (&*host, &b"GET"[..]), "{length} bytes");
        }
    }

    #[test]
    fn facts_are_present_absent_or_wrong() {
        let near = |asn: u32, country: Result<&'static [u8], u32>| {
            written().with(|frame| {
                frame.texts[TARGET] = Ok(b"/near");
                frame.bits |= asn << 3;
                frame.numbers = if asn == 1 { &[u32::MAX, u32::MAX] } else { &[] };
                frame.texts[COUNTRY] = country;
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
                frame.who = who;
                frame.texts[ISSUER..REQUEST_ID].clone_from_slice(&[Ok(issuer), Ok(text)]);
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
                frame.bits |= trust << 1;
                frame.random = random;
                frame.texts.extend([Ok(&b"TraceParent"[..]), Ok(CALLER)]);
            });
            let mut lines = Lines::new();
            Frame::read(&bytes, &mut lines).map(|frame| frame.trace().map(|trace| trace.traceparent()))
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
        let (host, frame) = whole.split_at(HOST_BYTES);
        let longer = u32::try_from(frame.len() + 1).unwrap().to_le_bytes();
        let longer = [host, &frame[..4], &longer, &frame[8..], b"x"].concat();
        assert_eq!(reason(&longer), "request:frame");
        for text in [Ok(&b"\xff"[..]), Err(WRONG)] {
            assert_eq!(reason(&written().with(|frame| frame.texts[REQUEST_ID] = text)), "request:frame");
        }
        assert_eq!(reason(&written().with(|frame| frame.bits |= 1 << 9)), "request:frame");
        assert_eq!(reason(&written().with(|frame| frame.texts.push(Ok(b"half a header")))), "request:frame");
        let mut large = vec![0; HOST_BYTES + REQUEST_LINE_BYTES_MAX + 1];
        let length = u32::try_from(REQUEST_LINE_BYTES_MAX + 1).unwrap();
        large[HOST_BYTES + 4..][..4].copy_from_slice(&length.to_le_bytes());
        assert_eq!(reason(&large), "request:too-large");
        large.pop();
        assert_eq!(reason(&large), "request:frame");
    }
}
