//! Rules of every kind.

use gatelaw::ast::{
    AuditLevel, ChallengePart, Clause, ClauseKind, LiteralKind, Operand, RateUnit, Rule, RuleKind, Type,
};

use super::build::{NOWHERE, at, attr, literal, name, text};
use super::conditions::{Conditions, DefinePlan, Known};
use super::principals::principal;
use super::readable::{Readable, of_host, of_path, of_requests, of_users};
use super::rng::Rng;
use super::scene::Scene;
use super::services::{ServicePlan, routes};

/// What all rules of a policy share.
pub(super) struct Rules<'s> {
    pub(super) scene: &'s Scene,
    pub(super) defines: &'s [DefinePlan],
    /// How deep conditions are, at most.
    pub(super) depth: usize,
    /// How likely a rule has a first condition, in percent.
    pub(super) conditioned: usize,
    /// How many rules are for all paths whatever else, in percent.
    pub(super) everywhere: usize,
}

impl Rules<'_> {
    /// Writes one rule; `index` makes its name its own.
    pub(super) fn rule(&self, index: usize, service: Option<&ServicePlan>, rng: &mut Rng) -> Rule {
        let kind = *rng.pick(&[
            RuleKind::Allow,
            RuleKind::Allow,
            RuleKind::Allow,
            RuleKind::Allow,
            RuleKind::Deny,
            RuleKind::Limit,
            RuleKind::Forward,
            RuleKind::Audit,
        ]);
        let observe = matches!(kind, RuleKind::Allow | RuleKind::Deny | RuleKind::Limit) && rng.chance(12);
        let mut clauses = Vec::new();
        let mut readable = of_requests(self.scene, rng);
        // As people write them: allows are narrow, what goes for all requests is broad.
        let (routed, broad) = if kind == RuleKind::Allow { (85, 20) } else { (60, 45) };
        if !rng.chance(self.everywhere) && rng.chance(routed) {
            let on = routes(self.scene, service.is_some_and(|s| s.exact), broad, rng);
            readable.extend(on.captures.iter().flat_map(|capture| vec![of_path(capture); 4]));
            clauses.push(ClauseKind::On(on.routes));
        }
        if let Some(capture) = service.and_then(|s| s.host_capture) {
            readable.extend(vec![of_host(capture); 4]);
        }
        let who = principal(self.scene, kind == RuleKind::Allow, rng);
        if who.signed_in {
            readable.extend(of_users(self.scene, &who.issuers));
        }
        clauses.extend(who.principal.map(ClauseKind::For));
        let conditions = Conditions {
            scene: self.scene,
            readable,
            defines: self.defines,
            absence_never_grants: kind == RuleKind::Allow,
            may_ask: true,
        };
        let (conditions_written, known) = self.conditions(&conditions, kind, rng);
        clauses.extend(own_clauses(kind, index, &conditions.readable, &known, rng));
        rng.shuffle(&mut clauses);
        for clause in conditions_written.into_iter().rev() {
            // Whatever stands between, conditions keep their order.
            let place = clauses.iter().position(is_condition).unwrap_or(clauses.len());
            clauses.insert(rng.below(place + 1), clause);
        }
        let annotations = [(name("owner"), text("team \"a\"")), (name("ticket"), text("SEC-1"))];
        Rule {
            span: NOWHERE,
            annotations: rng.some(&annotations, 12).into_iter().cloned().collect(),
            observe,
            kind: at(kind),
            name: name(&format!("{}{index}", rng.word(&["r", "z-", "a_"]))),
            clauses: clauses.into_iter().map(|node| Clause { span: NOWHERE, node }).collect(),
        }
    }

    /// Writes `when` and `unless` clauses, and says what is known behind them.
    fn conditions(&self, write: &Conditions<'_>, kind: RuleKind, rng: &mut Rng) -> (Vec<ClauseKind>, Known) {
        let (mut clauses, mut known) = (Vec::new(), Known::new());
        // A deny without any condition leaves nothing to allow.
        let first = if kind == RuleKind::Deny { 95 } else { self.conditioned };
        for chance in [first, 20] {
            if rng.chance(chance) {
                let made = write.expr(self.depth, &known, true, rng);
                known.extend(made.if_true);
                clauses.push(ClauseKind::When(made.expr));
            }
        }
        if rng.chance(15) {
            let made = write.expr(1, &known, false, rng);
            known.extend(made.if_false);
            clauses.push(ClauseKind::Unless(made.expr));
        }
        (clauses, known)
    }
}

