//! Where the keys of an issuer are fetched: at the URL that the policy names, or at the one that its discovery document does.

use gatelaw::json::JsonText;
use gatelaw::limits::{KEY_SET_BYTES_MAX, KEYS_FRESH_S_MAX};
use gatelaw::policy::Issuer;
use gatelaw::url;
use thiserror::Error;

use crate::json;

/// What stands behind an issuer's URL (OpenID Connect Discovery 1.0 §4).
const WELL_KNOWN: &str = "/.well-known/openid-configuration";

/// Knows what to fetch for one issuer, and follows no further than its own discovery document.
#[derive(Debug, Clone)]
pub struct KeySource {
    issuer: String,
    named: Option<String>,
    /// What discovery answered, and when.
    discovered: Option<(String, i64)>,
}

/// Names what to fetch next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// The discovery document at this URL.
    Discovery(String),
    /// The key set at this URL.
    Keys(String),
}

impl Wanted {
    /// Returns the URL.
    #[must_use]
    pub fn url(&self) -> &str {
        match self {
            Self::Discovery(url) | Self::Keys(url) => url,
        }
    }
}

/// Says why a discovery document names no keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum DiscoveryError {
    /// Longer than [`KEY_SET_BYTES_MAX`].
    #[error("the discovery document is longer than {KEY_SET_BYTES_MAX} bytes")]
    Size,
    /// No JSON object, or one with a member twice.
    #[error("the discovery document is no JSON object with each member once")]
    Json,
    /// Another issuer's (OpenID Connect Discovery 1.0 §4.3): whoever serves it doesn't speak for this one.
    #[error("the discovery document is of another issuer than the policy's `url`")]
    Issuer,
    /// A `jwks_uri` that is missing, or that nobody should be asked at.
    #[error("the discovery document has no `jwks_uri` of https")]
    Keys,
}

impl DiscoveryError {
    /// Names the kind of the error, for programs to compare.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Size => "discovery:size",
            Self::Json => "discovery:json",
            Self::Issuer => "discovery:issuer",
            Self::Keys => "discovery:keys",
        }
    }
}

impl KeySource {
    /// Makes the source of an issuer's keys.
    #[must_use]
    pub fn of(issuer: &Issuer) -> Self {
        Self { issuer: issuer.url.clone(), named: issuer.keys.clone(), discovered: None }
    }

    /// Answers what to fetch: the keys, or what says where they are. What discovery said counts for a day.
    #[must_use]
    pub fn wanted(&self, now: i64) -> Wanted {
        if let Some(url) = &self.named {
            return Wanted::Keys(url.clone());
        }
        match &self.discovered {
            Some((url, at)) if (0..KEYS_FRESH_S_MAX).contains(&now.saturating_sub(*at)) => {
                Wanted::Keys(url.clone())
            }
            Some(_) | None => Wanted::Discovery(self.discovery_url()),
        }
    }

    /// Takes the discovery document, and answers where the keys are.
    ///
    /// # Errors
    /// A document that names none, or that is another issuer's; what was known before is forgotten then.
    pub fn discovered(&mut self, document: &[u8], now: i64) -> Result<Wanted, DiscoveryError> {
        self.discovered = None;
        let url = self.keys_url(document)?;
        self.discovered = Some((url.clone(), now));
        Ok(Wanted::Keys(url))
    }

    /// Notes that the keys weren't where discovery said: it is asked again.
    pub fn failed(&mut self) {
        self.discovered = None;
    }

    fn discovery_url(&self) -> String {
        // A slash at the end of the issuer is not doubled (§4.1).
        let issuer = self.issuer.strip_suffix('/').unwrap_or(&self.issuer);
        format!("{issuer}{WELL_KNOWN}")
    }

