//! Defines that lead back to themselves.

use std::collections::{BTreeMap, BTreeSet};

use super::names::Names;
use crate::ast::Expr;
use crate::codes::names::CYCLE;
use crate::diagnostic::Diagnostic;

/// What each define uses, by name.
type Uses<'a> = BTreeMap<&'a str, Vec<&'a str>>;

/// Finds the defines that reach themselves, and reports those that reach each other once.
pub(super) fn cyclic_defines<'a>(names: &Names<'a>, out: &mut Vec<Diagnostic>) -> BTreeSet<&'a str> {
    let mut uses: Uses<'_> = BTreeMap::new();
    for define in &names.defines {
        let mut used = Vec::new();
        collect(&define.body, &mut used);
        // What uses nothing leads nowhere: most defines need not be looked at.
        if !used.is_empty() {
            uses.insert(&define.name.node, used);
        }
    }
    let knots = knots(&uses);
    for knot in &knots {
        let least = knot.first().copied().unwrap_or_default();
        let at = names.defines.binary_search_by(|d| d.name.node.as_str().cmp(least)).ok();
        let Some(define) = at.and_then(|at| names.defines.get(at)) else { continue };
        let name = define.name.node.as_str();
        let path = path_back(name, &uses, knot);
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
    knots.into_iter().flatten().collect()
}

/// Finds the largest sets of defines that all reach each other (Sharir 1981), those that reach themselves alone.
fn knots<'a>(uses: &Uses<'a>) -> Vec<BTreeSet<&'a str>> {
    let mut used_by: Uses<'_> = BTreeMap::new();
    for (name, used) in uses {
        used.iter().for_each(|used| used_by.entry(used).or_default().push(name));
    }
    let (mut seen, mut left) = (BTreeSet::new(), Vec::new());
    uses.keys().for_each(|name| walk(name, uses, &mut seen, &mut left));
    let (mut seen, mut knots) = (BTreeSet::new(), Vec::new());
    for name in left.into_iter().rev() {
        let mut knot = Vec::new();
        walk(name, &used_by, &mut seen, &mut knot);
        if knot.len() > 1 || (knot.len() == 1 && uses.get(name).is_some_and(|used| used.contains(&name))) {
            knots.push(knot.into_iter().collect());
        }
    }
    knots
}

/// Goes wherever a define leads that was not seen before, and lists what is left behind.
fn walk<'a>(start: &'a str, along: &Uses<'a>, seen: &mut BTreeSet<&'a str>, left: &mut Vec<&'a str>) {
    let ways = |name: &str| along.get(name).into_iter().flatten();
    if !seen.insert(start) {
        return;
    }
    let mut path = vec![(start, ways(start))];
    while let Some((at, nexts)) = path.last_mut() {
        match nexts.next() {
            Some(next) if seen.insert(next) => path.push((next, ways(next))),
            Some(_) => {}
            None => {
                left.push(at);
                path.pop();
            }
        }
    }
}

/// Finds a shortest way from a define of a knot back to itself.
fn path_back<'a>(start: &'a str, uses: &Uses<'a>, knot: &BTreeSet<&'a str>) -> Vec<&'a str> {
    let mut came_from: BTreeMap<&str, &str> = BTreeMap::new();
    let mut waiting = std::collections::VecDeque::from([start]);
    while let Some(at) = waiting.pop_front() {
        for next in uses.get(at).into_iter().flatten().filter(|next| knot.contains(*next)) {
            if *next == start {
                let mut path = vec![at];
                let mut step = at;
                while let Some(before) = came_from.get(step) {
                    path.push(before);
                    step = before;
                }
                path.reverse();
                return path;
            }
            if !came_from.contains_key(next) {
                came_from.insert(next, at);
                waiting.push_back(next);
            }
        }
    }
    Vec::new()
}

fn collect<'a>(expr: &'a Expr, out: &mut Vec<&'a str>) {
    match expr {
        Expr::And(parts) | Expr::Or(parts) => parts.iter().for_each(|p| collect(p, out)),
        Expr::Not(_, inner) | Expr::Group(_, inner) => collect(inner, out),
        Expr::Define(name) => out.push(&name.node),
        Expr::Constant(_) | Expr::Test(_) => {}
    }
}
