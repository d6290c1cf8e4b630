//! Requests with the tokens that they carry. WebCrypto verifies signatures, and the host fetches keys: what each has to do is answered,
//! and they come back with what they found.
//!
//! What is written for all but `verify` and `settle`, which read a frame, is a time and texts, as `call.rs` says.

use std::sync::Arc;

use gatelaw::limits::TOKENS_PENDING_MAX;
use gatelaw::policy::IssuerId;
use gatelaw::{Begun, Plan, Session};
use gatelaw_host::keys::{FetchedError, KeyFetches, KeySet};
use gatelaw_host::{Counters, Pending, Step, Verifier, Who};
use wasm_bindgen::prelude::wasm_bindgen;

use super::{Evaluator, add_handling, with};
use crate::answer::Answer;
use crate::call::Call;
use crate::exchange::Exchange;
use crate::fault::Fault;
use crate::frame::{Frame, Lines};
use crate::kept::Waiting;
use crate::signature;

/// Judges tokens for one policy.
#[derive(Debug)]
pub(super) struct Tokens {
    plan: Arc<Plan>,
    verifier: Verifier<Arc<Plan>>,
    fetches: KeyFetches,
    /// Those whose signature is being verified.
    pending: Waiting<Box<Pending>>,
}

impl Tokens {
    fn new(plan: Arc<Plan>, tokens_max: u32) -> Self {
        let tokens_max = usize::try_from(tokens_max).unwrap_or(usize::MAX);
        Self {
            verifier: Verifier::new(Arc::clone(&plan), tokens_max),
            fetches: KeyFetches::of(&plan),
            pending: Waiting::new(TOKENS_PENDING_MAX),
            plan,
        }
    }

    fn issuer(&self, name: &str) -> Result<IssuerId, Fault> {
        self.verifier.issuer(name).ok_or_else(|| Fault::no_issuer(name))
    }

    fn set_keys(&mut self, issuer: &str, document: &[u8]) -> Result<(), Fault> {
        let id = self.issuer(issuer)?;
        // The host's own document, in which a shared secret may stand.
        let set =
            KeySet::parse_with_secrets(document).map_err(|error| Fault::from(FetchedError::from(error)))?;
        self.verifier.set_keys(id, set);
        Ok(())
    }
}

impl Evaluator {
    /// Decides the request in the frame that was written by the token that it carries. Answers 0, the name of the issuer whose keys may be
    /// fetched and could change the decision, empty where none could, and the handling as [`Evaluator::handle`] does; or 1, a number to
    /// settle by, the algorithm, the key as a JWK, the text that is signed and the signature as base64url; or what is wrong.
    ///
    /// `waits`: where keys are wanted, the caller waits for them and asks again, so that this answer counts for nothing.
    fn verify(&mut self, exchange: &mut Exchange, waits: bool) -> bool {
        let answered = self.begin(&exchange.input, waits);
        self.end(exchange, answered)
    }

    /// Decides the request of [`Evaluator::verify`] once its signature was verified. Answers as that does, or what is wrong.
    fn settle(&mut self, exchange: &mut Exchange, number: u32, is_valid: bool) -> bool {
        let answered = self.finish(&exchange.input, number, is_valid);
        self.end(exchange, answered)
    }

    fn begin(&mut self, bytes: &[u8], waits: bool) -> Result<(), Fault> {
        let session = self.session.as_mut().ok_or_else(Fault::no_policy)?;
        let tokens = self.tokens.as_mut().ok_or_else(Fault::no_verifier)?;
        let mut lines = Lines::new();
        let frame = read(bytes, &mut lines, session.plan())?;
        let raw = frame.raw();
        let mut keys_wanted = None;
        let who = match session.begin(raw) {
            Begun::Decided(_) | Begun::Open(None) => Who::Anonymous,
            Begun::Open(Some(token)) => {
                let client_cert = raw.facts.client_cert.present();
                match tokens.verifier.begin(token, client_cert, raw.now) {
                    Step::Decided(who) => who,
                    Step::NeedsSignature(pending) => {
                        add_pending(tokens, pending, &mut self.answer);
                        return Ok(());
                    }
                    Step::NeedsKeys(wanted) => {
                        keys_wanted = Some(wanted.issuer);
                        tokens.fetches.want(wanted.issuer);
                        if waits { wanted.otherwise } else { tokens.verifier.without_keys(wanted) }
                    }
                }
            }
        };
        session.finish(who.caller());
        add_decided(session, &frame, keys_wanted, &mut self.answer);
        Ok(())
    }

