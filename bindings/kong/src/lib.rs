//! The C ABI of gatelaw, as `include/gatelaw.h` declares it: the only crate with `unsafe`.
//!
//! Every export that does something goes through `guarded`: it alone catches panics and writes errors.
#![cfg_attr(test, allow(clippy::as_conversions, clippy::string_slice))]

mod border;

mod answer;
mod certificate;
mod identity;
mod request;
mod session;
mod text;
mod trace;
mod verifier;

use std::ffi::{CString, c_char};
use std::sync::LazyLock;

use answer::{GateDecision, GateHandling, GateServed, GateVerdict};
use border::{Failure, GateError, guarded, slice};
use certificate::GateFingerprint;
use gatelaw::{Plan, RawRequest, artifact};
use gatelaw_host::Counters;
use identity::{GateCaller, Identity};
use request::{GateRequest, Lines};
use session::{Asker, GateSettings, Policy, Session};
use text::{GatePair, GateText};
use trace::GateTrace;
use verifier::{GateFetch, Verifier};

/// Numbers the layout of what crosses this border; raised by every change of it.
const ABI: u32 = 4;

/// `traces` of [`gate_serve`]: a trace goes on that came.
const TRACES_CONTINUED: i32 = 2;

static VERSION: LazyLock<CString> = LazyLock::new(|| CString::new(gatelaw::version()).unwrap_or_default());

/// Numbers the ABI: a caller that was made for another number must not call anything else.
// SAFETY: no other symbol of this library or of those it links begins with `gate_`.
#[unsafe(no_mangle)]
pub extern "C" fn gate_abi() -> u32 {
    ABI
}

/// Names the version of gatelaw, the same for every package of one release.
///
/// The text ends with a zero byte and is never freed.
// SAFETY: no other symbol of this library or of those it links begins with `gate_`.
#[unsafe(no_mangle)]
pub extern "C" fn gate_version() -> *const c_char {
    VERSION.as_ptr()
}

/// Loads an artifact that nobody signed: the caller answers for where the bytes come from.
///
/// On `GATE_OK`, `policy` is written: the caller owns it, and gives it to [`gate_policy_free`] once.
///
/// # Errors
/// `GATE_ERROR` with a code `artifact:…` for bytes that are no artifact of this gatelaw, `abi:null` for a NULL.
///
/// # Safety
/// `bytes` points to `bytes_len` readable bytes, `policy` to a writable pointer, `error` to a writable `gate_error`; each may
/// be NULL, and stays so, untouched by others, during the call.
// SAFETY: no other symbol of this library or of those it links begins with `gate_`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gate_load_unsigned(
    bytes: *const u8,
    bytes_len: usize,
    policy: *mut *mut Policy,
    error: *mut GateError,
) -> i32 {
    let call = || {
        // SAFETY: the caller promises `bytes_len` readable bytes, or NULL.
        let bytes = unsafe { slice(bytes, bytes_len) }?;
        // SAFETY: the caller promises a writable pointer, or NULL.
        unsafe { give(policy, || Ok(Policy::new(artifact::load_unsigned(bytes)?))) }
    };
    // SAFETY: the caller promises a writable `error`, or NULL.
    unsafe { guarded(error, call) }
}

/// Answers the digest of what decides: `sha256:` and 64 hex digits. It stands as long as the policy. NULL has none.
///
/// # Safety
/// `policy` comes from [`gate_load_unsigned`] and isn't freed, or is NULL.
// SAFETY: no other symbol of this library or of those it links begins with `gate_`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gate_digest(policy: *const Policy) -> GateText {
    // SAFETY: the caller promises a policy that isn't freed, or NULL.
    let digest = unsafe { policy.as_ref() }.map(|policy| Plan::digest(&policy.plan));
    GateText::of_optional(digest)
}

/// Answers what the policy reads and sets, as one JSON object. It stands as long as the policy. NULL has none.
///
/// # Safety
/// `policy` comes from [`gate_load_unsigned`] and isn't freed, or is NULL.
// SAFETY: no other symbol of this library or of those it links begins with `gate_`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gate_needs_json(policy: *const Policy) -> GateText {
    // SAFETY: the caller promises a policy that isn't freed, or NULL.
    let needs = unsafe { policy.as_ref() }.map(|policy| policy.needs.as_str());
    GateText::of_optional(needs)
}

/// Answers 1 where the policy has limits, which somebody must count; else 0.
///
/// # Safety
/// `policy` comes from [`gate_load_unsigned`] and isn't freed, or is NULL.
// SAFETY: no other symbol of this library or of those it links begins with `gate_`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gate_has_limits(policy: *const Policy) -> i32 {
    // SAFETY: the caller promises a policy that isn't freed, or NULL.
    unsafe { policy.as_ref() }.is_some_and(|policy| policy.plan.has_limits()).into()
}

/// Frees a policy; NULL is none. Sessions and identities that were made of it stay whole.
///
/// # Safety
/// `policy` comes from [`gate_load_unsigned`], no other call has freed it, and nobody uses it or its texts any more; or it is
/// NULL.
// SAFETY: no other symbol of this library or of those it links begins with `gate_`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gate_policy_free(policy: *mut Policy) {
    // SAFETY: the caller promises a policy that nobody else has freed, or NULL.
    unsafe { free(policy) };
}

