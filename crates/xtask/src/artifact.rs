//! The artifact that the tests of the bindings load.

use crate::files;
use crate::log::Log;
use crate::project::{Project, Result};
use crate::rust;

const POLICY: &str = "policies/orders-api";

/// Compiles a policy, and answers the variables that tell the tests of it: its artifact, and the digest that stands in it.
pub(crate) fn variables(project: &Project, log: &mut Log) -> Result<[(&'static str, String); 2]> {
    let path = project.made("artifacts/orders-api.gatelaw");
    files::make_folder(&project.made("artifacts"))?;
    rust::build_programs(project, log)?;
    log.run(rust::gatelaw(project).args(["compile", POLICY, "-o"]).arg(&path))?;
    let bytes = std::fs::read(&path).map_err(|error| format!("{} can't be read: {error}", path.display()))?;
    // The layout of an artifact is documented: the digest of the policy stands behind 16 bytes of magic and versions.
    let Some(digest) = bytes.get(16..48) else { return Err("the artifact has no digest".to_owned()) };
    let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok([("GATELAW_ARTIFACT", path.display().to_string()), ("GATELAW_DIGEST", format!("sha256:{digest}"))])
}
