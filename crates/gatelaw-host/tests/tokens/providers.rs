//! Tokens as real providers issue them, beside those that only look alike, against the profile of each: `providers/NAME.json`.
//!
//! A file holds a policy with one issuer and its tokens: header, claims, and what they give or the code that refuses them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use gatelaw::identity::{AttributeValue, IdentityParts};
use gatelaw::policy::IdentityModel;
use gatelaw::profiles::PROFILES;
use gatelaw::request::{Token as RawToken, TokenSource};
use gatelaw::{Plan, RawRequest, Sources};
use gatelaw_host::keys::{Algorithm, Jwk, KeySet};
use gatelaw_host::token::CallerExplained;
use gatelaw_host::{Gate, Step, Verifier, Who, is_signature_valid};
use serde::Deserialize;
use serde_json::Value;

use crate::signer::Signer;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Provider {
    #[expect(dead_code, reason = "says to the reader where the shape of the tokens is documented")]
    about: String,
    now: i64,
    policy: Vec<String>,
    tokens: Vec<Token>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Token {
    name: String,
    header: BTreeMap<String, String>,
    claims: Value,
    gives: Option<Gives>,
    refused: Option<String>,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Gives {
    id: String,
    client: Option<String>,
    roles: Vec<String>,
    scopes: Vec<String>,
    attributes: BTreeMap<String, Value>,
}

#[test]
fn every_profile_has_its_tokens() {
    for (name, _) in PROFILES {
        let provider = read(name);
        assert!(provider.tokens.iter().any(|t| t.gives.is_some()), "{name}: one that is taken");
        assert!(provider.tokens.iter().any(|t| t.refused.is_some()), "{name}: one that is refused");
        assert!(provider.policy[0].contains(&format!(" like {name} ")), "{name}");
        assert!(provider.tokens.iter().all(|t| t.gives.is_some() != t.refused.is_some()), "{name}");
    }
}

/// Each token is signed as its provider does, and goes the whole way.
#[test]
fn tokens_are_judged_as_each_provider_means_them() {
    let signers = [Algorithm::Rs256, Algorithm::Es256, Algorithm::Es384].map(Signer::new);
    let mut wrong = Vec::new();
    for (name, _) in PROFILES {
        let provider = read(name);
        let plan = plan(&provider.policy);
        for token in provider.tokens {
            let algorithm = token.header["alg"].as_str();
            // One that no issuer here lists is refused before its signature is looked at.
            let signer = signers.iter().find(|s| s.algorithm.name() == algorithm).unwrap_or(&signers[0]);
            let header = serde_json::to_string(&token.header).unwrap();
            let text = signer.token_of(&header, token.claims.to_string().as_bytes());
            let found = judged(&plan, signer, &text, provider.now);
            let expected = token.gives.ok_or(token.refused.unwrap_or_default());
            if found != expected {
                wrong.push(format!("{name}, {}: {found:?} instead of {expected:?}", token.name));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

/// What a gate decides by is what an explanation shows: a record that keeps all of a caller has it to the byte.
#[test]
fn a_decision_has_of_a_caller_what_its_explanation_says() {
    let signers = [Algorithm::Rs256, Algorithm::Es256, Algorithm::Es384].map(Signer::new);
    let mut compared = 0;
    for (name, _) in PROFILES {
        let provider = read(name);
        for (token, gives) in provider.tokens.iter().filter_map(|token| Some((token, token.gives.as_ref()?)))
        {
            let declared: Vec<String> = gives.attributes.keys().cloned().collect();
            let mut gate = Gate::new(Arc::new(compiled(&with_record(&provider.policy, &declared))));
            let signer =
                signers.iter().find(|signer| signer.algorithm.name() == token.header["alg"]).unwrap();
            let issuer = gate.session().plan().identity_model().issuers[0].name.clone();
            let keys = Jwk { kid: None, ..signer.jwk() };
            assert!(gate.set_keys(&issuer, KeySet { keys: vec![Arc::new(keys)] }));
            let header = serde_json::to_string(&token.header).unwrap();
            let text = signer.token_of(&header, token.claims.to_string().as_bytes());
            let value = format!("Bearer {text}");
            let headers: [(&[u8], &[u8]); 1] = [(b"authorization", value.as_bytes())];
            let now = provider.now;
            gate.decide(&RawRequest {
                headers: &headers,
                now,
                ..RawRequest::new(b"GET", b"a.example", b"/")
            });
            let decision = gate.session().to_decision();
            let given = RawToken { source: TokenSource::Authorization, value: &text };
            let explained = gate.explain_token(given, None, now, None);
            assert_eq!(decision.reason.to_string(), "rule", "{name}, {}", token.name);
            assert_eq!(decision.keep, record(&issuer, &explained.caller.unwrap()), "{name}, {}", token.name);
            compared += 1;
        }
    }
    assert!(compared >= 2 * PROFILES.len(), "{compared}");
}

/// Adds rules that let everybody in, and keep all that is known of them.
fn with_record(policy: &[String], declared: &[String]) -> String {
    let built_in = ["id", "issuer", "client", "actor", "token_id", "roles", "scopes"].map(str::to_owned);
    let kept: Vec<String> = built_in.iter().chain(declared).map(|name| format!("user.{name}")).collect();
    let rules = format!(
        "allow everything {{ for authenticated }}\naudit kept {{ for authenticated  keep {} }}\n",
        kept.join(", ")
    );
    policy.join("\n") + "\n" + &rules
}

/// Writes a caller as a record has it: what is absent isn't there, sets are joined.
fn record(issuer: &str, caller: &CallerExplained) -> Vec<(String, String)> {
    let mut record = vec![
        ("id".to_owned(), Some(caller.id.clone())),
        ("issuer".to_owned(), Some(issuer.to_owned())),
        ("client".to_owned(), caller.client.clone()),
        ("actor".to_owned(), caller.actor.clone()),
        ("token_id".to_owned(), caller.token_id.clone()),
        ("roles".to_owned(), Some(caller.roles.join(","))),
        ("scopes".to_owned(), Some(caller.scopes.join(","))),
    ];
    let attributes = caller.attributes.iter();
    record.extend(attributes.map(|attribute| (attribute.name.clone(), attribute.value.as_ref().map(text))));
    let mut record: Vec<(String, String)> =
        record.into_iter().filter_map(|(name, text)| Some((format!("user.{name}"), text?))).collect();
    record.sort();
    record
}

fn text(value: &AttributeValue) -> String {
    match json(value) {
        Value::String(text) => text,
        Value::Array(texts) => texts.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    }
}

fn judged(plan: &Arc<Plan>, signer: &Signer, token: &str, now: i64) -> Result<Gives, String> {
    let mut verifier = Verifier::new(Arc::clone(plan), 10);
    // No header names its key: the one key fits.
    let keys = Jwk { kid: None, ..signer.jwk() };
    let issuer = plan.identity_model().issuers[0].name.clone();
    verifier.set_keys(verifier.issuer(&issuer).unwrap(), KeySet { keys: vec![Arc::new(keys)] });
    let token = RawToken { source: TokenSource::Authorization, value: token };
    let who = match verifier.begin(token, None, now) {
        Step::Decided(who) => who,
        Step::NeedsSignature(pending) => {
            let is_valid = is_signature_valid(&pending);
            verifier.settle(*pending, is_valid)
        }
        Step::NeedsKeys(wanted) => panic!("{wanted:?} though its keys are fixed"),
    };
    match who {
        Who::Verified(prepared) => Ok(gives(plan.identity_model(), &prepared.identity().to_parts())),
        Who::Invalid(code) => Err(code.name().to_owned()),
        Who::Anonymous | Who::KeysUnavailable => panic!("a token is there, and so are keys"),
    }
}

fn read(name: &str) -> Provider {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/tokens/providers/{name}.json"));
    serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap()
}

fn plan(policy: &[String]) -> Arc<Plan> {
    // What the issuer grants is used, so that nothing is left to warn of.
    let text = policy.join("\n") + "\nallow everything { for authenticated }\n";
    Arc::new(compiled(&text))
}

fn compiled(text: &str) -> Plan {
    gatelaw::compile(&Sources::from_text("policy.gate", text)).unwrap().plan
}

fn gives(model: &IdentityModel, identity: &IdentityParts) -> Gives {
    let names = model.attributes.iter().map(|attribute| attribute.name.clone());
    Gives {
        id: identity.id.clone(),
        client: identity.client.clone(),
        roles: identity.roles.iter().map(|id| model.role(*id).unwrap().name.clone()).collect(),
        scopes: identity.scopes.clone(),
        attributes: names
            .zip(identity.attributes.iter().map(|value| value.as_ref().map_or(Value::Null, json)))
            .collect(),
    }
}

fn json(value: &AttributeValue) -> Value {
    match value {
        AttributeValue::Bool(truth) => (*truth).into(),
        AttributeValue::Int(number) | AttributeValue::Duration(number) | AttributeValue::Instant(number) => {
            (*number).into()
        }
        AttributeValue::String(text) => text.clone().into(),
        AttributeValue::Strings(texts) => texts.clone().into(),
        AttributeValue::Ip(address) => address.to_string().into(),
    }
}
