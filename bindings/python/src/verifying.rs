//! A gate that verifies tokens: with the keys that it was given, and those that it fetches.

use std::borrow::Cow;
use std::fs::File;
use std::io::Read;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use gatelaw::limits::{KEY_SET_BYTES_MAX, TOKENS_REMEMBERED_DEFAULT};
use gatelaw::policy::Issuer;
use gatelaw::request::{Token, TokenSource};
use gatelaw::{Decision, Plan, Session};
use gatelaw_host::keys::KeySet;
use gatelaw_host::{Counters, FetchError, Fetcher, Gate, LineCaller, RequestText, Verifier};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyInt};

use crate::argument;
use crate::error::Fault;

/// What a host says of tokens, by the keyword arguments of `Gate`.
#[derive(Default)]
pub(crate) struct Tokens<'a, 'py> {
    pub(crate) keys: Option<&'a Bound<'py, PyAny>>,
    pub(crate) fetch: Option<&'a Bound<'py, PyAny>>,
    pub(crate) tokens_max: Option<&'a Bound<'py, PyAny>>,
}

/// Verifies tokens for as many threads as ask.
pub(crate) struct Verifying {
    /// Never asked for a decision: it makes those that are, and holds what they share.
    first: Gate,
    // INVARIANT: never more than were ever in use at once; one that a call panicked in doesn't come back.
    idle: Mutex<Vec<Gate>>,
    fetcher: Option<Fetcher>,
    /// The process in which a thread fetches stale keys, 0 for none: one that was forked meanwhile doesn't have that thread.
    refreshed_by: AtomicU32,
}

impl Verifying {
    /// Reads what is said of tokens. `None`: this gate verifies none.
    pub(crate) fn of(plan: &Arc<Plan>, tokens: &Tokens<'_, '_>) -> Result<Option<Arc<Self>>, Fault> {
        let fetcher = tokens.fetch.map_or(Ok(None), fetcher).map_err(|fault| fault.within("fetch"))?;
        let most = tokens.tokens_max.map_or(Ok(TOKENS_REMEMBERED_DEFAULT), count);
        let most = most.map_err(|fault| fault.within("tokens_max"))?;
        if tokens.keys.is_none() && fetcher.is_none() {
            return Ok(None);
        }
        let verifying = Self::new(plan, most, fetcher);
        if let Some(keys) = tokens.keys {
            verifying.set_all(keys).map_err(|fault| fault.within("keys"))?;
        }
        Ok(Some(Arc::new(verifying)))
    }

    /// Makes one without keys.
    pub(crate) fn new(plan: &Arc<Plan>, tokens_max: usize, fetcher: Option<Fetcher>) -> Self {
        let first = Gate::of(Verifier::new(Arc::clone(plan), tokens_max));
        Self { first, idle: Mutex::new(Vec::new()), fetcher, refreshed_by: AtomicU32::new(0) }
    }

    /// Takes the keys of an issuer in place of those it has: a document as `bytes`, or the path of one.
    pub(crate) fn set(&self, issuer: &str, document: &Bound<'_, PyAny>) -> Result<(), Fault> {
        let bytes = bytes(document)?;
        // The host's own document, in which a shared secret may stand.
        let set = KeySet::parse_with_secrets(&bytes)
            .map_err(|error| Fault::new(error.code.name(), error.to_string()))?;
        let mut verifier = self.first.verifier();
        let Some(id) = verifier.issuer(issuer) else {
            let known = verifier.plan().identity_model().issuers.iter();
            let known: Vec<&str> = known.map(|issuer| issuer.name.as_str()).collect();
            let known = if known.is_empty() { "none".into() } else { known.join(", ") };
            return Err(Fault::argument(format!("the policy has no issuer of this name; it has {known}")));
        };
        verifier.set_keys(id, set);
        Ok(())
    }

    fn set_all(&self, keys: &Bound<'_, PyAny>) -> Result<(), Fault> {
        let wanted = || Fault::kind("a mapping of issuers' names to key sets", keys);
        for (name, document) in argument::entries(keys)?.ok_or_else(wanted)? {
            let name = argument::text(&name).map_err(|fault| fault.within(" (a name in it)"))?;
            self.set(name, &document).map_err(|fault| fault.within(&format!("['{name}']")))?;
        }
        Ok(())
    }

    /// Decides a request, and answers what `told` tells of it. Python's lock is let go of where a signature is verified or keys are
    /// fetched.
    pub(crate) fn judged<T>(
        self: &Arc<Self>,
        py: Python<'_>,
        request: &RequestText<'_>,
        told: impl FnOnce(&Session<Arc<Plan>>) -> T,
    ) -> T {
        let answer = self.with(|gate| {
            if gate.decide_text_at_once(request).is_none() {
                py.detach(|| self.decide(gate, request));
            }
            told(gate.session())
        });
        self.refresh(request.now());
        answer
    }

    /// Decides a request where Python's lock isn't held.
    pub(crate) fn decision_unlocked(self: &Arc<Self>, request: &RequestText<'_>) -> Decision {
        let decision = self.with(|gate| {
            self.decide(gate, request);
            gate.session().to_decision()
        });
        self.refresh(request.now());
        decision
    }

