"""What type checkers take, and what they refuse: never run, only checked. A refusal that goes missing is an unused `ignore`."""

from pathlib import Path

import gatelaw


def takes(gate: gatelaw.Gate, raw: list[tuple[bytes, bytes]], texts: dict[str, str], pairs: list[list[str]]) -> None:
    """All that a caller may hand over."""
    policies = [gatelaw.compile("policy"), gatelaw.compile(Path("policy")), gatelaw.compile(texts), gatelaw.compile({"a": b""})]
    for headers in (raw, texts, pairs, {b"a": b"b"}, {"a": b"b"}, None):
        gate.decide(method="GET", host="a.example", target=b"/", headers=headers)
    decision: gatelaw.Decision = gate.decide({"method": "GET"})
    lines: list[str] = gate.decide_many(["{}"]) + gate.decide_many([b"{}"])
    decisions: list[gatelaw.Decision] = gate.decide_many([{"method": "GET"}])
    handling = gate.handle({"method": "GET"})
    known: gatelaw.Identity = gate.policy.identity({"invalid": "expired"}, client_cert=None)
    gate.decide(method="GET", host="a.example", target="/", identity=known)
    verifying = gatelaw.Gate(gate.policy, keys={"okta": b"{}", "github": "keys.json", "own": Path("keys.json")}, fetch="loopback", tokens_max=10)
    verifying.set_keys("okta", Path("keys.json"))
    failures: dict[str, str] = verifying.fetch_keys()
    checked: gatelaw.TokenCheck = verifying.check_token("e30.e30.e30", client_cert=None, now=1)
    print(failures, checked["code"], [step["says"] for step in checked["checks"] if step["outcome"] == "failed"])
    counters: gatelaw.Counters = verifying.counters()
    print(counters["issuers"]["okta"]["clock_skew_suspected"]["behind"]["refused"], counters["refused"]["token:size"], verifying.prometheus().lower())
    target: str = handling.target if isinstance(handling, gatelaw.Forward) else handling.body
    print(policies, decision.allowed, lines, decisions, target)


def refuses(policy: gatelaw.Policy, gate: gatelaw.Gate) -> None:
    """What no caller should get past its editor."""
    gatelaw.compile(b"policy")  # type: ignore[arg-type]
    gatelaw.Gate(policy, limits="ignore")  # type: ignore[arg-type]
    gatelaw.Gate(policy, facts=["weather"])  # type: ignore[list-item]
    gatelaw.Gate(policy, fetch="always")  # type: ignore[arg-type]
    gatelaw.Gate(policy, keys={"okta": {}})  # type: ignore[dict-item]
    gate.decide(method="GET", host="a.example")  # type: ignore[call-overload]
    gate.decide(method="GET", host="a.example", target="/", headers="a: b")  # type: ignore[arg-type]
    gate.decide(method="GET", host="a.example", target="/", now=1.5)  # type: ignore[call-overload]
    gate.decide(method="GET", host="a.example", target="/", identity="root")  # type: ignore[call-overload]
    gate.policy.identity("root")  # type: ignore[arg-type]
    gate.decide_many([1])  # type: ignore[arg-type]
    gate.decide({}).status = 200  # type: ignore[misc]
