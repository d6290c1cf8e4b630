//! Claims to identity. A claim is missing, or it has the type that is asked for; anything else makes the token invalid.

use super::registered::{ACTOR, AUTHENTICATED_AT, AUTHORIZED_PARTY, CLIENT_ID, ISSUED_AT, TOKEN_ID};
use super::{AttributeValue, Identity, IdentityParts, TokenFault};
use crate::address::parse_ip;
use crate::ast::{LiteralKind, SetShape, Type};
use crate::bits::Bits;
use crate::json::{JsonText, Marks};
use crate::limits::MATCHED_VALUE_BYTES_MAX;
use crate::policy::{
    Attr, AttributeId, IdentityModel, Issuer, IssuerAttribute, IssuerId, RoleId, ScopesShape,
};
use crate::sort::sort_each_once;

/// A claim that is there and right, a claim that is missing, or an invalid token.
pub(super) type Claim<T> = Result<Option<T>, TokenFault>;

pub(super) fn map(
    model: &IdentityModel,
    issuer_name: &str,
    claims: &JsonText<'_>,
    client_cert: Option<&str>,
) -> Result<Identity, TokenFault> {
    let claims = &Claims::new(claims);
    let (id, issuer) = find(model, issuer_name).ok_or(TokenFault::Issuer)?;
    require(issuer, claims)?;
    refuse(issuer, claims)?;
    bound(issuer, claims, client_cert)?;
    let issued_at = integer(claims, ISSUED_AT)?;
    if model.reads_token_age && issued_at.is_none() {
        return Err(TokenFault::Claims);
    }
    let parts = IdentityParts {
        issuer: id,
        id: subject(issuer, claims)?,
        roles: roles(model, issuer, claims)?,
        scopes: scopes(issuer, claims)?,
        client: client(issuer, claims)?,
        actor: string(claims, ACTOR)?,
        token_id: string(claims, TOKEN_ID)?,
        issued_at,
        authenticated_at: integer(claims, AUTHENTICATED_AT)?,
        attributes: attributes(model, issuer, claims)?,
    };
    matched_values_fit(model, &parts)?;
    Identity::new(&parts)
}

pub(super) fn find<'m>(model: &'m IdentityModel, name: &str) -> Option<(IssuerId, &'m Issuer)> {
    let index = model.issuers.binary_search_by(|i| i.name.as_str().cmp(name)).ok()?;
    Some((IssuerId(u32::try_from(index).ok()?), model.issuers.get(index)?))
}

/// The claims of a token, with marks of their names: most that are looked for aren't there, and need no look at those that are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Claims<'c> {
    all: &'c JsonText<'c>,
    marks: Marks,
}

impl<'c> Claims<'c> {
    pub(super) fn new(all: &'c JsonText<'c>) -> Self {
        let mut marks = Marks::default();
        if let JsonText::Object(members) = all {
            members.iter().for_each(|(name, _)| _ = marks.add(name));
        }
        Self { all, marks }
    }

    fn is_missing(&self, name: &str) -> bool {
        matches!(self.all, JsonText::Object(_)) && !self.marks.may_have(name)
    }
}

/// Follows a path of member names. `null`, and a value on the way that is no object, are wrong, not missing.
// In a module of WebAssembly the code at each of its calls would weigh more than its time.
#[cfg_attr(target_arch = "wasm32", inline(never))]
pub(super) fn at<'c>(claims: &Claims<'c>, path: &[impl AsRef<str>]) -> Claim<&'c JsonText<'c>> {
    if path.first().is_some_and(|name| claims.is_missing(name.as_ref())) {
        return Ok(None);
    }
    let mut value = claims.all;
    for name in path {
        if !matches!(value, JsonText::Object(_)) {
            return Err(TokenFault::Claims);
        }
        match value.member(name.as_ref()) {
            Some(member) => value = member,
            None => return Ok(None),
        }
    }
    if matches!(value, JsonText::Null) { Err(TokenFault::Claims) } else { Ok(Some(value)) }
}

pub(super) fn string<'c>(claims: &Claims<'c>, path: &[impl AsRef<str>]) -> Claim<&'c str> {
    at(claims, path)?.map(as_str).transpose()
}

fn as_str<'c>(value: &'c JsonText<'_>) -> Result<&'c str, TokenFault> {
    match value {
        JsonText::String(text) => Ok(text),
        _ => Err(TokenFault::Claims),
    }
}

pub(super) fn integer(claims: &Claims<'_>, path: &[impl AsRef<str>]) -> Claim<i64> {
    at(claims, path)?.map(as_integer).transpose()
}

fn as_integer(value: &JsonText<'_>) -> Result<i64, TokenFault> {
    match value {
        JsonText::Int(number) => Ok(*number),
        _ => Err(TokenFault::Claims),
    }
}

/// Reads a set as the policy says the claim holds it, sorted, each member once; a missing one is empty.
pub(super) fn set<'c>(
    claims: &Claims<'c>,
    path: &[String],
    shape: SetShape,
) -> Result<Vec<&'c str>, TokenFault> {
    at(claims, path)?.map_or(Ok(Vec::new()), |value| as_set(value, shape))
}

