"""A defect in the native part: an ordinary exception, nothing allowed, the process and the gate alive."""

import importlib
import json
from typing import Any, Callable

import pytest
from corpus import POLICIES

import gatelaw

# Only a module built for tests has it: `--features forced-panic`.
panic_in_next_call: Callable[..., None] = getattr(importlib.import_module("gatelaw._gatelaw"), "_panic_in_next_call")

TEXTS = {"policy.gate": "allow health { on GET /healthz  for anyone }"}
POLICY = gatelaw.compile(TEXTS)
ARTIFACT = POLICY.to_bytes()
GATE = gatelaw.Gate(POLICY)
REQUEST: dict[str, Any] = {"method": "GET", "scheme": "https", "host": "api.acme.com", "target": "/healthz", "now": 1}
LINE = json.dumps(REQUEST)
ANSWER = POLICY.decide_json(LINE)
ISSUER = 'issuer a { url "https://a.example"  audience "api"  algorithms EdDSA }\n'
KEYS = b'{"keys":[]}'
VERIFYING = gatelaw.Gate(gatelaw.compile({"policy.gate": ISSUER + TEXTS["policy.gate"]}), keys={"a": KEYS})


def set_keys() -> bool:
    VERIFYING.set_keys("a", KEYS)
    return True


CALLS: dict[str, Callable[[], Any]] = {
    "compile": lambda: gatelaw.compile(TEXTS),
    "check": lambda: gatelaw.check(TEXTS),
    "load_unsigned": lambda: gatelaw.Policy.load_unsigned(ARTIFACT),
    "to_bytes": POLICY.to_bytes,
    "needs": POLICY.needs,
    "identity": lambda: POLICY.identity({"invalid": "expired"}),
    "policy.decide_json": lambda: POLICY.decide_json(LINE),
    "policy.explain_json": lambda: POLICY.explain_json(LINE),
    "Gate": lambda: gatelaw.Gate(POLICY),
    "decide": lambda: GATE.decide(**REQUEST),
    "decide of a mapping": lambda: GATE.decide(REQUEST),
    "allows": lambda: GATE.allows(**REQUEST),
    "decide_json": lambda: GATE.decide_json(LINE),
    "decide_many": lambda: GATE.decide_many([LINE]),
    "handle": lambda: GATE.handle(**REQUEST),
    "explain": lambda: GATE.explain(**REQUEST),
    "explain_json": lambda: GATE.explain_json(LINE),
    "decide of one that verifies": lambda: VERIFYING.decide(**REQUEST),
    "allows of one that verifies": lambda: VERIFYING.allows(**REQUEST),
    "check_token": lambda: VERIFYING.check_token("e30.e30.e30"),
    "set_keys": set_keys,
    "fetch_keys": lambda: VERIFYING.fetch_keys(now=1),
    "counters": lambda: VERIFYING.counters(),
    "prometheus": lambda: VERIFYING.prometheus(),
    "Decision.from_json": lambda: gatelaw.Decision.from_json(ANSWER),
}


@pytest.mark.parametrize("name", CALLS)
def test_a_panic_is_an_exception_and_the_next_call_works(name: str) -> None:
    call = CALLS[name]
    panic_in_next_call()
    with pytest.raises(gatelaw.GatelawError, match="forced by a test; nothing was decided, so nothing is allowed") as raised:
        call()
    assert raised.value.code == "panic"
    assert call() is not None
    assert GATE.decide(REQUEST).allowed


def test_every_method_is_among_them() -> None:
    """A new method that does work is guarded, and tested here."""
    plain = {"policy", "digest", "warnings"}
    methods = {name for kind in (gatelaw.Gate, gatelaw.Policy) for name in dir(kind) if not name.startswith("_")} | {"from_json"}
    functions = {"compile", "check", "Gate", "decide of a mapping", "decide of one that verifies", "allows of one that verifies"}
    assert methods == plain | {name.split(".")[-1] for name in CALLS.keys() - functions}


def test_a_panic_in_a_batch_is_one_requests_alone() -> None:
    answer = POLICY.decide_json(LINE)
    # The batch itself is the first guarded call.
    panic_in_next_call(2)
    assert GATE.decide_many([LINE, LINE, LINE]) == [answer, '{"v":1,"error":"panic","at":""}', answer]
    panic_in_next_call(2)
    with pytest.raises(gatelaw.GatelawError, match=r"forced by a test.*\(requests\[1\]\)") as raised:
        GATE.decide_many([REQUEST, REQUEST, REQUEST])
    assert raised.value.code == "panic"
    assert all(GATE.decide_many([REQUEST, REQUEST, REQUEST]))


def test_a_panic_leaves_a_large_policy_usable() -> None:
    gate = gatelaw.Gate(gatelaw.compile(POLICIES / "orders-api"), limits="report")
    request = {**REQUEST, "ip": "192.0.2.1"}
    before = gate.decide(request)
    for _ in range(3):
        panic_in_next_call()
        with pytest.raises(gatelaw.GatelawError):
            gate.decide(request)
    assert gate.decide(request) == before and before.allowed
