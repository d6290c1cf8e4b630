//! Verifies the tokens that requests carry, and says which documents of keys to fetch for that.

use std::sync::Arc;

use gatelaw::limits::TOKENS_REMEMBERED_DEFAULT;
use gatelaw::policy::IssuerId;
use gatelaw::request::RawRequest;
use gatelaw::{Begun, Plan, Prepared, Session};
use gatelaw_host::keys::{FetchedError, KeyFetches, KeySet};
use gatelaw_host::{Counters, KeysWanted, Step, Who, is_signature_valid};

use crate::border::Failure;
use crate::identity::{GateCaller, role_names};
use crate::session::Policy;
use crate::text::GateText;

/// Verifies tokens for one policy: `gate_verifier` of the header.
#[derive(Debug)]
pub struct Verifier {
    plan: Arc<Plan>,
    verifier: gatelaw_host::Verifier<Arc<Plan>>,
    fetches: KeyFetches,
    /// Who asked last.
    who: Who,
    /// Who was named last, and the names of their roles, which point into the plan: most often they ask again.
    named: Option<Arc<Prepared>>,
    roles: Vec<GateText>,
    /// What was answered last without keys that may be fetched: it counts, unless the caller says that it waits for them.
    unawaited: Option<KeysWanted>,
    /// What was written of counters, for C to read.
    counted: String,
}

/// Names a document to fetch: `gate_fetch` of the header.
#[repr(C)]
#[derive(Debug)]
pub struct GateFetch {
    issuer: GateText,
    url: GateText,
}

impl GateFetch {
    const NONE: Self = Self { issuer: GateText::NONE, url: GateText::NONE };

    fn of(plan: &Plan, issuer: IssuerId, url: &str) -> Self {
        Self { issuer: name_of(plan, issuer), url: GateText::of_optional(Some(url)) }
    }
}

impl Verifier {
    /// Makes a verifier without keys, which remembers `tokens_max` tokens; 0: as many as gatelaw thinks right.
    pub(crate) fn new(policy: &Policy, tokens_max: u32) -> Self {
        let tokens_max = usize::try_from(tokens_max).ok().filter(|max| *max > 0);
        let plan = Arc::clone(&policy.plan);
        let verifier =
            gatelaw_host::Verifier::new(Arc::clone(&plan), tokens_max.unwrap_or(TOKENS_REMEMBERED_DEFAULT));
        let fetches = KeyFetches::of(&plan);
        Self {
            plan,
            verifier,
            fetches,
            who: Who::Anonymous,
            named: None,
            roles: Vec::new(),
            unawaited: None,
            counted: String::new(),
        }
    }

    /// Takes an issuer's keys, which are not fetched then.
    ///
    /// # Errors
    /// `abi:issuer` for a name that the policy doesn't have, `keys:…` for a document that is no key set.
    pub(crate) fn set_keys(&mut self, issuer: &str, document: &[u8]) -> Result<(), Failure> {
        let id = self.issuer(issuer)?;
        // The host's own document, in which a shared secret may stand.
        let set = KeySet::parse_with_secrets(document).map_err(|error| no_keys(&error.into()))?;
        self.verifier.set_keys(id, set);
        Ok(())
    }

    /// Takes the keys that a verifier of another policy has of the same issuers.
    pub(crate) fn adopt(&mut self, other: &Self) {
        self.verifier.adopt_keys(&other.verifier);
    }

    /// Begins the next fetch that is due, and names its document.
    pub(crate) fn next_fetch(&mut self, now: i64) -> GateFetch {
        let next = self.fetches.next(&mut self.verifier, now);
        next.map_or(GateFetch::NONE, |(issuer, url)| GateFetch::of(&self.plan, issuer, url))
    }

    /// Takes a document that was fetched, and names the one that has to be fetched next, where the keys aren't had by it yet.
    ///
    /// # Errors
    /// `abi:order` where no fetch was begun; `discovery:…` and `keys:…` for a document that is none: the fetch failed then.
    pub(crate) fn fetched(
        &mut self,
        issuer: &str,
        document: &[u8],
        cache_control: &str,
        now: i64,
    ) -> Result<GateFetch, Failure> {
        let id = self.issuer(issuer)?;
        let fetched = self.fetches.fetched(&mut self.verifier, id, document, cache_control, now);
        let next = fetched.map_err(|error| no_keys(&error))?;
        Ok(next.map_or(GateFetch::NONE, |url| GateFetch::of(&self.plan, id, url)))
    }