    fn finish(&mut self, bytes: &[u8], number: u32, is_valid: bool) -> Result<(), Fault> {
        let session = self.session.as_mut().ok_or_else(Fault::no_policy)?;
        let tokens = self.tokens.as_mut().ok_or_else(Fault::no_verifier)?;
        let pending = tokens.pending.take(number).ok_or_else(Fault::given_up)?;
        let who = tokens.verifier.settle(*pending, is_valid);
        let mut lines = Lines::new();
        let frame = read(bytes, &mut lines, session.plan())?;
        // Another request may have used the session meanwhile.
        let _ = session.begin(frame.raw());
        session.finish(who.caller());
        add_decided(session, &frame, None, &mut self.answer);
        Ok(())
    }

    /// Makes what judges tokens, in place of what did before; it remembers at most so many.
    fn make_verifier(&mut self, exchange: &mut Exchange, tokens_max: u32) -> bool {
        let made = self.plan.clone().ok_or_else(Fault::no_policy).map(|plan| {
            self.tokens = Some(Tokens::new(plan, tokens_max));
            self.answer.clear();
        });
        self.end(exchange, made)
    }

    /// Goes on counting from what the verifier of another instance counted: written is its line.
    fn adopt_counters(&mut self, exchange: &mut Exchange) -> bool {
        self.call(exchange, |tokens, call, answer| {
            answer.clear();
            tokens.verifier.adopt_counters(text_of(call)?).then_some(()).ok_or_else(Fault::no_frame)
        })
    }

    /// Takes keys that stay as they are: written are the issuer's name and the document.
    fn set_keys(&mut self, exchange: &mut Exchange) -> bool {
        self.call(exchange, |tokens, call, answer| {
            answer.clear();
            tokens.set_keys(text_of(call)?, bytes_of(call)?)
        })
    }

    /// Begins the next fetch that is due. Answers the issuer's name and the URL, both empty where none is.
    fn next_fetch(&mut self, exchange: &mut Exchange) -> bool {
        self.call(exchange, |tokens, call, answer| {
            let next = tokens.fetches.next(&mut tokens.verifier, call.now);
            let (issuer, url) = match next {
                Some((issuer, url)) => (issuer_name(&tokens.plan, issuer), url),
                None => ("", ""),
            };
            answer.clear();
            answer.text(issuer);
            answer.text(url);
            Ok(())
        })
    }

    /// Takes a document that was fetched: written are the issuer's name, the `Cache-Control` that came with it, and the document. Answers
    /// the URL of the next document to fetch, empty where there is none.
    fn fetched(&mut self, exchange: &mut Exchange) -> bool {
        self.call(exchange, |tokens, call, answer| {
            let id = tokens.issuer(text_of(call)?)?;
            let (cache_control, document) = (text_of(call)?, bytes_of(call)?);
            let next = tokens.fetches.fetched(&mut tokens.verifier, id, document, cache_control, call.now)?;
            answer.clear();
            answer.text(next.unwrap_or_default());
            Ok(())
        })
    }

    /// Notes that a fetch failed: written is the issuer's name.
    fn failed(&mut self, exchange: &mut Exchange) -> bool {
        self.call(exchange, |tokens, call, answer| {
            let id = tokens.issuer(text_of(call)?)?;
            tokens.fetches.failed(&mut tokens.verifier, id, call.now);
            answer.clear();
            Ok(())
        })
    }

    /// Answers what was counted as one text.
    fn counted(&mut self, exchange: &mut Exchange, text: fn(&Counters) -> String) -> bool {
        match &self.tokens {
            Some(tokens) => {
                exchange.output = text(tokens.verifier.counters()).into_bytes();
                true
            }
            None => self.fail(exchange, &Fault::no_verifier()),
        }
    }

