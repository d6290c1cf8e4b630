//! A frame of arbitrary bytes, as JavaScript could write it into the memory of the module, is refused or decided, never a panic;
//! and so is a whole frame that was changed. What is answered once is answered again.
//!
//! The bytes of the fuzzer are a frame, and once more changes, two bytes each: a place, and what stands there afterwards.
#![no_main]

use std::cell::RefCell;
use std::path::Path;

use gatelaw_host::files;
use gatelaw_js::evaluator::Evaluator;
use gatelaw_js::exchange::Exchange;
use gatelaw_js::frame::HOST_BYTES;
use libfuzzer_sys::fuzz_target;

thread_local! {
    static LOADED: RefCell<(Evaluator, Exchange)> = RefCell::new(loaded());
}

fn loaded() -> (Evaluator, Exchange) {
    let policy = Path::new(env!("CARGO_MANIFEST_DIR")).join("../policies/orders-api");
    let sources = files::read(&[policy]).sources;
    let artifact = gatelaw::compile(&sources).expect("the policy compiles").plan.to_bytes();
    let (mut evaluator, mut exchange) = (Evaluator::default(), Exchange::default());
    exchange.input = artifact;
    assert!(evaluator.load(&mut exchange), "the artifact loads");
    exchange.input = changed(&[]);
    assert!(evaluator.handle(&mut exchange), "what is changed is a frame");
    (evaluator, exchange)
}

type Ask = fn(&mut Evaluator, &mut Exchange) -> bool;

fuzz_target!(|bytes: &[u8]| {
    LOADED.with(|loaded| {
        let (evaluator, exchange) = &mut *loaded.borrow_mut();
        for ask in [Evaluator::decide as Ask, Evaluator::handle, Evaluator::explain, Evaluator::decide_line] {
            let mut answer = |frame: &[u8]| {
                exchange.room(frame.len()).expect("there is room").copy_from_slice(frame);
                (ask(evaluator, exchange), exchange.output.clone())
            };
            for frame in [bytes, &changed(bytes)] {
                assert_eq!(answer(frame), answer(frame));
            }
        }
    });
});

/// Changes a frame that is whole: `GET /v1/orders` with a tenant, an address and claims.
fn changed(changes: &[u8]) -> Vec<u8> {
    let host = b"api.acme.com";
    let texts: [&[u8]; 11] = [
        b"GET",
        b"/v1/orders/42",
        b"192.0.2.1",
        b"DE",
        b"",
        b"",
        b"okta",
        br#"{"sub":"u1","org_id":"t1","groups":["Orders Staff"]}"#,
        b"",
        b"x-tenant",
        b"t1",
    ];
    // Over https, with verified claims, and a bot score of 80.
    let head = [1 | 1 << 5, 1_795_000_000, 0, 1, 80, 0];
    let count = 2 + head.len() + 1 + texts.len();
    let ends = [count, 4 * count + texts.concat().len()].map(|number| number as u32);
    let lengths = [host.len()].into_iter().chain(texts.iter().map(|text| text.len()));
    let words = ends.into_iter().chain(head).chain(lengths.map(|length| length as u32));
    let mut frame = host.to_vec();
    frame.resize(HOST_BYTES, 0);
    frame.extend(words.flat_map(u32::to_le_bytes).chain(texts.concat()));
    for change in changes.chunks_exact(2) {
        let place = usize::from(change[0]) % frame.len();
        frame[place] = change[1];
    }
    frame
}
