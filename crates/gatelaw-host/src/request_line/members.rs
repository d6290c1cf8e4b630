//! The members of a request, each read on its own.

use std::borrow::Cow;

use gatelaw::address::parse_ip;
use gatelaw::json::JsonText;
use gatelaw::request::Scheme;

use super::{AddressLine, HeaderLine, HeaderLines, IdentityLine, LineError, LineErrorCode};

/// A member of an object: its name and value.
pub(super) type Member<'l> = (Cow<'l, str>, JsonText<'l>);

/// Takes a member out of an object.
pub(super) fn taken<'l>(members: &mut Vec<Member<'l>>, name: &str) -> Option<JsonText<'l>> {
    let at = members.iter().position(|(known, _)| known == name)?;
    Some(members.swap_remove(at).1)
}

pub(super) fn text<'l>(json: Option<JsonText<'l>>, name: &str) -> Result<Cow<'l, str>, LineError> {
    match json {
        Some(JsonText::String(text)) => Ok(text),
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

pub(super) fn target<'l>(
    target: Option<JsonText<'l>>,
    hex: Option<JsonText<'l>>,
) -> Result<Cow<'l, [u8]>, LineError> {
    match hex {
        None => text(target, "target").map(bytes_of),
        Some(_) if target.is_some() => Err(LineError::new(
            LineErrorCode::WrongValue,
            "target_hex",
            "it stands in place of `target`, not beside it",
        )),
        Some(JsonText::String(hex)) => bytes(&hex, "target_hex").map(Cow::Owned),
        Some(_) => {
            Err(LineError::new(LineErrorCode::WrongType, "target_hex", "a text of hex digits is needed"))
        }
    }
}

fn bytes_of(text: Cow<'_, str>) -> Cow<'_, [u8]> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
        Cow::Owned(text) => Cow::Owned(text.into_bytes()),
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

pub(super) fn headers(json: Option<JsonText<'_>>) -> Result<HeaderLines<'_>, LineError> {
    let lines = match json {
        None => return Ok(Vec::new()),
        Some(JsonText::Array(lines)) => lines,
        Some(_) => {
            return Err(LineError::new(LineErrorCode::WrongType, "headers", "an array of pairs is needed"));
        }
    };
    lines.into_iter().enumerate().map(|(number, line)| header(number, line)).collect()
}

fn header(number: usize, line: JsonText<'_>) -> Result<HeaderLine<'_>, LineError> {
    let at = || format!("headers[{number}]");
    let pair = if let JsonText::Array(pair) = line { <[JsonText<'_>; 2]>::try_from(pair).ok() } else { None };
    match pair {
        Some([JsonText::String(name), JsonText::String(value)]) => Ok((bytes_of(name), bytes_of(value))),
        Some([JsonText::String(name), JsonText::Object(members)]) if is_hex(&members) => {
            let hex = members.into_iter().next().map(|(_, hex)| hex);
            Ok((bytes_of(name), Cow::Owned(bytes(&text(hex, &at())?, &at())?)))
        }
        _ => Err(LineError::new(
            LineErrorCode::WrongType,
            at(),
            "a pair `[name, value]` of texts is needed, or `[name, {\"hex\": …}]`",
        )),
    }
}

fn is_hex(members: &[Member<'_>]) -> bool {
    matches!(members, [(name, JsonText::String(_))] if name == "hex")
}

pub(super) fn ip(json: Option<JsonText<'_>>) -> Result<AddressLine, LineError> {
    match json {
        None => Ok(AddressLine::Absent),
        Some(JsonText::String(text)) => Ok(address(&text)),
        Some(_) => Err(LineError::new(LineErrorCode::WrongType, "ip", "a text is needed")),
    }
}

pub(super) fn address(text: &str) -> AddressLine {
    parse_ip(text.as_bytes()).map_or(AddressLine::Unreadable, AddressLine::Known)
}

pub(super) fn now(json: Option<JsonText<'_>>, default: Option<i64>) -> Result<i64, LineError> {
    match (json, default) {
        (Some(JsonText::Int(now)), _) => Ok(now),
        (Some(_), _) => Err(LineError::new(LineErrorCode::WrongType, "now", "whole Unix seconds are needed")),
        (None, Some(now)) => Ok(now),
        (None, None) => Err(LineError::new(LineErrorCode::MissingMember, "now", "every request has it")),
    }
}

pub(super) fn identity(json: Option<JsonText<'_>>) -> Result<IdentityLine<'_>, LineError> {
    use LineErrorCode as C;
    let mut members = match json {
        None => return Ok(IdentityLine::Absent),
        Some(JsonText::Object(members)) => members,
        Some(_) => {
            return Err(LineError::new(
                C::WrongType,
                "identity",
                "an object is needed; nobody is told by leaving it out",
            ));
        }
    };
    let known = ["issuer", "claims", "invalid", "unavailable", "token"];
    if let Some((name, _)) = members.iter().find(|(n, _)| !known.contains(&n.as_ref())) {
        return Err(LineError::new(
            C::UnknownMember,
            format!("identity.{name}"),
            format!("identities have {}", known.join(", ")),
        ));
    }
    let mut string = |name: &str| match taken(&mut members, name) {
        None => Ok(None),
        Some(JsonText::String(text)) => Ok(Some(text)),
        Some(_) => Err(LineError::new(C::WrongType, format!("identity.{name}"), "a text is needed")),
    };
    let (issuer, invalid, unavailable, token) =
        (string("issuer")?, string("invalid")?, string("unavailable")?, string("token")?);
    match (issuer, taken(&mut members, "claims"), invalid, unavailable, token) {
        (Some(issuer), Some(claims @ JsonText::Object(_)), None, None, None) => {
            Ok(IdentityLine::Claims(issuer, claims))
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
        (None, None, None, None, Some(token)) => Ok(IdentityLine::Token(token)),
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
