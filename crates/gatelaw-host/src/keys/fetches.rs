//! Which document to fetch next, for hosts that fetch in their own way: for one issuer after the other, first what says where its keys
//! are, where the policy doesn't, then the keys.

use std::borrow::Borrow;

use gatelaw::Plan;
use gatelaw::policy::IssuerId;
use thiserror::Error;

use super::{DiscoveryError, KeySet, KeySetError, KeySource, Wanted, max_age_s};
use crate::Verifier;

/// Knows what is fetched for the issuers of a policy.
#[derive(Debug)]
pub struct KeyFetches {
    /// By issuer.
    issuers: Vec<Fetch>,
}

#[derive(Debug)]
struct Fetch {
    source: KeySource,
    /// Whether a token asked for a key that isn't there.
    is_wanted: bool,
    /// The document that is being fetched.
    document: Option<Wanted>,
}

/// Says why a document that was fetched gives no keys.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum FetchedError {
    /// A discovery document that names no keys.
    #[error(transparent)]
    Discovery(#[from] DiscoveryError),
    /// A document that is no key set.
    #[error(transparent)]
    KeySet(#[from] KeySetError),
    /// A set without a key is an endpoint's mistake: it would take every good key away.
    #[error("the key set has no key that gatelaw verifies with")]
    NoKeys,
    /// Nobody asked for it.
    #[error("no fetch of this issuer was begun")]
    NotBegun,
}

/// Says what failed of a fetch: the word before the colon of its code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyFailure {
    /// `fetch`: no document was had.
    Fetch,
    /// `discovery`: a discovery document that names no keys.
    Discovery,
    /// `keys`: a document that is no key set, or one without keys.
    Keys,
}

impl From<&FetchedError> for KeyFailure {
    fn from(error: &FetchedError) -> Self {
        match error {
            FetchedError::Discovery(_) => Self::Discovery,
            FetchedError::KeySet(_) | FetchedError::NoKeys | FetchedError::NotBegun => Self::Keys,
        }
    }
}

impl FetchedError {
    /// Names the kind of the error, for programs to compare.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Discovery(error) => error.code(),
            Self::KeySet(error) => error.code.name(),
            Self::NoKeys => "keys:none",
            Self::NotBegun => "keys:order",
        }
    }
}

impl KeyFetches {
    /// Makes them for the issuers of a plan.
    #[must_use]
    pub fn of(plan: &Plan) -> Self {
        let fetch = |issuer| Fetch { source: KeySource::of(issuer), is_wanted: false, document: None };
        Self { issuers: plan.identity_model().issuers.iter().map(fetch).collect() }
    }

    /// Notes that a token asks for keys that aren't there.
    pub fn want(&mut self, issuer: IssuerId) {
        if let Some(fetch) = self.of_issuer(issuer) {
            fetch.is_wanted = true;
        }
    }

    /// Begins the next fetch that is due or wanted, and names its issuer and the URL of its document.
    pub fn next<P: Borrow<Plan>>(
        &mut self,
        verifier: &mut Verifier<P>,
        now: i64,
    ) -> Option<(IssuerId, &str)> {
        let due: Vec<IssuerId> = verifier.due(now).collect();
        let (issuer, fetch) = (0..).map(IssuerId).zip(&mut self.issuers).find_map(|(issuer, fetch)| {
            let is_wanted = std::mem::take(&mut fetch.is_wanted) || due.contains(&issuer);
            (is_wanted && verifier.begin_fetch(issuer, now)).then_some((issuer, fetch))
        })?;
        Some((issuer, fetch.document.insert(fetch.source.wanted(now)).url()))
    }

    /// Takes a document that was fetched, and names the URL of the one to fetch next, where the keys aren't had by it yet.
    /// `now` is when it was fetched.
    ///
    /// # Errors
    /// A document that gives no keys: the fetch failed then.
    pub fn fetched<P: Borrow<Plan>>(
        &mut self,
        verifier: &mut Verifier<P>,
        issuer: IssuerId,
        document: &[u8],
        cache_control: &str,
        now: i64,
    ) -> Result<Option<&str>, FetchedError> {
        let fetch = self.of_issuer(issuer).ok_or(FetchedError::NotBegun)?;
        match fetch.document.take().ok_or(FetchedError::NotBegun)? {
            Wanted::Discovery(_) => match fetch.source.discovered(document, now) {
                Ok(wanted) => Ok(Some(fetch.document.insert(wanted).url())),
                Err(error) => Err(fetch.fail(verifier, issuer, error.into(), now)),
            },
            Wanted::Keys(_) => match KeySet::parse(document) {
                Ok(set) => {
                    let is_taken = verifier.fetched(issuer, set, max_age_s(cache_control), now);
                    if is_taken {
                        Ok(None)
                    } else {
                        Err(fetch.fail(verifier, issuer, FetchedError::NoKeys, now))
                    }
                }
                Err(error) => Err(fetch.fail(verifier, issuer, error.into(), now)),
            },
        }
    }

    /// Notes that no document was had: keys that were had before stay.
    pub fn failed<P: Borrow<Plan>>(&mut self, verifier: &mut Verifier<P>, issuer: IssuerId, now: i64) {
        if let Some(fetch) = self.of_issuer(issuer) {
            fetch.end_badly(verifier, issuer, KeyFailure::Fetch, now);
        }
    }

