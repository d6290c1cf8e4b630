//! A claim of which a `secret` attribute is made has no other name: what is no secret is shown by headers, records and explanations.

use super::attributes::Declared;
use super::build::path;
use super::merge::{Line, Merged, word};
use crate::ast::{Attribute, IssuerLineKind};
use crate::codes::types as codes;
use crate::diagnostic::Diagnostic;
use crate::identity::registered::{
    ACTOR, AUTHENTICATED_AT, AUTHORIZED_PARTY, CLIENT_ID, ISSUED_AT, SUBJECT, TOKEN_ID,
};
use crate::source::Span;

/// The claims that have a name whatever an issuer's lines say.
const ALWAYS: [(&[&str], &str); 4] =
    [(ACTOR, "actor"), (TOKEN_ID, "token_id"), (AUTHENTICATED_AT, "auth_age"), (ISSUED_AT, "token_age")];
/// The claims that have a name where no line of an issuer gives it to another claim: the line, the claim, the name.
const UNLESS_WRITTEN: [(&str, &[&str], &str); 3] =
    [("subject", SUBJECT, "id"), ("client", AUTHORIZED_PARTY, "client"), ("client", CLIENT_ID, "client")];

/// Holds a claim that is shown: `user.NAME` is made of it.
struct Shown {
    claim: Vec<String>,
    name: String,
    /// The line that says so, where one does.
    line: Option<Span>,
}

/// Reports each secret attribute whose claim something else shows. Roles show nothing: only names that the policy has are granted.
pub(super) fn refuse_second_names(merged: &Merged, declared: &Declared<'_>, out: &mut Vec<Diagnostic>) {
    let shown = shown(merged, declared);
    for line in &merged.lines {
        let IssuerLineKind::Attribute(attribute) = &line.node else { continue };
        if !declared.is_secret(&attribute.name.node) {
            continue;
        }
        let claim = path(&attribute.path);
        if let Some(other) = shown.iter().find(|other| other.claim == claim) {
            out.push(second_name(attribute, line, other));
        }
    }
}

fn shown(merged: &Merged, declared: &Declared<'_>) -> Vec<Shown> {
    let mut shown: Vec<Shown> = merged.lines.iter().flat_map(|line| shown_by(line, declared)).collect();
    let unless_written = UNLESS_WRITTEN
        .into_iter()
        .filter(|(unless, ..)| !merged.lines.iter().any(|line| word(&line.node) == *unless))
        .map(|(_, claim, name)| (claim, name));
    shown.extend(ALWAYS.into_iter().chain(unless_written).map(|(claim, name)| Shown {
        claim: claim.iter().map(|member| (*member).to_owned()).collect(),
        name: name.to_owned(),
        line: None,
    }));
    shown
}

/// Lists what one line shows, claim by claim.
fn shown_by(line: &Line, declared: &Declared<'_>) -> Vec<Shown> {
    let (claims, name) = match &line.node {
        IssuerLineKind::Subject(claims) => (claims.iter().collect(), "id"),
        IssuerLineKind::Client(claim) => (vec![claim], "client"),
        IssuerLineKind::Scopes(claim) => (vec![&claim.path], "scopes"),
        IssuerLineKind::Attribute(attribute) if !declared.is_secret(&attribute.name.node) => {
            (vec![&attribute.path], attribute.name.node.as_str())
        }
        IssuerLineKind::Attribute(_)
        | IssuerLineKind::Url(_)
        | IssuerLineKind::Keys(_)
        | IssuerLineKind::Audience(_)
        | IssuerLineKind::Algorithms(_)
        | IssuerLineKind::Type(_)
        | IssuerLineKind::Require(..)
        | IssuerLineKind::Refuse(_)
        | IssuerLineKind::Leeway(_)
        | IssuerLineKind::MaxAge(_)
        | IssuerLineKind::Roles(_)
        | IssuerLineKind::TokenCookie(_)
        | IssuerLineKind::TokenHeader(_)
        | IssuerLineKind::BoundMtls => return Vec::new(),
    };
    let shown = claims.into_iter().map(|claim: &crate::ast::ClaimPath| Shown {
        claim: path(claim),
        name: name.to_owned(),
        line: Some(line.place(claim.span)),
    });
    shown.collect()
}

fn second_name(attribute: &Attribute, line: &Line, other: &Shown) -> Diagnostic {
    let Shown { claim, name, line: shown_at } = other;
    let (claim, secret) = (claim.join("."), &attribute.name.node);
    let message = format!("`user.{secret}` is secret, and `user.{name}` shows the same claim, `{claim}`");
    let diagnostic = Diagnostic::at(codes::SECRET_SHOWN, line.place(attribute.path.span), message);
    let diagnostic = match shown_at {
        Some(span) => diagnostic.label(*span, format!("`user.{name}` is made of it here")),
        None => diagnostic,
    };
    diagnostic
        .help(way_out(name, secret))
        .help(format!("or declare `user.{secret}` without `secret`, if others may see it"))
}

/// Says how the claim stays without a second name.
fn way_out(name: &str, secret: &str) -> String {
    match name {
        "id" => "take the subject from a claim that isn't secret: `subject claim …`".into(),
        "client" => "take the client from a claim that isn't secret: `client claim …`".into(),
        "scopes" => "take the scopes from a claim that isn't secret: `scopes claim …`".into(),
        "actor" | "token_id" | "auth_age" | "token_age" => {
            format!("`user.{name}` is made of this claim in every token: drop `user.{secret}`")
        }
        _ => format!("declare `user.{name}` as `secret`, too, or drop it"),
    }
}