/// Makes a session, which decides by a policy one request after the other.
///
/// On `GATE_OK`, `session` is written: the caller owns it, and gives it to [`gate_session_free`] once.
///
/// # Errors
/// `gate:limits`, `gate:facts` or `gate:ip` where the policy asks for what the settings say the host can't do;
/// `gate:trusted` for a network that is none.
///
/// # Safety
/// `policy` is a policy that isn't freed; `settings` and what it points to are readable; `session` and `error` are writable;
/// each may be NULL.
// SAFETY: no other symbol of this library or of those it links begins with `gate_`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gate_session_new(
    policy: *const Policy,
    settings: *const GateSettings,
    session: *mut *mut Session,
    error: *mut GateError,
) -> i32 {
    let call = || {
        // SAFETY: the caller promises a policy, or NULL.
        let policy = unsafe { policy.as_ref() }.ok_or_else(|| Failure::null("a policy"))?;
        // SAFETY: the caller promises readable settings, or NULL.
        let settings = unsafe { settings.as_ref() };
        // SAFETY: the caller promises that what the settings point to is readable.
        let made = unsafe { Session::new(policy, settings) };
        // SAFETY: the caller promises a writable pointer, or NULL.
        unsafe { give(session, || made) }
    };
    // SAFETY: the caller promises a writable `error`, or NULL.
    unsafe { guarded(error, call) }
}

/// Frees a session; NULL is none.
///
/// # Safety
/// `session` comes from [`gate_session_new`], no other call has freed it, and nobody uses it or its answers any more; or it is
/// NULL.
// SAFETY: no other symbol of this library or of those it links begins with `gate_`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gate_session_free(session: *mut Session) {
    // SAFETY: the caller promises a session that nobody else has freed, or NULL.
    unsafe { free(session) };
}

/// Maps the claims of a token that the host verified, for as many requests as the token serves.
///
/// `claims` is a JSON object as it was signed, `client_cert` the fact of that name, which a bound token must agree with.
///
/// # Errors
/// `request:…` for claims that are no JSON object. Claims that the policy doesn't take are no error: such a caller is denied.
///
/// # Safety
/// `policy` is a policy that isn't freed, the texts are readable, `identity` and `error` writable; each may be NULL.
// SAFETY: no other symbol of this library or of those it links begins with `gate_`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gate_identity_verified(
    policy: *const Policy,
    issuer: GateText,
    claims: GateText,
    client_cert: GateText,
    identity: *mut *mut Identity,
    error: *mut GateError,
) -> i32 {
    let call = || {
        // SAFETY: the caller promises a policy, or NULL.
        let policy = unsafe { policy.as_ref() }.ok_or_else(|| Failure::null("a policy"))?;
        // SAFETY: the caller promises readable texts, here and below.
        let issuer = unsafe { issuer.text("issuer") }?;
        // SAFETY: the same.
        let claims = unsafe { claims.text("claims") }?;
        // SAFETY: the same.
        let cert = unsafe { client_cert.text("client_cert") }?;
        let cert = Some(cert).filter(|cert| !cert.is_empty());
        // SAFETY: the caller promises a writable pointer, or NULL.
        unsafe { give(identity, || Identity::verified(&policy.plan, issuer, claims, cert)) }
    };
    // SAFETY: the caller promises a writable `error`, or NULL.
    unsafe { guarded(error, call) }
}

/// Stands for a token that the host refused: its requests are denied with `token:CODE`.
///
/// # Errors
/// `request:wrong-value` for a code that has other than 1 to 64 lower-case letters, digits, `_` and `-`.
///
/// # Safety
/// As for [`gate_identity_verified`].
// SAFETY: no other symbol of this library or of those it links begins with `gate_`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gate_identity_invalid(
    policy: *const Policy,
    code: GateText,
    identity: *mut *mut Identity,
    error: *mut GateError,
) -> i32 {
    let call = || {
        // SAFETY: the caller promises a policy, or NULL.
        let policy = unsafe { policy.as_ref() }.ok_or_else(|| Failure::null("a policy"))?;
        // SAFETY: the caller promises readable text.
        let code = unsafe { code.text("code") }?;
        // SAFETY: the caller promises a writable pointer, or NULL.
        unsafe { give(identity, || Identity::invalid(&policy.plan, code)) }
    };
    // SAFETY: the caller promises a writable `error`, or NULL.
    unsafe { guarded(error, call) }
}

/// Stands for a token whose issuer's keys are not to be had: its requests are denied with `keys_unavailable`.
///
/// # Safety
/// As for [`gate_identity_verified`].
// SAFETY: no other symbol of this library or of those it links begins with `gate_`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gate_identity_unavailable(
    policy: *const Policy,
    issuer: GateText,
    identity: *mut *mut Identity,
    error: *mut GateError,
) -> i32 {
    let call = || {
        // SAFETY: the caller promises a policy, or NULL.
        let policy = unsafe { policy.as_ref() }.ok_or_else(|| Failure::null("a policy"))?;
        // SAFETY: the caller promises readable text.
        let issuer = unsafe { issuer.text("issuer") }?;
        // SAFETY: the caller promises a writable pointer, or NULL.
        unsafe { give(identity, || Identity::unavailable(&policy.plan, issuer)) }
    };
    // SAFETY: the caller promises a writable `error`, or NULL.
    unsafe { guarded(error, call) }
}

