//! Every check, and the order of all.

use gatelaw::request::{Token, TokenSource};
use gatelaw::{Sources, compile};
use gatelaw_host::keys::Algorithm;
use gatelaw_host::token::TokenCode;
use gatelaw_host::{Step, Verifier, Who, is_signature_valid};

use crate::counters::answers;
use crate::signer::Signer;

pub(crate) const NOW: i64 = 1_800_000_000;

const POLICY: &str = r#"
issuer a { url "https://a.example"  audience "api", "other"  algorithms ES256  token cookie "a" }
issuer b { url "https://b.example"  audience "api"  algorithms ES256  token cookie "b" }
issuer open { url "https://open.example"  audience none  algorithms ES256  type "special+jwt" }
allow any-signed { for authenticated }
"#;

const AUTHORIZATION: TokenSource = TokenSource::Authorization;

fn code(signer: &Signer, token: &str, source: TokenSource) -> &'static str {
    let plan = compile(&Sources::from_text("policy.gate", POLICY)).unwrap().plan;
    let mut verifier = Verifier::new(plan, 10);
    for issuer in ["a", "b", "open"] {
        verifier.set_keys(verifier.issuer(issuer).unwrap(), signer.keys());
    }
    let who = match verifier.begin(Token { source, value: token }, None, NOW) {
        Step::Decided(who) => who,
        Step::NeedsSignature(pending) => {
            let is_valid = is_signature_valid(&pending);
            verifier.settle(*pending, is_valid)
        }
        Step::NeedsKeys(wanted) => panic!("{wanted:?} though its keys are fixed"),
    };
    let counters = verifier.counters();
    assert_eq!(answers(counters), 1, "an answer counts once");
    match who {
        Who::Verified(_) => "ok",
        Who::Invalid(code) => {
            let issuers = counters.issuers.iter().map(|issuer| &issuer.refused);
            let counted: u64 = issuers.chain([&counters.refused]).map(|refused| refused.of(code)).sum();
            assert_eq!(counted, 1, "{code}");
            code.name()
        }
        Who::Anonymous | Who::KeysUnavailable => panic!("a token is there, and so are keys"),
    }
}

