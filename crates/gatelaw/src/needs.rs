//! What a policy reads of a request, and how its hosts relax the canonical form.
//!
//! An artifact carries its [`Needs`], so that a host copies those headers, query names, cookies and facts and nothing else.
//! "Read" always means named here, never what one evaluation happened to ask.

/// Lists what a policy reads of a request.
///
/// Every list is sorted in byte order and free of duplicates; an index into one is a *slot*.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Needs {
    /// Names of the headers that conditions, keys or forwarded values read; lower case.
    pub headers: Vec<Named>,
    /// Names of the query parameters that are read, as decoded.
    pub query: Vec<Named>,
    /// Names of the cookies that are read.
    pub cookies: Vec<Named>,
    /// Which facts of the edge are read.
    pub facts: FactNeeds,
    /// Whether the client's address is read.
    pub ip: bool,
    /// Whether the policy has an issuer, so that a token can be valid. `Authorization: Bearer` is a token in any case.
    pub tokens: bool,
    /// Headers that issuers take tokens from; lower case.
    pub token_headers: Vec<String>,
    /// Cookies that issuers take tokens from.
    pub token_cookies: Vec<String>,
    /// Headers that the policy sets, by lower-case name: removed by fold before anything is set.
    pub sets: Vec<String>,
}

/// Names one header, query parameter or cookie that is read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Named {
    /// The name as the request spells it once canonical.
    pub name: String,
    /// Whether some `matches` tests one of its values: a value over [`crate::limits::MATCHED_VALUE_BYTES_MAX`] is refused.
    pub matched: bool,
}

/// Says which facts of the edge a policy reads.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FactNeeds {
    /// `request.country`
    pub country: bool,
    /// `request.asn`
    pub asn: bool,
    /// `request.bot_score`
    pub bot_score: bool,
    /// `request.tls_version`
    pub tls_version: bool,
    /// `request.client_cert`
    pub client_cert: bool,
    /// `request.size`
    pub size: bool,
    /// Whether `request.tls_version` is tested by a `matches`.
    pub tls_version_matched: bool,
}

/// Says how the canonical form is relaxed at a host.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Relaxations {
    /// `encoded_slash keep`: `%2F` is data in its segment.
    pub encoded_slash: bool,
    /// `encoded_delims keep`: `%25 %3B %3F %23` are data.
    pub encoded_delims: bool,
    /// `path_params strip | keep`
    pub path_params: PathParams,
    /// `empty_segments merge`: runs of `/` are one.
    pub empty_segments: bool,
    /// `case fold`: patterns and segments compare with ASCII letters folded.
    pub case_fold: bool,
}

/// Says what becomes of path parameters, the text from the first raw `;` of a segment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PathParams {
    /// A `;` is refused.
    #[default]
    Refuse,
    /// `path_params strip`: forwarded without.
    Strip,
    /// `path_params keep`: matched without, forwarded with.
    Keep,
}
