//! Any order of calls of the C ABI that keeps what its header promises, with any bytes and any NULL, is answered or tells an
//! error with a code; what is answered can be read, all of it.
//!
//! The bytes of the fuzzer are calls and what is handed to them. All that comes out is read: where this runs under valgrind, as
//! the README says, a pointer that points nowhere is found.
#![no_main]

use std::ffi::CStr;
use std::path::Path;
use std::ptr::{null, null_mut};
use std::sync::LazyLock;

use gatelaw_host::files;
// Links the library: all below is declared anew, as the header has it.
use gatelaw_kong as _;
use libfuzzer_sys::fuzz_target;

mod header {
    //! The declarations of `gatelaw.h`.

    use std::ffi::{c_char, c_void};

    pub type Policy = c_void;
    pub type Session = c_void;
    pub type Identity = c_void;
    pub type Verifier = c_void;

    #[repr(C)]
    pub struct Error {
        pub code: [c_char; 64],
        pub message: [c_char; 448],
    }

    #[repr(C)]
    #[derive(Clone, Copy)]
    pub struct Text {
        pub bytes: *const u8,
        pub len: usize,
    }

    #[repr(C)]
    #[derive(Clone, Copy)]
    pub struct Pair {
        pub name: Text,
        pub value: Text,
    }

    #[repr(C)]
    pub struct Settings {
        pub limits_reported: u32,
        pub lacks: u32,
        pub trusted: Text,
        pub client_header: Text,
    }

    #[repr(C)]
    pub struct Fetch {
        pub issuer: Text,
        pub url: Text,
    }

    #[repr(C)]
    pub struct Caller {
        pub issuer: Text,
        pub id: Text,
        pub roles: *const Text,
        pub roles_len: usize,
    }

    #[repr(C)]
    pub struct Request {
        pub method: Text,
        pub scheme: Text,
        pub host: Text,
        pub target: Text,
        pub headers: *const Pair,
        pub headers_len: usize,
        pub ip: Text,
        pub peer: Text,
        pub country: Text,
        pub tls_version: Text,
        pub client_cert: Text,
        pub asn: i64,
        pub bot_score: i64,
        pub size: i64,
        pub now: i64,
        pub given: u32,
        pub wrong: u32,
        pub headers_cut: u32,
    }

    #[repr(C)]
    #[derive(Clone, Copy)]
    pub struct Limit {
        pub name: Text,
        pub key: Text,
        pub rate: u32,
        pub per_s: u32,
        pub burst: u32,
    }

    #[repr(C)]
    pub struct Decision {
        pub allowed: i32,
        pub status: i32,
        pub reason: Text,
        pub rule: Text,
        pub challenge: Text,
        pub text: Text,
        pub target: Text,
        pub audit: Text,
        pub policy: Text,
        pub set: *const Pair,
        pub set_len: usize,
        pub remove: *const Text,
        pub remove_len: usize,
        pub limits: *const Limit,
        pub limits_len: usize,
        pub keep: *const Pair,
        pub keep_len: usize,
        pub observed: *const Text,
        pub observed_len: usize,
    }

    #[repr(C)]
    pub struct Handling {
        pub forwarded: i32,
        pub status: i32,
        pub target: Text,
        pub drop: *const Text,
        pub drop_len: usize,
        pub headers: *const Pair,
        pub headers_len: usize,
        pub body: Text,
    }

    #[repr(C)]
    pub struct Verdict {
        pub allowed: i32,
        pub status: i32,
        pub wanted: i32,
    }

    #[repr(C)]
    pub struct Trace {
        pub id: Text,
        pub span: Text,
        pub caller: Text,
        pub traceparent: Text,
        pub tracestate: Text,
    }

    #[repr(C)]
    pub struct Served {
        pub decision: Decision,
        pub handling: Handling,
        pub caller: Caller,
        pub trace: Trace,
        pub wanted: i32,
        pub unchanged: i32,
    }

    #[repr(C)]
    pub struct Fingerprint {
        pub hex: [u8; 64],
    }

