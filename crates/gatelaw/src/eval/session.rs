//! Decides requests, one after the other.

use std::borrow::Borrow;

use super::actions;
use super::classify::Scratch;
use super::explain::{Explanation, explanation};
use super::outcome::{Outcome, Why};
use super::prepared::Known;
use super::routes::{self, Methods, Starts};
use super::tables::{from, run};
use super::view::View;
use crate::ast::Effect;
use crate::decision::{Challenge, ChallengeError, Decision, DecisionText};
use crate::identity::{Caller, Identity};
use crate::plan::{Action, Plan, PlanKind};
use crate::policy::{Denial, RuleId};
use crate::request::{Canonical, RawRequest, Token};
use crate::sort::sort_each_once;

/// Decides requests by one plan, with buffers that are used again: once they are warm, deciding allocates nothing.
///
/// ```
/// # use gatelaw::{Sources, compile, Session, RawRequest, Caller, Effect};
/// let sources = Sources::from_text("policy.gate", "allow health { on GET /healthz  for anyone }");
/// let compiled = compile(&sources).unwrap();
/// let mut session = Session::new(&compiled.plan);
/// let outcome = session.decide(&RawRequest::new(b"GET", b"api.acme.com", b"/healthz"), Caller::Anonymous);
/// assert_eq!(outcome.effect(), Effect::Allow);
/// ```
#[derive(Debug)]
pub struct Session<P> {
    plan: P,
    work: Work,
}

impl<P: Borrow<Plan>> Session<P> {
    /// Makes a session with empty buffers, for a plan that it borrows, shares (`Arc`) or owns.
    #[must_use]
    pub fn new(plan: P) -> Self {
        let work = Work::new(plan.borrow());
        Self { plan, work }
    }

    /// Returns the plan.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        self.plan.borrow()
    }

    /// Decides a request. Nothing that is wrong with it, or with the plan, is ever an allow.
    pub fn decide(&mut self, raw: &RawRequest<'_>, caller: Caller<'_>) -> &Outcome {
        self.work.begin(self.plan.borrow(), raw);
        self.finish(caller)
    }

    /// Reads a request, and answers where it stands: decided without a caller, or open until [`Session::finish`] names one.
    ///
    /// A host that verifies tokens itself asks for the one that the request carries here, so that the request is read once.
    pub fn begin(&mut self, raw: &RawRequest<'_>) -> Begun<'_> {
        self.work.begin(self.plan.borrow(), raw);
        match self.work.opened {
            Some(_) => Begun::Open(self.work.request.token()),
            None => Begun::Decided(&self.work.outcome),
        }
    }

    /// Decides the request that was begun last. One that was decided already stays as it is; without any, the answer is deny.
    pub fn finish(&mut self, caller: Caller<'_>) -> &Outcome {
        self.work.finish(self.plan.borrow(), caller);
        &self.work.outcome
    }

    /// Returns the outcome of the request decided last; deny, where none was.
    #[must_use]
    pub fn outcome(&self) -> &Outcome {
        &self.work.outcome
    }

    /// Looks at the outcome of the request decided last as a decision, without copies.
    #[must_use]
    pub fn view(&self) -> DecisionText<'_> {
        self.work.outcome.view(self.plan.borrow())
    }

    /// Copies the outcome of the request decided last into a decision of its own. This allocates.
    #[must_use]
    pub fn to_decision(&self) -> Decision {
        self.work.outcome.to_decision(self.plan.borrow())
    }

    /// Decides a request, and copies the outcome into a decision of its own. The copy allocates.
    pub fn decision(&mut self, raw: &RawRequest<'_>, caller: Caller<'_>) -> Decision {
        self.decide(raw, caller);
        self.work.outcome.to_decision(self.plan.borrow())
    }

    /// Decides a request, and explains the decision.
    pub fn explain(&mut self, raw: &RawRequest<'_>, caller: Caller<'_>) -> Explanation {
        let decision = self.decision(raw, caller);
        self.work.explain(self.plan.borrow(), decision, caller)
    }
}

