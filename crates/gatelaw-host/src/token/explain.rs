//! Why a token is accepted or refused, step by step: for a person, and for programs that show it to one.
//!
//! A gate answers with one code. Whoever asks why wants to see what was checked, and what the token and the policy say there. The
//! token is never shown whole, its signature not at all, and no value of an attribute that the policy calls `secret`.

mod says;

use std::borrow::Borrow;

use gatelaw::Plan;
use gatelaw::ast::Privacy;
use gatelaw::identity::{AttributeValue, AttributeView, Identity};
use gatelaw::policy::{IdentityModel, RoleId};
use gatelaw::request::Token;
use serde::Serialize;
use serde::ser::Serializer;

use self::says::Reading;
use super::{Circumstances, TokenCode, judge};
use crate::token::Jws;
use crate::verifier::{Verifier, Who};

/// Says why a token is accepted or refused. Serialised, it is one JSON object, the same in every language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TokenExplained {
    /// The version of this form.
    pub v: u32,
    /// Whether the token is valid.
    pub accepted: bool,
    /// Why it isn't, as a decision's reason says it: `token:expired`, `keys_unavailable`.
    pub code: Option<String>,
    /// The same for a person.
    pub message: Option<&'static str>,
    /// The time of the check, in Unix seconds.
    pub now: i64,
    /// The issuer, by its name in the policy.
    pub issuer: Option<String>,
    /// Every check, in order.
    pub checks: Vec<CheckExplained>,
    /// Who is asking; `None` where the token isn't accepted.
    pub caller: Option<CallerExplained>,
    /// Who a token that isn't accepted says is asking, where only its key or its signature is at fault: nobody vouches for it.
    pub claimed: Option<CallerExplained>,
}

/// Holds one check of a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CheckExplained {
    /// What was checked: the code of a token that fails here.
    #[serde(serialize_with = "code_name")]
    pub check: TokenCode,
    /// What came of it.
    pub outcome: CheckOutcome,
    /// What the token and the policy say there; empty for what was not reached.
    pub says: String,
}

/// Says what came of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckOutcome {
    /// The token passed.
    Passed,
    /// The token is refused for this.
    Failed,
    /// The token was refused before.
    NotReached,
}

/// Holds what the claims of a token map to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CallerExplained {
    /// `user.id`
    pub id: String,
    /// `user.client`
    pub client: Option<String>,
    /// `user.actor`
    pub actor: Option<String>,
    /// `user.token_id`
    pub token_id: Option<String>,
    /// The roles, with those that they include.
    pub roles: Vec<String>,
    /// The scopes.
    pub scopes: Vec<String>,
    /// The declared attributes, by name.
    pub attributes: Vec<AttributeExplained>,
}

/// Holds one declared attribute.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AttributeExplained {
    /// Its name: `user.NAME`.
    pub name: String,
    /// Its type.
    #[serde(rename = "type")]
    pub ty: &'static str,
    /// Whether the policy calls it `secret`: its value isn't shown.
    pub secret: bool,
    /// Whether the token gives it a value.
    pub present: bool,
    /// Its value, unless it is absent or secret.
    #[serde(serialize_with = "attribute_value")]
    pub value: Option<AttributeValue>,
}

