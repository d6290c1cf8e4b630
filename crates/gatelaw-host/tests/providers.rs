//! Tokens as real providers issue them, beside those that only look alike, against the profile of each: `providers/NAME.json`.
//!
//! A file holds a policy with one issuer and its tokens: header, claims, and what they give or the code that refuses them.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use gatelaw::identity::{AttributeValue, Identity};
use gatelaw::policy::IdentityModel;
use gatelaw::profiles::PROFILES;
use gatelaw::source::Sources;
use gatelaw_host::json::parse_borrowed;
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Provider {
    #[expect(dead_code, reason = "says to the reader where the shape of the tokens is documented")]
    about: String,
    #[expect(dead_code, reason = "the judge's clock")]
    now: i64,
    policy: Vec<String>,
    tokens: Vec<Token>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Token {
    name: String,
    #[expect(dead_code, reason = "the reader's")]
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

/// Claims are mapped last, so a token that an earlier check refuses shows nothing here.
#[test]
fn claims_map_as_each_provider_means_them() {
    for (name, _) in PROFILES {
        let provider = read(name);
        let model = model(&provider.policy);
        for token in provider.tokens {
            let text = token.claims.to_string();
            let claims = parse_borrowed(&text).unwrap();
            let found = Identity::map(&model, &model.issuers[0].name, &claims, None);
            let found = found.map(|identity| gives(&model, &identity)).map_err(|fault| fault.code());
            match (token.gives, token.refused.as_deref()) {
                (Some(gives), _) => assert_eq!(found, Ok(gives), "{name}: {}", token.name),
                (None, Some("claims")) => assert_eq!(found, Err("claims"), "{name}: {}", token.name),
                (None, _) => {}
            }
        }
    }
}

fn read(name: &str) -> Provider {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/providers/{name}.json"));
    serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap()
}

fn model(policy: &[String]) -> IdentityModel {
    // What the issuer grants is used, so that nothing is left to warn of.
    let text = policy.join("\n") + "\nallow everything { for authenticated }\n";
    gatelaw::compile(&Sources::from_text("policy.gate", &text)).unwrap().policy.identity
}

fn gives(model: &IdentityModel, identity: &Identity) -> Gives {
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
