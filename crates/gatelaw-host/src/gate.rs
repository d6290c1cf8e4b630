//! A whole gate for native hosts: a raw request with its token goes in, the decision comes out.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use gatelaw::limits::FETCH_MILLISECONDS_MAX;
use gatelaw::policy::{Issuer, IssuerId};
use gatelaw::request::{Token, TokenSource};
use gatelaw::{Begun, Outcome, Plan, RawRequest, Session};

use crate::counters::Counters;
use crate::keys::{KeyFailure, KeySet};
use crate::request_line::{LineCaller, RequestText};
use crate::signature::Signatures;
use crate::token::{TokenExplained, issuer_of};
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
    shared: Arc<Shared>,
    signatures: Signatures,
}

/// What the gates of several threads share.
#[derive(Debug)]
struct Shared {
    // INVARIANT: locked for look-ups alone: neither while keys are fetched nor while a signature is verified.
    verifier: Mutex<Verifier<Arc<Plan>>>,
    /// Told when a fetch of keys ends.
    fetch_ended: Condvar,
}

/// Keys that were fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// The keys.
    pub keys: KeySet,
    /// How long their endpoint calls them fresh, in seconds (RFC 9111 §5.2.2.1).
    pub max_age_s: Option<i64>,
}

/// Fetches the keys of an issuer, or says what failed where they are not to be had.
pub type Fetch<'f> = &'f mut dyn FnMut(&Issuer) -> Result<Fetched, KeyFailure>;

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
        let shared = Shared { verifier: Mutex::new(verifier), fetch_ended: Condvar::new() };
        Self { session, shared: Arc::new(shared), signatures: Signatures::default() }
    }

    /// Makes a gate for another thread, with the same keys and remembered tokens.
    #[must_use]
    pub fn share(&self) -> Self {
        let plan = Arc::clone(self.verifier().shared_plan());
        let shared = Arc::clone(&self.shared);
        Self { session: Session::new(plan), shared, signatures: self.signatures.clone() }
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

    /// Returns what was counted of tokens and keys until now, of all gates that share with this one. It goes on with [`Gate::next`].
    ///
    /// ```
    /// # use gatelaw::{Sources, compile, RawRequest};
    /// # use gatelaw_host::{Gate, token::TokenCode};
    /// # let text = r#"
    /// #   issuer okta { url "https://acme.okta.com"  audience "api"  algorithms ES256 }
    /// #   allow read { on GET /orders/**  for authenticated }
    /// # "#;
    /// let mut gate = Gate::new(compile(&Sources::from_text("policy.gate", text)).unwrap().plan);
    /// let headers: [(&[u8], &[u8]); 1] = [(b"authorization", b"Bearer e30.e30.e30")];
    /// gate.decide(&RawRequest { headers: &headers, ..RawRequest::new(b"GET", b"a.example", b"/orders/1") });
    /// let counters = gate.counters();
    /// assert_eq!(counters.refused.of(TokenCode::Header), 1);
    /// assert!(counters.to_prometheus().contains("gatelaw_token_refusals_total{code=\"token:header\"} 1"));
    /// ```
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.verifier().counters().clone()
    }

    /// Returns the verifier, for what a host does beside requests, such as fetching the keys that are due. No request of this gate,
    /// or of one that shares with it, is decided while it is held.
    pub fn verifier(&self) -> MutexGuard<'_, Verifier<Arc<Plan>>> {
        self.shared.lock()
    }

    /// Returns the session, for explaining what was decided last.
    pub fn session(&mut self) -> &mut Session<Arc<Plan>> {
        &mut self.session
    }

    /// Decides a request with the keys at hand.
    pub fn decide(&mut self, raw: &RawRequest<'_>) -> &Outcome {
        self.answer(raw, None, None)
    }

    /// Decides a request, and fetches keys first where its token can't be judged without. This waits for the fetch, be it another
    /// thread's; one is made at a time and after a cool-down, whatever tokens ask for.
    pub fn decide_fetching(&mut self, raw: &RawRequest<'_>, fetch: Fetch<'_>) -> &Outcome {
        self.answer(raw, None, Some(fetch))
    }

    /// Decides a request that was read as text, with the keys at hand: a token in its `identity` is verified as one in its headers
    /// is, and an `identity` that says who is asking is believed.
    pub fn decide_text(&mut self, request: &RequestText<'_>) -> &Outcome {
        self.answer_text(request, None)
    }

    /// Decides a request that was read as text, and fetches keys first as [`Gate::decide_fetching`] does.
    pub fn decide_text_fetching(&mut self, request: &RequestText<'_>, fetch: Fetch<'_>) -> &Outcome {
        self.answer_text(request, Some(fetch))
    }

    /// Decides a request that was read as text where that takes no signature and no keys: it has no token, or one that is
    /// remembered or refused. `None`: another call has to decide it, for which a host may want to let go of its locks.
    pub fn decide_text_at_once(&mut self, request: &RequestText<'_>) -> Option<&Outcome> {
        if request.says_who() {
            return Some(self.answer_text(request, None));
        }
        let is_decided = request.with(|raw| {
            let given = request.token().map(given);
            let who = match self.session.begin(raw) {
                Begun::Decided(_) => Who::Anonymous,
                Begun::Open(found) => match given.or(found) {
                    Some(token) => {
                        match self.shared.lock().begin(token, raw.facts.client_cert.present(), raw.now) {
                            Step::Decided(who) => who,
                            Step::NeedsKeys(_) | Step::NeedsSignature(_) => return false,
                        }
                    }
                    None => Who::Anonymous,
                },
            };
            self.session.finish(who.caller());
            true
        });
        is_decided.then(|| self.session.outcome())
    }

    /// Answers who asks by a request that was read as text, as [`Gate::decide_text`] finds it: for explaining the decision. Keys are
    /// fetched where `fetch` is given.
    pub fn caller(&mut self, request: &RequestText<'_>, fetch: Option<Fetch<'_>>) -> LineCaller {
        if request.says_who() {
            return request.caller(self.session.plan().identity_model());
        }
        request.with(|raw| self.who(raw, request.token().map(given), fetch)).into()
    }

    /// Says why a token is accepted or refused, step by step, and whom it names. Keys are fetched where `fetch` is given.
    pub fn explain_token(
        &mut self,
        token: Token<'_>,
        client_cert: Option<&str>,
        now: i64,
        fetch: Option<Fetch<'_>>,
    ) -> TokenExplained {
        let who = self.shared.judge(&mut self.signatures, token, client_cert, now, fetch);
        TokenExplained::of(&self.verifier(), token, client_cert, now, &who)
    }

    /// Fetches the keys that were never had or are stale: for a thread beside requests, which go on with what is at hand. Whether
    /// there are any is known by [`Verifier::due`].
    pub fn fetch_due(&self, now: i64, fetch: Fetch<'_>) {
        let due: Vec<IssuerId> = self.verifier().due(now).collect();
        for issuer in due {
            self.shared.fetch_keys(issuer, now, fetch);
        }
    }

    /// Lists the issuers whose keys are stale; those whose keys were never had are fetched when a token asks for them.
    #[must_use]
    pub fn stale(&self, now: i64) -> Vec<IssuerId> {
        let verifier = self.verifier();
        verifier.due(now).filter(|issuer| verifier.key_set(*issuer).is_some()).collect()
    }

    /// Fetches the keys that are stale, as [`Gate::fetch_due`] does.
    pub fn fetch_stale(&self, now: i64, fetch: Fetch<'_>) {
        for issuer in self.stale(now) {
            self.shared.fetch_keys(issuer, now, fetch);
        }
    }

    fn answer_text(&mut self, request: &RequestText<'_>, fetch: Option<Fetch<'_>>) -> &Outcome {
        request.with(|raw| {
            if request.says_who() {
                let caller = request.caller(self.session.plan().identity_model());
                self.session.decide(raw, caller.caller());
            } else {
                self.answer(raw, request.token().map(given), fetch);
            }
        });
        self.session.outcome()
    }

    /// Decides with a token that was given beside the request, or that stands in it.
    fn answer(
        &mut self,
        raw: &RawRequest<'_>,
        given: Option<Token<'_>>,
        fetch: Option<Fetch<'_>>,
    ) -> &Outcome {
        let who = self.who(raw, given, fetch);
        self.session.finish(who.caller())
    }

    /// Begins a request, and judges its token to the end.
    fn who(&mut self, raw: &RawRequest<'_>, given: Option<Token<'_>>, fetch: Option<Fetch<'_>>) -> Who {
        match self.session.begin(raw) {
            Begun::Decided(_) => Who::Anonymous,
            Begun::Open(found) => match given.or(found) {
                Some(token) => self.shared.judge(
                    &mut self.signatures,
                    token,
                    raw.facts.client_cert.present(),
                    raw.now,
                    fetch,
                ),
                None => Who::Anonymous,
            },
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Verifier<Arc<Plan>>> {
        // INVARIANT: nothing in a verifier is left half done where a thread panics: all its changes are single steps.
        self.verifier.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Judges a token to the end.
    fn judge(
        &self,
        signatures: &mut Signatures,
        token: Token<'_>,
        client_cert: Option<&str>,
        now: i64,
        fetch: Option<Fetch<'_>>,
    ) -> Who {
        let mut step = self.lock().begin(token, client_cert, now);
        if let (Step::NeedsKeys(wanted), Some(fetch)) = (&step, fetch)
            && self.fetch_keys(wanted.issuer, now, fetch)
        {
            step = self.lock().begin(token, client_cert, now);
        }
        match step {
            Step::Decided(who) => who,
            Step::NeedsKeys(wanted) => self.lock().without_keys(wanted),
            Step::NeedsSignature(pending) => {
                let is_valid = signatures.is_valid(&pending);
                self.lock().settle(*pending, is_valid)
            }
        }
    }

    /// Fetches an issuer's keys, or waits for who does. Answers whether there are new ones.
    fn fetch_keys(&self, issuer: IssuerId, now: i64, fetch: Fetch<'_>) -> bool {
        let mut verifier = self.lock();
        if !verifier.begin_fetch(issuer, now) {
            return self.wait_for_fetch(verifier, issuer, now);
        }
        let plan = Arc::clone(verifier.shared_plan());
        drop(verifier);
        let fetched = issuer_of(plan.identity_model(), issuer).map_or(Err(KeyFailure::Fetch), fetch);
        let is_new = match fetched {
            Ok(Fetched { keys, max_age_s }) => self.lock().fetched(issuer, keys, max_age_s, now),
            Err(failure) => {
                self.lock().failed(issuer, failure, now);
                false
            }
        };
        self.fetch_ended.notify_all();
        is_new
    }

    /// Waits for a fetch that is under way, no longer than one takes. Answers whether it ended.
    fn wait_for_fetch(
        &self,
        verifier: MutexGuard<'_, Verifier<Arc<Plan>>>,
        issuer: IssuerId,
        now: i64,
    ) -> bool {
        if !verifier.is_fetching(issuer, now) {
            return false;
        }
        let most = Duration::from_millis(FETCH_MILLISECONDS_MAX);
        let is_fetching = |verifier: &mut Verifier<Arc<Plan>>| verifier.is_fetching(issuer, now);
        let waited = self.fetch_ended.wait_timeout_while(verifier, most, is_fetching);
        !waited.unwrap_or_else(PoisonError::into_inner).1.timed_out()
    }
}

/// Names a token that was given beside its request: it came as one of `Authorization` does.
fn given(value: &str) -> Token<'_> {
    Token { source: TokenSource::Authorization, value }
}