/// Says where a request stands once it is read.
#[derive(Debug, Clone, Copy)]
pub enum Begun<'s> {
    /// Decided, whoever asks: it was refused, or a fact was of a wrong type.
    Decided(&'s Outcome),
    /// Open until the caller is known. The token is `None` where there is none, or where all matching services ignore tokens:
    /// then the caller is anonymous.
    Open(Option<Token<'s>>),
}

/// What reading a request found, for judging it.
#[derive(Debug, Clone, Copy)]
struct Opened {
    host: u32,
    tokens_ignored: bool,
    /// The text of `resource_metadata`.
    metadata: Option<u32>,
}

/// The buffers of a session: what the last request came to.
#[derive(Debug)]
struct Work {
    request: Canonical,
    scratch: Scratch,
    outcome: Outcome,
    anonymous: bool,
    methods: Methods,
    /// Names the plan, so that no caller is taken for prepared who was prepared for another.
    mark: u64,
    /// The classes of the last request, and whether they were asked in its second reading: for explanations.
    classes: Vec<(u32, bool)>,
    /// What was found of a request that is not decided yet.
    opened: Option<Opened>,
}

impl Work {
    fn new(plan: &Plan) -> Self {
        let (request, scratch) = (Canonical::new(), Scratch::new(plan));
        let (outcome, methods, mark) = (Outcome::new(), Methods::new(plan), plan.mark());
        Self { request, scratch, outcome, anonymous: true, methods, mark, classes: Vec::new(), opened: None }
    }

    fn begin(&mut self, plan: &Plan, raw: &RawRequest<'_>) {
        self.outcome.clear();
        self.classes.clear();
        self.opened = self.read(plan, raw);
    }

    /// Takes the steps before the caller counts: the canonical request, and facts.
    fn read(&mut self, plan: &Plan, raw: &RawRequest<'_>) -> Option<Opened> {
        let mut host = plan.entry.other_host;
        let read = self.request.read_target(raw, |name| {
            host = routes::host(plan, name);
            routes::relaxations(plan, host)
        });
        if let Err(refused) = read {
            self.outcome.deny(400, Why::Refused(refused));
            return None;
        }
        let view = View::new(plan, &self.request);
        let (tokens_ignored, metadata) = routes::starts(plan, host).services(&view);
        if let Err(refused) = self.request.read_rest(raw, &plan.reading, tokens_ignored) {
            self.outcome.deny(400, Why::Refused(refused));
            return None;
        }
        let target = self.request.target();
        self.outcome.target = Some(self.outcome.written(|text| text.push_str(target)));
        if let Some(fact) = self.request.wrong_fact() {
            self.outcome.deny(503, Why::Fact(fact));
            return None;
        }
        Some(Opened { host, tokens_ignored, metadata })
    }

    fn finish(&mut self, plan: &Plan, caller: Caller<'_>) {
        let Some(opened) = self.opened.take() else { return };
        let metadata = opened.metadata.map(|id| plan.strings.text(id));
        let prepared = match caller {
            Caller::Prepared(prepared) => prepared.known(self.mark),
            Caller::Verified(_) | Caller::Anonymous | Caller::Invalid(_) | Caller::KeysUnavailable => {
                Known::default()
            }
        };
        if let Some(caller) = self.admit(opened, caller, metadata) {
            self.anonymous = caller.is_none();
            let prepared = if caller.is_some() { prepared } else { Known::default() };
            self.judge(plan, opened.host, (caller, prepared), metadata);
        }
    }

    /// Answers who is asking, nobody included; `None` where the token decides already.
    fn admit<'c>(
        &mut self,
        opened: Opened,
        caller: Caller<'c>,
        metadata: Option<&str>,
    ) -> Option<Option<&'c Identity>> {
        match caller {
            _ if opened.tokens_ignored => Some(None),
            Caller::Anonymous if self.request.token().is_some() => self.invalid("no_verifier", metadata),
            Caller::Anonymous => Some(None),
            Caller::Invalid(code) => self.invalid(code, metadata),
            Caller::KeysUnavailable => {
                self.outcome.deny(503, Why::KeysUnavailable);
                None
            }
            Caller::Verified(identity) => Some(Some(identity)),
            Caller::Prepared(prepared) => Some(Some(prepared.identity())),
        }
    }

    fn invalid<T>(&mut self, code: &str, metadata: Option<&str>) -> Option<T> {
        self.outcome.code = self.outcome.written(|text| text.push_str(code));
        let error = Some(ChallengeError::InvalidToken);
        let challenge = Challenge { error, resource_metadata: metadata, ..Challenge::default() };
        self.challenge(401, Why::Token, challenge);
        None
    }

    fn challenge(&mut self, status: u16, why: Why, challenge: Challenge<'_>) {
        self.outcome.challenge = Some(self.outcome.written(|text| challenge.write(text)));
        self.outcome.deny(status, why);
    }

    /// Asks the rules.
    fn judge(
        &mut self,
        plan: &Plan,
        host: u32,
        (caller, prepared): (Option<&Identity>, Known<'_>),
        metadata: Option<&str>,
    ) {
        let starts = routes::starts(plan, host);
        let method = self.methods.group(plan, &self.request);
        let view = View { caller, prepared, ..View::new(plan, &self.request) };
        let mut found = Found { scratch: &mut self.scratch, matched: &mut self.outcome.matched, rank: None };
        found.ask(&view, &starts, method, &mut self.classes);
        if self.request.has_split() {
            found.ask(&View { split: true, ..view }, &starts, method, &mut self.classes);
        }
        let rank = found.rank;
        sort_each_once(&mut self.outcome.matched);
        self.conclude(plan, rank, caller, metadata);
        let view = View { caller, prepared, ..View::new(plan, &self.request) };
        if self.outcome.effect == Effect::Allow {
            actions::allow(&view, &mut self.outcome);
        }
        actions::record(&view, &mut self.outcome);
    }

    fn conclude(
        &mut self,
        plan: &Plan,
        rank: Option<u32>,
        caller: Option<&Identity>,
        metadata: Option<&str>,
    ) {
        let rule = rank.and_then(|r| plan.ranked.get(usize::try_from(r).ok()?)).copied();
        if rank.is_some_and(|rank| rank >= plan.allows_from) && rule.is_some() {
            self.outcome.rule = rule;
            self.outcome.effect = Effect::Allow;
            (self.outcome.status, self.outcome.why) = (200, Why::Rule);
            return;
        }
        let Some((id, rule)) = rule.and_then(|id: RuleId| Some((id, plan.rule(id)?))) else {
            if caller.is_none() && !plan.identity.issuers.is_empty() {
                let challenge = Challenge { resource_metadata: metadata, ..Challenge::default() };
                return self.challenge(401, Why::Unauthenticated, challenge);
            }
            return self.outcome.deny(403, Why::NoRule);
        };
        self.outcome.rule = Some(id);
        match &rule.kind {
            PlanKind::Deny(denial) => self.denied(denial, caller, metadata),
            // INVARIANT: only allows and denies have ranks, and the denies come first (checked at load).
            PlanKind::Allow | PlanKind::Limit | PlanKind::Forward | PlanKind::Audit => {
                self.outcome.deny(403, Why::NoRule)
            }
        }
    }

    /// Denies as a rule says.
    fn denied(&mut self, denial: &Denial, caller: Option<&Identity>, metadata: Option<&str>) {
        match denial {
            Denial::Respond { status, .. } => self.outcome.deny(*status, Why::Rule),
            Denial::Challenge { max_age_s, acr, scope } => {
                let scope_alone = !scope.is_empty() && acr.is_empty() && max_age_s.is_none();
                let (status, why, error) = match (caller, scope_alone) {
                    (None, _) => (401, Why::Unauthenticated, None),
                    (Some(_), true) => (403, Why::InsufficientScope, Some(ChallengeError::InsufficientScope)),
                    (Some(_), false) => {
                        let error = ChallengeError::InsufficientUserAuthentication;
                        (401, Why::InsufficientUserAuthentication, Some(error))
                    }
                };
                let challenge =
                    Challenge { error, scope, max_age_s: *max_age_s, acr, resource_metadata: metadata };
                self.challenge(status, why, challenge);
            }
        }
    }

    /// Explains the last decision.
    fn explain(&mut self, plan: &Plan, decision: Decision, caller: Caller<'_>) -> Explanation {
        let caller = match caller {
            _ if self.anonymous => None,
            Caller::Verified(identity) => Some(identity),
            Caller::Prepared(prepared) => Some(prepared.identity()),
            Caller::Anonymous | Caller::Invalid(_) | Caller::KeysUnavailable => None,
        };
        let view = View { caller, ..View::new(plan, &self.request) };
        explanation(&view, &mut self.scratch, &self.classes, decision)
    }
}

