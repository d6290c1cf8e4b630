//! A target that is accepted has a canonical form, which is accepted as it is. The first byte relaxes the form.
#![no_main]

use gatelaw::RawRequest;
use gatelaw::needs::{PathParams, Relaxations};
use gatelaw::request::Canonical;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let (first, rest) = bytes.split_first().unwrap_or((&0, &[]));
    let relaxations = Relaxations {
        encoded_slash: first & 1 != 0,
        encoded_delims: first & 2 != 0,
        empty_segments: first & 4 != 0,
        case_fold: first & 8 != 0,
        path_params: [PathParams::Refuse, PathParams::Strip, PathParams::Keep][usize::from(first >> 4) % 3],
    };
    for target in [rest.to_vec(), [b"/", rest].concat(), near(rest)] {
        let Some(form) = canonical(&target, relaxations) else { continue };
        assert_eq!(canonical(form.as_bytes(), relaxations).as_deref(), Some(&*form), "of {target:?}");
    }
});

/// Makes a target of pieces that mean something in it.
fn near(bytes: &[u8]) -> Vec<u8> {
    let pieces: [&[u8]; 16] = [
        b"/", b"/", b"a", b"B", b"%61", b"%2f", b"%3b", b";", b".", b"%2e", b"?", b"=", b"&", b"%c3%a9",
        b"%25", b"~",
    ];
    let chosen = bytes.iter().flat_map(|byte| pieces[usize::from(byte % 16)].iter());
    std::iter::once(&b'/').chain(chosen).copied().collect()
}

fn canonical(target: &[u8], relaxations: Relaxations) -> Option<String> {
    let mut form = Canonical::new();
    let raw = RawRequest::new(b"GET", b"api.example", target);
    form.read_target(&raw, |_| relaxations).ok()?;
    Some(form.target().to_owned())
}
