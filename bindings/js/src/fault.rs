//! What is wrong with what crossed the border.

use std::borrow::Cow;

use gatelaw::artifact::LoadError;
#[cfg(feature = "evaluator")]
use gatelaw::limits::REQUEST_LINE_BYTES_MAX;
use gatelaw_host::keys::FetchedError;

/// Says what is wrong: a stable code, the argument at fault, and a sentence for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The kind of mistake: `artifact:…`, or `request:…` with a code of [`gatelaw_host::LineErrorCode`].
    pub code: &'static str,
    /// The argument at fault, such as `identity.claims`; empty where there is but one.
    pub at: Cow<'static, str>,
    /// What is wrong.
    pub message: String,
}

impl Fault {
    pub(crate) fn new(code: &'static str, at: &'static str, message: impl Into<String>) -> Self {
        Self { code, at: at.into(), message: message.into() }
    }

    /// Says which argument is at fault.
    #[cfg(feature = "tokens")]
    pub(crate) fn in_argument(self, at: impl Into<Cow<'static, str>>) -> Self {
        Self { at: at.into(), ..self }
    }

    pub(crate) fn no_issuer(name: &str) -> Self {
        Self::new("keys:issuer", "issuer", format!("the policy has no issuer `{name}`"))
    }
}

#[cfg(feature = "evaluator")]
impl Fault {
    pub(crate) fn too_large(bytes: usize) -> Self {
        let message = format!("the request has {bytes} bytes; at most {REQUEST_LINE_BYTES_MAX} are read");
        Self::new("request:too-large", "", message)
    }

    /// For bytes that JavaScript can't have written: its own fault, and never the caller's.
    pub(crate) fn no_frame() -> Self {
        Self::new("request:frame", "", "these bytes are no frame of a request")
    }

    /// For a signature that came back after [`gatelaw::limits::TOKENS_PENDING_MAX`] others.
    pub(crate) fn given_up() -> Self {
        let message = "too many signatures are verified at one time: this one was given up";
        Self::new("token:given-up", "", message)
    }

    pub(crate) fn claims(why: &dyn std::fmt::Display) -> Self {
        Self::new("request:json", "identity.claims", why.to_string())
    }

    pub(crate) fn no_ip() -> Self {
        Self::new("request:missing-member", "ip", "the policy reads the client's address")
    }

    /// For a call before any verifier was made.
    pub(crate) fn no_verifier() -> Self {
        Self::new("policy:no-verifier", "", "no verifier was made")
    }

    /// For a call before any policy was loaded.
    pub(crate) fn no_policy() -> Self {
        Self::new("policy:none", "", "no policy is loaded")
    }
}

impl From<FetchedError> for Fault {
    fn from(error: FetchedError) -> Self {
        Self::new(error.code(), "", error.to_string())
    }
}

impl From<LoadError> for Fault {
    fn from(error: LoadError) -> Self {
        Self::new(error.code(), "", error.to_string())
    }
}
