//! What must hold of every policy, shown on generated ones with the reference interpreter.
#![allow(
    clippy::as_conversions,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

use std::collections::BTreeSet;

use gatelaw::ast::{Ast, Effect, Item, ServiceLine};
use gatelaw::check::check;
use gatelaw::compile;
use gatelaw::identity::{Identity, IdentityParts};
use gatelaw::policy::{Action, Attr, Expr, Policy, Rule, Test};
use gatelaw::reference;
use gatelaw::request::Fact;
use gatelaw_conformance::generate::requests::{Asker, Question, Questions};
use gatelaw_conformance::generate::{Generated, Rng, Size, generate};

const POLICIES: u64 = 600;
const REQUESTS: usize = 25;

/// Runs `property` on generated policies, each with its own choices.
fn for_policies(property: impl Fn(u64, &Generated, &Policy, &mut Rng)) {
    for seed in 0..POLICIES {
        let mut rng = Rng::new(seed);
        let generated = generate(Size::any(&mut rng), &mut rng);
        let Some(policy) = check(&generated.ast, &generated.sources()).0 else { continue };
        property(seed, &generated, &policy, &mut rng);
    }
}

fn effect(policy: &Policy, question: &Question) -> Effect {
    question.ask(|raw, caller| reference::decide(policy, "", raw, caller).effect)
}

fn matching(policy: &Policy, question: &Question) -> Option<BTreeSet<String>> {
    question.ask(|raw, caller| {
        let names = reference::matching_rules(policy, raw, caller)?;
        Some(names.into_iter().map(str::to_owned).collect())
    })
}

#[test]
fn the_order_of_items_and_files_changes_nothing() {
    for seed in 0..POLICIES / 3 {
        let mut rng = Rng::new(seed);
        let generated = generate(*rng.pick(&[Size::Small, Size::Medium]), &mut rng);
        let other = generated.in_files(&split(generated.ast.clone(), &mut rng));
        let (one, other) =
            (compile(&generated.sources()).unwrap(), compile(&other).expect("order makes no errors"));
        assert_eq!(one.plan.digest(), other.plan.digest(), "seed {seed}");
        let questions = Questions::new(&one.policy);
        for _ in 0..REQUESTS {
            let question = questions.question(&mut rng);
            let decide =
                |policy: &Policy| question.ask(|raw, caller| reference::decide(policy, "", raw, caller));
            assert_eq!(decide(&one.policy), decide(&other.policy), "seed {seed}: {question:?}");
        }
    }
}

/// Puts the items of a policy, and the lines of its services, into another order and into up to three files.
fn split(mut ast: Ast, rng: &mut Rng) -> Vec<Ast> {
    rng.shuffle(&mut ast.items);
    let mut files = vec![Ast::default(); rng.between(1, 3)];
    for mut item in ast.items {
        if let Item::Service(service) = &mut item {
            rng.shuffle(&mut service.lines);
        }
        let file = rng.below(files.len());
        files[file].items.push(item);
    }
    files
}

#[test]
fn adding_a_deny_never_makes_an_allow() {
    let turned = std::cell::Cell::new(0);
    for_policies(|seed, generated, policy, rng| {
        // The deny is some rule of another policy that needs nothing declared there.
        let Some(deny) = lone_deny(rng) else { return };
        let mut other = generated.clone();
        other.ast.items.push(deny);
        let Some(more) = check(&other.ast, &other.sources()).0 else { return };
        let questions = Questions::new(&more);
        for _ in 0..REQUESTS {
            let question = questions.question(rng);
            let (before, after) = (effect(policy, &question), effect(&more, &question));
            assert!(before == Effect::Allow || after == Effect::Deny, "seed {seed}: {question:?}");
            turned.set(turned.get() + usize::from(before != after));
        }
    });
    assert!(turned.get() > 100, "the denies that were added denied {} requests", turned.get());
}

/// Takes a deny that stands at the top of some generated policy.
fn lone_deny(rng: &mut Rng) -> Option<Item> {
    (0..20).find_map(|_| {
        let other = generate(Size::Small, rng);
        other.ast.items.into_iter().find_map(|item| match item {
            Item::Rule(mut rule) if rule.kind.node == gatelaw::ast::RuleKind::Deny && !rule.observe => {
                rule.name.node = "added".into();
                Some(Item::Rule(rule))
            }
            _ => None,
        })
    })
}

#[test]
fn removing_an_allow_never_makes_one() {
    for_policies(|seed, generated, policy, rng| {
        let mut other = generated.clone();
        other.ast.items.retain(|item| !matches!(item, Item::Test(_)));
        if !remove_allow(&mut other, rng) {
            return;
        }
        let less = check(&other.ast, &other.sources()).0.expect("an allow is needed by no other item");
        let questions = Questions::new(policy);
        for _ in 0..REQUESTS {
            let question = questions.question(rng);
            // A policy that reads less refuses less: only what both read is compared.
            if matching(policy, &question).is_none() {
                continue;
            }
            let (before, after) = (effect(policy, &question), effect(&less, &question));
            assert!(before == Effect::Allow || after == Effect::Deny, "seed {seed}: {question:?}");
        }
    });
}

