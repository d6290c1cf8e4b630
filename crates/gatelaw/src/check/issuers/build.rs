//! The merged lines of one issuer as the [`Issuer`] that claims are mapped with.

use super::attributes::{Declared, check_attribute};
use super::merge::{Line, Merged};
use crate::ast::{self, ClaimPath, Grants, IssuerLineKind, Literal, LiteralKind, Name, SetShape, Text};
use crate::codes::issuers as codes;
use crate::diagnostic::Diagnostic;
use crate::identity::registered::SUBJECT;
use crate::limits::{DURATION_S_MAX, LEEWAY_S_MAX, TOKEN_AGE_S_DEFAULT};
use crate::policy::{Issuer, RoleId, RolesClaim, ScopesShape};
use crate::request::{HOP_BY_HOP, SINGLE_VALUED};
use crate::source::Span;
use crate::suggest::{did_you_mean, nearest};
use crate::url;

/// The algorithms of RFC 7518 and RFC 8037 that sign with a private key.
const ASYMMETRIC: [&str; 10] =
    ["ES256", "ES384", "ES512", "EdDSA", "PS256", "PS384", "PS512", "RS256", "RS384", "RS512"];

/// Builds an issuer, reporting what is wrong with its lines; what is wrong is left out.
pub(super) fn build(
    item: &ast::Issuer,
    merged: &Merged,
    roles: &[&str],
    declared: &Declared<'_>,
    out: &mut Vec<Diagnostic>,
) -> Issuer {
    let mut issuer = bare(&item.name.node);
    for line in &merged.lines {
        apply(&mut issuer, line, roles, declared, out);
    }
    issuer.attributes.sort_by_key(|a| a.attribute);
    issuer.token_cookies.sort();
    issuer.token_cookies.dedup();
    issuer.token_headers.sort();
    issuer.token_headers.dedup();
    if !merged.profile_unknown {
        require_lines(item, merged, out);
    }
    super::needed::refuse_nothing_needed(&issuer, merged, out);
    issuer
}

/// An issuer without lines: what is not written has these values.
fn bare(name: &str) -> Issuer {
    Issuer {
        name: name.into(),
        url: String::new(),
        keys: None,
        audience: Vec::new(),
        algorithms: Vec::new(),
        types: vec![None, Some("JWT".into()), Some("at+jwt".into())],
        require: Vec::new(),
        refuse: Vec::new(),
        leeway_s: 0,
        max_age_s: TOKEN_AGE_S_DEFAULT,
        subject: vec![SUBJECT.iter().map(|member| (*member).to_owned()).collect()],
        client: None,
        scopes: None,
        roles: Vec::new(),
        attributes: Vec::new(),
        token_cookies: Vec::new(),
        token_headers: Vec::new(),
        bound_mtls: false,
    }
}

fn apply(
    issuer: &mut Issuer,
    line: &Line,
    roles: &[&str],
    declared: &Declared<'_>,
    out: &mut Vec<Diagnostic>,
) {
    match &line.node {
        IssuerLineKind::Url(text) => issuer.url = good_url(text, false, out),
        IssuerLineKind::Keys(text) => issuer.keys = Some(good_url(text, true, out)),
        IssuerLineKind::Audience(texts) => issuer.audience = distinct(texts, "audience", out),
        IssuerLineKind::Algorithms(names) => issuer.algorithms = algorithms(names, line, out),
        IssuerLineKind::Type(types) => issuer.types = token_types(types, out),
        IssuerLineKind::Require(path, literal) => issuer.require.extend(requirement(path, literal, out)),
        IssuerLineKind::Refuse(claim) => issuer.refuse.push(path(claim)),
        IssuerLineKind::Leeway(s) => {
            issuer.leeway_s = duration("leeway", s.node, s.span, 0, LEEWAY_S_MAX, out)
        }
        IssuerLineKind::MaxAge(s) => {
            issuer.max_age_s = duration("max_age", s.node, s.span, 1, DURATION_S_MAX, out);
        }
        IssuerLineKind::Subject(claims) => issuer.subject = claims.iter().map(path).collect(),
        IssuerLineKind::Client(claim) => issuer.client = Some(path(claim)),
        IssuerLineKind::Scopes(claim) => {
            let shape = claim.shape.as_ref().map_or(ScopesShape::ListOrWords, |s| ScopesShape::Shape(s.node));
            issuer.scopes = Some((path(&claim.path), shape));
        }
        IssuerLineKind::Roles(claim) => issuer.roles.push(roles_claim(claim, line, roles, out)),
        IssuerLineKind::Attribute(attribute) => {
            issuer.attributes.extend(check_attribute(attribute, line, declared, out));
        }
        IssuerLineKind::TokenCookie(name) => issuer.token_cookies.extend(token_cookie(name, out)),
        IssuerLineKind::TokenHeader(name) => issuer.token_headers.extend(token_header(name, out)),
        IssuerLineKind::BoundMtls => issuer.bound_mtls = true,
    }
}

