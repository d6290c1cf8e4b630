//! Trees as text, so that a generated policy goes the whole way from its text to a decision.

mod expressions;
mod issuers;
mod literals;
mod rules;
mod tests;

use gatelaw::ast::{Ast, Item, List, ListEntries, Role};

use literals::{literals, names, quoted};

/// Writes a tree as the text of one file.
#[must_use]
pub fn print(ast: &Ast) -> String {
    let items: Vec<String> = ast.items.iter().map(item).collect();
    items.join("\n")
}

fn item(item: &Item) -> String {
    match item {
        Item::Issuer(issuer) => issuers::issuer(issuer),
        Item::Role(role) => self::role(role),
        Item::List(list) => self::list(list),
        Item::Define(define) => {
            format!("define {} = {}\n", define.name.node, expressions::expr(&define.body))
        }
        Item::Service(service) => rules::service(service),
        Item::Rule(rule) => rules::rule(rule),
        Item::Test(test) => tests::test(test),
    }
}

fn role(role: &Role) -> String {
    let includes = if role.includes.is_empty() { "" } else { " includes " };
    format!("role {}{includes}{}\n", role.name.node, names(&role.includes, ", "))
}

fn list(list: &List) -> String {
    let empty = if list.may_be_empty { " may be empty" } else { "" };
    let entries = match &list.entries {
        ListEntries::File(path) => format!("from {}", quoted(&path.node)),
        ListEntries::Written(entries) => format!("= [{}]", literals(entries)),
    };
    format!("list {}: {}{empty} {entries}\n", list.name.node, list.ty.node.word())
}

/// Writes lines between braces.
fn block(head: &str, lines: impl Iterator<Item = String>) -> String {
    let lines: Vec<String> =
        lines.map(|line| format!("  {}\n", line.trim_end().replace('\n', "\n  "))).collect();
    format!("{head} {{\n{}}}\n", lines.concat())
}
