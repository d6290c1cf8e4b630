//! `cargo xtask bench peers`: other engines on the same work. They stand in a workspace of their own, built here alone.

use std::process::Command;

use super::picture;
use super::results::FILE;
use crate::files;
use crate::log::Log;
use crate::preflight::said;
use crate::project::{Project, Result};

const MANIFEST: &str = "benches/peers/Cargo.toml";
const LOCK: &str = "benches/peers/Cargo.lock";
/// The packages whose versions stand beside the figures.
const PACKAGES: [&str; 5] = ["atc-router", "casbin", "cedar-policy", "cel", "regorus"];

/// Builds the engines, prints their tables, and writes the figures to [`FILE`] and into its pictures.
pub(crate) fn run(project: &Project) -> Result<()> {
    eprintln!("building releases of all engines: some minutes, the first time");
    let mut log = Log::begin(project, "bench peers")?;
    let target = project.made("peers");
    // Not `--locked`: the lock changes with what gatelaw itself depends on, and no test would see it.
    let build = &mut project.cargo(["build", "--release", "--manifest-path", MANIFEST]);
    log.run(build.env("CARGO_TARGET_DIR", &target)).map_err(|error| format!("{error}\n{}", log.tail()))?;
    let figures = project.made("bench/peers.tsv");
    files::write(&figures, "")?;
    let program = target.join("release/gatelaw-peers");
    if !Command::new(program).arg(&figures).status().is_ok_and(|status| status.success()) {
        return Err("the peers failed".to_owned());
    }
    let figures = files::read(&figures)?;
    files::write(&project.at(FILE), &format!("{}{figures}", notes(project)?))?;
    picture::draw(project)
}

/// Describes the machine and the versions, as comments; no date, so that a run which finds the same changes nothing.
fn notes(project: &Project) -> Result<String> {
    let lock = files::read(&project.at(LOCK))?;
    let versions: Vec<String> = PACKAGES
        .iter()
        .map(|package| format!("{package} {}", version(&lock, package).unwrap_or("of no version")))
        .collect();
    Ok(format!("# {}\n# {}\n# {}\n", processor(), said("rustc", &["--version"])?, versions.join(", ")))
}

/// Finds the version that a lock file has of a package.
fn version<'l>(lock: &'l str, package: &str) -> Option<&'l str> {
    let (_, rest) = lock.split_once(&format!("name = \"{package}\"\nversion = \""))?;
    rest.split('"').next()
}

/// Names the processor as the system does.
fn processor() -> String {
    let cpus = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpus.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let model = model.map_or("a processor without a name", |(_, model)| model.trim());
    let (os, architecture) = (std::env::consts::OS, std::env::consts::ARCH);
    format!("{model}, {architecture}, {os}, one thread")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_that_of_the_package_itself() {
        let lock = "name = \"cel-parser\"\nversion = \"1.0.0\"\n\n[[package]]\nname = \"cel\"\nversion = \"0.15.0\"\n";
        assert_eq!(version(lock, "cel"), Some("0.15.0"));
        assert_eq!(version(lock, "casbin"), None);
    }
}
