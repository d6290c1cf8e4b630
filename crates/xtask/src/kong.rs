//! The part of Kong's plugin: its tests, which start nginx behind a stand-in for Kong, and what it costs there.

use std::path::PathBuf;
use std::process::Command;

use crate::log::Log;
use crate::npm::{self, node_test};
use crate::preflight;
use crate::project::{Project, Result};
use crate::{files, nginx, rust, setup};

/// Runs the tests of the plugin.
pub(crate) fn test(project: &Project, log: &mut Log) -> Result<()> {
    npm::build(project, log)?;
    let variables = variables(project, log)?;
    let mut command = node_test(&project.at("bindings/kong"), "tests/plugin")?;
    log.run(command.envs(variables).env("GATELAW_NPM", project.made("npm")))
}

/// Prints the CPU that the plugin adds to a request, with the library as it is released.
///
/// # Errors
/// A tool that is missing, a build or a run that failed.
pub(crate) fn measure(project: &Project) -> Result<()> {
    if !preflight::preflight(project) {
        return Err("the tools above are missing".to_owned());
    }
    setup::setup(project)?;
    let mut log = Log::begin(project, "bench plugin")?;
    npm::build(project, &mut log)?;
    let folder = project.made("bench");
    files::make_folder(&folder)?;
    log.run(&mut project.cargo(["build", "--release", "--package=gatelaw-kong"]))?;
    let (prefix, suffix) = (std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
    let built = project.made(&format!("release/{prefix}gatelaw_kong{suffix}"));
    files::copy(&built, &folder.join(format!("{prefix}gatelaw{suffix}")))?;
    let mut command = Command::new("node");
    command.arg("benches/plugin.js").current_dir(project.at("bindings/kong"));
    command.envs(places(project, folder)?).env("GATELAW_NPM", project.made("npm"));
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(_) => Err("the bench failed".to_owned()),
        Err(error) => Err(format!("node can't be started: {error}")),
    }
}

/// Builds the library, and answers the variables that tell scripts of it and of nginx.
pub(crate) fn variables(project: &Project, log: &mut Log) -> Result<[(&'static str, PathBuf); 5]> {
    let library = rust::build_c_library(project, log)?;
    let Some(folder) = library.parent() else { return Err("the library stands nowhere".to_owned()) };
    places(project, folder.to_owned())
}

/// Answers the variables that tell scripts of nginx, and of a folder with the library.
fn places(project: &Project, folder: PathBuf) -> Result<[(&'static str, PathBuf); 5]> {
    Ok([
        ("NGINX_PROGRAM", nginx::at(project, nginx::PROGRAM)),
        ("NGINX_MODULES", nginx::at(project, nginx::MODULES)),
        ("NGINX_LUA", nginx::at(project, nginx::RESTY)),
        ("NGINX_LIBRARIES", nginx::libraries(project)?.into()),
        ("GATELAW_C", folder),
    ])
}
