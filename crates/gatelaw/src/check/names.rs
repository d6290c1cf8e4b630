//! Names: what is declared, once each, and what is used.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::collections::btree_map::{BTreeMap, Entry};

use crate::ast::{self, Ast, Item, Name, ServiceLine};
use crate::codes::names as codes;
use crate::diagnostic::Diagnostic;
use crate::policy::RoleId;
use crate::source::Span;
use crate::suggest::did_you_mean;

/// The words that no declared name may be, sorted.
pub const RESERVED: &[&str] = &[
    "algorithms",
    "all",
    "allow",
    "and",
    "anonymous",
    "any",
    "anyone",
    "as",
    "attribute",
    "audience",
    "audit",
    "authenticated",
    "base",
    "bound",
    "burst",
    "by",
    "case",
    "challenge",
    "claim",
    "client",
    "contains",
    "define",
    "deny",
    "expect",
    "false",
    "for",
    "forward",
    "fri",
    "from",
    "has",
    "header",
    "host",
    "in",
    "includes",
    "issuer",
    "keep",
    "keys",
    "leeway",
    "level",
    "like",
    "limit",
    "list",
    "live",
    "matches",
    "mon",
    "none",
    "not",
    "now",
    "observe",
    "on",
    "or",
    "path",
    "per",
    "personal",
    "rate",
    "redact",
    "refuse",
    "remove",
    "request",
    "require",
    "respond",
    "role",
    "roles",
    "sat",
    "scope",
    "scopes",
    "secret",
    "service",
    "set",
    "subject",
    "sun",
    "test",
    "thu",
    "time",
    "token",
    "true",
    "tue",
    "type",
    "unless",
    "url",
    "user",
    "wed",
    "weekday",
    "when",
];

/// What a declared name is.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Declared<'a> {
    Role(&'a ast::Role),
    List(&'a ast::List),
    Define(&'a ast::Define),
    Issuer(&'a ast::Issuer),
}

impl<'a> Declared<'a> {
    fn name(self) -> &'a Name {
        match self {
            Self::Role(r) => &r.name,
            Self::List(l) => &l.name,
            Self::Define(d) => &d.name,
            Self::Issuer(i) => &i.name,
        }
    }

    fn kind(self) -> &'static str {
        match self {
            Self::Role(_) => "a role",
            Self::List(_) => "a list",
            Self::Define(_) => "a define",
            Self::Issuer(_) => "an issuer",
        }
    }
}

/// The names of a policy.
pub(crate) struct Names<'a> {
    pub(crate) declared: BTreeMap<&'a str, Declared<'a>>,
    /// By name: the roles, numbered in byte order.
    pub(crate) roles: Vec<&'a ast::Role>,
    pub(crate) lists: Vec<&'a ast::List>,
    pub(crate) defines: Vec<&'a ast::Define>,
    pub(crate) issuers: Vec<&'a ast::Issuer>,
    pub(crate) services: Vec<&'a ast::Service>,
    /// Names that something uses.
    pub(crate) used: RefCell<BTreeSet<String>>,
}

impl<'a> Names<'a> {
    /// Collects all declarations; of two with one name the first counts.
    pub(crate) fn collect(ast: &'a Ast, out: &mut Vec<Diagnostic>) -> Self {
        let mut names = Self {
            declared: BTreeMap::new(),
            roles: Vec::new(),
            lists: Vec::new(),
            defines: Vec::new(),
            issuers: Vec::new(),
            services: Vec::new(),
            used: RefCell::default(),
        };
        let mut services: BTreeMap<&str, (Span, &ast::Service)> = BTreeMap::new();
        for item in &ast.items {
            let (name, declared) = match item {
                Item::Role(i) => (&i.name, Declared::Role(i)),
                Item::List(i) => (&i.name, Declared::List(i)),
                Item::Define(i) => (&i.name, Declared::Define(i)),
                Item::Issuer(i) => (&i.name, Declared::Issuer(i)),
                Item::Service(service) => {
                    refuse_reserved(&service.name, out);
                    let key = service.name.node.as_str();
                    match services.get(key) {
                        Some((first, _)) => out.push(twice(&service.name, *first, "a service")),
                        None => _ = services.insert(key, (service.name.span, service)),
                    }
                    continue;
                }
                Item::Rule(_) | Item::Test(_) => continue,
            };
            refuse_reserved(name, out);
            match names.declared.entry(&name.node) {
                Entry::Occupied(first) => {
                    out.push(twice(name, first.get().name().span, "a role, list, define or issuer"));
                }
                Entry::Vacant(place) => _ = place.insert(declared),
            }
        }
        names.services = services.into_values().map(|(_, s)| s).collect();
        for declared in names.declared.values() {
            match declared {
                Declared::Role(r) => names.roles.push(r),
                Declared::List(l) => names.lists.push(l),
                Declared::Define(d) => names.defines.push(d),
                Declared::Issuer(i) => names.issuers.push(i),
            }
        }
        names
    }