/// What was found so far: the least rank, and the instances that match.
struct Found<'f> {
    scratch: &'f mut Scratch,
    matched: &'f mut Vec<u32>,
    rank: Option<u32>,
}

impl Found<'_> {
    /// Asks every class that can matter in one reading of the path. In the second reading only denies count.
    fn ask(&mut self, view: &View<'_>, starts: &Starts<'_>, method: u32, classes: &mut Vec<(u32, bool)>) {
        self.scratch.next_round();
        classes.push((view.plan.entry.everywhere, view.split));
        self.class(view, view.plan.entry.everywhere);
        starts.classes(view, method, |class| {
            classes.push((class, view.split));
            self.class(view, class);
        });
    }

    fn class(&mut self, view: &View<'_>, class: u32) {
        if class == 0 {
            return;
        }
        let tables = &view.plan.tables;
        let [verdict, matching, ..] = from(tables, class) else { return };
        self.verdict(view, *verdict);
        if let ([bits, count, instances @ ..], true) = (from(tables, *matching), *matching != 0) {
            let instances = run(instances, 0, *count);
            let matched = &mut *self.matched;
            self.scratch.rows(view, *bits, |row| {
                let instance = usize::try_from(row).ok().and_then(|r| instances.get(r)).copied();
                matched.extend(instance.filter(|i| !view.split || is_observed_deny(view.plan, *i)));
                false
            });
            // A compiled plan has a word for each: only a hostile one names the same instances again and again.
            if self.matched.len() > tables.len() {
                sort_each_once(self.matched);
            }
        }
    }

    fn verdict(&mut self, view: &View<'_>, verdict: u32) {
        if verdict == 0 {
            return;
        }
        let [kind, at, count, ranks @ ..] = from(&view.plan.tables, verdict) else { return };
        let ranks = run(ranks, 0, *count);
        let found = match kind {
            1 => {
                let number = self.scratch.walk(view, &view.plan.nodes, *at);
                number.checked_sub(1).and_then(|n| ranks.get(usize::try_from(n).ok()?)).copied()
            }
            _ => {
                let mut least = None;
                self.scratch.rows(view, *at, |row| {
                    least = usize::try_from(row).ok().and_then(|r| ranks.get(r)).copied();
                    true
                });
                least
            }
        };
        let counts = |rank: &u32| !view.split || *rank < view.plan.allows_from;
        if let Some(rank) = found.filter(counts) {
            self.rank = Some(self.rank.map_or(rank, |known| known.min(rank)));
        }
    }
}

