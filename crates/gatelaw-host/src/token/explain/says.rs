//! What the token and the policy say at each check.

use std::borrow::Borrow;

use gatelaw::ast::Privacy;
use gatelaw::identity::{ClaimFaultKind, Identity};
use gatelaw::json::JsonText;
use gatelaw::limits::{KEY_ID_BYTES_MAX, TOKEN_BYTES_MAX};
use gatelaw::policy::{Issuer, IssuerId};
use gatelaw::request::TokenSource;
use gatelaw::time::write_instant;
use gatelaw::{Plan, base64url};

use super::super::{Circumstances, Jws, TokenCode};
use super::CheckOutcome;
use crate::keys::{Jwk, KeyMaterial, KeySet};
use crate::verifier::Verifier;

/// Characters of a text of the token that are shown: enough for any URL, and never a whole token.
const SHOWN_CHARS_MAX: usize = 120;
/// Stands for what a policy calls `secret`.
const SECRET: &str = "(secret)";
/// Names of a list that are shown.
const LISTED_MAX: usize = 8;

/// Holds a token as far as it can be read, beside the policy.
pub(super) struct Reading<'a> {
    plan: &'a Plan,
    token: &'a str,
    at: Circumstances<'a>,
    jws: Option<&'a Jws<'a>>,
    claims: Option<&'a JsonText<'a>>,
    pub(super) issuer: Option<&'a Issuer>,
    keys: Option<&'a KeySet>,
}

impl<'a> Reading<'a> {
    pub(super) fn of<P: Borrow<Plan>>(
        verifier: &'a Verifier<P>,
        token: &'a str,
        at: Circumstances<'a>,
        jws: Option<&'a Jws<'a>>,
        claims: Option<&'a JsonText<'a>>,
    ) -> Self {
        let plan = verifier.plan();
        let iss = claims.and_then(|claims| claims.member("iss"));
        let found = plan
            .identity_model()
            .issuers
            .iter()
            .zip(0..)
            .find(|(issuer, _)| matches!(iss, Some(JsonText::String(iss)) if *iss == *issuer.url));
        let keys = found.and_then(|(_, id)| verifier.key_set(IssuerId(id)));
        Self { plan, token, at, jws, claims, issuer: found.map(|(issuer, _)| issuer), keys }
    }

    /// Says what stands at a check. Only what passed the checks before is read there.
    pub(super) fn says(&self, check: TokenCode, outcome: CheckOutcome) -> String {
        let failed = match outcome {
            CheckOutcome::NotReached => return String::new(),
            CheckOutcome::Passed => false,
            CheckOutcome::Failed => true,
        };
        match check {
            TokenCode::Size => format!("{} characters, of at most {TOKEN_BYTES_MAX}", self.token.len()),
            TokenCode::Format if failed => self.format_fault(),
            TokenCode::Format => "three parts of base64url".into(),
            TokenCode::Header if failed => self.header_fault(),
            TokenCode::Header => self.header(),
            TokenCode::Crit if failed => "the header has `crit`, and no extension is understood".into(),
            TokenCode::Crit => "no critical extensions".into(),
            TokenCode::Payload if failed => {
                "no JSON object, or a member stands twice, or it is too deep".into()
            }
            TokenCode::Payload => self.members(),
            TokenCode::Issuer => self.issuers(),
            TokenCode::Source => self.source(),
            TokenCode::Alg => match self.issuer {
                Some(issuer) => {
                    format!(
                        "{}; the issuer signs with {}",
                        self.header_member("alg"),
                        list(&issuer.algorithms)
                    )
                }
                None => self.header_member("alg"),
            },
            TokenCode::Type => {
                let types = self.issuer.map_or(&[][..], |issuer| &issuer.types);
                let names = types.iter().map(|typ| typ.as_deref().map_or_else(|| "none".into(), quoted));
                let names: Vec<String> = names.collect();
                format!("{}; the issuer gives {}", self.header_member("typ"), names.join(", "))
            }
            TokenCode::Audience => self.audience(),
            TokenCode::Times => self.times(&["iat", "nbf", "auth_time", "exp"]),
            TokenCode::Expired => format!("{}; {}", self.times(&["exp"]), self.leeway()),
            TokenCode::NotYetValid => {
                format!("{}; {}", self.times(&["iat", "nbf", "auth_time"]), self.leeway())
            }
            TokenCode::Lifetime => self.lifetime(),
            TokenCode::Claims if failed => self.claim_fault(),
            TokenCode::Claims => "all that the issuer's lines read is there".into(),
            TokenCode::Key => self.key(failed),
            TokenCode::Signature => self.signature(failed),
        }
    }

