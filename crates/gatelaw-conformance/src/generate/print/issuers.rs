//! Issuer items.

use gatelaw::ast::{
    Attribute, ClaimPath, Grants, Issuer, IssuerLineKind, Name, Privacy, RolesClaim, SetShape, Text,
};
use gatelaw::source::Spanned;

use super::block;
use super::literals::{duration_text, literal, names, quoted, string, strings};

pub(super) fn issuer(issuer: &Issuer) -> String {
    let like = issuer.profile.as_ref().map_or(String::new(), |p| format!(" like {}", p.node));
    block(&format!("issuer {}{like}", issuer.name.node), issuer.lines.iter().map(|line| text(&line.node)))
}

fn text(line: &IssuerLineKind) -> String {
    match line {
        IssuerLineKind::Url(url) => format!("url {}", string(url)),
        IssuerLineKind::Keys(url) => format!("keys {}", string(url)),
        IssuerLineKind::Audience(texts) if texts.is_empty() => "audience none".into(),
        IssuerLineKind::Audience(texts) => format!("audience {}", strings(texts)),
        IssuerLineKind::Algorithms(all) => format!("algorithms {}", names(all, ", ")),
        IssuerLineKind::Type(types) => {
            let types: Vec<String> = types.iter().map(token_type).collect();
            format!("type {}", types.join(", "))
        }
        IssuerLineKind::Require(path, value) => {
            format!("require {} == {}", claim(path), literal(value))
        }
        IssuerLineKind::Refuse(path) => format!("refuse {}", claim(path)),
        IssuerLineKind::Leeway(s) => format!("leeway {}", duration_text(s.node)),
        IssuerLineKind::MaxAge(s) => format!("max_age {}", duration_text(s.node)),
        IssuerLineKind::Subject(paths) => {
            let paths: Vec<String> = paths.iter().map(claim).collect();
            format!("subject {}", paths.join(" ?? "))
        }
        IssuerLineKind::Client(path) => format!("client {}", claim(path)),
        IssuerLineKind::Scopes(scopes) => {
            format!("scopes {}{}", claim(&scopes.path), shape(scopes.shape.as_ref()))
        }
        IssuerLineKind::Roles(claim) => roles(claim),
        IssuerLineKind::Attribute(declared) => attribute(declared),
        IssuerLineKind::TokenCookie(name) => format!("token cookie {}", string(name)),
        IssuerLineKind::TokenHeader(name) => format!("token header {}", string(name)),
        IssuerLineKind::BoundMtls => "bound mtls".into(),
    }
}

fn token_type(ty: &Spanned<Option<String>>) -> String {
    match &ty.node {
        None => "none".into(),
        Some(text) => quoted(text),
    }
}

fn roles(roles: &RolesClaim) -> String {
    let head = format!("roles {}{}", claim(&roles.path), shape(roles.shape.as_ref()));
    match &roles.grants {
        Grants::Named(roles) => format!("{head} as named {{{}}}", names(roles, ", ")),
        Grants::Mapped(pairs) => {
            let grant = |(value, role): &(Text, Name)| format!("{} -> {}", string(value), role.node);
            block(&head, pairs.iter().map(grant))
        }
    }
}

fn attribute(attribute: &Attribute) -> String {
    let privacy = match attribute.privacy {
        Privacy::Open => "",
        Privacy::Personal => "personal ",
        Privacy::Secret => "secret ",
    };
    let optional = if attribute.ty.optional { "?" } else { "" };
    let default = attribute.default.as_ref().map_or(String::new(), |d| format!(" ?? {}", literal(d)));
    format!(
        "{privacy}attribute {}: {}{optional} = {}{}{default}",
        attribute.name.node,
        attribute.ty.base.word(),
        claim(&attribute.path),
        shape(attribute.shape.as_ref()),
    )
}

fn claim(path: &ClaimPath) -> String {
    let segments: Vec<String> = path
        .segments
        .iter()
        .map(|s| if is_word(&s.node) { s.node.clone() } else { quoted(&s.node) })
        .collect();
    format!("claim {}", segments.join("."))
}

fn shape(shape: Option<&Spanned<SetShape>>) -> &'static str {
    match shape.map(|s| s.node) {
        None => "",
        Some(SetShape::List) => " as list",
        Some(SetShape::Words) => " as words",
        Some(SetShape::One) => " as one",
    }
}

/// Says whether a name needs no quotes in a claim path or an object.
pub(super) fn is_word(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
}