/// Names the caller: issuer, id and roles, as long as the identity stands.
///
/// Answers 1, or 0 and nothing written where the policy knows nobody: a token that isn't valid, or one whose claims it
/// doesn't take.
///
/// # Safety
/// `identity` comes from a function above and isn't freed, `caller` is writable; each may be NULL.
// SAFETY: no other symbol of this library or of those it links begins with `gate_`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gate_identity_caller(identity: *const Identity, caller: *mut GateCaller) -> i32 {
    // SAFETY: the caller promises an identity that isn't freed, or NULL.
    let found = unsafe { identity.as_ref() }.and_then(Identity::verified_caller);
    // SAFETY: the caller promises a writable place, or NULL.
    write_caller(found, unsafe { caller.as_mut() })
}

/// Frees an identity; NULL is none.
///
/// # Safety
/// `identity` comes from a function above, no other call has freed it, and nobody uses it any more; or it is NULL.
// SAFETY: no other symbol of this library or of those it links begins with `gate_`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gate_identity_free(identity: *mut Identity) {
    // SAFETY: the caller promises an identity that nobody else has freed, or NULL.
    unsafe { free(identity) };
}

/// Makes a verifier, which judges tokens for the sessions of a policy. It has no keys yet.
///
/// `tokens_max` is how many valid tokens it remembers, so that the next request with one costs no signature; 0: 10,000.
/// On `GATE_OK`, `verifier` is written: the caller owns it, and gives it to [`gate_verifier_free`] once.
///
/// # Safety
/// `policy` is a policy that isn't freed, `verifier` and `error` are writable; each may be NULL.
// SAFETY: no other symbol of this library or of those it links begins with `gate_`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gate_verifier_new(
    policy: *const Policy,
    tokens_max: u32,
    verifier: *mut *mut Verifier,
    error: *mut GateError,
) -> i32 {
    let call = || {
        // SAFETY: the caller promises a policy, or NULL.
        let policy = unsafe { policy.as_ref() }.ok_or_else(|| Failure::null("a policy"))?;
        // SAFETY: the caller promises a writable pointer, or NULL.
        unsafe { give(verifier, || Ok(Verifier::new(policy, tokens_max))) }
    };
    // SAFETY: the caller promises a writable `error`, or NULL.
    unsafe { guarded(error, call) }
}

/// Takes the keys of an issuer, a JWKS document, in place of those that would be fetched.
///
/// # Errors
/// `abi:issuer` for a name that the policy doesn't have, `keys:…` for a document that is no key set.
///
/// # Safety
/// `verifier` is used by no other call, the texts are readable, `error` is writable; each may be NULL.
// SAFETY: no other symbol of this library or of those it links begins with `gate_`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gate_verifier_keys(
    verifier: *mut Verifier,
    issuer: GateText,
    document: GateText,
    error: *mut GateError,
) -> i32 {
    let call = || {
        // SAFETY: the caller promises a verifier that nobody else uses, or NULL.
        let verifier = unsafe { verifier.as_mut() }.ok_or_else(|| Failure::null("a verifier"))?;
        // SAFETY: the caller promises readable texts, here and below.
        let issuer = unsafe { issuer.text("issuer") }?;
        // SAFETY: the same.
        verifier.set_keys(issuer, unsafe { document.bytes() }?)
    };
    // SAFETY: the caller promises a writable `error`, or NULL.
    unsafe { guarded(error, call) }
}

/// Takes the keys that a verifier of another policy has of the same issuers, with their age.
///
/// # Errors
/// `abi:verifier` where both are one.
///
/// # Safety
/// `verifier` and `other` are used by no other call, `error` is writable; each may be NULL.
// SAFETY: no other symbol of this library or of those it links begins with `gate_`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gate_verifier_adopt(
    verifier: *mut Verifier,
    other: *const Verifier,
    error: *mut GateError,
) -> i32 {
    let call = || {
        if std::ptr::eq(verifier, other) {
            return Err(Failure::new(
                "abi:verifier",
                "a verifier has its own keys already: give another one",
            ));
        }
        // SAFETY: the caller promises a verifier that nobody else uses, or NULL; it isn't `other`.
        let verifier = unsafe { verifier.as_mut() }.ok_or_else(|| Failure::null("a verifier"))?;
        // SAFETY: the same.
        let other = unsafe { other.as_ref() }.ok_or_else(|| Failure::null("another verifier"))?;
        verifier.adopt(other);
        Ok(())
    };
    // SAFETY: the caller promises a writable `error`, or NULL.
    unsafe { guarded(error, call) }
}

/// Begins the next fetch that is due at `now`, in Unix seconds, and names its document; `url` is NULL where none is.
///
/// Whoever began it ends it with [`gate_verifier_fetched`] or [`gate_verifier_failed`]. The texts stand until the next call with
/// this verifier.
///
/// # Safety
/// `verifier` is used by no other call, `fetch` and `error` are writable; each may be NULL.
// SAFETY: no other symbol of this library or of those it links begins with `gate_`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gate_verifier_next(
    verifier: *mut Verifier,
    now: i64,
    fetch: *mut GateFetch,
    error: *mut GateError,
) -> i32 {
    let call = || {
        // SAFETY: the caller promises a verifier that nobody else uses, or NULL.
        let verifier = unsafe { verifier.as_mut() }.ok_or_else(|| Failure::null("a verifier"))?;
        // SAFETY: the caller promises a writable place, or NULL.
        let fetch = unsafe { fetch.as_mut() }.ok_or_else(|| Failure::null("a place for the fetch"))?;
        *fetch = verifier.next_fetch(now);
        Ok(())
    };
    // SAFETY: the caller promises a writable `error`, or NULL.
    unsafe { guarded(error, call) }
}