    fn format_fault(&self) -> String {
        let parts: Vec<&str> = self.token.split('.').collect();
        let is_part = |part: &&str| base64url::decode(part.as_bytes()).is_some();
        let word = self.token.split(' ').next().unwrap_or_default();
        if self.token.is_empty() {
            return "it is empty".into();
        }
        if word.eq_ignore_ascii_case("bearer") {
            return "it begins with `Bearer`, which is no part of the token".into();
        }
        match parts.as_slice() {
            [_, _, _] => {
                let at = parts.iter().position(|part| !is_part(part)).unwrap_or_default();
                let part = ["first", "second", "third"].get(at).copied().unwrap_or_default();
                format!("the {part} part is not base64url without padding")
            }
            [_, _, _, _, _] => "five parts in place of three: an encrypted token (JWE)".into(),
            [_] => "one part in place of three: not a signed token (JWS)".into(),
            parts => format!("{} parts in place of three", parts.len()),
        }
    }

    /// Reads the header as the strict reader does, up to what it stumbled over.
    fn header_fault(&self) -> String {
        let first = self.token.split('.').next().unwrap_or_default();
        let bytes = base64url::decode(first.as_bytes()).unwrap_or_default();
        let text = std::str::from_utf8(&bytes).ok();
        let json = text.and_then(|text| crate::json::parse(text).ok());
        let Some(header @ JsonText::Object(_)) = json else {
            return "no JSON object, or a member stands twice".into();
        };
        let is_text = |name: &&str| matches!(header.member(name), None | Some(JsonText::String(_)));
        if let Some(name) = ["alg", "kid", "typ"].iter().find(|name| !is_text(name)) {
            return format!("`{name}` is no text");
        }
        match (header.member("alg"), header.member("kid")) {
            (None, _) => "`alg` is missing".into(),
            (_, Some(_)) if header.member("b64").is_none() => {
                format!("`kid` is not 1 to {KEY_ID_BYTES_MAX} printable ASCII characters")
            }
            _ => "`b64` changes what is signed".into(),
        }
    }

    fn header(&self) -> String {
        ["alg", "kid", "typ"].map(|name| format!("{name} {}", self.header_member(name))).join(", ")
    }

    fn header_member(&self, name: &str) -> String {
        let header = self.jws.and_then(|jws| {
            let first = jws.signed.split('.').next()?;
            let text = String::from_utf8(base64url::decode(first.as_bytes())?).ok()?;
            crate::json::parse(&text).ok()
        });
        header.as_ref().and_then(|header| header.member(name)).map_or_else(|| "none".into(), shown)
    }

    fn members(&self) -> String {
        match self.claims {
            Some(JsonText::Object(members)) => {
                let names: Vec<&str> = members.iter().map(|(name, _)| name.as_ref()).collect();
                format!("claims {}", list(&names))
            }
            _ => String::new(),
        }
    }

    fn claim(&self, name: &str) -> Option<&'a JsonText<'a>> {
        self.claims?.member(name)
    }

    /// Shows a claim, unless a secret attribute is made of it.
    fn shown(&self, name: &str) -> String {
        match self.claim(name) {
            None => "missing".into(),
            Some(_) if self.is_secret(name) => SECRET.into(),
            Some(value) => shown(value),
        }
    }

    /// Says whether a secret attribute is made of a claim, or of something in it: by the lines of the token's issuer, and where nobody knows
    /// that one, by those of any.
    fn is_secret(&self, name: &str) -> bool {
        let model = self.plan.identity_model();
        let issuers = self.issuer.map_or(model.issuers.as_slice(), std::slice::from_ref);
        let mut lines = issuers.iter().flat_map(|issuer| &issuer.attributes);
        lines.any(|line| {
            let id = usize::try_from(line.attribute.0).ok();
            let attribute = id.and_then(|id| model.attributes.get(id));
            line.path.first().is_some_and(|first| first == name)
                && attribute.is_some_and(|attribute| attribute.privacy == Privacy::Secret)
        })
    }

    fn issuers(&self) -> String {
        let iss = self.shown("iss");
        if let Some(issuer) = self.issuer {
            return format!("iss {iss} is issuer {}", issuer.name);
        }
        let issuers = &self.plan.identity_model().issuers;
        let slash = |iss: &str, url: &str| iss.trim_end_matches('/') == url.trim_end_matches('/');
        if let Some(JsonText::String(text)) = self.claim("iss")
            && !self.is_secret("iss")
            && let Some(near) = issuers.iter().find(|issuer| slash(text, &issuer.url))
        {
            return format!("iss {iss}; issuer {} differs in the slash at the end alone", near.name);
        }
        let urls: Vec<&str> = issuers.iter().map(|issuer| issuer.url.as_str()).collect();
        format!("iss {iss}; the policy has {}", list(&urls))
    }

