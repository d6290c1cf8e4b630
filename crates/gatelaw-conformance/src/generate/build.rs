//! Short ways to make nodes of the tree; a generated tree has no places.

use gatelaw::ast::{Attr, AttrKind, Expr, Literal, LiteralKind, Name, TestKind, Text};
use gatelaw::source::{FileId, Span, Spanned};

/// The place of everything that was never written.
pub(super) const NOWHERE: Span = Span { file: FileId(0), start: 0, end: 0 };

pub(super) fn at<T>(node: T) -> Spanned<T> {
    Spanned { node, span: NOWHERE }
}

pub(super) fn name(word: &str) -> Name {
    at(word.to_owned())
}

pub(super) fn text(text: &str) -> Text {
    at(text.to_owned())
}

pub(super) fn literal(kind: LiteralKind) -> Literal {
    at(kind)
}

pub(super) fn attr(node: AttrKind, asked: bool) -> Attr {
    Attr { span: NOWHERE, node, asked }
}

pub(super) fn test(kind: TestKind) -> Expr {
    Expr::Test(Box::new(at(kind)))
}

/// Puts parentheses around what can't stand inside of `and`, `or` and `not` without.
pub(super) fn grouped(expr: Expr) -> Expr {
    match expr {
        Expr::And(_) | Expr::Or(_) => Expr::Group(NOWHERE, Box::new(expr)),
        Expr::Not(..) | Expr::Group(..) | Expr::Constant(_) | Expr::Define(_) | Expr::Test(_) => expr,
    }
}

/// Spells `a.b` as the words of an attribute.
pub(super) fn dotted(words: &[&str]) -> AttrKind {
    AttrKind::Path(words.iter().map(|w| name(w)).collect())
}
