//! Which mutant is on, in the program that has them all. This file is put into each crate that has mutants.
//!
//! `GATELAW_MUTANT` is its number. Where `GATELAW_MUTANTS_REACHED` names a file, none is on, and the numbers of those that are asked for
//! are written there.
use std::fs::File;
use std::io::Write;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

const UNREAD: u32 = u32::MAX;
const WATCHED: u32 = u32::MAX - 1;

static CHOSEN: AtomicU32 = AtomicU32::new(UNREAD);
static REACHED: [AtomicBool; 8192] = [const { AtomicBool::new(false) }; 8192];
static FILE: OnceLock<Option<File>> = OnceLock::new();

#[inline]
pub fn on(number: u32) -> bool {
    let chosen = CHOSEN.load(Ordering::Relaxed);
    if chosen < WATCHED { chosen == number } else { asked(number, chosen) }
}

#[cold]
fn asked(number: u32, chosen: u32) -> bool {
    if chosen == UNREAD {
        let chosen = std::env::var("GATELAW_MUTANT").ok().and_then(|text| text.parse().ok()).unwrap_or(0);
        let file = std::env::var_os("GATELAW_MUTANTS_REACHED");
        let file = FILE.get_or_init(|| file.and_then(|path| File::options().append(true).open(path).ok()));
        CHOSEN.store(if file.is_some() { WATCHED } else { chosen }, Ordering::Relaxed);
        return on(number);
    }
    let first = REACHED.get(number as usize).is_some_and(|reached| !reached.swap(true, Ordering::Relaxed));
    if let Some(Some(file)) = FILE.get().filter(|_| first) {
        let mut file: &File = file;
        _ = writeln!(file, "{number}");
    }
    false
}