    /// Notes that a fetch failed: keys that were had before stay.
    ///
    /// # Errors
    /// `abi:issuer` for a name that the policy doesn't have.
    pub(crate) fn failed(&mut self, issuer: &str, now: i64) -> Result<(), Failure> {
        let id = self.issuer(issuer)?;
        self.fetches.failed(&mut self.verifier, id, now);
        Ok(())
    }

    /// Says whether this verifier is for a plan.
    pub(crate) fn is_for(&self, plan: &Arc<Plan>) -> bool {
        Arc::ptr_eq(&self.plan, plan)
    }

    /// Decides a request by the token that it carries. Names the issuer whose keys may be fetched and could change the decision; the name
    /// points into the plan.
    pub(crate) fn decide(&mut self, session: &mut Session<Arc<Plan>>, raw: &RawRequest<'_>) -> GateText {
        // Whoever asked before is not asking now, even where a panic ends this.
        self.who = Who::Anonymous;
        self.count_unawaited();
        let mut keys_wanted = GateText::NONE;
        if let Begun::Open(Some(token)) = session.begin(raw) {
            let client_cert = raw.facts.client_cert.present();
            self.who = match self.verifier.begin(token, client_cert, raw.now) {
                Step::Decided(who) => who,
                Step::NeedsSignature(pending) => {
                    let is_valid = is_signature_valid(&pending);
                    self.verifier.settle(*pending, is_valid)
                }
                Step::NeedsKeys(wanted) => {
                    keys_wanted = name_of(&self.plan, wanted.issuer);
                    self.fetches.want(wanted.issuer);
                    self.unawaited.insert(wanted).otherwise.clone()
                }
            };
        }
        session.finish(self.who.caller());
        keys_wanted
    }

    /// Notes that the request that was decided last waits for keys and is decided again: its first answer counts for nothing.
    pub(crate) fn wait(&mut self) {
        self.unawaited = None;
    }

    /// Writes what was counted until now.
    pub(crate) fn counted(&mut self, written: fn(&Counters) -> String) -> GateText {
        self.count_unawaited();
        self.counted = written(self.verifier.counters());
        GateText::of_optional(Some(&self.counted))
    }

    fn count_unawaited(&mut self) {
        if let Some(wanted) = self.unawaited.take() {
            // It was answered so already.
            let _ = self.verifier.without_keys(wanted);
        }
    }

    /// Names who asked last, where a valid token says it.
    pub(crate) fn caller(&mut self) -> Option<GateCaller> {
        let Who::Verified(prepared) = &self.who else { return None };
        let identity = prepared.identity();
        if !self.named.as_ref().is_some_and(|named| Arc::ptr_eq(named, prepared)) {
            self.roles = role_names(&self.plan, identity);
            self.named = Some(Arc::clone(prepared));
        }
        GateCaller::of(&self.plan, identity, &self.roles)
    }

    fn issuer(&self, name: &str) -> Result<IssuerId, Failure> {
        let unknown = || Failure::new("abi:issuer", format!("the policy has no issuer `{name}`"));
        self.verifier.issuer(name).ok_or_else(unknown)
    }
}

/// Names an issuer as the policy does.
fn name_of(plan: &Plan, issuer: IssuerId) -> GateText {
    let at = usize::try_from(issuer.0).unwrap_or(usize::MAX);
    let issuer = plan.identity_model().issuers.get(at);
    GateText::of_optional(issuer.map(|issuer| issuer.name.as_str()))
}

/// Says why a document gives no keys, as the header's errors do.
fn no_keys(error: &FetchedError) -> Failure {
    if *error == FetchedError::NotBegun {
        return Failure::new(
            "abi:order",
            "no fetch of this issuer was begun: call gate_verifier_next before",
        );
    }
    Failure::new(error.code(), error.to_string())
}
