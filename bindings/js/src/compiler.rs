//! The module that compiles: texts of a policy in, an artifact or diagnostics out.
//!
//! What is written are words, then bytes, as in a frame: how many words there are, then for each text the lengths of its name
//! and of its bytes; behind the words the names and bytes, in this order. What is answered is an [`Answer`] with two texts: the
//! diagnostics as a JSON array, and the same for a person to read.

use std::cell::RefCell;

use gatelaw::Sources;
use gatelaw::diagnostic::{Diagnostic, Renderer, Report};
use gatelaw_host::{Checked, files};
use wasm_bindgen::prelude::wasm_bindgen;

use crate::answer::Answer;
use crate::exchange::{self, Exchange};
use crate::words;

type Named = (String, Vec<u8>);

thread_local! {
    static ARTIFACT: RefCell<Vec<u8>> = RefCell::default();
}

/// Compiles a policy. Answers the diagnostics; the artifact is had with `artifact()` where there is one.
#[wasm_bindgen]
#[must_use]
pub fn compile() -> u32 {
    let compile = |exchange: &mut Exchange| {
        let checked = checked(exchange)?;
        answer(exchange, &checked.files.sources, &checked.diagnostics);
        let plan = checked.compiled?.plan;
        ARTIFACT.with(|artifact| artifact.replace(plan.to_bytes()));
        Some(())
    };
    exchange::with(None, compile).map_or(0, |()| 1)
}

/// Answers the artifact that was compiled last, once.
#[wasm_bindgen]
#[must_use]
pub fn artifact() -> u32 {
    let take = |exchange: &mut Exchange| {
        exchange.output = ARTIFACT.with(RefCell::take);
        1
    };
    exchange::with(0, take)
}

/// Formats the one text that was written. Answers the text in the one style; or the diagnostics.
#[wasm_bindgen]
#[must_use]
pub fn format() -> u32 {
    let format = |exchange: &mut Exchange| {
        let (name, bytes) = texts(&exchange.input)?.pop()?;
        let text = String::from_utf8(bytes).ok()?;
        match gatelaw::format::format(&name, &text) {
            Ok(formatted) => exchange.output = formatted.into_bytes(),
            Err(diagnostics) => {
                answer(exchange, &Sources::from_text(&name, &text), &diagnostics);
                return None;
            }
        }
        Some(())
    };
    exchange::with(None, format).map_or(0, |()| 1)
}

fn checked(exchange: &mut Exchange) -> Option<Checked> {
    exchange.output.clear();
    let texts = texts(&exchange.input)?;
    exchange.input = Vec::new();
    Some(Checked::of(files::from_memory(texts)))
}

/// Reads the texts that were written, each with its name.
fn texts(bytes: &[u8]) -> Option<Vec<Named>> {
    let (mut words, mut texts) = words::split(bytes)?;
    let mut named = Vec::new();
    while words.len() > 0 {
        let name = texts.text(words.next()?)?.to_owned();
        named.push((name, texts.bytes(words.next()?)?.to_vec()));
    }
    texts.is_empty().then_some(named)
}

fn answer(exchange: &mut Exchange, sources: &Sources, diagnostics: &[Diagnostic]) {
    let renderer = Renderer::new(sources);
    let reports: Vec<Report> = diagnostics.iter().map(|diagnostic| renderer.report(diagnostic)).collect();
    let text: String = diagnostics.iter().map(|diagnostic| renderer.text(diagnostic)).collect();
    let mut answer = Answer::default();
    answer.clear();
    // Texts and numbers alone always serialise.
    answer.text(&serde_json::to_string(&reports).unwrap_or_default());
    answer.text(&text);
    answer.write_to(&mut exchange.output);
}
