//! Defines that lead back to themselves.

use std::collections::{BTreeMap, BTreeSet};

use super::names::Names;
use crate::ast::Expr;
use crate::codes::names::CYCLE;
use crate::diagnostic::Diagnostic;

/// Finds the defines that reach themselves, and reports each cycle once.
pub(super) fn cyclic_defines<'a>(names: &Names<'a>, out: &mut Vec<Diagnostic>) -> BTreeSet<&'a str> {
    let mut uses: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for define in &names.defines {
        let mut used = Vec::new();
        collect(&define.body, &mut used);
        uses.insert(&define.name.node, used);
    }
    let mut cyclic = BTreeSet::new();
    for define in &names.defines {
        let name = define.name.node.as_str();
        let Some(path) = path_back(name, &uses) else { continue };
        if !path.iter().any(|step| cyclic.contains(step)) {
            let used = path.iter().skip(1).map(|step| format!("`{step}`, which uses ")).collect::<String>();
            let message = if used.is_empty() {
                format!("`{name}` uses itself")
            } else {
                format!("`{name}` uses {used}`{name}` again")
            };
            out.push(
                Diagnostic::at(CYCLE, define.name.span, message).help("write one of them without the other"),
            );
        }
        cyclic.insert(name);
    }
    cyclic
}

/// Finds a shortest way from a define back to itself.
fn path_back<'a>(start: &'a str, uses: &BTreeMap<&'a str, Vec<&'a str>>) -> Option<Vec<&'a str>> {
    let mut came_from: BTreeMap<&str, &str> = BTreeMap::new();
    let mut waiting = std::collections::VecDeque::from([start]);
    while let Some(at) = waiting.pop_front() {
        for next in uses.get(at).into_iter().flatten() {
            if *next == start {
                let mut path = vec![at];
                let mut step = at;
                while let Some(before) = came_from.get(step) {
                    path.push(before);
                    step = before;
                }
                path.reverse();
                return Some(path);
            }
            if uses.contains_key(next) && !came_from.contains_key(next) {
                came_from.insert(next, at);
                waiting.push_back(next);
            }
        }
    }
    None
}

fn collect<'a>(expr: &'a Expr, out: &mut Vec<&'a str>) {
    match expr {
        Expr::And(parts) | Expr::Or(parts) => parts.iter().for_each(|p| collect(p, out)),
        Expr::Not(_, inner) | Expr::Group(_, inner) => collect(inner, out),
        Expr::Define(name) => out.push(&name.node),
        Expr::Constant(_) | Expr::Test(_) => {}
    }
}