fn as_set<'c>(value: &'c JsonText<'c>, shape: SetShape) -> Result<Vec<&'c str>, TokenFault> {
    let mut members = Vec::with_capacity(if let JsonText::Array(values) = value { values.len() } else { 0 });
    each_member(value, shape, &mut |member| members.push(member))?;
    sort(&mut members);
    Ok(members)
}

/// Sorts the members of a set, each once. Providers mostly write them so.
fn sort(members: &mut Vec<&str>) {
    if !members.is_sorted_by(|a, b| a < b) {
        sort_each_once(members);
    }
}

/// Calls with each member of a set, as they stand in a claim.
fn each_member<'c>(
    value: &'c JsonText<'c>,
    shape: SetShape,
    call: &mut dyn FnMut(&'c str),
) -> Result<(), TokenFault> {
    match (shape, value) {
        (SetShape::List, JsonText::Array(values)) => {
            values.iter().try_for_each(|value| as_str(value).map(&mut *call))
        }
        (SetShape::Words, JsonText::String(text)) => {
            text.split(' ').filter(|word| !word.is_empty()).for_each(call);
            Ok(())
        }
        (SetShape::One, JsonText::String(text)) => {
            call(text);
            Ok(())
        }
        _ => Err(TokenFault::Claims),
    }
}

fn require(issuer: &Issuer, claims: &Claims<'_>) -> Result<(), TokenFault> {
    issuer.require.iter().try_for_each(|(path, literal)| required(claims, path, literal))
}

/// Asks one `require` line.
pub(super) fn required(
    claims: &Claims<'_>,
    path: &[String],
    literal: &LiteralKind,
) -> Result<(), TokenFault> {
    let holds = match (at(claims, path)?, literal) {
        (Some(JsonText::String(text)), LiteralKind::String(expected)) => text == expected,
        (Some(JsonText::Int(number)), LiteralKind::Int(expected)) => number == expected,
        (Some(JsonText::Bool(truth)), LiteralKind::Bool(expected)) => truth == expected,
        _ => false,
    };
    if holds { Ok(()) } else { Err(TokenFault::Claims) }
}

/// A claim that an issuer refuses is no part of a good token, not even as `null`.
fn refuse(issuer: &Issuer, claims: &Claims<'_>) -> Result<(), TokenFault> {
    for path in &issuer.refuse {
        if at(claims, path)?.is_some() {
            return Err(TokenFault::Claims);
        }
    }
    Ok(())
}

/// Takes the first subject that is there and not empty: providers leave one empty to say that it is the other.
pub(super) fn subject<'c>(issuer: &Issuer, claims: &Claims<'c>) -> Result<&'c str, TokenFault> {
    for path in &issuer.subject {
        if let Some(subject) = string(claims, path)?.filter(|s| !s.is_empty()) {
            return Ok(subject);
        }
    }
    Err(TokenFault::Claims)
}

/// A token that names how its bearer proves possession is worthless without that proof. The only one that a gate can see is
/// the client certificate (RFC 8705 §3.1), so any other confirmation method beside it is refused too.
pub(super) fn bound(
    issuer: &Issuer,
    claims: &Claims<'_>,
    client_cert: Option<&str>,
) -> Result<(), TokenFault> {
    let Some(cnf) = at(claims, &["cnf"])? else { return Ok(()) };
    let proven = match cnf {
        JsonText::Object(members) => match members.as_slice() {
            [(name, JsonText::String(thumbprint))] if name == "x5t#S256" => {
                issuer.bound_mtls && client_cert.and_then(thumbprint_of).is_some_and(|t| t == *thumbprint)
            }
            _ => false,
        },
        _ => false,
    };
    if proven { Ok(()) } else { Err(TokenFault::Claims) }
}

/// Turns the 64 lower-case hex digits of a certificate's SHA-256 into base64url without padding, as `x5t#S256` has it.
fn thumbprint_of(hex: &str) -> Option<String> {
    let digits = hex.as_bytes();
    let mut bytes = Vec::with_capacity(32);
    for pair in digits.chunks(2) {
        let [high, low] = pair else { return None };
        bytes.push(hex_digit(*high)? << 4 | hex_digit(*low)?);
    }
    (bytes.len() == 32).then(|| crate::base64url::encode(&bytes))
}

fn hex_digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    }
}

fn client<'c>(issuer: &Issuer, claims: &Claims<'c>) -> Claim<&'c str> {
    match &issuer.client {
        Some(path) => string(claims, path),
        None => match string(claims, AUTHORIZED_PARTY)? {
            Some(azp) => Ok(Some(azp)),
            None => string(claims, CLIENT_ID),
        },
    }
}

pub(super) fn scopes<'c>(issuer: &Issuer, claims: &Claims<'c>) -> Result<Vec<&'c str>, TokenFault> {
    let Some((path, shape)) = &issuer.scopes else { return Ok(Vec::new()) };
    let Some(value) = at(claims, path)? else { return Ok(Vec::new()) };
    let shape = match (shape, value) {
        (ScopesShape::Shape(shape), _) => *shape,
        (ScopesShape::ListOrWords, JsonText::String(_)) => SetShape::Words,
        (ScopesShape::ListOrWords, _) => SetShape::List,
    };
    as_set(value, shape)
}

