//! Verifies the tokens that requests carry, and says which documents of keys to fetch for that.

use std::sync::Arc;

use gatelaw::limits::TOKENS_REMEMBERED_DEFAULT;
use gatelaw::policy::IssuerId;
use gatelaw::request::{Fact, RawRequest};
use gatelaw::{Begun, Plan, Prepared, Session};
use gatelaw_host::keys::{KeySet, KeySetError, KeySource, Wanted, max_age_s};
use gatelaw_host::{Step, Who, is_signature_valid};

use crate::border::Failure;
use crate::identity::{GateCaller, role_names};
use crate::session::Policy;
use crate::text::GateText;

/// Verifies tokens for one policy: `gate_verifier` of the header.
#[derive(Debug)]
pub struct Verifier {
    plan: Arc<Plan>,
    verifier: gatelaw_host::Verifier<Arc<Plan>>,
    /// By issuer.
    keys: Vec<Keys>,
    /// Who asked last.
    who: Who,
    /// Who was named last, and the names of their roles, which point into the plan: most often they ask again.
    named: Option<Arc<Prepared>>,
    roles: Vec<GateText>,
}

/// Where the keys of one issuer come from, and how far a fetch of them is.
#[derive(Debug)]
struct Keys {
    source: KeySource,
    /// Whether a token asked for a key that isn't there.
    is_wanted: bool,
    /// The document that is being fetched.
    fetching: Option<Wanted>,
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
}

impl Verifier {
    /// Makes a verifier without keys, which remembers `tokens_max` tokens; 0: as many as gatelaw thinks right.
    pub(crate) fn new(policy: &Policy, tokens_max: u32) -> Self {
        let tokens_max = usize::try_from(tokens_max).ok().filter(|max| *max > 0);
        let plan = Arc::clone(&policy.plan);
        let verifier =
            gatelaw_host::Verifier::new(Arc::clone(&plan), tokens_max.unwrap_or(TOKENS_REMEMBERED_DEFAULT));
        let issuers = plan.identity_model().issuers.iter();
        let keys = issuers
            .map(|issuer| Keys { source: KeySource::of(issuer), is_wanted: false, fetching: None })
            .collect();
        Self { plan, verifier, keys, who: Who::Anonymous, named: None, roles: Vec::new() }
    }

    /// Takes an issuer's keys, which are not fetched then.
    ///
    /// # Errors
    /// `abi:issuer` for a name that the policy doesn't have, `keys:…` for a document that is no key set.
    pub(crate) fn set_keys(&mut self, issuer: &str, document: &[u8]) -> Result<(), Failure> {
        let id = self.issuer(issuer)?;
        // The host's own document, in which a shared secret may stand.
        let set = KeySet::parse_with_secrets(document).map_err(|error| no_key_set(&error))?;
        self.verifier.set_keys(id, set);
        Ok(())
    }

    /// Takes the keys that a verifier of another policy has of the same issuers.
    pub(crate) fn adopt(&mut self, other: &Self) {
        self.verifier.adopt_keys(&other.verifier);
    }

    /// Begins the next fetch that is due, and names its document.
    pub(crate) fn next_fetch(&mut self, now: i64) -> GateFetch {
        let due: Vec<IssuerId> = self.verifier.due(now).collect();
        for (at, id) in (0..self.keys.len()).zip((0..).map(IssuerId)) {
            let Some(keys) = self.keys.get_mut(at) else { break };
            let is_wanted = std::mem::take(&mut keys.is_wanted) || due.contains(&id);
            if is_wanted && self.verifier.begin_fetch(id, now) {
                let wanted = keys.source.wanted(now);
                keys.fetching = Some(wanted);
                return self.fetch(id);
            }
        }
        GateFetch::NONE
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
        let keys = self.keys_of(id)?;
        let taken = match keys.fetching.take().ok_or_else(not_begun)? {
            Wanted::Discovery(_) => match keys.source.discovered(document, now) {
                Ok(wanted) => {
                    keys.fetching = Some(wanted);
                    return Ok(self.fetch(id));
                }
                Err(error) => Err(Failure::new(error.code(), error.to_string())),
            },
            Wanted::Keys(_) => fetched_set(document),
        };
        match taken {
            // It has a key: that was looked at before.
            Ok(set) => {
                self.verifier.fetched(id, set, max_age_s(cache_control), now);
            }
            Err(failure) => {
                self.failed(issuer, now)?;
                return Err(failure);
            }
        }
        Ok(GateFetch::NONE)
    }