fn remove_allow(generated: &mut Generated, rng: &mut Rng) -> bool {
    let is_allow = |rule: &gatelaw::ast::Rule| rule.kind.node == gatelaw::ast::RuleKind::Allow;
    let mut left = rng.below(4);
    let mut removed = false;
    let mut keep = |rule: &gatelaw::ast::Rule| {
        if removed || !is_allow(rule) {
            return true;
        }
        removed = left == 0;
        left = left.saturating_sub(1);
        !removed
    };
    generated.ast.items.retain_mut(|item| match item {
        Item::Rule(rule) => keep(rule),
        Item::Service(service) => {
            service.lines.retain(|line| if let ServiceLine::Rule(rule) = line { keep(rule) } else { true });
            true
        }
        _ => true,
    });
    removed
}

#[test]
fn taking_a_value_away_grants_only_where_its_absence_is_asked_for() {
    let taken = std::cell::Cell::new(0);
    for_policies(|seed, _, policy, rng| {
        let questions = Questions::new(policy);
        for _ in 0..REQUESTS {
            let question = questions.question(rng);
            let Some(before) = matching(policy, &question) else { continue };
            for (attrs, without) in takings(policy, &question) {
                let Some(after) = matching(policy, &without) else { continue };
                taken.set(taken.get() + 1);
                for rule in policy.rules.iter().filter(|r| r.action == Action::Allow) {
                    if after.contains(&rule.name) && !before.contains(&rule.name) {
                        let asked = attrs.iter().any(|attr| asks_for_absence(rule, attr));
                        assert!(asked, "seed {seed}, rule {}: without {attrs:?}: {question:?}", rule.name);
                    }
                }
            }
        }
    });
    assert!(taken.get() > 10_000, "only {} values were taken away", taken.get());
}

/// Lists the question without each optional value that it has, with the attributes that then are absent.
fn takings(policy: &Policy, question: &Question) -> Vec<(Vec<Attr>, Question)> {
    let mut all = Vec::new();
    let mut take = |attrs: Vec<Attr>, change: &dyn Fn(&mut Question)| {
        let mut without = question.clone();
        change(&mut without);
        all.push((attrs, without));
    };
    take(vec![Attr::Country], &|q| q.facts.country = Fact::Absent);
    take(vec![Attr::Asn], &|q| q.facts.asn = Fact::Absent);
    take(vec![Attr::BotScore], &|q| q.facts.bot_score = Fact::Absent);
    take(vec![Attr::TlsVersion], &|q| q.facts.tls_version = Fact::Absent);
    take(vec![Attr::ClientCert], &|q| q.facts.client_cert = Fact::Absent);
    for named in &policy.needs.headers {
        // Without the header its set is another one: that is no absence.
        let name = named.name.clone();
        if !reads(policy, &Attr::Header(name.clone())) {
            let attrs = vec![Attr::HeaderLine(name.clone()), Attr::HeaderOnly(name.clone())];
            take(attrs, &|q| q.headers.retain(|(n, _)| !n.eq_ignore_ascii_case(&name)));
        }
    }
    let Asker::Verified(identity) = &question.asker else { return all };
    let mut take_claim = |attr: Attr, change: &dyn Fn(&mut IdentityParts)| {
        let mut without = identity.to_parts();
        change(&mut without);
        let without = Box::new(Identity::new(&without).unwrap());
        all.push((vec![attr], Question { asker: Asker::Verified(without), ..question.clone() }));
    };
    take_claim(Attr::UserClient, &|i| i.client = None);
    take_claim(Attr::UserActor, &|i| i.actor = None);
    take_claim(Attr::UserTokenId, &|i| i.token_id = None);
    take_claim(Attr::UserAuthAge, &|i| i.authenticated_at = None);
    let issuer = policy.identity.issuer(identity.issuer()).unwrap();
    for line in issuer.attributes.iter().filter(|a| a.optional) {
        take_claim(Attr::User(line.attribute), &|i| i.attributes[line.attribute.0 as usize] = None);
    }
    all
}

fn reads(policy: &Policy, attr: &Attr) -> bool {
    let named = format!("{attr:?}");
    policy.rules.iter().any(|rule| format!("{:?}", rule.condition).contains(&named))
}

/// Says whether a `has` of the attribute stands under an odd number of `not`.
fn asks_for_absence(rule: &Rule, attr: &Attr) -> bool {
    fn odd(expr: &Expr, attr: &Attr, even: bool) -> bool {
        match expr {
            Expr::Constant(_) => false,
            Expr::Not(inner) => odd(inner, attr, !even),
            Expr::All(parts) | Expr::Any(parts) => parts.iter().any(|part| odd(part, attr, even)),
            Expr::Test(Test::Has(asked), _) => !even && asked == attr,
            Expr::Test(..) => false,
        }
    }
    odd(&rule.condition, attr, true)
}
