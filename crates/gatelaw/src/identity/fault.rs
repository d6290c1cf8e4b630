//! Which claim gives no identity: for a person who asks why a token is refused.

use super::claims::{Claims, at, bound, find, integer, required, scopes, set, string, subject, value};
use super::registered::{ACTOR, AUTHENTICATED_AT, AUTHORIZED_PARTY, CLIENT_ID, ISSUED_AT, TOKEN_ID};
use crate::json::JsonText;
use crate::policy::{IdentityModel, Issuer};

/// Says which claim of a token gives no identity. Its value is never shown: it may be a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimFault {
    /// The names on the way to the claim; none where a value that some `matches` tests is too long.
    pub path: Vec<String>,
    /// What is wrong with it.
    pub kind: ClaimFaultKind,
}

/// Says what is wrong with a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClaimFaultKind {
    /// It must be there, and isn't.
    Missing,
    /// It is `null`, empty, or of another type or form than the issuer's lines say.
    Form,
    /// It is not the value that a `require` line asks for.
    Required,
    /// It is there, and a `refuse` line names it.
    Refused,
    /// The token is bound to a proof that the caller didn't give, or that the issuer doesn't take (RFC 7800 §3.1).
    Bound,
    /// It is longer than what `matches` may test.
    Long,
}

/// Finds the first claim at fault, in the order in which claims are mapped; `None` where they give an identity.
pub(super) fn claim_at_fault(
    model: &IdentityModel,
    issuer: &str,
    all: &JsonText<'_>,
    client_cert: Option<&str>,
) -> Option<ClaimFault> {
    use ClaimFaultKind as Kind;
    let claims = &Claims::new(all);
    let (_, lines) = find(model, issuer)?;
    let mut asked: Vec<(Vec<&str>, bool, Kind)> = Vec::new();
    for (path, literal) in &lines.require {
        asked.push((names(path), required(claims, path, literal).is_ok(), Kind::Required));
    }
    for path in &lines.refuse {
        asked.push((names(path), at(claims, path) == Ok(None), Kind::Refused));
    }
    asked.push((vec!["cnf"], bound(lines, claims, client_cert).is_ok(), Kind::Bound));
    let issued = integer(claims, ISSUED_AT).is_ok_and(|iat| iat.is_some() || !model.reads_token_age);
    asked.push((ISSUED_AT.to_vec(), issued, Kind::Form));
    let is_subject = subject(lines, claims).is_ok();
    asked.push((subject_at_fault(lines, claims), is_subject, Kind::Form));
    for line in &lines.roles {
        asked.push((names(&line.path), set(claims, &line.path, line.shape).is_ok(), Kind::Form));
    }
    if let Some((path, _)) = &lines.scopes {
        asked.push((names(path), scopes(lines, claims).is_ok(), Kind::Form));
    }
    for path in client_paths(lines, claims) {
        asked.push((path.clone(), string(claims, &path).is_ok(), Kind::Form));
    }
    for path in [ACTOR, TOKEN_ID] {
        asked.push((path.to_vec(), string(claims, path).is_ok(), Kind::Form));
    }
    asked.push((AUTHENTICATED_AT.to_vec(), integer(claims, AUTHENTICATED_AT).is_ok(), Kind::Form));
    for line in &lines.attributes {
        let ty = usize::try_from(line.attribute.0).ok().and_then(|id| model.attributes.get(id))?.ty;
        asked.push((names(&line.path), value(line, ty, claims).is_ok(), Kind::Form));
    }
    let fault = asked.into_iter().find(|(_, is_right, _)| !is_right).map(|(path, _, kind)| {
        let is_missing = at(claims, &path) == Ok(None);
        ClaimFault { path: owned(&path), kind: if is_missing { Kind::Missing } else { kind } }
    });
    let too_long = || ClaimFault { path: Vec::new(), kind: Kind::Long };
    fault.or_else(|| super::claims::map(model, issuer, all, client_cert).is_err().then(too_long))
}

/// Finds the first place of the subject that holds something wrong, or else the first of all.
fn subject_at_fault<'a>(issuer: &'a Issuer, claims: &Claims<'_>) -> Vec<&'a str> {
    let wrong = issuer.subject.iter().find(|path| string(claims, path).is_err());
    let there = issuer.subject.iter().find(|path| at(claims, path) != Ok(None));
    wrong.or(there).or(issuer.subject.first()).map_or_else(Vec::new, |path| names(path))
}

/// Lists where the client is looked for: the second place counts only where the first has none.
fn client_paths<'a>(issuer: &'a Issuer, claims: &Claims<'_>) -> Vec<Vec<&'a str>> {
    match &issuer.client {
        Some(path) => vec![names(path)],
        None if string(claims, AUTHORIZED_PARTY) == Ok(None) => vec![CLIENT_ID.to_vec()],
        None => vec![AUTHORIZED_PARTY.to_vec()],
    }
}

fn names(path: &[String]) -> Vec<&str> {
    path.iter().map(String::as_str).collect()
}

fn owned(path: &[&str]) -> Vec<String> {
    path.iter().map(|name| (*name).to_owned()).collect()
}