/// `url`, `audience` and `algorithms` must be said, by the issuer or by its profile: a default would be a guess at whom to trust.
fn require_lines(item: &ast::Issuer, merged: &Merged, out: &mut Vec<Diagnostic>) {
    let needed = [
        ("url", "write `url \"https://…\"`, exactly as tokens carry it in `iss`"),
        ("audience", "write `audience \"…\"`, the name of this API in a token's `aud`, or `audience none`"),
        (
            "algorithms",
            "write `algorithms …` with those that the issuer signs with, such as `RS256` or `ES256`",
        ),
    ];
    for (word, help) in needed {
        if !merged.lines.iter().any(|l| super::merge::word(&l.node) == word) {
            let message = match &item.profile {
                None => format!("issuer `{}` has no `{word}`", item.name.node),
                Some(p) => {
                    format!(
                        "issuer `{}` has no `{word}`, and profile `{}` gives none",
                        item.name.node, p.node
                    )
                }
            };
            out.push(Diagnostic::at(codes::LINE_MISSING, item.name.span, message).help(help));
        }
    }
}

fn good_url(text: &Text, query: bool, out: &mut Vec<Diagnostic>) -> String {
    if let Some(fault) = url::fault_of(&text.node, query) {
        out.push(
            Diagnostic::at(codes::URL_BAD, text.span, format!("`{}` {fault}", text.node))
                .help("write `https://HOST/PATH`; `http` may stand on `localhost` alone, for tests"),
        );
    }
    text.node.clone()
}

fn distinct(texts: &[Text], what: &str, out: &mut Vec<Diagnostic>) -> Vec<String> {
    for text in texts.iter().filter(|t| t.node.is_empty()) {
        out.push(
            Diagnostic::at(codes::TEXT_EMPTY, text.span, format!("an empty `{what}` matches no token"))
                .help(format!("write what tokens carry, or drop this {what}")),
        );
    }
    let mut all: Vec<String> = texts.iter().map(|t| t.node.clone()).collect();
    all.sort();
    all.dedup();
    all
}

fn algorithms(names: &[Name], line: &Line, out: &mut Vec<Diagnostic>) -> Vec<String> {
    for name in names {
        let span = line.place(name.span);
        if let Some(diagnostic) = algorithm_fault(&name.node, span, line.shipped) {
            out.push(diagnostic);
        }
    }
    let mut all: Vec<String> = names.iter().map(|n| n.node.clone()).collect();
    all.sort();
    all.dedup();
    all
}

pub(super) fn algorithm_fault(name: &str, span: Span, shipped: bool) -> Option<Diagnostic> {
    if ASYMMETRIC.contains(&name) || (name == "HS256" && !shipped) {
        return None;
    }
    let list = "use one of RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, EdDSA";
    if name.eq_ignore_ascii_case("none") {
        let message = "`none` is no signature: anybody could write such a token";
        return Some(Diagnostic::at(codes::ALGORITHM_UNSAFE, span, message).help(list));
    }
    if name == "HS256" {
        let message = "a profile can't bring `HS256`, whose key both sides share";
        return Some(Diagnostic::at(codes::ALGORITHM_UNSAFE, span, message).help("write `algorithms` here"));
    }
    let diagnostic =
        Diagnostic::at(codes::ALGORITHM_UNKNOWN, span, format!("there is no algorithm `{name}` here"));
    Some(match nearest(name, ASYMMETRIC) {
        Some(near) => diagnostic.help(format!("did you mean `{near}`?")).help(list),
        None => diagnostic.help(list),
    })
}

fn token_types(
    types: &[crate::source::Spanned<Option<String>>],
    out: &mut Vec<Diagnostic>,
) -> Vec<Option<String>> {
    for ty in types.iter().filter(|t| t.node.as_deref() == Some("")) {
        out.push(
            Diagnostic::at(codes::TEXT_EMPTY, ty.span, "an empty `type` stands in no token")
                .help("for tokens without `typ` write `none`, without quotes"),
        );
    }
    let mut all: Vec<Option<String>> = types.iter().map(|t| t.node.clone()).collect();
    all.sort();
    all.dedup();
    all
}

