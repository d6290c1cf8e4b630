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
pub(crate) use items::item_around;

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

#[cfg(test)]
mod test {
    use super::*;

    fn codes(text: &str) -> Vec<String> {
        parse(&Sources::from_text("policy.gate", text)).1.iter().map(|d| d.code.to_string()).collect()
    }

    #[test]
    fn one_mistake_is_one_diagnostic() {
        let table = [
            ("role a\nrole b includes a\n", &[][..]),
            ("roel a\nrole b", &["G0106"]),
            ("allow x { for anyone when a and b or c }", &["G0103"]),
            ("allow x { for anyone when 1 < request.asn < 3 }", &["G0104"]),
            ("allow x { for anyone when user.id = \"a\" }\nrole b", &["G0007"]),
            ("allow x { for anyone when a && b }", &["G0007"]),
            ("allow x { for anyone when !a }", &["G0007"]),
            ("allow x { for anyone when request.asn == 1.5 }", &["G0005"]),
            ("allow x { for anyone when request.ip in 10.0.0.1/8 }", &["G0005"]),
            ("allow x { on get /x for anyone }", &["G0110"]),
            ("allow x { for anyone", &["G0102"]),
            ("allow x { for anyone\nrole b\nrole c", &["G0102"]),
            ("allow x { for anyone, }", &["G0107"]),
            ("allow x { whne user.mfa\n for anyone }", &["G0107"]),
            ("allow x { for anyone when request.country in [] }", &["G0109"]),
            ("allow x { for anyone when request.country in [\"A\",] }", &["G0108"]),
            ("define a = \"open\nrole b", &["G0002"]),
            ("list a: string = [\"\\q\"]", &["G0003"]),
            ("role a#no", &["G0004"]),
            ("role Admin", &["G0006"]),
            ("allow x { on GET /a/{b for anyone }", &["G0503"]),
            ("allow x { on /a/{, /b\n for anyone }", &["G0503"]),
            ("# a\rdeny b { }\nrole c # d\r\n", &["G0008"]),
            ("role a\rrole b", &["G0008"]),
            ("role a # \u{202e}b", &["G0008"]),
            ("list a: string = [\"\u{2028}\"]\nrole b", &["G0008"]),
            ("list a: string = [\"a\r\n", &["G0002"]),
            ("role\u{85}a", &["G0001"]),
            ("test \"t\" { request GET \"https://a/\" as i { a: 1, a: 2 } }", &["G0111"]),
        ];
        for (text, expected) in table {
            assert_eq!(codes(text), *expected, "{text}");
        }
    }

    #[test]
    fn hostile_texts_end_on_a_small_stack() {
        let deep = |open: &str, n: usize| format!("allow x {{ for anyone when {} }}", open.repeat(n));
        let texts = [
            (deep("(", 1 << 20), "G0105"),
            (deep("not ", 100_000), "G0105"),
            (format!("test \"t\" {{ as i {{ a: {} }} }}", "[".repeat(1 << 20)), "G0105"),
            (format!("test \"t\" {{ as i {} }}", "{a:".repeat(1 << 20)), "G0105"),
        ];
        let thread = std::thread::Builder::new().stack_size(256 * 1024);
        let run = thread.spawn(move || {
            for (text, code) in texts {
                assert_eq!(codes(&text).first().map(String::as_str), Some(code));
            }
        });
        run.unwrap().join().unwrap();
    }
}
