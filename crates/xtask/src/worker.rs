//! The Worker's part: its tools and tests in target/worker, in front of the npm package of target/npm.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::log::Log;
use crate::npm::{self, node_test};
use crate::preflight;
use crate::project::{Project, Result};
use crate::{files, kong, setup};

/// Where below the target folder it is put together.
const FOLDER: &str = "worker";
const STAMP: &str = "worker";

/// Answers whether the tools are installed.
pub(crate) fn has_modules(project: &Project) -> Result<bool> {
    Ok(setup::is_stamped(project, STAMP, &wanted(project)?) && modules(project).is_dir())
}

/// Installs the tools, without running scripts of theirs.
pub(crate) fn install_modules(project: &Project, log: &mut Log) -> Result<()> {
    copy(project)?;
    // The package stands beside gatelaw's own, which no registry has yet.
    let args = ["ci", "--ignore-scripts", "--legacy-peer-deps", "--no-audit", "--no-fund"];
    log.run(Command::new("npm").args(args).current_dir(project.made(FOLDER)))?;
    setup::write_stamp(project, STAMP, &wanted(project)?)
}

fn wanted(project: &Project) -> Result<String> {
    files::read(&project.at("bindings/worker/package-lock.json"))
}

fn modules(project: &Project) -> PathBuf {
    project.made(FOLDER).join("node_modules")
}

/// Copies what is written by hand; what stood there before is removed, but for the tools.
fn copy(project: &Project) -> Result<()> {
    let (from, to) = (project.at("bindings/worker"), project.made(FOLDER));
    for folder in ["src", "test", "benches"] {
        files::remove_folder(&to.join(folder))?;
        files::copy_folder(&from.join(folder), &to.join(folder))?;
    }
    for file in ["package.json", "package-lock.json", "tsconfig.json"] {
        files::copy(&from.join(file), &to.join(file))?;
    }
    Ok(())
}

/// Puts the package together, with gatelaw's own as its neighbour.
fn assemble(project: &Project, log: &mut Log) -> Result<PathBuf> {
    npm::build(project, log)?;
    copy(project)?;
    files::link_folder(&project.made("npm"), &modules(project).join("gatelaw"))?;
    Ok(project.made(FOLDER))
}

/// Runs the tests, which start workerd.
pub(crate) fn test(project: &Project, log: &mut Log) -> Result<()> {
    let worker = assemble(project, log)?;
    let mut command = node_test(&worker, "test")?;
    log.run(command.envs(variables(project)?).env("GATELAW_REPOSITORY", &project.root))
}

/// Sends raw requests to the gates over sockets, and holds what they decide and send on to each other.
pub(crate) fn test_http(project: &Project, log: &mut Log) -> Result<()> {
    let worker = assemble(project, log)?;
    let mut command = node_test(&worker, "test/http")?;
    with_gates(project, log, &mut command)?;
    log.run(&mut command)
}

/// Makes the command that shows both gates.
pub(crate) fn demo(project: &Project, log: &mut Log) -> Result<Command> {
    let mut command = Command::new("node");
    command.current_dir(assemble(project, log)?).arg("test/http/demo.js");
    with_gates(project, log, &mut command)?;
    Ok(command)
}

/// Prints how many requests a second go through the gate, beside a Worker that passes all on.
///
/// # Errors
/// A tool that is missing, a build or a run that failed.
pub(crate) fn measure(project: &Project) -> Result<()> {
    if !preflight::preflight(project) {
        return Err("the tools above are missing".to_owned());
    }
    setup::setup(project)?;
    let mut log = Log::begin(project, "bench worker")?;
    let mut command = Command::new("node");
    command.current_dir(assemble(project, &mut log)?).arg("benches/worker.js");
    with_gates(project, &mut log, &mut command)?;
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(_) => Err("the bench failed".to_owned()),
        Err(error) => Err(format!("node can't be started: {error}")),
    }
}

/// Tells a script of all that both gates take.
fn with_gates(project: &Project, log: &mut Log, command: &mut Command) -> Result<()> {
    command.envs(variables(project)?).envs(kong::variables(project, log)?);
    command.env("GATELAW_REPOSITORY", &project.root);
    Ok(())
}

/// Checks the types of the package.
pub(crate) fn check_types(project: &Project, log: &mut Log) -> Result<()> {
    let worker = assemble(project, log)?;
    log.run(npm::tool(project, "tsc").args(["--project", "tsconfig.json"]).current_dir(worker))
}

/// Answers the variables that tell scripts of workerd, and of the npm package with its tools.
fn variables(project: &Project) -> Result<[(&'static str, PathBuf); 2]> {
    Ok([("WORKERD", workerd(project)?), ("GATELAW_NPM", project.made("npm"))])
}

/// Finds workerd itself: its script would stand between it and the signal that ends it.
pub(crate) fn workerd(project: &Project) -> Result<PathBuf> {
    let packages = files::list(&project.made("npm/node_modules/@cloudflare"))?;
    let programs = packages.iter().map(|package| package.join("bin/workerd"));
    programs
        .into_iter()
        .find(|path: &PathBuf| Path::is_file(path))
        .ok_or_else(|| "npm has no workerd for this machine".to_owned())
}
