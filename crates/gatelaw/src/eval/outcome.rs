//! What a decision came to, in buffers that are used again.

use std::ops::Range;

use crate::ast::{AuditLevel, Effect};
use crate::decision::{Decision, DecisionText, LimitText, Reason};
use crate::plan::{Action, Plan, PlanKind};
use crate::policy::{Denial, RuleId};
use crate::request::Refused;
use crate::sort::{sort_by, sort_each_once};

/// Says why, without owning text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    Rule,
    NoRule,
    Unauthenticated,
    InsufficientUserAuthentication,
    InsufficientScope,
    KeysUnavailable,
    ForwardValue,
    RecordSize,
    Refused(Refused),
    Token,
    Fact(&'static str),
}

/// Holds the answer to the last request of a [`Session`](super::Session), until the next one.
#[derive(Debug, Clone)]
pub struct Outcome {
    pub(super) effect: Effect,
    pub(super) status: u16,
    pub(super) why: Why,
    pub(super) rule: Option<RuleId>,
    pub(super) challenge: Option<Range<usize>>,
    // INVARIANT: on allow sorted by name, then by rule: made so where all are written, for those who look names up.
    pub(super) set: Vec<Set>,
    pub(super) limits: Vec<(u32, Range<usize>)>,
    pub(super) audit: AuditLevel,
    /// By instance and place in its `keep`: the text of the value.
    pub(super) keep: Vec<(u32, u32, Range<usize>)>,
    /// Everything that matched beside the deciding rule: instances, sorted, each once.
    pub(super) matched: Vec<u32>,
    pub(super) target: Option<Range<usize>>,
    /// The code of an invalid token.
    pub(super) code: Range<usize>,
    /// All texts, one behind the other.
    pub(super) text: String,
    sorting: Sorting,
}

/// An instance, a place in its `set`, and the text of the value.
pub(super) type Set = (u32, u32, Range<usize>);

/// Room to sort the members of a set in: a request chooses how many there are, so that looking for the next one again and again
/// would take the square of them.
#[derive(Debug, Clone, Default)]
pub(super) struct Sorting {
    pub(super) text: String,
    pub(super) members: Vec<Range<usize>>,
}

impl Outcome {
    pub(super) fn new() -> Self {
        Self {
            effect: Effect::Deny,
            status: 403,
            why: Why::NoRule,
            rule: None,
            challenge: None,
            set: Vec::new(),
            limits: Vec::new(),
            audit: AuditLevel::Brief,
            keep: Vec::new(),
            matched: Vec::new(),
            target: None,
            code: 0..0,
            text: String::new(),
            sorting: Sorting::default(),
        }
    }

    pub(super) fn clear(&mut self) {
        self.effect = Effect::Deny;
        self.status = 403;
        self.why = Why::NoRule;
        self.rule = None;
        self.challenge = None;
        self.set.clear();
        self.limits.clear();
        self.audit = AuditLevel::Brief;
        self.keep.clear();
        self.matched.clear();
        self.target = None;
        self.code = 0..0;
        self.text.clear();
    }

    pub(super) fn deny(&mut self, status: u16, why: Why) {
        (self.effect, self.status, self.why) = (Effect::Deny, status, why);
    }

    /// Takes back what was to be answered, set, counted and kept.
    pub(super) fn withhold(&mut self) {
        self.challenge = None;
        self.set.clear();
        self.limits.clear();
        self.keep.clear();
    }

    /// Runs something that appends to the text, and marks what it appended.
    pub(super) fn written(&mut self, write: impl FnOnce(&mut String)) -> Range<usize> {
        let start = self.text.len();
        write(&mut self.text);
        start..self.text.len()
    }

    /// As [`Self::written`], with room to sort in.
    pub(super) fn sorted(&mut self, write: impl FnOnce(&mut Sorting, &mut String)) -> Range<usize> {
        let mut sorting = std::mem::take(&mut self.sorting);
        let range = self.written(|text| write(&mut sorting, text));
        self.sorting = sorting;
        range
    }

