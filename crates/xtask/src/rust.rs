//! Cargo's part: set-up, and the steps that check and test the crates.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::files;
use crate::log::Log;
use crate::preflight::said;
use crate::project::{Project, Result};
use crate::setup;

const WASM_TARGET: &str = "wasm32-unknown-unknown";
/// What decides is built for speed, the core for 20 KiB more: an instance then takes a sixth less time for a decision. All of a module is
/// inlined into its own package, and optimised as that is. What compiles is asked once a policy, and stays small.
const EVALUATOR_FAST: [&str; 2] =
    ["profile.wasm.package.gatelaw.opt-level=3", "profile.wasm.package.gatelaw-js.opt-level=3"];
/// How a step runs each fuzz target: from one seed, long enough to see that it works, without growing its inputs slowly.
const FUZZ_OPTIONS: [&str; 3] = ["-seed=1", "-max_total_time=10", "-len_control=0"];
/// How long inputs are at most: what a target makes of more bytes is no other thing. Whole artifacts are longer.
const FUZZ_BYTES_MAX: u32 = 512;
const FUZZ_ARTIFACT_BYTES_MAX: u32 = 4_096;
/// The target whose inputs are whole artifacts.
const FUZZ_OF_ARTIFACTS: &str = "arbitrary_bytes_load_safely";
/// What tells libFuzzer which code an input reached; these flags need no nightly Rust.
const FUZZ_FLAGS: [&str; 7] = [
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Ccodegen-units=1",
    "--cfg=fuzzing",
];
/// Answers whether Rust's standard library for wasm is installed.
pub(crate) fn has_wasm_target() -> bool {
    said("rustc", &["--print", "target-libdir", "--target", WASM_TARGET])
        .is_ok_and(|folder| Path::new(&folder).is_dir())
}

/// Installs Rust's standard library for wasm.
pub(crate) fn add_wasm_target(project: &Project, log: &mut Log) -> Result<()> {
    log.run(Command::new("rustup").args(["target", "add", WASM_TARGET]).current_dir(&project.root))
}

/// Answers whether all crates were fetched.
pub(crate) fn has_crates(project: &Project) -> Result<bool> {
    Ok(setup::is_stamped(project, "crates", &locks(project)?))
}

/// Fetches all crates.
pub(crate) fn fetch_crates(project: &Project, log: &mut Log) -> Result<()> {
    log.run(&mut project.cargo(["fetch", "--locked"]))?;
    log.run(&mut project.cargo(["fetch", "--locked", "--manifest-path", "fuzz/Cargo.toml"]))?;
    setup::write_stamp(project, "crates", &locks(project)?)
}

fn locks(project: &Project) -> Result<String> {
    Ok(files::read(&project.at("Cargo.lock"))? + &files::read(&project.at("fuzz/Cargo.lock"))?)
}

/// Checks that all is formatted.
pub(crate) fn format(project: &Project, log: &mut Log) -> Result<()> {
    log.run(&mut project.cargo(["fmt", "--all", "--check"]))?;
    log.run(&mut project.cargo(["fmt", "--check", "--manifest-path", "fuzz/Cargo.toml"]))?;
    log.run(&mut project.cargo(["fmt", "--check", "--manifest-path", "benches/peers/Cargo.toml"]))
}

/// Checks with clippy, its warnings being errors.
pub(crate) fn lint(project: &Project, log: &mut Log) -> Result<()> {
    log.run(&mut project.cargo(["clippy", "--workspace", "--all-targets", "--", "--deny=warnings"]))?;
    let bindgen =
        ["clippy", "--profile=quick", "--package=xtask", "--features=bindgen", "--", "--deny=warnings"];
    log.run(&mut project.cargo(bindgen))
}

/// Builds the documentation, its warnings being errors.
pub(crate) fn document(project: &Project, log: &mut Log) -> Result<()> {
    log.run(project.cargo(["doc", "--workspace", "--no-deps"]).env("RUSTDOCFLAGS", "--deny=warnings"))
}

/// What the C library has beside what is shipped, for tests: a call that panics.
const FORCED_PANIC: &str = "--features=gatelaw-kong/forced-panic";

/// Whether this run has built the tests of all crates, and with them the programs and the C library.
static TESTS_BUILT: AtomicBool = AtomicBool::new(false);

/// Runs the tests of all crates, those in their documentation too.
pub(crate) fn test(project: &Project, log: &mut Log) -> Result<()> {
    log.run(&mut project.cargo(["test", "--workspace", FORCED_PANIC, "--no-run"]))?;
    TESTS_BUILT.store(true, Ordering::Relaxed);
    log.run(&mut project.cargo(["test", "--workspace", FORCED_PANIC, "--no-fail-fast"]))
}

/// Runs the tests that stand in the policies to copy.
pub(crate) fn test_policies(project: &Project, log: &mut Log) -> Result<()> {
    build_programs(project, log)?;
    let mut failed = Vec::new();
    for policy in policies_to_copy(project)? {
        failed.extend(log.run(gatelaw(project).arg("test").arg(policy)).err());
    }
    if failed.is_empty() { Ok(()) } else { Err(failed.join("\n")) }
}

