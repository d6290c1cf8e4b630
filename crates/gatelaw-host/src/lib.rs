//! What every gatelaw host needs, and none may write again.
#![cfg_attr(test, allow(clippy::as_conversions, clippy::string_slice))]

pub mod files;

mod checked;
mod counters;
mod decision_line;
mod decision_read;
mod explanation_line;
#[cfg(all(feature = "fetch", not(target_arch = "wasm32")))]
mod fetch;
#[cfg(not(target_arch = "wasm32"))]
mod gate;
mod handling;
pub mod json;
pub mod keys;
mod needs_line;
mod paint;
mod request_line;
#[cfg(not(target_arch = "wasm32"))]
mod signature;
pub mod token;
mod trace;
mod verifier;
mod words;

pub use checked::{Checked, is_about_text};
pub use counters::{
    ClockSkew, Counters, IssuerCounters, KeyFailures, KeyFetchCounters, Refusals, Suspicions,
};
pub use decision_line::{decide_line, decision_line, request_line};
pub use decision_read::{DecisionError, read_decision};
pub use explanation_line::{explain_line, explanation_line, is_before_rules};
#[cfg(all(feature = "fetch", not(target_arch = "wasm32")))]
pub use fetch::{FetchError, Fetcher};
#[cfg(not(target_arch = "wasm32"))]
pub use gate::{Fetch, Fetched, Gate};
pub use handling::{Answer, CORRELATION_HEADER, Forward, Handling};
pub use needs_line::{NeedsLine, needs_line};
pub use paint::Paint;
pub use request_line::{
    HeaderLine, HeaderLines, LineCaller, LineError, LineErrorCode, RequestLine, RequestMembers, RequestText,
};
#[cfg(not(target_arch = "wasm32"))]
pub use signature::{Signatures, is_signature_valid, is_signed};
pub use trace::{TRACEPARENT_HEADER, TRACESTATE_HEADER, Trace, TraceTrust};
pub use verifier::{KeysWanted, Pending, Step, Verifier, Who};
pub use words::{caller_in_words, decision_in_words, explanation_in_words, rules_in_words};
