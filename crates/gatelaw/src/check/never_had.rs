//! Texts that an attribute never is: a deny of the country `kp` denies nobody.

use super::Checker;
use crate::ast::{self, LiteralKind};
use crate::codes::warnings::NEVER_HAD;
use crate::diagnostic::Diagnostic;
use crate::policy::{Attr, ListEntries, ListId};
use crate::request;
use crate::source::Span;

impl Checker<'_> {
    /// Warns of a literal that the attribute beside it never is.
    pub(super) fn warn_of_never_had(&mut self, attr: &Attr, shown: &str, literal: &ast::Literal) {
        let LiteralKind::String(text) = &literal.node else { return };
        if let Some(form) = form_missed(attr, text) {
            let message = format!("`{shown}` is never `{text}`");
            self.out.push(Diagnostic::at(NEVER_HAD, literal.span, message).help(form));
        }
    }

    /// Warns of a list with an entry that the attribute asked about is never.
    pub(super) fn warn_of_never_had_entry(&mut self, attr: &Attr, shown: &str, list: ListId, place: Span) {
        let list = usize::try_from(list.0).ok().and_then(|number| self.lists.get(number));
        let Some(ListEntries::Strings(entries)) = list.map(|list| &list.entries) else { return };
        let found = entries.iter().find_map(|entry| Some((entry, form_missed(attr, entry)?)));
        if let Some((entry, form)) = found {
            let message = format!("`{shown}` is never `{entry}`, an entry of this list");
            self.out.push(Diagnostic::at(NEVER_HAD, place, message).help(form));
        }
    }
}

/// Says how an attribute is written, where a text isn't written so.
fn form_missed(attr: &Attr, text: &str) -> Option<&'static str> {
    let (fits, form) = match attr {
        Attr::Method => (request::is_method(text), "methods are in capitals, and never `CONNECT` or `TRACE`"),
        Attr::Scheme => (matches!(text, "http" | "https"), "a scheme is `http` or `https`"),
        Attr::Host => (is_canonical_host(text), "hosts are in lower case, without a port"),
        Attr::Country => (
            request::is_country(&text) && text != "XX",
            "a country is two capitals, or `T1`; one that is not known is absent: `not has request.country`",
        ),
        Attr::ClientCert => {
            (request::is_fingerprint(&text), "a certificate is its SHA-256 in lower-case hex, 64 digits")
        }
        _ => return None,
    };
    (!fits).then_some(form)
}

fn is_canonical_host(text: &str) -> bool {
    let mut host = String::new();
    request::canonical_host(text.as_bytes(), &mut host) && host == text
}

#[cfg(test)]
mod tests {
    use crate::source::Sources;

    #[track_caller]
    fn check(test: &str, warned: bool) {
        let text = format!(
            "list l: string = [\"DE\", \"fr\"]\nlist m: string = [\"DE\", \"T1\"]\ndeny x {{ when {test} }}"
        );
        let found = match crate::compile(&Sources::from_text("policy.gate", &text)) {
            Ok(compiled) => compiled.warnings,
            Err(errors) => errors,
        };
        let codes =
            found.iter().map(|d| d.code.to_string()).filter(|code| code != "G0902" && code != "G0903");
        assert_eq!(codes.collect::<Vec<_>>(), Vec::from_iter(warned.then_some("G0911")), "{test}");
    }

    #[test]
    fn what_an_attribute_never_is_is_told() {
        let certificate = "0f".repeat(32);
        for (test, warned) in [
            ("request.country? == \"de\"", true),
            ("request.country? != \"XX\"", true),
            ("request.country? in [\"DE\", \"Fr\"]", true),
            ("request.country? in l", true),
            ("request.country? in [\"DE\", \"T1\"]", false),
            ("request.country? in m", false),
            ("\"get\" == request.method", true),
            ("request.method in [\"GET\", \"M-SEARCH\"]", false),
            ("request.method != \"TRACE\"", true),
            ("request.scheme == \"HTTPS\"", true),
            ("request.scheme == \"https\"", false),
            ("request.host == \"a.example:443\"", true),
            ("request.host in [\"a.example\", \"[2001:db8::1]\"]", false),
            ("request.client_cert? == \"0F:0F\"", true),
            (&format!("request.client_cert? == \"{certificate}\""), false),
            ("request.tls_version? == \"anything\"", false),
        ] {
            check(test, warned);
        }
    }
}
