//! A gate that fetches the keys of its policy's issuers itself.
//!
//! ```text
//! cargo run -p gatelaw-host --features fetch --example gate_that_fetches_keys -- policy.gate /v1/orders < token.txt
//! ```
//!
//! It decides a GET of the path with the token on stdin, twice: the first time the keys of its issuer are fetched and its signature
//! is verified, the second time it is remembered. Keys are fetched by `http` too where their URL is of this machine.

use std::error::Error;
use std::io::stdin;
use std::path::PathBuf;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use gatelaw::{RawRequest, compile};
use gatelaw_host::{Fetcher, Gate, decision_line, files};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(policy), Some(target)) = (arguments.next(), arguments.next()) else {
        return Err(
            "write a policy and a path: `gate_that_fetches_keys policy.gate /v1/orders < token.txt`".into()
        );
    };
    let sources = files::read(&[PathBuf::from(policy)]).sources;
    let plan = compile(&sources).map_err(|errors| format!("{errors:?}"))?.plan;
    let authorization = format!("Bearer {}", std::io::read_to_string(stdin())?.trim());

    // One fetcher serves all threads; each thread has a gate, the next one by `gate.share()`.
    let fetcher = Fetcher::default().allow_loopback();
    let mut gate = Gate::new(plan);
    for _ in 0..2 {
        let now = i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs())?;
        let headers: [(&[u8], &[u8]); 1] = [(b"authorization", authorization.as_bytes())];
        let raw =
            RawRequest { headers: &headers, now, ..RawRequest::new(b"GET", b"localhost", target.as_bytes()) };
        let begun = Instant::now();
        gate.decide_fetching(&raw, &mut |issuer| {
            let fetched = fetcher.fetch(issuer, now);
            if let Err(error) = &fetched {
                eprintln!("the keys of `{}`: {error} (`{}`)", issuer.name, error.code());
            }
            Ok(fetched?)
        });
        let took = begun.elapsed();
        println!("{} in {took:?}", decision_line(&gate.session().to_decision()));
    }
    Ok(())
}
