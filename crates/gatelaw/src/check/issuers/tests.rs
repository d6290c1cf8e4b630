//! Issuers as written, and what becomes of them.

use super::*;
use crate::ast::Item;
use crate::ast::{LiteralKind, Privacy, SetShape, Type};
use crate::parse::parse;
use crate::policy::{AttributeId, RoleId, ScopesShape};
use crate::source::Sources;

const ROLES: [&str; 3] = ["admin", "staff", "viewer"];
const REQUIRED: &str = "url \"https://a.example\" audience \"api\" algorithms RS256";

fn issuers(text: &str) -> (Issuers, Vec<Diagnostic>) {
    let (ast, faults) = parse(&Sources::from_text("policy.gate", text));
    assert_eq!(faults, [], "{text}");
    let items: Vec<&ast::Issuer> = ast
        .items
        .iter()
        .map(|item| match item {
            Item::Issuer(issuer) => issuer,
            _ => panic!("{text}"),
        })
        .collect();
    let mut out = Vec::new();
    (check_issuers(&items, &ROLES, &mut out), out)
}

#[track_caller]
fn good(text: &str) -> Issuers {
    let (issuers, out) = issuers(text);
    assert_eq!(out, [], "{text}");
    issuers
}

/// Checks one issuer with the required lines and `lines`: the codes, and a piece of the first message or its help.
#[track_caller]
fn check(lines: &str, codes: &[u16], piece: &str) {
    check_text(&format!("issuer a {{ {REQUIRED} {lines} }}"), codes, piece);
}

#[track_caller]
fn check_text(text: &str, codes: &[u16], piece: &str) {
    let (_, out) = issuers(text);
    assert_eq!(out.iter().map(|d| d.code.number).collect::<Vec<_>>(), codes, "{text}: {out:?}");
    let said = out.iter().flat_map(|d| [&d.message].into_iter().chain(&d.help)).cloned().collect::<Vec<_>>();
    assert!(piece.is_empty() || said.iter().any(|s| s.contains(piece)), "{text}: {said:?}");
    assert!(out.iter().all(|d| d.span.is_some() && !d.help.is_empty()), "{text}");
}

#[test]
fn an_issuer_without_more_has_the_defaults() {
    let all = good(&format!("issuer a {{ {REQUIRED} }}"));
    let [issuer] = all.issuers.as_slice() else { panic!() };
    assert_eq!((issuer.leeway_s, issuer.max_age_s), (0, 86_400));
    assert_eq!(issuer.types, [None, Some("JWT".into()), Some("at+jwt".into())]);
    assert_eq!(issuer.subject, [["sub"]]);
    assert_eq!((&issuer.client, &issuer.scopes), (&None, &None));
    assert!(issuer.roles.is_empty() && issuer.attributes.is_empty() && !issuer.bound_mtls);
}

