//! JavaScript's part: the tools and the npm package in target/npm, its tests and types.

use std::path::{Path, PathBuf};
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
    files::make_folder(&project.made("wasm-finished"))?;
    let mut optimise = None;
    for (module, _) in MODULES {
        // Both take one core for most of their time.
        let build = rust::wasm_build(project, module);
        log.run_together(&mut Vec::from_iter(std::iter::once(build).chain(optimise)))?;
        optimise = is_new(project, module)?.then(|| bound(project, module, log)).transpose()?;
    }
    optimise.map_or(Ok(()), |mut optimise| log.run(&mut optimise))?;
    for (module, file) in MODULES {
        setup::write_stamp(project, &stamp_name(module), &stamp(project, module)?)?;
        files::copy(&finished(project, module), &project.made("npm/js/wasm").join(file))?;
    }
    Ok(())
}

/// Binds a module that the compiler built to JavaScript, and answers how it is made small then.
fn bound(project: &Project, module: &str, log: &mut Log) -> Result<Command> {
    // Were the next module not built, this one would be finished and its stamp still that of the one before.
    setup::write_stamp(project, &stamp_name(module), "being made")?;
    let finished = finished(project, module);
    let bindgen = ["run", "--profile=quick", "--package=xtask", "--features=bindgen", "--bin=bindgen", "--"];
    log.run(project.cargo(bindgen).arg(rust::wasm(project, module)).arg(&finished))?;
    let mut optimise = tool(project, "wasm-opt");
    optimise.args(WASM_OPT).arg(&finished).arg("-o").arg(&finished);
    Ok(optimise)
}

/// Answers whether a module is another one than what is finished was made of: to see that takes no time beside making it.
fn is_new(project: &Project, module: &str) -> Result<bool> {
    let is_stamped = setup::is_stamped(project, &stamp_name(module), &stamp(project, module)?);
    Ok(!is_stamped || !finished(project, module).exists())
}

fn stamp_name(module: &str) -> String {
    format!("wasm {module}")
}

fn stamp(project: &Project, module: &str) -> Result<String> {
    Ok(format!("{WASM_OPT:?} {}", files::digest(&rust::wasm(project, module))?))
}

fn finished(project: &Project, module: &str) -> PathBuf {
    project.made(&format!("wasm-finished/{module}.wasm"))
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
    // On two cores Node.js would run one file after the other, and most of them wait for times to pass.
    command.args(["--test", "--test-reporter=tap", "--test-concurrency=2"]).args(tests).current_dir(package);
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