    unsafe extern "C" {
        pub fn gate_load_unsigned(bytes: *const u8, len: usize, to: *mut *mut Policy, e: *mut Error) -> i32;
        pub fn gate_digest(policy: *const Policy) -> Text;
        pub fn gate_needs_json(policy: *const Policy) -> Text;
        pub fn gate_has_limits(policy: *const Policy) -> i32;
        pub fn gate_policy_free(policy: *mut Policy);
        pub fn gate_session_new(
            policy: *const Policy,
            settings: *const Settings,
            to: *mut *mut Session,
            e: *mut Error,
        ) -> i32;
        pub fn gate_session_free(session: *mut Session);
        pub fn gate_identity_verified(
            policy: *const Policy,
            issuer: Text,
            claims: Text,
            client_cert: Text,
            to: *mut *mut Identity,
            e: *mut Error,
        ) -> i32;
        pub fn gate_identity_invalid(
            policy: *const Policy,
            code: Text,
            to: *mut *mut Identity,
            e: *mut Error,
        ) -> i32;
        pub fn gate_identity_unavailable(
            policy: *const Policy,
            issuer: Text,
            to: *mut *mut Identity,
            e: *mut Error,
        ) -> i32;
        pub fn gate_identity_caller(identity: *const Identity, caller: *mut Caller) -> i32;
        pub fn gate_identity_free(identity: *mut Identity);
        pub fn gate_verifier_new(
            policy: *const Policy,
            tokens_max: u32,
            to: *mut *mut Verifier,
            e: *mut Error,
        ) -> i32;
        pub fn gate_verifier_keys(
            verifier: *mut Verifier,
            issuer: Text,
            document: Text,
            e: *mut Error,
        ) -> i32;
        pub fn gate_verifier_adopt(verifier: *mut Verifier, other: *const Verifier, e: *mut Error) -> i32;
        pub fn gate_verifier_next(verifier: *mut Verifier, now: i64, fetch: *mut Fetch, e: *mut Error)
        -> i32;
        pub fn gate_verifier_fetched(
            verifier: *mut Verifier,
            issuer: Text,
            document: Text,
            cache_control: Text,
            now: i64,
            next: *mut Fetch,
            e: *mut Error,
        ) -> i32;
        pub fn gate_verifier_failed(verifier: *mut Verifier, issuer: Text, now: i64, e: *mut Error) -> i32;
        pub fn gate_verifier_caller(verifier: *mut Verifier, caller: *mut Caller) -> i32;
        pub fn gate_verifier_free(verifier: *mut Verifier);
        pub fn gate_decide_token(
            session: *mut Session,
            verifier: *mut Verifier,
            request: *const Request,
            decision: *mut Decision,
            wanted: *mut i32,
            e: *mut Error,
        ) -> i32;
        pub fn gate_decide(
            session: *mut Session,
            request: *const Request,
            identity: *const Identity,
            decision: *mut Decision,
            e: *mut Error,
        ) -> i32;
        pub fn gate_certificate_read(chain: Text, fingerprint: *mut Fingerprint, e: *mut Error) -> i32;
        pub fn gate_judge(
            session: *mut Session,
            verifier: *mut Verifier,
            identity: *const Identity,
            request: *const Request,
            verdict: *mut Verdict,
            e: *mut Error,
        ) -> i32;
        pub fn gate_decided(session: *mut Session, decision: *mut Decision, e: *mut Error) -> i32;
        pub fn gate_serve(
            session: *mut Session,
            verifier: *mut Verifier,
            identity: *const Identity,
            request: *const Request,
            id: *const u8,
            id_len: usize,
            traces: i32,
            served: *mut Served,
            e: *mut Error,
        ) -> i32;
        pub fn gate_handle(
            session: *mut Session,
            request: *const Request,
            id: *const u8,
            id_len: usize,
            handling: *mut Handling,
            e: *mut Error,
        ) -> i32;
        pub fn gate_decision_json(session: *mut Session, line: *mut Text, e: *mut Error) -> i32;
        pub fn gate_decide_json(
            session: *mut Session,
            line: *const u8,
            len: usize,
            now: *const i64,
            to: *mut Text,
            e: *mut Error,
        ) -> i32;
        pub fn gate_explain_json(
            session: *mut Session,
            line: *const u8,
            len: usize,
            now: *const i64,
            to: *mut Text,
            e: *mut Error,
        ) -> i32;
    }
}

