//! The page on tokens says what the code does.

use std::collections::BTreeSet;

use gatelaw_host::token::TokenCode;

const PAGE: &str = include_str!("../../../../docs/tokens.md");

#[test]
fn the_page_lists_the_codes_in_their_order() {
    let section = PAGE.split("\n## ").find(|section| section.starts_with("Codes")).unwrap();
    let listed: Vec<&str> = section
        .lines()
        .filter_map(|line| line.strip_prefix("| `token:"))
        .filter_map(|row| row.split_once('`'))
        .map(|(code, _)| code)
        .collect();
    assert_eq!(listed, TokenCode::ALL.map(TokenCode::name));
}

#[test]
fn each_code_has_a_sentence_of_its_own() {
    let sentences: BTreeSet<&str> = TokenCode::ALL.iter().map(|code| code.message()).collect();
    assert_eq!(sentences.len(), TokenCode::ALL.len());
    assert!(sentences.iter().all(|sentence| sentence.starts_with("the ") && !sentence.ends_with('.')));
}