#[test]
fn every_line_is_taken() {
    let all = good(
        r#"issuer a {
            url "https://a.example/x"  keys "https://a.example/keys?v=1"
            audience "b", "a", "b"  algorithms RS256, HS256, EdDSA  type "JWT", none
            require claim use == "access"  require claim x."y z" == 1
            refuse claim hasgroups  refuse claim x."a b"
            leeway 30s  max_age 1h  subject claim oid ?? claim sub  client claim app.id
            scopes claim scp as words
            roles claim groups { "Staff" -> staff, "Boss" -> admin }
            roles claim r as one as named {viewer}
            attribute tenant: string = claim org
            personal attribute email: string? = claim email
            attribute tier: int = claim tier ?? 3
            secret attribute teams: strings = claim teams as words
            token cookie "Session"  token header "X-Token"  bound mtls
        }"#,
    );
    let [a] = all.issuers.as_slice() else { panic!() };
    assert_eq!(a.keys.as_deref(), Some("https://a.example/keys?v=1"));
    assert_eq!(a.audience, ["a", "b"]);
    assert_eq!(a.algorithms, ["EdDSA", "HS256", "RS256"]);
    assert_eq!(a.types, [None, Some("JWT".into())]);
    assert_eq!(a.require[0], (vec!["use".into()], LiteralKind::String("access".into())));
    assert_eq!(a.require[1], (vec!["x".into(), "y z".into()], LiteralKind::Int(1)));
    assert_eq!(a.refuse, [vec!["hasgroups".to_owned()], vec!["x".into(), "a b".into()]]);
    assert_eq!((a.leeway_s, a.max_age_s), (30, 3600));
    assert_eq!(
        (a.subject.concat(), a.client.clone().unwrap()),
        (vec!["oid".into(), "sub".into()], vec!["app".into(), "id".into()])
    );
    assert_eq!(a.scopes, Some((vec!["scp".into()], ScopesShape::Shape(SetShape::Words))));
    assert_eq!(a.roles[0].grants.pairs(), [("Boss".into(), RoleId(0)), ("Staff".into(), RoleId(1))]);
    assert_eq!(
        (a.roles[1].shape, a.roles[1].grants.pairs()),
        (SetShape::One, &[("viewer".into(), RoleId(2))][..])
    );
    assert_eq!(a.token_cookies, ["Session"]);
    assert_eq!(a.token_headers, ["x-token"]);
    assert!(a.bound_mtls);
    let names: Vec<_> = all.attributes.iter().map(|x| (x.name.as_str(), x.ty, x.privacy)).collect();
    assert_eq!(
        names,
        [
            ("email", Type::String, Privacy::Personal),
            ("teams", Type::Strings, Privacy::Secret),
            ("tenant", Type::String, Privacy::Open),
            ("tier", Type::Int, Privacy::Open),
        ]
    );
    assert_eq!(a.attributes.iter().map(|x| x.attribute.0).collect::<Vec<_>>(), [0, 1, 2, 3]);
    assert!(a.attributes[0].optional && !a.attributes[2].optional);
    assert_eq!(a.attributes[3].default, Some(LiteralKind::Int(3)));
}

#[test]
fn profiles_are_merged_line_by_line() {
    let all = good("issuer a like rfc9068 { url \"https://a.example\" audience \"api\" }");
    assert_eq!(all.issuers[0].types, [Some("application/at+jwt".into()), Some("at+jwt".into())]);
    assert_eq!(all.issuers[0].client, Some(vec!["client_id".into()]));
    let all = good(
        "issuer a like rfc9068 { url \"https://a.example\" audience none algorithms ES512 type \"JWT\" scopes claim s }",
    );
    assert_eq!(all.issuers[0].algorithms, ["ES512"]);
    assert_eq!(all.issuers[0].types, [Some("JWT".into())]);
    assert_eq!(all.issuers[0].scopes, Some((vec!["s".into()], ScopesShape::ListOrWords)));
    let all = good("issuer a like aws_sts { url \"https://a.example\" audience \"api\" max_age 5m }");
    assert_eq!((all.issuers[0].max_age_s, all.issuers[0].algorithms.len()), (300, 2));
    check_text("issuer a like rfc9069 { }", &[402], "did you mean `rfc9068`?");
    check_text("issuer a like keycloak2 { }", &[402], "the profiles are `auth0`, `aws_sts`");
    check_text("issuer a like rfc9068 { url \"https://a.example\" }", &[400], "profile `rfc9068` gives none");
}

#[test]
fn lines_of_a_profile_merge_by_their_kind() {
    let read = |text: &str| match parse(&Sources::from_text("p", text)).0.items.remove(0) {
        Item::Issuer(issuer) => issuer,
        _ => panic!(),
    };
    let shipped = read(
        "issuer p { leeway 5s require claim a == 1 refuse claim r attribute x: int = claim x attribute y: int = claim y \
         token cookie \"c\" }",
    );
    let own = read(
        "issuer o { require claim b == 2 refuse claim s attribute y: string = claim y leeway 7s token header \"h\" }",
    );
    let kept = merge::kept_of_profile(shipped.lines, &own, own.name.span);
    let words: Vec<_> = kept.iter().map(|l| merge::word(&l.node)).collect();
    assert_eq!(words, ["require", "refuse", "attribute", "token cookie"]);
}

