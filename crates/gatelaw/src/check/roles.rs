//! Roles: the closure of `includes`.

use std::collections::BTreeSet;

use super::names::Names;
use crate::codes::names::CYCLE;
use crate::diagnostic::Diagnostic;
use crate::policy::RoleId;

/// Finds what every role grants: itself and all that it includes, sorted; by number.
pub(crate) fn closures(names: &Names<'_>, out: &mut Vec<Diagnostic>) -> Vec<Vec<RoleId>> {
    let included: Vec<Vec<RoleId>> = names
        .roles
        .iter()
        .map(|role| {
            let known = |n: &crate::ast::Name| {
                let used = names.used.borrow().contains(&n.node);
                let found = names.role(n, out);
                if !used {
                    names.used.borrow_mut().remove(&n.node);
                }
                found
            };
            role.includes.iter().filter_map(known).collect()
        })
        .collect();
    let closures: Vec<Vec<RoleId>> = (0..names.roles.len()).map(|role| closure(role, &included)).collect();
    let mut reported = BTreeSet::new();
    for (number, (role, direct)) in names.roles.iter().zip(&included).enumerate() {
        let back = |r: &RoleId| {
            at(r).and_then(|r| closures.get(r)).is_some_and(|c| c.iter().any(|x| at(x) == Some(number)))
        };
        if let (Some(through), false) = (direct.iter().find(|r| back(r)), reported.contains(&number)) {
            reported.extend(closures.get(number).into_iter().flatten().filter_map(at));
            let other = at(through).and_then(|r| names.roles.get(r)).map_or("", |r| r.name.node.as_str());
            let message =
                format!("`{}` includes `{other}`, which includes `{}` again", role.name.node, role.name.node);
            out.push(
                Diagnostic::at(CYCLE, role.name.span, message).help(
                    "roles that include each other are one role: let one of them go, or one `includes`",
                ),
            );
        }
    }
    closures
}

fn closure(role: usize, included: &[Vec<RoleId>]) -> Vec<RoleId> {
    let mut found = BTreeSet::new();
    let mut waiting = vec![role];
    while let Some(role) = waiting.pop() {
        if u32::try_from(role).is_ok_and(|r| found.insert(RoleId(r))) {
            waiting.extend(included.get(role).into_iter().flatten().filter_map(at));
        }
    }
    found.into_iter().collect()
}

fn at(role: &RoleId) -> Option<usize> {
    usize::try_from(role.0).ok()
}