/// Takes a fetched document. `cache_control` is that header of the answer, `now` when it came, in Unix seconds.
///
/// Where it says where the keys are, `next` names their document, which the caller fetches too; else its `url` is NULL.
///
/// # Errors
/// `discovery:…` and `keys:…` for a document that is none: the fetch has failed then, and the keys from before stay.
/// `abi:order` where no fetch of this issuer was begun, `abi:issuer` for a name that the policy doesn't have.
///
/// # Safety
/// As for [`gate_verifier_keys`]; `next` is writable, or NULL.
// SAFETY: no other symbol of this library or of those it links begins with `gate_`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gate_verifier_fetched(
    verifier: *mut Verifier,
    issuer: GateText,
    document: GateText,
    cache_control: GateText,
    now: i64,
    next: *mut GateFetch,
    error: *mut GateError,
) -> i32 {
    let call = || {
        // SAFETY: the caller promises a verifier that nobody else uses, or NULL.
        let verifier = unsafe { verifier.as_mut() }.ok_or_else(|| Failure::null("a verifier"))?;
        // SAFETY: the caller promises a writable place, or NULL.
        let next = unsafe { next.as_mut() }.ok_or_else(|| Failure::null("a place for the fetch"))?;
        // SAFETY: the caller promises readable texts, here and below.
        let issuer = unsafe { issuer.text("issuer") }?;
        // SAFETY: the same.
        let document = unsafe { document.bytes() }?;
        // SAFETY: the same.
        let cache_control = unsafe { cache_control.bytes() }?;
        // What is no text says nothing of the document's age.
        let cache_control = std::str::from_utf8(cache_control).unwrap_or_default();
        *next = verifier.fetched(issuer, document, cache_control, now)?;
        Ok(())
    };
    // SAFETY: the caller promises a writable `error`, or NULL.
    unsafe { guarded(error, call) }
}

/// Notes that a fetch failed at `now`: the keys from before stay, and none is due for 30 s.
///
/// # Errors
/// `abi:issuer` for a name that the policy doesn't have.
///
/// # Safety
/// As for [`gate_verifier_keys`].
// SAFETY: no other symbol of this library or of those it links begins with `gate_`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gate_verifier_failed(
    verifier: *mut Verifier,
    issuer: GateText,
    now: i64,
    error: *mut GateError,
) -> i32 {
    let call = || {
        // SAFETY: the caller promises a verifier that nobody else uses, or NULL.
        let verifier = unsafe { verifier.as_mut() }.ok_or_else(|| Failure::null("a verifier"))?;
        // SAFETY: the caller promises readable text.
        verifier.failed(unsafe { issuer.text("issuer") }?, now)
    };
    // SAFETY: the caller promises a writable `error`, or NULL.
    unsafe { guarded(error, call) }
}

/// Names who asked last, until the next call with this verifier.
///
/// Answers 1, or 0 and nothing written where that request had no valid token.
///
/// # Safety
/// `verifier` is used by no other call, `caller` is writable; each may be NULL.
// SAFETY: no other symbol of this library or of those it links begins with `gate_`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gate_verifier_caller(verifier: *mut Verifier, caller: *mut GateCaller) -> i32 {
    // SAFETY: the caller promises a verifier that nobody else uses, or NULL.
    let found = unsafe { verifier.as_mut() }.and_then(Verifier::caller);
    // SAFETY: the caller promises a writable place, or NULL.
    write_caller(found, unsafe { caller.as_mut() })
}

/// Notes that the request that was decided last with this verifier, where an issuer was `wanted`, waits for its keys and is decided
/// again: it counts by its last answer alone.
///
/// # Safety
/// `verifier` is used by no other call, `error` is writable; each may be NULL.
// SAFETY: no other symbol of this library or of those it links begins with `gate_`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gate_verifier_waits(verifier: *mut Verifier, error: *mut GateError) -> i32 {
    let call = || {
        // SAFETY: the caller promises a verifier that nobody else uses, or NULL.
        unsafe { verifier.as_mut() }.ok_or_else(|| Failure::null("a verifier"))?.wait();
        Ok(())
    };
    // SAFETY: the caller promises a writable `error`, or NULL.
    unsafe { guarded(error, call) }
}

/// Writes what a verifier counted of tokens and keys as one line of JSON, until the next call of this function or of
/// [`gate_verifier_prometheus`] with it.
///
/// # Safety
/// `verifier` is used by no other call, `line` and `error` are writable; each may be NULL.
// SAFETY: no other symbol of this library or of those it links begins with `gate_`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gate_verifier_counters_json(
    verifier: *mut Verifier,
    line: *mut GateText,
    error: *mut GateError,
) -> i32 {
    // SAFETY: as promised of this function.
    unsafe { write_counted(verifier, Counters::to_line, line, error) }
}

/// Writes the same in the text format of Prometheus, version 0.0.4.
///
/// # Safety
/// As for [`gate_verifier_counters_json`].
// SAFETY: no other symbol of this library or of those it links begins with `gate_`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gate_verifier_prometheus(
    verifier: *mut Verifier,
    text: *mut GateText,
    error: *mut GateError,
) -> i32 {
    // SAFETY: as promised of this function.
    unsafe { write_counted(verifier, Counters::to_prometheus, text, error) }
}

