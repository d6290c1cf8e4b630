//! Services: hosts, bases and relaxations.

use super::Checker;
use super::overlap::{common_host_of, is_same_base};
use super::routes::{Base, is_member_name};
use crate::ast::{self, ServiceLine};
use crate::codes::routes as codes;
use crate::diagnostic::Diagnostic;
use crate::needs::PathParams;
use crate::policy::{HostPattern, Segment, Service};
use crate::source::Span;

/// A service, and what only its rules ask.
pub(super) struct CheckedService {
    pub(super) service: Service,
    pub(super) base: Base,
    /// The name of the first label, where every host captures it.
    pub(super) host_label: Option<String>,
    metadata_span: Option<Span>,
}

impl Checker<'_> {
    /// Checks all services, in the order of their names.
    pub(super) fn services(&mut self) -> Vec<CheckedService> {
        let items = self.names.services.clone();
        let services: Vec<_> = items.iter().map(|s| self.service(s)).collect();
        // Where all relax alike, only those that name metadata can disagree: very many services take no pairs.
        let relax = |s: &CheckedService| s.service.relaxations;
        let alike = services.windows(2).all(|pair| matches!(pair, [a, b] if relax(a) == relax(b)));
        let asked = |s: &&CheckedService| !alike || s.service.resource_metadata.is_some();
        let asked: Vec<&CheckedService> = services.iter().filter(asked).collect();
        for (number, a) in asked.iter().enumerate() {
            for b in asked.get(number + 1..).unwrap_or(&[]) {
                self.agree(a, b);
            }
        }
        services
    }

    fn service(&mut self, item: &ast::Service) -> CheckedService {
        let mut service = Service {
            name: item.name.node.clone(),
            hosts: Vec::new(),
            base: Vec::new(),
            trailing_slash_exact: false,
            relaxations: crate::needs::Relaxations::default(),
            tokens_ignore: false,
            resource_metadata: None,
            span: item.name.span,
        };
        let (mut seen, mut labels, mut base, mut metadata_span) =
            (Vec::<(&str, Span)>::new(), Vec::new(), None, None);
        for line in &item.lines {
            let (kind, span) = kind_of(line);
            if let (false, Some((_, first))) =
                (kind.is_empty() || kind == "host", seen.iter().find(|(k, _)| *k == kind))
            {
                let message = format!("`{kind}` stands twice in `{}`", item.name.node);
                self.out.push(
                    Diagnostic::at(codes::SETTING_TWICE, span, message)
                        .label(*first, "first here")
                        .help("leave one of them out"),
                );
            }
            seen.push((kind, span));
            match line {
                ServiceLine::Host(hosts) => {
                    hosts.iter().for_each(|h| self.host(h, &mut service, &mut labels))
                }
                ServiceLine::Base(pattern) => base = Some(pattern),
                ServiceLine::TrailingSlashExact(_) => service.trailing_slash_exact = true,
                ServiceLine::EncodedSlashKeep(_) => service.relaxations.encoded_slash = true,
                ServiceLine::EncodedDelimsKeep(_) => service.relaxations.encoded_delims = true,
                ServiceLine::PathParamsStrip(_) => service.relaxations.path_params = PathParams::Strip,
                ServiceLine::PathParamsKeep(_) => service.relaxations.path_params = PathParams::Keep,
                ServiceLine::EmptySegmentsMerge(_) => service.relaxations.empty_segments = true,
                ServiceLine::CaseFold(_) => service.relaxations.case_fold = true,
                ServiceLine::TokensIgnore(_) => service.tokens_ignore = true,
                ServiceLine::ResourceMetadata(span, url) => {
                    metadata_span = Some(*span);
                    self.metadata(url, &mut service);
                }
                ServiceLine::Rule(_) => {}
            }
        }
        if let Some(pattern) = base {
            self.base(pattern, &mut service);
        }
        let base = Base {
            segments: service.base.clone(),
            exact: service.trailing_slash_exact,
            relaxations: service.relaxations,
        };
        let first: Option<String> = labels.first().cloned().flatten();
        let host_label = first.filter(|name| labels.iter().all(|l| l.as_ref() == Some(name)));
        CheckedService { service, base, host_label, metadata_span }
    }

    fn metadata(&mut self, url: &ast::Text, service: &mut Service) {
        if let Some(why) = crate::url::fault_of(&url.node, true) {
            self.out.push(Diagnostic::at(
                crate::codes::issuers::URL_BAD,
                url.span,
                format!("`{}` is no URL that callers can be sent to: {why}", url.node),
            ));
        }
        service.resource_metadata = Some(url.node.clone());
    }

    fn base(&mut self, pattern: &ast::PathPattern, service: &mut Service) {
        let base = Base { relaxations: service.relaxations, ..Base::default() };
        let Some(read) = self.path(pattern, &base) else { return };
        for segment in read.segments {
            match segment {
                Segment::Literal(text) if !read.rest => service.base.push(text),
                Segment::Literal(_) | Segment::Any | Segment::Affix(..) => {
                    let message = "a base has literal segments only".to_owned();
                    self.out.push(
                        Diagnostic::at(codes::BASE_NOT_LITERAL, pattern.span, message)
                            .help("put `*`, `{name}` and `**` into the patterns of rules"),
                    );
                    return;
                }
            }
        }
    }

    fn host(&mut self, host: &ast::HostPattern, service: &mut Service, labels: &mut Vec<Option<String>>) {
        match read_host(&host.text) {
            Ok((pattern, label)) => {
                service.hosts.push(pattern);
                labels.push(label);
            }
            Err((message, help)) => {
                self.out.push(Diagnostic::at(codes::BAD_HOST, host.span, message).help(help))
            }
        }
    }

    /// Demands that two services that can serve one host relax alike, and name one metadata for one base.
    fn agree(&mut self, a: &CheckedService, b: &CheckedService) {
        let (one, other) = (&a.service, &b.service);
        let is_alike = one.resource_metadata.is_none()
            || other.resource_metadata.is_none()
            || one.resource_metadata == other.resource_metadata;
        if is_alike && one.relaxations == other.relaxations {
            return;
        }
        let Some(host) = common_host_of(&one.hosts, &other.hosts) else { return };
        if one.relaxations != other.relaxations {
            let message = format!(
                "`{}` and `{}` both serve `{host}`, and relax the canonical request differently",
                one.name, other.name
            );
            self.out.push(
                Diagnostic::at(codes::RELAXATIONS_DIFFER, other.span, message)
                    .label(one.span, format!("`{}`", one.name))
                    .help(
                        "relaxations belong to hosts: write the same ones in both, or tell the hosts apart",
                    ),
            );
        }
        let fold = one.relaxations.case_fold && other.relaxations.case_fold;
        if let (Some(x), Some(y)) = (&one.resource_metadata, &other.resource_metadata)
            && x != y
            && is_same_base(&one.base, &other.base, fold)
        {
            let message = format!(
                "`{}` and `{}` have one base at `{host}`, and name different metadata",
                one.name, other.name
            );
            self.out.push(
                Diagnostic::at(codes::METADATA_DIFFERS, b.metadata_span.unwrap_or(other.span), message)
                    .label(a.metadata_span.unwrap_or(one.span), format!("that of `{}`", one.name))
                    .help("write one URL in both"),
            );
        }
    }
}