    fn source(&self) -> String {
        let (needs, at) = (self.plan.needs(), |names: &[String], index: u32| {
            let name = usize::try_from(index).ok().and_then(|index| names.get(index));
            name.map_or("", String::as_str).to_owned()
        });
        match self.at.source {
            TokenSource::Authorization => "Authorization: Bearer".into(),
            TokenSource::Header(index) => format!("header {}", at(&needs.token_headers, index)),
            TokenSource::Cookie(index) => format!("cookie {}", at(&needs.token_cookies, index)),
        }
    }

    fn audience(&self) -> String {
        let aud = self.shown("aud");
        match self.issuer.map(|issuer| issuer.audience.as_slice()) {
            Some([]) | None => format!("aud {aud}; the issuer's tokens need none"),
            Some(ours) => format!("aud {aud}; the policy has {}", list(ours)),
        }
    }

    /// Writes times that the token has: `exp 2026-01-01T12:00:00Z (in 10 min)`.
    fn times(&self, names: &[&str]) -> String {
        let time = |name: &&str| match self.claim(name) {
            Some(JsonText::Int(time)) if !self.is_secret(name) => {
                Some(format!("{name} {}", self.moment(*time)))
            }
            Some(_) => Some(format!("{name} {}", self.shown(name))),
            None if matches!(*name, "exp" | "iat") => Some(format!("{name} missing")),
            None => None,
        };
        names.iter().filter_map(time).collect::<Vec<_>>().join(", ")
    }

    fn moment(&self, time: i64) -> String {
        let mut text = String::new();
        match (write_instant(time, &mut text), time.checked_sub(self.at.now)) {
            (Ok(()), Some(0)) => format!("{text} (now)"),
            (Ok(()), Some(s @ 1..)) => format!("{text} (in {})", span(s.unsigned_abs())),
            (Ok(()), Some(s)) => format!("{text} ({} ago)", span(s.unsigned_abs())),
            _ => format!("{time}, no time between the years 0 and 9999"),
        }
    }

    fn leeway(&self) -> String {
        format!("leeway {} s", self.issuer.map_or(0, |issuer| issuer.leeway_s))
    }

    fn lifetime(&self) -> String {
        let most = span(self.issuer.map_or(0, |issuer| issuer.max_age_s).unsigned_abs());
        // From the one time and how far the other is from it, both are known.
        if ["iat", "exp"].iter().any(|name| self.is_secret(name)) {
            return format!("{SECRET} from iat to exp, of at most {most}");
        }
        match (self.claim("iat"), self.claim("exp")) {
            (Some(JsonText::Int(iat)), Some(JsonText::Int(exp))) => {
                format!("{} from iat to exp, of at most {most}", span(exp.abs_diff(*iat)))
            }
            _ => String::new(),
        }
    }

    fn claim_fault(&self) -> String {
        let fault = self.issuer.zip(self.claims).and_then(|(issuer, claims)| {
            let model = self.plan.identity_model();
            Identity::claim_at_fault(model, &issuer.name, claims, self.at.client_cert)
        });
        let Some(fault) = fault else { return String::new() };
        let claim = format!("`{}`", path_in_words(&fault.path));
        match fault.kind {
            ClaimFaultKind::Missing => format!("{claim} is missing"),
            ClaimFaultKind::Form => {
                format!("{claim} is null, empty, or of another type than the policy says")
            }
            ClaimFaultKind::Required => format!("{claim} is not the value that `require` asks for"),
            ClaimFaultKind::Refused => format!("{claim} is there, and a `refuse` line names it"),
            ClaimFaultKind::Bound => {
                format!("{claim}: the token is bound to another certificate, or in a way that isn't taken")
            }
            ClaimFaultKind::Long => "a value is longer than `matches` may test".into(),
        }
    }

    fn key(&self, failed: bool) -> String {
        let kid = self.jws.and_then(|jws| jws.header.kid.as_deref());
        let named = kid.map_or_else(|| "no kid".into(), |kid| format!("kid {}", quoted(kid)));
        let Some(keys) = self.keys else { return format!("{named}; no keys of this issuer are at hand") };
        let found = kid.and_then(|kid| keys.keys.iter().find(|key| key.kid.as_deref() == Some(kid)));
        match (failed, found) {
            (false, Some(key)) => format!("{named} is {}", kind(key)),
            (false, None) => format!("{named}; one key of the issuer fits"),
            (true, Some(key)) => format!("{named} is {}, not for this algorithm", kind(key)),
            (true, None) => {
                let ids: Vec<&str> =
                    keys.keys.iter().map(|key| key.kid.as_deref().unwrap_or("none")).collect();
                format!("{named}; the issuer's keys are {}", list(&ids))
            }
        }
    }

