//! Notes: what explanations say of rules and tests. They decide nothing, and stand outside the digest of the policy.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use crate::artifact::LoadError;
use crate::diagram::{Diagrams, Ref};
use crate::lower::{Alternative, Cond, Places, Probes, TestId};
use crate::plan::lay_out;
use crate::policy::{Expr, Policy, Rule};
use crate::source::{Sources, Span};

/// The notes of a plan. Of one that was loaded they are read when they are first asked for: a gate that only decides asks for none, and
/// they are half of an artifact.
#[derive(Debug, Clone)]
pub(crate) enum KeptNotes {
    /// Of a plan that was compiled here.
    Compiled(Box<Notes>),
    /// Of an artifact.
    Loaded {
        /// As they stand in it.
        section: Box<[u8]>,
        /// The digest that the artifact says they have.
        digest: [u8; 32],
        /// Once they were asked for.
        read: OnceLock<Result<Box<Notes>, LoadError>>,
    },
}

impl KeptNotes {
    /// Keeps the section of an artifact as it is.
    pub(crate) fn unread(section: &[u8], digest: [u8; 32]) -> Self {
        Self::Loaded { section: section.into(), digest, read: OnceLock::new() }
    }

    /// Returns the notes, which `read` makes of their section and digest the first time.
    pub(crate) fn get(
        &self,
        read: impl FnOnce(&[u8], &[u8; 32]) -> Result<Notes, LoadError>,
    ) -> Result<&Notes, LoadError> {
        match self {
            Self::Compiled(notes) => Ok(notes),
            Self::Loaded { section, digest, read: kept } => {
                let kept = kept.get_or_init(|| read(section, digest).map(Box::new));
                kept.as_deref().map_err(LoadError::clone)
            }
        }
    }
}

/// What is known of the source of a plan.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Notes {
    /// File names, sorted.
    pub(crate) files: Vec<String>,
    /// By rule.
    pub(crate) rules: Vec<RuleNote>,
    /// By condition: what it asks, in written order.
    pub(crate) alternatives: Vec<AlternativeNote>,
    /// By class: its conditions.
    pub(crate) classes: Vec<(u32, Vec<u32>)>,
    /// The programs of single tests.
    pub(crate) nodes: Vec<u32>,
}

impl Notes {
    /// Names a file; empty where none is known.
    pub(crate) fn file(&self, number: u32) -> &str {
        usize::try_from(number).ok().and_then(|file| self.files.get(file)).map_or("", String::as_str)
    }
}

/// Where a rule stands, and what is written beside it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct RuleNote {
    pub(crate) file: u32,
    pub(crate) line: Line,
    pub(crate) annotations: Vec<(String, String)>,
    pub(crate) routes: Vec<String>,
}

/// A line of a source file, from 1; 0 where none is known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Line(pub(crate) u32);

/// One way in which a rule can apply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AlternativeNote {
    pub(crate) rule: u32,
    pub(crate) expr: NoteExpr,
}

/// A condition as written, each test a small program. `T` is the condition of a test while the plan is compiled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NoteExpr<T = u32> {
    Constant(bool),
    Not(Box<Self>),
    All(Vec<Self>),
    Any(Vec<Self>),
    Test { test: T, text: Arc<str>, file: u32, line: Line },
}

impl<T> NoteExpr<T> {
    fn map<U>(self, to: &mut impl FnMut(T) -> U) -> NoteExpr<U> {
        match self {
            Self::Constant(b) => NoteExpr::Constant(b),
            Self::Not(inner) => NoteExpr::Not(Box::new(inner.map(to))),
            Self::All(parts) => NoteExpr::All(parts.into_iter().map(|p| p.map(to)).collect()),
            Self::Any(parts) => NoteExpr::Any(parts.into_iter().map(|p| p.map(to)).collect()),
            Self::Test { test, text, file, line } => NoteExpr::Test { test: to(test), text, file, line },
        }
    }
}

/// Notes while tests are collected.
pub(crate) struct NoteDrafts<'s> {
    sources: &'s Sources,
    /// File names, sorted.
    files: Vec<String>,
    /// By number of the source: its place among the file names, and where its lines end.
    lines: Vec<(u32, Vec<u32>)>,
    rules: Vec<RuleNote>,
    alternatives: Vec<(u32, NoteExpr<Cond<TestId>>)>,
}

