//! A policy as a verb needs it: read from disk, parsed and checked, with all that is wrong with it said.

use std::path::PathBuf;

use gatelaw::ast::{Ast, Item, ServiceLine};
use gatelaw_host::Checked;
use gatelaw_host::files::{self, PolicyFiles};

use crate::answer::Failure;

/// Reads and compiles the policy that `paths` make.
pub(crate) fn compile(paths: &[PathBuf]) -> Result<Checked, Failure> {
    compile_files(files::read(paths))
}

/// Compiles what was read, as [`compile`] does.
pub(crate) fn compile_files(files: PolicyFiles) -> Result<Checked, Failure> {
    let checked = Checked::of(files);
    if checked.is_unread { Err(Failure::Policy(Box::new(checked))) } else { Ok(checked) }
}

/// Counts the rules that could be read.
pub(crate) fn rules(checked: &Checked) -> usize {
    let parsed = || count_rules(&gatelaw::parse::parse(&checked.files.sources).0);
    checked.compiled.as_ref().map_or_else(parsed, |compiled| compiled.policy.rules.len())
}

fn count_rules(ast: &Ast) -> usize {
    let in_item = |item: &Item| match item {
        Item::Rule(_) => 1,
        Item::Service(service) => {
            service.lines.iter().filter(|line| matches!(line, ServiceLine::Rule(_))).count()
        }
        Item::Issuer(_) | Item::Role(_) | Item::List(_) | Item::Define(_) | Item::Test(_) => 0,
    };
    ast.items.iter().map(in_item).sum()
}
