//! Issuer items: their lines and profiles become the [`Issuer`]s that claims are mapped with.

mod attributes;
mod build;
mod merge;
mod needed;
mod secrets;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use crate::ast;
use crate::codes::issuers as codes;
use crate::diagnostic::Diagnostic;
use crate::policy::{Issuer, UserAttribute};
use crate::source::Span;

/// What the issuer items of a policy say.
pub(crate) struct Issuers {
    /// The issuers, by name; of two with one name the first.
    pub(crate) issuers: Vec<Issuer>,
    /// The attributes that some issuer declares, by name.
    pub(crate) attributes: Vec<UserAttribute>,
    /// Where each attribute is first declared, in the same order; `None` where only profiles declare it.
    pub(crate) attribute_spans: Vec<Option<Span>>,
}

/// Checks the issuer items of a policy; `roles` are the names of the declared roles, sorted.
pub(crate) fn check_issuers(items: &[&ast::Issuer], roles: &[&str], out: &mut Vec<Diagnostic>) -> Issuers {
    let mut by_name: BTreeMap<&str, (&ast::Issuer, merge::Merged)> = BTreeMap::new();
    for &item in items {
        let merged = merge::merge(item, out);
        by_name.entry(item.name.node.as_str()).or_insert((item, merged));
    }
    let declared = attributes::declare(by_name.values().map(|(item, merged)| (*item, merged)), out);
    let mut issuers = Vec::new();
    for (item, merged) in by_name.values() {
        issuers.push(build::build(item, merged, roles, &declared, out));
        secrets::refuse_second_names(merged, &declared, out);
    }
    refuse_shared_urls(by_name.values().map(|(item, merged)| (*item, merged)), out);
    let (attributes, attribute_spans) = declared.finish();
    Issuers { issuers, attributes, attribute_spans }
}

/// A token's `iss` must lead to one issuer.
fn refuse_shared_urls<'a>(
    issuers: impl Iterator<Item = (&'a ast::Issuer, &'a merge::Merged)>,
    out: &mut Vec<Diagnostic>,
) {
    let mut first_by_url: BTreeMap<&str, (&str, Span)> = BTreeMap::new();
    for (item, merged) in issuers {
        let Some((url, span)) = merged.lines.iter().find_map(|line| match &line.node {
            ast::IssuerLineKind::Url(url) => Some((url.node.as_str(), line.span)),
            _ => None,
        }) else {
            continue;
        };
        let name = item.name.node.as_str();
        match first_by_url.get(url) {
            None => _ = first_by_url.insert(url, (name, span)),
            Some((other, other_span)) => out.push(
                Diagnostic::at(
                    codes::URL_SHARED,
                    span,
                    format!("issuers `{other}` and `{name}` have one `url`, `{url}`"),
                )
                .label(*other_span, format!("the `url` of `{other}`"))
                .help("a token's `iss` must name one issuer: make them one item, with all audiences and claims in it"),
            ),
        }
    }
}