fn is_condition(clause: &ClauseKind) -> bool {
    matches!(clause, ClauseKind::When(_) | ClauseKind::Unless(_))
}

fn own_clauses(
    kind: RuleKind,
    index: usize,
    readable: &[Readable],
    known: &Known,
    rng: &mut Rng,
) -> Vec<ClauseKind> {
    match kind {
        RuleKind::Allow => Vec::new(),
        RuleKind::Deny => denial(rng).into_iter().collect(),
        RuleKind::Limit => limit(readable, known, rng),
        RuleKind::Forward => forward(index, readable, rng),
        RuleKind::Audit => audit(readable, rng),
    }
}

fn denial(rng: &mut Rng) -> Option<ClauseKind> {
    match rng.below(10) {
        0..4 => None,
        4..7 => {
            let status = *rng.pick(&[403, 404, 405, 410, 423, 429, 451, 503]);
            let said = rng.chance(50).then(|| text("not \"here\", not now"));
            Some(ClauseKind::Respond(at(status), said))
        }
        _ => {
            let all = [
                ChallengePart::MaxAge(at(900)),
                ChallengePart::Acr(vec![text("urn:mfa"), text("urn:hw")]),
                ChallengePart::Scope(text("orders:write")),
            ];
            let mut parts: Vec<_> = rng.some(&all, 50).into_iter().cloned().collect();
            if parts.is_empty() {
                parts.push(rng.pick(&all).clone());
            }
            Some(ClauseKind::Challenge(parts))
        }
    }
}

fn limit(readable: &[Readable], known: &Known, rng: &mut Rng) -> Vec<ClauseKind> {
    let unit = *rng.pick(&[RateUnit::Second, RateUnit::Minute, RateUnit::Hour, RateUnit::Day]);
    let mut clauses = vec![ClauseKind::Rate(at(*rng.pick(&[1, 60, 600])), at(unit))];
    if rng.chance(40) {
        clauses.push(ClauseKind::Burst(at(5)));
    }
    let fits = |r: &&Readable| {
        let typed = matches!(r.ty, Type::String | Type::Int | Type::Bool | Type::Ip);
        typed && !r.secret && (!r.optional || known.contains(&r.key()))
    };
    let keys: Vec<&Readable> = readable.iter().filter(fits).collect();
    let chosen: Vec<_> = (0..rng.below(4)).map(|_| attr(rng.pick(&keys).node.clone(), false)).collect();
    if !chosen.is_empty() {
        clauses.push(ClauseKind::By(chosen));
    }
    clauses
}

fn forward(index: usize, readable: &[Readable], rng: &mut Rng) -> Vec<ClauseKind> {
    let mut clauses = Vec::new();
    let fits: Vec<&Readable> = readable.iter().filter(|r| has_text(r)).collect();
    for number in 0..rng.below(3) {
        let value = if rng.chance(75) {
            Operand::Attr(attr(rng.pick(&fits).node.clone(), false))
        } else {
            Operand::Literal(literal(LiteralKind::String("fixed value".into())))
        };
        clauses.push(ClauseKind::Set(text(&format!("X-Set-{index}-{number}")), value));
    }
    if rng.chance(30) {
        clauses.push(ClauseKind::Set(text("x-shared"), Operand::Literal(literal(LiteralKind::Int(1)))));
    }
    if clauses.is_empty() || rng.chance(30) {
        clauses.push(ClauseKind::Remove(text(rng.word(&["x-debug", "X-Secret"]))));
    }
    clauses
}

fn audit(readable: &[Readable], rng: &mut Rng) -> Vec<ClauseKind> {
    let fits: Vec<&Readable> = readable.iter().filter(|r| has_text(r)).collect();
    let some =
        |rng: &mut Rng| (0..rng.between(1, 3)).map(|_| attr(rng.pick(&fits).node.clone(), false)).collect();
    let mut clauses = Vec::new();
    if rng.chance(70) {
        clauses.push(ClauseKind::Level(at(*rng.pick(&[
            AuditLevel::None,
            AuditLevel::Brief,
            AuditLevel::Full,
        ]))));
    }
    if rng.chance(60) {
        clauses.push(ClauseKind::Keep(some(rng)));
    }
    if rng.chance(35) {
        clauses.push(ClauseKind::Redact(some(rng)));
    }
    if clauses.is_empty() {
        clauses.push(ClauseKind::Level(at(AuditLevel::Full)));
    }
    clauses
}

/// Says whether headers and records may carry an attribute.
fn has_text(read: &Readable) -> bool {
    !read.secret && !matches!(read.ty, Type::Clock | Type::Weekday)
}
