//! `cargo bench -p gatelaw-benches`: one decision by number of rules, with its spread.

use criterion::{BenchmarkId, Criterion};
use gatelaw::{Caller, Session, Sources, compile};
use gatelaw_benches::{Workload, policy};

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    decisions(&mut criterion);
    criterion.final_summary();
}

fn decisions(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("decision from raw strings");
    for rules in [10, 100, 1_000, 10_000] {
        let workload = Workload::new(1, rules, 10_000);
        let Ok(compiled) = compile(&Sources::from_text("bench.gate", &policy::text(&workload))) else {
            return;
        };
        let identities = policy::identities(&workload, &compiled.policy.identity);
        let identities: Vec<_> =
            identities.into_iter().map(|identity| compiled.plan.prepare(identity)).collect();
        let headers: Vec<_> = workload.requests.iter().map(policy::header_lines).collect();
        let mut session = Session::new(&compiled.plan);
        let mut requests = workload.requests.iter().zip(&headers).cycle();
        group.bench_function(BenchmarkId::from_parameter(rules), |bencher| {
            bencher.iter(|| {
                let (request, headers) = requests.next()?;
                let caller = request.caller.and_then(|n| identities.get(n));
                let caller = caller.map_or(Caller::Anonymous, Caller::Prepared);
                Some(session.decide(&policy::raw(request, headers), caller).status())
            });
        });
    }
    group.finish();
}