    fn of_issuer(&mut self, issuer: IssuerId) -> Option<&mut Fetch> {
        self.issuers.get_mut(usize::try_from(issuer.0).ok()?)
    }
}

impl Fetch {
    fn fail<P: Borrow<Plan>>(
        &mut self,
        verifier: &mut Verifier<P>,
        issuer: IssuerId,
        error: FetchedError,
        now: i64,
    ) -> FetchedError {
        self.end_badly(verifier, issuer, KeyFailure::from(&error), now);
        error
    }

    fn end_badly<P: Borrow<Plan>>(
        &mut self,
        verifier: &mut Verifier<P>,
        issuer: IssuerId,
        failure: KeyFailure,
        now: i64,
    ) {
        self.document = None;
        self.source.failed();
        verifier.failed(issuer, failure, now);
    }
}

#[cfg(test)]
mod tests {
    use gatelaw::limits::{KEYS_COOL_DOWN_S, KEYS_FRESH_S_MIN};
    use gatelaw::{Sources, compile};

    use super::*;

    const DISCOVERY: &[u8] = br#"{"issuer":"https://a.example","jwks_uri":"https://a.example/keys"}"#;
    const KEYS: &[u8] = br#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"1","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;

    struct Host {
        verifier: Verifier<Plan>,
        fetches: KeyFetches,
    }

    impl Host {
        fn new() -> Self {
            let text = r#"
issuer a { url "https://a.example"  audience "api"  algorithms EdDSA }
issuer b { url "https://b.example"  audience "api"  algorithms EdDSA  keys "https://b.example/keys" }
allow x { for authenticated }
"#;
            let plan = compile(&Sources::from_text("policy.gate", text)).unwrap().plan;
            Self { fetches: KeyFetches::of(&plan), verifier: Verifier::new(plan, 10) }
        }

        fn next(&mut self, now: i64) -> Option<(u32, String)> {
            let (issuer, url) = self.fetches.next(&mut self.verifier, now)?;
            Some((issuer.0, url.to_owned()))
        }

        fn fetched(
            &mut self,
            issuer: u32,
            document: &[u8],
            now: i64,
        ) -> Result<Option<String>, &'static str> {
            let taken = self.fetches.fetched(&mut self.verifier, IssuerId(issuer), document, "", now);
            taken.map(|next| next.map(str::to_owned)).map_err(|error| error.code())
        }

        fn keys_of(&self, issuer: u32) -> usize {
            self.verifier.key_set(IssuerId(issuer)).map_or(0, |set| set.keys.len())
        }
    }

    fn named(issuer: u32, url: &str) -> Option<(u32, String)> {
        Some((issuer, url.to_owned()))
    }

    #[test]
    fn each_issuer_is_fetched_once_by_discovery_or_from_where_the_policy_says() {
        let mut host = Host::new();
        assert_eq!(host.next(0), named(0, "https://a.example/.well-known/openid-configuration"));
        assert_eq!(host.next(0), named(1, "https://b.example/keys"));
        assert_eq!(host.next(0), None);
        assert_eq!(host.fetched(0, DISCOVERY, 0), Ok(Some("https://a.example/keys".to_owned())));
        assert_eq!(host.fetched(0, KEYS, 0), Ok(None));
        assert_eq!(host.fetched(1, KEYS, 0), Ok(None));
        assert_eq!((host.keys_of(0), host.keys_of(1)), (1, 1));
        assert_eq!(host.next(KEYS_COOL_DOWN_S), None, "fresh");
        host.fetches.want(IssuerId(0));
        assert_eq!(host.next(KEYS_COOL_DOWN_S - 1), None, "cooling down");
        host.fetches.want(IssuerId(0));
        assert_eq!(host.next(KEYS_COOL_DOWN_S), named(0, "https://a.example/keys"), "discovered already");
        assert_eq!(host.next(KEYS_COOL_DOWN_S), None);
    }

    #[test]
    fn a_document_that_gives_no_keys_ends_the_fetch_and_takes_nothing_away() {
        let mut host = Host::new();
        assert_eq!(host.fetched(0, KEYS, 0), Err("keys:order"));
        assert_eq!(host.fetched(7, KEYS, 0), Err("keys:order"));
        host.next(0);
        assert_eq!(host.fetched(0, b"{}", 0), Err("discovery:issuer"));
        assert_eq!(host.fetched(0, DISCOVERY, 0), Err("keys:order"), "it ended");
        host.next(0);
        host.fetched(1, KEYS, 0).unwrap();
        let mut now = KEYS_FRESH_S_MIN * 100;
        for (document, code) in [(&b"[]"[..], "keys:json"), (br#"{"keys":[]}"#, "keys:none")] {
            assert_eq!(host.next(now), named(0, "https://a.example/.well-known/openid-configuration"));
            assert_eq!(host.next(now), named(1, "https://b.example/keys"));
            assert_eq!(host.fetched(1, document, now), Err(code));
            host.fetches.failed(&mut host.verifier, IssuerId(0), now);
            assert_eq!((host.keys_of(1), host.next(now)), (1, None));
            now += KEYS_COOL_DOWN_S;
        }
    }
}