/// # Safety
/// As for [`gate_verifier_counters_json`].
unsafe fn write_counted(
    verifier: *mut Verifier,
    written: fn(&Counters) -> String,
    text: *mut GateText,
    error: *mut GateError,
) -> i32 {
    let call = || {
        // SAFETY: the caller promises a verifier that nobody else uses, or NULL.
        let verifier = unsafe { verifier.as_mut() }.ok_or_else(|| Failure::null("a verifier"))?;
        // SAFETY: the caller promises a writable place, or NULL.
        let text = unsafe { text.as_mut() }.ok_or_else(|| Failure::null("a place for the text"))?;
        *text = verifier.counted(written);
        Ok(())
    };
    // SAFETY: the caller promises a writable `error`, or NULL.
    unsafe { guarded(error, call) }
}

/// Frees a verifier; NULL is none.
///
/// # Safety
/// `verifier` comes from [`gate_verifier_new`], no other call has freed it, and nobody uses it any more; or it is NULL.
// SAFETY: no other symbol of this library or of those it links begins with `gate_`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gate_verifier_free(verifier: *mut Verifier) {
    // SAFETY: the caller promises a verifier that nobody else has freed, or NULL.
    unsafe { free(verifier) };
}

/// Reads the first certificate of a chain in PEM (RFC 7468), which is the client's own, and writes its fingerprint: what the fact
/// `client_cert` is.
///
/// # Errors
/// `certificate:pem` for what doesn't begin with a certificate in PEM.
///
/// # Safety
/// `chain` is readable, `fingerprint` and `error` are writable; each may be NULL.
// SAFETY: no other symbol of this library or of those it links begins with `gate_`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gate_certificate_read(
    chain: GateText,
    fingerprint: *mut GateFingerprint,
    error: *mut GateError,
) -> i32 {
    let call = || {
        // SAFETY: the caller promises readable text.
        let chain = unsafe { chain.bytes() }?;
        // SAFETY: the caller promises a writable place, or NULL.
        let fingerprint =
            unsafe { fingerprint.as_mut() }.ok_or_else(|| Failure::null("a place for the fingerprint"))?;
        *fingerprint = GateFingerprint::of_first(chain)?;
        Ok(())
    };
    // SAFETY: the caller promises a writable `error`, or NULL.
    unsafe { guarded(error, call) }
}

/// Decides a request. `identity` says who asks, NULL for nobody.
///
/// On `GATE_OK`, `decision` is written; what it points to stands until the next call with this session.
///
/// # Errors
/// `request:…` for what is no request, `abi:…` for what the header forbids. Whoever gets an error denies.
///
/// # Safety
/// `session` is used by no other call, `request` and all that it points to are readable, `identity` isn't freed, `decision`
/// and `error` are writable; each may be NULL.
// SAFETY: no other symbol of this library or of those it links begins with `gate_`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gate_decide(
    session: *mut Session,
    request: *const GateRequest,
    identity: *const Identity,
    decision: *mut GateDecision,
    error: *mut GateError,
) -> i32 {
    let ask = |session: &mut Session, raw: &RawRequest<'_>| {
        // SAFETY: the caller promises an identity that isn't freed, or NULL.
        let identity = unsafe { identity.as_ref() };
        // SAFETY: the caller promises a writable decision, or NULL.
        let decision =
            unsafe { decision.as_mut() }.ok_or_else(|| Failure::null("a place for the decision"))?;
        session.verdict(raw, &mut Asker::Identity(identity))?;
        *decision = session.decision()?;
        Ok(())
    };
    // SAFETY: the caller promises a session that nobody else uses, and a request that is readable, or NULL.
    let call = || unsafe { with_request(session, request, ask) };
    // SAFETY: the caller promises a writable `error`, or NULL.
    unsafe { guarded(error, call) }
}

/// Decides a request by the token that it carries, which `verifier` judges.
///
/// On `GATE_OK`, `decision` is written, as by [`gate_decide`]; and `wanted`: the issuer whose keys may be fetched now and could change it,
/// so that a caller who waits for them asks again; else no text.
///
/// # Errors
/// As [`gate_decide`]; `abi:verifier` for a verifier of another policy.
///
/// # Safety
/// As for [`gate_decide`]; `verifier` is used by no other call, `wanted` is writable; each may be NULL.
// SAFETY: no other symbol of this library or of those it links begins with `gate_`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gate_decide_token(
    session: *mut Session,
    verifier: *mut Verifier,
    request: *const GateRequest,
    decision: *mut GateDecision,
    wanted: *mut GateText,
    error: *mut GateError,
) -> i32 {
    let ask = |session: &mut Session, raw: &RawRequest<'_>| {
        // SAFETY: the caller promises a verifier that nobody else uses, or NULL.
        let verifier = unsafe { verifier.as_mut() }.ok_or_else(|| Failure::null("a verifier"))?;
        // SAFETY: the caller promises a writable decision, or NULL.
        let decision =
            unsafe { decision.as_mut() }.ok_or_else(|| Failure::null("a place for the decision"))?;
        // SAFETY: the caller promises a writable place, or NULL.
        let wanted = unsafe { wanted.as_mut() }.ok_or_else(|| Failure::null("a place for `wanted`"))?;
        let verdict = session.verdict(raw, &mut Asker::Verifier(verifier))?;
        *decision = session.decision()?;
        *wanted = verdict.wanted;
        Ok(())
    };
    // SAFETY: the caller promises a session that nobody else uses, and a request that is readable, or NULL.
    let call = || unsafe { with_request(session, request, ask) };
    // SAFETY: the caller promises a writable `error`, or NULL.
    unsafe { guarded(error, call) }
}

