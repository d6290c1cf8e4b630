//! Issuers.

use super::expressions::optional;
use super::faults::{expected, fail};
use super::input::{Input, Parsed};
use super::items::{block, type_word, unknown_line};
use super::literals::{duration_s, must_literal};
use super::tokens::{close, keyword, list1, must, name, peek, sign, string, text, word};
use crate::ast::{
    Attribute, ClaimPath, Grants, Issuer, IssuerLine, IssuerLineKind, Name, Privacy, RolesClaim, SetClaim,
    SetShape, Text, TypeName,
};
use crate::codes::grammar::UNKNOWN_CLAUSE;
use crate::source::Spanned;

const LINE_WORDS: &[&str] = &[
    "url",
    "keys",
    "audience",
    "algorithms",
    "type",
    "require",
    "refuse",
    "leeway",
    "max_age",
    "subject",
    "client",
    "scopes",
    "roles",
    "attribute",
    "personal",
    "secret",
    "token",
    "bound",
];

/// `issuer okta { … }`, `issuer aws like aws_sts { … }`
pub(super) fn issuer(input: Input<'_>) -> Parsed<'_, Issuer> {
    let start = input.space();
    let (rest, _) = keyword("issuer")(start)?;
    let (rest, issuer) = name("the name of an issuer")(rest)?;
    let (rest, profile) = match keyword("like")(rest) {
        Ok((behind, _)) => {
            let (rest, profile) = name("the name of a profile")(behind)?;
            (rest, Some(profile))
        }
        Err(_) => (rest, None),
    };
    let (rest, lines) = block(LINE_WORDS, line)(rest)?;
    Ok((rest, Issuer { span: start.span_to(rest), name: issuer, profile, lines }))
}

fn line(input: Input<'_>) -> Parsed<'_, IssuerLine> {
    let start = input.space();
    let found = peek(start);
    if !LINE_WORDS.contains(&found) {
        return Err(unknown_line(start, "a line of an issuer", LINE_WORDS));
    }
    let (rest, _) = word(start)?;
    let (rest, node) = match found {
        "url" => text("the issuer's URL in quotes")(rest).map(|(r, t)| (r, IssuerLineKind::Url(t))),
        "keys" => text("the URL of a key set in quotes")(rest).map(|(r, t)| (r, IssuerLineKind::Keys(t))),
        "audience" => audience(rest),
        "algorithms" => list1(algorithm)(rest).map(|(r, names)| (r, IssuerLineKind::Algorithms(names))),
        "type" => list1(jose_type)(rest).map(|(r, types)| (r, IssuerLineKind::Type(types))),
        "require" => require(rest),
        "refuse" => claim(rest).map(|(r, path)| (r, IssuerLineKind::Refuse(path))),
        "leeway" => duration_s("a duration such as `10s`")(rest).map(|(r, s)| (r, IssuerLineKind::Leeway(s))),
        "max_age" => duration_s("a duration such as `1h`")(rest).map(|(r, s)| (r, IssuerLineKind::MaxAge(s))),
        "subject" => subject(rest),
        "client" => claim(rest).map(|(r, path)| (r, IssuerLineKind::Client(path))),
        "scopes" => scopes(rest),
        "roles" => roles(rest),
        "token" => token(rest),
        "bound" => bound(rest),
        _ => attribute(start),
    }?;
    Ok((rest, IssuerLine { span: start.span_to(rest), node }))
}

/// `"api://orders", "api://admin"`, `none`
fn audience(input: Input<'_>) -> Parsed<'_, IssuerLineKind> {
    if let Ok((rest, _)) = keyword("none")(input) {
        return Ok((rest, IssuerLineKind::Audience(Vec::new())));
    }
    list1(text("an audience in quotes, or `none`"))(input)
        .map(|(rest, texts)| (rest, IssuerLineKind::Audience(texts)))
}

/// `RS256`
fn algorithm(input: Input<'_>) -> Parsed<'_, Name> {
    word(input).map_err(|_| expected(input, "an algorithm such as `RS256`, without quotes"))
}

/// `"at+jwt"`, `none`
fn jose_type(input: Input<'_>) -> Parsed<'_, Spanned<Option<String>>> {
    if let Ok((rest, span)) = keyword("none")(input) {
        return Ok((rest, Spanned { node: None, span }));
    }
    let (rest, found) = text("a JOSE `typ` in quotes, or `none`")(input)?;
    Ok((rest, Spanned { node: Some(found.node), span: found.span }))
}

/// `claim token_use == "access"`
fn require(input: Input<'_>) -> Parsed<'_, IssuerLineKind> {
    let (rest, path) = claim(input)?;
    let (rest, _) = must("==")(rest)?;
    let (rest, literal) = must_literal("a value such as `\"access\"`")(rest)?;
    Ok((rest, IssuerLineKind::Require(path, literal)))
}

/// `claim oid`, `claim sub ?? claim common_name`
fn subject(input: Input<'_>) -> Parsed<'_, IssuerLineKind> {
    let (mut rest, first) = claim(input)?;
    let mut paths = vec![first];
    while let Ok((behind, _)) = sign("??")(rest) {
        let (behind, path) = claim(behind)?;
        paths.push(path);
        rest = behind;
    }
    Ok((rest, IssuerLineKind::Subject(paths)))
}

/// `claim "https://sts.amazonaws.com/".org_id`
fn claim(input: Input<'_>) -> Parsed<'_, ClaimPath> {
    let start = input.space();
    let (mut rest, _) =
        keyword("claim")(start).map_err(|_| expected(start, "`claim` and the name of a claim"))?;
    let mut segments = Vec::new();
    loop {
        let (behind, segment) = claim_segment(rest)?;
        segments.push(segment);
        rest = behind;
        if !rest.rest.starts_with('.') {
            return Ok((rest, ClaimPath { span: start.span_to(rest), segments }));
        }
        rest = rest.skip(1);
    }
}

fn claim_segment(input: Input<'_>) -> Parsed<'_, Text> {
    match optional(string(input))? {
        Some((rest, segment)) => Ok((rest, segment)),
        None => {
            word(input).map_err(|_| expected(input, "the name of a claim, in quotes where it is no word"))
        }
    }
}

/// `as list`; not `as named`
fn shape(input: Input<'_>) -> Parsed<'_, Option<Spanned<SetShape>>> {
    let Ok((rest, _)) = keyword("as")(input) else { return Ok((input, None)) };
    let node = match peek(rest) {
        "list" => SetShape::List,
        "words" => SetShape::Words,
        "one" => SetShape::One,
        "named" => return Ok((input, None)),
        _ => return Err(unknown_line(rest, "how the claim holds the set", &["list", "words", "one"])),
    };
    let (rest, found) = word(rest)?;
    Ok((rest, Some(Spanned { node, span: found.span })))
}

/// `claim scp as list`
fn scopes(input: Input<'_>) -> Parsed<'_, IssuerLineKind> {
    let (rest, path) = claim(input)?;
    let (rest, shape) = shape(rest)?;
    Ok((rest, IssuerLineKind::Scopes(SetClaim { path, shape })))
}

/// `claim groups { "Orders Staff" -> staff }`, `claim groups as named {viewer, staff}`
fn roles(input: Input<'_>) -> Parsed<'_, IssuerLineKind> {
    let (rest, path) = claim(input)?;
    let (rest, shape) = shape(rest)?;
    let (rest, grants) = match keyword("as")(rest) {
        Ok((behind, _)) => {
            let (behind, _) = keyword("named")(behind).map_err(|_| expected(behind, "`as named {…}`"))?;
            named(behind)?
        }
        Err(_) => mapped(rest)?,
    };
    Ok((rest, IssuerLineKind::Roles(RolesClaim { path, shape, grants })))
}

/// `{viewer, staff}`
fn named(input: Input<'_>) -> Parsed<'_, Grants> {
    let (rest, open) = must("{")(input)?;
    let (rest, names) = list1(name("the name of a role"))(rest)?;
    let (rest, _) = close("}", open)(rest)?;
    Ok((rest, Grants::Named(names)))
}

/// `{ "Orders Admins" -> admin, "Orders Staff" -> staff }`; a new line may stand for a comma
fn mapped(input: Input<'_>) -> Parsed<'_, Grants> {
    let (mut rest, open) =
        sign("{")(input).map_err(|_| expected(input, "`{ \"value\" -> role }`, or `as named {role, …}`"))?;
    let mut pairs = Vec::new();
    while let Some((behind, value)) = optional(string(rest))? {
        let (behind, _) = must("->")(behind)?;
        let (behind, role) = name("the name of a role")(behind)?;
        pairs.push((value, role));
        rest = sign(",")(behind).map_or(behind, |(behind, _)| behind);
        let line = behind.span_to(rest.space());
        let apart = behind.text_at(line).contains([',', '\n']) || rest.space().rest.starts_with('}');
        if !apart {
            return Err(expected(behind, "a comma or a new line"));
        }
    }
    let (rest, _) = close("}", open)(rest)?;
    Ok((rest, Grants::Mapped(pairs)))
}

/// `personal attribute email: string? = claim email`
fn attribute(input: Input<'_>) -> Parsed<'_, IssuerLineKind> {
    let (rest, privacy) = match peek(input) {
        "personal" => (word(input)?.0, Privacy::Personal),
        "secret" => (word(input)?.0, Privacy::Secret),
        _ => (input, Privacy::Open),
    };
    let (rest, _) = keyword("attribute")(rest).map_err(|_| expected(rest, "`attribute`"))?;
    let (rest, attribute) = name("the name of an attribute")(rest)?;
    let (rest, _) = must(":")(rest)?;
    let type_start = rest.space();
    let (rest, base) = type_word(rest)?;
    let optional = rest.rest.starts_with('?') && !rest.rest.starts_with("??");
    let rest = if optional { rest.skip(1) } else { rest };
    let ty = TypeName { span: type_start.span_to(rest), base: base.node, optional };
    let (rest, _) = must("=")(rest)?;
    let (rest, path) = claim(rest)?;
    let (rest, shape) = shape(rest)?;
    let (rest, default) = match sign("??")(rest) {
        Ok((behind, _)) => must_literal("a value such as `false`")(behind).map(|(r, l)| (r, Some(l)))?,
        Err(_) => (rest, None),
    };
    Ok((rest, IssuerLineKind::Attribute(Attribute { privacy, name: attribute, ty, path, shape, default })))
}

/// `cookie "session"`, `header "x-amzn-oidc-data"`
fn token(input: Input<'_>) -> Parsed<'_, IssuerLineKind> {
    match peek(input) {
        "cookie" => text("the name of a cookie in quotes")(word(input)?.0)
            .map(|(r, t)| (r, IssuerLineKind::TokenCookie(t))),
        "header" => text("the name of a header in quotes")(word(input)?.0)
            .map(|(r, t)| (r, IssuerLineKind::TokenHeader(t))),
        _ => Err(fail(super::faults::unknown_word(
            input.space(),
            UNKNOWN_CLAUSE,
            "where tokens come from",
            &["cookie", "header"],
        ))),
    }
}

/// `mtls` behind `bound`
fn bound(input: Input<'_>) -> Parsed<'_, IssuerLineKind> {
    let (rest, _) = keyword("mtls")(input).map_err(|_| expected(input, "`mtls`"))?;
    Ok((rest, IssuerLineKind::BoundMtls))
}
