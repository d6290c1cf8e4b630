//! An issuer that refuses a claim which each of its tokens must have takes no token at all.

use super::merge::{Line, Merged};
use crate::ast::{ClaimPath, IssuerLineKind, Type};
use crate::codes::issuers as codes;
use crate::diagnostic::Diagnostic;
use crate::policy::Issuer;

/// The claims that every token must have, whatever its issuer says.
const ALWAYS: [&str; 3] = ["iss", "exp", "iat"];

/// Reports each `refuse` line whose claim a valid token can't be without.
pub(super) fn refuse_nothing_needed(issuer: &Issuer, merged: &Merged, out: &mut Vec<Diagnostic>) {
    let needed = needed(issuer, merged);
    for line in &merged.lines {
        let IssuerLineKind::Refuse(claim) = &line.node else { continue };
        let refused = super::build::path(claim);
        if let Some(path) = needed.iter().find(|path| path.starts_with(&refused)) {
            out.push(contradiction(claim, line, path));
        }
    }
}

fn needed(issuer: &Issuer, merged: &Merged) -> Vec<Vec<String>> {
    let mut needed: Vec<Vec<String>> = ALWAYS.iter().map(|name| vec![(*name).to_owned()]).collect();
    if !issuer.audience.is_empty() {
        needed.push(vec!["aud".into()]);
    }
    needed.extend(issuer.require.iter().map(|(path, _)| path.clone()));
    needed.extend(merged.lines.iter().filter_map(required_attribute));
    // Of several subjects one is enough; that all are refused is as bad as that the only one is.
    if issuer.subject.iter().all(|path| issuer.refuse.iter().any(|refused| path.starts_with(refused))) {
        needed.extend(issuer.subject.iter().cloned());
    }
    needed
}

/// `attribute tenant: string = claim tenant`: neither optional nor a set, and without a default.
fn required_attribute(line: &Line) -> Option<Vec<String>> {
    let IssuerLineKind::Attribute(attribute) = &line.node else { return None };
    let required =
        !attribute.ty.optional && attribute.ty.base != Type::Strings && attribute.default.is_none();
    required.then(|| super::build::path(&attribute.path))
}

fn contradiction(claim: &ClaimPath, line: &Line, needed: &[String]) -> Diagnostic {
    let span = line.place(claim.span);
    let needed = needed.join(".");
    let message = format!("no token can be valid: this issuer needs the claim `{needed}`, and refuses it");
    Diagnostic::at(codes::REFUSE_NEEDED, span, message)
        .help(format!("drop one of the two: `refuse claim …`, or what reads `{needed}`"))
}