/// Decides a request, and writes no more than whether it may pass: [`gate_decided`] has the rest.
///
/// `verifier` judges the token that the request carries; where it is NULL, `identity` says who asks, NULL for nobody.
///
/// # Errors
/// As [`gate_decide`] and [`gate_decide_token`].
///
/// # Safety
/// As for [`gate_decide`]; `verifier` is used by no other call, `verdict` is writable; each may be NULL.
// SAFETY: no other symbol of this library or of those it links begins with `gate_`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gate_judge(
    session: *mut Session,
    verifier: *mut Verifier,
    identity: *const Identity,
    request: *const GateRequest,
    verdict: *mut GateVerdict,
    error: *mut GateError,
) -> i32 {
    let ask = |session: &mut Session, raw: &RawRequest<'_>| {
        // SAFETY: the caller promises a verifier that nobody else uses, and an identity that isn't freed, or NULL.
        let mut asker = unsafe { asker(verifier, identity) };
        // SAFETY: the caller promises a writable place, or NULL.
        let verdict = unsafe { verdict.as_mut() }.ok_or_else(|| Failure::null("a place for the verdict"))?;
        *verdict = session.verdict(raw, &mut asker)?;
        Ok(())
    };
    // SAFETY: the caller promises a session that nobody else uses, and a request that is readable, or NULL.
    let call = || unsafe { with_request(session, request, ask) };
    // SAFETY: the caller promises a writable `error`, or NULL.
    unsafe { guarded(error, call) }
}

/// Writes the decision that a session made last, until the next call with it.
///
/// # Errors
/// `abi:order` where no request was decided.
///
/// # Safety
/// `session` is used by no other call, `decision` and `error` are writable; each may be NULL.
// SAFETY: no other symbol of this library or of those it links begins with `gate_`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gate_decided(
    session: *mut Session,
    decision: *mut GateDecision,
    error: *mut GateError,
) -> i32 {
    let call = || {
        // SAFETY: the caller promises a session that nobody else uses, or NULL.
        let session = unsafe { session.as_mut() }.ok_or_else(|| Failure::null("a session"))?;
        // SAFETY: the caller promises a writable decision, or NULL.
        let decision =
            unsafe { decision.as_mut() }.ok_or_else(|| Failure::null("a place for the decision"))?;
        *decision = session.decision()?;
        Ok(())
    };
    // SAFETY: the caller promises a writable `error`, or NULL.
    unsafe { guarded(error, call) }
}

/// Does for a request all that a proxy asks for, in one call: decides it, takes its place in a trace, says what a gate does with
/// it, and where it goes on, who asked.
///
/// `verifier` and `identity` are as for [`gate_judge`]. `traces` is 0 for none, 1 where a new trace begins, 2 where one goes on
/// that a trusted neighbour began. `request_id` is the correlation id, of which the ids of a new trace are made: 16 bytes or more
/// of a cryptographic generator, fresh for each request. What `served` points to stands until the next call with this session or
/// this verifier.
///
/// # Errors
/// As [`gate_decide`], [`gate_decide_token`] and [`gate_trace_next`]; where the trace was taken before, `served.trace` has it still.
///
/// # Safety
/// As for [`gate_judge`] and [`gate_handle`]; `served` is writable, or NULL.
// SAFETY: no other symbol of this library or of those it links begins with `gate_`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gate_serve(
    session: *mut Session,
    verifier: *mut Verifier,
    identity: *const Identity,
    request: *const GateRequest,
    request_id: *const u8,
    request_id_len: usize,
    traces: i32,
    served: *mut GateServed,
    error: *mut GateError,
) -> i32 {
    let call = || {
        // SAFETY: the caller promises a writable place, or NULL.
        let served = unsafe { served.as_mut() }.ok_or_else(|| Failure::null("a place for what is served"))?;
        served.trace = GateTrace::NONE;
        let ask = |session: &mut Session, request: &GateRequest, lines: &Lines<'_>| {
            // SAFETY: the caller promises readable text.
            let request_id = unsafe { slice(request_id, request_id_len) }?;
            // Before the rest of the request is read: one that turns out to be none has its place in the trace too.
            if traces != 0 {
                served.trace = session.trace(lines, traces == TRACES_CONTINUED, request_id)?;
            }
            // SAFETY: the caller promises that all of the request is readable.
            let raw = unsafe { request.raw(lines, &session.proxies) }?;
            // SAFETY: the caller promises a verifier that nobody else uses, and an identity that isn't freed, or NULL.
            let asker = unsafe { asker(verifier, identity) };
            session.serve(&raw, lines, asker, id_of(request_id)?, served)
        };
        // SAFETY: the caller promises a session that nobody else uses, and a request that is readable, or NULL.
        unsafe { with_lines(session, request, ask) }
    };
    // SAFETY: the caller promises a writable `error`, or NULL.
    unsafe { guarded(error, call) }
}

