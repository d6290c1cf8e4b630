//! The workload in gatelaw's own forms: policy text, identities, raw requests, request lines.

use std::fmt::Write as _;

use gatelaw::json::Json;
use gatelaw::policy::IdentityModel;
use gatelaw::request::{Fact, Facts};
use gatelaw::{Identity, RawRequest};
use serde_json::json;

use crate::requests::{HOST, NOW};
use crate::workload::{
    Access, Caller, Condition, EMBARGOED, OTHER_CLAIMS, ROLE_LEVELS, ROLE_TREES, Request, Rule, Shape,
    Workload, role_name, scope, scope_name,
};

/// The name of the one issuer.
const ISSUER: &str = "okta";

/// Writes the policy.
#[must_use]
pub fn text(workload: &Workload) -> String {
    let mut text = String::from(ISSUER_TEXT);
    let roles: Vec<String> = (0..ROLE_TREES * ROLE_LEVELS).map(role_name).collect();
    line(&mut text, format_args!("  roles claim groups as named {{{}}}\n}}\n", roles.join(", ")));
    for (number, role) in roles.iter().enumerate() {
        let below =
            number.checked_sub(1).filter(|_| !number.is_multiple_of(ROLE_LEVELS)).and_then(|n| roles.get(n));
        let includes = below.map(|below| format!(" includes {below}")).unwrap_or_default();
        line(&mut text, format_args!("role {role}{includes}"));
    }
    let burned: Vec<String> = workload.burned.iter().map(|net| format!("{net}/24")).collect();
    line(&mut text, format_args!("list burned: ip = [{}]", burned.join(", ")));
    text += DENIES_TEXT;
    let embargoed: Vec<String> = EMBARGOED.iter().map(|c| format!("{c:?}")).collect();
    line(&mut text, format_args!("list embargoed: string = [{}]\n", embargoed.join(", ")));
    for (number, rule) in workload.rules.iter().enumerate() {
        write_rule(&mut text, number, rule);
    }
    text
}

const ISSUER_TEXT: &str = r#"issuer okta {
  url        "https://acme.okta.com/oauth2/default"
  audience   "api://gateway"
  algorithms RS256
  scopes     claim scp as list
  attribute tenant: string = claim org_id
  attribute mfa:    bool   = claim mfa ?? false
  attribute status: string = claim status ?? "active"
"#;

const DENIES_TEXT: &str = r#"deny burned { when request.ip in burned }
deny embargo {
  when has request.country and request.country in embargoed
  respond 451 "not available in your country"
}
deny suspended { for authenticated when user.status == "suspended" }
"#;

fn line(text: &mut String, line: std::fmt::Arguments<'_>) {
    // Writing to a `String` can't fail.
    _ = writeln!(text, "{line}");
}

/// Names a rule by its number.
#[must_use]
pub fn rule_name(number: usize) -> String {
    format!("rule-{number:05}")
}

fn write_rule(text: &mut String, number: usize, rule: &Rule) {
    let methods = match rule.access {
        Access::Read => "GET|HEAD",
        Access::Write => "POST|PUT|DELETE",
    };
    let rest = match rule.shape {
        Shape::Item => "{id}",
        Shape::Below => "**",
    };
    let (role, scope) = (role_name(rule.role), scope_name(scope(rule.resource, rule.access)));
    let condition = match rule.condition {
        Condition::None => String::new(),
        Condition::Tenant => "  when user.tenant == path.id\n".to_owned(),
        Condition::Network(n) => format!("  when request.ip in 10.{n}.0.0/16\n"),
        Condition::SecondFactor => "  when user.mfa\n".to_owned(),
    };
    let (name, place) = (rule_name(number), format!("/svc{}/v1/res{}/{rest}", rule.service, rule.resource));
    line(
        text,
        format_args!(
            "allow {name} {{\n  on {methods} {place}\n  for {role} and scope {scope:?}\n{condition}}}"
        ),
    );
}

/// Writes the claims of a caller's token.
#[must_use]
pub fn claims(number: usize, caller: &Caller) -> serde_json::Value {
    let mut claims = json!({
        "sub": format!("user-{number}"),
        "groups": caller.roles.iter().map(|r| role_name(*r)).collect::<Vec<_>>(),
        "scp": caller.scopes.iter().map(|s| scope_name(*s)).collect::<Vec<_>>(),
        "org_id": format!("t{}", caller.tenant),
        "mfa": caller.second_factor,
    });
    if let Some(members) = claims.as_object_mut() {
        if caller.suspended {
            members.insert("status".into(), json!("suspended"));
        }
        for name in OTHER_CLAIMS.iter().take(caller.other_claims) {
            members.insert((*name).to_owned(), json!(format!("{name} of user {number}")));
        }
    }
    claims
}

/// Maps the claims of every caller, as a host does once a token.
///
/// # Panics
/// Where claims don't fit the policy: a mistake of the workload.
#[must_use]
#[expect(clippy::expect_used, reason = "a workload that doesn't fit its policy must stop at once")]
pub fn identities(workload: &Workload, model: &IdentityModel) -> Vec<Identity> {
    let numbered = workload.callers.iter().enumerate();
    let mapped = numbered.map(|(number, caller)| {
        let claims = gatelaw_host::json::parse(&claims(number, caller).to_string()).unwrap_or(Json::Null);
        Identity::map(model, ISSUER, &claims, None).expect("claims that fit the policy")
    });
    mapped.collect()
}

/// Lists the header lines of a request as a host hands them over.
#[must_use]
pub fn header_lines(request: &Request) -> Vec<(&[u8], &[u8])> {
    request.headers.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes())).collect()
}

/// Makes the raw request of a request.
#[must_use]
pub fn raw<'r>(request: &'r Request, headers: &'r [(&'r [u8], &'r [u8])]) -> RawRequest<'r> {
    RawRequest {
        headers,
        ip: Some(request.ip.into()),
        facts: Facts { country: Fact::Present(request.country), ..Facts::default() },
        now: NOW,
        ..RawRequest::new(request.method.as_bytes(), HOST.as_bytes(), request.target.as_bytes())
    }
}

/// Writes a request as a line of JSON.
#[must_use]
pub fn request_line(workload: &Workload, request: &Request) -> String {
    let mut line = json!({
        "method": request.method, "scheme": "https", "host": HOST, "target": request.target,
        "headers": request.headers, "ip": request.ip.to_string(), "facts": {"country": request.country}, "now": NOW,
    });
    let caller = request.caller.and_then(|number| Some((number, workload.callers.get(number)?)));
    if let (Some((number, caller)), Some(members)) = (caller, line.as_object_mut()) {
        members.insert("identity".into(), json!({"issuer": ISSUER, "claims": claims(number, caller)}));
    }
    line.to_string()
}
