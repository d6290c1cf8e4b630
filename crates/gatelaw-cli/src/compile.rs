//! `gatelaw compile`: a policy as one file that every gate loads.

use gatelaw::diagnostic::Severity;
use gatelaw::{Compiled, Stats};
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
    diagram_bytes: usize,
    table_bytes: usize,
    automaton_bytes: usize,
    variables_a_decision_max: u32,
    bit_vector_words_a_decision_max: u32,
    fallbacks: &'c [String],
}

impl<'c> Report<'c> {
    fn of(compiled: &'c Compiled, bytes: usize, with_stats: bool) -> Self {
        let plan = &compiled.plan;
        let stats = with_stats.then(|| StatsLine::of(&compiled.stats, plan.cost()));
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
    fn of(stats: &'c Stats, cost: gatelaw::Cost) -> Self {
        Self {
            variables: stats.variables,
            programs: stats.programs,
            classes: stats.classes,
            states: stats.states,
            diagram_bytes: stats.node_words.saturating_mul(4),
            table_bytes: stats.table_words.saturating_mul(4),
            automaton_bytes: stats.state_words.saturating_mul(4),
            variables_a_decision_max: cost.variables_max,
            bit_vector_words_a_decision_max: cost.words_max,
            fallbacks: &stats.fallbacks,
        }
    }

    fn in_words(&self) -> String {
        let fields = [
            ("values that rules ask for, each classified once", self.variables),
            ("rules asked one by one, because they need too many rows", self.programs),
            ("classes of rules, by where they can matter", self.classes),
            ("states of the automaton over hosts and paths", self.states),
            ("bytes of decision diagrams", self.diagram_bytes),
            ("bytes of classifiers and bit vectors", self.table_bytes),
            ("bytes of the automaton", self.automaton_bytes),
        ];
        let mut text = String::from("what was built:\n");
        for (what, number) in fields {
            text += &format!("  {:>11}  {what}\n", thousands(number));
        }
        let (variables, words) = (self.variables_a_decision_max, self.bit_vector_words_a_decision_max);
        text += &format!(
            "one decision classifies at most {variables} values and reads at most {words} words of bit vectors\n"
        );
        if self.fallbacks.is_empty() {
            return text + "nothing fell back to bit vectors\n";
        }
        text += "what fell back to bit vectors, and why:\n";
        self.fallbacks.iter().fold(text, |text, fallback| text + &format!("  {fallback}\n"))
    }
}
