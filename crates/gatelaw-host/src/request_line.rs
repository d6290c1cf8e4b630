//! A request as one line of JSON.

use std::net::IpAddr;

use gatelaw::address::parse_ip;
use gatelaw::json::Json;
use gatelaw::limits::REQUEST_LINE_BYTES_MAX;
use gatelaw::policy::IdentityModel;
use gatelaw::request::{Fact, Facts, Scheme};
use gatelaw::{Caller, Identity, RawRequest};

/// Says why a line is no request: a stable code, and the member at fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} at `{at}`: {message}", code.name())]
pub struct LineError {
    /// The kind of mistake.
    pub code: LineErrorCode,
    /// The member at fault, such as `facts.country`; empty for the line as a whole.
    pub at: String,
    /// What is wrong, for a person.
    pub message: String,
}

/// Names the kinds of mistakes in a line. The list is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineErrorCode {
    /// `too-large`: the line is longer than any request can be.
    TooLarge,
    /// `json`: the line is no JSON object, or a member stands twice.
    Json,
    /// `unknown-member`: no request has this member.
    UnknownMember,
    /// `missing-member`: a request must have this member.
    MissingMember,
    /// `wrong-type`: the value of the member is of another type.
    WrongType,
    /// `wrong-value`: the value of the member is none of those that it can have.
    WrongValue,
}

impl LineErrorCode {
    /// Names the code as it stands in answers.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::TooLarge => "too-large",
            Self::Json => "json",
            Self::UnknownMember => "unknown-member",
            Self::MissingMember => "missing-member",
            Self::WrongType => "wrong-type",
            Self::WrongValue => "wrong-value",
        }
    }
}

impl LineError {
    fn new(code: LineErrorCode, at: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code, at: at.into(), message: message.into() }
    }

    /// Writes the answer to a line that is no request: `{"v":1,"error":CODE,"at":MEMBER}`.
    #[must_use]
    pub fn to_line(&self) -> String {
        let at = serde_json::to_string(&self.at).unwrap_or_default();
        format!(r#"{{"v":1,"error":"{}","at":{at}}}"#, self.code.name())
    }
}

/// Holds one request as a line gives it.
#[derive(Debug, Clone)]
pub struct RequestLine {
    method: String,
    scheme: Scheme,
    host: String,
    target: Vec<u8>,
    headers: HeaderLines,
    ip: AddressLine,
    facts: Vec<(String, Json)>,
    now: i64,
    identity: IdentityLine,
}

/// What a line says of the client's address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum AddressLine {
    Absent,
    /// A text that is no address: the request is refused where the policy reads it.
    Unreadable,
    Known(IpAddr),
}

/// Who a line says is asking.
#[derive(Debug, Clone, PartialEq, Eq)]
enum IdentityLine {
    Absent,
    Claims(String, Json),
    Invalid(String),
    Unavailable,
    /// A token, and no key set at hand.
    Token,
}

/// Holds a caller whose claims are mapped.
#[derive(Debug, Clone)]
pub enum LineCaller {
    /// Nobody is signed in.
    Anonymous,
    /// Verified claims.
    Verified(Box<Identity>),
    /// A token that is not valid, with its code.
    Invalid(String),
    /// No keys of its issuer were to be had.
    KeysUnavailable,
}

impl LineCaller {
    /// Returns the caller as a decision takes it.
    #[must_use]
    pub fn caller(&self) -> Caller<'_> {
        match self {
            Self::Anonymous => Caller::Anonymous,
            Self::Verified(identity) => Caller::Verified(identity),
            Self::Invalid(code) => Caller::Invalid(code),
            Self::KeysUnavailable => Caller::KeysUnavailable,
        }
    }
}

const MEMBERS: &[&str] =
    &["method", "scheme", "host", "target", "target_hex", "headers", "ip", "facts", "now", "identity"];
const FACTS: &[&str] = &["country", "asn", "bot_score", "tls_version", "client_cert", "size"];

