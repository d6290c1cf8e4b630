//! Texts of literals, as headers carry them.

use crate::ast::LiteralKind;

/// Writes a literal as a header carries it.
pub(crate) fn literal_text(literal: &LiteralKind) -> String {
    let mut text = String::new();
    match literal {
        LiteralKind::Bool(b) => text.push_str(if *b { "true" } else { "false" }),
        LiteralKind::Int(n) | LiteralKind::Duration(n) => text = n.to_string(),
        LiteralKind::String(s) => text.clone_from(s),
        LiteralKind::Ip(net) => text = net.to_string(),
        LiteralKind::Instant(t) => {
            if crate::time::write_instant(*t, &mut text).is_err() {
                text.clear();
            }
        }
        LiteralKind::Clock(minute) => text = format!("{:02}:{:02}", minute / 60, minute % 60),
        LiteralKind::Weekday(day) => text.push_str(day.word()),
    }
    text
}
