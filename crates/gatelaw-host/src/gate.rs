//! A whole gate for native hosts: a raw request with its token goes in, the decision comes out.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use gatelaw::policy::{Issuer, IssuerId};
use gatelaw::request::{Fact, Token, TokenSource};
use gatelaw::{Begun, Outcome, Plan, RawRequest, Session};

use crate::keys::KeySet;
use crate::request_line::RequestText;
use crate::signature::Signatures;
use crate::token::issuer_of;
use crate::verifier::{Step, Verifier, Who};

/// Decides requests by one policy, and verifies their tokens on the way.
///
/// A gate serves one thread; [`Gate::share`] makes another for the next one, with the same keys and the same remembered tokens.
///
/// ```
/// # use gatelaw::{Sources, compile, RawRequest, Effect};
/// # use gatelaw_host::{Gate, keys::KeySet};
/// let text = r#"
///   issuer okta { url "https://acme.okta.com"  audience "api"  algorithms ES256 }
///   allow read { on GET /orders/**  for authenticated }
/// "#;
/// let plan = compile(&Sources::from_text("policy.gate", text)).unwrap().plan;
/// let mut gate = Gate::new(plan);
/// gate.set_keys("okta", KeySet::parse(br#"{"keys":[]}"#).unwrap());
/// let headers: [(&[u8], &[u8]); 1] = [(b"authorization", b"Bearer e30.e30.e30")];
/// let raw = RawRequest { headers: &headers, now: 1_800_000_000, ..RawRequest::new(b"GET", b"a.example", b"/orders/1") };
/// let outcome = gate.decide(&raw);
/// assert_eq!((outcome.effect(), outcome.status()), (Effect::Deny, 401));
/// ```
#[derive(Debug)]
pub struct Gate {
    session: Session<Arc<Plan>>,
    verifier: Arc<Mutex<Verifier<Arc<Plan>>>>,
    signatures: Signatures,
}

/// Keys that were fetched.
#[derive(Debug, Clone)]
pub struct Fetched {
    /// The keys.
    pub keys: KeySet,
    /// How long their endpoint calls them fresh, in seconds (RFC 9111 §5.2.2.1).
    pub max_age_s: Option<i64>,
}

/// Fetches the keys of an issuer, or `None` where they are not to be had.
pub type Fetch<'f> = &'f mut dyn FnMut(&Issuer) -> Option<Fetched>;

impl Gate {
    /// Makes a gate without keys, which remembers [`gatelaw::limits::TOKENS_REMEMBERED_DEFAULT`] tokens.
    #[must_use]
    pub fn new(plan: impl Into<Arc<Plan>>) -> Self {
        let plan = plan.into();
        Self::of(Verifier::new(plan, gatelaw::limits::TOKENS_REMEMBERED_DEFAULT))
    }

    /// Makes a gate of a verifier: one with its keys, or with another bound on what it remembers.
    #[must_use]
    pub fn of(verifier: Verifier<Arc<Plan>>) -> Self {
        let session = Session::new(Arc::clone(verifier.shared_plan()));
        Self { session, verifier: Arc::new(Mutex::new(verifier)), signatures: Signatures::default() }
    }

    /// Makes a gate for another thread, with the same keys and remembered tokens.
    #[must_use]
    pub fn share(&self) -> Self {
        let plan = Arc::clone(self.verifier().shared_plan());
        let verifier = Arc::clone(&self.verifier);
        Self { session: Session::new(plan), verifier, signatures: self.signatures.clone() }
    }

    /// Makes a gate for the next policy: it takes over the keys of the issuers that stay, and no token that was verified.
    #[must_use]
    pub fn next(&self, plan: impl Into<Arc<Plan>>) -> Self {
        let verifier = self.verifier();
        let mut next = Verifier::new(plan.into(), verifier.tokens_max());
        next.adopt_keys(&verifier);
        Self::of(next)
    }

    /// Gives an issuer keys that stay as they are. False: the policy has no issuer of this name.
    pub fn set_keys(&mut self, issuer: &str, keys: KeySet) -> bool {
        let mut verifier = self.verifier();
        let Some(id) = verifier.issuer(issuer) else { return false };
        verifier.set_keys(id, keys);
        true
    }