impl RequestLine {
    /// Reads a line. `default_now`, in Unix seconds, stands in for a missing `now`.
    ///
    /// # Errors
    /// The first mistake: of the line as a whole, then of its members in the order in which the form lists them.
    pub fn parse(line: &str, default_now: Option<i64>) -> Result<Self, LineError> {
        use LineErrorCode as C;
        if line.len() > REQUEST_LINE_BYTES_MAX {
            return Err(LineError::new(
                C::TooLarge,
                "",
                format!("the line has {} bytes; at most {REQUEST_LINE_BYTES_MAX} are read", line.len()),
            ));
        }
        if line.trim_ascii().is_empty() {
            return Err(LineError::new(C::Json, "", "the line is empty"));
        }
        // The parser counts lines, and a request is one: only the column tells anything.
        let in_line = |e: &dyn std::fmt::Display| e.to_string().replace(" at line 1 column ", ", at column ");
        let json = crate::json::parse(line).map_err(|e| LineError::new(C::Json, "", in_line(&e)))?;
        let Json::Object(members) = &json else {
            return Err(LineError::new(C::Json, "", "a request is a JSON object"));
        };
        if let Some((name, _)) = members.iter().find(|(name, _)| !MEMBERS.contains(&name.as_str())) {
            return Err(LineError::new(
                C::UnknownMember,
                name.clone(),
                format!("requests have {}", MEMBERS.join(", ")),
            ));
        }
        let method = text(&json, "method")?;
        let scheme = match text(&json, "scheme")?.as_str() {
            "http" => Scheme::Http,
            "https" => Scheme::Https,
            _ => return Err(LineError::new(C::WrongValue, "scheme", "a scheme is `http` or `https`")),
        };
        Ok(Self {
            method,
            scheme,
            host: text(&json, "host")?,
            target: target(&json)?,
            headers: headers(json.member("headers"))?,
            ip: ip(json.member("ip"))?,
            facts: facts(json.member("facts"))?,
            now: now(json.member("now"), default_now)?,
            identity: identity(json.member("identity"))?,
        })
    }

    /// Says what the line lacks for a policy that reads the client's address.
    ///
    /// # Errors
    /// `missing-member` at `ip`.
    pub fn require_ip(&self) -> Result<(), LineError> {
        match self.ip {
            AddressLine::Known(_) | AddressLine::Unreadable => Ok(()),
            AddressLine::Absent => Err(LineError::new(
                LineErrorCode::MissingMember,
                "ip",
                "the policy reads the client's address",
            )),
        }
    }

    /// Calls back with the request as a decision takes it.
    pub fn with<T>(&self, then: impl FnOnce(&RawRequest<'_>) -> T) -> T {
        let headers: Vec<(&[u8], &[u8])> =
            self.headers.iter().map(|(n, v)| (n.as_slice(), v.as_slice())).collect();
        then(&RawRequest {
            method: self.method.as_bytes(),
            scheme: self.scheme,
            host: self.host.as_bytes(),
            target: &self.target,
            headers: &headers,
            ip: if let AddressLine::Known(ip) = self.ip { Some(ip) } else { None },
            ip_unreadable: self.ip == AddressLine::Unreadable,
            headers_cut: false,
            facts: self.facts(),
            now: self.now,
        })
    }

    fn facts(&self) -> Facts<'_> {
        let find = |name: &str| self.facts.iter().find(|(n, _)| n == name).map(|(_, v)| v);
        let text = |name: &str| match find(name) {
            None => Fact::Absent,
            Some(Json::String(s)) => Fact::Present(s.as_str()),
            Some(_) => Fact::Wrong,
        };
        let int = |name: &str| match find(name) {
            None => Fact::Absent,
            Some(Json::Int(n)) => Fact::Present(*n),
            Some(_) => Fact::Wrong,
        };
        Facts {
            country: text("country"),
            asn: int("asn"),
            bot_score: int("bot_score"),
            tls_version: text("tls_version"),
            client_cert: text("client_cert"),
            size: int("size"),
        }
    }

