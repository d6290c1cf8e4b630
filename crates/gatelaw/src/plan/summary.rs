//! What a plan says about its rules.

use super::Plan;
use crate::artifact::LoadError;

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
    ///
    /// # Errors
    /// [`LoadError::Malformed`] where the artifact's notes, in which places and annotations stand, are not well-formed.
    pub fn rules(&self) -> Result<impl Iterator<Item = RuleSummary<'_>>, LoadError> {
        let notes = self.notes()?;
        Ok((0_usize..).zip(&self.rules).zip(&notes.rules).map(|((number, rule), note)| RuleSummary {
            name: self.rule_names.find(number).unwrap_or_default(),
            kind: rule.kind.name(),
            observe: rule.observe,
            file: notes.file(note.file),
            line: note.line.0,
            annotations: &note.annotations,
            routes: &note.routes,
        }))
    }
}