    /// Finds a role, and notes that it is used.
    pub(crate) fn role(&self, name: &Name, out: &mut Vec<Diagnostic>) -> Option<RoleId> {
        self.role_or(name, &[], out)
    }

    /// Finds a role where one of these words may stand too: what is no role may be one of them, misspelt.
    pub(crate) fn role_or(&self, name: &Name, words: &[&str], out: &mut Vec<Diagnostic>) -> Option<RoleId> {
        self.wanted(name, "a role", |d| matches!(d, Declared::Role(_)), words, out)?;
        let at = self.roles.binary_search_by(|r| r.name.node.as_str().cmp(&name.node)).ok()?;
        Some(RoleId(u32::try_from(at).ok()?))
    }

    /// Finds the number of a list, and notes that it is used.
    pub(crate) fn list(&self, name: &Name, out: &mut Vec<Diagnostic>) -> Option<(u32, &'a ast::List)> {
        self.wanted(name, "a list", |d| matches!(d, Declared::List(_)), &[], out)?;
        let at = self.lists.binary_search_by(|l| l.name.node.as_str().cmp(&name.node)).ok()?;
        Some((u32::try_from(at).ok()?, self.lists.get(at)?))
    }

    /// Finds a define, and notes that it is used.
    pub(crate) fn define(&self, name: &Name, out: &mut Vec<Diagnostic>) -> Option<&'a ast::Define> {
        match self.wanted(name, "a define", |d| matches!(d, Declared::Define(_)), &[], out)? {
            Declared::Define(define) => Some(define),
            Declared::Role(_) | Declared::List(_) | Declared::Issuer(_) => None,
        }
    }

    /// Finds the number of an issuer, and notes that it is used.
    pub(crate) fn issuer(&self, name: &Name, out: &mut Vec<Diagnostic>) -> Option<u32> {
        self.wanted(name, "an issuer", |d| matches!(d, Declared::Issuer(_)), &[], out)?;
        let at = self.issuers.binary_search_by(|i| i.name.node.as_str().cmp(&name.node)).ok()?;
        u32::try_from(at).ok()
    }

    fn service(&self, name: &str) -> Option<&'a ast::Service> {
        let at = self.services.binary_search_by(|s| s.name.node.as_str().cmp(name)).ok()?;
        self.services.get(at).copied()
    }

    fn wanted(
        &self,
        name: &Name,
        kind: &str,
        fits: impl Fn(Declared<'a>) -> bool,
        words: &[&str],
        out: &mut Vec<Diagnostic>,
    ) -> Option<Declared<'a>> {
        self.used.borrow_mut().insert(name.node.clone());
        match self.declared.get(name.node.as_str()).copied() {
            Some(found) if fits(found) => Some(found),
            Some(found) => {
                let message = format!("`{}` is {}, and {kind} is needed here", name.node, found.kind());
                out.push(
                    Diagnostic::at(codes::WRONG_KIND, name.span, message).help(for_kind(found, &name.node)),
                );
                None
            }
            None => {
                let known = self.declared.iter().filter(|(_, d)| fits(**d)).map(|(n, _)| *n);
                out.push(unknown(name, kind, known.chain(words.iter().copied())));
                None
            }
        }
    }
}

fn for_kind(found: Declared<'_>, name: &str) -> String {
    match found {
        Declared::Role(_) => {
            format!("ask for a role in `for {name}`, or with `user.roles contains \"{name}\"`")
        }
        Declared::List(_) => format!("ask for a list with `… in {name}`"),
        Declared::Define(_) => format!("a define stands for a test: `when {name}`"),
        Declared::Issuer(_) => format!("ask for an issuer in `for issuer {name}`"),
    }
}