#[test]
fn required_lines_are_asked_for() {
    check_text("issuer a { }", &[400, 400, 400], "issuer `a` has no `url`");
    check_text("issuer a { url \"https://a.example\" algorithms RS256 }", &[400], "audience none");
}

#[test]
fn mistakes_in_lines_are_found() {
    check("url \"https://b.example\"", &[401], "keep one");
    check("audience \"x\"", &[401], "on one line");
    check("leeway 1s leeway 1s", &[401], "two `leeway` lines");
    check("leeway 31s", &[407], "`leeway` is 31s");
    check("max_age 0s", &[407], "1s to");
    check("keys \"http://a.example/keys\"", &[403], "uses `http`");
    check("type \"\"", &[408], "write `none`");
    check("require claim x == 5m", &[409], "never a `duration`");
    check("require claim x == \"a\" require claim x == \"b\"", &[], "");
    check("roles claim g { \"a\" -> stuff }", &[410], "did you mean `staff`?");
    check("roles claim g as named {staff, machine}", &[410], "declare it with `role machine`");
    check("token header \"authorization\"", &[419], "always read");
    check("token header \"Cookie\"", &[419], "token cookie");
    check("token header \"a b\"", &[419], "no name of a header");
    check("token header \"Transfer-Encoding\"", &[419], "can't take tokens");
    check("token cookie \"a;b\"", &[419], "no name of a cookie");
}

#[test]
fn no_issuer_refuses_what_it_needs() {
    check("refuse claim hasgroups", &[], "");
    check("refuse claim sub", &[420], "needs the claim `sub`");
    check("refuse claim sub subject claim oid", &[], "");
    check("refuse claim sub subject claim sub ?? claim oid", &[], "");
    check("refuse claim sub refuse claim oid subject claim sub ?? claim oid", &[420, 420], "`oid`");
    check("refuse claim exp", &[420], "needs the claim `exp`");
    check("refuse claim aud", &[420], "needs the claim `aud`");
    check("refuse claim x require claim x.y == 1", &[420], "needs the claim `x.y`");
    check("refuse claim x.y require claim x == 1", &[], "");
    check("refuse claim x attribute a: int = claim x", &[420], "drop one of the two");
    check("refuse claim x attribute a: int? = claim x attribute b: strings = claim x", &[], "");
    check("refuse claim x attribute a: int = claim x ?? 1", &[], "");
    check_text(
        "issuer a { url \"https://a.example\" audience none algorithms RS256 refuse claim aud }",
        &[],
        "",
    );
}

#[test]
fn a_secret_has_no_second_name() {
    let secret = |lines: &str| format!("secret attribute pin: string = claim pin {lines}");
    check(&secret(""), &[], "");
    check(&secret("subject claim pin"), &[317], "`user.id` shows the same claim, `pin`");
    check(&secret("subject claim sub ?? claim pin"), &[317], "subject claim …");
    check(&secret("client claim pin"), &[317], "client claim …");
    check(&secret("scopes claim pin as words"), &[317], "scopes claim …");
    check(&secret("attribute shown: string = claim pin"), &[317], "declare `user.shown` as `secret`, too");
    check(&secret("personal attribute shown: string = claim pin"), &[317], "`user.shown` shows");
    check(&secret("secret attribute other: string = claim pin"), &[], "");
    check(&secret("subject claim pin.id  client claim x.pin"), &[], "");
    // What is granted and what is asked for shows nothing of a value.
    check(&secret("roles claim pin as one as named {staff}  require claim pin == \"1\""), &[], "");
    for (claim, name) in [
        ("sub", "id"),
        ("azp", "client"),
        ("client_id", "client"),
        ("act.sub", "actor"),
        ("jti", "token_id"),
        ("auth_time", "auth_age"),
        ("iat", "token_age"),
    ] {
        check(
            &format!("secret attribute x: string = claim {claim}"),
            &[317],
            &format!("`user.{name}` shows"),
        );
    }
    check("secret attribute x: string = claim sub  subject claim oid", &[], "");
    check("secret attribute x: string = claim azp  client claim client_id", &[], "");
}

