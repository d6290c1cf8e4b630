//! `cargo xtask demo`: what gatelaw does, for a person to read.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use crate::log::Log;
use crate::preflight;
use crate::project::{Project, Result};
use crate::rust::gatelaw;
use crate::{files, parity, rust, setup, worker};

/// Reads a value that a token may lack, as people do at first.
const MISTAKE: &str = "\
issuer okta {
  url        \"https://acme.okta.com/oauth2/default\"
  audience   \"api://orders\"
  algorithms RS256
  attribute tenant: string? = claim org_id
}

allow read {
  on   GET /tenants/{tenant}/orders
  for  authenticated
  when user.tenant == path.tenant
}
";

/// The request that is explained: the ninth of the day.
const EXPLAINED: usize = 9;

/// Shows it, and answers whether all went well.
pub(crate) fn demo(project: &Project) -> Result<bool> {
    if !preflight::preflight(project) {
        return Ok(false);
    }
    setup::setup(project)?;
    println!("building gatelaw");
    build(project)?;
    files::make_folder(&project.made("demo"))?;
    let shown =
        [policies, published_decisions, requests, explanation, mistake, gates].map(|show| show(project));
    let all_well = shown.into_iter().collect::<Result<Vec<bool>>>()?.into_iter().all(|well| well);
    title("Next");
    let program = project.made("debug/gatelaw");
    let program = program.strip_prefix(&project.root).unwrap_or(&program).display();
    println!("  {program} init my-policy");
    println!("      makes a small project of your own, with tests");
    println!("  {program} --help");
    println!("      names every verb");
    println!("  policies/README.md");
    println!("      says which policy to copy for what");
    Ok(all_well)
}

fn build(project: &Project) -> Result<()> {
    let mut log = Log::begin(project, "demo")?;
    rust::build_programs(project, &mut log).map_err(|error| format!("{error}\n{}", log.tail()))
}

fn policies(project: &Project) -> Result<bool> {
    title("The policies of this repository: compiled, and their tests run");
    let mut all_well = true;
    for folder in rust::policies_to_copy(project)? {
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let compiled =
            last_words(gatelaw(project).arg("compile").arg(&folder).arg("-o").arg(artifact(project, &name)))?;
        let tested = last_words(gatelaw(project).arg("test").arg(&folder))?;
        all_well &= compiled.is_ok() && tested.is_ok();
        let [compiled, tested] = [compiled, tested].map(|said| said.unwrap_or_else(|complaint| complaint));
        println!("  {name:<18} {compiled:<26} tests: {tested}");
    }
    Ok(all_well)
}

fn artifact(project: &Project, policy: &str) -> PathBuf {
    project.made("demo").join(policy).with_extension("gatelaw")
}

fn published_decisions(project: &Project) -> Result<bool> {
    title("The published decisions of the AuthZEN API gateway scenario");
    show(rust::conformance(project).arg("authzen"))
}

fn requests(project: &Project) -> Result<bool> {
    title("A day at the gate of the orders API");
    let artifact = artifact(project, "orders-api");
    let asked = ["policies/orders-api/requests.jsonl", "--format", "text"];
    show(gatelaw(project).args(["decide", "--policy"]).arg(artifact).args(asked))
}

fn explanation(project: &Project) -> Result<bool> {
    title("Why one of these requests was denied");
    let requests = files::read(&project.at("policies/orders-api/requests.jsonl"))?;
    let Some(request) = requests.lines().nth(EXPLAINED - 1) else {
        return Err(format!("requests.jsonl has no line {EXPLAINED}"));
    };
    let asked = project.made("demo/asked.jsonl");
    files::write(&asked, request)?;
    show(gatelaw(project).args(["explain", "--policy"]).arg(artifact(project, "orders-api")).arg(asked))
}

fn mistake(project: &Project) -> Result<bool> {
    title("A mistake, as the compiler tells it");
    files::write(&project.made("demo/mistake.gate"), MISTAKE)?;
    let output =
        output_of(gatelaw(project).args(["check", "mistake.gate"]).current_dir(project.made("demo")))?;
    print!("{}{}", text(&output.stderr), text(&output.stdout));
    Ok(!output.status.success())
}

fn gates(project: &Project) -> Result<bool> {
    title("The same requests in every runtime and at both gates");
    println!("building Python's module, WebAssembly, the Worker and the library of Kong's plugin\n");
    let mut log = Log::begin(project, "demo gates")?;
    let policy = project.at("policies/multi-tenant-saas");
    let requests = policy.join("requests.jsonl");
    let mut command = shown_gates(project, &mut log, &policy, &requests)
        .map_err(|error| format!("{error}\n{}", log.tail()))?;
    show(&mut command)
}

fn shown_gates(project: &Project, log: &mut Log, policy: &Path, requests: &Path) -> Result<Command> {
    let (artifact, answers) = parity::answers_of_all(project, log, policy, requests)?;
    let mut command = worker::demo(project, log)?;
    command.arg(artifact).arg(requests);
    command.args(answers.iter().map(|(name, path)| format!("{name}={}", path.display())));
    Ok(command)
}

fn title(text: &str) {
    println!("\n── {text}\n");
}

/// Runs a command for the reader to see, and answers whether it ended with 0.
fn show(command: &mut Command) -> Result<bool> {
    let output = output_of(command.stdout(Stdio::inherit()).stderr(Stdio::inherit()))?;
    Ok(output.status.success())
}

/// Runs a command, and answers what stands behind the last colon of the line that sums up; what it complains of if it fails.
fn last_words(command: &mut Command) -> Result<std::result::Result<String, String>> {
    let output = output_of(command)?;
    let said = text(&output.stdout);
    let sum = said.lines().rev().find(|line| line.contains(": ") && !line.starts_with(' '));
    let sum = sum.and_then(|line| line.rsplit(": ").next()).unwrap_or_default().to_owned();
    match output.status.success() {
        true => Ok(Ok(sum)),
        false => Ok(Err(format!("{sum}\n{}", text(&output.stderr)))),
    }
}

fn output_of(command: &mut Command) -> Result<Output> {
    let output = command.stdin(Stdio::null()).output();
    output.map_err(|error| format!("{} can't be started: {error}", command.get_program().display()))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
