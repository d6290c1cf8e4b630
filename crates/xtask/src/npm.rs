//! JavaScript's part: the tools and the npm package in target/npm, its tests and types.

use std::path::Path;
use std::process::Command;

use crate::files;
use crate::log::Log;
use crate::project::{Project, Result};
use crate::{artifact, rust, setup};

/// What is written by hand beside the folders of the package.
const PACKAGE_FILES: [&str; 7] = [
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "package-lock.json",
    "package.json",
    "tsconfig.json",
    "tsconfig.without-dom.json",
];

/// The modules of WebAssembly, each with the file that the package has for it.
const MODULES: [(&str, &str); 3] =
    [("evaluator", "gatelaw.wasm"), ("compiler", "gatelaw-compiler.wasm"), ("tokens", "gatelaw-tokens.wasm")];

/// How wasm-opt makes them better. What is enabled is what Rust's own libraries are built with, and every engine has. The lowest bytes of the
/// memory are the end of the stack: no address is computed from one there.
const WASM_OPT: [&str; 10] = [
    "-O3",
    "--low-memory-unused",
    "--strip-debug",
    "--strip-producers",
    "--enable-bulk-memory",
    "--enable-nontrapping-float-to-int",
    "--enable-sign-ext",
    "--enable-mutable-globals",
    "--enable-multivalue",
    "--enable-reference-types",
];

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
    for file in PACKAGE_FILES {
        files::copy(&project.at("bindings/js").join(file), &project.made("npm").join(file))?;
    }
    Ok(())
}

/// Puts the npm package together: the modules, small, and the JavaScript around them.
pub(crate) fn build(project: &Project, log: &mut Log) -> Result<()> {
    copy_package(project)?;
    for (module, file) in MODULES {
        let built = rust::build_wasm(project, module, log)?;
        let finished = project.made(&format!("wasm-finished/{module}.wasm"));
        let stamp = (format!("wasm {module}"), format!("{WASM_OPT:?} {}", files::digest(&built)?));
        if !setup::is_stamped(project, &stamp.0, &stamp.1) || !finished.exists() {
            finish(project, &built, &finished, log)?;
            setup::write_stamp(project, &stamp.0, &stamp.1)?;
        }
        files::copy(&finished, &project.made("npm/js/wasm").join(file))?;
    }
    Ok(())
}

/// Makes of what the compiler built what is shipped. That takes longer than to see that nothing changed.
fn finish(project: &Project, built: &Path, finished: &Path, log: &mut Log) -> Result<()> {
    files::make_folder(&project.made("wasm-finished"))?;
    let bindgen = ["run", "--profile=quick", "--package=xtask", "--features=bindgen", "--bin=bindgen", "--"];
    log.run(project.cargo(bindgen).arg(built).arg(finished))?;
    log.run(tool(project, "wasm-opt").args(WASM_OPT).arg(finished).arg("-o").arg(finished))
}

/// Runs the tests of the package in Node.js.
pub(crate) fn test(project: &Project, log: &mut Log) -> Result<()> {
    let artifact = artifact::variables(project, log)?;
    let mut command = node_test(&project.made("npm"), "test")?;
    log.run(command.envs(artifact).env("GATELAW_REPOSITORY", &project.root))
}

/// Checks the types of the package.
pub(crate) fn check_types(project: &Project, log: &mut Log) -> Result<()> {
    for config in ["tsconfig.json", "tsconfig.without-dom.json"] {
        log.run(tool(project, "tsc").args(["--project", config]).current_dir(project.made("npm")))?;
    }
    Ok(())
}

/// Runs the files of a folder that are named `*.test.js`: how Node.js finds them by itself differs by version.
pub(crate) fn node_test(package: &Path, folder: &str) -> Result<Command> {
    let mut tests = files::list(&package.join(folder))?;
    tests.retain(|path| path.to_str().is_some_and(|path| path.ends_with(".test.js")));
    let mut command = Command::new("node");
    command.args(["--test", "--test-reporter=tap"]).args(tests).current_dir(package);
    Ok(command)
}

/// Starts a tool of the npm package.
pub(crate) fn tool(project: &Project, name: &str) -> Command {
    Command::new(project.made("npm/node_modules/.bin").join(name))
}

/// Starts a script of the package's tests.
pub(crate) fn script(project: &Project, name: &str) -> Command {
    let mut command = Command::new("node");
    command.arg(project.made("npm/test").join(name));
    command
}