fn kind_of(line: &ServiceLine) -> (&'static str, Span) {
    match line {
        ServiceLine::Host(hosts) => (
            "host",
            hosts.first().map_or(Span { file: crate::source::FileId(0), start: 0, end: 0 }, |h| h.span),
        ),
        ServiceLine::Base(pattern) => ("base", pattern.span),
        ServiceLine::TrailingSlashExact(span) => ("trailing_slash", *span),
        ServiceLine::EncodedSlashKeep(span) => ("encoded_slash", *span),
        ServiceLine::EncodedDelimsKeep(span) => ("encoded_delims", *span),
        ServiceLine::PathParamsStrip(span) | ServiceLine::PathParamsKeep(span) => ("path_params", *span),
        ServiceLine::EmptySegmentsMerge(span) => ("empty_segments", *span),
        ServiceLine::CaseFold(span) => ("case", *span),
        ServiceLine::TokensIgnore(span) => ("tokens", *span),
        ServiceLine::ResourceMetadata(span, _) => ("resource_metadata", *span),
        ServiceLine::Rule(rule) => ("", rule.span),
    }
}

/// Reads a host pattern, and the name of its first label.
fn read_host(text: &str) -> Result<(HostPattern, Option<String>), (String, String)> {
    let bad = |message: String, help: &str| Err((message, help.to_owned()));
    if text == "*" || text == "**" {
        return bad(format!("`{text}` is every host"), "leave `host` out");
    }
    if text.starts_with('[') || crate::address::parse_ip(text.as_bytes()).is_some_and(|ip| ip.is_ipv4()) {
        let mut host = String::new();
        let canonical = crate::request::canonical_host(text.as_bytes(), &mut host);
        if canonical && host == text {
            return Ok((HostPattern::Exact(host), None));
        }
        return bad(
            format!("`{text}` is no address as a canonical host writes it"),
            "write `203.0.113.9` or `[2001:db8::1]`, without a port",
        );
    }
    if let Some(suffix) = text.strip_prefix("**.") {
        return labels(suffix).map(|s| (HostPattern::Labels(s), None));
    }
    if let Some(suffix) = text.strip_prefix("*.") {
        return labels(suffix).map(|s| (HostPattern::OneLabel(s), None));
    }
    if let Some((name, suffix)) = text.strip_prefix('{').and_then(|t| t.split_once("}.")) {
        if !is_member_name(name) {
            let help = "write `{name}` with letters, digits, `_` and `-`";
            return bad(format!("`{{{name}}}` captures under no name"), help);
        }
        return labels(suffix).map(|s| (HostPattern::OneLabel(s), Some(name.to_owned())));
    }
    labels(text).map(|s| (HostPattern::Exact(s), None))
}