/// Lists the folders of `policies/` that are policies, not collections of them.
pub(crate) fn policies_to_copy(project: &Project) -> Result<Vec<PathBuf>> {
    let mut folders = files::list(&project.at("policies"))?;
    folders.retain(|folder| folder.join("policy.gate").is_file());
    Ok(folders)
}

/// Builds the programs `gatelaw` and `conformance`.
pub(crate) fn build_programs(project: &Project, log: &mut Log) -> Result<()> {
    build(project, &["--bin=gatelaw", "--bin=conformance"], log)
}

/// Builds targets of the whole workspace: chosen by package they would have other features, and half of all would be built once more. So it
/// would beside tests, as what these depend on adds features too; but then all is there.
fn build(project: &Project, targets: &[&str], log: &mut Log) -> Result<()> {
    if TESTS_BUILT.load(Ordering::Relaxed) {
        return Ok(());
    }
    log.run(project.cargo(["build", "--workspace", FORCED_PANIC]).args(targets))
}

/// Starts a command line of the program `gatelaw`, which [`build_programs`] built.
pub(crate) fn gatelaw(project: &Project) -> Command {
    program(project, "gatelaw")
}

/// Starts a command line of the program `conformance`, which [`build_programs`] built.
pub(crate) fn conformance(project: &Project) -> Command {
    program(project, "conformance")
}

fn program(project: &Project, name: &str) -> Command {
    let mut command = Command::new(project.made("debug").join(name));
    command.current_dir(&project.root);
    command
}

/// Makes the command that builds a module for WebAssembly. The feature of its name is all of it.
pub(crate) fn wasm_build(project: &Project, module: &str) -> Command {
    let mut command = project.cargo(["build", "--profile=wasm", "--target", WASM_TARGET]);
    if module == "evaluator" {
        EVALUATOR_FAST.iter().for_each(|option| _ = command.args(["--config", option]));
    }
    let module_alone = ["--package=gatelaw-js", "--no-default-features", "--features", module];
    command.args(module_alone).args(["--example", module]);
    command
}

/// Where [`wasm_build`] puts a module.
pub(crate) fn wasm(project: &Project, module: &str) -> PathBuf {
    project.made(&format!("{WASM_TARGET}/wasm/examples/{module}.wasm"))
}

/// Builds the library of the C ABI for tests, with a call that panics, and answers where it stands.
pub(crate) fn build_c_library(project: &Project, log: &mut Log) -> Result<PathBuf> {
    build(project, &["--lib"], log)?;
    let (prefix, suffix) = (std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
    let shipped = project.made(&format!("kong/{prefix}gatelaw{suffix}"));
    // There it stands whether it was built alone or with the tests, for which cargo puts it nowhere else.
    files::copy(&project.made(&format!("debug/deps/{prefix}gatelaw_kong{suffix}")), &shipped)?;
    Ok(shipped)
}

/// Builds every fuzz target and runs it briefly, guided by what it covers; two at a time, since this is what CI has cores for.
pub(crate) fn fuzz(project: &Project, log: &mut Log) -> Result<()> {
    let made = project.made("fuzz");
    files::make_folder(&made)?;
    let host = &said("rustc", &["--print", "host-tuple"])?;
    // Named, so that the flags are for the targets alone, not for what runs while they are built.
    let build = ["build", "--manifest-path=fuzz/Cargo.toml", "--bins", "--target", host];
    log.run(project.cargo(build).env("CARGO_TARGET_DIR", &made).env("RUSTFLAGS", FUZZ_FLAGS.join(" ")))?;
    let sources = files::list(&project.at("fuzz/fuzz_targets"))?;
    let targets = sources.iter().filter_map(|source| source.file_stem()?.to_str());
    for pair in targets.collect::<Vec<_>>().chunks(2) {
        let runs = pair.iter().map(|target| fuzz_target(project, &made.join(host), target));
        log.run_together(&mut runs.collect::<Result<Vec<_>>>()?)?;
        for target in pair {
            log.say(&format!("ok - {target}"))?;
        }
    }
    Ok(())
}

/// Makes the command that runs a fuzz target, which was built.
fn fuzz_target(project: &Project, built: &Path, target: &str) -> Result<Command> {
    let made = project.made("fuzz");
    let bytes_max = if target == FUZZ_OF_ARTIFACTS { FUZZ_ARTIFACT_BYTES_MAX } else { FUZZ_BYTES_MAX };
    // What is new goes into the first folder; the second, which is committed, is where it starts.
    let found = made.join("corpus").join(target);
    files::make_folder(&found)?;
    let mut run = Command::new(built.join("debug").join(target));
    run.args(FUZZ_OPTIONS).arg(format!("-max_len={bytes_max}"));
    run.arg(format!("-artifact_prefix={}/", made.display())).arg(found);
    run.arg(project.at("fuzz/seeds").join(target)).current_dir(&project.root);
    Ok(run)
}
