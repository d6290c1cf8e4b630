//! From the texts of a policy to a plan.

use crate::codes::warnings::{NO_CATCH_ALL, ROLE_UNGRANTED, UNUSED};
use crate::diagnostic::{Diagnostic, Severity};
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
    let parsed = diagnostics.iter().all(|d| d.code.severity == Severity::Warning);
    let (policy, found) = crate::check::check(&ast, sources);
    diagnostics.extend(found);
    let Some(policy) = policy.filter(|_| parsed) else { return Err(without_guesses(diagnostics)) };
    let (mut plan, stats) = crate::plan::compile(&policy, sources);
    plan.seal();
    Ok(Compiled { plan, policy, warnings: diagnostics, stats })
}

/// Sorts diagnostics by place, and leaves out what is said of the policy as a whole: behind an error may stand what uses a
/// list or grants a role, and a warning is never wrong.
fn without_guesses(mut diagnostics: Vec<Diagnostic>) -> Vec<Diagnostic> {
    diagnostics.retain(|d| ![UNUSED, ROLE_UNGRANTED, NO_CATCH_ALL].contains(&d.code));
    diagnostics.sort_by_key(|d| d.span);
    diagnostics
}