impl<'s> NoteDrafts<'s> {
    /// Notes all rules, and the plain condition of every alternative.
    pub(crate) fn new(
        policy: &Policy,
        sources: &'s Sources,
        places: &Places,
        probes: &mut Probes<'_>,
    ) -> Self {
        let mut files: Vec<String> = sources.files.iter().map(|f| f.name.clone()).collect();
        files.sort();
        let ends =
            |text: &str| text.match_indices('\n').filter_map(|(at, _)| u32::try_from(at).ok()).collect();
        let place = |name: &str| u32::try_from(files.partition_point(|f| f.as_str() < name)).unwrap_or(0);
        let lines = sources.files.iter().map(|f| (place(&f.name), ends(&f.text))).collect();
        let mut drafts = Self { sources, files, lines, rules: Vec::new(), alternatives: Vec::new() };
        drafts.rules = policy.rules.iter().map(|r| drafts.rule(r)).collect();
        for alternative in &places.alternatives {
            let expr = policy
                .numbered(alternative.rule)
                .map_or(NoteExpr::Constant(false), |rule| drafts.expr(&rule.condition, alternative, probes));
            drafts.alternatives.push((alternative.rule.0, expr));
        }
        drafts
    }

    /// Notes a condition that holds its route too.
    pub(crate) fn push_flat(&mut self, alternative: usize, route: Cond<TestId>) {
        let Some((rule, expr)) = self.alternatives.get(alternative).cloned() else { return };
        let note = usize::try_from(rule).ok().and_then(|r| self.rules.get(r));
        let (file, line) = note.map_or((0, Line(0)), |n| (n.file, n.line));
        let text = format!("on {}", note.map(|n| n.routes.join(", ")).unwrap_or_default()).into();
        let route = NoteExpr::Test { test: route, text, file, line };
        self.alternatives.push((rule, NoteExpr::All(vec![route, expr])));
    }

    fn rule(&self, rule: &Rule) -> RuleNote {
        let (file, line) = self.place(rule.name_span);
        let routes = rule.routes.iter().flatten().map(|r| self.sources.text_at(r.span).to_owned()).collect();
        RuleNote { file, line, annotations: rule.annotations.clone(), routes }
    }

    fn place(&self, span: Span) -> (u32, Line) {
        let Some((file, ends)) = usize::try_from(span.file.0).ok().and_then(|f| self.lines.get(f)) else {
            return (0, Line(0));
        };
        let before = ends.partition_point(|end| *end < span.start);
        (*file, Line(u32::try_from(before).unwrap_or(0).saturating_add(1)))
    }

    fn expr(
        &self,
        expr: &Expr,
        alternative: &Alternative,
        probes: &mut Probes<'_>,
    ) -> NoteExpr<Cond<TestId>> {
        match expr {
            Expr::Constant(b) => NoteExpr::Constant(*b),
            Expr::Not(inner) => NoteExpr::Not(Box::new(self.expr(inner, alternative, probes))),
            Expr::All(parts) => {
                NoteExpr::All(parts.iter().map(|p| self.expr(p, alternative, probes)).collect())
            }
            Expr::Any(parts) => {
                NoteExpr::Any(parts.iter().map(|p| self.expr(p, alternative, probes)).collect())
            }
            Expr::Test(_, span) => {
                let (file, line) = self.place(*span);
                let text = in_one_line(self.sources.text_at(*span)).into();
                NoteExpr::Test { test: probes.condition(expr, &alternative.captures), text, file, line }
            }
        }
    }

    /// Lays the programs of all tests out, which `tests` says the variables of; `classes` gives the conditions of each class by
    /// its offset.
    pub(crate) fn finish(
        self,
        tests: &[Cond],
        diagrams: &mut Diagrams,
        classes: impl Iterator<Item = (u32, Vec<u32>)>,
    ) -> Notes {
        let mut roots: Vec<Ref> = Vec::new();
        let built: Vec<(u32, NoteExpr<Ref>)> = self
            .alternatives
            .into_iter()
            .map(|(rule, expr)| {
                let mut program = |cond: Cond<TestId>| {
                    let root = diagrams.program(&cond.classified(tests));
                    roots.push(root);
                    root
                };
                (rule, expr.map(&mut program))
            })
            .collect();
        let laid = lay_out(diagrams, roots.into_iter());
        let alternatives = built
            .into_iter()
            .map(|(rule, expr)| AlternativeNote { rule, expr: expr.map(&mut |r| laid.child(r)) })
            .collect();
        let mut by_offset: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for (offset, conditions) in classes {
            by_offset.entry(offset).or_insert(conditions);
        }
        by_offset.remove(&0);
        let classes = by_offset.into_iter().collect();
        Notes { files: self.files, rules: self.rules, alternatives, classes, nodes: laid.words }
    }
}

/// Puts one space in the place of all white space between words.
fn in_one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        line.push_str(if line.is_empty() { "" } else { " " });
        line.push_str(word);
    }
    line
}