    /// Maps the identity by the lines of its issuer.
    #[must_use]
    pub fn caller(&self, model: &IdentityModel) -> LineCaller {
        match &self.identity {
            IdentityLine::Absent => LineCaller::Anonymous,
            IdentityLine::Claims(issuer, claims) => {
                let cert = self.facts.iter().find(|(n, _)| n == "client_cert").map(|(_, v)| v);
                let cert = if let Some(Json::String(cert)) = cert { Some(cert.as_str()) } else { None };
                match Identity::map(model, issuer, claims, cert) {
                    Ok(identity) => LineCaller::Verified(Box::new(identity)),
                    Err(fault) => LineCaller::Invalid(fault.code().to_owned()),
                }
            }
            IdentityLine::Invalid(code) => LineCaller::Invalid(code.clone()),
            IdentityLine::Unavailable => LineCaller::KeysUnavailable,
            IdentityLine::Token => LineCaller::Invalid("no_verifier".to_owned()),
        }
    }
}

fn text(json: &Json, name: &str) -> Result<String, LineError> {
    match json.member(name) {
        Some(Json::String(text)) => Ok(text.clone()),
        Some(_) => Err(LineError::new(LineErrorCode::WrongType, name, "a text is needed")),
        None => Err(LineError::new(LineErrorCode::MissingMember, name, "every request has it")),
    }
}

fn target(json: &Json) -> Result<Vec<u8>, LineError> {
    match json.member("target_hex") {
        None => text(json, "target").map(String::into_bytes),
        Some(_) if json.member("target").is_some() => Err(LineError::new(
            LineErrorCode::WrongValue,
            "target_hex",
            "it stands in place of `target`, not beside it",
        )),
        Some(Json::String(hex)) => bytes(hex, "target_hex"),
        Some(_) => {
            Err(LineError::new(LineErrorCode::WrongType, "target_hex", "a text of hex digits is needed"))
        }
    }
}

fn bytes(hex: &str, at: &str) -> Result<Vec<u8>, LineError> {
    let (pairs, rest) = hex.as_bytes().as_chunks::<2>();
    let digit = |d: u8| char::from(d).to_digit(16).and_then(|d| u8::try_from(d).ok());
    let byte = |[high, low]: &[u8; 2]| Some(digit(*high)? << 4 | digit(*low)?);
    let read: Option<Vec<u8>> = pairs.iter().map(byte).collect();
    read.filter(|_| rest.is_empty()).ok_or_else(|| {
        LineError::new(LineErrorCode::WrongValue, at, "bytes are written as pairs of hex digits")
    })
}

/// Header lines as bytes: names and values.
type HeaderLines = Vec<(Vec<u8>, Vec<u8>)>;

fn headers(json: Option<&Json>) -> Result<HeaderLines, LineError> {
    let lines = match json {
        None => return Ok(Vec::new()),
        Some(Json::Array(lines)) => lines,
        Some(_) => {
            return Err(LineError::new(LineErrorCode::WrongType, "headers", "an array of pairs is needed"));
        }
    };
    let wrong = |number: usize| {
        LineError::new(
            LineErrorCode::WrongType,
            format!("headers[{number}]"),
            "a pair `[name, value]` of texts is needed, or `[name, {\"hex\": …}]`",
        )
    };
    let line = |(number, line): (usize, &Json)| match line {
        Json::Array(pair) => match pair.as_slice() {
            [Json::String(name), Json::String(value)] => {
                Ok((name.clone().into_bytes(), value.clone().into_bytes()))
            }
            [Json::String(name), Json::Object(members)] => match members.as_slice() {
                [(member, Json::String(hex))] if member == "hex" => {
                    Ok((name.clone().into_bytes(), bytes(hex, &format!("headers[{number}]"))?))
                }
                _ => Err(wrong(number)),
            },
            _ => Err(wrong(number)),
        },
        _ => Err(wrong(number)),
    };
    lines.iter().enumerate().map(line).collect()
}

fn ip(json: Option<&Json>) -> Result<AddressLine, LineError> {
    match json {
        None => Ok(AddressLine::Absent),
        Some(Json::String(text)) => {
            Ok(parse_ip(text.as_bytes()).map_or(AddressLine::Unreadable, AddressLine::Known))
        }
        Some(_) => Err(LineError::new(LineErrorCode::WrongType, "ip", "a text is needed")),
    }
}

