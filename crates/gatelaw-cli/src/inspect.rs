//! `gatelaw inspect`: what is in an artifact.

use std::collections::BTreeMap;
use std::path::Path;

use gatelaw::artifact::{CANONICALISER_VERSION, FORMAT_VERSION, LANGUAGE_VERSION, LoadError, load_unsigned};
use gatelaw::{Plan, RuleSummary};
use gatelaw_host::{NeedsLine, files};
use serde::Serialize;

use crate::answer::{Answer, Failure};
use crate::args::InspectArguments;
use crate::terminal::{Terminal, count, thousands};

pub(crate) fn run(arguments: &InspectArguments, terminal: &Terminal) -> Result<Answer, Failure> {
    let path = &arguments.artifact;
    let bytes = files::read_artifact(path).map_err(|problem| Failure::from(*problem))?;
    let plan = load_unsigned(&bytes).map_err(|error| Failure::Artifact(path.clone(), error))?;
    let contents =
        Contents::of(&plan, bytes.len()).map_err(|error| Failure::Artifact(path.clone(), error))?;
    if terminal.is_json(false) {
        terminal.say_json(&contents)?
    } else {
        terminal.say(&contents.in_words(path))?
    }
    Ok(Answer::Yes)
}

/// What is in an artifact. Serialised, it is the result for programs.
#[derive(Serialize)]
struct Contents<'p> {
    v: u32,
    bytes: usize,
    format: u16,
    language: u16,
    canonicaliser: u16,
    policy: &'p str,
    file: &'p str,
    cost: CostLine,
    needs: NeedsLine<'p>,
    issuers: BTreeMap<&'p str, &'p str>,
    roles: Vec<&'p str>,
    rules: Vec<RuleLine<'p>>,
}

/// What one decision can cost.
#[derive(Serialize)]
struct CostLine {
    variables_max: u32,
    words_max: u32,
}

/// One rule.
#[derive(Serialize)]
struct RuleLine<'p> {
    name: &'p str,
    kind: &'p str,
    observe: bool,
    on: &'p [String],
    file: &'p str,
    line: u32,
    annotations: BTreeMap<&'p str, &'p str>,
}

impl<'p> Contents<'p> {
    fn of(plan: &'p Plan, bytes: usize) -> Result<Self, LoadError> {
        let cost = plan.cost();
        Ok(Self {
            v: 1,
            bytes,
            // What was loaded has these versions: others are refused.
            format: FORMAT_VERSION,
            language: LANGUAGE_VERSION,
            canonicaliser: CANONICALISER_VERSION,
            policy: plan.digest(),
            file: plan.file_digest(),
            cost: CostLine { variables_max: cost.variables_max, words_max: cost.words_max },
            needs: NeedsLine::of(plan.needs()),
            issuers: plan
                .identity_model()
                .issuers
                .iter()
                .map(|i| (i.name.as_str(), i.url.as_str()))
                .collect(),
            roles: plan.identity_model().roles.iter().map(|role| role.name.as_str()).collect(),
            rules: plan.rules()?.map(RuleLine::of).collect(),
        })
    }

    fn in_words(&self, path: &Path) -> String {
        let mut text = format!("{}: {} bytes\n", path.display(), thousands(self.bytes));
        let mut line = |name: &str, value: String| text += &format!("  {name:<9} {value}\n");
        let (format, language, canonicaliser) = (self.format, self.language, self.canonicaliser);
        line("versions", format!("format {format}, language {language}, canonical request {canonicaliser}"));
        line("policy", self.policy.to_owned());
        line("file", self.file.to_owned());
        let CostLine { variables_max, words_max } = self.cost;
        line(
            "cost",
            format!(
                "one decision classifies at most {variables_max} values and reads at most {words_max} words of bit vectors"
            ),
        );
        for (name, value) in needs_in_words(&self.needs) {
            line(name, value);
        }
        for (name, url) in &self.issuers {
            line("issuer", format!("{name} {url}"));
        }
        if !self.roles.is_empty() {
            line("roles", self.roles.join(", "));
        }
        text + &self.rules_in_words()
    }

    fn rules_in_words(&self) -> String {
        let width = self.rules.iter().map(|rule| rule.name.len()).max().unwrap_or(0);
        let mut text = format!("{}\n", count(self.rules.len(), "rule"));
        for rule in &self.rules {
            let kind = if rule.observe { format!("observe {}", rule.kind) } else { rule.kind.to_owned() };
            let (name, place) = (rule.name, format!("{}:{}", rule.file, rule.line));
            let on = if rule.on.is_empty() { "everywhere".into() } else { rule.on.join(", ") };
            text += &format!("  {kind:<14} {name:<width$}  {place}  {on}\n");
        }
        text
    }
}

/// One line for each kind of thing that is read, left out where there is none.
fn needs_in_words(needs: &NeedsLine<'_>) -> Vec<(&'static str, String)> {
    let address = if needs.ip { vec!["the client's address"] } else { Vec::new() };
    let mut tokens = if needs.tokens { vec!["authorization".to_owned()] } else { Vec::new() };
    tokens.extend(needs.token_headers.iter().map(|name| format!("header {name}")));
    tokens.extend(needs.token_cookies.iter().map(|name| format!("cookie {name}")));
    let lines = [
        ("headers", needs.headers.join(", ")),
        ("query", needs.query.join(", ")),
        ("cookies", needs.cookies.join(", ")),
        ("facts", [needs.facts.clone(), address].concat().join(", ")),
        ("tokens", tokens.join(", ")),
        ("sets", needs.sets.join(", ")),
    ];
    lines.into_iter().filter(|(_, names)| !names.is_empty()).collect()
}

impl<'p> RuleLine<'p> {
    fn of(rule: RuleSummary<'p>) -> Self {
        let annotations =
            rule.annotations.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        let RuleSummary { name, kind, observe, file, line, routes, .. } = rule;
        Self { name, kind, observe, on: routes, file, line, annotations }
    }
}
