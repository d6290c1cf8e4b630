//! The module that explains tokens: why one is accepted or refused, step by step. WebCrypto verifies its signature between two calls.
//!
//! Written are, as `call.rs` says, a time and texts: the artifact, the token, the fact `client_cert` (empty where there is none), then
//! the name of an issuer and its key set, for each whose keys are at hand.

use std::cell::RefCell;

use gatelaw::request::{Token, TokenSource};
use gatelaw::{Plan, artifact};
use gatelaw_host::keys::{FetchedError, KeySet};
use gatelaw_host::token::TokenExplained;
use gatelaw_host::{Pending, Step, Verifier, Who};
use wasm_bindgen::prelude::wasm_bindgen;

use crate::answer::Answer;
use crate::call::Call;
use crate::exchange::{self, Exchange};
use crate::fault::Fault;
use crate::signature;

/// A token that is checked, and what it is checked by.
struct Check {
    verifier: Verifier<Plan>,
    token: String,
    client_cert: Option<String>,
    now: i64,
}

/// Says how far a token is.
enum Checked {
    Explained(Box<TokenExplained>),
    /// All but its signature is right.
    NeedsSignature(Box<Check>, Box<Pending>),
}

thread_local! {
    static WAITING: RefCell<Option<(Box<Check>, Box<Pending>)>> = RefCell::default();
}

/// Checks a token. Answers 0 and the line that explains it; or 1, the algorithm, the key as a JWK, the text that is signed and the
/// signature as base64url, for [`settle_token`]; or what is wrong with what was written.
#[wasm_bindgen]
#[must_use]
pub fn check_token() -> u32 {
    let check = |exchange: &mut Exchange| {
        let begun = Check::begin(&exchange.input);
        answer(exchange, begun)
    };
    exchange::with(0, check)
}

/// Goes on with the token of [`check_token`], once its signature was verified. Answers as that does.
#[wasm_bindgen]
#[must_use]
pub fn settle_token(is_valid: u32) -> u32 {
    let settle = |exchange: &mut Exchange| {
        let waiting = WAITING.with(RefCell::take).ok_or_else(no_check);
        answer(exchange, waiting.map(|(check, pending)| check.settle(*pending, is_valid == 1)))
    };
    exchange::with(0, settle)
}

impl Check {
    fn begin(bytes: &[u8]) -> Result<Checked, Fault> {
        let mut call = Call::read(bytes).ok_or_else(no_check)?;
        let mut check = Self::read(&mut call)?;
        while !call.is_over() {
            let (name, document) = call.text().zip(call.bytes()).ok_or_else(no_check)?;
            check
                .set_keys(name, document)
                .map_err(|fault| fault.in_argument(format!("options.keys.{name}")))?;
        }
        let given = Token { source: TokenSource::Authorization, value: &check.token };
        let who = match check.verifier.begin(given, check.client_cert.as_deref(), check.now) {
            Step::Decided(who) => who,
            Step::NeedsKeys(wanted) => wanted.otherwise,
            Step::NeedsSignature(pending) => return Ok(Checked::NeedsSignature(Box::new(check), pending)),
        };
        Ok(Checked::Explained(check.explained(&who)))
    }

    /// Reads all but the key sets.
    fn read(call: &mut Call<'_>) -> Result<Self, Fault> {
        let artifact = call.bytes().ok_or_else(no_check)?;
        let (token, client_cert) = call.text().zip(call.text()).ok_or_else(no_check)?;
        let plan =
            artifact::load_unsigned(artifact).map_err(|error| Fault::from(error).in_argument("artifact"))?;
        Ok(Self {
            verifier: Verifier::new(plan, 1),
            token: token.to_owned(),
            client_cert: (!client_cert.is_empty()).then(|| client_cert.to_owned()),
            now: call.now,
        })
    }

    fn set_keys(&mut self, name: &str, document: &[u8]) -> Result<(), Fault> {
        let issuer = self.verifier.issuer(name).ok_or_else(|| Fault::no_issuer(name))?;
        // The caller's own document, in which a shared secret may stand.
        let set =
            KeySet::parse_with_secrets(document).map_err(|error| Fault::from(FetchedError::from(error)))?;
        self.verifier.set_keys(issuer, set);
        Ok(())
    }

    fn settle(mut self, pending: Pending, is_valid: bool) -> Checked {
        let who = self.verifier.settle(pending, is_valid);
        Checked::Explained(self.explained(&who))
    }

    fn explained(&self, who: &Who) -> Box<TokenExplained> {
        let token = Token { source: TokenSource::Authorization, value: &self.token };
        Box::new(TokenExplained::of(&self.verifier, token, self.client_cert.as_deref(), self.now, who))
    }
}

/// For a call that JavaScript can't have made: its own fault, and never the caller's.
fn no_check() -> Fault {
    Fault::new("token:no-check", "", "no token is being checked")
}

fn answer(exchange: &mut Exchange, checked: Result<Checked, Fault>) -> u32 {
    exchange.input = Vec::new();
    let mut answer = Answer::default();
    answer.clear();
    let is_checked = checked.is_ok();
    match checked {
        Ok(Checked::Explained(explained)) => {
            answer.word(0);
            answer.text(&explained.to_line());
        }
        Ok(Checked::NeedsSignature(check, pending)) => {
            answer.word(1);
            signature::texts(&pending).iter().for_each(|text| answer.text(text));
            WAITING.with(|waiting| waiting.replace(Some((check, pending))));
        }
        Err(fault) => answer.fault(&fault),
    }
    answer.write_to(&mut exchange.output);
    u32::from(is_checked)
}