use header::*;

/// Two policies: an identity of one is none of the other.
static ARTIFACTS: LazyLock<[Vec<u8>; 2]> = LazyLock::new(|| {
    ["orders-api", "ai-agents"].map(|name| {
        let sources =
            files::read(&[Path::new(env!("CARGO_MANIFEST_DIR")).join("../policies").join(name)]).sources;
        gatelaw::compile(&sources).expect("the policy compiles").plan.to_bytes()
    })
});
static LINES: LazyLock<Vec<String>> = LazyLock::new(|| {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../policies/orders-api/requests.jsonl");
    std::fs::read_to_string(path).expect("the requests are read").lines().map(str::to_owned).collect()
});

/// What is handed over beside the fuzzer's own bytes.
const WORDS: [&str; 28] = [
    "",
    "GET",
    "POST",
    "https",
    "http",
    "api.acme.com",
    "/v1/orders/42",
    "/v1/orders?page=2",
    "/healthz",
    "/..%2f",
    "192.0.2.1",
    "10.0.0.1, 192.0.2.0/24",
    "x-forwarded-for",
    "x-tenant",
    "t1",
    "authorization",
    "Bearer x",
    "okta",
    "DE",
    "TLSv1.3",
    "expired",
    r#"{"sub":"u1","org_id":"t1","groups":["Orders Staff"]}"#,
    r#"{"sub":"u1","org_id":"t2","groups":["Orders Admins"],"scp":["orders:write"]}"#,
    "\u{e9}\0",
    "max-age=60",
    "Bearer eyJhbGciOiJSUzI1NiIsImtpZCI6ImsxIn0.eyJpc3MiOiJodHRwczovL2FjbWUub2t0YS5jb20vb2F1dGgyL2RlZmF1bHQifQ.AAAA",
    r#"{"keys":[{"kty":"RSA","kid":"k1","alg":"RS256","n":"sXchDaQebHnPiGvyDOAT4saGEUetSyo9MKLOoWFsueri23bOdgWp4Dy1WlUzewbgBHod5pcM9H95GQRV3JDXboIRROSBigeC5yjU1hGzHHyXss8UDprecbAYxknTcQkhslANGRUZmdTOQ5qTRsLAt6BTYuyvVRdhS8exSZEy_c4gs_7svlJJQ4H9_NxsiIoLwAEk7-Q3UXERGYw_75IDrGA84-lA_-Ct4eTlXHBIY2EaV7t7LjJaynVJCpkv4LKjTTAumiGUIuQhrNhZLuF_RJLqHpM2kgWFLU7-VTdL1VbC2tejvcI2BlMkEpk1BzBZI0KQB0GaDWFLN-aEAw3vRw","e":"AQAB"}]}"#,
    r#"{"issuer":"https://acme.okta.com/oauth2/default","jwks_uri":"https://acme.okta.com/keys"}"#,
];

/// Reads calls and their arguments.
struct Bytes<'b>(&'b [u8]);

impl<'b> Bytes<'b> {
    fn byte(&mut self) -> u8 {
        let (first, rest) = self.0.split_first().unwrap_or((&0, &[]));
        self.0 = rest;
        *first
    }

    /// Reads a word that means something, bytes of the fuzzer, or NULL.
    fn text(&mut self) -> Text {
        match usize::from(self.byte()) {
            255 => Text { bytes: null(), len: 0 },
            254 => Text { bytes: null(), len: usize::from(self.byte()) },
            long @ 200..254 => {
                let (text, rest) = self.0.split_at((long - 200).min(self.0.len()));
                self.0 = rest;
                Text { bytes: text.as_ptr(), len: text.len() }
            }
            word => {
                let word = WORDS[word % WORDS.len()];
                Text { bytes: word.as_ptr(), len: word.len() }
            }
        }
    }

    /// Takes one of some handles, or NULL.
    fn handle<T>(&mut self, of: &[*mut T]) -> *mut T {
        let number = usize::from(self.byte());
        if number == 255 || of.is_empty() { null_mut() } else { of[number % of.len()] }
    }
}