fn facts(json: Option<&Json>) -> Result<Vec<(String, Json)>, LineError> {
    let members = match json {
        None => return Ok(Vec::new()),
        Some(Json::Object(members)) => members,
        Some(_) => return Err(LineError::new(LineErrorCode::WrongType, "facts", "an object is needed")),
    };
    for (name, value) in members {
        if !FACTS.contains(&name.as_str()) {
            return Err(LineError::new(
                LineErrorCode::UnknownMember,
                format!("facts.{name}"),
                format!("facts are {}", FACTS.join(", ")),
            ));
        }
        if *value == Json::Null {
            return Err(LineError::new(
                LineErrorCode::WrongType,
                format!("facts.{name}"),
                "a fact that is not known is left out",
            ));
        }
    }
    Ok(members.clone())
}

fn now(json: Option<&Json>, default: Option<i64>) -> Result<i64, LineError> {
    match (json, default) {
        (Some(Json::Int(now)), _) => Ok(*now),
        (Some(_), _) => Err(LineError::new(LineErrorCode::WrongType, "now", "whole Unix seconds are needed")),
        (None, Some(now)) => Ok(now),
        (None, None) => Err(LineError::new(LineErrorCode::MissingMember, "now", "every request has it")),
    }
}

fn identity(json: Option<&Json>) -> Result<IdentityLine, LineError> {
    use LineErrorCode as C;
    let members = match json {
        None => return Ok(IdentityLine::Absent),
        Some(Json::Object(members)) => members,
        Some(_) => {
            return Err(LineError::new(
                C::WrongType,
                "identity",
                "an object is needed; nobody is told by leaving it out",
            ));
        }
    };
    let known = ["issuer", "claims", "invalid", "unavailable", "token"];
    if let Some((name, _)) = members.iter().find(|(n, _)| !known.contains(&n.as_str())) {
        return Err(LineError::new(
            C::UnknownMember,
            format!("identity.{name}"),
            format!("identities have {}", known.join(", ")),
        ));
    }
    let find = |name: &str| members.iter().find(|(n, _)| n == name).map(|(_, v)| v);
    let string = |name: &str| match find(name) {
        None => Ok(None),
        Some(Json::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(LineError::new(C::WrongType, format!("identity.{name}"), "a text is needed")),
    };
    let (issuer, invalid, unavailable, token) =
        (string("issuer")?, string("invalid")?, string("unavailable")?, string("token")?);
    match (issuer, find("claims"), invalid, unavailable, token) {
        (Some(issuer), Some(claims @ Json::Object(_)), None, None, None) => {
            Ok(IdentityLine::Claims(issuer, claims.clone()))
        }
        (Some(_), Some(_), None, None, None) => {
            Err(LineError::new(C::WrongType, "identity.claims", "an object is needed"))
        }
        (None, Some(_), None, None, None) => {
            Err(LineError::new(C::MissingMember, "identity.issuer", "claims are of an issuer"))
        }
        (Some(_), None, None, None, None) => Err(LineError::new(
            C::MissingMember,
            "identity.claims",
            "an issuer comes with `claims`, or with `invalid`",
        )),
        (_, None, Some(code), None, None) if is_code(&code) => Ok(IdentityLine::Invalid(code)),
        (_, None, Some(_), None, None) => Err(LineError::new(
            C::WrongValue,
            "identity.invalid",
            "a code has lower-case letters, digits, `_` and `-`",
        )),
        (None, None, None, Some(_), None) => Ok(IdentityLine::Unavailable),
        (None, None, None, None, Some(_)) => Ok(IdentityLine::Token),
        _ => Err(LineError::new(
            C::WrongValue,
            "identity",
            "one of `claims`, `invalid`, `unavailable` and `token` stands in it",
        )),
    }
}

fn is_code(code: &str) -> bool {
    (1..=64).contains(&code.len())
        && code.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'-')
}
