//! From the texts of a policy to a plan.

mod consequences;

use crate::diagnostic::Diagnostic;
use crate::plan::{Plan, Stats};
use crate::policy::Policy;
use crate::source::Sources;

/// A policy that was compiled.
#[derive(Debug)]
pub struct Compiled {
    /// What runs.
    pub plan: Plan,
    /// The checked policy, with its tests.
    pub policy: Policy,
    /// What a person should look at.
    pub warnings: Vec<Diagnostic>,
    /// What the plan is made of.
    pub stats: Stats,
}

/// Compiles a policy: parses, checks and plans it.
///
/// # Errors
/// All diagnostics, warnings among them, where any is an error.
pub fn compile(sources: &Sources) -> Result<Compiled, Vec<Diagnostic>> {
    let (ast, mut diagnostics) = crate::parse::parse(sources);
    let parsed = !Diagnostic::any_is_error(&diagnostics);
    let (checked, found) = crate::check::check_and_lower(&ast, sources);
    let Some((policy, lowered)) = checked.filter(|_| parsed) else {
        let found = consequences::without_consequences(&diagnostics, found, sources);
        diagnostics.extend(found);
        diagnostics.sort_by_key(|d| d.span);
        return Err(diagnostics);
    };
    diagnostics.extend(found);
    let (mut plan, stats) = crate::plan::compile(&policy, lowered, sources);
    plan.seal();
    Ok(Compiled { plan, policy, warnings: diagnostics, stats })
}
