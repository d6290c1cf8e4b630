//! The doors that every runtime has, in Rust: what the same doors cost in other languages is told beside these.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use gatelaw::{Caller, Session, Sources, compile};
use gatelaw_benches::clock::{least_ns, ratio};
use gatelaw_benches::requests::{HOST, NOW};
use gatelaw_benches::workload::Request;
use gatelaw_benches::{Workload, policy};
use gatelaw_host::{RequestLine, decide_line};

use crate::others::{self, lua_text};

/// How many requests a round asks, those of the workload over and over where it has fewer.
const ASKED: usize = 10_000;
const ROUNDS: usize = 15;

/// Writes `policy.gatelaw`, `requests.jsonl` and `requests.lua` for other runtimes, and `workload.json` and `workload.lua` for
/// what is written by hand there; and prints what their doors cost here.
pub(crate) fn print(folder: &Path, rules: usize, requests: usize) -> Result<(), String> {
    let workload = Workload::new(1, rules, requests);
    let passes = ASKED.checked_div(requests).ok_or("no requests are nothing to measure")?.max(1);
    let compiled = compile(&Sources::from_text("bench.gate", &policy::text(&workload)))
        .map_err(|errors| format!("the policy has {} errors", errors.len()))?;
    let lines: Vec<String> = workload.requests.iter().map(|r| policy::request_line(&workload, r)).collect();
    let lua: Vec<String> = workload.requests.iter().map(|r| lua_request(&workload, r)).collect();
    let write = |name: &str, bytes: &[u8]| {
        let path = folder.join(name);
        fs::write(&path, bytes).map_err(|error| format!("{} can't be written: {error}", path.display()))
    };
    write("policy.gatelaw", &compiled.plan.to_bytes())?;
    write("requests.jsonl", (lines.join("\n") + "\n").as_bytes())?;
    write("requests.lua", (lua.join("\n") + "\n").as_bytes())?;
    let known = others::workload(&workload);
    write("workload.json", known.to_string().as_bytes())?;
    write("workload.lua", format!("return {}\n", others::lua(&known)).as_bytes())?;

    let plan = &compiled.plan;
    let prepared = policy::identities(&workload, plan.identity_model());
    let prepared: Vec<_> = prepared.into_iter().map(|identity| plan.prepare(identity)).collect();
    let headers: Vec<_> = workload.requests.iter().map(policy::header_lines).collect();
    let asked: Vec<_> = workload.requests.iter().zip(&headers).collect();
    let parsed: Vec<_> = lines.iter().filter_map(|line| RequestLine::parse(line, None).ok()).collect();
    let [mut first, mut second, mut third, mut fourth] = [plan; 4].map(Session::new);
    let (mut texts, mut values, mut decided, mut told) = (0, 0, 0, 0);
    let [text_ns, values_ns, prepared_ns, verdict_ns] = least_ns(
        ROUNDS,
        [
            &mut || {
                for line in repeated(&lines, passes) {
                    texts += decide_line(&mut first, line, None).len();
                }
            },
            &mut || {
                for line in repeated(&parsed, passes) {
                    let caller = line.caller(plan.identity_model());
                    let decision = line.with(|raw| second.decision(raw, caller.caller()));
                    values += u64::from(decision.status);
                }
            },
            &mut || {
                for (request, headers) in repeated(&asked, passes) {
                    let caller = request.caller.and_then(|number| prepared.get(number));
                    let caller = caller.map_or(Caller::Anonymous, Caller::Prepared);
                    decided += u64::from(third.decision(&policy::raw(request, headers), caller).status);
                }
            },
            &mut || {
                for (request, headers) in repeated(&asked, passes) {
                    let caller = request.caller.and_then(|number| prepared.get(number));
                    let caller = caller.map_or(Caller::Anonymous, Caller::Prepared);
                    told += u64::from(fourth.decide(&policy::raw(request, headers), caller).status());
                }
            },
        ],
    );
    if texts == 0 || values != decided || values != told {
        return Err("the doors answer otherwise".into());
    }
    let count = u64::try_from(passes.saturating_mul(requests)).map_err(|error| error.to_string())?;
    let doors =
        [("text", text_ns), ("values", values_ns), ("prepared", prepared_ns), ("verdict", verdict_ns)];
    for (door, ns) in doors {
        println!("{door:28}{:>14}{:>9}", ns / count, ratio(ns, values_ns));
    }
    Ok(())
}

/// Goes over a list again and again.
fn repeated<T>(list: &[T], passes: usize) -> impl Iterator<Item = &T> {
    std::iter::repeat_n(list, passes).flatten()
}

/// Writes a request as the Lua library takes it, with `identity` beside.
fn lua_request(workload: &Workload, request: &Request) -> String {
    let headers: Vec<String> = policy::header_lines(request)
        .iter()
        .map(|(name, value)| format!("{{ {}, {} }}", lua_text(name), lua_text(value)))
        .collect();
    let mut text = format!(
        "{{ asked = {{ method = {}, scheme = \"https\", host = {}, target = {}, headers = {{ {} }}, ip = \"{}\", \
         facts = {{ country = {} }}, now = {NOW} }}",
        lua_text(request.method.as_bytes()),
        lua_text(HOST.as_bytes()),
        lua_text(request.target.as_bytes()),
        headers.join(", "),
        request.ip,
        lua_text(request.country.as_bytes()),
    );
    if let Some((number, caller)) =
        request.caller.and_then(|number| Some((number, workload.callers.get(number)?)))
    {
        let claims = policy::claims(number, caller);
        let (text_of_claims, table) = (lua_text(claims.to_string().as_bytes()), others::lua(&claims));
        // Writing to a `String` can't fail.
        _ = write!(text, ", caller = {number}, claims = {text_of_claims}, words = {table}");
    }
    text + " }"
}