fn is_observed_deny(plan: &Plan, instance: u32) -> bool {
    let found = plan.instance(instance).filter(|i| i.action == Action::Observe);
    found.and_then(|i| plan.rule(i.rule)).is_some_and(|r| matches!(r.kind, PlanKind::Deny(_)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::artifact::load_unsigned;
    use crate::decision::Reason;
    use crate::json::Json;
    use crate::plan::Source;
    use crate::request::{Fact, Facts};
    use crate::source::Sources;

    type Values = Vec<(String, Source)>;

    /// More than are compared each with all others in less than minutes.
    const MANY: usize = 200_000;
    /// As many headers as 64 KiB hold.
    const SET: usize = 8_000;

    /// Once each member was looked for among all others: a header of 64 KiB took a second for each rule that sets it.
    #[test]
    fn the_members_of_a_long_header_are_joined_in_order_each_once() {
        let text = "allow everyone { for anyone }\nforward tags { set \"x-tags\" = request.header(\"x-in\") }\n\
                    audit visits { level full keep request.header(\"x-in\") }";
        let compiled = crate::compile(&Sources::from_text("policy.gate", text)).unwrap();
        let mut session = Session::new(&compiled.plan);
        let mut joined = |members: usize| {
            let number = |at: usize| format!("{:04}", at * 7919 % members);
            let value = (0..2 * members).map(number).collect::<Vec<_>>().join(", ");
            let headers = [(&b"x-in"[..], value.as_bytes())];
            let raw = RawRequest { headers: &headers, ..RawRequest::new(b"GET", b"api.acme.com", b"/") };
            let decision = session.decision(&raw, Caller::Anonymous);
            (decision.set, decision.keep, decision.status)
        };
        let sorted = |members: usize| (0..members).map(|at| format!("{at:04}")).collect::<Vec<_>>().join(",");
        let few = sorted(500);
        let set = vec![("x-tags".to_owned(), few.clone())];
        assert_eq!(joined(500), (set, vec![("request.header(\"x-in\")".to_owned(), few)], 200));
        // Over 4 KiB no header carries it, but the record keeps it.
        let many = vec![("request.header(\"x-in\")".to_owned(), sorted(5_000))];
        assert_eq!(joined(5_000), (vec![], many, 403));
    }

    /// Once each class added its instances anew, and a decision took memory by the square of the artifact's length.
    #[test]
    fn naming_an_instance_again_and_again_takes_no_memory() {
        let sources = Sources::from_text("policy.gate", "audit visits { level brief keep request.host }");
        let mut plan = crate::compile(&sources).unwrap().plan;
        let (rows, classes) = (500, 500);
        let bits = u32::try_from(plan.tables.len()).unwrap();
        let (matching, class) = (bits + 2, bits + 2 + 2 + rows);
        plan.tables.extend([rows, 0, bits, rows]);
        plan.tables.extend((0..rows).map(|_| 0));
        plan.tables.extend([0, matching, 0, 0, 0, classes]);
        plan.tables.extend((0..classes).map(|_| class));
        (plan.entry.other_host, plan.entry.rows_max) = (class + 2, rows);
        let bytes = plan.to_bytes();
        let plan = load_unsigned(&bytes).unwrap();
        let mut session = Session::new(&plan);
        let raw = RawRequest::new(b"GET", b"api.acme.com", b"/");
        let mut decision = None;
        let taken =
            allocation_counter::measure(|| decision = Some(session.decision(&raw, Caller::Anonymous)));
        assert_eq!(decision.unwrap().keep, [("request.host".to_owned(), "api.acme.com".to_owned())]);
        let length = u64::try_from(bytes.len()).unwrap();
        assert!(taken.bytes_max < 24 * length, "{} for an artifact of {length}", taken.bytes_max);
    }

    /// Once each `set` and `keep` wrote its value, and an artifact of 1 MiB with a header of 64 KiB made gigabytes.
    #[test]
    fn setting_and_keeping_one_value_again_and_again_takes_no_memory() {
        let text = "allow everyone { for anyone }\n\
                    forward tags { set \"x-a\" = request.header(\"x-in\") }\n\
                    audit visits { level brief keep request.header(\"x-in\") }";
        let compiled = crate::compile(&Sources::from_text("policy.gate", text)).unwrap();
        let decide = |change: &dyn Fn(&mut Action), length: usize| {
            let mut plan = compiled.plan.clone();
            plan.instances.iter_mut().for_each(|instance| change(&mut instance.action));
            let bytes = plan.to_bytes();
            let plan = load_unsigned(&bytes).unwrap();
            let value = vec![b'a'; length];
            let headers = [(&b"x-in"[..], value.as_slice())];
            let raw = RawRequest { headers: &headers, ..RawRequest::new(b"GET", b"api.acme.com", b"/") };
            let mut session = Session::new(&plan);
            let mut decision = None;
            let taken =
                allocation_counter::measure(|| decision = Some(session.decision(&raw, Caller::Anonymous)));
            let limit = u64::try_from(8 * crate::limits::RECORD_BYTES_MAX + 8 * bytes.len()).unwrap();
            assert!(taken.bytes_max < limit, "{} for an artifact of {}", taken.bytes_max, bytes.len());
            let decision = decision.unwrap();
            (decision.status, decision.reason, decision.rule.unwrap(), decision.keep.len())
        };
        let kept = |action: &mut Action| {
            if let Action::Audit { keep, .. } = action {
                *keep = vec![keep[0].clone(); MANY];
            }
        };
        assert_eq!(decide(&kept, 60_000), (403, Reason::RecordSize, "visits".into(), 0));
        let set = |action: &mut Action| {
            if let Action::Forward { set, .. } = action {
                *set = vec![set[0].clone(); MANY];
            }
        };
        assert_eq!(decide(&set, 4_000), (403, Reason::ForwardValue, "tags".into(), 1));
    }

    /// Once each header that is set was looked for among all others, and each name of a `remove` or `redact` too: the square of
    /// what somebody who wants gates to be slow puts into an artifact.
    #[test]
    fn headers_without_number_end_and_conflicts_among_them_are_found() {
        let text = "allow everyone { for anyone }\nforward tags { set \"x-tag\" = \"v\" }\n\
                    audit visits { level full keep request.host }";
        let compiled = crate::compile(&Sources::from_text("policy.gate", text)).unwrap();
        let decide = |change: &dyn Fn(&mut Values, &mut Vec<String>)| {
            let mut plan = compiled.plan.clone();
            for instance in &mut plan.instances {
                match &mut instance.action {
                    Action::Forward { set, remove } => change(set, remove),
                    Action::Audit { redact, .. } => redact.extend((0..MANY).map(|at| format!("a{at}"))),
                    Action::Observe | Action::Limit { .. } => {}
                }
            }
            let plan = load_unsigned(&plan.to_bytes()).unwrap();
            let raw = RawRequest::new(b"GET", b"api.acme.com", b"/");
            let decision = Session::new(&plan).decision(&raw, Caller::Anonymous);
            (decision.status, decision.rule, decision.set.len(), decision.remove.len())
        };
        let value = |name: usize| (format!("x-{name}"), Source::Text("v".into()));
        let many = |set: &mut Values, remove: &mut Vec<String>| {
            set.extend((0..SET).map(|at| value(at / 2)));
            remove.extend((0..MANY).map(|at| format!("y-{at}")));
        };
        let allowed = Some("everyone".to_owned());
        assert_eq!(decide(&many), (200, allowed, SET / 2 + 1, MANY));
        let tags = Some("tags".to_owned());
        let differing = |set: &mut Values, remove: &mut Vec<String>| {
            many(set, remove);
            set.push(("x-77".into(), Source::Text("w".into())));
        };
        assert_eq!(decide(&differing), (403, tags.clone(), 0, 0));
        let removed = |set: &mut Values, remove: &mut Vec<String>| {
            many(set, remove);
            remove.push("x-77".into());
        };
        assert_eq!(decide(&removed), (403, tags, 0, 0));
    }

    /// Decides by the plan, and holds the decision to that of the reference.
    #[track_caller]
    fn decided(text: &str, raw: &RawRequest<'_>) -> Decision {
        let compiled = crate::compile(&Sources::from_text("policy.gate", text)).unwrap();
        let decision = Session::new(&compiled.plan).decision(raw, Caller::Anonymous);
        let digest = compiled.plan.digest();
        let expected = crate::reference::decide(&compiled.policy, digest, raw, Caller::Anonymous);
        assert_eq!(decision, expected, "{text}");
        decision
    }

    /// The reading in which an escaped slash separates is for what denies: an allow never hears of it.
    #[test]
    fn where_an_escaped_slash_separates_only_denies_count() {
        let raw = RawRequest::new(b"GET", b"api.acme.com", b"/a%2Fb");
        let service =
            |rules: &str| format!("service x {{ host api.acme.com\n  encoded_slash keep\n  {rules} }}");
        let allow = "allow deep { on GET /a/b for anyone }";
        let whole = "allow whole { on GET /{name} for anyone }";
        let deny = "deny shut { on /a/b\n respond 404 }";
        let status = |rules: &[&str]| decided(&service(&rules.join("\n")), &raw).status;
        assert_eq!(status(&[allow]), 403);
        assert_eq!(status(&[allow, "deny other { on /other }"]), 403);
        assert_eq!(status(&[whole]), 200);
        assert_eq!(status(&[whole, deny]), 404);
        let observed = |rules: &[&str]| decided(&service(&rules.join("\n")), &raw).observed;
        assert_eq!(observed(&[whole, &format!("observe {deny}")]).len(), 1);
        assert_eq!(observed(&[whole, &format!("observe {allow}")]).len(), 0);
        let visits = "audit visits { on /a/b\n level full keep request.host }";
        assert_eq!(decided(&service(&[whole, visits].join("\n")), &raw).keep, []);
    }

    /// Of a request whose record doesn't fit, the answer is that, not what a rule would have said.
    #[test]
    fn a_text_is_sent_only_where_its_rule_decides() {
        let deny = "deny embargo { on GET /\n respond 451 \"not here\" }";
        let visits =
            "audit visits { level brief keep request.header_line(\"x-in\"), request.header(\"x-in\") }";
        let value = vec![b'a'; 40_000];
        let headers = [(&b"x-in"[..], value.as_slice())];
        let raw = RawRequest { headers: &headers, ..RawRequest::new(b"GET", b"api.acme.com", b"/") };
        let text = |policy: &str| decided(policy, &raw).text;
        assert_eq!(text(deny).as_deref(), Some("not here"));
        assert_eq!(text(&format!("{deny}\n{visits}")), None);
    }

    /// The local week wraps somewhere in UTC's, and a day somewhere in the week.
    #[test]
    fn clocks_and_days_are_those_of_their_offset_all_week_long() {
        let (minute, day) = (60, 86_400);
        let offsets = [("", 0), (" +05:30", 330), (" -03:00", -180), (" +14:00", 840), (" -12:00", -720)];
        for (offset, offset_min) in offsets {
            let text = format!(
                "allow night {{ on GET /night for anyone when time{offset} in 22:00..06:00 }}\n\
                 allow early {{ on GET /early for anyone when time{offset} in 00:00..01:30 }}\n\
                 allow sunday {{ on GET /sunday for anyone when weekday{offset} in [sun] }}\n\
                 allow monday {{ on GET /monday for anyone when weekday{offset} in [mon] }}\n\
                 allow behind {{ on GET /behind for anyone when time{offset} < time }}"
            );
            let compiled = crate::compile(&Sources::from_text("policy.gate", &text)).unwrap();
            let mut session = Session::new(&compiled.plan);
            // From Monday, the 5th of January 1970, on; before the epoch too.
            for step in -96..(7 * 96) {
                let now = 4 * day + step * 15 * minute;
                let local: i64 = now + offset_min * minute;
                let (second, weekday) = (local.rem_euclid(day), (local.div_euclid(day) + 3).rem_euclid(7));
                let mut decide = |target: &[u8]| {
                    let raw = RawRequest { now, ..RawRequest::new(b"GET", b"api.acme.com", target) };
                    session.decision(&raw, Caller::Anonymous)
                };
                let allows = |decision: Decision| decision.effect == Effect::Allow;
                let told = format!("time{offset} at {now}");
                let night = second >= 22 * 60 * minute || second < 6 * 60 * minute;
                assert_eq!(allows(decide(b"/night")), night, "{told}");
                assert_eq!(allows(decide(b"/early")), second < 90 * minute, "{told}");
                assert_eq!(allows(decide(b"/sunday")), weekday == 6, "{told}");
                assert_eq!(allows(decide(b"/monday")), weekday == 0, "{told}");
                assert_eq!(allows(decide(b"/behind")), second < now.rem_euclid(day), "{told}");
            }
        }
    }

    /// A segment that is written out goes where the patterns go that it fits.
    #[test]
    fn a_segment_matches_each_pattern_that_it_fits() {
        let patterns = ["a.json", "aba", "x", "*.json", "ab*ba", "a*"];
        let rule =
            |(number, pattern): (usize, &&str)| format!("observe deny r{number} {{ on /f/{pattern} }}");
        let text = patterns.iter().enumerate().map(rule).collect::<Vec<_>>().join("\n");
        let fits = |pattern: &str, segment: &str| match pattern.split_once('*') {
            None => pattern == segment,
            Some((before, behind)) => {
                let rest = segment.strip_prefix(before).and_then(|rest| rest.strip_suffix(behind));
                rest.is_some()
            }
        };
        for segment in ["a.json", "b.json", ".json", "json", "aba", "abba", "abxba", "ab.json", "x", "y", "a"]
        {
            let target = format!("/f/{segment}");
            let decision = decided(&text, &RawRequest::new(b"GET", b"api.acme.com", target.as_bytes()));
            let fitting = patterns.iter().enumerate().filter(|(_, pattern)| fits(pattern, segment));
            let expected: Vec<String> = fitting.map(|(number, _)| format!("r{number}")).collect();
            assert_eq!(decision.observed, expected, "{segment}");
        }
    }

    /// More of them beside each other are asked one by one, to the same answer.
    #[test]
    fn the_most_patterns_beside_each_other_and_one_more_answer_alike() {
        for count in [crate::limits::ROUTE_AFFIXES_MAX, crate::limits::ROUTE_AFFIXES_MAX + 1] {
            let rule = |n: usize| format!("observe deny r{n} {{ on /f/{}* }}", "a".repeat(n + 1));
            let text = (0..count).map(rule).collect::<Vec<_>>().join("\n");
            for length in 0..=count {
                let target = format!("/f/{}b", "a".repeat(length));
                let decision = decided(&text, &RawRequest::new(b"GET", b"api.acme.com", target.as_bytes()));
                assert_eq!(decision.observed.len(), length, "{count} {target}");
            }
            let compiled = crate::compile(&Sources::from_text("policy.gate", &text)).unwrap();
            let fallbacks = compiled.stats.fallbacks.len();
            assert_eq!(fallbacks, count - crate::limits::ROUTE_AFFIXES_MAX, "{count}");
        }
    }

    /// The second reading shows which deny matched, and no allow.
    #[test]
    fn an_explanation_reads_the_path_as_its_decision_did() {
        let text = "service x {\n  host api.acme.com\n  encoded_slash keep\n\
                    allow deep { on GET /a/b for anyone }\n\
                    allow whole { on GET /{name} for anyone when path.name == \"a/b\" }\n\
                    deny below { on /a/{name}\n when path.name == \"b\" }\n\
                    deny elsewhere { on /a/{name}\n when path.name == \"c\" }\n}";
        let compiled = crate::compile(&Sources::from_text("policy.gate", text)).unwrap();
        let mut session = Session::new(&compiled.plan);
        let raw = RawRequest::new(b"GET", b"api.acme.com", b"/a%2Fb");
        let explanation = session.explain(&raw, Caller::Anonymous);
        assert_eq!(explanation.decision.rule.as_deref(), Some("x.below"));
        let matched = explanation.rules.iter().filter(|rule| rule.matched);
        assert_eq!(matched.map(|rule| rule.name.as_str()).collect::<Vec<_>>(), ["x.below", "x.whole"]);
        let asked = explanation.rules.iter().filter(|rule| !rule.asked.is_empty());
        assert_eq!(
            asked.map(|rule| rule.name.as_str()).collect::<Vec<_>>(),
            ["x.below", "x.elsewhere", "x.whole"]
        );
    }

    #[test]
    fn where_tokens_are_ignored_an_explanation_knows_no_caller() {
        let text = "issuer idp { url \"https://idp.example\"  audience \"api\"  algorithms RS256 }\n\
                    service open {\n  host open.example\n  tokens ignore\n  allow page { on GET /page for anyone }\n}\n\
                    allow known { on GET /page for authenticated }";
        let compiled = crate::compile(&Sources::from_text("policy.gate", text)).unwrap();
        let claims = Json::Object(vec![("sub".into(), Json::String("u".into()))]);
        let identity = crate::Identity::map(&compiled.policy.identity, "idp", &claims, None).unwrap();
        let mut session = Session::new(&compiled.plan);
        let mut matched = |host: &[u8]| {
            let raw = RawRequest::new(b"GET", host, b"/page");
            let rules = session.explain(&raw, Caller::Verified(&identity)).rules;
            rules.into_iter().filter(|rule| rule.matched).map(|rule| rule.name).collect::<Vec<_>>()
        };
        assert_eq!(matched(b"open.example"), ["open.page"]);
        assert_eq!(matched(b"other.example"), ["known"]);
    }

    #[test]
    fn an_outcome_says_what_its_decision_says() {
        let text = "allow home { on GET / for anyone }\ndeny shut { on /shut\n respond 451 }";
        let plan = crate::compile(&Sources::from_text("policy.gate", text)).unwrap().plan;
        let mut session = Session::new(&plan);
        for (target, status, rule) in
            [("/", 200, Some("home")), ("/shut", 451, Some("shut")), ("/x", 403, None)]
        {
            let raw = RawRequest::new(b"GET", b"api.acme.com", target.as_bytes());
            let outcome = session.decide(&raw, Caller::Anonymous);
            let name = outcome.rule().and_then(|rule| plan.rule_name(rule));
            assert_eq!((outcome.status(), name, outcome.target()), (status, rule, Some(target)));
            assert_eq!(outcome.effect() == Effect::Allow, status == 200);
        }
    }

    /// What was begun for the hosts of the one is gone when the routes of the others are made.
    #[test]
    fn hosts_whose_routes_are_too_many_leave_others_alone() {
        let most = crate::limits::ROUTE_AFFIXES_MAX;
        let rules = |count: usize| {
            let rule =
                |n: usize| format!("  observe deny r{n} {{ on /f/{}*, /g/{n}/x }}\n", "a".repeat(n + 1));
            (0..count).map(rule).collect::<String>()
        };
        let service =
            |name: &str, count| format!("service {name} {{\n  host {name}.example\n{}}}\n", rules(count));
        let text = service("few", 2) + &service("many", most + 1) + &service("more", 3) + &service("zero", 1);
        for host in ["few.example", "many.example", "more.example", "zero.example", "other.example"] {
            for target in ["/f/b", "/f/ab", "/f/aab", "/f/aaab", "/g/0/x", "/g/1/x", "/g/1", "/g/9/x", "/"] {
                decided(&text, &RawRequest::new(b"GET", host.as_bytes(), target.as_bytes()));
            }
        }
        let matched = |host: &[u8]| decided(&text, &RawRequest::new(b"GET", host, b"/g/1/x")).observed;
        assert_eq!(matched(b"few.example"), ["few.r1"]);
        assert_eq!(matched(b"many.example"), ["many.r1"]);
        assert_eq!(matched(b"zero.example"), [""; 0]);
    }

    /// A session is used again and again: facts, headers, tokens, addresses and refusals of one request are no other's.
    #[test]
    fn a_request_leaves_nothing_to_the_next() {
        const CERT: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
        let text = "allow everyone { for anyone }\n\
                    deny country { when request.country? == \"KP\" or request.asn? == 64512 }\n\
                    deny bots { when request.bot_score? < 10 or request.size? > 9 }\n\
                    deny connection { when has request.client_cert or request.tls_version? == \"1.1\" }\n\
                    deny network { when request.ip in [192.0.2.0/24] }\n\
                    deny beta { when request.header(\"x-beta\").only? == \"1\" or request.cookie(\"b\").only? == \"1\" }\n\
                    deny asked { when request.query(\"q\").only? == \"1\" }\n\
                    observe deny seen { on /seen }\n\
                    forward tags { set \"x-tag\" = request.header_line(\"x-beta\") }\n\
                    audit visits { level brief keep request.header(\"x-beta\") }";
        let plan = crate::compile(&Sources::from_text("policy.gate", text)).unwrap().plan;
        let ip = "198.51.100.7".parse().ok();
        let get = |target| RawRequest { ip, ..RawRequest::new(b"GET", b"api.acme.com", target) };
        let facts = |change: fn(&mut Facts<'static>)| {
            let mut facts = Facts::default();
            change(&mut facts);
            RawRequest { facts, ..get(b"/") }
        };
        let requests = [
            get(b"/"),
            get(b"/seen?q=1"),
            get(b"/%zz"),
            RawRequest { ip: None, ..get(b"/") },
            RawRequest { ip: "192.0.2.1".parse().ok(), ..get(b"/") },
            RawRequest { headers: &[(b"x-beta", b"1"), (b"cookie", b"b=1")], ..get(b"/") },
            RawRequest { headers: &[(b"x-beta", b"2")], ..get(b"/a/b") },
            RawRequest { headers: &[(b"authorization", b"Bearer a.b.c")], ..get(b"/") },
            facts(|f| f.country = Fact::Present("KP")),
            facts(|f| f.country = Fact::Wrong),
            facts(|f| f.asn = Fact::Present(64_512)),
            facts(|f| f.bot_score = Fact::Present(5)),
            facts(|f| f.bot_score = Fact::Present(500)),
            facts(|f| f.client_cert = Fact::Present(CERT)),
            facts(|f| f.tls_version = Fact::Present("1.1")),
            facts(|f| f.size = Fact::Present(10)),
        ];
        for before in &requests {
            for request in &requests {
                let mut session = Session::new(&plan);
                session.decision(before, Caller::Anonymous);
                let fresh = Session::new(&plan).decision(request, Caller::Anonymous);
                assert_eq!(
                    session.decision(request, Caller::Anonymous),
                    fresh,
                    "{request:?} after {before:?}"
                );
            }
        }
    }
}
