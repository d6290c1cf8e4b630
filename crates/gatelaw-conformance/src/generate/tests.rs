//! Test items: they never reach the artifact, but parser and checker see every form of them.

use gatelaw::address::IpNet;
use gatelaw::ast::{Effect, LiteralKind, Rule, RuleKind, Test, TestLine, TestLineKind};
use gatelaw::json::Json;

use super::build::{NOWHERE, at, literal, name, text};
use super::rng::Rng;
use super::scene::Scene;

/// Writes a test that names rules of the policy; whether it passes is not asked.
pub(super) fn test(scene: &Scene, rules: &[(String, &Rule)], index: usize, rng: &mut Rng) -> Test {
    let mut lines = vec![TestLineKind::Request(name("GET"), text("https://api.acme.test/v1/orders?q=1"))];
    if rng.chance(40) {
        lines.push(TestLineKind::Header(text("x-tenant"), text("t1")));
    }
    if rng.chance(30) {
        lines.push(TestLineKind::From(literal(LiteralKind::Ip(IpNet::host([203, 0, 113, 9].into())))));
    }
    if rng.chance(30) {
        lines.push(TestLineKind::At(literal(LiteralKind::Instant(1_767_268_800))));
    }
    if rng.chance(30) {
        let facts =
            vec![(name("country"), at(Json::String("DE".into()))), (name("asn"), at(Json::Int(64_500)))];
        lines.push(TestLineKind::Facts(facts));
    }
    lines.extend(caller(scene, rng));
    lines.extend(expectations(rules, rng));
    let lines = lines.into_iter().map(|node| TestLine { span: NOWHERE, node }).collect();
    Test { span: NOWHERE, name: text(&format!("test {index} \"quoted\"")), lines }
}

fn caller(scene: &Scene, rng: &mut Rng) -> Option<TestLineKind> {
    match rng.below(4) {
        0 => Some(TestLineKind::AsAnonymous),
        1 => Some(TestLineKind::AsInvalid),
        2 if !scene.issuers.is_empty() => {
            let claims = Json::Object(vec![
                ("sub".into(), Json::String("u1".into())),
                ("https://x.example/".into(), Json::Object(vec![("roles".into(), Json::Array(vec![]))])),
                ("n".into(), Json::Array(vec![Json::Int(-1), Json::Bool(true), Json::Null])),
            ]);
            Some(TestLineKind::As(name(&rng.pick(&scene.issuers).name), at(claims)))
        }
        _ => None,
    }
}

fn expectations(rules: &[(String, &Rule)], rng: &mut Rng) -> Vec<TestLineKind> {
    let named = |kind: RuleKind, observe: bool| {
        let fits = |(_, rule): &&(String, &Rule)| rule.kind.node == kind && rule.observe == observe;
        rules.iter().find(fits).map(|(full, _)| at(full.clone()))
    };
    if rng.chance(15) {
        return vec![TestLineKind::ExpectRefused(text(rng.word(&[
            "dot-segment",
            "header-value:x-a",
            "raw-#",
        ])))];
    }
    if rng.chance(40) {
        let status = rng.chance(50).then(|| at(403));
        return vec![TestLineKind::ExpectEffect(Effect::Deny, status, named(RuleKind::Deny, false))];
    }
    let status = rng.chance(30).then(|| at(200));
    let mut lines = vec![TestLineKind::ExpectEffect(Effect::Allow, status, named(RuleKind::Allow, false))];
    lines.extend(named(RuleKind::Limit, false).map(TestLineKind::ExpectLimit));
    lines.extend(named(RuleKind::Deny, true).map(TestLineKind::ExpectObserved));
    if rng.chance(40) {
        lines.push(TestLineKind::ExpectHeader(text("x-shared"), text("1")));
    }
    lines
}
