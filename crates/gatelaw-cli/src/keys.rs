//! `--keys` and `--fetch`: the keys of issuers, from files and from where the issuers have them.

use std::borrow::Borrow;
use std::collections::HashSet;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use gatelaw::Plan;
use gatelaw::limits::KEY_SET_BYTES_MAX;
use gatelaw::policy::{Issuer, IssuerId};
use gatelaw_host::keys::{KeyFailure, KeySet};
use gatelaw_host::{Fetched, Fetcher, Verifier};

use crate::answer::Failure;
use crate::args::{FetchBy, KeysArgument, KeysArguments};
use crate::terminal::Terminal;

/// Fetches the keys of each issuer once at most: the requests of a file may be of any times, and no endpoint should pay for that.
pub(crate) struct FetchOnce<'t> {
    fetcher: Fetcher,
    terminal: &'t Terminal,
    asked: HashSet<String>,
}

impl<'t> FetchOnce<'t> {
    /// Makes it where the arguments ask for it.
    pub(crate) fn of(arguments: &KeysArguments, terminal: &'t Terminal) -> Option<Self> {
        let fetcher = match arguments.fetch? {
            FetchBy::Https => Fetcher::default(),
            FetchBy::Loopback => Fetcher::default().allow_loopback(),
        };
        Some(Self { fetcher, terminal, asked: HashSet::new() })
    }

    /// Fetches keys, or says why there are none to be had.
    pub(crate) fn fetch(&mut self, issuer: &Issuer, now: i64) -> Result<Fetched, KeyFailure> {
        if !self.asked.insert(issuer.name.clone()) {
            return Err(KeyFailure::Fetch);
        }
        let fetched = self.fetcher.fetch(issuer, now);
        Ok(fetched.inspect_err(|error| self.terminal.fetch_failed(issuer, error))?)
    }
}

/// Gives a verifier all keys that the arguments name.
pub(crate) fn take<P: Borrow<Plan>>(
    arguments: &KeysArguments,
    verifier: &mut Verifier<P>,
) -> Result<(), Failure> {
    for argument in &arguments.keys {
        let issuer = issuer(argument, verifier)?;
        let bytes = read(&argument.file).map_err(|error| Failure::reading(&argument.file, &error))?;
        // The file is the user's own, so a shared secret may stand in it.
        let set = KeySet::parse_with_secrets(&bytes);
        verifier.set_keys(issuer, set.map_err(|error| Failure::Keys(argument.file.clone(), error))?);
    }
    Ok(())
}

fn issuer<P: Borrow<Plan>>(argument: &KeysArgument, verifier: &Verifier<P>) -> Result<IssuerId, Failure> {
    let issuers = &verifier.plan().identity_model().issuers;
    let found = match (&argument.issuer, issuers.as_slice()) {
        (Some(name), _) => verifier.issuer(name),
        (None, [issuer]) => verifier.issuer(&issuer.name),
        (None, _) => None,
    };
    found.ok_or_else(|| {
        let names: Vec<String> = issuers.iter().map(|issuer| format!("`{}`", issuer.name)).collect();
        let file = argument.file.display();
        Failure::Usage(match &argument.issuer {
            Some(name) => format!("the policy has no issuer `{name}`; it has {}", words(&names)),
            None => {
                format!("whose keys are `{file}`? Write `ISSUER={file}`; the policy has {}", words(&names))
            }
        })
    })
}

fn words(names: &[String]) -> String {
    if names.is_empty() { "none".into() } else { names.join(", ") }
}

/// Reads a file as far as it can be a key set: one byte more is enough to refuse it.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    let most = u64::try_from(KEY_SET_BYTES_MAX).unwrap_or(u64::MAX).saturating_add(1);
    let mut bytes = Vec::new();
    File::open(path)?.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}
