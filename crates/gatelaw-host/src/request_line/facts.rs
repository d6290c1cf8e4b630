//! The facts of the edge, as a line gives them.

use std::borrow::Cow;

use gatelaw::json::JsonText;
use gatelaw::request::{Fact, Facts};

use super::members::Member;
use super::{LineError, LineErrorCode};

const FACTS: &[&str] = &["country", "asn", "bot_score", "tls_version", "client_cert", "size"];

/// Holds the facts with texts that may be those of the line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct FactsText<'l> {
    pub(super) country: Fact<Cow<'l, str>>,
    pub(super) asn: Fact<i64>,
    pub(super) bot_score: Fact<i64>,
    pub(super) tls_version: Fact<Cow<'l, str>>,
    pub(super) client_cert: Fact<Cow<'l, str>>,
    pub(super) size: Fact<i64>,
}

impl<'l> FactsText<'l> {
    /// Reads the member `facts`.
    pub(super) fn read(json: Option<JsonText<'l>>) -> Result<Self, LineError> {
        let members = match json {
            None => return Ok(Self::default()),
            Some(JsonText::Object(members)) => members,
            Some(_) => return Err(LineError::new(LineErrorCode::WrongType, "facts", "an object is needed")),
        };
        members.iter().try_for_each(judge)?;
        let mut facts = Self::default();
        for (name, value) in members {
            match name.as_ref() {
                "country" => facts.country = text(value),
                "asn" => facts.asn = int(&value),
                "bot_score" => facts.bot_score = int(&value),
                "tls_version" => facts.tls_version = text(value),
                "client_cert" => facts.client_cert = text(value),
                _ => facts.size = int(&value),
            }
        }
        Ok(facts)
    }

    /// Returns the facts as a decision takes them.
    pub(super) fn facts(&self) -> Facts<'_> {
        Facts {
            country: borrowed(&self.country),
            asn: self.asn,
            bot_score: self.bot_score,
            tls_version: borrowed(&self.tls_version),
            client_cert: borrowed(&self.client_cert),
            size: self.size,
        }
    }

    /// Returns the client certificate, where there is one.
    pub(super) fn client_cert(&self) -> Option<&str> {
        if let Fact::Present(cert) = &self.client_cert { Some(cert) } else { None }
    }
}

fn judge((name, value): &Member<'_>) -> Result<(), LineError> {
    if !FACTS.contains(&name.as_ref()) {
        return Err(LineError::new(
            LineErrorCode::UnknownMember,
            format!("facts.{name}"),
            format!("facts are {}", FACTS.join(", ")),
        ));
    }
    if *value == JsonText::Null {
        return Err(LineError::new(
            LineErrorCode::WrongType,
            format!("facts.{name}"),
            "a fact that is not known is left out",
        ));
    }
    Ok(())
}

fn text(value: JsonText<'_>) -> Fact<Cow<'_, str>> {
    if let JsonText::String(text) = value { Fact::Present(text) } else { Fact::Wrong }
}

fn int(value: &JsonText<'_>) -> Fact<i64> {
    if let JsonText::Int(number) = value { Fact::Present(*number) } else { Fact::Wrong }
}

fn borrowed<'f>(fact: &'f Fact<Cow<'_, str>>) -> Fact<&'f str> {
    match fact {
        Fact::Absent => Fact::Absent,
        Fact::Present(text) => Fact::Present(text),
        Fact::Wrong => Fact::Wrong,
    }
}