    /// Returns the verifier, for what a host does beside requests, such as fetching the keys that are due. No request of this gate,
    /// or of one that shares with it, is decided while it is held.
    pub fn verifier(&self) -> MutexGuard<'_, Verifier<Arc<Plan>>> {
        // INVARIANT: nothing in a verifier is left half done where a thread panics: all its changes are single steps.
        self.verifier.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the session, for explaining what was decided last.
    pub fn session(&mut self) -> &mut Session<Arc<Plan>> {
        &mut self.session
    }

    /// Decides a request with the keys at hand.
    pub fn decide(&mut self, raw: &RawRequest<'_>) -> &Outcome {
        self.answer(raw, None, None)
    }

    /// Decides a request, and fetches keys first where its token can't be judged without. This waits for the fetch; one is made at a
    /// time and after a cool-down, whatever tokens ask for.
    pub fn decide_fetching(&mut self, raw: &RawRequest<'_>, fetch: Fetch<'_>) -> &Outcome {
        self.answer(raw, None, Some(fetch))
    }

    /// Decides a request that was read as text, with the keys at hand: a token in its `identity` is verified as one in its headers
    /// is, and an `identity` that says who is asking is believed.
    pub fn decide_text(&mut self, request: &RequestText<'_>) -> &Outcome {
        request.with(|raw| match request.token() {
            None if request.has_identity() => {
                let caller = request.caller(self.session.plan().identity_model());
                self.session.decide(raw, caller.caller());
            }
            token => {
                self.answer(raw, token, None);
            }
        });
        self.session.outcome()
    }

    /// Decides with a token that was given beside the request, or that stands in it.
    fn answer(&mut self, raw: &RawRequest<'_>, given: Option<&str>, fetch: Option<Fetch<'_>>) -> &Outcome {
        let given = given.map(|value| Token { source: TokenSource::Authorization, value });
        let who = match self.session.begin(raw) {
            Begun::Decided(_) => Who::Anonymous,
            Begun::Open(found) => match given.or(found) {
                Some(token) => judge(&self.verifier, &mut self.signatures, token, raw, fetch),
                None => Who::Anonymous,
            },
        };
        self.session.finish(who.caller())
    }
}

/// Judges a token to the end. The verifier is locked for look-ups alone: neither while keys are fetched nor while a signature is
/// verified.
fn judge(
    verifier: &Mutex<Verifier<Arc<Plan>>>,
    signatures: &mut Signatures,
    token: Token<'_>,
    raw: &RawRequest<'_>,
    fetch: Option<Fetch<'_>>,
) -> Who {
    let lock = || verifier.lock().unwrap_or_else(PoisonError::into_inner);
    let certificate = if let Fact::Present(cert) = raw.facts.client_cert { Some(cert) } else { None };
    let mut step = lock().begin(token, certificate, raw.now);
    if let (Step::NeedsKeys(wanted), Some(fetch)) = (&step, fetch)
        && fetch_keys(&lock, wanted.issuer, raw.now, fetch)
    {
        step = lock().begin(token, certificate, raw.now);
    }
    match step {
        Step::Decided(who) => who,
        Step::NeedsKeys(wanted) => wanted.otherwise,
        Step::NeedsSignature(pending) => {
            let is_valid = signatures.is_valid(&pending);
            lock().settle(*pending, is_valid)
        }
    }
}

/// Fetches an issuer's keys, unless somebody does. Answers whether there are new ones.
fn fetch_keys<'v>(
    lock: &impl Fn() -> MutexGuard<'v, Verifier<Arc<Plan>>>,
    issuer: IssuerId,
    now: i64,
    fetch: Fetch<'_>,
) -> bool {
    let plan = {
        let mut verifier = lock();
        if !verifier.begin_fetch(issuer, now) {
            return false;
        }
        Arc::clone(verifier.shared_plan())
    };
    let fetched = issuer_of(plan.identity_model(), issuer).and_then(fetch);
    let is_new = fetched.is_some();
    match fetched {
        Some(Fetched { keys, max_age_s }) => lock().fetched(issuer, keys, max_age_s, now),
        None => lock().failed(issuer, now),
    }
    is_new
}