    fn keys_url(&self, document: &[u8]) -> Result<String, DiscoveryError> {
        if document.len() > KEY_SET_BYTES_MAX {
            return Err(DiscoveryError::Size);
        }
        let text = std::str::from_utf8(document).map_err(|_| DiscoveryError::Json)?;
        let document = json::parse_borrowed(text).map_err(|_| DiscoveryError::Json)?;
        let member = |name: &str| match document.member(name) {
            Some(JsonText::String(text)) => Some(&**text),
            _ => None,
        };
        if !matches!(document, JsonText::Object(_)) {
            return Err(DiscoveryError::Json);
        }
        // Byte for byte: a token's `iss` is compared so too.
        if member("issuer") != Some(&*self.issuer) {
            return Err(DiscoveryError::Issuer);
        }
        let good = |url: &&str| url::fault_of(url, true).is_none() && self.may_ask(url);
        member("jwks_uri").filter(good).map(str::to_owned).ok_or(DiscoveryError::Keys)
    }

    /// Says whether a document of this issuer may name such a URL: `http`, on this machine, only if the issuer itself is there.
    fn may_ask(&self, url: &str) -> bool {
        url.starts_with("https://") || self.issuer.starts_with("http://")
    }
}

/// Reads how long an answer calls itself fresh: `max-age` of its `Cache-Control` (RFC 9111 §5.2.2.1), and no time at all where it
/// says `no-store` or `no-cache`. `None` where it says nothing that can be read.
#[must_use]
pub fn max_age_s(cache_control: &str) -> Option<i64> {
    let mut found = None;
    for directive in cache_control.split(',').map(str::trim) {
        let (name, value) = directive.split_once('=').unwrap_or((directive, ""));
        match name.to_ascii_lowercase().as_str() {
            "no-store" | "no-cache" => return Some(0),
            "max-age" if found.is_none() => found = seconds(value.trim_matches('"')),
            _ => {}
        }
    }
    found
}

