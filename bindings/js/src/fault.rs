//! What is wrong with what crossed the border.

use gatelaw::artifact::LoadError;
use gatelaw::limits::REQUEST_LINE_BYTES_MAX;
use gatelaw_host::keys::FetchedError;

/// Says what is wrong: a stable code, the argument at fault, and a sentence for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The kind of mistake: `artifact:…`, or `request:…` with a code of [`gatelaw_host::LineErrorCode`].
    pub code: &'static str,
    /// The argument at fault, such as `identity.claims`; empty where there is but one.
    pub at: &'static str,
    /// What is wrong.
    pub message: String,
}

impl Fault {
    pub(crate) fn too_large(bytes: usize) -> Self {
        let message = format!("the request has {bytes} bytes; at most {REQUEST_LINE_BYTES_MAX} are read");
        Self { code: "request:too-large", at: "", message }
    }

    /// For bytes that JavaScript can't have written: its own fault, and never the caller's.
    pub(crate) fn no_frame() -> Self {
        Self { code: "request:frame", at: "", message: "these bytes are no frame of a request".to_owned() }
    }

    /// For a signature that came back after [`gatelaw::limits::TOKENS_PENDING_MAX`] others.
    pub(crate) fn given_up() -> Self {
        let message = "too many signatures are verified at one time: this one was given up".to_owned();
        Self { code: "token:given-up", at: "", message }
    }

    pub(crate) fn claims(why: &dyn std::fmt::Display) -> Self {
        Self { code: "request:json", at: "identity.claims", message: why.to_string() }
    }

    pub(crate) fn no_ip() -> Self {
        let message = "the policy reads the client's address".to_owned();
        Self { code: "request:missing-member", at: "ip", message }
    }

    /// For a call before any verifier was made.
    pub(crate) fn no_verifier() -> Self {
        Self { code: "policy:no-verifier", at: "", message: "no verifier was made".to_owned() }
    }

    pub(crate) fn no_issuer(name: &str) -> Self {
        Self { code: "keys:issuer", at: "issuer", message: format!("the policy has no issuer `{name}`") }
    }

    /// For a call before any policy was loaded.
    pub(crate) fn no_policy() -> Self {
        Self { code: "policy:none", at: "", message: "no policy is loaded".to_owned() }
    }
}

impl From<FetchedError> for Fault {
    fn from(error: FetchedError) -> Self {
        Self { code: error.code(), at: "", message: error.to_string() }
    }
}

impl From<LoadError> for Fault {
    fn from(error: LoadError) -> Self {
        Self { code: error.code(), at: "", message: error.to_string() }
    }
}
