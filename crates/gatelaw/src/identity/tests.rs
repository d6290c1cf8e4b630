//! Claims and what becomes of them, one line a case.

use super::*;
use crate::ast::{LiteralKind, Privacy, SetShape, Type};
use crate::json::tests::json;
use crate::policy::{
    Attr, AttributeId, Grants, Issuer, IssuerAttribute, Role, RolesClaim, ScopesShape, UserAttribute,
};

const CERT: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

fn path(text: &str) -> Vec<String> {
    text.split('.').map(str::to_owned).collect()
}

fn issuer(name: &str) -> Issuer {
    Issuer {
        name: name.into(),
        url: format!("https://{name}.example"),
        keys: None,
        audience: vec!["api".into()],
        algorithms: vec!["RS256".into()],
        types: vec![None],
        require: Vec::new(),
        refuse: Vec::new(),
        leeway_s: 0,
        max_age_s: 3600,
        subject: vec![path("sub")],
        client: None,
        scopes: None,
        roles: Vec::new(),
        attributes: Vec::new(),
        token_cookies: Vec::new(),
        token_headers: Vec::new(),
        bound_mtls: false,
    }
}

/// Issuers `a` and `b`; roles `admin` includes `staff` includes `viewer`; one optional attribute of each type, and `tier`
/// with a default, and a required `tenant`.
fn model() -> IdentityModel {
    let types = [Type::Bool, Type::Duration, Type::Instant, Type::Ip, Type::Int, Type::Strings, Type::String];
    let names = ["flag", "grace", "joined", "net", "number", "teams", "tenant", "tier"];
    let types = types.into_iter().chain([Type::String]);
    let mut a = issuer("a");
    a.attributes = names
        .iter()
        .zip(0..)
        .map(|(name, id)| IssuerAttribute {
            attribute: AttributeId(id),
            path: path(&format!("ext.{name}")),
            shape: SetShape::List,
            optional: !matches!(*name, "teams" | "tenant" | "tier"),
            default: (*name == "tier").then(|| LiteralKind::String("free".into())),
        })
        .collect();
    IdentityModel {
        issuers: vec![a, issuer("b")],
        roles: vec![
            Role { name: "admin".into(), closure: vec![RoleId(0), RoleId(1), RoleId(2)] },
            Role { name: "staff".into(), closure: vec![RoleId(1), RoleId(2)] },
            Role { name: "viewer".into(), closure: vec![RoleId(2)] },
        ],
        attributes: names
            .iter()
            .zip(types)
            .map(|(name, ty)| UserAttribute { name: (*name).into(), ty, privacy: Privacy::Open })
            .collect(),
        reads_token_age: false,
        matched: Vec::new(),
    }
}

#[track_caller]
fn mapped(model: &IdentityModel, issuer: &str, claims: &str) -> Result<IdentityParts, &'static str> {
    let mapped = Identity::map(model, issuer, &json(claims), None).map_err(TokenFault::code);
    let mapped = mapped.map(|identity| identity.to_parts());
    let fault = Identity::claim_at_fault(model, issuer, &json(claims), None);
    assert_eq!(fault.is_some(), mapped == Err("claims"), "{claims}: {fault:?}");
    mapped
}

#[track_caller]
fn check_valid(model: &IdentityModel, good: &[&str], bad: &[&str]) {
    for claims in good {
        assert!(mapped(model, "b", claims).is_ok(), "{claims}");
    }
    for claims in bad {
        assert_eq!(mapped(model, "b", claims), Err("claims"), "{claims}");
    }
}

