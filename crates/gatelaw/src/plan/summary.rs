//! What a plan says about its rules.

use super::Plan;

/// Says what one rule of a plan is and where it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RuleSummary<'p> {
    /// Its full name.
    pub name: &'p str,
    /// `allow`, `deny`, `limit`, `forward` or `audit`.
    pub kind: &'p str,
    /// Whether it is observed only.
    pub observe: bool,
    /// Its file, relative to the policy's root.
    pub file: &'p str,
    /// Its line, from 1.
    pub line: u32,
    /// Its annotations.
    pub annotations: &'p [(String, String)],
    /// Its patterns as written; empty: everywhere.
    pub routes: &'p [String],
}

impl Plan {
    /// Lists the rules, by full name.
    pub fn rules(&self) -> impl Iterator<Item = RuleSummary<'_>> {
        self.rules.iter().zip(&self.notes.rules).map(|(rule, note)| RuleSummary {
            name: &rule.name,
            kind: &note.kind,
            observe: rule.observe,
            file: usize::try_from(note.file)
                .ok()
                .and_then(|f| self.notes.files.get(f))
                .map_or("", String::as_str),
            line: note.line.0,
            annotations: &note.annotations,
            routes: &note.routes,
        })
    }
}