fn labels(text: &str) -> Result<String, (String, String)> {
    let label = |l: &str| {
        !l.is_empty()
            && l.len() <= 63
            && l.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'-')
    };
    let mut host = String::new();
    if text.split('.').all(label) && text.len() <= 253 {
        // A text that the canonicaliser reads otherwise, such as `127.1`, would match no request.
        if crate::request::canonical_host(text.as_bytes(), &mut host) && host == text {
            return Ok(text.to_owned());
        }
        return Err((
            format!("`{text}` is the host of no canonical request"),
            "write a name, or an address such as `203.0.113.9`".into(),
        ));
    }
    let help = if text.contains(':') {
        "ports are no part of hosts; leave it out".to_owned()
    } else if text.bytes().any(|b| b.is_ascii_uppercase()) {
        format!("write it in lower case: `{}`", text.to_ascii_lowercase())
    } else if !text.is_ascii() {
        "write names beyond ASCII as `xn--…`".to_owned()
    } else {
        "labels have lower-case letters, digits, `-` and `_`; `*.` or `**.` may stand in front".to_owned()
    };
    Err((format!("`{text}` is no host"), help))
}

#[cfg(test)]
mod tests {
    use super::read_host;

    #[test]
    fn a_label_is_captured_under_a_name_that_can_be_read() {
        assert_eq!(read_host("{Tenant-1}.a.example").unwrap().1.as_deref(), Some("Tenant-1"));
        for host in ["{}.a.example", "{1}.a.example", "{a b}.a.example", "{a.b}.a.example", "{é}.a.example"]
        {
            assert!(read_host(host).is_err(), "{host}");
        }
    }
}