#[test]
fn a_secret_of_one_issuer_is_one_of_all_and_a_profile_shows_too() {
    let two = |b: &str| {
        format!(
            "issuer a {{ {REQUIRED} secret attribute pin: string = claim pin subject claim p }}
             issuer b {{ url \"https://b.example\" audience \"b\" algorithms ES256 {b} }}"
        )
    };
    // Another issuer's claim of that name is another claim.
    check_text(&two("attribute pin: string = claim p"), &[], "");
    check_text(&two("attribute pin: string = claim p subject claim p"), &[317], "`user.id` shows");
    let profile = "issuer a like entra { url \"https://a.example\" audience \"a\" secret attribute x: string = claim azp }";
    let (_, out) = issuers(profile);
    let [fault] = out.as_slice() else { panic!("{out:?}") };
    assert_eq!((fault.code.number, fault.labels.len()), (317, 1));
}

#[test]
fn mistakes_in_attributes_are_found() {
    check("attribute id: string = claim x", &[413], "subject claim");
    check("attribute token_age: duration = claim x", &[413], "another name");
    check("attribute x: int = claim x attribute x: int = claim y", &[412], "`user.x` twice");
    check("attribute x: clock = claim x", &[414], "no claim gives a `clock`");
    check("attribute x: strings? = claim x", &[415], "has user.x");
    check("attribute x: int = claim x as list", &[416], "drop `as …`");
    check("attribute x: int? = claim x ?? 1", &[417], "drop the `?`");
    check("attribute x: int = claim x ?? \"1\"", &[417], "such as `0`");
    check("attribute x: strings = claim x ?? \"1\"", &[417], "a set has no default");
    check("attribute x: ip = claim x ?? 10.0.0.0/8", &[417], "one address");
    check("attribute x: ip = claim x ?? 10.0.0.1", &[], "");
}

#[test]
fn algorithms_are_those_that_a_key_pair_signs_with() {
    let check = |algorithms: &str, codes: &[u16], piece: &str| {
        let text = format!("issuer a {{ url \"https://a.example\" audience \"x\" algorithms {algorithms} }}");
        check_text(&text, codes, piece);
    };
    check("HS256", &[], "");
    check("RS256, ES384, PS512, EdDSA", &[], "");
    check("RS265", &[405], "did you mean `RS256`?");
    check("HS512", &[405], "there is no algorithm `HS512`");
    check("none", &[406], "anybody");
}

#[test]
fn a_profile_can_not_bring_a_shared_key() {
    let span = crate::source::Span { file: crate::source::FileId(0), start: 0, end: 1 };
    assert!(build::algorithm_fault("HS256", span, false).is_none());
    assert_eq!(build::algorithm_fault("HS256", span, true).unwrap().code.number, 406);
}

#[test]
fn issuers_agree_with_each_other() {
    let two = |a: &str, b: &str| {
        format!(
            "issuer a {{ {REQUIRED} {a} }} issuer b {{ url \"https://b.example\" audience \"b\" algorithms ES256 {b} }}"
        )
    };
    let line = "attribute t: string = claim t";
    let all = good(&two(line, "personal attribute t: string? = claim x.t"));
    assert_eq!(all.attributes.len(), 1);
    assert_eq!(all.attributes[0].privacy, Privacy::Personal);
    assert_eq!(all.issuers[1].attributes[0].attribute, AttributeId(0));
    check_text(&two(line, "attribute t: strings = claim t"), &[418], "`strings` in issuer `b`");
    let same = format!("issuer a {{ {REQUIRED} }} issuer b {{ {REQUIRED} }}");
    check_text(&same, &[404], "issuers `a` and `b` have one `url`");
}

#[test]
fn of_two_issuers_with_one_name_the_first_counts() {
    let all = good(&format!("issuer a {{ {REQUIRED} }} issuer a {{ {REQUIRED} leeway 5s }}"));
    assert_eq!(all.issuers.len(), 1);
    assert_eq!(all.issuers[0].leeway_s, 0);
}
