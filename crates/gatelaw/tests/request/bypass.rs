//! Inputs that have got past gates, each with its safe result.

use std::collections::BTreeSet;
use std::net::IpAddr;

use gatelaw::address::IpNet;
use gatelaw::needs::Needs;
use gatelaw::request::{Canonical, canonical_host, client_ip, fold, is_always_removed};
use serde_json::Value;

use super::{Ask, decoded_path, named};

/// Rows whose whole expectation is a decision's. What the canonical form owes to them is checked here all the same.
const ASKS_A_DECISION: &[(&str, &str)] = &[
    ("B137", "that no rule allows an unknown method is the decision's: here it is an ordinary method"),
    ("B139", "that only a rule that names OPTIONS allows it is the decision's"),
    ("B143", "as B137"),
    ("B209", "an empty bearer token is present: that it is not valid is the token reader's"),
    ("B211", "as B209: what only begins with the scheme is an empty token"),
    ("B239", "no rule reads bodies, so that an encoding can't fool one"),
    ("B287", "the override is removed and the method stays: the deny is the decision's"),
];

#[test]
fn every_row_has_its_safe_result() {
    let data: Value = serde_json::from_str(include_str!("../data/http_bypass.json")).unwrap();
    let rows = data["cases"].as_array().unwrap();
    assert_eq!(rows.len(), 144);
    let mut wrong = Vec::new();
    let mut decided = BTreeSet::new();
    for row in rows {
        let id = row["id"].as_str().unwrap();
        let row = Row::new(row);
        if !row.expect.split('|').any(|alternative| row.holds(alternative)) {
            wrong.push(format!(
                "{id}: expected {}, found {:?}",
                row.expect,
                row.found.as_ref().map(decoded_path)
            ));
        }
        if matches!(row.expect, "unknown-method" | "explicit-only" | "401" | "body-rules-not-fooled" | "deny")
        {
            decided.insert(id);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(decided, ASKS_A_DECISION.iter().map(|(id, _)| *id).collect());
}

struct Row<'a> {
    ask: Ask,
    class: &'a str,
    expect: &'a str,
    found: Result<Canonical, String>,
}

impl<'a> Row<'a> {
    fn new(row: &'a Value) -> Self {
        let text = |member: &str| row[member].as_str().unwrap();
        let headers = row["headers"].as_array().unwrap().iter().map(|pair| {
            let part = |k: usize| pair[k].as_str().unwrap().as_bytes().to_vec();
            (part(0), part(1))
        });
        let needs = Needs {
            headers: named(&["x-role"]),
            query: named(&["role", "role[]", "", "?role"]),
            cookies: named(&["role"]),
            tokens: true,
            sets: vec!["x-user-id".into()],
            ..Needs::default()
        };
        let mut ask = Ask {
            method: text("method").into(),
            target: text("target").into(),
            headers: headers.collect(),
            needs,
            ..Ask::get("/")
        };
        if let Some((_, host)) = ask.headers.iter().find(|(name, _)| name == b"host") {
            ask.host.clone_from(host);
        }
        Self { found: ask.read(), ask, class: text("cls"), expect: text("expect") }
    }

    fn holds(&self, alternative: &str) -> bool {
        if self.class == "client-ip" {
            return self.client_holds(alternative);
        }
        if alternative == "reject" {
            return self.found.is_err();
        }
        let Ok(found) = &self.found else {
            return matches!(alternative, "handshake-header-not-droppable" | "canonical-host-or-reject");
        };
        match alternative {
            "literal" if self.class == "header" => found.cookie(0).next().is_none(),
            "literal" => decoded_path(found) != "/admin" && self.is_fixpoint(found),
            "unknown-method" | "explicit-only" => found.method().as_bytes() == self.ask.method,
            "must-not-change-method" | "deny" | "evaluated-as-GET" => {
                found.method().as_bytes() == self.ask.method && self.overrides_are_removed()
            }
            "all-values-seen" => {
                let seen: BTreeSet<_> =
                    found.header(0).chain(query(found, "role")).chain(found.cookie(0)).collect();
                seen == BTreeSet::from(["user", "admin"])
            }
            "case-insensitive-name" | "trimmed-OWS-only" => found.header_only(0) == Some("admin"),
            "present-but-empty" => found.header_line(0) == Some("") && found.header(0).next().is_none(),
            "strip" | "no-effect" => self.headers_are_removed(),
            "ignored" | "no-effect-unless-trusted-hop" | "body-rules-not-fooled" => {
                self.is_as_without_headers(found)
            }
            "accept-scheme-case-insensitive" => found.token().unwrap().value == "A",
            "401" => found.token().is_some_and(|token| token.value.is_empty()),
            "canonical-host-or-reject" => {
                let mut again = String::new();
                canonical_host(found.host().as_bytes(), &mut again) && again == found.host()
            }
            "single (no ; split)" => query(found, "role").eq(["user;role=admin"]),
            "literal-name" => query(found, "role").next().is_none() && query(found, "role[]").eq(["admin"]),
            "decoded-name" => query(found, "role").eq(["admin"]),
            "plus-is-documented" => query(found, "role").eq([" admin"]),
            "empty-name" => query(found, "").eq(["admin"]),
            "literal ?role" => query(found, "?role").eq(["admin"]) && query(found, "role").next().is_none(),
            "as-is" => decoded_path(found).as_bytes() == self.ask.target,
            _ => match alternative.strip_prefix("as:") {
                Some(path) => self.is_as(found, path),
                None => panic!("an expectation that this test doesn't know: {alternative}"),
            },
        }
    }

    fn client_holds(&self, alternative: &str) -> bool {
        let trusted = [IpNet::parse("192.0.2.1").unwrap()];
        let lines: Vec<_> = self.ask.headers.iter().map(|(_, value)| value.as_slice()).collect();
        let peer: IpAddr = "192.0.2.1".parse().unwrap();
        let found = client_ip(peer, &lines, &trusted).map(|ip| ip.to_string());
        match alternative {
            "reject" | "port stripped or reject" => found.is_err(),
            "rightmost-untrusted" => found.as_deref() == Ok("203.0.113.9"),
            "equals 10.0.0.1" => found.as_deref() == Ok("10.0.0.1"),
            "canonical" => found.as_deref() == Ok("2001:db8::1"),
            "ignored" => found.as_deref() == Ok("192.0.2.1"),
            _ => panic!("an expectation that this test doesn't know: {alternative}"),
        }
    }

    /// The same segments, and the same path goes to the upstream.
    fn is_as(&self, found: &Canonical, path: &str) -> bool {
        let other = Ask { target: path.into(), ..self.ask.clone() }.read().unwrap();
        decoded_path(found) == decoded_path(&other) && found.path() == other.path() && self.is_fixpoint(found)
    }

    fn is_fixpoint(&self, found: &Canonical) -> bool {
        let again = Ask { target: found.target().into(), ..self.ask.clone() }.read().unwrap();
        again.target() == found.target() && decoded_path(&again) == decoded_path(found)
    }

    fn overrides_are_removed(&self) -> bool {
        let is_override = |name: &str| name.contains("method") || name.contains("override");
        self.names().filter(|name| is_override(name)).all(|name| is_always_removed(&name))
    }

    fn headers_are_removed(&self) -> bool {
        self.names().all(|name| is_always_removed(&name))
    }

    fn names(&self) -> impl Iterator<Item = String> {
        self.ask.headers.iter().map(|(name, _)| fold(std::str::from_utf8(name).unwrap()))
    }

    fn is_as_without_headers(&self, found: &Canonical) -> bool {
        let bare = Ask { headers: Vec::new(), ..self.ask.clone() }.read().unwrap();
        let view = |c: &Canonical| {
            let texts = [c.method(), c.scheme().as_str(), c.host(), c.target()].map(str::to_owned);
            (texts, c.ip(), c.token().is_some(), c.header_line(0).map(str::to_owned))
        };
        view(&bare) == view(found)
    }
}

/// Lists the values of a query parameter by name.
fn query<'a>(found: &'a Canonical, name: &str) -> impl Iterator<Item = &'a str> {
    let slot = named(&["role", "role[]", "", "?role"]).iter().position(|n| n.name == name).unwrap();
    found.query(slot as u32)
}
