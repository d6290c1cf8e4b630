//! `gatelaw compile`: a policy as one file that every gate loads.

use std::collections::BTreeMap;

use gatelaw::diagnostic::Severity;
use gatelaw::limits::RULE_ROWS_MAX;
use gatelaw::{Compiled, Plan, Stats};
use serde::Serialize;

use crate::answer::{Answer, Failure};
use crate::args::CompileArguments;
use crate::output::{is_stdio, write_whole};
use crate::policy;
use crate::terminal::{Terminal, count, json_line, thousands};

pub(crate) fn run(arguments: &CompileArguments, terminal: &Terminal) -> Result<Answer, Failure> {
    let checked = policy::compile(&arguments.paths)?;
    terminal.diagnostics(&checked.files, &checked.diagnostics);
    let Some(compiled) = &checked.compiled else {
        terminal
            .remark(&format!("nothing was written: {}\n", count(checked.count(Severity::Error), "error")));
        return Ok(Answer::No);
    };
    let bytes = compiled.plan.to_bytes();
    write_whole(&arguments.output, &bytes).map_err(|error| Failure::writing(&arguments.output, &error))?;
    let report = Report::of(compiled, bytes.len(), arguments.stats);
    let text = if terminal.is_json(false) { json_line(&report) } else { report.in_words(arguments) };
    // Where the artifact itself goes to stdout, nothing else may stand there.
    if is_stdio(&arguments.output) {
        terminal.remark(&text)
    } else {
        terminal.say(&text)?
    }
    Ok(Answer::Yes)
}

/// The result for programs.
#[derive(Serialize)]
struct Report<'c> {
    v: u32,
    policy: &'c str,
    file: &'c str,
    bytes: usize,
    rules: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    stats: Option<StatsLine<'c>>,
}

/// What was built, for programs.
#[derive(Serialize)]
struct StatsLine<'c> {
    variables: usize,
    programs: usize,
    classes: usize,
    states: usize,
    /// Literals of patterns that scans look for.
    literals: u32,
    /// Bytes of the artifact, by part.
    sections: BTreeMap<&'static str, usize>,
    variables_a_decision_max: u32,
    bit_vector_words_a_decision_max: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    dearest: Option<DearestLine<'c>>,
    program_rules: &'c [String],
    fallbacks: &'c [String],
}

/// The place where a decision costs most, for programs.
#[derive(Serialize)]
struct DearestLine<'c> {
    rules: &'c [String],
    variables: u32,
    bit_vector_words: u32,
}

/// The parts of an artifact, by name, in words.
const SECTIONS: [(&str, &str); 10] = [
    ("identity", "issuers, roles and attributes"),
    ("needs", "what is read of a request"),
    ("strings", "texts that tests compare with"),
    ("variables", "values that rules ask for"),
    ("nodes", "decision diagrams"),
    ("tables", "classifiers, classes of rules and bit vectors"),
    ("states", "the automaton over hosts and paths"),
    ("entry", "where a decision starts"),
    ("rules", "names of rules, and what they do"),
    ("notes", "files, lines and texts of tests: for explanations alone, no decision reads them"),
];

/// Names that are told of many.
const NAMES_MAX: usize = 3;

impl<'c> Report<'c> {
    fn of(compiled: &'c Compiled, bytes: usize, with_stats: bool) -> Self {
        let plan = &compiled.plan;
        let stats = with_stats.then(|| StatsLine::of(&compiled.stats, plan));
        Self {
            v: 1,
            policy: plan.digest(),
            file: plan.file_digest(),
            bytes,
            rules: compiled.stats.rules,
            stats,
        }
    }

    fn in_words(&self, arguments: &CompileArguments) -> String {
        let name = if is_stdio(&arguments.output) {
            "stdout".into()
        } else {
            arguments.output.display().to_string()
        };
        let (rules, bytes) = (count(self.rules, "rule"), thousands(self.bytes));
        let mut text = format!(
            "wrote {name}: {rules} in {bytes} bytes\n  policy {}\n  file   {}\n",
            self.policy, self.file
        );
        if let Some(stats) = &self.stats {
            text += &stats.in_words();
        }
        text
    }
}

