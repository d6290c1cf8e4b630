//! Raw targets with the verdict of the strict rules.

use super::{Ask, decoded_path};

/// Turns `\xNN` in a row into the byte it stands for.
fn bytes_of(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let hex =
            rest.strip_prefix("\\x").and_then(|r| r.get(..2)).and_then(|h| u8::from_str_radix(h, 16).ok());
        let length = if let Some(byte) = hex {
            bytes.push(byte);
            4
        } else {
            bytes.extend(c.to_string().as_bytes());
            c.len_utf8()
        };
        rest = &rest[length..];
    }
    bytes
}

#[test]
fn every_row_has_its_verdict() {
    let data: serde_json::Value = serde_json::from_str(include_str!("../data/targets.json")).unwrap();
    let rows = data["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 97);
    let mut wrong = Vec::new();
    for row in rows {
        let target = row["target"].as_str().unwrap();
        let expected = match (row["refused"].as_str(), row["canonical_decoded"].as_str()) {
            (Some(code), None) => Err(code.to_owned()),
            (None, Some(path)) => Ok(String::from_utf8(bytes_of(path)).unwrap()),
            other => panic!("{target}: {other:?}"),
        };
        let found = Ask { target: bytes_of(target), ..Ask::get("/") }.read().map(|c| decoded_path(&c));
        if found != expected {
            wrong.push(format!("{target}: expected {expected:?}, found {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
