//! The keys of issuers: what a key is, and when a set of keys is fetched, fresh, stale or missing.

mod cache;
mod document;
mod fetches;
mod jwk;
mod point;
mod source;

pub use cache::{Found, KeyCache};
pub use document::{KeySetCode, KeySetError};
pub use fetches::{FetchedError, KeyFailure, KeyFetches};
pub use jwk::{Algorithm, Curve, Jwk, KeyMaterial, KeySet};
pub use source::{DiscoveryError, KeySource, Wanted, max_age_s};
