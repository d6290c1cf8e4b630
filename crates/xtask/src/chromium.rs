//! Chromium's part: Debian's headless browser unpacked below target/chromium, and the tests that run in it.

use std::path::PathBuf;

use crate::debian;
use crate::log::Log;
use crate::npm;
use crate::preflight::said;
use crate::project::{Project, Result};

/// Where below the target folder the packages are unpacked.
const FOLDER: &str = "chromium";
const PACKAGE: &str = "chromium-headless-shell";
const PROGRAM: &str = "usr/lib/chromium/chromium-headless-shell";
/// Names another program, on systems where Debian's can't be had.
const VARIABLE: &str = "GATELAW_CHROMIUM";

/// Looks for Chromium, or for what fetches it.
pub(crate) fn look(project: &Project) -> std::result::Result<(), String> {
    if is_found(project) {
        return Ok(());
    }
    said("apt-get", &["--version"]).and_then(|_| said("dpkg", &["--version"])).map(drop)
}

/// Answers whether it is there.
pub(crate) fn is_found(project: &Project) -> bool {
    program(project).exists()
}

fn program(project: &Project) -> PathBuf {
    std::env::var_os(VARIABLE).map_or_else(|| debian::at(project, FOLDER, PROGRAM), PathBuf::from)
}

/// Downloads what the system lacks of Chromium, and unpacks it.
pub(crate) fn fetch(project: &Project, log: &mut Log) -> Result<()> {
    debian::fetch(project, FOLDER, PACKAGE, log)?;
    match is_found(project) {
        true => Ok(()),
        false => Err(format!("the package {PACKAGE} brought no Chromium: install it yourself")),
    }
}

/// Answers the variables that tell scripts of the browser: where it is, and where its libraries are.
pub(crate) fn variables(project: &Project) -> Result<[(&'static str, String); 2]> {
    let libraries = debian::library_path(project, FOLDER)?;
    Ok([(VARIABLE, program(project).display().to_string()), ("GATELAW_CHROMIUM_LIBRARIES", libraries)])
}

/// Runs the tests of the npm package that need a browser.
pub(crate) fn test(project: &Project, log: &mut Log) -> Result<()> {
    let mut command = npm::node_test(&project.made("npm"), "test/chromium")?;
    command.env("GATELAW_REPOSITORY", &project.root);
    log.run(command.envs(variables(project)?))
}
