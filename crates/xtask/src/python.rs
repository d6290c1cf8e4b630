//! Python's part: the tools in target/venv, the package built and installed into it, its tests and types.

use std::process::Command;

use crate::files;
use crate::log::Log;
use crate::preflight::said;
use crate::project::{Project, Result};
use crate::{artifact, setup};

/// Answers whether the tools are installed, for the Python that is found.
pub(crate) fn has_venv(project: &Project) -> Result<bool> {
    Ok(setup::is_stamped(project, "venv", &wanted(project)?))
}

/// Makes the virtual environment anew.
pub(crate) fn make_venv(project: &Project, log: &mut Log) -> Result<()> {
    let venv = project.made("venv");
    files::remove_folder(&venv)?;
    log.run(Command::new("python3").args(["-m", "venv"]).arg(&venv))?;
    let requirements = project.at("bindings/python/requirements-dev.txt");
    log.run(python(project, &["-m", "pip", "install", "--quiet", "--requirement"]).arg(requirements))?;
    setup::write_stamp(project, "venv", &wanted(project)?)
}

fn wanted(project: &Project) -> Result<String> {
    let interpreter = said("python3", &["-c", "import sys; print(sys.base_prefix, sys.version)"])?;
    Ok(interpreter + "\n" + &files::read(&project.at("bindings/python/requirements-dev.txt"))?)
}

/// Packs the sources, builds the package for tests, with a call that panics, and installs it.
pub(crate) fn build(project: &Project, log: &mut Log) -> Result<()> {
    let sources = project.made("sdist");
    log.run(python(project, &["-m", "maturin", "sdist", "--out"]).arg(sources))?;
    install(project, log, &["--profile=quick", "--features=forced-panic"])
}

/// Builds the package and installs it.
pub(crate) fn install(project: &Project, log: &mut Log, options: &[&str]) -> Result<()> {
    let wheels = project.made("wheels");
    files::remove_folder(&wheels)?;
    // A target folder of its own: maturin sets variables on which pyo3 would be built anew each time.
    let target = project.made("python");
    let mut build = python(project, &["-m", "maturin", "build", "--locked", "--out"]);
    log.run(build.arg(&wheels).args(options).env("CARGO_TARGET_DIR", target))?;
    let install = ["-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--force-reinstall"];
    log.run(python(project, &install).args(files::list(&wheels)?))
}

/// Runs the tests of the package.
pub(crate) fn test(project: &Project, log: &mut Log) -> Result<()> {
    let artifact = artifact::variables(project, log)?;
    log.run(python(project, &["-m", "pytest", "--color=no"]).envs(artifact))
}

/// Checks the tests against the types, and the types against the module.
pub(crate) fn check_types(project: &Project, log: &mut Log) -> Result<()> {
    let cache = project.made("mypy");
    log.run(python(project, &["-m", "mypy", "tests", "benches", "--cache-dir"]).arg(cache))?;
    log.run(&mut python(project, &["-m", "mypy.stubtest", "gatelaw"]))?;
    log.run(python(project, &["-m", "basedpyright", "--pythonpath"]).arg(project.made("venv/bin/python")))
}

/// Starts a command line of the environment's Python, in the folder of the package.
pub(crate) fn python(project: &Project, args: &[&str]) -> Command {
    let mut command = Command::new(project.made("venv/bin/python"));
    command.args(args).current_dir(project.at("bindings/python")).env("PYTHONDONTWRITEBYTECODE", "1");
    command.env("PIP_DISABLE_PIP_VERSION_CHECK", "1");
    command
}
