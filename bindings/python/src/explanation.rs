//! Why a request is decided as it is, as an object.

use gatelaw::{Asked, RuleExplained};
use gatelaw_host::{Paint, explanation_in_words, explanation_line, is_before_rules};
use pyo3::prelude::*;
use pyo3::types::{IntoPyDict, PyTuple};

use crate::decision::Decision;

/// Makes an `Explanation`: the decision, the rules for this host, method and path, and the names of the others.
pub(crate) fn explanation<'py>(
    py: Python<'py>,
    explanation: gatelaw::Explanation,
    caller: &str,
) -> PyResult<Bound<'py, PyAny>> {
    let values = py.import("gatelaw._values")?;
    let line = explanation_line(&explanation, None);
    let words = explanation_in_words(&explanation, "", Paint::default());
    let text = format!("caller: {caller}\n{}", words.trim_end());
    let is_asked = !is_before_rules(&explanation.decision.reason);
    let asked = explanation.rules.iter().filter(|_| is_asked);
    let (reached, elsewhere): (Vec<_>, Vec<_>) = asked.partition(|rule| rule.reached);
    let rules: Vec<_> = reached.into_iter().map(|one| rule(py, one)).collect::<PyResult<_>>()?;
    let elsewhere = PyTuple::new(py, elsewhere.into_iter().map(|rule| &rule.name))?;
    let decision = Decision::from(explanation.decision);
    values.getattr("Explanation")?.call1((decision, PyTuple::new(py, rules)?, elsewhere, text, line))
}

fn rule<'py>(py: Python<'py>, rule: &RuleExplained) -> PyResult<Bound<'py, PyAny>> {
    let values = py.import("gatelaw._values")?;
    let class = values.getattr("Asked")?;
    let asked = |one: &Asked| class.call1((&one.text, one.outcome, &one.file, one.line));
    let asked: Vec<_> = rule.asked.iter().map(asked).collect::<PyResult<_>>()?;
    let texts = [("name", &rule.name), ("kind", &rule.kind), ("file", &rule.file)].into_py_dict(py)?;
    texts.set_item("observe", rule.observe)?;
    texts.set_item("line", rule.line)?;
    texts.set_item("annotations", PyTuple::new(py, &rule.annotations)?)?;
    texts.set_item("on", PyTuple::new(py, &rule.routes)?)?;
    texts.set_item("matched", rule.matched)?;
    texts.set_item("asked", PyTuple::new(py, asked)?)?;
    values.getattr("Rule")?.call((), Some(&texts))
}
