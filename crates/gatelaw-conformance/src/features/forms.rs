//! Names of forms: of attributes, literals, patterns.

use std::collections::BTreeSet;

use gatelaw::address::IpNet;
use gatelaw::ast::{Attr, AttrKind, Literal, LiteralKind, SetShape, Type};

/// Names an attribute, without the names that a policy chose: `path.`, `user.*`, `request.header()`.
pub(super) fn attribute(attr: &Attr) -> String {
    match &attr.node {
        AttrKind::Path(words) => {
            let words: Vec<&str> = words.iter().map(|w| w.node.as_str()).collect();
            match words.as_slice() {
                ["path", ..] => "path.NAME".to_owned(),
                ["host", ..] => "host.NAME".to_owned(),
                other => other.join("."),
            }
        }
        AttrKind::Of(kind, _, only) => {
            format!("request.{}(){}", kind.node, if only.is_some() { ".only" } else { "" })
        }
        AttrKind::Time(offset) => format!("time{}", offset_form(offset.as_ref().map(|o| o.node))),
        AttrKind::Weekday(offset) => format!("weekday{}", offset_form(offset.as_ref().map(|o| o.node))),
    }
}

/// Names an attribute as a feature: attributes that issuers declare are one.
pub(super) fn built_in_or_declared(attr: &Attr) -> String {
    let name = attribute(attr);
    let declared = name.strip_prefix("user.").is_some_and(|name| !BUILT_IN.contains(&name));
    if declared { "user.NAME".to_owned() } else { name }
}

/// What `user` has without being declared.
const BUILT_IN: [&str; 9] =
    ["actor", "auth_age", "client", "id", "issuer", "roles", "scopes", "token_age", "token_id"];

pub(super) fn offset_form(minutes: Option<i32>) -> &'static str {
    match minutes {
        None => "",
        Some(m) if m < 0 => " west of UTC",
        Some(_) => " east of UTC",
    }
}

pub(super) fn address_form(net: &IpNet) -> &'static str {
    let text = net.to_string();
    match (text.contains(':'), text.contains('/')) {
        (false, false) => "an IPv4 address",
        (false, true) => "an IPv4 network",
        (true, false) => "an IPv6 address",
        (true, true) => "an IPv6 network",
    }
}

pub(super) fn literal_type(literal: &Literal) -> &'static str {
    match literal.node {
        LiteralKind::Bool(_) => "bool",
        LiteralKind::Int(_) => "int",
        LiteralKind::String(_) => "string",
        LiteralKind::Ip(_) => "ip",
        LiteralKind::Duration(_) => "duration",
        LiteralKind::Instant(_) => "instant",
        LiteralKind::Clock(_) => "clock",
        LiteralKind::Weekday(_) => "weekday",
    }
}

pub(super) fn type_name(ty: Type) -> &'static str {
    match ty {
        Type::Bool => "bool",
        Type::Int => "int",
        Type::String => "string",
        Type::Strings => "strings",
        Type::Ip => "ip",
        Type::Duration => "duration",
        Type::Instant => "instant",
        Type::Clock => "clock",
        Type::Weekday => "weekday",
    }
}

pub(super) fn shape(shape: Option<SetShape>) -> &'static str {
    match shape {
        None => "as it comes",
        Some(SetShape::List) => "as list",
        Some(SetShape::Words) => "as words",
        Some(SetShape::One) => "as one",
    }
}

pub(super) fn host_form(text: &str) -> &'static str {
    if text.starts_with("**.") {
        "**."
    } else if text.starts_with("*.") {
        "*."
    } else if text.starts_with('{') {
        "{name}."
    } else if text.starts_with('[') {
        "an IPv6 address"
    } else if text.parse::<std::net::Ipv4Addr>().is_ok() {
        "an IPv4 address"
    } else {
        "a name"
    }
}

pub(super) fn path_forms(text: &str) -> BTreeSet<&'static str> {
    if text == "/" {
        return BTreeSet::from(["/"]);
    }
    text.split('/').skip(1).map(segment_form).collect()
}

pub(super) fn segment_form(segment: &str) -> &'static str {
    match segment {
        "" => "a trailing slash",
        "*" => "*",
        "**" => "**",
        s if s.starts_with('{') => "{name}",
        s if s.contains('*') => "* beside characters",
        s if s.contains('%') => "an escape",
        _ => "a literal",
    }
}