/// Too many digits are many seconds (RFC 9111 §1.2.2).
fn seconds(digits: &str) -> Option<i64> {
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| digits.parse().unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use gatelaw::{Sources, compile};

    use super::*;

    fn source(lines: &str) -> KeySource {
        let text = format!(
            "issuer a {{ {lines}  audience \"api\"  algorithms RS256 }}\nallow x {{ for authenticated }}"
        );
        let compiled = compile(&Sources::from_text("policy.gate", &text)).unwrap();
        KeySource::of(&compiled.plan.identity_model().issuers[0])
    }

    fn discovery(url: &str) -> Wanted {
        Wanted::Discovery(url.to_owned())
    }

    fn keys(url: &str) -> Wanted {
        Wanted::Keys(url.to_owned())
    }

    #[test]
    fn keys_are_where_the_policy_says() {
        let source = source("url \"https://a.example\"  keys \"https://b.example/keys?v=1\"");
        assert_eq!(source.wanted(0), keys("https://b.example/keys?v=1"));
    }

    #[test]
    fn discovery_says_where_keys_are_for_a_day() {
        for (url, expected) in [
            ("https://a.example", "https://a.example/.well-known/openid-configuration"),
            ("https://a.example/", "https://a.example/.well-known/openid-configuration"),
            ("https://a.example/realms/x", "https://a.example/realms/x/.well-known/openid-configuration"),
        ] {
            let mut source = source(&format!("url \"{url}\""));
            assert_eq!(source.wanted(100), discovery(expected));
            let document = format!(r#"{{"issuer":"{url}","jwks_uri":"https://b.example/k"}}"#);
            assert_eq!(source.discovered(document.as_bytes(), 100), Ok(keys("https://b.example/k")));
            assert_eq!(source.wanted(100 + KEYS_FRESH_S_MAX - 1), keys("https://b.example/k"));
            assert_eq!(source.wanted(100 + KEYS_FRESH_S_MAX), discovery(expected));
            assert_eq!(source.wanted(99), discovery(expected), "the clock went back");
            source.failed();
            assert_eq!(source.wanted(100), discovery(expected));
        }
    }

    #[test]
    fn a_document_that_names_no_keys_is_refused() {
        let url = "https://a.example/";
        for (document, expected) in [
            (r#"{"issuer":"https://a.example","jwks_uri":"https://a.example/k"}"#, DiscoveryError::Issuer),
            (r#"{"issuer":["https://a.example/"],"jwks_uri":"https://a.example/k"}"#, DiscoveryError::Issuer),
            (r#"{"jwks_uri":"https://a.example/k"}"#, DiscoveryError::Issuer),
            (r#"{"issuer":"https://a.example/"}"#, DiscoveryError::Keys),
            (r#"{"issuer":"https://a.example/","jwks_uri":7}"#, DiscoveryError::Keys),
            (r#"{"issuer":"https://a.example/","jwks_uri":"http://a.example/k"}"#, DiscoveryError::Keys),
            (r#"{"issuer":"https://a.example/","jwks_uri":"http://127.0.0.1/k"}"#, DiscoveryError::Keys),
            (r#"{"issuer":"https://a.example/","jwks_uri":"file:///etc/keys"}"#, DiscoveryError::Keys),
            (
                r#"{"issuer":"x","issuer":"https://a.example/","jwks_uri":"https://a.example/k"}"#,
                DiscoveryError::Json,
            ),
            ("[]", DiscoveryError::Json),
            ("<html>", DiscoveryError::Json),
            ("", DiscoveryError::Json),
        ] {
            let mut source = source(&format!("url \"{url}\""));
            assert_eq!(source.discovered(document.as_bytes(), 0), Err(expected), "{document}");
            assert!(matches!(source.wanted(0), Wanted::Discovery(_)));
        }
        let mut source = source(&format!("url \"{url}\""));
        assert_eq!(source.discovered(b"\xff", 0), Err(DiscoveryError::Json));
        assert_eq!(source.discovered(&vec![b' '; KEY_SET_BYTES_MAX + 1], 0), Err(DiscoveryError::Size));
        let good = r#"{"issuer":"https://a.example/","jwks_uri":"https://a.example/k"}"#;
        let padded = format!("{good}{}", " ".repeat(KEY_SET_BYTES_MAX - good.len()));
        assert_eq!(source.discovered(padded.as_bytes(), 0), Ok(keys("https://a.example/k")));
    }

    #[test]
    fn an_issuer_on_this_machine_may_have_its_keys_here() {
        let mut source = source("url \"http://localhost:9000\"");
        let document = br#"{"issuer":"http://localhost:9000","jwks_uri":"http://127.0.0.1:9000/k"}"#;
        assert_eq!(source.discovered(document, 0), Ok(keys("http://127.0.0.1:9000/k")));
        let elsewhere = br#"{"issuer":"http://localhost:9000","jwks_uri":"http://keys.example/k"}"#;
        assert_eq!(source.discovered(elsewhere, 0), Err(DiscoveryError::Keys));
    }

    #[test]
    fn what_is_wanted_has_a_url_and_what_is_wrong_a_code() {
        assert_eq!(discovery("https://a.example/d").url(), "https://a.example/d");
        assert_eq!(keys("https://a.example/k").url(), "https://a.example/k");
        use DiscoveryError as E;
        let codes = [E::Size, E::Json, E::Issuer, E::Keys].map(E::code);
        assert_eq!(codes, ["discovery:size", "discovery:json", "discovery:issuer", "discovery:keys"]);
    }

    #[test]
    fn freshness_is_read_from_cache_control() {
        for (text, expected) in [
            ("", None),
            ("public", None),
            ("max-age=300", Some(300)),
            ("public, Max-Age=\"60\", max-age=5", Some(60)),
            ("max-age=99999999999999999999", Some(i64::MAX)),
            ("max-age=-1", None),
            ("max-age=1.5", None),
            ("max-age", None),
            ("max-age=600, no-store", Some(0)),
            ("no-cache=\"x\"", Some(0)),
            ("s-maxage=9", None),
        ] {
            assert_eq!(max_age_s(text), expected, "{text}");
        }
    }
}
