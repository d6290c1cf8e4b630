//! What a token claims, judged by the lines of its issuer and the caller's clock.

use gatelaw::Identity;
use gatelaw::json::JsonText;
use gatelaw::needs::Needs;
use gatelaw::policy::{IdentityModel, Issuer, IssuerId};
use gatelaw::request::TokenSource;
use gatelaw::time::in_range;

use super::{Jws, TokenCode};
use crate::counters::{Refusal, Skew};
use crate::keys::Algorithm;

/// Holds what claims came to; the signature isn't verified yet.
#[derive(Debug, Clone)]
pub(crate) struct Judged {
    /// The caller, mapped.
    pub identity: Identity,
    /// The algorithm, which its issuer lists.
    pub algorithm: Algorithm,
    /// The Unix seconds from which it is valid, leeway included.
    pub valid_from: i64,
    /// The Unix seconds at which it is valid no more, leeway included.
    pub expires: i64,
    /// Whether it is bound to a client certificate.
    pub is_bound: bool,
    /// The wrong clock that its times make likely.
    pub skew: Option<Skew>,
}

/// What a token is judged by, beside the policy.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Circumstances<'a> {
    /// Where the token stands.
    pub source: TokenSource,
    /// The fact `client_cert`.
    pub client_cert: Option<&'a str>,
    /// Unix seconds.
    pub now: i64,
}

/// Judges all of a token but its signature.
pub(crate) fn judge(
    model: &IdentityModel,
    needs: &Needs,
    jws: &Jws<'_>,
    at: Circumstances<'_>,
) -> Result<Judged, Refusal> {
    let claims = jws.claims()?;
    let (id, issuer) = issuer(model, &claims)?;
    let judged = judge_by(issuer, model, needs, (jws, &claims), at);
    judged.map_err(|refusal| Refusal { issuer: Some(id), ..refusal })
}

/// Judges it by the lines of its issuer.
fn judge_by(
    issuer: &Issuer,
    model: &IdentityModel,
    needs: &Needs,
    (jws, claims): (&Jws<'_>, &JsonText<'_>),
    at: Circumstances<'_>,
) -> Result<Judged, Refusal> {
    if !takes_from(issuer, needs, at.source) {
        return Err(TokenCode::Source.into());
    }
    let algorithm =
        jws.header.algorithm.filter(|alg| issuer.algorithms.iter().any(|name| name == alg.name()));
    let algorithm = algorithm.ok_or(TokenCode::Alg)?;
    if !issuer.types.iter().any(|typ| same_type(typ.as_deref(), jws.header.typ.as_deref())) {
        return Err(TokenCode::Type.into());
    }
    if !audience(issuer, claims) {
        return Err(TokenCode::Audience.into());
    }
    let Times { valid_from, expires, skew } = times(issuer, claims, at.now)?;
    let identity =
        Identity::map(model, &issuer.name, claims, at.client_cert).map_err(|_| TokenCode::Claims)?;
    Ok(Judged { identity, algorithm, valid_from, expires, is_bound: claims.member("cnf").is_some(), skew })
}

/// Finds the issuer that `iss` names: exactly, as RFC 9068 §4 asks.
fn issuer<'m>(model: &'m IdentityModel, claims: &JsonText<'_>) -> Result<(IssuerId, &'m Issuer), TokenCode> {
    let Some(JsonText::String(iss)) = claims.member("iss") else { return Err(TokenCode::Issuer) };
    let mut numbered = (0..).map(IssuerId).zip(&model.issuers);
    numbered.find(|(_, issuer)| issuer.url == *iss).ok_or(TokenCode::Issuer)
}