#[derive(Default)]
struct Handles {
    policies: Vec<*mut Policy>,
    sessions: Vec<*mut Session>,
    identities: Vec<*mut Identity>,
    verifiers: Vec<*mut Verifier>,
}

fuzz_target!(|bytes: &[u8]| {
    let mut handles = Handles::default();
    let mut bytes = Bytes(bytes);
    // SAFETY: all that is handed over stands until the calls return, and each handle is freed once.
    unsafe {
        for number in 0..2 {
            load(&mut handles, ARTIFACTS[number].as_ptr(), ARTIFACTS[number].len());
        }
        start(&mut handles);
        while !bytes.0.is_empty() {
            call(&mut handles, &mut bytes);
        }
        handles.sessions.into_iter().for_each(|session| gate_session_free(session));
        handles.identities.into_iter().for_each(|identity| gate_identity_free(identity));
        handles.verifiers.into_iter().for_each(|verifier| gate_verifier_free(verifier));
        handles.policies.into_iter().for_each(|policy| gate_policy_free(policy));
    }
});

unsafe fn load(handles: &mut Handles, bytes: *const u8, len: usize) {
    let mut policy = null_mut();
    if told(|e| unsafe { gate_load_unsigned(bytes, len, &raw mut policy, e) }) {
        handles.policies.push(policy);
    }
}

/// Makes a session of each policy, so that most calls have one.
unsafe fn start(handles: &mut Handles) {
    let none = Text { bytes: null(), len: 0 };
    let settings = Settings { limits_reported: 1, lacks: 0, trusted: none, client_header: none };
    for policy in handles.policies.clone() {
        let mut session = null_mut();
        assert!(told(|e| unsafe { gate_session_new(policy, &raw const settings, &raw mut session, e) }));
        handles.sessions.push(session);
        let mut verifier = null_mut();
        assert!(told(|e| unsafe { gate_verifier_new(policy, 4, &raw mut verifier, e) }));
        handles.verifiers.push(verifier);
    }
}

unsafe fn call(handles: &mut Handles, bytes: &mut Bytes<'_>) {
    match bytes.byte() % 20 {
        0 => {
            let artifact = &ARTIFACTS[usize::from(bytes.byte()) % 2];
            let mut changed = artifact.clone();
            let place = usize::from(bytes.byte()) * 257 % changed.len();
            changed[place] ^= bytes.byte();
            unsafe { load(handles, changed.as_ptr(), changed.len()) };
        }
        1 => {
            let policy = bytes.handle(&handles.policies);
            unsafe { read(gate_digest(policy)) };
            unsafe { read(gate_needs_json(policy)) };
            assert!((0..2).contains(&unsafe { gate_has_limits(policy) }));
        }
        2 => unsafe { open(handles, bytes) },
        3 | 4 => unsafe { identify(handles, bytes) },
        5 => {
            let identity = bytes.handle(&handles.identities);
            let none = Text { bytes: null(), len: 0 };
            let mut caller = Caller { issuer: none, id: none, roles: null(), roles_len: 0 };
            if unsafe { gate_identity_caller(identity, &raw mut caller) } == 1 {
                unsafe { read_caller(&caller) };
            }
        }
        6..=10 => unsafe { decide(handles, bytes) },
        11 | 12 => unsafe { decide_line(handles, bytes) },
        13 => unsafe { close(handles, bytes) },
        14 => {
            let session = bytes.handle(&handles.sessions);
            let mut line = Text { bytes: null(), len: 0 };
            if told(|e| unsafe { gate_decision_json(session, &raw mut line, e) }) {
                unsafe { read(line) };
            }
        }
        15..=17 => unsafe { verify(handles, bytes) },
        18 => {
            let (policy, tokens_max) = (bytes.handle(&handles.policies), u32::from(bytes.byte()));
            let mut verifier = null_mut();
            if told(|e| unsafe { gate_verifier_new(policy, tokens_max, &raw mut verifier, e) }) {
                handles.verifiers.push(verifier);
            }
        }
        _ => {
            let text = bytes.text();
            let mut fingerprint = Fingerprint { hex: [0; 64] };
            if told(|e| unsafe { gate_certificate_read(text, &raw mut fingerprint, e) }) {
                assert!(fingerprint.hex.iter().all(u8::is_ascii_hexdigit));
            }
            unsafe { load(handles, text.bytes, text.len) };
        }
    }
}