    fn signature(&self, failed: bool) -> String {
        let alg = self.header_member("alg");
        if failed {
            return format!("not by this key, or of another header and payload: {alg}");
        }
        format!("by this key, of this header and payload: {alg}")
    }
}

/// Says what kind of key it is, and nothing of what it holds.
fn kind(key: &Jwk) -> &'static str {
    match &key.material {
        KeyMaterial::Rsa { .. } => "an RSA key",
        KeyMaterial::Ec { .. } => "an EC key",
        KeyMaterial::Ed25519 { .. } => "an Ed25519 key",
        KeyMaterial::Secret { .. } => "a shared secret",
    }
}

/// Shows a value of the token: texts and numbers, and of anything else its kind.
fn shown(value: &JsonText<'_>) -> String {
    match value {
        JsonText::String(text) => quoted(text),
        JsonText::Int(number) => number.to_string(),
        JsonText::Bool(truth) => truth.to_string(),
        JsonText::Null => "null".into(),
        JsonText::OtherNumber => "a number that is not whole".into(),
        JsonText::Object(_) => "an object".into(),
        JsonText::Array(values) => {
            let texts =
                values.iter().map(|value| if let JsonText::String(t) = value { Some(t) } else { None });
            match texts.collect::<Option<Vec<_>>>() {
                Some(texts) if !texts.is_empty() => list(&texts),
                Some(_) => "an empty array".into(),
                None => "an array".into(),
            }
        }
    }
}

/// Writes a text of the token so that it can neither move a terminal's cursor nor fill its screen.
fn quoted(text: &str) -> String {
    let mut chars = text.chars();
    let mut shown = String::from("`");
    chars.by_ref().take(SHOWN_CHARS_MAX).for_each(|c| shown.extend(c.escape_debug()));
    let cut = if chars.next().is_some() { "…`" } else { "`" };
    shown + cut
}

fn list(names: &[impl AsRef<str>]) -> String {
    let mut shown: Vec<String> = names.iter().take(LISTED_MAX).map(|name| quoted(name.as_ref())).collect();
    if names.len() > LISTED_MAX {
        shown.push(format!("and {} more", names.len() - LISTED_MAX));
    }
    if shown.is_empty() { "none".into() } else { shown.join(", ") }
}

/// Writes a way to a claim as a policy does: `realm_access.roles`, `"https://acme.com/roles"`.
fn path_in_words(path: &[String]) -> String {
    let is_word =
        |name: &str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    let names = path.iter().map(|name| match is_word(name) {
        true => name.clone(),
        false => format!("\"{}\"", name.escape_debug()),
    });
    names.collect::<Vec<_>>().join(".")
}

/// Writes seconds by their two largest units: `2 d 3 h`, `10 min`, `59 s`.
fn span(seconds: u64) -> String {
    let units = [("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)];
    let first = units.iter().position(|(_, unit)| seconds >= *unit).unwrap_or(3);
    let mut rest = seconds;
    let mut parts = Vec::new();
    for (name, unit) in units.iter().skip(first).take(2) {
        let count = rest / unit;
        rest %= unit;
        if count > 0 || seconds == 0 {
            parts.push(format!("{count} {name}"));
        }
    }
    parts.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_written_by_their_two_largest_units() {
        for (seconds, expected) in [
            (0, "0 s"),
            (59, "59 s"),
            (600, "10 min"),
            (3_661, "1 h 1 min"),
            (90_061, "1 d 1 h"),
            (u64::MAX, "213503982334601 d 7 h"),
        ] {
            assert_eq!(span(seconds), expected);
        }
    }

    #[test]
    fn texts_of_a_token_are_escaped_and_cut() {
        assert_eq!(quoted("a\u{1b}[2J\n\u{202e}"), "`a\\u{1b}[2J\\n\\u{202e}`");
        let long = quoted(&"x".repeat(10_000));
        assert_eq!(long.chars().count(), SHOWN_CHARS_MAX + 3);
        assert!(list(&["x"; 10_000]).ends_with("and 9992 more"));
    }

    #[test]
    fn ways_to_claims_read_as_in_a_policy() {
        let path = |names: &[&str]| path_in_words(&names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>());
        assert_eq!(path(&["realm_access", "roles"]), "realm_access.roles");
        assert_eq!(path(&["https://acme.com/roles"]), "\"https://acme.com/roles\"");
    }
}
