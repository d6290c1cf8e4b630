//! Fetches the keys of issuers over HTTP, for native hosts that have no client of their own.
//!
//! Nobody is asked but the policy's own URLs and what an issuer's discovery document names. Whoever answers there may be slow, large or
//! hostile: a fetch ends after five seconds and 256 KiB, follows no redirect, and takes no other status than 200.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use gatelaw::limits::{FETCH_MILLISECONDS_MAX, KEY_SET_BYTES_MAX};
use gatelaw::policy::Issuer;
use rustls::crypto::aws_lc_rs::default_provider;
use ureq::tls::{RootCerts, TlsConfig};
use ureq::{Agent, Body, Error as HttpError};

use crate::gate::Fetched;
use crate::keys::{DiscoveryError, KeyFailure, KeySet, KeySetError, KeySource, Wanted, max_age_s};

/// Fetches keys, and remembers where each issuer's are. One serves all threads and all policies of a host.
///
/// ```no_run
/// # use gatelaw::{Plan, RawRequest};
/// # use gatelaw_host::{Fetcher, Gate};
/// # fn host(plan: Plan, raw: &RawRequest<'_>) {
/// let fetcher = Fetcher::default();
/// let mut gate = Gate::new(plan);
/// let outcome = gate.decide_fetching(raw, &mut |issuer| Ok(fetcher.fetch(issuer, raw.now)?));
/// # }
/// ```
#[derive(Debug)]
pub struct Fetcher {
    agent: Agent,
    /// By the issuer's URL, and that of its keys where the policy names it.
    sources: Mutex<HashMap<Place, KeySource>>,
    time_out: Duration,
    is_loopback_allowed: bool,
}

type Place = (String, Option<String>);

/// Says why keys were not to be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// A URL of `http`, which is for this machine alone, and only where the host allows it.
    #[error("keys are fetched by https only; http is for this machine, where it is allowed")]
    Insecure,
    /// It took too long.
    #[error("the endpoint took too long: all of a fetch has {FETCH_MILLISECONDS_MAX} ms at most")]
    Slow,
    /// No connection, or one that broke or that TLS refused.
    #[error("the endpoint can't be reached: {0}")]
    Unreachable(String),
    /// A redirect: keys are where the issuer says, and nowhere else.
    #[error("the endpoint answered with a redirect, which isn't followed")]
    Redirect,
    /// Another status than 200.
    #[error("the endpoint answered {0}")]
    Status(u16),
    /// A longer answer than a key set can be.
    #[error("the answer is longer than {KEY_SET_BYTES_MAX} bytes")]
    Size,
    /// A set of no usable keys: nobody could sign in by it, so it is a mistake of its endpoint.
    #[error("the key set has no key that can verify")]
    Empty,
    /// The discovery document names no keys.
    #[error(transparent)]
    Discovery(#[from] DiscoveryError),
    /// The document is no key set.
    #[error(transparent)]
    Keys(#[from] KeySetError),
}

impl FetchError {
    /// Names the kind of the error, for programs to compare.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Insecure => "fetch:insecure",
            Self::Slow => "fetch:slow",
            Self::Unreachable(_) => "fetch:unreachable",
            Self::Redirect => "fetch:redirect",
            Self::Status(_) => "fetch:status",
            Self::Size => "fetch:size",
            Self::Empty => "keys:none",
            Self::Discovery(error) => error.code(),
            Self::Keys(error) => error.code.name(),
        }
    }
}

impl From<FetchError> for KeyFailure {
    fn from(error: FetchError) -> Self {
        match error {
            FetchError::Insecure
            | FetchError::Slow
            | FetchError::Unreachable(_)
            | FetchError::Redirect
            | FetchError::Status(_)
            | FetchError::Size => Self::Fetch,
            FetchError::Discovery(_) => Self::Discovery,
            FetchError::Empty | FetchError::Keys(_) => Self::Keys,
        }
    }
}

impl Default for Fetcher {
    fn default() -> Self {
        Self::new(Duration::from_millis(FETCH_MILLISECONDS_MAX))
    }
}

impl Fetcher {
    /// Makes a fetcher whose fetches end after a time, which is at most [`FETCH_MILLISECONDS_MAX`].
    ///
    /// It trusts the certificates that the machine trusts, and goes through the proxy that the environment names
    /// (`HTTPS_PROXY`, `NO_PROXY`).
    #[must_use]
    pub fn new(time_out: Duration) -> Self {
        // By name, not the process's: another crate may have set one up that can't do what is needed here, or none.
        let tls = TlsConfig::builder().unversioned_rustls_crypto_provider(Arc::new(default_provider()));
        let config = Agent::config_builder()
            // None is kept: fetches are minutes apart, and a process that was forked would speak into its parent's connection.
            .max_idle_connections(0)
            .max_idle_connections_per_host(0)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .user_agent(concat!("gatelaw/", env!("CARGO_PKG_VERSION")))
            .tls_config(tls.root_certs(RootCerts::PlatformVerifier).build());
        Self {
            agent: config.build().into(),
            sources: Mutex::default(),
            time_out: time_out.min(Duration::from_millis(FETCH_MILLISECONDS_MAX)),
            is_loopback_allowed: false,
        }
    }

