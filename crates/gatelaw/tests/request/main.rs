//! The canonical request, held against rows, rules and random bytes.
#![allow(
    clippy::as_conversions,
    clippy::string_slice,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod bypass;
mod properties;
mod rules;
mod targets;

use std::net::IpAddr;

use gatelaw::needs::{Named, Needs, Relaxations};
use gatelaw::request::{Canonical, Facts, RawRequest, Reading, Scheme};

/// A request and what a policy reads of it, to be changed member by member.
#[derive(Clone)]
pub(crate) struct Ask {
    pub(crate) method: Vec<u8>,
    pub(crate) host: Vec<u8>,
    pub(crate) target: Vec<u8>,
    pub(crate) headers: Vec<(Vec<u8>, Vec<u8>)>,
    pub(crate) headers_cut: bool,
    pub(crate) ip_unreadable: bool,
    pub(crate) ip: Option<IpAddr>,
    pub(crate) facts: Facts<'static>,
    pub(crate) needs: Needs,
    pub(crate) relaxations: Relaxations,
    pub(crate) tokens_ignored: bool,
}

impl Ask {
    pub(crate) fn get(target: &str) -> Self {
        Self {
            method: b"GET".to_vec(),
            host: b"api.example".to_vec(),
            target: target.as_bytes().to_vec(),
            headers: Vec::new(),
            headers_cut: false,
            ip_unreadable: false,
            ip: None,
            facts: Facts::default(),
            needs: Needs::default(),
            relaxations: Relaxations::default(),
            tokens_ignored: false,
        }
    }

    pub(crate) fn header(mut self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Self {
        self.headers.push((name.as_ref().to_vec(), value.as_ref().to_vec()));
        self
    }

    /// Makes the policy read headers.
    pub(crate) fn reads(mut self, names: &[&str]) -> Self {
        self.needs.headers = named(names);
        self
    }

    /// Reads the request; a refusal comes as its text.
    pub(crate) fn read(&self) -> Result<Canonical, String> {
        let mut canonical = Canonical::new();
        self.read_into(&mut canonical).map(|()| canonical)
    }

    pub(crate) fn read_into(&self, canonical: &mut Canonical) -> Result<(), String> {
        let headers: Vec<_> = self.headers.iter().map(|(n, v)| (n.as_slice(), v.as_slice())).collect();
        let raw = RawRequest {
            method: &self.method,
            scheme: Scheme::Https,
            host: &self.host,
            target: &self.target,
            headers: &headers,
            headers_cut: self.headers_cut,
            ip: self.ip,
            ip_unreadable: self.ip_unreadable,
            facts: self.facts,
            now: 1_795_000_000,
        };
        let reading = Reading::new(self.needs.clone());
        canonical.read_target(&raw, |_| self.relaxations).map_err(|e| e.to_string())?;
        canonical.read_rest(&raw, &reading, self.tokens_ignored).map_err(|e| e.to_string())
    }
}

pub(crate) fn named(names: &[&str]) -> Vec<Named> {
    let mut names: Vec<_> = names.iter().map(|n| Named { name: (*n).into(), matched: false }).collect();
    names.sort();
    names
}

/// Joins the decoded segments of a path for printing; matching never does.
pub(crate) fn decoded_path(canonical: &Canonical) -> String {
    let segments: Vec<_> = (0..canonical.segment_count()).map(|k| canonical.segment(k).unwrap()).collect();
    let slash = if canonical.trailing_slash() && !segments.is_empty() { "/" } else { "" };
    format!("/{}{slash}", segments.join("/"))
}