/// Makes the diagnostic of a name that nothing declares.
pub(crate) fn unknown<'k>(
    name: &Name,
    kind: &str,
    known: impl Iterator<Item = &'k str> + Clone,
) -> Diagnostic {
    let diagnostic = Diagnostic::at(
        codes::UNKNOWN_NAME,
        name.span,
        format!("`{}` is not declared; {kind} is needed here", name.node),
    );
    match did_you_mean(&name.node, known.clone()) {
        Some(help) => diagnostic.help(help),
        None => diagnostic.help(match kind {
            "a role" => format!("declare it: `role {}`", name.node),
            "a list" => format!("declare it: `list {}: string = […]`", name.node),
            "an issuer" => format!("declare it: `issuer {} {{ … }}`", name.node),
            _ => format!(
                "declare it: `define {} = …`; attributes begin with `request.`, `user.`, `path.` or `host.`",
                name.node
            ),
        }),
    }
}

pub(crate) fn refuse_reserved(name: &Name, out: &mut Vec<Diagnostic>) {
    if RESERVED.binary_search(&name.node.as_str()).is_ok() {
        let message = format!("`{}` is a word of the language, and can't be a name", name.node);
        out.push(
            Diagnostic::at(codes::RESERVED, name.span, message)
                .help(format!("name it otherwise, such as `{}-1`", name.node)),
        );
    }
}

pub(crate) fn twice(name: &Name, first: Span, kind: &str) -> Diagnostic {
    Diagnostic::at(codes::DECLARED_TWICE, name.span, format!("`{}` is already declared as {kind}", name.node))
        .label(first, "first declared here")
        .help("give one of them another name")
}

/// Lists all rules with their services and full names, sorted by full name, and refuses names that stand twice.
pub(crate) fn rules<'a>(
    ast: &'a Ast,
    names: &Names<'a>,
    out: &mut Vec<Diagnostic>,
) -> Vec<(String, Option<u32>, &'a ast::Rule)> {
    let mut found: Vec<(String, Option<u32>, &ast::Rule)> = Vec::new();
    let mut add = |full: String, service: Option<u32>, rule: &'a ast::Rule, out: &mut Vec<Diagnostic>| {
        refuse_reserved(&rule.name, out);
        found.push((full, service, rule));
    };
    for item in &ast.items {
        match item {
            Item::Rule(rule) => {
                if let Some(service) = names.service(&rule.name.node) {
                    out.push(twice(&rule.name, service.name.span, "a service"));
                }
                add(rule.name.node.clone(), None, rule, out);
            }
            Item::Service(service) => {
                let at = names.services.binary_search_by(|s| s.name.node.cmp(&service.name.node)).ok();
                for line in &service.lines {
                    if let ServiceLine::Rule(rule) = line {
                        let full = format!("{}.{}", service.name.node, rule.name.node);
                        add(full, at.and_then(|a| u32::try_from(a).ok()), rule, out);
                    }
                }
            }
            Item::Issuer(_) | Item::Role(_) | Item::List(_) | Item::Define(_) | Item::Test(_) => {}
        }
    }
    // Of equal names the first one stays the first: this sort is stable.
    found.sort_by(|(a, ..), (b, ..)| a.cmp(b));
    found.dedup_by(|(full, _, rule), (known, _, first)| {
        let again = full == known;
        if again {
            out.push(twice(&rule.name, first.name.span, "a rule"));
        }
        again
    });
    found
}

#[cfg(test)]
mod tests {
    use super::RESERVED;
    use crate::source::{Sources, Span};

    #[test]
    fn reserved_words_are_sorted() {
        assert!(RESERVED.is_sorted());
    }

    #[test]
    fn of_rules_with_one_name_the_first_stands_and_each_other_is_told() {
        let text = "allow b { on GET /1 for anyone }\nallow a { on GET /2 for anyone }\n\
            allow b { on GET /3 for anyone }\nallow b { on GET /4 for anyone }\n";
        let sources = Sources::from_text("policy.gate", text);
        let errors = crate::compile(&sources).unwrap_err();
        let line = |span: Span| sources.line_column(span.file, span.start).0;
        let told: Vec<_> = errors
            .iter()
            .map(|e| {
                (
                    e.code.number,
                    e.span.map(line),
                    e.labels.iter().map(|label| line(label.0)).collect::<Vec<_>>(),
                )
            })
            .collect();
        assert_eq!(told, [(201, Some(3), vec![1]), (201, Some(4), vec![1])]);
    }
}