    /// Sorts the headers that are set by name, those of the least rule first.
    pub(super) fn sort_set(&mut self, plan: &Plan) {
        let key = |(instance, place, _): &Set| {
            (plan.set_name(*instance, *place), plan.instance(*instance).map(|i| i.rule), *instance, *place)
        };
        sort_by(&mut self.set, |a, b| key(a) < key(b));
    }

    /// Finds the instance of the least rule that sets a header.
    pub(super) fn first_set(&self, plan: &Plan, name: &str) -> Option<u32> {
        let name_of = |(instance, place, _): &Set| plan.set_name(*instance, *place).map(String::as_str);
        let at = self.set.partition_point(|set| name_of(set) < Some(name));
        let found = self.set.get(at).filter(|set| name_of(set) == Some(name));
        found.map(|(instance, _, _)| *instance)
    }

    fn at(&self, range: &Range<usize>) -> &str {
        self.text.get(range.clone()).unwrap_or("")
    }

    /// Returns whether the request may pass.
    #[must_use]
    pub fn effect(&self) -> Effect {
        self.effect
    }

    /// Returns the HTTP status to answer with; 200 on allow.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.status
    }

    /// Returns what to forward, where the request has one meaning.
    #[must_use]
    pub fn target(&self) -> Option<&str> {
        self.target.as_ref().map(|range| self.at(range))
    }

    /// Returns the rule that decided, where one did.
    #[must_use]
    pub fn rule(&self) -> Option<RuleId> {
        self.rule
    }

    /// Copies the outcome into a decision of its own. This allocates; deciding does not.
    #[must_use]
    pub fn to_decision(&self, plan: &Plan) -> Decision {
        self.view(plan).into_owned()
    }

    /// Looks at the outcome as a decision. This allocates where there are lists, or where the request or its token was refused.
    #[must_use]
    pub fn view<'d>(&'d self, plan: &'d Plan) -> DecisionText<'d> {
        DecisionText {
            effect: self.effect,
            status: self.status,
            reason: self.reason(),
            rule: self.rule.and_then(|rule| plan.rule_name(rule)),
            challenge: self.challenge.as_ref().map(|range| self.at(range)),
            text: self.response(plan),
            set: self.headers_set(plan),
            remove: self.headers_removed(plan),
            limits: self
                .limits
                .iter()
                .filter_map(|(instance, key)| self.limit(plan, *instance, key))
                .collect(),
            audit: self.audit,
            keep: self.kept(plan),
            observed: self.observed(plan),
            target: self.target(),
            policy: &plan.digest,
        }
    }

    /// Finds the text that a `respond` sends.
    fn response<'d>(&self, plan: &'d Plan) -> Option<&'d str> {
        match &plan.rule(self.rule?)?.kind {
            PlanKind::Deny(denial) if self.why == Why::Rule => match &**denial {
                Denial::Respond { text, .. } => text.as_deref(),
                Denial::Challenge { .. } => None,
            },
            PlanKind::Allow | PlanKind::Deny(_) | PlanKind::Limit | PlanKind::Forward | PlanKind::Audit => {
                None
            }
        }
    }

    fn reason(&self) -> Reason {
        match self.why {
            Why::Rule => Reason::Rule,
            Why::NoRule => Reason::NoRule,
            Why::Unauthenticated => Reason::Unauthenticated,
            Why::InsufficientUserAuthentication => Reason::InsufficientUserAuthentication,
            Why::InsufficientScope => Reason::InsufficientScope,
            Why::KeysUnavailable => Reason::KeysUnavailable,
            Why::ForwardValue => Reason::ForwardValue,
            Why::RecordSize => Reason::RecordSize,
            Why::Refused(refused) => Reason::Refused(refused.to_string()),
            Why::Token => Reason::Token(self.at(&self.code).to_owned()),
            Why::Fact(name) => Reason::Fact(name),
        }
    }

    fn headers_set<'d>(&'d self, plan: &'d Plan) -> Vec<(&'d str, &'d str)> {
        let named = |(instance, place, range): &'d Set| {
            Some((plan.set_name(*instance, *place)?.as_str(), self.at(range)))
        };
        let mut set: Vec<_> = self.set.iter().filter_map(named).collect();
        sort_each_once(&mut set);
        set
    }

    /// Lists what is removed on allow: all that the policy ever sets, and what a matching `remove` names.
    fn headers_removed<'d>(&self, plan: &'d Plan) -> Vec<&'d str> {
        if self.effect == Effect::Deny {
            return Vec::new();
        }
        let mut remove: Vec<&str> = plan.reading.needs().sets.iter().map(String::as_str).collect();
        for instance in &self.matched {
            if let Some(Action::Forward { remove: named, .. }) = plan.instance(*instance).map(|i| &i.action) {
                remove.extend(named.iter().map(String::as_str));
            }
        }
        remove.retain(|name| self.first_set(plan, name).is_none());
        sort_each_once(&mut remove);
        remove
    }

    fn limit<'d>(&'d self, plan: &'d Plan, instance: u32, key: &Range<usize>) -> Option<LimitText<'d>> {
        let found = plan.instance(instance)?;
        let Action::Limit { rate, per_s, burst, .. } = &found.action else { return None };
        let name = plan.rule_name(found.rule)?;
        Some(LimitText { name, key: self.at(key), rate: *rate, per_s: *per_s, burst: *burst })
    }

    fn kept<'d>(&'d self, plan: &'d Plan) -> Vec<(&'d str, &'d str)> {
        if self.keep.is_empty() {
            return Vec::new();
        }
        let actions = self.matched.iter().filter_map(|i| Some(&plan.instance(*i)?.action));
        let mut redacted: Vec<&String> = actions
            .flat_map(|action| match action {
                Action::Audit { redact, .. } => redact.as_slice(),
                Action::Observe | Action::Limit { .. } | Action::Forward { .. } => &[],
            })
            .collect();
        sort_each_once(&mut redacted);
        let named = |(instance, place, range): &'d (u32, u32, Range<usize>)| {
            let Action::Audit { keep, .. } = &plan.instance(*instance)?.action else { return None };
            let (name, _) = keep.get(usize::try_from(*place).ok()?)?;
            redacted.binary_search(&name).is_err().then(|| (name.as_str(), self.at(range)))
        };
        let mut keep: Vec<_> = self.keep.iter().filter_map(named).collect();
        sort_each_once(&mut keep);
        keep
    }

    fn observed<'d>(&self, plan: &'d Plan) -> Vec<&'d str> {
        let observed =
            self.matched.iter().filter_map(|i| plan.instance(*i)).filter(|i| i.action == Action::Observe);
        let mut names: Vec<&str> = observed.filter_map(|i| plan.rule_name(i.rule)).collect();
        sort_each_once(&mut names);
        names
    }
}

impl Plan {
    /// Returns the full name of a rule.
    #[must_use]
    pub fn rule_name(&self, rule: RuleId) -> Option<&str> {
        self.rule_names.find(usize::try_from(rule.0).ok()?)
    }

    pub(crate) fn rule(&self, id: RuleId) -> Option<&crate::plan::PlanRule> {
        self.rules.get(usize::try_from(id.0).ok()?)
    }

    pub(crate) fn instance(&self, number: u32) -> Option<&crate::plan::Instance> {
        self.instances.get(usize::try_from(number).ok()?)
    }

    /// Returns the name of a header that an instance sets.
    pub(crate) fn set_name(&self, instance: u32, place: u32) -> Option<&String> {
        match &self.instance(instance)?.action {
            Action::Forward { set, .. } => set.get(usize::try_from(place).ok()?).map(|(name, _)| name),
            Action::Observe | Action::Limit { .. } | Action::Audit { .. } => None,
        }
    }
}
