//! What fuzz targets share: texts of this repository, changed by the fuzzer's bytes; and what a verifier says of a token.

use std::path::Path;
use std::sync::LazyLock;

use gatelaw::Plan;
use gatelaw::request::Token;
use gatelaw_host::{Step, Verifier, Who, is_signature_valid};

/// Policies of the repository, each the text of one file.
static POLICIES: LazyLock<Vec<String>> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../policies/conformance");
    let topics = std::fs::read_dir(folder).expect("the corpus is read").filter_map(Result::ok);
    let mut paths: Vec<_> = topics.map(|topic| topic.path().join("policy.gate")).collect();
    paths.sort();
    paths.iter().filter_map(|path| std::fs::read_to_string(path).ok()).collect()
});

/// Lists the policies of the repository, each the text of one file.
pub fn policies() -> &'static [String] {
    &POLICIES
}

/// What stands in policies.
const WORDS: [&str; 32] = [
    "allow a { for anyone }",
    " and ",
    " or ",
    "not ",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ",",
    "\n",
    "# ",
    "\"",
    "\\",
    "?",
    "has ",
    "==",
    "!=",
    " in ",
    "request.header(\"x\")",
    "user.id",
    "10.0.0.0/8",
    "2001:db8::/32",
    "08:00..18:00",
    "15m",
    "/**",
    "GET|HEAD ",
    " when ",
    " unless ",
    "é",
    "\u{202e}",
];

/// Chooses a policy by the first byte, and changes it by each three that follow: a place, and what happens there.
pub fn changed_policy(bytes: &[u8]) -> String {
    let (first, changes) = bytes.split_first().unwrap_or((&0, &[]));
    let policy = &POLICIES[usize::from(*first) % POLICIES.len()];
    changed(policy, &WORDS, changes)
}

/// Changes a text by each three bytes: a place, and a word that is put there or characters that are taken away.
pub fn changed(text: &str, words: &[&str], changes: &[u8]) -> String {
    let mut text = text.to_owned();
    for change in changes.chunks_exact(3) {
        let place = usize::from(u16::from_le_bytes([change[0], change[1]]));
        let at = text.floor_char_boundary(place * (text.len() + 1) / (1 << 16));
        let action = usize::from(change[2]);
        match action.checked_sub(words.len() * 2) {
            None => text.insert_str(at, words[action / 2]),
            Some(length) => {
                let end = text.ceil_char_boundary((at + 1 + length / 8).min(text.len()));
                text.replace_range(at..end, "");
            }
        }
    }
    text
}

/// Judges a token to its end by keys that are fixed: the subject of one that is valid, or the code.
pub fn judged(
    verifier: &mut Verifier<Plan>,
    token: Token<'_>,
    certificate: Option<&str>,
    now: i64,
) -> Result<String, &'static str> {
    let who = match verifier.begin(token, certificate, now) {
        Step::Decided(who) => who,
        Step::NeedsSignature(pending) => {
            let is_valid = is_signature_valid(&pending);
            verifier.settle(*pending, is_valid)
        }
        Step::NeedsKeys(wanted) => panic!("{wanted:?} though its keys are fixed"),
    };
    match who {
        Who::Verified(prepared) => Ok(prepared.identity().id().to_owned()),
        Who::Invalid(code) => Err(code.name()),
        Who::Anonymous | Who::KeysUnavailable => panic!("a token is there, and so are keys"),
    }
}
