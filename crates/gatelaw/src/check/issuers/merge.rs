//! The lines of an issuer with those of its profile merged in.

use crate::ast::{Issuer, IssuerLine, IssuerLineKind};
use crate::codes::issuers as codes;
use crate::diagnostic::Diagnostic;
use crate::profiles;
use crate::source::Span;
use crate::suggest::did_you_mean;

/// One line of an issuer, its own or its profile's.
pub(super) struct Line {
    /// What the line says.
    pub(super) node: IssuerLineKind,
    /// The line; for a profile's, the words `like PROFILE` that brought it.
    pub(super) span: Span,
    /// Whether the profile brought it.
    pub(super) shipped: bool,
}

impl Line {
    /// Says where to show what is wrong in the line: a profile's text is no text of the policy, so there it is `like PROFILE`.
    pub(super) fn place(&self, span: Span) -> Span {
        if self.shipped { self.span } else { span }
    }
}

/// The lines that hold for an issuer.
pub(super) struct Merged {
    /// The profile's lines that still hold, then its own.
    pub(super) lines: Vec<Line>,
    /// Whether the profile isn't known, so that lines may seem missing.
    pub(super) profile_unknown: bool,
}

/// Merges an issuer with its profile: `require` and `refuse` add, `attribute` replaces by name, every other kind of line replaces.
pub(super) fn merge(issuer: &Issuer, out: &mut Vec<Diagnostic>) -> Merged {
    refuse_repeats(issuer, out);
    let mut merged = Merged { lines: Vec::new(), profile_unknown: false };
    if let Some(profile) = &issuer.profile {
        match profiles::lines(&profile.node) {
            Some(lines) => merged.lines = kept_of_profile(lines, issuer, profile.span),
            None => {
                merged.profile_unknown = true;
                out.push(unknown_profile(&profile.node, profile.span));
            }
        }
    }
    let own = issuer.lines.iter();
    merged.lines.extend(own.map(|l| Line { node: l.node.clone(), span: l.span, shipped: false }));
    merged
}

pub(super) fn kept_of_profile(lines: Vec<IssuerLine>, issuer: &Issuer, like: Span) -> Vec<Line> {
    lines
        .into_iter()
        .filter(|shipped| !issuer.lines.iter().any(|own| replaces(&own.node, &shipped.node)))
        .map(|l| Line { node: l.node, span: like, shipped: true })
        .collect()
}

fn replaces(own: &IssuerLineKind, shipped: &IssuerLineKind) -> bool {
    match (own, shipped) {
        (IssuerLineKind::Require(..) | IssuerLineKind::Refuse(_), _) => false,
        (IssuerLineKind::Attribute(a), IssuerLineKind::Attribute(b)) => a.name.node == b.name.node,
        _ => word(own) == word(shipped),
    }
}

/// Spells the words that begin a line: two lines of one word are of one kind.
pub(super) fn word(line: &IssuerLineKind) -> &'static str {
    match line {
        IssuerLineKind::Url(_) => "url",
        IssuerLineKind::Keys(_) => "keys",
        IssuerLineKind::Audience(_) => "audience",
        IssuerLineKind::Algorithms(_) => "algorithms",
        IssuerLineKind::Type(_) => "type",
        IssuerLineKind::Require(..) => "require",
        IssuerLineKind::Refuse(_) => "refuse",
        IssuerLineKind::Leeway(_) => "leeway",
        IssuerLineKind::MaxAge(_) => "max_age",
        IssuerLineKind::Subject(_) => "subject",
        IssuerLineKind::Client(_) => "client",
        IssuerLineKind::Scopes(_) => "scopes",
        IssuerLineKind::Roles(_) => "roles",
        IssuerLineKind::Attribute(_) => "attribute",
        IssuerLineKind::TokenCookie(_) => "token cookie",
        IssuerLineKind::TokenHeader(_) => "token header",
        IssuerLineKind::BoundMtls => "bound mtls",
    }
}

fn may_repeat(line: &IssuerLineKind) -> bool {
    matches!(
        line,
        IssuerLineKind::Require(..)
            | IssuerLineKind::Refuse(_)
            | IssuerLineKind::Roles(_)
            | IssuerLineKind::Attribute(_)
            | IssuerLineKind::TokenCookie(_)
            | IssuerLineKind::TokenHeader(_)
    )
}

fn refuse_repeats(issuer: &Issuer, out: &mut Vec<Diagnostic>) {
    for (index, line) in issuer.lines.iter().enumerate() {
        let mut earlier = issuer.lines.iter().take(index);
        match &line.node {
            IssuerLineKind::Attribute(attribute) => {
                let same = |l: &&IssuerLine| matches!(&l.node, IssuerLineKind::Attribute(a) if a.name.node == attribute.name.node);
                if let Some(first) = earlier.find(same) {
                    let name = &attribute.name.node;
                    let message = format!("issuer `{}` declares `user.{name}` twice", issuer.name.node);
                    out.push(
                        Diagnostic::at(codes::ATTRIBUTE_TWICE, attribute.name.span, message)
                            .label(first.span, "first declared here")
                            .help("keep one of the two lines, or give one another name"),
                    );
                }
            }
            node if !may_repeat(node) => {
                if let Some(first) = earlier.find(|l| word(&l.node) == word(node)) {
                    let message = format!("issuer `{}` has two `{}` lines", issuer.name.node, word(node));
                    out.push(
                        Diagnostic::at(codes::LINE_TWICE, line.span, message)
                            .label(first.span, "the first one")
                            .help(repeat_help(node)),
                    );
                }
            }
            _ => {}
        }
    }
}

fn repeat_help(line: &IssuerLineKind) -> &'static str {
    match line {
        IssuerLineKind::Audience(_) | IssuerLineKind::Algorithms(_) | IssuerLineKind::Type(_) => {
            "write all values on one line, with commas between"
        }
        _ => "keep one of the two lines",
    }
}

fn unknown_profile(name: &str, span: Span) -> Diagnostic {
    let names = || profiles::PROFILES.iter().map(|(n, _)| *n);
    let list: Vec<String> = names().map(|n| format!("`{n}`")).collect();
    let diagnostic = Diagnostic::at(codes::PROFILE_UNKNOWN, span, format!("there is no profile `{name}`"));
    let diagnostic = match did_you_mean(name, names()) {
        Some(hint) => diagnostic.help(hint),
        None => diagnostic,
    };
    diagnostic.help(format!("the profiles are {}", list.join(", ")))
}