/// Has a session begin with a request, and asks it: what every call does that decides one.
///
/// # Errors
/// As `ask`; as [`GateRequest::raw`]; `abi:null` for a session or a request that is NULL.
///
/// # Safety
/// As for [`with_lines`].
unsafe fn with_request(
    session: *mut Session,
    request: *const GateRequest,
    ask: impl FnOnce(&mut Session, &RawRequest<'_>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let ask = |session: &mut Session, request: &GateRequest, lines: &Lines<'_>| {
        // SAFETY: all of the request is readable, by the promise of the caller.
        let raw = unsafe { request.raw(lines, &session.proxies) }?;
        ask(session, &raw)
    };
    // SAFETY: as the caller promises.
    unsafe { with_lines(session, request, ask) }
}

/// Has a session begin with a request of which no more than the lines is looked at yet, in the room that the session has for them.
///
/// The session forgets the last decision first, so that none is left whatever fails here.
///
/// # Errors
/// As `ask`; `abi:null` for a session or a request that is NULL, or lines that are.
///
/// # Safety
/// `session` is used by no other call, `request` and all that it points to are readable; each may be NULL.
unsafe fn with_lines(
    session: *mut Session,
    request: *const GateRequest,
    ask: impl FnOnce(&mut Session, &GateRequest, &Lines<'_>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    // SAFETY: a session that nobody else uses, or NULL, by the promise of the caller.
    let session = unsafe { session.as_mut() }.ok_or_else(|| Failure::null("a session"))?;
    session.begin();
    // SAFETY: a readable request, or NULL, by the promise of the caller.
    let request = unsafe { request.as_ref() }.ok_or_else(|| Failure::null("a request"))?;
    // SAFETY: all of the request is readable, by the promise of the caller.
    let lines = unsafe { request.lines_in(&mut session.room) }?;
    let asked = ask(session, request, &lines);
    session.room.keep(lines);
    asked
}

/// Says who tells who asks.
///
/// # Safety
/// `verifier` is a verifier that nobody else uses for `'a`, `identity` one that isn't freed; each may be NULL.
unsafe fn asker<'a>(verifier: *mut Verifier, identity: *const Identity) -> Asker<'a> {
    // SAFETY: a verifier that nobody else uses, or NULL, by the promise of the caller.
    match unsafe { verifier.as_mut() } {
        Some(verifier) => Asker::Verifier(verifier),
        // SAFETY: an identity that isn't freed, or NULL, by the promise of the caller.
        None => Asker::Identity(unsafe { identity.as_ref() }),
    }
}

/// Says what a gate does with the request that the session decided last: forward it, changed, or answer it.
///
/// `request` is that request; its header names are looked at. `request_id` is the correlation id. What `handling` points to
/// stands until the next call with this session.
///
/// # Errors
/// `abi:order` where no request was decided.
///
/// # Safety
/// As for [`gate_decide`].
// SAFETY: no other symbol of this library or of those it links begins with `gate_`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gate_handle(
    session: *mut Session,
    request: *const GateRequest,
    request_id: *const u8,
    request_id_len: usize,
    handling: *mut GateHandling,
    error: *mut GateError,
) -> i32 {
    let call = || {
        // SAFETY: the caller promises a session that nobody else uses, or NULL.
        let session = unsafe { session.as_mut() }.ok_or_else(|| Failure::null("a session"))?;
        // SAFETY: the caller promises a readable request, or NULL.
        let request = unsafe { request.as_ref() }.ok_or_else(|| Failure::null("a request"))?;
        // SAFETY: the caller promises that all of the request is readable.
        let lines = unsafe { request.lines() }?;
        // SAFETY: the caller promises readable text.
        let request_id = unsafe { slice(request_id, request_id_len) }?;
        let request_id = id_of(request_id)?;
        // SAFETY: the caller promises a writable handling, or NULL.
        let handling =
            unsafe { handling.as_mut() }.ok_or_else(|| Failure::null("a place for the handling"))?;
        *handling = session.handle(&lines, request_id)?;
        Ok(())
    };
    // SAFETY: the caller promises a writable `error`, or NULL.
    unsafe { guarded(error, call) }
}

fn id_of(request_id: &[u8]) -> Result<&str, Failure> {
    std::str::from_utf8(request_id).map_err(|_| Failure::new("abi:text", "request_id must be UTF-8"))
}

/// Takes the place of a request in its trace (W3C Trace Context): a new trace, or with `continues` other than 0 the one that
/// `headers` name, which a trusted neighbour must have written.
///
/// `random` is 16 bytes or more of a cryptographic generator, fresh for each request. What `trace` points to stands until the next
/// call of this function with this session.
///
/// # Errors
/// `abi:random` for fewer bytes.
///
/// # Safety
/// `session` is used by no other call; `headers` points to `headers_len` pairs, all readable, `random` to `random_len` readable
/// bytes; `trace` and `error` are writable; each may be NULL.
// SAFETY: no other symbol of this library or of those it links begins with `gate_`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gate_trace_next(
    session: *mut Session,
    headers: *const GatePair,
    headers_len: usize,
    continues: i32,
    random: *const u8,
    random_len: usize,
    trace: *mut GateTrace,
    error: *mut GateError,
) -> i32 {
    let call = || {
        // SAFETY: the caller promises a session that nobody else uses, or NULL.
        let session = unsafe { session.as_mut() }.ok_or_else(|| Failure::null("a session"))?;
        // SAFETY: the caller promises that all lines are readable.
        let lines = unsafe { request::lines(headers, headers_len) }?;
        // SAFETY: the caller promises readable bytes.
        let random = unsafe { slice(random, random_len) }?;
        // SAFETY: the caller promises a writable place, or NULL.
        let trace = unsafe { trace.as_mut() }.ok_or_else(|| Failure::null("a place for the trace"))?;
        *trace = session.trace(&lines, continues != 0, random)?;
        Ok(())
    };
    // SAFETY: the caller promises a writable `error`, or NULL.
    unsafe { guarded(error, call) }
}