    /// Allows `http` to this machine, for providers in tests and behind a proxy of one's own.
    #[must_use]
    pub fn allow_loopback(mut self) -> Self {
        self.is_loopback_allowed = true;
        self
    }

    /// Fetches the keys of an issuer, and before them its discovery document where the policy names no keys. `now` is in Unix
    /// seconds. This waits; [`crate::Verifier::begin_fetch`] says when it should be called, and that nobody else does.
    ///
    /// # Errors
    /// Where there are none to be had. What is at hand already stays good.
    pub fn fetch(&self, issuer: &Issuer, now: i64) -> Result<Fetched, FetchError> {
        let place = (issuer.url.clone(), issuer.keys.clone());
        // Taken out, so that nobody who fetches other keys waits for these.
        let known = self.sources().get(&place).cloned();
        let mut source = known.unwrap_or_else(|| KeySource::of(issuer));
        let get = Get {
            agent: &self.agent,
            is_loopback_allowed: self.is_loopback_allowed,
            until: Instant::now() + self.time_out,
        };
        let fetched = get.keys(&mut source, now);
        if fetched.is_err() {
            source.failed();
        }
        self.sources().insert(place, source);
        fetched
    }

    fn sources(&self) -> MutexGuard<'_, HashMap<Place, KeySource>> {
        // INVARIANT: all changes are single steps, so that nothing is half done where a thread panicked.
        self.sources.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One fetch: of the discovery document, where it is needed, and of the keys.
struct Get<'a> {
    agent: &'a Agent,
    is_loopback_allowed: bool,
    until: Instant,
}

impl Get<'_> {
    fn keys(&self, source: &mut KeySource, now: i64) -> Result<Fetched, FetchError> {
        let url = match source.wanted(now) {
            Wanted::Keys(url) => url,
            Wanted::Discovery(url) => {
                let (document, _) = self.document(&url)?;
                source.discovered(&document, now)?.url().to_owned()
            }
        };
        let (document, max_age_s) = self.document(&url)?;
        let keys = KeySet::parse(&document)?;
        if keys.keys.is_empty() { Err(FetchError::Empty) } else { Ok(Fetched { keys, max_age_s }) }
    }

    /// Fetches a document, and how long it is fresh.
    fn document(&self, url: &str) -> Result<(Vec<u8>, Option<i64>), FetchError> {
        let is_secure = url.starts_with("https://");
        // INVARIANT: a URL of `http` is one of this machine, as the policy's check and `KeySource` take no other.
        if !is_secure && !self.is_loopback_allowed {
            return Err(FetchError::Insecure);
        }
        let left = self.until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(FetchError::Slow);
        }
        let request = self.agent.get(url).header("accept", "application/json");
        let request = request.config().timeout_global(Some(left));
        // What another machine calls itself is not this one.
        let request = if is_secure { request } else { request.proxy(None) };
        let mut answer = request.build().call().map_err(broken)?;
        match answer.status().as_u16() {
            200 => {}
            300..=399 => return Err(FetchError::Redirect),
            status => return Err(FetchError::Status(status)),
        }
        let fresh = answer.headers().get("cache-control").and_then(|value| value.to_str().ok());
        let fresh_s = fresh.and_then(max_age_s);
        Ok((body(answer.body_mut())?, fresh_s))
    }
}

fn body(body: &mut Body) -> Result<Vec<u8>, FetchError> {
    let most = u64::try_from(KEY_SET_BYTES_MAX).unwrap_or(u64::MAX);
    body.with_config().limit(most).read_to_vec().map_err(broken)
}

/// Says what broke, without the URL: a query of it may be a secret.
fn broken(error: HttpError) -> FetchError {
    match error {
        HttpError::Timeout(_) => FetchError::Slow,
        HttpError::BodyExceedsLimit(_) => FetchError::Size,
        HttpError::Io(error) if error.kind() == io::ErrorKind::TimedOut => FetchError::Slow,
        HttpError::Io(error) => FetchError::Unreachable(error.kind().to_string()),
        HttpError::HostNotFound => FetchError::Unreachable("no such host".into()),
        HttpError::ConnectionFailed => FetchError::Unreachable("no connection".into()),
        HttpError::Tls(what) => FetchError::Unreachable(what.to_owned()),
        HttpError::Rustls(error) => FetchError::Unreachable(error.to_string()),
        _ => FetchError::Unreachable("the answer is no HTTP".into()),
    }
}