/// Grants what any `roles` line grants, and all that those roles include.
fn roles(model: &IdentityModel, issuer: &Issuer, claims: &Claims<'_>) -> Result<Vec<RoleId>, TokenFault> {
    let mut granted = Bits::below(model.roles.len());
    for line in &issuer.roles {
        let Some(claim) = at(claims, &line.path)? else { continue };
        // What stands in a claim more than once must not add up.
        let mut met = Bits::below(line.grants.pairs().len());
        each_member(claim, line.shape, &mut |value| {
            let Some((place, roles)) = line.grants.of(value) else { return };
            if met.insert(place) {
                let closures = roles.filter_map(|role| model.role(role)).flat_map(|role| &role.closure);
                closures.for_each(|role| {
                    granted.insert(role.0);
                });
            }
        })?;
    }
    let mut roles = Vec::with_capacity(granted.count());
    roles.extend(granted.iter().map(RoleId));
    Ok(roles)
}

fn attributes<'c>(
    model: &IdentityModel,
    issuer: &'c Issuer,
    claims: &Claims<'c>,
) -> Result<Vec<Option<AttributeValue<&'c str>>>, TokenFault> {
    let mut values = Vec::with_capacity(model.attributes.len());
    for (attribute, id) in model.attributes.iter().zip(0_u32..) {
        values.push(match issuer.attributes.iter().find(|a| a.attribute == AttributeId(id)) {
            Some(line) => value(line, attribute.ty, claims)?,
            // A set is never absent, whoever issued the token.
            None => (attribute.ty == Type::Strings).then(|| AttributeValue::Strings(Vec::new())),
        });
    }
    Ok(values)
}

pub(super) fn value<'c>(
    line: &'c IssuerAttribute,
    ty: Type,
    claims: &Claims<'c>,
) -> Claim<AttributeValue<&'c str>> {
    if ty == Type::Strings {
        return Ok(Some(AttributeValue::Strings(set(claims, &line.path, line.shape)?)));
    }
    match (at(claims, &line.path)?, &line.default) {
        (Some(claim), _) => scalar(claim, ty).map(Some),
        (None, Some(default)) => literal(default).map(Some).ok_or(TokenFault::Claims),
        (None, None) if line.optional => Ok(None),
        (None, None) => Err(TokenFault::Claims),
    }
}

fn scalar<'c>(claim: &'c JsonText<'c>, ty: Type) -> Result<AttributeValue<&'c str>, TokenFault> {
    let value = match (ty, claim) {
        (Type::Bool, JsonText::Bool(truth)) => Some(AttributeValue::Bool(*truth)),
        (Type::Int, JsonText::Int(number)) => Some(AttributeValue::Int(*number)),
        (Type::String, JsonText::String(text)) => Some(AttributeValue::String(text.as_ref())),
        (Type::Ip, JsonText::String(text)) => parse_ip(text.as_bytes()).map(AttributeValue::Ip),
        (Type::Duration, JsonText::Int(seconds @ 0..)) => Some(AttributeValue::Duration(*seconds)),
        (Type::Instant, JsonText::Int(seconds)) => {
            crate::time::in_range(*seconds).then_some(AttributeValue::Instant(*seconds))
        }
        _ => None,
    };
    value.ok_or(TokenFault::Claims)
}

fn literal(default: &LiteralKind) -> Option<AttributeValue<&str>> {
    match default {
        LiteralKind::Bool(truth) => Some(AttributeValue::Bool(*truth)),
        LiteralKind::Int(number) => Some(AttributeValue::Int(*number)),
        LiteralKind::String(text) => Some(AttributeValue::String(text)),
        LiteralKind::Ip(net) => Some(AttributeValue::Ip(net.address())),
        LiteralKind::Duration(seconds) => Some(AttributeValue::Duration(*seconds)),
        LiteralKind::Instant(seconds) => Some(AttributeValue::Instant(*seconds)),
        LiteralKind::Clock(_) | LiteralKind::Weekday(_) => None,
    }
}

/// Keeps the cost of `matches` bounded: a longer value than it may test makes the token invalid.
fn matched_values_fit(model: &IdentityModel, parts: &IdentityParts<&str>) -> Result<(), TokenFault> {
    let too_long = |text: &&str| text.len() > MATCHED_VALUE_BYTES_MAX;
    let attribute = |id: AttributeId| parts.attributes.get(usize::try_from(id.0).ok()?)?.as_ref();
    let fits = model.matched.iter().all(|attr| match attr {
        Attr::UserId => !too_long(&parts.id),
        Attr::UserClient => !parts.client.as_ref().is_some_and(too_long),
        Attr::UserActor => !parts.actor.as_ref().is_some_and(too_long),
        Attr::UserTokenId => !parts.token_id.as_ref().is_some_and(too_long),
        Attr::User(id) => !matches!(attribute(*id), Some(AttributeValue::String(text)) if too_long(text)),
        _ => true,
    });
    if fits { Ok(()) } else { Err(TokenFault::Claims) }
}
