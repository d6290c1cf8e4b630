//! A whole policy.

use std::collections::BTreeMap;

use gatelaw::ast::{Ast, Define, Item, Rule, Service, ServiceLine};
use gatelaw::source::{Source, Sources};

use super::build::{NOWHERE, name};
use super::conditions::{Conditions, DefinePlan, Known};
use super::print::print;
use super::readable::of_requests;
use super::rng::Rng;
use super::rules::Rules;
use super::scene::Scene;
use super::services::services;
use super::tests::test;

/// Holds a generated policy as a tree without places.
#[derive(Debug, Clone)]
pub struct Generated {
    /// The items.
    pub ast: Ast,
    /// The files that lists are read from, by path.
    pub lists: BTreeMap<String, String>,
}

impl Generated {
    /// Writes the policy as one file, with the files of its lists.
    #[must_use]
    pub fn sources(&self) -> Sources {
        self.in_files(std::slice::from_ref(&self.ast))
    }

    /// Writes the policy as several files, with its items in the order given.
    #[must_use]
    pub fn in_files(&self, files: &[Ast]) -> Sources {
        let name = |number: usize| format!("{}/part.gate", 9_usize.wrapping_sub(number));
        let files = files.iter().enumerate().map(|(n, ast)| Source { name: name(n), text: print(ast) });
        let lists = self.lists.iter().map(|(path, text)| (path.clone(), Ok(text.clone().into_bytes())));
        Sources { files: files.collect(), lists: lists.collect() }
    }
}

/// Says how large a generated policy is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// 1 to 8 rules.
    Small,
    /// 10 to 40 rules.
    Medium,
    /// 55 to 75 rules with deep conditions on the same attributes, most of them for all paths: made to explode.
    Deep,
    /// 50 to 70 rules that together read hundreds of headers, most of them for all paths: made to explode too.
    Wide,
}

impl Size {
    /// Picks a size: small policies often, wide ones seldom.
    pub fn any(rng: &mut Rng) -> Self {
        match rng.below(100) {
            0..65 => Self::Small,
            65..84 => Self::Medium,
            84..90 => Self::Deep,
            _ => Self::Wide,
        }
    }
}

/// Makes a policy by chance.
#[must_use]
pub fn generate(size: Size, rng: &mut Rng) -> Generated {
    let mut scene = Scene::new(rng);
    scene.more_headers = if size == Size::Wide { 200 } else { 0 };
    let (mut items, files) = scene.items(rng);
    let defines = defines(&scene, rng);
    items.extend(defines.iter().map(|define| {
        Item::Define(Define { span: NOWHERE, name: name(&define.name), body: define.body.clone() })
    }));
    let (count, depth, conditioned, everywhere) = match size {
        Size::Small => (rng.between(1, 8), 2, 70, 0),
        Size::Medium => (rng.between(10, 40), 2, 80, 0),
        Size::Deep => (rng.between(55, 75), 3, 100, 75),
        Size::Wide => (rng.between(50, 70), 2, 100, 75),
    };
    let rules = Rules { scene: &scene, defines: &defines, depth, conditioned, everywhere };
    let mut services: Vec<_> = services(&scene, rng).into_iter().map(|plan| (plan, Vec::new())).collect();
    let mut top: Vec<Rule> = Vec::new();
    for index in 0..count {
        let place = rng.below(services.len() + 1);
        match services.get_mut(place) {
            Some((plan, own)) => own.push(rules.rule(index, Some(plan), rng)),
            None => top.push(rules.rule(index, None, rng)),
        }
    }
    let mut named: Vec<(String, &Rule)> = top.iter().map(|r| (r.name.node.clone(), r)).collect();
    for (plan, own) in &services {
        named.extend(own.iter().map(|r| (format!("{}.{}", plan.name, r.name.node), r)));
    }
    items.extend((0..rng.below(3)).map(|index| Item::Test(test(&scene, &named, index, rng))));
    items.extend(services.into_iter().map(|(plan, own)| {
        let mut lines = plan.lines;
        lines.extend(own.into_iter().map(ServiceLine::Rule));
        Item::Service(Service { span: NOWHERE, name: name(&plan.name), lines })
    }));
    items.extend(top.into_iter().map(Item::Rule));
    rng.shuffle(&mut items);
    Generated { ast: Ast { items }, lists: files.into_iter().collect() }
}

fn defines(scene: &Scene, rng: &mut Rng) -> Vec<DefinePlan> {
    let mut defines: Vec<DefinePlan> = Vec::new();
    for index in 0..rng.below(3) {
        let write = Conditions {
            scene,
            readable: of_requests(scene, rng),
            defines: &defines,
            absence_never_grants: true,
            may_ask: false,
        };
        let body = write.expr(2, &Known::new(), true, rng).expr;
        defines.push(DefinePlan { name: format!("def-{index}"), body });
    }
    defines
}