impl TokenExplained {
    /// Explains what a verifier makes of a token at a time. `who` is its answer, once a signature was verified where it asked for
    /// that; `client_cert` is the fact of that name.
    #[must_use]
    pub fn of<P: Borrow<Plan>>(
        verifier: &Verifier<P>,
        token: Token<'_>,
        client_cert: Option<&str>,
        now: i64,
        who: &Who,
    ) -> Self {
        let failed = match who {
            Who::Verified(_) => None,
            Who::Invalid(code) => Some(*code),
            Who::KeysUnavailable => Some(TokenCode::Key),
            // A verifier never answers so: no token has no three parts.
            Who::Anonymous => Some(TokenCode::Format),
        };
        let (plan, at) = (verifier.plan(), Circumstances { source: token.source, client_cert, now });
        let jws = Jws::read(token.value).ok();
        let claims = jws.as_ref().and_then(|jws| jws.claims().ok());
        let reading = Reading::of(verifier, token.value, at, jws.as_ref(), claims.as_ref());
        let model = plan.identity_model();
        let mapped = jws.as_ref().and_then(|jws| judge(model, plan.needs(), jws, at).ok());
        let mapped = mapped.map(|judged| CallerExplained::of(&judged.identity, model));
        let (caller, claimed) = if failed.is_none() { (mapped, None) } else { (None, mapped) };
        let is_unavailable = matches!(who, Who::KeysUnavailable);
        Self {
            v: 1,
            accepted: failed.is_none(),
            code: failed.map(|code| {
                if is_unavailable { "keys_unavailable".to_owned() } else { format!("token:{code}") }
            }),
            message: failed.map(|code| {
                if is_unavailable { "no keys of the token's issuer are at hand" } else { code.message() }
            }),
            now,
            issuer: reading.issuer.map(|issuer| issuer.name.clone()),
            checks: checks(&reading, failed),
            caller,
            claimed,
        }
    }

    /// Writes it as one line of JSON.
    #[must_use]
    pub fn to_line(&self) -> String {
        // Texts and numbers alone always serialise; were they not to, an empty line accepts no token.
        serde_json::to_string(self).unwrap_or_default()
    }
}

fn checks(reading: &Reading<'_>, failed: Option<TokenCode>) -> Vec<CheckExplained> {
    let mut is_reached = true;
    let explained = TokenCode::ALL.into_iter().map(|check| {
        let outcome = match is_reached {
            false => CheckOutcome::NotReached,
            true if failed == Some(check) => CheckOutcome::Failed,
            true => CheckOutcome::Passed,
        };
        is_reached &= outcome == CheckOutcome::Passed;
        CheckExplained { check, outcome, says: reading.says(check, outcome) }
    });
    explained.collect()
}

impl CallerExplained {
    fn of(identity: &Identity, model: &IdentityModel) -> Self {
        let roles = model.roles.iter().zip(0..).filter(|(_, id)| identity.has_role(RoleId(*id)));
        let attributes = model.attributes.iter().zip(identity.attributes()).map(|(attribute, value)| {
            let secret = attribute.privacy == Privacy::Secret;
            AttributeExplained {
                name: attribute.name.clone(),
                ty: attribute.ty.word(),
                secret,
                present: value.is_some(),
                value: value.filter(|_| !secret).map(AttributeView::to_value),
            }
        });
        Self {
            id: identity.id().to_owned(),
            client: identity.client().map(str::to_owned),
            actor: identity.actor().map(str::to_owned),
            token_id: identity.token_id().map(str::to_owned),
            roles: roles.map(|(role, _)| role.name.clone()).collect(),
            scopes: identity.scopes().map(str::to_owned).collect(),
            attributes: attributes.collect(),
        }
    }
}

fn code_name<S: Serializer>(code: &TokenCode, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(code.name())
}

/// Writes durations and instants as seconds, as claims have them.
fn attribute_value<S: Serializer>(value: &Option<AttributeValue>, serializer: S) -> Result<S::Ok, S::Error> {
    match value {
        None => serializer.serialize_none(),
        Some(AttributeValue::Bool(truth)) => serializer.serialize_bool(*truth),
        Some(
            AttributeValue::Int(number) | AttributeValue::Duration(number) | AttributeValue::Instant(number),
        ) => serializer.serialize_i64(*number),
        Some(AttributeValue::String(text)) => serializer.serialize_str(text),
        Some(AttributeValue::Strings(texts)) => serializer.collect_seq(texts),
        Some(AttributeValue::Ip(ip)) => serializer.collect_str(ip),
    }
}