    /// Says who asks.
    pub(crate) fn caller(&self, request: &RequestText<'_>) -> LineCaller {
        let now = request.now();
        self.with(|gate| match &self.fetcher {
            Some(fetcher) => gate.caller(request, Some(&mut |issuer| Ok(fetcher.fetch(issuer, now)?))),
            None => gate.caller(request, None),
        })
    }

    /// Says why a token is accepted or refused, as one JSON object.
    pub(crate) fn explained(&self, token: &str, client_cert: Option<&str>, now: i64) -> String {
        let token = Token { source: TokenSource::Authorization, value: token };
        let explained = self.with(|gate| match &self.fetcher {
            Some(fetcher) => {
                let mut fetch = |issuer: &Issuer| Ok(fetcher.fetch(issuer, now)?);
                gate.explain_token(token, client_cert, now, Some(&mut fetch))
            }
            None => gate.explain_token(token, client_cert, now, None),
        });
        explained.to_line()
    }

    /// Answers what was counted until now.
    pub(crate) fn counters(&self) -> Counters {
        self.first.counters()
    }

    /// Fetches all keys that are due, and answers what went wrong, by the issuer's name.
    pub(crate) fn fetch_due(&self, now: i64) -> Vec<(String, FetchError)> {
        let mut failures = Vec::new();
        if let Some(fetcher) = &self.fetcher {
            self.first.fetch_due(now, &mut |issuer| {
                let fetched = fetcher.fetch(issuer, now);
                Ok(fetched.inspect_err(|error| failures.push((issuer.name.clone(), error.clone())))?)
            });
        }
        failures
    }

    fn decide(&self, gate: &mut Gate, request: &RequestText<'_>) {
        let now = request.now();
        match &self.fetcher {
            Some(fetcher) => {
                gate.decide_text_fetching(request, &mut |issuer| Ok(fetcher.fetch(issuer, now)?));
            }
            None => {
                gate.decide_text(request);
            }
        }
    }

    /// Has a thread of its own fetch keys that are stale: no request waits for those.
    fn refresh(self: &Arc<Self>, now: i64) {
        if self.fetcher.is_none() || self.first.stale(now).is_empty() {
            return;
        }
        let process = std::process::id();
        if self.refreshed_by.swap(process, Ordering::AcqRel) == process {
            return;
        }
        let this = Arc::clone(self);
        let begun = thread::Builder::new().name("gatelaw keys".into()).spawn(move || {
            if let Some(fetcher) = &this.fetcher {
                this.first.fetch_stale(now, &mut |issuer| Ok(fetcher.fetch(issuer, now)?));
            }
            this.refreshed_by.store(0, Ordering::Release);
        });
        // No thread is to be had now: the next request tries again.
        if begun.is_err() {
            self.refreshed_by.store(0, Ordering::Release);
        }
    }

    /// Calls with a gate of its own.
    fn with<T>(&self, then: impl FnOnce(&mut Gate) -> T) -> T {
        // Never waits: a process that was forked while another thread held the lock would wait for ever.
        let taken = self.idle.try_lock().ok().and_then(|mut idle| idle.pop());
        let mut gate = taken.unwrap_or_else(|| self.first.share());
        let answer = then(&mut gate);
        if let Ok(mut idle) = self.idle.try_lock() {
            idle.push(gate);
        }
        answer
    }
}

/// Reads `True`, `False` or `"loopback"`.
fn fetcher(fetch: &Bound<'_, PyAny>) -> Result<Option<Fetcher>, Fault> {
    if let Ok(truth) = fetch.cast::<PyBool>() {
        return Ok(truth.is_true().then(Fetcher::default));
    }
    if !argument::is_text(fetch) {
        return Err(Fault::kind("a `bool` or `\"loopback\"`", fetch));
    }
    match argument::text(fetch)? {
        "loopback" => Ok(Some(Fetcher::default().allow_loopback())),
        _ => Err(Fault::argument("it is `True`, `False` or `loopback`")),
    }
}

/// Reads how many there may be.
fn count(value: &Bound<'_, PyAny>) -> Result<usize, Fault> {
    if value.is_instance_of::<PyBool>() || !value.is_instance_of::<PyInt>() {
        return Err(Fault::kind("an `int`", value));
    }
    let none = |_| Fault::argument("no such number: it is below zero or too large");
    value.extract::<u32>().map_err(none).map(|count| usize::try_from(count).unwrap_or(usize::MAX))
}

/// Reads `bytes` as they are, or the file at a path: as far as it can be a key set, and one byte more so that it is refused.
fn bytes<'a>(document: &'a Bound<'_, PyAny>) -> Result<Cow<'a, [u8]>, Fault> {
    if let Ok(bytes) = document.cast::<PyBytes>() {
        return Ok(Cow::from(bytes.as_bytes()));
    }
    let wanted = |_| Fault::kind("a key set as `bytes`, or the path of one,", document);
    let path: PathBuf = document.extract().map_err(wanted)?;
    let most = u64::try_from(KEY_SET_BYTES_MAX).unwrap_or(u64::MAX).saturating_add(1);
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(most).read_to_end(&mut bytes));
    read.map_err(|error| Fault::Raised(error.into())).map(|_| bytes.into())
}
