//! Attributes: which there are, and their types.

use super::{Checker, RuleScope};
use crate::ast::{self, AttrKind, Name, Type};
use crate::codes::{names, types};
use crate::diagnostic::Diagnostic;
use crate::policy::{Attr, AttributeId};
use crate::request;
use crate::suggest::did_you_mean;

/// The attributes without arguments, as they are written.
const BUILT_IN: &[(&str, &str, Attr)] = &[
    ("request", "method", Attr::Method),
    ("request", "scheme", Attr::Scheme),
    ("request", "host", Attr::Host),
    ("request", "ip", Attr::Ip),
    ("request", "country", Attr::Country),
    ("request", "asn", Attr::Asn),
    ("request", "bot_score", Attr::BotScore),
    ("request", "tls_version", Attr::TlsVersion),
    ("request", "client_cert", Attr::ClientCert),
    ("request", "size", Attr::Size),
    ("user", "id", Attr::UserId),
    ("user", "issuer", Attr::UserIssuer),
    ("user", "roles", Attr::UserRoles),
    ("user", "scopes", Attr::UserScopes),
    ("user", "client", Attr::UserClient),
    ("user", "actor", Attr::UserActor),
    ("user", "token_id", Attr::UserTokenId),
    ("user", "auth_age", Attr::UserAuthAge),
    ("user", "token_age", Attr::UserTokenAge),
];