/// Says whether an issuer takes tokens from a place: each takes bearer tokens, others only where its lines say so.
pub(crate) fn takes_from(issuer: &Issuer, needs: &Needs, source: TokenSource) -> bool {
    let named = |all: &[String], index: u32, taken: &[String]| {
        let name = usize::try_from(index).ok().and_then(|index| all.get(index));
        name.is_some_and(|name| taken.contains(name))
    };
    match source {
        TokenSource::Authorization => true,
        TokenSource::Header(index) => named(&needs.token_headers, index, &issuer.token_headers),
        TokenSource::Cookie(index) => named(&needs.token_cookies, index, &issuer.token_cookies),
    }
}

/// Compares types as media types are: letters in any case, `application/` left out (RFC 7515 §4.1.9).
fn same_type(listed: Option<&str>, given: Option<&str>) -> bool {
    fn short(typ: &str) -> &str {
        match typ.split_at_checked("application/".len()) {
            Some((prefix, rest)) if prefix.eq_ignore_ascii_case("application/") && !rest.contains('/') => {
                rest
            }
            _ => typ,
        }
    }
    match (listed, given) {
        (None, None) => true,
        (Some(listed), Some(given)) => short(listed).eq_ignore_ascii_case(short(given)),
        (Some(_), None) | (None, Some(_)) => false,
    }
}

/// Says whether `aud`, a string or an array of strings (RFC 7519 §4.1.3), names one of the issuer's audiences. Where the issuer
/// has none, a missing one will do; one of a wrong type never does.
fn audience(issuer: &Issuer, claims: &JsonText<'_>) -> bool {
    let is_ours = |name: &str| issuer.audience.is_empty() || issuer.audience.iter().any(|ours| ours == name);
    match claims.member("aud") {
        None => issuer.audience.is_empty(),
        Some(JsonText::String(name)) => is_ours(name),
        Some(JsonText::Array(names)) => {
            let texts = names.iter().map(|name| if let JsonText::String(n) = name { Some(n) } else { None });
            let texts: Option<Vec<_>> = texts.collect();
            texts.is_some_and(|texts| texts.iter().any(|name| is_ours(name)))
        }
        Some(_) => false,
    }
}

/// The times of a token that is valid now, leeway included.
struct Times {
    valid_from: i64,
    expires: i64,
    skew: Option<Skew>,
}

/// Judges the times of a token (RFC 7519 §4.1).
fn times(issuer: &Issuer, claims: &JsonText<'_>, now: i64) -> Result<Times, Refusal> {
    let time = |name: &str| match claims.member(name) {
        None => Ok(None),
        Some(JsonText::Int(time)) if in_range(*time) => Ok(Some(*time)),
        Some(_) => Err(TokenCode::Times),
    };
    let [exp, iat, nbf, auth_time] = ["exp", "iat", "nbf", "auth_time"].map(time);
    let (exp, iat) = (exp?.ok_or(TokenCode::Times)?, iat?.ok_or(TokenCode::Times)?);
    let (nbf, auth_time) = (nbf?, auth_time?);
    // INVARIANT: times are years 0 to 9999, so that neither sums nor differences of two overflow.
    let expires = exp + issuer.leeway_s;
    let begins = [Some(iat), nbf, auth_time].into_iter().flatten().fold(iat, i64::max);
    let valid_from = begins - issuer.leeway_s;
    let skew = Skew::of(valid_from, expires, issuer, now);
    if now >= expires {
        return Err(Refusal { skew, ..TokenCode::Expired.into() });
    }
    if now < valid_from {
        return Err(Refusal { skew, ..TokenCode::NotYetValid.into() });
    }
    // Leeway alone lets times get here that contradict each other.
    if exp <= iat || nbf.is_some_and(|nbf| exp <= nbf) || exp - iat > issuer.max_age_s {
        return Err(TokenCode::Lifetime.into());
    }
    Ok(Times { valid_from, expires, skew })
}

/// Finds an issuer by its number.
pub(crate) fn issuer_of(model: &IdentityModel, id: IssuerId) -> Option<&Issuer> {
    model.issuers.get(usize::try_from(id.0).ok()?)
}
