//! What remembered tokens cost.

use gatelaw::request::{Token, TokenSource};
use gatelaw::{Effect, Plan, RawRequest, Session, Sources, compile};
use gatelaw_host::keys::Algorithm;
use gatelaw_host::{Gate, Step, Verifier, Who};

use crate::checks::NOW;
use crate::signer::Signer;

const POLICY: &str = r#"
issuer okta {
  url "https://acme.okta.com"  audience "api"  algorithms ES256
  scopes claim scp
  roles claim groups as named {staff, admin}
  attribute tenant: string = claim org_id
  personal attribute email: string? = claim email
}
role staff
role admin includes staff
allow read { on GET /orders/**  for staff and scope "orders:read"  when user.tenant == "t1" }
forward ids { for authenticated  set "x-user" = user.id  set "x-roles" = user.roles }
"#;

fn plan() -> Plan {
    compile(&Sources::from_text("policy.gate", POLICY)).unwrap().plan
}

/// Claims as Okta gives them.
fn claims(number: usize) -> String {
    format!(
        r#"{{"ver":1,"jti":"AT.{number:043}","iss":"https://acme.okta.com","aud":"api","iat":{NOW},"exp":{},"cid":"0oa1gjh63g214q0Hq0g4","uid":"00u1gjh63g214q0Hq0g4","scp":["openid","profile","orders:read"],"sub":"user.{number}@acme.example","groups":["Everyone","staff"],"org_id":"t1","email":"user.{number}@acme.example"}}"#,
        NOW + 3600
    )
}

#[test]
fn a_token_that_is_remembered_and_its_decision_allocate_nothing() {
    let signer = Signer::new(Algorithm::Es256);
    let mut gate = Gate::new(plan());
    assert!(gate.set_keys("okta", signer.keys()));
    let values: Vec<String> = (0..3).map(|n| format!("Bearer {}", signer.token(&claims(n)))).collect();
    let mut all = || {
        for value in &values {
            let headers: [(&[u8], &[u8]); 1] = [(b"authorization", value.as_bytes())];
            let raw = RawRequest {
                headers: &headers,
                now: NOW,
                ..RawRequest::new(b"GET", b"a.example", b"/orders/1")
            };
            assert_eq!(gate.decide(&raw).effect(), Effect::Allow);
        }
    };
    // Once to verify them, once to keep them whole.
    all();
    all();
    assert_eq!(allocation_counter::measure(&mut all).count_total, 0);
}

#[test]
fn a_hundred_thousand_tokens_stay_within_64_mib() {
    const TOKENS: usize = 100_000;
    let signer = Signer::new(Algorithm::Es256);
    let plan = plan();
    let header_and_signature = signer.token("{}");
    let (header, signature) =
        (header_and_signature.split('.').next().unwrap(), header_and_signature.rsplit('.').next().unwrap());
    let token = |n: usize| {
        let payload = gatelaw::base64url::encode(claims(n).as_bytes());
        format!("{header}.{payload}.{}{n:06}AAAA", &signature[..76])
    };
    let (mut verifier, mut known) = (None, 0);
    let filled = allocation_counter::measure(|| {
        let mut filling = Verifier::new(&plan, TOKENS);
        filling.set_keys(filling.issuer("okta").unwrap(), signer.keys());
        for n in 0..TOKENS {
            let text = token(n);
            let token = Token { source: TokenSource::Authorization, value: &text };
            // The host's word on the signature is taken: what is measured is what is remembered.
            let Step::NeedsSignature(pending) = filling.begin(token, None, NOW) else { panic!("{n}") };
            assert!(matches!(filling.settle(*pending, true), Who::Verified(_)));
        }
        verifier = Some(filling);
    });
    let mut verifier = verifier.unwrap();
    for n in 0..TOKENS {
        let text = token(n);
        let step = verifier.begin(Token { source: TokenSource::Authorization, value: &text }, None, NOW);
        known += usize::from(matches!(step, Step::Decided(Who::Verified(_))));
    }
    let (bytes, peak) = (filled.bytes_current, filled.bytes_max);
    println!("{known} tokens of {TOKENS} remembered in {bytes} bytes, {peak} at most on the way");
    assert!(bytes <= 64 << 20 && peak <= 64 << 20, "{bytes} bytes, {peak} at most");
    assert_eq!(known, TOKENS);
    let session = Session::new(&plan);
    assert_eq!(session.plan().digest(), plan.digest());
}
