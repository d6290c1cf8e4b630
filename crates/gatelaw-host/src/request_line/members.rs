//! The members of a request, each read on its own.

use gatelaw::address::parse_ip;
use gatelaw::json::Json;
use gatelaw::request::Scheme;

use super::{AddressLine, HeaderLines, IdentityLine, LineError, LineErrorCode};

const FACTS: &[&str] = &["country", "asn", "bot_score", "tls_version", "client_cert", "size"];

pub(super) fn text(json: &Json, name: &str) -> Result<String, LineError> {
    match json.member(name) {
        Some(Json::String(text)) => Ok(text.clone()),
        Some(_) => Err(LineError::new(LineErrorCode::WrongType, name, "a text is needed")),
        None => Err(LineError::new(LineErrorCode::MissingMember, name, "every request has it")),
    }
}

pub(super) fn scheme(text: &str) -> Result<Scheme, LineError> {
    match text {
        "http" => Ok(Scheme::Http),
        "https" => Ok(Scheme::Https),
        _ => Err(LineError::new(LineErrorCode::WrongValue, "scheme", "a scheme is `http` or `https`")),
    }
}

pub(super) fn target(json: &Json) -> Result<Vec<u8>, LineError> {
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

pub(super) fn headers(json: Option<&Json>) -> Result<HeaderLines, LineError> {
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

pub(super) fn ip(json: Option<&Json>) -> Result<AddressLine, LineError> {
    match json {
        None => Ok(AddressLine::Absent),
        Some(Json::String(text)) => Ok(address(text)),
        Some(_) => Err(LineError::new(LineErrorCode::WrongType, "ip", "a text is needed")),
    }
}

pub(super) fn address(text: &str) -> AddressLine {
    parse_ip(text.as_bytes()).map_or(AddressLine::Unreadable, AddressLine::Known)
}

pub(super) fn facts(json: Option<&Json>) -> Result<Vec<(String, Json)>, LineError> {
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

pub(super) fn now(json: Option<&Json>, default: Option<i64>) -> Result<i64, LineError> {
    match (json, default) {
        (Some(Json::Int(now)), _) => Ok(*now),
        (Some(_), _) => Err(LineError::new(LineErrorCode::WrongType, "now", "whole Unix seconds are needed")),
        (None, Some(now)) => Ok(now),
        (None, None) => Err(LineError::new(LineErrorCode::MissingMember, "now", "every request has it")),
    }
}

pub(super) fn identity(json: Option<&Json>) -> Result<IdentityLine, LineError> {
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