    /// Notes that a fetch failed: keys that were had before stay.
    ///
    /// # Errors
    /// `abi:issuer` for a name that the policy doesn't have.
    pub(crate) fn failed(&mut self, issuer: &str, now: i64) -> Result<(), Failure> {
        let id = self.issuer(issuer)?;
        let keys = self.keys_of(id)?;
        keys.fetching = None;
        keys.source.failed();
        self.verifier.failed(id, now);
        Ok(())
    }

    /// Says whether this verifier is for a plan.
    pub(crate) fn is_for(&self, plan: &Arc<Plan>) -> bool {
        Arc::ptr_eq(&self.plan, plan)
    }

    /// Decides a request by the token that it carries. Answers whether keys that may be fetched could change the decision.
    pub(crate) fn decide(&mut self, session: &mut Session<Arc<Plan>>, raw: &RawRequest<'_>) -> bool {
        // Whoever asked before is not asking now, even where a panic ends this.
        self.who = Who::Anonymous;
        let mut is_wanted = false;
        if let Begun::Open(Some(token)) = session.begin(raw) {
            let client_cert = match raw.facts.client_cert {
                Fact::Present(cert) => Some(cert),
                Fact::Absent | Fact::Wrong => None,
            };
            self.who = match self.verifier.begin(token, client_cert, raw.now) {
                Step::Decided(who) => who,
                Step::NeedsSignature(pending) => {
                    let is_valid = is_signature_valid(&pending);
                    self.verifier.settle(*pending, is_valid)
                }
                Step::NeedsKeys(wanted) => {
                    is_wanted = true;
                    if let Ok(keys) = self.keys_of(wanted.issuer) {
                        keys.is_wanted = true;
                    }
                    wanted.otherwise
                }
            };
        }
        session.finish(self.who.caller());
        is_wanted
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

    fn fetch(&self, id: IssuerId) -> GateFetch {
        let at = usize::try_from(id.0).unwrap_or(usize::MAX);
        let issuer = self.plan.identity_model().issuers.get(at);
        let url = self.keys.get(at).and_then(|keys| keys.fetching.as_ref()).map(Wanted::url);
        GateFetch {
            issuer: GateText::of_optional(issuer.map(|issuer| issuer.name.as_str())),
            url: GateText::of_optional(url),
        }
    }

    fn issuer(&self, name: &str) -> Result<IssuerId, Failure> {
        let unknown = || Failure::new("abi:issuer", format!("the policy has no issuer `{name}`"));
        self.verifier.issuer(name).ok_or_else(unknown)
    }

    fn keys_of(&mut self, id: IssuerId) -> Result<&mut Keys, Failure> {
        let at = usize::try_from(id.0).unwrap_or(usize::MAX);
        self.keys.get_mut(at).ok_or_else(not_begun)
    }
}

/// Reads a set that an endpoint serves. One without a key is an endpoint's mistake: it would take every good key away.
fn fetched_set(document: &[u8]) -> Result<KeySet, Failure> {
    let set = KeySet::parse(document).map_err(|error| no_key_set(&error))?;
    if set.keys.is_empty() {
        return Err(Failure::new("keys:none", "the key set has no key that gatelaw verifies with"));
    }
    Ok(set)
}

fn no_key_set(error: &KeySetError) -> Failure {
    Failure::new(error.code.name(), error.to_string())
}

fn not_begun() -> Failure {
    Failure::new("abi:order", "no fetch of this issuer was begun: call gate_verifier_next before")
}
