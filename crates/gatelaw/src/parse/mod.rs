//! The grammar: from the texts of a policy to its tree, with all errors of all files at once.
//!
//! Written with nom over a text that knows its place. After an error the parser goes on at the next clause or item, so that one
//! mistake is one diagnostic.

mod expressions;
mod faults;
mod input;
mod issuers;
mod items;
mod literals;
mod patterns;
mod rules;
mod tests;
mod tokens;

use crate::ast::Ast;
use crate::codes::files::TOO_LARGE;
use crate::diagnostic::Diagnostic;
use crate::limits::SOURCE_BYTES_MAX;
use crate::source::{FileId, Sources, Span};
use input::{Context, Input};

/// Parses the texts of a policy. The tree holds all that could be read, beside the diagnostics.
#[must_use]
pub fn parse(sources: &Sources) -> (Ast, Vec<Diagnostic>) {
    let (mut ast, mut diagnostics) = (Ast::default(), Vec::new());
    for (number, source) in (0_u32..).zip(&sources.files) {
        let file = FileId(number);
        if source.text.len() > SOURCE_BYTES_MAX {
            diagnostics.push(too_large(file, source.text.len()));
            continue;
        }
        let context = Context::new(file, &source.text);
        items::items(Input::new(&context), &mut ast.items);
        diagnostics.extend(context.into_diagnostics());
    }
    (ast, diagnostics)
}

fn too_large(file: FileId, bytes: usize) -> Diagnostic {
    let message = format!("the file has {bytes} bytes; at most {SOURCE_BYTES_MAX} are read");
    Diagnostic::at(TOO_LARGE, Span { file, start: 0, end: 0 }, message)
        .help("put long lists into files of their own: `list NAME: TYPE from \"file.txt\"`")
}