/// Writes the last decision of a session as one line of JSON. The line stands until the next call with this session.
///
/// # Errors
/// `abi:order` where no request was decided.
///
/// # Safety
/// `session` is used by no other call, `line` and `error` are writable; each may be NULL.
// SAFETY: no other symbol of this library or of those it links begins with `gate_`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gate_decision_json(
    session: *mut Session,
    line: *mut GateText,
    error: *mut GateError,
) -> i32 {
    // SAFETY: the caller promises a session that nobody else uses, and a place for the line, or NULL.
    let call = || unsafe { answer(session, line, Session::line) };
    // SAFETY: the caller promises a writable `error`, or NULL.
    unsafe { guarded(error, call) }
}

/// Answers a line of JSON with a line of JSON: a decision, or what is wrong with the line.
///
/// `now`, in Unix seconds, stands in for a missing member `now`; NULL for none. The answer stands until the next call with
/// this session.
///
/// # Safety
/// `session` is used by no other call, `line` and `now` are readable, `answered` and `error` writable; each may be NULL.
// SAFETY: no other symbol of this library or of those it links begins with `gate_`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gate_decide_json(
    session: *mut Session,
    line: *const u8,
    line_len: usize,
    now: *const i64,
    answered: *mut GateText,
    error: *mut GateError,
) -> i32 {
    // SAFETY: all as the caller promises.
    unsafe { answer_line(session, line, line_len, now, answered, error, gatelaw_host::decide_line) }
}

/// Answers a line of JSON with a line of JSON: why it is decided as it is, or what is wrong with the line.
///
/// # Safety
/// As for [`gate_decide_json`].
// SAFETY: no other symbol of this library or of those it links begins with `gate_`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gate_explain_json(
    session: *mut Session,
    line: *const u8,
    line_len: usize,
    now: *const i64,
    answered: *mut GateText,
    error: *mut GateError,
) -> i32 {
    // SAFETY: all as the caller promises.
    unsafe { answer_line(session, line, line_len, now, answered, error, gatelaw_host::explain_line) }
}

/// What answers a line.
type Ask = fn(&mut gatelaw::Session<std::sync::Arc<Plan>>, &str, Option<i64>) -> String;

/// # Safety
/// As for [`gate_decide_json`].
unsafe fn answer_line(
    session: *mut Session,
    line: *const u8,
    line_len: usize,
    now: *const i64,
    answered: *mut GateText,
    error: *mut GateError,
    ask: Ask,
) -> i32 {
    let call = || {
        // SAFETY: the caller promises a readable line.
        let line = unsafe { slice(line, line_len) }?;
        // SAFETY: the caller promises a readable time, or NULL.
        let now = unsafe { now.as_ref() }.copied();
        let ask = |session: &mut Session| {
            session.begin();
            Ok(session.answer_line(line, |session, line| ask(session, line, now)))
        };
        // SAFETY: the caller promises a session that nobody else uses, and a place for the answer, or NULL.
        unsafe { answer(session, answered, ask) }
    };
    // SAFETY: the caller promises a writable `error`, or NULL.
    unsafe { guarded(error, call) }
}

/// Writes a caller, where there is one, and answers whether.
fn write_caller(found: Option<GateCaller>, caller: Option<&mut GateCaller>) -> i32 {
    let Some((caller, found)) = caller.zip(found) else { return 0 };
    *caller = found;
    1
}

/// Writes what a session answers.
///
/// # Safety
/// `session` is a session that nobody else uses, or NULL; `line` is writable, or NULL.
unsafe fn answer(
    session: *mut Session,
    line: *mut GateText,
    ask: impl FnOnce(&mut Session) -> Result<GateText, Failure>,
) -> Result<(), Failure> {
    // SAFETY: a session or NULL by the promise of the caller.
    let session = unsafe { session.as_mut() }.ok_or_else(|| Failure::null("a session"))?;
    // SAFETY: writable or NULL by the promise of the caller.
    let line = unsafe { line.as_mut() }.ok_or_else(|| Failure::null("a place for the line"))?;
    *line = ask(session)?;
    Ok(())
}

/// Makes an object, and hands it over.
///
/// # Safety
/// `place` is writable, or NULL.
unsafe fn give<T>(place: *mut *mut T, make: impl FnOnce() -> Result<T, Failure>) -> Result<(), Failure> {
    // SAFETY: writable or NULL by the promise of the caller.
    let place = unsafe { place.as_mut() }.ok_or_else(|| Failure::null("a place for the handle"))?;
    *place = Box::into_raw(Box::new(make()?));
    Ok(())
}

/// Frees what [`give`] handed over; NULL is nothing.
///
/// # Safety
/// `object` comes from [`give`], nobody else has freed it, and nobody uses it any more; or it is NULL.
unsafe fn free<T>(object: *mut T) {
    if object.is_null() {
        return;
    }
    let call = || {
        // SAFETY: handed over by `give` and not freed, by the promise of the caller.
        drop(unsafe { Box::from_raw(object) });
        Ok(())
    };
    // SAFETY: NULL is allowed: nobody can be told of an object that doesn't free.
    unsafe { guarded(std::ptr::null_mut(), call) };
}

#[cfg(test)]
mod tests;