impl<'c> StatsLine<'c> {
    fn of(stats: &'c Stats, plan: &Plan) -> Self {
        let cost = plan.cost();
        let dearest = stats.dearest.as_ref().map(|dearest| DearestLine {
            rules: &dearest.rules,
            variables: dearest.cost.variables_max,
            bit_vector_words: dearest.cost.words_max,
        });
        Self {
            variables: stats.variables,
            programs: stats.programs,
            classes: stats.classes,
            states: stats.states,
            literals: stats.literals,
            sections: plan.section_bytes().into_iter().collect(),
            variables_a_decision_max: cost.variables_max,
            bit_vector_words_a_decision_max: cost.words_max,
            dearest,
            program_rules: &stats.program_rules,
            fallbacks: &stats.fallbacks,
        }
    }

    fn in_words(&self) -> String {
        [self.size(), self.shape(), self.worst(), self.one_by_one(), self.fallen_back()].concat()
    }

    fn size(&self) -> String {
        let mut parts: Vec<(usize, &str)> = SECTIONS
            .iter()
            .filter_map(|(name, what)| Some((*self.sections.get(name)?, *what)))
            .filter(|(bytes, _)| *bytes > 0)
            .collect();
        parts.sort_by_key(|(bytes, _)| std::cmp::Reverse(*bytes));
        rows("bytes, part by part:", parts)
    }

    fn shape(&self) -> String {
        let fields = [
            (self.variables, "values that rules ask for, each classified once"),
            (self.classes, "classes of rules, by where they can matter"),
            (self.states, "states of the automaton over hosts and paths"),
        ];
        let mut fields = fields.to_vec();
        if self.literals > 0 {
            let literals = usize::try_from(self.literals).unwrap_or(usize::MAX);
            fields.push((
                literals,
                "literals of patterns, found in one pass over a value: only patterns whose literal occurs are asked",
            ));
        }
        rows("what was built:", fields)
    }

    fn worst(&self) -> String {
        let (variables, words) = (self.variables_a_decision_max, self.bit_vector_words_a_decision_max);
        let mut text = format!(
            "one decision classifies at most {variables} values and reads at most {words} words of bit vectors\n"
        );
        if let Some(dearest) = &self.dearest {
            let (variables, words) = (dearest.variables, dearest.bit_vector_words);
            text += &format!(
                "  beside what is asked everywhere, the dearest place takes {variables} values and {words} words: there {} can matter\n",
                named(dearest.rules)
            );
        }
        text
    }

    fn one_by_one(&self) -> String {
        if self.program_rules.is_empty() {
            return String::new();
        }
        format!(
            "asked one by one, since each would take more than {RULE_ROWS_MAX} rows of bit vectors: {}. Fewer `or` below an `and`, or a rule \
             of its own for each way, would help\n",
            named(self.program_rules)
        )
    }

    fn fallen_back(&self) -> String {
        if self.fallbacks.is_empty() {
            return "nothing fell back to bit vectors\n".to_owned();
        }
        let text = String::from("what fell back to bit vectors, and why:\n");
        self.fallbacks.iter().fold(text, |text, fallback| text + &format!("  {fallback}\n"))
    }
}

/// Writes numbers, each with what it counts, below a line.
fn rows(title: &str, rows: Vec<(usize, &str)>) -> String {
    let text = format!("{title}\n");
    rows.into_iter()
        .fold(text, |text, (number, what)| text + &format!("  {:>11}  {what}\n", thousands(number)))
}

/// Names the first of some rules, and counts the others.
fn named(rules: &[String]) -> String {
    let (shown, others) = rules.split_at_checked(NAMES_MAX).unwrap_or((rules, &[]));
    let mut names: Vec<String> = shown.iter().map(|name| format!("`{name}`")).collect();
    if !others.is_empty() {
        names.push(format!("{} more", thousands(others.len())));
    }
    match names.split_last() {
        Some((last, before)) if !before.is_empty() => format!("{} and {last}", before.join(", ")),
        Some((only, _)) => only.clone(),
        None => String::new(),
    }
}
