//! The part of Kong's plugin: its tests, which start nginx behind a stand-in for Kong.

use std::path::PathBuf;

use crate::log::Log;
use crate::npm::{self, node_test};
use crate::project::{Project, Result};
use crate::{nginx, rust};

/// Runs the tests of the plugin.
pub(crate) fn test(project: &Project, log: &mut Log) -> Result<()> {
    npm::build(project, log)?;
    let variables = variables(project, log)?;
    let mut command = node_test(&project.at("bindings/kong"), "tests/plugin")?;
    log.run(command.envs(variables).env("GATELAW_NPM", project.made("npm")))
}

/// Builds the library, and answers the variables that tell scripts of it and of nginx.
pub(crate) fn variables(project: &Project, log: &mut Log) -> Result<[(&'static str, PathBuf); 5]> {
    let library = rust::build_c_library(project, log)?;
    let Some(folder) = library.parent() else { return Err("the library stands nowhere".to_owned()) };
    Ok([
        ("NGINX_PROGRAM", nginx::at(project, nginx::PROGRAM)),
        ("NGINX_MODULES", nginx::at(project, nginx::MODULES)),
        ("NGINX_LUA", nginx::at(project, nginx::RESTY)),
        ("NGINX_LIBRARIES", nginx::libraries(project)?.into()),
        ("GATELAW_C", folder.to_owned()),
    ])
}