#[test]
fn unknown_issuers_give_no_identity() {
    assert_eq!(mapped(&model(), "c", r#"{"sub":"u"}"#), Err("issuer"));
}

#[test]
fn built_in_claims_are_missing_or_right() {
    check_valid(
        &model(),
        &[
            r#"{"sub":"u"}"#,
            r#"{"sub":"u","iat":5,"auth_time":-1,"jti":"","azp":"c","act":{"sub":"x"}}"#,
            r#"{"sub":"u","act":{}}"#,
            r#"{"sub":"u","unknown":null}"#,
        ],
        &[
            "{}",
            r#""u""#,
            "null",
            "[]",
            r#"{"sub":""}"#,
            r#"{"sub":null}"#,
            r#"{"sub":7}"#,
            r#"{"sub":["u"]}"#,
            r#"{"sub":"u","iat":"5"}"#,
            r#"{"sub":"u","iat":5.5}"#,
            r#"{"sub":"u","iat":null}"#,
            r#"{"sub":"u","auth_time":"5"}"#,
            r#"{"sub":"u","auth_time":18446744073709551616}"#,
            r#"{"sub":"u","jti":5}"#,
            r#"{"sub":"u","azp":null}"#,
            r#"{"sub":"u","azp":5,"client_id":"c"}"#,
            r#"{"sub":"u","act":"x"}"#,
            r#"{"sub":"u","act":null}"#,
            r#"{"sub":"u","act":{"sub":null}}"#,
        ],
    );
}

#[test]
fn clients_come_from_azp_then_client_id_or_from_the_line() {
    let client = |model: &IdentityModel, claims| mapped(model, "b", claims).unwrap().client;
    let mut model = model();
    assert_eq!(client(&model, r#"{"sub":"u","azp":"a","client_id":"c"}"#).as_deref(), Some("a"));
    assert_eq!(client(&model, r#"{"sub":"u","client_id":"c"}"#).as_deref(), Some("c"));
    assert_eq!(client(&model, r#"{"sub":"u"}"#), None);
    model.issuers[1].client = Some(path("app.id"));
    assert_eq!(client(&model, r#"{"sub":"u","azp":"a","app":{"id":"x"}}"#).as_deref(), Some("x"));
    assert_eq!(client(&model, r#"{"sub":"u","azp":"a"}"#), None);
}

#[test]
fn iat_is_needed_where_its_age_is_read() {
    let mut model = model();
    model.reads_token_age = true;
    check_valid(&model, &[r#"{"sub":"u","iat":0}"#], &[r#"{"sub":"u"}"#]);
}

#[test]
fn required_claims_are_equal_by_type_and_value() {
    let mut model = model();
    model.issuers[1].require = vec![
        (path("use"), LiteralKind::String("access".into())),
        (path("x.n"), LiteralKind::Int(1)),
        (path("ok"), LiteralKind::Bool(true)),
    ];
    check_valid(
        &model,
        &[r#"{"sub":"u","use":"access","x":{"n":1},"ok":true}"#],
        &[
            r#"{"sub":"u","x":{"n":1},"ok":true}"#,
            r#"{"sub":"u","use":"id","x":{"n":1},"ok":true}"#,
            r#"{"sub":"u","use":["access"],"x":{"n":1},"ok":true}"#,
            r#"{"sub":"u","use":"access","x":{"n":"1"},"ok":true}"#,
            r#"{"sub":"u","use":"access","x":1,"ok":true}"#,
            r#"{"sub":"u","use":"access","x":{"n":1},"ok":"true"}"#,
        ],
    );
}

#[test]
fn refused_claims_make_a_token_invalid_by_being_there() {
    let mut model = model();
    model.issuers[1].refuse = vec![path("hasgroups"), path("_claim_names.groups")];
    check_valid(
        &model,
        &[
            r#"{"sub":"u"}"#,
            r#"{"sub":"u","_claim_names":{}}"#,
            r#"{"sub":"u","_claim_names":{"other":"src1"},"groups":["a"]}"#,
        ],
        &[
            r#"{"sub":"u","hasgroups":true}"#,
            r#"{"sub":"u","hasgroups":false}"#,
            r#"{"sub":"u","hasgroups":null}"#,
            r#"{"sub":"u","_claim_names":{"groups":"src1"}}"#,
            r#"{"sub":"u","_claim_names":{"groups":null}}"#,
            r#"{"sub":"u","_claim_names":"groups"}"#,
            r#"{"sub":"u","_claim_names":null}"#,
        ],
    );
}

#[test]
fn the_first_subject_that_is_not_empty_counts() {
    let mut model = model();
    model.issuers[1].subject = vec![path("sub"), path("app.name")];
    let subject = |claims| mapped(&model, "b", claims).map(|identity| identity.id);
    for (claims, expected) in [
        (r#"{"sub":"u","app":{"name":"a"}}"#, Ok("u")),
        (r#"{"sub":"","app":{"name":"a"}}"#, Ok("a")),
        (r#"{"app":{"name":"a"}}"#, Ok("a")),
        (r#"{"sub":"","app":{"name":""}}"#, Err("claims")),
        (r#"{"sub":""}"#, Err("claims")),
        (r#"{"sub":null,"app":{"name":"a"}}"#, Err("claims")),
        (r#"{"sub":7,"app":{"name":"a"}}"#, Err("claims")),
        (r#"{"sub":"","app":"a"}"#, Err("claims")),
        (r#"{"sub":"u","app":"not looked at"}"#, Ok("u")),
    ] {
        assert_eq!(subject(claims), expected.map(str::to_owned), "{claims}");
    }
}

#[test]
fn scopes_come_as_lists_or_words() {
    let scopes = |shape, claim: &str| {
        let mut model = model();
        model.issuers[1].scopes = Some((path("scp"), shape));
        mapped(&model, "b", &format!(r#"{{"sub":"u"{claim}}}"#)).map(|i| i.scopes.join("|"))
    };
    let shaped = ScopesShape::Shape;
    for (shape, claim, expected) in [
        (ScopesShape::ListOrWords, r#","scp":["b","a","b"]"#, Ok("a|b")),
        (ScopesShape::ListOrWords, r#","scp":"b  a b""#, Ok("a|b")),
        (ScopesShape::ListOrWords, "", Ok("")),
        (ScopesShape::ListOrWords, r#","scp":"""#, Ok("")),
        (ScopesShape::ListOrWords, r#","scp":null"#, Err("claims")),
        (ScopesShape::ListOrWords, r#","scp":["a",1]"#, Err("claims")),
        (ScopesShape::ListOrWords, r#","scp":{"a":1}"#, Err("claims")),
        (shaped(SetShape::List), r#","scp":"a b""#, Err("claims")),
        (shaped(SetShape::List), r#","scp":["a b"]"#, Ok("a b")),
        (shaped(SetShape::Words), r#","scp":"b a""#, Ok("a|b")),
        (shaped(SetShape::Words), r#","scp":["a"]"#, Err("claims")),
        (shaped(SetShape::One), r#","scp":"b a""#, Ok("b a")),
        (shaped(SetShape::One), r#","scp":["a"]"#, Err("claims")),
    ] {
        assert_eq!(scopes(shape, claim), expected.map(str::to_owned), "{shape:?} {claim}");
    }
}

#[test]
fn roles_are_the_union_of_all_lines_and_what_they_include() {
    let mut model = model();
    let line = |at: &str, shape, grants: &[(&str, u32)]| RolesClaim {
        path: path(at),
        shape,
        grants: Grants::new(grants.iter().map(|(value, role)| ((*value).into(), RoleId(*role))).collect()),
    };
    model.issuers[1].roles = vec![
        line("groups", SetShape::List, &[("Staff", 1), ("View", 2)]),
        line("r.one", SetShape::One, &[("boss", 0)]),
    ];
    for (claims, expected) in [
        (r#"{"sub":"u"}"#, Ok(vec![])),
        (r#"{"sub":"u","groups":["Staff","Other"]}"#, Ok(vec![1, 2])),
        (r#"{"sub":"u","groups":["staff"]}"#, Ok(vec![])),
        (r#"{"sub":"u","groups":["View"],"r":{"one":"boss"}}"#, Ok(vec![0, 1, 2])),
        (r#"{"sub":"u","groups":"Staff"}"#, Err("claims")),
        (r#"{"sub":"u","r":"boss"}"#, Err("claims")),
    ] {
        let roles = mapped(&model, "b", claims).map(|i| i.roles.iter().map(|r| r.0).collect());
        assert_eq!(roles, expected, "{claims}");
    }
}

#[test]
fn attributes_have_their_types_and_defaults() {
    let of = |ext: &str| mapped(&model(), "a", &format!(r#"{{"sub":"u","ext":{{"tenant":"t"{ext}}}}}"#));
    let one = |ext: &str, id: usize| of(ext).map(|i| i.attributes[id].clone());
    let (flag, grace, joined, net, number, teams, tier) = (0, 1, 2, 3, 4, 5, 7);
    for (ext, id, expected) in [
        ("", flag, Ok(None)),
        (r#","flag":false"#, flag, Ok(Some(AttributeValue::Bool(false)))),
        (r#","flag":"false""#, flag, Err("claims")),
        (r#","flag":null"#, flag, Err("claims")),
        (r#","grace":90"#, grace, Ok(Some(AttributeValue::Duration(90)))),
        (r#","grace":-1"#, grace, Err("claims")),
        (r#","grace":"90s""#, grace, Err("claims")),
        (r#","joined":0"#, joined, Ok(Some(AttributeValue::Instant(0)))),
        (r#","joined":253402300800"#, joined, Err("claims")),
        (r#","joined":"2026-01-01T00:00:00Z""#, joined, Err("claims")),
        (r#","net":"::ffff:10.0.0.1""#, net, Ok(Some(AttributeValue::Ip([10, 0, 0, 1].into())))),
        (r#","net":"10.0.0.0/8""#, net, Err("claims")),
        (r#","net":"010.0.0.1""#, net, Err("claims")),
        (r#","number":-7"#, number, Ok(Some(AttributeValue::Int(-7)))),
        (r#","number":1.5"#, number, Err("claims")),
        (r#","number":9223372036854775808"#, number, Err("claims")),
        (r#","number":"7""#, number, Err("claims")),
        ("", teams, Ok(Some(AttributeValue::Strings(vec![])))),
        (r#","teams":["y","x","y"]"#, teams, Ok(Some(AttributeValue::Strings(vec!["x".into(), "y".into()])))),
        (r#","teams":null"#, teams, Err("claims")),
        (r#","teams":["x",null]"#, teams, Err("claims")),
        ("", tier, Ok(Some(AttributeValue::String("free".into())))),
        (r#","tier":"gold""#, tier, Ok(Some(AttributeValue::String("gold".into())))),
        (r#","tier":null"#, tier, Err("claims")),
    ] {
        assert_eq!(one(ext, id), expected, "{ext}");
    }
    assert_eq!(mapped(&model(), "a", r#"{"sub":"u"}"#), Err("claims"), "`tenant` is required");
    assert_eq!(mapped(&model(), "a", r#"{"sub":"u","ext":"t"}"#), Err("claims"), "no object on the way");
}

#[test]
fn an_issuer_without_an_attribute_gives_none_but_an_empty_set() {
    let attributes = mapped(&model(), "b", r#"{"sub":"u"}"#).unwrap().attributes;
    assert_eq!(attributes.len(), 8);
    assert_eq!(attributes[5], Some(AttributeValue::Strings(vec![])));
    assert!(attributes.iter().enumerate().all(|(id, a)| id == 5 || a.is_none()));
}

#[test]
fn long_values_are_refused_where_a_pattern_tests_them() {
    let mut model = model();
    let claims = |bytes: usize| format!(r#"{{"sub":"{}"}}"#, "x".repeat(bytes));
    assert!(mapped(&model, "b", &claims(9000)).is_ok());
    model.matched = vec![Attr::UserId];
    assert!(mapped(&model, "b", &claims(8192)).is_ok());
    assert_eq!(mapped(&model, "b", &claims(8193)), Err("claims"));
}

#[test]
fn bound_tokens_need_their_certificate() {
    let thumbprint = "n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg";
    let bound = format!(r#"{{"sub":"u","cnf":{{"x5t#S256":"{thumbprint}"}}}}"#);
    let both = format!(r#"{{"sub":"u","cnf":{{"x5t#S256":"{thumbprint}","jkt":"x"}}}}"#);
    let map = |mtls: bool, claims: &str, cert: Option<&str>| {
        let mut model = model();
        model.issuers[1].bound_mtls = mtls;
        Identity::map(&model, "b", &json(claims), cert).is_ok()
    };
    assert!(map(true, &bound, Some(CERT)));
    assert!(!map(false, &bound, Some(CERT)), "the issuer doesn't say `bound mtls`");
    assert!(!map(true, &bound, None));
    assert!(!map(true, &bound, Some(&CERT.replace('9', "8"))));
    assert!(!map(true, &bound, Some(&CERT.to_uppercase())));
    assert!(!map(true, &bound, Some("")));
    assert!(!map(true, &both, Some(CERT)), "a second proof that no gate can see");
    assert!(!map(true, r#"{"sub":"u","cnf":{}}"#, Some(CERT)));
    assert!(!map(true, r#"{"sub":"u","cnf":null}"#, Some(CERT)));
    assert!(map(true, r#"{"sub":"u"}"#, None), "an unbound token");
}

#[test]
fn the_claim_at_fault_is_named() {
    use ClaimFaultKind::{Bound, Form, Long, Missing, Refused, Required};
    let mut model = model();
    model.issuers[1].require = vec![(path("token_use"), LiteralKind::String("access".into()))];
    model.issuers[1].scopes = Some((path("scp"), ScopesShape::ListOrWords));
    model.issuers[1].refuse = vec![path("hasgroups")];
    model.matched = vec![Attr::UserId];
    let long = format!(r#"{{"sub":"{}","token_use":"access"}}"#, "x".repeat(10_000));
    for (claims, expected, kind) in [
        (r#"{"sub":"u"}"#, "token_use", Missing),
        (r#"{"sub":"u","token_use":"id"}"#, "token_use", Required),
        (r#"{"token_use":"access","hasgroups":true}"#, "hasgroups", Refused),
        (r#"{"token_use":"access","cnf":{"jkt":"x"}}"#, "cnf", Bound),
        (r#"{"token_use":"access"}"#, "sub", Missing),
        (r#"{"token_use":"access","sub":""}"#, "sub", Form),
        (r#"{"token_use":"access","sub":"u","scp":5}"#, "scp", Form),
        (r#"{"token_use":"access","sub":"u","azp":5}"#, "azp", Form),
        (r#"{"token_use":"access","sub":"u","client_id":5}"#, "client_id", Form),
        (r#"{"token_use":"access","sub":"u","act":{"sub":5}}"#, "act.sub", Form),
        (&long, "", Long),
    ] {
        let path = if expected.is_empty() { Vec::new() } else { path(expected) };
        let fault = Identity::claim_at_fault(&model, "b", &json(claims), None);
        assert_eq!(fault, Some(ClaimFault { path, kind }), "{claims}");
    }
    let tenant = Identity::claim_at_fault(&model, "a", &json(r#"{"sub":"u","ext":{"flag":true}}"#), None);
    assert_eq!(tenant, Some(ClaimFault { path: path("ext.tenant"), kind: Missing }));
}