impl Checker<'_> {
    /// Finds what an attribute reads; `None` where that is an error.
    pub(super) fn attr(&mut self, attr: &ast::Attr, scope: &mut RuleScope) -> Option<Attr> {
        let found = match &attr.node {
            AttrKind::Path(words) => self.dotted(attr, words, scope)?,
            AttrKind::Of(of, argument, only) => self.called(of, argument, only.is_some())?,
            AttrKind::Time(offset) => self.moment(offset.as_ref(), scope, Attr::Time),
            AttrKind::Weekday(offset) => self.moment(offset.as_ref(), scope, Attr::Weekday),
        };
        if found.is_user() && scope.may_be_anonymous {
            let text = self.sources.text_at(attr.span).trim_end_matches('?').to_owned();
            self.out.push(
                Diagnostic::at(
                    crate::codes::principals::NOT_SIGNED_IN,
                    attr.span,
                    format!("`{text}` is read where nobody may be signed in"),
                )
                .help("let the rule be for callers who are signed in: `for authenticated`"),
            );
            return None;
        }
        scope.reads.push(found.clone());
        Some(found)
    }

    fn moment(
        &mut self,
        offset: Option<&crate::source::Spanned<i32>>,
        scope: &mut RuleScope,
        make: fn(i32) -> Attr,
    ) -> Attr {
        let offset_min = offset.map_or(0, |o| o.node);
        if let Some(offset) = offset {
            scope.offsets.push((offset.node, offset.span));
        }
        make(offset_min)
    }

    fn dotted(&mut self, attr: &ast::Attr, words: &[Name], scope: &mut RuleScope) -> Option<Attr> {
        let texts: Vec<&str> = words.iter().map(|w| w.node.as_str()).collect();
        match texts.as_slice() {
            ["now"] => Some(Attr::Now),
            ["path", name] => self.capture(attr, name, scope),
            ["host", name] => self.host_label(attr, name, scope),
            [root @ ("request" | "user"), name] => {
                if let Some((_, _, found)) = BUILT_IN.iter().find(|(r, n, _)| r == root && n == name) {
                    return Some(found.clone());
                }
                if *root == "user"
                    && let Some(id) = self.attribute_id(name)
                {
                    self.used_attributes.insert(id);
                    return Some(Attr::User(id));
                }
                self.unknown(attr, root, name);
                None
            }
            _ => {
                let root = texts.first().copied().unwrap_or("");
                self.unknown(attr, root, &texts.get(1..).unwrap_or(&[]).join("."));
                None
            }
        }
    }

    fn attribute_id(&self, name: &str) -> Option<AttributeId> {
        let at = self.attributes.binary_search_by(|a| a.name.as_str().cmp(name)).ok()?;
        Some(AttributeId(u32::try_from(at).ok()?))
    }

    fn unknown(&mut self, attr: &ast::Attr, root: &str, name: &str) {
        let written = self.sources.text_at(attr.span).to_owned();
        let mut known: Vec<&str> =
            BUILT_IN.iter().filter(|(r, _, _)| *r == root).map(|(_, n, _)| *n).collect();
        let functions = ["header", "header_line", "query", "cookie"];
        let declared: Vec<String> = self.attributes.iter().map(|a| a.name.clone()).collect();
        match root {
            "request" => known.extend(functions),
            "user" => known.extend(declared.iter().map(String::as_str)),
            _ => {}
        }
        let diagnostic =
            Diagnostic::at(names::UNKNOWN_ATTRIBUTE, attr.span, format!("there is no attribute `{written}`"));
        self.out.push(if (root, name) == ("request", "path") {
            diagnostic.help("paths are matched by `on`: `on GET /orders/**`")
        } else if functions.contains(&name) {
            diagnostic.help(format!("name what is read: `request.{name}(\"…\")`"))
        } else if let Some(near) = did_you_mean(name, known.iter().copied()) {
            diagnostic.help(near)
        } else if root == "user" {
            diagnostic.help(format!("declare it in an issuer: `attribute {name}: string = claim {name}`"))
        } else if known.is_empty() {
            diagnostic.help(format!("`{root}` has no members"))
        } else {
            diagnostic.help(format!("`{root}` has {}", known.join(", ")))
        });
    }

    fn capture(&mut self, attr: &ast::Attr, name: &str, scope: &mut RuleScope) -> Option<Attr> {
        if scope.in_define > 0 {
            let message = format!("`path.{name}` stands in a define, which knows no route");
            self.out.push(
                Diagnostic::at(types::PATH_IN_DEFINE, attr.span, message)
                    .help("write the test in the rule itself"),
            );
            return None;
        }
        let missing =
            scope.routes.iter().find(|(_, captures)| !captures.contains(name)).map(|(span, _)| *span);
        if let (false, None) = (scope.routes.is_empty(), missing) {
            scope.captures_read.push((name.to_owned(), attr.span));
            return Some(Attr::Path(name.to_owned()));
        }
        let diagnostic = Diagnostic::at(
            names::NOT_CAPTURED,
            attr.span,
            format!("`path.{name}` is not captured by the route"),
        );
        let all: Vec<&str> = scope.routes.iter().flat_map(|(_, c)| c.iter().map(String::as_str)).collect();
        let other = if all.contains(&name) { None } else { did_you_mean(name, all.iter().copied()) };
        let help = other.unwrap_or_else(|| format!("capture it in every pattern of `on`: `/…/{{{name}}}`"));
        self.out.push(match missing {
            Some(span) => diagnostic.label(span, "this pattern does not capture it").help(help),
            None => diagnostic.help(help),
        });
        None
    }

    fn host_label(&mut self, attr: &ast::Attr, name: &str, scope: &RuleScope) -> Option<Attr> {
        if scope.host_label.as_deref() == Some(name) {
            return Some(Attr::HostLabel(name.to_owned()));
        }
        let message = format!("`host.{name}` is not captured by the hosts of the service");
        self.out.push(
            Diagnostic::at(names::NOT_CAPTURED, attr.span, message)
                .help(format!("write every `host` of the service with it: `host {{{name}}}.example.com`")),
        );
        None
    }

    fn called(&mut self, of: &Name, argument: &ast::Text, only: bool) -> Option<Attr> {
        let text = argument.node.as_str();
        match (of.node.as_str(), only) {
            ("header", false) => self.header(argument).map(Attr::Header),
            ("header", true) => self.header(argument).map(Attr::HeaderOnly),
            ("header_line", false) => self.header(argument).map(Attr::HeaderLine),
            ("query", false) => Some(Attr::Query(text.to_owned())),
            ("query", true) => Some(Attr::QueryOnly(text.to_owned())),
            ("cookie", only) => {
                if !is_token(text) {
                    let message = format!("`{text}` is no name of a cookie");
                    self.out.push(
                        Diagnostic::at(types::BAD_HEADER_NAME, argument.span, message)
                            .help("names of cookies are tokens: letters, digits and `!#$%&'*+-.^_`|~`"),
                    );
                    return None;
                }
                Some(if only { Attr::CookieOnly(text.to_owned()) } else { Attr::Cookie(text.to_owned()) })
            }
            ("header_line", true) => {
                let message = "`header_line` is one text, and has no `.only`".to_owned();
                self.out.push(
                    Diagnostic::at(types::TYPE_MISMATCH, of.span, message)
                        .help("write `request.header(\"…\").only`"),
                );
                None
            }
            (name, _) => {
                let message = format!("there is no attribute `request.{name}(…)`");
                let help = did_you_mean(name, ["header", "header_line", "query", "cookie"])
                    .unwrap_or_else(|| "`header`, `header_line`, `query` and `cookie` take a name".into());
                self.out.push(Diagnostic::at(names::UNKNOWN_ATTRIBUTE, of.span, message).help(help));
                None
            }
        }
    }

    /// Checks the name of a header that is read, and returns it in lower case.
    fn header(&mut self, name: &ast::Text) -> Option<String> {
        let lower = name.node.to_ascii_lowercase();
        if !is_token(&lower) {
            let message = format!("`{}` is no name of a header", name.node);
            self.out.push(
                Diagnostic::at(types::BAD_HEADER_NAME, name.span, message)
                    .help("names of headers are tokens: letters, digits and `-`"),
            );
            return None;
        }
        let folded = request::fold(&lower);
        let from_issuer = self.token_headers.iter().any(|h| request::fold(h) == folded);
        let closed = ["authorization", "cookie", "txn-token"].contains(&folded.as_str());
        if closed || from_issuer || request::is_always_removed(&folded) {
            let why = match folded.as_str() {
                "cookie" => "read cookies with `request.cookie(\"…\")`",
                _ if closed || from_issuer => "what a token says is read as `user.…`, once it is verified",
                _ => "no request that is forwarded has it: gates remove it, as callers could forge it",
            };
            let message = format!("the header `{lower}` can't be read by conditions");
            self.out.push(Diagnostic::at(types::HEADER_UNREADABLE, name.span, message).help(why));
            return None;
        }
        Some(lower)
    }

    /// Returns the type of an attribute, and whether it may be absent in this rule.
    pub(super) fn type_of(&self, attr: &Attr, scope: &RuleScope) -> (Type, bool) {
        match attr {
            Attr::Method | Attr::Scheme | Attr::Host | Attr::Path(_) | Attr::HostLabel(_) => {
                (Type::String, false)
            }
            Attr::UserId | Attr::UserIssuer => (Type::String, false),
            Attr::Ip => (Type::Ip, false),
            Attr::Header(_) | Attr::Query(_) | Attr::Cookie(_) | Attr::UserRoles | Attr::UserScopes => {
                (Type::Strings, false)
            }
            Attr::HeaderLine(_) | Attr::HeaderOnly(_) | Attr::QueryOnly(_) | Attr::CookieOnly(_) => {
                (Type::String, true)
            }
            Attr::Country | Attr::TlsVersion | Attr::ClientCert => (Type::String, true),
            Attr::Asn | Attr::BotScore | Attr::Size => (Type::Int, true),
            Attr::UserClient | Attr::UserActor | Attr::UserTokenId => (Type::String, true),
            Attr::UserAuthAge => (Type::Duration, true),
            Attr::UserTokenAge => (Type::Duration, false),
            Attr::User(id) => self.declared_type(*id, scope),
            Attr::Now => (Type::Instant, false),
            Attr::Time(_) => (Type::Clock, false),
            Attr::Weekday(_) => (Type::Weekday, false),
        }
    }

    /// Finds type and certainty of `user.NAME`: it may be absent if any issuer that can satisfy the rule may lack it.
    fn declared_type(&self, id: AttributeId, scope: &RuleScope) -> (Type, bool) {
        let ty =
            usize::try_from(id.0).ok().and_then(|at| self.attributes.get(at)).map_or(Type::String, |a| a.ty);
        let lacking = scope.issuers.iter().any(|issuer| {
            let declared =
                self.issuers.get(*issuer).and_then(|i| i.attributes.iter().find(|a| a.attribute == id));
            declared.is_none_or(|a| a.optional)
        });
        (ty, ty != Type::Strings && lacking)
    }
}

/// Says whether a text is a token (RFC 9110 §5.6.2).
pub(super) fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
}

impl Attr {
    /// Says whether the attribute is of the caller.
    pub(crate) fn is_user(&self) -> bool {
        match self {
            Self::UserId | Self::UserIssuer | Self::UserRoles | Self::UserScopes | Self::UserClient => true,
            Self::UserActor | Self::UserTokenId | Self::UserAuthAge | Self::UserTokenAge | Self::User(_) => {
                true
            }
            Self::Method | Self::Scheme | Self::Host | Self::Ip | Self::Header(_) | Self::HeaderLine(_) => {
                false
            }
            Self::HeaderOnly(_)
            | Self::Query(_)
            | Self::QueryOnly(_)
            | Self::Cookie(_)
            | Self::CookieOnly(_) => false,
            Self::Path(_)
            | Self::HostLabel(_)
            | Self::Country
            | Self::Asn
            | Self::BotScore
            | Self::TlsVersion => false,
            Self::ClientCert | Self::Size | Self::Now | Self::Time(_) | Self::Weekday(_) => false,
        }
    }
}
