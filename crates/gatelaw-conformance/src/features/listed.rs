//! The list of what the corpus must cover, one table for each part of the language.

use std::collections::BTreeSet;

use gatelaw::request::RefusalCode;

/// Lists every feature, sorted: what the language has and what a decision can be.
#[must_use]
pub fn all() -> BTreeSet<String> {
    let plain = [
        ITEMS, ISSUERS, SERVICES, HOSTS, PATHS, PRINCIPALS, CONDITIONS, TESTS, NARROWING, CLAUSES, REASONS,
        ERRORS,
    ];
    let mut features: BTreeSet<String> = plain.concat().into_iter().map(str::to_owned).collect();
    features.extend(ATTRIBUTES.iter().map(|name| (*name).to_owned()));
    for name in OPTIONAL {
        features.extend([format!("{name} there"), format!("{name} absent")]);
    }
    for ty in ["bool", "int", "string", "ip", "duration", "instant", "clock"] {
        features.extend(["==", "!="].map(|op| format!("{op} {ty}")));
    }
    for ty in ["int", "duration", "instant", "clock"] {
        features.extend(["<", "<=", ">", ">="].map(|op| format!("{op} {ty}")));
    }
    for ty in ["bool", "int", "string", "ip", "duration", "instant", "clock", "weekday"] {
        features.insert(format!("in [{ty}]"));
    }
    for status in ["403", "404", "405", "410", "423", "429", "451", "503"] {
        features.extend([format!("respond {status}"), format!("status {status}")]);
    }
    features.extend(["200", "400", "401"].map(|status| format!("status {status}")));
    features.extend(RefusalCode::ALL.iter().map(|code| format!("reason refused:{}", code.name())));
    features
}

const ITEMS: &[&str] = &[
    "rule: allow",
    "rule: deny",
    "rule: limit",
    "rule: forward",
    "rule: audit",
    "rule: observe allow",
    "rule: observe deny",
    "rule: observe limit",
    "rule: annotated",
    "list: written",
    "list: from a file",
    "list: may be empty",
];

const ISSUERS: &[&str] = &[
    "issuer: url",
    "issuer: keys",
    "issuer: audience",
    "issuer: audience none",
    "issuer: algorithms",
    "issuer: type",
    "issuer: require",
    "issuer: refuse",
    "issuer: leeway",
    "issuer: max_age",
    "issuer: subject",
    "issuer: subject or another",
    "issuer: client",
    "issuer: scopes",
    "issuer: roles mapped",
    "issuer: roles named",
    "issuer: attribute",
    "issuer: token cookie",
    "issuer: token header",
    "issuer: bound mtls",
    "profile auth0",
    "profile aws_sts",
    "profile cloudflare_access",
    "profile cognito",
    "profile entra",
    "profile google",
    "profile keycloak",
    "profile okta",
    "profile rfc9068",
    "require bool",
    "require int",
    "require string",
    "scopes as it comes",
    "scopes as list",
    "scopes as words",
    "roles as it comes",
    "roles as list",
    "roles as one",
    "roles as words",
    "attribute: as list",
    "attribute: as one",
    "attribute: as words",
    "attribute: bool",
    "attribute: duration",
    "attribute: instant",
    "attribute: int",
    "attribute: ip",
    "attribute: string",
    "attribute: strings",
    "attribute: optional",
    "attribute: required",
    "attribute: with a default",
    "attribute: personal",
    "attribute: secret",
];

const SERVICES: &[&str] = &[
    "service: host",
    "service: base",
    "service: trailing_slash exact",
    "service: encoded_slash keep",
    "service: encoded_delims keep",
    "service: path_params strip",
    "service: path_params keep",
    "service: empty_segments merge",
    "service: case fold",
    "service: tokens ignore",
    "service: resource_metadata",
];

const HOSTS: &[&str] = &[
    "host: a name",
    "host: *.",
    "host: **.",
    "host: {name}.",
    "host: an IPv4 address",
    "host: an IPv6 address",
];

const PATHS: &[&str] = &[
    "path: /",
    "path: a literal",
    "path: an escape",
    "path: quoted",
    "path: {name}",
    "path: *",
    "path: * beside characters",
    "path: **",
    "path: a trailing slash",
    "path: methods",
    "path: any method",
];