/// Each token is the one before it with its first mistake mended: what is told is always the first one that is left.
#[test]
fn the_first_mistake_is_told() {
    let signer = Signer::new(Algorithm::Es256);
    let unsigned = |header: &str, payload: &str| {
        let token = signer.token_of(header, payload.as_bytes());
        format!("{}AAAA", token.rsplit_once('.').map(|(signed, _)| format!("{signed}.")).unwrap())
    };
    let (bad_header, worst) = (r#"{"alg":"none","typ":"x","kid":"other"}"#, r#"{"iss":"https://x.example"}"#);
    let no_alg = r#"{"typ":"x","crit":["x"]}"#;
    let crit = r#"{"alg":"none","typ":"x","kid":"other","crit":["x"]}"#;
    let claims = |rest: &str| format!(r#"{{"iss":"https://a.example"{rest}}}"#);
    let typed = r#"{"alg":"ES256","typ":"JWT","kid":"other"}"#;
    let (past, old, future) = (NOW - 1, NOW - 86_400 * 30, NOW + 100);
    let later = NOW + 10;
    let steps = [
        ("x".repeat(16 * 1024 + 1), AUTHORIZATION),
        ("x.y".to_owned(), AUTHORIZATION),
        (unsigned(no_alg, "[]"), AUTHORIZATION),
        (unsigned(crit, "[]"), AUTHORIZATION),
        (unsigned(bad_header, "[]"), TokenSource::Cookie(1)),
        (unsigned(bad_header, worst), TokenSource::Cookie(1)),
        (unsigned(bad_header, &claims("")), TokenSource::Cookie(1)),
        (unsigned(bad_header, &claims("")), AUTHORIZATION),
        (unsigned(r#"{"alg":"ES256","typ":"x","kid":"other"}"#, &claims("")), AUTHORIZATION),
        (unsigned(typed, &claims("")), AUTHORIZATION),
        (
            unsigned(typed, &claims(&format!(r#","aud":"api","exp":{past},"auth_time":{future}"#))),
            AUTHORIZATION,
        ),
        (
            unsigned(
                typed,
                &claims(&format!(r#","aud":"api","exp":{past},"iat":{old},"auth_time":{future}"#)),
            ),
            AUTHORIZATION,
        ),
        (
            unsigned(
                typed,
                &claims(&format!(r#","aud":"api","exp":{later},"iat":{old},"auth_time":{future}"#)),
            ),
            AUTHORIZATION,
        ),
        (unsigned(typed, &claims(&format!(r#","aud":"api","exp":{later},"iat":{old}"#))), AUTHORIZATION),
        (unsigned(typed, &claims(&format!(r#","aud":"api","exp":{later},"iat":{past}"#))), AUTHORIZATION),
        (
            unsigned(typed, &claims(&format!(r#","aud":"api","exp":{later},"iat":{past},"sub":"u""#))),
            AUTHORIZATION,
        ),
        (
            unsigned(
                r#"{"alg":"ES256","typ":"JWT","kid":"ES256"}"#,
                &claims(&format!(r#","aud":"api","exp":{later},"iat":{past},"sub":"u""#)),
            ),
            AUTHORIZATION,
        ),
    ];
    let told: Vec<&str> = steps.iter().map(|(token, source)| code(&signer, token, *source)).collect();
    assert_eq!(told, TokenCode::ALL.map(TokenCode::name));
    let mended = signer.token(&claims(&format!(r#","aud":"api","exp":{later},"iat":{past},"sub":"u""#)));
    assert_eq!(code(&signer, &mended, AUTHORIZATION), "ok");
}

#[test]
fn headers_are_judged() {
    let signer = Signer::new(Algorithm::Es256);
    let payload =
        format!(r#"{{"iss":"https://a.example","aud":"api","exp":{},"iat":{NOW},"sub":"u"}}"#, NOW + 10);
    let longest = format!(r#"{{"alg":"ES256","kid":"{}"}}"#, "~ ".repeat(128));
    let long = format!(r#"{{"alg":"ES256","kid":"{}"}}"#, "x".repeat(257));
    let deep = format!(r#"{{"alg":"ES256","kid":"ES256","x":{}1{}}}"#, "[".repeat(16), "]".repeat(16));
    let table = [
        (r#"{"alg":"ES256","kid":"ES256"}"#, "ok"),
        (r#"{"alg":"ES256","kid":"ES256","typ":"application/AT+JWT"}"#, "ok"),
        (r#"{"alg":"ES256","kid":"ES256","typ":"jwt"}"#, "ok"),
        (r#"{"alg":"ES256"}"#, "ok"),
        (r#"{"alg":"ES256","kid":"ES256","jku":"https://x","jwk":{},"x5u":5,"x5c":null}"#, "ok"),
        (r#"{"alg":"ES256","kid":"ES256","typ":"application/x/jwt"}"#, "type"),
        // As long as `application/`, and something else.
        (r#"{"alg":"ES256","kid":"ES256","typ":"applications+jwt"}"#, "type"),
        (r#"{"alg":"ES256","kid":"ES256","typ":"abcdefghijklJWT"}"#, "type"),
        (r#"{"alg":"ES256","kid":"ES256","typ":""}"#, "type"),
        (r#"{"alg":"ES256","kid":"ES256","typ":null}"#, "header"),
        (r#"{"alg":"ES256","kid":"ES256","crit":null}"#, "crit"),
        (r#"{"alg":"ES256","kid":"ES256","b64":true}"#, "header"),
        (r#"{"alg":"ES256","kid":"es256"}"#, "key"),
        (r#"{"alg":"ES256","kid":""}"#, "header"),
        (r#"{"alg":"ES256","kid":"a\tb"}"#, "header"),
        (r#"{"alg":"ES256","kid":"ü"}"#, "header"),
        (r#"{"alg":"ES256","kid":1}"#, "header"),
        (r#"{"alg":["ES256"]}"#, "header"),
        (r#"{"ALG":"ES256"}"#, "header"),
        (r#"{"alg":"es256","kid":"ES256"}"#, "alg"),
        (r#"{"alg":"ES384","kid":"ES256"}"#, "alg"),
        (r#"{"alg":"HS256","kid":"ES256"}"#, "alg"),
        (r#"{"alg":"ES256","alg":"ES256"}"#, "header"),
        (r#"{"alg":"ES256","x":{"a":1,"\u0061":2}}"#, "header"),
        (r#"{"alg":"ES256"} x"#, "header"),
        (r#"["ES256"]"#, "header"),
        ("", "header"),
        (&longest, "key"),
        (&long, "header"),
        (&deep, "header"),
    ];
    for (header, expected) in table {
        let token = signer.token_of(header, payload.as_bytes());
        assert_eq!(code(&signer, &token, AUTHORIZATION), expected, "{header}");
    }
}

#[test]
fn claims_are_judged() {
    let signer = Signer::new(Algorithm::Es256);
    let later = NOW + 10;
    let table = [
        (format!(r#""aud":["x","other"],"exp":{later},"iat":{NOW},"sub":"u""#), "ok"),
        (format!(r#""aud":"api","exp":{later}.0,"iat":1.8e9,"sub":"u""#), "ok"),
        (format!(r#""aud":"API","exp":{later},"iat":{NOW},"sub":"u""#), "audience"),
        (format!(r#""aud":[],"exp":{later},"iat":{NOW},"sub":"u""#), "audience"),
        (format!(r#""aud":["api",1],"exp":{later},"iat":{NOW},"sub":"u""#), "audience"),
        (format!(r#""aud":["api",null],"exp":{later},"iat":{NOW},"sub":"u""#), "audience"),
        (format!(r#""aud":{{"api":1}},"exp":{later},"iat":{NOW},"sub":"u""#), "audience"),
        (format!(r#""aud":"api","exp":"{later}","iat":{NOW},"sub":"u""#), "times"),
        (format!(r#""aud":"api","exp":{later}.5,"iat":{NOW},"sub":"u""#), "times"),
        (format!(r#""aud":"api","exp":null,"iat":{NOW},"sub":"u""#), "times"),
        (format!(r#""aud":"api","exp":1e300,"iat":{NOW},"sub":"u""#), "times"),
        (format!(r#""aud":"api","exp":9223372036854775807,"iat":{NOW},"sub":"u""#), "times"),
        (format!(r#""aud":"api","exp":{later},"sub":"u""#), "times"),
        (format!(r#""aud":"api","exp":{later},"iat":-9223372036854775808,"sub":"u""#), "times"),
        (format!(r#""aud":"api","exp":{NOW},"iat":{NOW},"sub":"u""#), "expired"),
        (format!(r#""aud":"api","exp":{later},"iat":{NOW},"nbf":{later},"sub":"u""#), "not_yet_valid"),
        (format!(r#""aud":"api","exp":{later},"iat":{NOW},"nbf":"0","sub":"u""#), "times"),
        (format!(r#""aud":"api","exp":{later},"iat":{NOW},"auth_time":null,"sub":"u""#), "times"),
        (format!(r#""aud":"api","exp":{NOW},"iat":1,"sub":"u""#), "expired"),
        (format!(r#""aud":"api","exp":{later},"iat":{},"sub":"u""#, NOW + 1), "not_yet_valid"),
        (format!(r#""aud":"api","exp":{later},"iat":{NOW},"nbf":{},"sub":"u""#, NOW + 1), "not_yet_valid"),
        (
            format!(r#""aud":"api","exp":{later},"iat":{NOW},"auth_time":{},"sub":"u""#, NOW + 1),
            "not_yet_valid",
        ),
        (format!(r#""aud":"api","exp":{},"iat":{NOW},"sub":"u""#, NOW + 86_400), "ok"),
        (format!(r#""aud":"api","exp":{},"iat":{NOW},"sub":"u""#, NOW + 86_401), "lifetime"),
        (format!(r#""aud":"api","exp":{later},"iat":{NOW},"sub":"""#), "claims"),
        (format!(r#""aud":"api","exp":{later},"iat":{NOW},"sub":7"#), "claims"),
        (format!(r#""aud":"api","exp":{later},"iat":{NOW},"sub":"u","cnf":{{"jkt":"x"}}"#), "claims"),
        (format!(r#""aud":"api","exp":{later},"iat":{NOW},"sub":"u","sub":"u""#), "payload"),
        (
            format!(
                r#""aud":"api","exp":{later},"iat":{NOW},"sub":"u","x":{}"#,
                "[".repeat(16) + &"]".repeat(16)
            ),
            "payload",
        ),
        (
            format!(
                r#""aud":"api","exp":{later},"iat":{NOW},"sub":"u","x":{}"#,
                "[".repeat(15) + &"]".repeat(15)
            ),
            "ok",
        ),
    ];
    for (claims, expected) in table {
        let token = signer.token(&format!(r#"{{"iss":"https://a.example",{claims}}}"#));
        assert_eq!(code(&signer, &token, AUTHORIZATION), expected, "{claims}");
    }
}

#[test]
fn issuers_are_told_apart() {
    let signer = Signer::new(Algorithm::Es256);
    let times = format!(r#""exp":{},"iat":{NOW},"sub":"u""#, NOW + 10);
    let special = |claims: &str| signer.token_of(r#"{"alg":"ES256","typ":"special+jwt"}"#, claims.as_bytes());
    let (cookie_a, cookie_b) = (TokenSource::Cookie(0), TokenSource::Cookie(1));
    let of =
        |issuer: &str| signer.token(&format!(r#"{{"iss":"https://{issuer}.example","aud":"api",{times}}}"#));
    let table = [
        (of("a"), AUTHORIZATION, "ok"),
        (of("a"), cookie_a, "ok"),
        (of("a"), cookie_b, "source"),
        (of("b"), cookie_b, "ok"),
        (of("a"), TokenSource::Cookie(7), "source"),
        (of("a"), TokenSource::Header(0), "source"),
        (
            signer.token(&format!(r#"{{"iss":"https://a.example/","aud":"api",{times}}}"#)),
            AUTHORIZATION,
            "issuer",
        ),
        (
            signer.token(&format!(r#"{{"iss":["https://a.example"],"aud":"api",{times}}}"#)),
            AUTHORIZATION,
            "issuer",
        ),
        (signer.token(&format!(r#"{{"aud":"api",{times}}}"#)), AUTHORIZATION, "issuer"),
        (of("open"), AUTHORIZATION, "type"),
        (special(&format!(r#"{{"iss":"https://open.example",{times}}}"#)), AUTHORIZATION, "ok"),
        (special(&format!(r#"{{"iss":"https://open.example","aud":"any",{times}}}"#)), AUTHORIZATION, "ok"),
        (special(&format!(r#"{{"iss":"https://open.example","aud":5,{times}}}"#)), AUTHORIZATION, "audience"),
    ];
    for (token, source, expected) in table {
        assert_eq!(code(&signer, &token, source), expected, "{source:?}");
    }
}

#[test]
fn texts_that_are_no_token_are_refused() {
    let signer = Signer::new(Algorithm::Es256);
    let claims =
        format!(r#"{{"iss":"https://a.example","aud":"api","exp":{},"iat":{NOW},"sub":"u"}}"#, NOW + 10);
    let token = signer.token(&claims);
    assert_eq!(code(&signer, &token, AUTHORIZATION), "ok");
    for bent in [
        String::new(),
        "...".to_owned(),
        format!("{token}."),
        format!("{token}="),
        format!("{token}\n"),
        format!(" {token}"),
        format!("{token}.e30"),
        token.replacen('.', "..", 1),
        token.replace('.', "%2E"),
    ] {
        assert_eq!(code(&signer, &bent, AUTHORIZATION), "format", "{bent}");
    }
    assert_eq!(code(&signer, &"x".repeat(16 * 1024), AUTHORIZATION), "format");
    assert_eq!(code(&signer, &"x".repeat(16 * 1024 + 1), AUTHORIZATION), "size");
    // Every changed character of the signature changes what it says, or is none that can stand there.
    let (signed, signature) = token.rsplit_once('.').unwrap();
    for at in 0..signature.len() {
        let other = if signature.as_bytes()[at] == b'A' { "B" } else { "A" };
        let bent = format!("{signed}.{}{other}{}", &signature[..at], &signature[at + 1..]);
        assert!(matches!(code(&signer, &bent, AUTHORIZATION), "signature" | "format"), "{bent}");
    }
}