unsafe fn open(handles: &mut Handles, bytes: &mut Bytes<'_>) {
    let policy = bytes.handle(&handles.policies);
    let (limits_reported, lacks) = (u32::from(bytes.byte() % 3), u32::from(bytes.byte()));
    let settings = Settings { limits_reported, lacks, trusted: bytes.text(), client_header: bytes.text() };
    let settings = if bytes.byte() == 255 { null() } else { &raw const settings };
    let mut session = null_mut();
    if told(|e| unsafe { gate_session_new(policy, settings, &raw mut session, e) }) {
        handles.sessions.push(session);
    }
}

unsafe fn identify(handles: &mut Handles, bytes: &mut Bytes<'_>) {
    let (policy, how) = (bytes.handle(&handles.policies), bytes.byte());
    let (first, second, third) = (bytes.text(), bytes.text(), bytes.text());
    let mut identity = null_mut();
    let to = &raw mut identity;
    let made = told(|e| match how % 4 {
        0 => unsafe { gate_identity_invalid(policy, first, to, e) },
        1 => unsafe { gate_identity_unavailable(policy, first, to, e) },
        _ => unsafe { gate_identity_verified(policy, first, second, third, to, e) },
    });
    if made {
        handles.identities.push(identity);
    }
}

/// Hands a verifier documents, and asks it what it needs and whom it saw.
unsafe fn verify(handles: &mut Handles, bytes: &mut Bytes<'_>) {
    let (verifier, how) = (bytes.handle(&handles.verifiers), bytes.byte());
    let (issuer, document, cache_control) = (bytes.text(), bytes.text(), bytes.text());
    let now = i64::from(bytes.byte()) * 10_000_000 - 1;
    let none = Text { bytes: null(), len: 0 };
    let mut fetch = Fetch { issuer: none, url: none };
    let to = &raw mut fetch;
    let went_well = match how % 6 {
        0 => told(|e| unsafe { gate_verifier_keys(verifier, issuer, document, e) }),
        1 => told(|e| unsafe { gate_verifier_next(verifier, now, to, e) }),
        2 => {
            told(|e| unsafe { gate_verifier_fetched(verifier, issuer, document, cache_control, now, to, e) })
        }
        3 => told(|e| unsafe { gate_verifier_failed(verifier, issuer, now, e) }),
        4 => {
            let other = bytes.handle(&handles.verifiers);
            told(|e| unsafe { gate_verifier_adopt(verifier, other, e) })
        }
        _ => {
            let mut caller = Caller { issuer: none, id: none, roles: null(), roles_len: 0 };
            if unsafe { gate_verifier_caller(verifier, &raw mut caller) } == 1 {
                unsafe { read_caller(&caller) };
            }
            false
        }
    };
    if went_well {
        [fetch.issuer, fetch.url].into_iter().for_each(|text| unsafe { read(text) });
    }
}