const PRINCIPALS: &[&str] = &[
    "for: anyone",
    "for: anonymous",
    "for: anonymous or",
    "for: authenticated",
    "for: a role",
    "for: a role that includes",
    "for: scope",
    "for: issuer",
    "for: subject",
    "for: and",
    "for: or",
    "for: not",
    "for: (…)",
];

const CONDITIONS: &[&str] = &[
    "condition: and",
    "condition: or",
    "condition: not",
    "condition: (…)",
    "condition: true",
    "condition: false",
    "condition: a define",
];

const TESTS: &[&str] = &[
    "has",
    "has of a set",
    "a bare bool",
    "a literal on the left",
    "== of two attributes",
    "< of two attributes",
    "?",
    "in a list of int",
    "in a list of ip",
    "in a list of string",
    "in one ip",
    "in an interval of int",
    "in an interval of instant",
    "in an interval of clock",
    "in an interval of clock that wraps",
    "an IPv4 address",
    "an IPv4 network",
    "an IPv6 address",
    "an IPv6 network",
    "like *",
    "like ?",
    "like \\",
    "matches (",
    "matches (?i)",
    "matches *",
    "matches +",
    "matches .",
    "matches ?",
    "matches [",
    "matches [^",
    "matches \\d",
    "matches \\s",
    "matches \\w",
    "matches {",
    "matches |",
    "contains a literal",
    "contains an attribute",
    "contains any [string]",
    "contains any a list of string",
    "contains all [string]",
    "contains all a list of string",
];

const NARROWING: &[&str] = &[
    "narrowing: a?",
    "narrowing: a? and a",
    "narrowing: has a and a",
    "narrowing: not has a or a",
    "narrowing: not (not has a) and a",
    "narrowing: not (not has a or a)",
    "narrowing: when has a  when a",
    "narrowing: unless not has a  unless a",
];

const CLAUSES: &[&str] = &[
    "clause: on",
    "clause: for",
    "clause: when",
    "clause: unless",
    "clause: respond",
    "clause: respond with a text",
    "clause: challenge",
    "challenge max_age",
    "challenge acr",
    "challenge scope",
    "clause: rate per second",
    "clause: rate per minute",
    "clause: rate per hour",
    "clause: rate per day",
    "clause: burst",
    "clause: by",
    "by path.NAME",
    "by request.ip",
    "by user.id",
    "by user.issuer",
    "by user.NAME",
    "clause: set",
    "clause: remove",
    "clause: level none",
    "clause: level brief",
    "clause: level full",
    "clause: keep",
    "clause: redact",
];

const REASONS: &[&str] = &[
    "reason rule",
    "reason no_rule",
    "reason unauthenticated",
    "reason insufficient_user_authentication",
    "reason insufficient_scope",
    "reason keys_unavailable",
    "reason forward_value",
    "reason record_size",
    "reason token:CODE",
    "reason fact:country",
    "reason fact:asn",
    "reason fact:bot_score",
    "reason fact:tls_version",
    "reason fact:client_cert",
    "reason fact:size",
];

/// `too-large` is left out: its line would be longer than the corpus.
const ERRORS: &[&str] =
    &["error json", "error unknown-member", "error missing-member", "error wrong-type", "error wrong-value"];

const ATTRIBUTES: &[&str] = &[
    "request.method",
    "request.scheme",
    "request.host",
    "request.ip",
    "request.header()",
    "request.header().only",
    "request.header_line()",
    "request.query()",
    "request.query().only",
    "request.cookie()",
    "request.cookie().only",
    "request.country",
    "request.asn",
    "request.bot_score",
    "request.tls_version",
    "request.client_cert",
    "request.size",
    "path.NAME",
    "host.NAME",
    "user.id",
    "user.issuer",
    "user.roles",
    "user.scopes",
    "user.client",
    "user.actor",
    "user.token_id",
    "user.auth_age",
    "user.token_age",
    "user.NAME",
    "now",
    "time",
    "time east of UTC",
    "time west of UTC",
    "weekday",
    "weekday east of UTC",
    "weekday west of UTC",
];

const OPTIONAL: [&str; 10] = [
    "request.country",
    "request.asn",
    "request.bot_score",
    "request.tls_version",
    "request.client_cert",
    "request.size",
    "user.client",
    "user.actor",
    "user.token_id",
    "user.auth_age",
];
