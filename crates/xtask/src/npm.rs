//! JavaScript's part: the tools and the npm package in target/npm, the Worker in target/worker, their tests and types.

use std::path::PathBuf;
use std::process::Command;

use crate::files;
use crate::log::Log;
use crate::project::{Project, Result};
use crate::{artifact, rust, setup};

/// The modules of WebAssembly, by the names that the package has for them.
const MODULES: [&str; 1] = ["gatelaw"];

/// Answers whether the tools are installed.
pub(crate) fn has_modules(project: &Project) -> Result<bool> {
    Ok(setup::is_stamped(project, "npm", &wanted(project)?))
}

/// Installs the tools, without running scripts of theirs.
pub(crate) fn install_modules(project: &Project, log: &mut Log) -> Result<()> {
    copy_package(project)?;
    let args = ["ci", "--ignore-scripts", "--no-audit", "--no-fund"];
    log.run(Command::new("npm").args(args).current_dir(project.made("npm")))?;
    setup::write_stamp(project, "npm", &wanted(project)?)
}

fn wanted(project: &Project) -> Result<String> {
    files::read(&project.at("bindings/js/package-lock.json"))
}

/// Copies what is written by hand; what stood there before is removed, but for the tools.
fn copy_package(project: &Project) -> Result<()> {
    for folder in ["js", "test"] {
        files::remove_folder(&project.made("npm").join(folder))?;
        files::copy_folder(&project.at("bindings/js").join(folder), &project.made("npm").join(folder))?;
    }
    for file in ["package.json", "package-lock.json", "tsconfig.json"] {
        files::copy(&project.at("bindings/js").join(file), &project.made("npm").join(file))?;
    }
    Ok(())
}

/// Puts the npm package together: the modules, small, and the JavaScript around them.
pub(crate) fn build(project: &Project, log: &mut Log) -> Result<()> {
    copy_package(project)?;
    let modules = rust::build_wasm(project, log)?;
    for (name, built) in MODULES.iter().zip(modules) {
        let module = project.made(&format!("npm/js/wasm/{name}.wasm"));
        files::make_folder(&project.made("npm/js/wasm"))?;
        let bindgen =
            ["run", "--profile=quick", "--package=xtask", "--features=bindgen", "--bin=bindgen", "--"];
        log.run(project.cargo(bindgen).arg(built).arg(&module))?;
        let features = ["bulk-memory", "nontrapping-float-to-int", "sign-ext", "mutable-globals"];
        let features = features.iter().chain(&["multivalue", "reference-types"]);
        let optimize = ["-Oz", "-Oz", "--strip-debug", "--strip-producers"];
        let mut command = tool(project, "wasm-opt");
        command.args(optimize).args(features.map(|feature| format!("--enable-{feature}")));
        log.run(command.arg(&module).arg("-o").arg(&module))?;
    }
    Ok(())
}

/// Runs the tests of the package in Node.js.
pub(crate) fn test(project: &Project, log: &mut Log) -> Result<()> {
    let artifact = artifact::variables(project, log)?;
    log.run(node_test().current_dir(project.made("npm")).envs(artifact))
}

/// Checks the types of the package.
pub(crate) fn check_types(project: &Project, log: &mut Log) -> Result<()> {
    log.run(tool(project, "tsc").args(["--project", "tsconfig.json"]).current_dir(project.made("npm")))
}

/// Runs the tests of the Worker, which start workerd.
pub(crate) fn test_worker(project: &Project, log: &mut Log) -> Result<()> {
    let worker = project.made("worker");
    files::remove_folder(&worker)?;
    files::copy_folder(&project.at("bindings/worker"), &worker)?;
    let artifact = artifact::variables(project, log)?;
    log.run(node_test().current_dir(worker).env("WORKERD", workerd(project)?).envs(artifact))
}

fn node_test() -> Command {
    let mut command = Command::new("node");
    command.args(["--test", "--test-reporter=tap", "test/"]);
    command
}

fn tool(project: &Project, name: &str) -> Command {
    Command::new(project.made("npm/node_modules/.bin").join(name))
}

/// Finds workerd itself: its script would stand between it and the signal that ends it.
fn workerd(project: &Project) -> Result<PathBuf> {
    let packages = files::list(&project.made("npm/node_modules/@cloudflare"))?;
    let programs = packages.iter().map(|package| package.join("bin/workerd"));
    programs
        .into_iter()
        .find(|path| path.is_file())
        .ok_or_else(|| "npm has no workerd for this machine".to_owned())
}