unsafe fn decide(handles: &mut Handles, bytes: &mut Bytes<'_>) {
    let (session, identity) = (bytes.handle(&handles.sessions), bytes.handle(&handles.identities));
    let count = usize::from(bytes.byte() % 4);
    let headers: Vec<Pair> = (0..count).map(|_| Pair { name: bytes.text(), value: bytes.text() }).collect();
    let flags = bytes.byte();
    let request = Request {
        method: bytes.text(),
        scheme: bytes.text(),
        host: bytes.text(),
        target: bytes.text(),
        headers: if headers.is_empty() { null() } else { headers.as_ptr() },
        headers_len: headers.len(),
        ip: bytes.text(),
        peer: bytes.text(),
        country: bytes.text(),
        tls_version: bytes.text(),
        client_cert: bytes.text(),
        asn: i64::from(bytes.byte()) - 1,
        bot_score: i64::from(bytes.byte()) - 1,
        size: i64::from(bytes.byte()) - 1,
        now: i64::from(bytes.byte()) * 10_000_000 - 1,
        given: u32::from(bytes.byte()),
        wrong: u32::from(bytes.byte() & flags),
        headers_cut: u32::from(flags == 255),
    };
    let request = if flags == 254 { null() } else { &raw const request };
    // SAFETY: all zero is a decision, as it is in C.
    let mut decision: Decision = unsafe { std::mem::zeroed() };
    let (decided, mut wanted) = (&raw mut decision, -1);
    let by_token = flags & 1 == 1;
    let verifier = if by_token { bytes.handle(&handles.verifiers) } else { null_mut() };
    if flags & 2 == 2 {
        let id = bytes.text();
        return unsafe { serve(session, verifier, identity, request, id, i32::from(flags & 12) / 4) };
    }
    let made = told(|e| match by_token {
        true => unsafe { gate_decide_token(session, verifier, request, decided, &raw mut wanted, e) },
        false => unsafe { gate_decide(session, request, identity, decided, e) },
    });
    if !made {
        return;
    }
    assert!(!by_token || (0..2).contains(&wanted), "{wanted}");
    assert_eq!(decision.allowed == 1, decision.status == 200);
    unsafe { read_decision(&decision) };
    let id = bytes.text();
    // SAFETY: the same.
    let mut handling: Handling = unsafe { std::mem::zeroed() };
    if told(|e| unsafe { gate_handle(session, request, id.bytes, id.len, &raw mut handling, e) }) {
        assert_eq!(handling.forwarded, decision.allowed);
        unsafe { read_handling(&handling) };
    }
}

/// Does in one call what [`decide`] does in two, and holds it to what is judged and decided alone.
unsafe fn serve(
    session: *mut Session,
    verifier: *mut Verifier,
    identity: *const Identity,
    request: *const Request,
    id: Text,
    traces: i32,
) {
    // SAFETY: all zero is what is served, as it is in C.
    let mut served: Served = unsafe { std::mem::zeroed() };
    let to = &raw mut served;
    let made = told(|e| unsafe {
        gate_serve(session, verifier, identity, request, id.bytes, id.len, traces, to, e)
    });
    let Trace { id, span, caller, traceparent, tracestate } = served.trace;
    [id, span, caller, traceparent, tracestate].into_iter().for_each(|text| unsafe { read(text) });
    if !made {
        return;
    }
    assert_eq!(served.handling.forwarded, served.decision.allowed);
    assert!(served.unchanged == 0 || served.decision.target.len > 0);
    unsafe { read_decision(&served.decision) };
    unsafe { read_handling(&served.handling) };
    if !served.caller.id.bytes.is_null() {
        unsafe { read_caller(&served.caller) };
    }
    let (allowed, status) = (served.decision.allowed, served.decision.status);
    let mut verdict = Verdict { allowed: -1, status: -1, wanted: -1 };
    let to = &raw mut verdict;
    assert!(told(|e| unsafe { gate_judge(session, verifier, identity, request, to, e) }));
    assert_eq!((verdict.allowed, verdict.status), (allowed, status));
    // SAFETY: all zero is a decision, as it is in C.
    let mut decision: Decision = unsafe { std::mem::zeroed() };
    assert!(told(|e| unsafe { gate_decided(session, &raw mut decision, e) }));
    assert_eq!((decision.allowed, decision.status), (allowed, status));
    unsafe { read_decision(&decision) };
}

unsafe fn read_handling(handling: &Handling) {
    [handling.target, handling.body].into_iter().for_each(|text| unsafe { read(text) });
    unsafe { all(handling.drop, handling.drop_len) }.iter().for_each(|text| unsafe { read(*text) });
    unsafe { read_pairs(handling.headers, handling.headers_len) };
}

unsafe fn read_caller(caller: &Caller) {
    [caller.issuer, caller.id].into_iter().for_each(|text| unsafe { read(text) });
    unsafe { all(caller.roles, caller.roles_len) }.iter().for_each(|text| unsafe { read(*text) });
}

