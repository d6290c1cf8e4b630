//! `attribute` lines: one name has one type in all issuers.

use std::collections::BTreeMap;

use super::merge::{Line, Merged};
use crate::ast::{self, Attribute, IssuerLineKind, LiteralKind, Privacy, SetShape, Type};
use crate::codes::issuers as codes;
use crate::diagnostic::Diagnostic;
use crate::policy::{AttributeId, IssuerAttribute, UserAttribute};
use crate::source::Span;

/// The names that `user.NAME` has without any issuer.
const BUILT_IN: [&str; 9] =
    ["actor", "auth_age", "client", "id", "issuer", "roles", "scopes", "token_age", "token_id"];

/// The attributes of all issuers, by name.
pub(super) struct Declared<'a> {
    by_name: BTreeMap<&'a str, First>,
}

/// How an attribute was first declared, and the strictest privacy that any issuer asks for.
struct First {
    ty: Type,
    privacy: Privacy,
    issuer: String,
    span: Span,
    shipped: bool,
}

/// Collects the attributes that all issuers declare, and refuses a name with two types.
pub(super) fn declare<'a>(
    issuers: impl Iterator<Item = (&'a ast::Issuer, &'a Merged)>,
    out: &mut Vec<Diagnostic>,
) -> Declared<'a> {
    let mut by_name: BTreeMap<&str, First> = BTreeMap::new();
    for (issuer, merged) in issuers {
        for line in &merged.lines {
            let IssuerLineKind::Attribute(attribute) = &line.node else { continue };
            let first = by_name.entry(attribute.name.node.as_str()).or_insert_with(|| First {
                ty: attribute.ty.base,
                privacy: attribute.privacy,
                issuer: issuer.name.node.clone(),
                span: line.place(attribute.ty.span),
                shipped: line.shipped,
            });
            first.privacy = first.privacy.max(attribute.privacy);
            first.shipped &= line.shipped;
            if first.ty != attribute.ty.base {
                out.push(types_differ(attribute, first, &issuer.name.node, line.place(attribute.ty.span)));
            }
        }
    }
    Declared { by_name }
}

impl Declared<'_> {
    /// Lists the attributes by name, each with the place of its declaration unless only profiles have it.
    pub(super) fn finish(self) -> (Vec<UserAttribute>, Vec<Option<Span>>) {
        self.by_name
            .into_iter()
            .map(|(name, first)| {
                let attribute = UserAttribute { name: name.into(), ty: first.ty, privacy: first.privacy };
                (attribute, (!first.shipped).then_some(first.span))
            })
            .unzip()
    }

    /// Says whether an attribute is secret: it is wherever one issuer says so.
    pub(super) fn is_secret(&self, name: &str) -> bool {
        self.by_name.get(name).is_some_and(|first| first.privacy == Privacy::Secret)
    }

    fn id(&self, name: &str) -> Option<AttributeId> {
        let index = self.by_name.keys().position(|n| *n == name)?;
        u32::try_from(index).ok().map(AttributeId)
    }
}

/// Checks one `attribute` line by itself; `None` where claims can't be mapped by it.
pub(super) fn check_attribute(
    attribute: &Attribute,
    line: &Line,
    declared: &Declared<'_>,
    out: &mut Vec<Diagnostic>,
) -> Option<IssuerAttribute> {
    let faults = out.len();
    let name = &attribute.name.node;
    if BUILT_IN.contains(&name.as_str()) {
        let message = format!("`user.{name}` is built in, so no issuer can declare it");
        out.push(
            Diagnostic::at(codes::ATTRIBUTE_BUILT_IN, line.place(attribute.name.span), message)
                .help(built_in_help(name)),
        );
    }
    check_type(attribute, line, out);
    check_default(attribute, line, out);
    (out.len() == faults).then_some(())?;
    Some(IssuerAttribute {
        attribute: declared.id(name)?,
        path: super::build::path(&attribute.path),
        shape: attribute.shape.as_ref().map_or(SetShape::List, |s| s.node),
        optional: attribute.ty.optional,
        default: attribute.default.as_ref().map(|d| d.node.clone()),
    })
}

fn built_in_help(name: &str) -> String {
    match name {
        "id" => "to take it from another claim write `subject claim …`".into(),
        "client" | "roles" | "scopes" => format!("to take it from another claim write `{name} claim …`"),
        _ => "give the attribute another name".into(),
    }
}

fn check_type(attribute: &Attribute, line: &Line, out: &mut Vec<Diagnostic>) {
    let base = attribute.ty.base;
    let span = line.place(attribute.ty.span);
    if matches!(base, Type::Clock | Type::Weekday) {
        let message = format!("no claim gives a `{}`", base.word());
        out.push(Diagnostic::at(codes::ATTRIBUTE_TYPE, span, message).help(
            "the types of attributes are `bool`, `int`, `string`, `strings`, `ip`, `duration` and `instant`",
        ));
    }
    if base == Type::Strings && attribute.ty.optional {
        let message = "a set is never absent: where the claim is missing it is empty";
        out.push(
            Diagnostic::at(codes::ATTRIBUTE_OPTIONAL_SET, span, message).help(format!(
                "write `strings`, and ask `has user.{}` for \"not empty\"",
                attribute.name.node
            )),
        );
    }
    if let Some(shape) = attribute.shape.as_ref().filter(|_| base != Type::Strings) {
        let message = format!("`as …` says how a claim holds a set, and this is one `{}`", base.word());
        out.push(
            Diagnostic::at(codes::ATTRIBUTE_SHAPE, line.place(shape.span), message)
                .help("drop `as …`, or declare the attribute as `strings`"),
        );
    }
}

fn check_default(attribute: &Attribute, line: &Line, out: &mut Vec<Diagnostic>) {
    let Some(default) = &attribute.default else { return };
    let base = attribute.ty.base;
    let (message, help) = if attribute.ty.optional {
        let message = "an attribute with a default is never absent".to_string();
        (message, format!("drop the `?` behind `{}`, or drop `?? …`", base.word()))
    } else if base == Type::Strings {
        ("a set has no default: where the claim is missing it is empty".into(), "drop `?? …`".into())
    } else if default.node.ty() != base {
        let message = format!("the default of a `{}` is a `{}`", base.word(), default.node.ty().word());
        (message, format!("write a `{}` behind `??`, such as `{}`", base.word(), sample(base)))
    } else if matches!(&default.node, LiteralKind::Ip(net) if !net.is_host()) {
        ("the default of an `ip` is a network".into(), "write one address behind `??`".into())
    } else {
        return;
    };
    out.push(Diagnostic::at(codes::ATTRIBUTE_DEFAULT, line.place(default.span), message).help(help));
}

fn sample(ty: Type) -> &'static str {
    match ty {
        Type::Bool => "false",
        Type::Int => "0",
        Type::String | Type::Strings => "\"none\"",
        Type::Ip => "192.0.2.1",
        Type::Duration => "0s",
        Type::Instant => "2026-01-01T00:00:00Z",
        Type::Clock => "00:00",
        Type::Weekday => "mon",
    }
}

fn types_differ(attribute: &Attribute, first: &First, issuer: &str, span: Span) -> Diagnostic {
    let name = &attribute.name.node;
    let (here, there) = (attribute.ty.base.word(), first.ty.word());
    let message =
        format!("`user.{name}` is `{here}` in issuer `{issuer}` and `{there}` in `{}`", first.issuer);
    Diagnostic::at(codes::ATTRIBUTE_TYPES_DIFFER, span, message)
        .label(first.span, format!("`{there}` here"))
        .help("give both the same type, or one of them another name")
}