    fn call(
        &mut self,
        exchange: &mut Exchange,
        call: impl FnOnce(&mut Tokens, &mut Call<'_>, &mut Answer) -> Result<(), Fault>,
    ) -> bool {
        let tokens = self.tokens.as_mut().ok_or_else(Fault::no_verifier);
        let answered = tokens.and_then(|tokens| {
            let mut read = Call::read(&exchange.input).ok_or_else(Fault::no_frame)?;
            call(tokens, &mut read, &mut self.answer)
        });
        self.end(exchange, answered)
    }

    fn end(&mut self, exchange: &mut Exchange, answered: Result<(), Fault>) -> bool {
        match answered {
            Ok(()) => {
                self.answer.write_to(&mut exchange.output);
                true
            }
            Err(fault) => self.fail(exchange, &fault),
        }
    }
}

/// Answers a request that is decided; `keys_wanted` are those of the issuer whose keys may be fetched and could change that.
fn add_decided(
    session: &Session<Arc<Plan>>,
    frame: &Frame<'_>,
    keys_wanted: Option<IssuerId>,
    answer: &mut Answer,
) {
    answer.clear();
    answer.word(0);
    answer.text(keys_wanted.map_or("", |issuer| issuer_name(session.plan(), issuer)));
    add_handling(session, frame, answer);
}

/// Answers a request of whose token all but the signature is right.
fn add_pending(tokens: &mut Tokens, pending: Box<Pending>, answer: &mut Answer) {
    answer.clear();
    answer.word(1);
    let texts = signature::texts(&pending);
    answer.word(tokens.pending.keep(pending));
    texts.iter().for_each(|text| answer.text(text));
}

/// Reads the frame of a request of which nothing is said of who asks: its token does.
fn read<'f, 'b: 'f>(bytes: &'b [u8], lines: &'f mut Lines<'b>, plan: &Plan) -> Result<Frame<'f>, Fault> {
    let frame = Frame::read(bytes, lines)?;
    if plan.needs().ip {
        frame.require_ip()?;
    }
    if frame.is_of_nobody() { Ok(frame) } else { Err(Fault::no_frame()) }
}

fn issuer_name(plan: &Plan, issuer: IssuerId) -> &str {
    let at = usize::try_from(issuer.0).unwrap_or(usize::MAX);
    plan.identity_model().issuers.get(at).map_or("", |issuer| issuer.name.as_str())
}

fn bytes_of<'c>(call: &mut Call<'c>) -> Result<&'c [u8], Fault> {
    call.bytes().ok_or_else(Fault::no_frame)
}

fn text_of<'c>(call: &mut Call<'c>) -> Result<&'c str, Fault> {
    call.text().ok_or_else(Fault::no_frame)
}

/// Makes what judges tokens; it remembers at most so many.
#[wasm_bindgen]
#[must_use]
pub fn make_verifier(tokens_max: u32) -> u32 {
    with(|evaluator, exchange| evaluator.make_verifier(exchange, tokens_max))
}

/// Goes on counting from what another verifier counted.
#[wasm_bindgen]
#[must_use]
pub fn adopt_counters() -> u32 {
    with(Evaluator::adopt_counters)
}

/// Takes keys that stay as they are.
#[wasm_bindgen]
#[must_use]
pub fn set_keys() -> u32 {
    with(Evaluator::set_keys)
}

/// Decides a request by the token that it carries, and says what a gate does about it.
#[wasm_bindgen]
#[must_use]
pub fn verify(waits: u32) -> u32 {
    with(|evaluator, exchange| evaluator.verify(exchange, waits == 1))
}

/// Decides a request whose token's signature was verified.
#[wasm_bindgen]
#[must_use]
pub fn settle(number: u32, is_valid: u32) -> u32 {
    with(|evaluator, exchange| evaluator.settle(exchange, number, is_valid == 1))
}

/// Begins the next fetch of keys that is due.
#[wasm_bindgen]
#[must_use]
pub fn next_fetch() -> u32 {
    with(Evaluator::next_fetch)
}

/// Takes a document that was fetched.
#[wasm_bindgen]
#[must_use]
pub fn fetched() -> u32 {
    with(Evaluator::fetched)
}

/// Notes that a fetch failed.
#[wasm_bindgen]
#[must_use]
pub fn failed() -> u32 {
    with(Evaluator::failed)
}

/// Answers what was counted as one line of JSON.
#[wasm_bindgen]
#[must_use]
pub fn counters() -> u32 {
    with(|evaluator, exchange| evaluator.counted(exchange, Counters::to_line))
}

/// Answers what was counted in the text format of Prometheus.
#[wasm_bindgen]
#[must_use]
pub fn prometheus() -> u32 {
    with(|evaluator, exchange| evaluator.counted(exchange, Counters::to_prometheus))
}