fn requirement(
    claim: &ClaimPath,
    literal: &Literal,
    out: &mut Vec<Diagnostic>,
) -> Option<(Vec<String>, LiteralKind)> {
    if matches!(literal.node, LiteralKind::Bool(_) | LiteralKind::Int(_) | LiteralKind::String(_)) {
        return Some((path(claim), literal.node.clone()));
    }
    let message = format!("a claim is never a `{}`", literal.node.ty().word());
    out.push(
        Diagnostic::at(codes::REQUIRE_LITERAL, literal.span, message)
            .help("compare with a string, an integer, `true` or `false`, as the token carries it"),
    );
    None
}

fn duration(word: &str, value: i64, span: Span, min: i64, max: i64, out: &mut Vec<Diagnostic>) -> i64 {
    if !(min..=max).contains(&value) {
        let message = format!("`{word}` is {value}s, and may be {min}s to {max}s");
        let help = if word == "leeway" {
            "clocks of servers agree to within seconds: write at most `30s`"
        } else {
            "write the longest time from `iat` to `exp` that tokens of this issuer have"
        };
        out.push(Diagnostic::at(codes::DURATION_RANGE, span, message).help(help));
    }
    value
}

/// Copies the member names of a claim path.
pub(super) fn path(claim: &ClaimPath) -> Vec<String> {
    claim.segments.iter().map(|s| s.node.clone()).collect()
}

fn roles_claim(
    claim: &ast::RolesClaim,
    line: &Line,
    roles: &[&str],
    out: &mut Vec<Diagnostic>,
) -> RolesClaim {
    let pairs: Vec<(&str, &Name)> = match &claim.grants {
        Grants::Mapped(pairs) => pairs.iter().map(|(value, role)| (value.node.as_str(), role)).collect(),
        Grants::Named(names) => names.iter().map(|role| (role.node.as_str(), role)).collect(),
    };
    if pairs.is_empty() {
        out.push(
            Diagnostic::at(codes::GRANTS_EMPTY, line.span, "this `roles` line grants nothing")
                .help("write `{ \"value in the token\" -> role }` or `as named {role}`, or drop the line"),
        );
    }
    let mut grants: Vec<(String, RoleId)> = pairs
        .iter()
        .filter_map(|(value, role)| Some(((*value).to_owned(), role_id(role, roles, out)?)))
        .collect();
    grants.sort();
    grants.dedup();
    let shape = claim.shape.as_ref().map_or(SetShape::List, |s| s.node);
    RolesClaim { path: path(&claim.path), shape, grants: crate::policy::Grants::new(grants) }
}

fn role_id(role: &Name, roles: &[&str], out: &mut Vec<Diagnostic>) -> Option<RoleId> {
    if let Ok(index) = roles.binary_search(&role.node.as_str()) {
        return u32::try_from(index).ok().map(RoleId);
    }
    let diagnostic =
        Diagnostic::at(codes::ROLE_UNKNOWN, role.span, format!("role `{}` isn't declared", role.node));
    let diagnostic = match did_you_mean(&role.node, roles.iter().copied()) {
        Some(hint) => diagnostic.help(hint),
        None => diagnostic,
    };
    out.push(diagnostic.help(format!("declare it with `role {}`", role.node)));
    None
}

fn token_header(name: &Text, out: &mut Vec<Diagnostic>) -> Option<String> {
    let lower = name.node.to_ascii_lowercase();
    let message = if !is_token(&name.node) {
        format!("`{}` is no name of a header", name.node)
    } else if is_taken(&lower) {
        format!("an issuer can't take tokens from the header `{lower}`")
    } else {
        return Some(lower);
    };
    let help = match lower.as_str() {
        "authorization" => "drop the line: `Authorization: Bearer …` is always read",
        "cookie" => "write `token cookie \"NAME\"` with the name of the cookie",
        _ => "name the header that carries nothing but the token, such as `x-amzn-oidc-data`",
    };
    out.push(Diagnostic::at(codes::TOKEN_SOURCE, name.span, message).help(help));
    None
}

fn token_cookie(name: &Text, out: &mut Vec<Diagnostic>) -> Option<String> {
    if is_token(&name.node) {
        return Some(name.node.clone());
    }
    out.push(
        Diagnostic::at(codes::TOKEN_SOURCE, name.span, format!("`{}` is no name of a cookie", name.node))
            .help("write the name as it stands before `=` in the `Cookie` header"),
    );
    None
}

/// Says whether a header has a meaning of its own: tokens are read from it anyway, hosts rewrite it, or it carries the assertion.
fn is_taken(header: &str) -> bool {
    HOP_BY_HOP.contains(&header) || SINGLE_VALUED.contains(&header) || header == "cookie"
}

/// Says whether a name is a token of RFC 9110 §5.6.2.
fn is_token(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
}