unsafe fn read_decision(decision: &Decision) {
    let Decision { reason, rule, challenge, text, target, audit, policy, .. } = *decision;
    [reason, rule, challenge, text, target, audit, policy].into_iter().for_each(|text| unsafe { read(text) });
    unsafe { read_pairs(decision.set, decision.set_len) };
    unsafe { read_pairs(decision.keep, decision.keep_len) };
    for text in [(decision.remove, decision.remove_len), (decision.observed, decision.observed_len)] {
        unsafe { all(text.0, text.1) }.iter().for_each(|text| unsafe { read(*text) });
    }
    for limit in unsafe { all(decision.limits, decision.limits_len) } {
        [limit.name, limit.key].into_iter().for_each(|text| unsafe { read(text) });
    }
}

unsafe fn decide_line(handles: &mut Handles, bytes: &mut Bytes<'_>) {
    let (session, how) = (bytes.handle(&handles.sessions), bytes.byte());
    let mut line = LINES[usize::from(bytes.byte()) % LINES.len()].clone().into_bytes();
    let place = usize::from(bytes.byte()) * 7 % line.len();
    line[place] = bytes.byte();
    let now = i64::from(bytes.byte());
    let now = if now == 255 { null() } else { &raw const now };
    let mut answered = Text { bytes: null(), len: 0 };
    let ask = if how.is_multiple_of(2) { gate_decide_json } else { gate_explain_json };
    if told(|e| unsafe { ask(session, line.as_ptr(), line.len(), now, &raw mut answered, e) }) {
        unsafe { read(answered) };
    }
}

unsafe fn close(handles: &mut Handles, bytes: &mut Bytes<'_>) {
    let number = usize::from(bytes.byte());
    let Handles { policies, sessions, identities, verifiers } = handles;
    match bytes.byte() % 5 {
        0 if !policies.is_empty() => unsafe {
            gate_policy_free(policies.swap_remove(number % policies.len()))
        },
        1 if !sessions.is_empty() => unsafe {
            gate_session_free(sessions.swap_remove(number % sessions.len()))
        },
        2 if !identities.is_empty() => {
            unsafe { gate_identity_free(identities.swap_remove(number % identities.len())) };
        }
        3 if !verifiers.is_empty() => {
            unsafe { gate_verifier_free(verifiers.swap_remove(number % verifiers.len())) };
        }
        _ => unsafe { gate_policy_free(null_mut()) },
    }
}

/// Makes a call that can fail, and answers whether it went well. An error has a code and ends; a panic is a finding.
fn told(call: impl FnOnce(*mut Error) -> i32) -> bool {
    let mut error = Error { code: [-1; 64], message: [-1; 448] };
    if call(&raw mut error) == 0 {
        return true;
    }
    // SAFETY: arrays of bytes.
    let bytes = unsafe { std::slice::from_raw_parts(error.code.as_ptr().cast::<u8>(), 64) };
    let code = CStr::from_bytes_until_nul(bytes).expect("the code ends").to_str().expect("the code is text");
    assert!(code.contains(':') && code != "abi:panic", "{code}");
    // SAFETY: the same.
    let bytes = unsafe { std::slice::from_raw_parts(error.message.as_ptr().cast::<u8>(), 448) };
    CStr::from_bytes_until_nul(bytes).expect("the message ends").to_str().expect("the message is text");
    false
}

unsafe fn read(text: Text) {
    if !text.bytes.is_null() {
        // SAFETY: the header promises as many bytes.
        let bytes = unsafe { std::slice::from_raw_parts(text.bytes, text.len) };
        std::str::from_utf8(bytes).expect("what comes out is UTF-8");
    }
}

unsafe fn read_pairs(pairs: *const Pair, len: usize) {
    for Pair { name, value } in unsafe { all(pairs, len) } {
        [*name, *value].into_iter().for_each(|text| unsafe { read(text) });
    }
}

unsafe fn all<'a, T>(first: *const T, len: usize) -> &'a [T] {
    // SAFETY: the header promises as many.
    if len == 0 { &[] } else { unsafe { std::slice::from_raw_parts(first, len) } }
}
