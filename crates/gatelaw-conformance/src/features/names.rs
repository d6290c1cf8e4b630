//! What the rules of a policy refer to by name.

use std::collections::{BTreeMap, BTreeSet};

use gatelaw::ast::{Ast, Attr, Define, Expr, Issuer, IssuerLineKind, Item, List};

use super::forms::attribute;

/// What rules refer to by name.
pub(super) struct Names<'a> {
    defines: BTreeMap<&'a str, &'a Define>,
    pub(super) lists: BTreeMap<&'a str, &'a List>,
    pub(super) including: BTreeSet<&'a str>,
    /// Attributes of users that some issuer may not give.
    optional: BTreeSet<&'a str>,
}

impl<'a> Names<'a> {
    pub(super) fn of(ast: &'a Ast) -> Self {
        let mut names = Names {
            defines: BTreeMap::new(),
            lists: BTreeMap::new(),
            including: BTreeSet::new(),
            optional: BTreeSet::new(),
        };
        for item in &ast.items {
            match item {
                Item::Define(define) => {
                    names.defines.insert(&define.name.node, define);
                }
                Item::List(list) => {
                    names.lists.insert(&list.name.node, list);
                }
                Item::Role(role) if !role.includes.is_empty() => {
                    names.including.insert(&role.name.node);
                }
                Item::Issuer(issuer) => names.optional.extend(optional_attributes(issuer)),
                Item::Role(_) | Item::Service(_) | Item::Rule(_) | Item::Test(_) => {}
            }
        }
        names
    }

    /// Finds the body of a define.
    pub(super) fn define(&self, name: &str) -> Option<&'a Expr> {
        self.defines.get(name).map(|define| &define.body)
    }

    /// Says whether an attribute may be absent in some rule.
    pub(super) fn is_optional(&self, attr: &Attr) -> bool {
        let name = attribute(attr);
        match name.strip_prefix("user.") {
            Some("client" | "actor" | "token_id" | "auth_age") => true,
            Some(declared) => self.optional.contains(declared),
            None => OPTIONAL.contains(&name.as_str()),
        }
    }
}

/// The built-in attributes of a request that may be absent.
const OPTIONAL: [&str; 10] = [
    "request.asn",
    "request.bot_score",
    "request.client_cert",
    "request.cookie().only",
    "request.country",
    "request.header().only",
    "request.header_line()",
    "request.query().only",
    "request.size",
    "request.tls_version",
];

fn optional_attributes(issuer: &Issuer) -> impl Iterator<Item = &str> {
    issuer.lines.iter().filter_map(|line| match &line.node {
        IssuerLineKind::Attribute(a) if a.ty.optional => Some(a.name.node.as_str()),
        _ => None,
    })
}
