"""Callers mapped once: they decide as their claims do, for one policy alone."""

import gc
import json
from typing import Any, Optional

import pytest
from corpus import cases, topics
from decide_lines import as_keywords
from test_decide import GATE, POLICY, STAFF, decide

import gatelaw

KNOWN: dict[str, Any] = {
    "staff": STAFF,
    "somebody": {"issuer": "okta", "claims": {"sub": "u2", "level": 3}},
    "of no issuer": {"issuer": "other", "claims": {"sub": "u1"}},
    "without a subject": {"issuer": "okta", "claims": {}},
    "refused": {"invalid": "expired"},
    "without keys": {"unavailable": "okta"},
    "without a verifier": {"token": "okta"},
}


@pytest.mark.parametrize("identity", KNOWN.values(), ids=KNOWN)
def test_an_identity_decides_as_its_claims(identity: dict[str, Any]) -> None:
    known = POLICY.identity(identity)
    for target in ("/orders/42", "/orders", "/healthz", "/gone", "/a//b"):
        for method in ("GET", "POST"):
            request: dict[str, Any] = {"method": method, "host": "api.acme.com", "target": target, "now": 1}
            assert GATE.decide(**request, identity=known) == GATE.decide(**request, identity=identity)
            for ask in (GATE.handle, GATE.explain):
                keywords: dict[str, Any] = {**request, **({"request_id": "1"} if ask == GATE.handle else {})}
                assert ask(**keywords, identity=known) == ask(**keywords, identity=identity)


def test_the_corpus_is_decided_alike() -> None:
    asked = 0
    for topic in topics():
        gate: Optional[gatelaw.Gate] = None
        for case in cases(topic):
            if '"identity"' not in case.request or '"error"' in case.answer:
                continue
            gate = gate or gatelaw.Gate(gatelaw.compile(topic), limits="report")
            keywords = as_keywords(json.loads(case.request))
            cert = keywords.get("facts", {}).get("client_cert")
            known = gate.policy.identity(keywords.pop("identity"), client_cert=cert if isinstance(cert, str) else None)
            assert gate.decide(**keywords, identity=known).to_json() == case.answer, f"{topic.name}:{case.line}"
            asked += 1
    assert asked > 300, asked


def test_an_identity_is_of_one_policy() -> None:
    other = gatelaw.compile({"policy.gate": "allow every { on GET /**  for anyone }"})
    with pytest.raises(gatelaw.GatelawError, match="`identity`: it was made for another policy") as raised:
        decide(identity=other.identity({"invalid": "expired"}))
    assert raised.value.code == "argument"


def test_an_identity_outlives_the_policy_that_made_it() -> None:
    policy = gatelaw.compile({"policy.gate": "allow every { on GET /**  for anyone }"})
    gate, known = gatelaw.Gate(policy), policy.identity({"invalid": "expired"})
    del policy
    gc.collect()
    assert gate.decide(method="GET", host="a.example", target="/", identity=known).reason == "token:expired"
    assert repr(known) == "<gatelaw.Identity a token that is not valid (`expired`)>"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((None,), "`identity`: an object is needed; nobody is told by leaving it out"),
        (("root",), "`identity`: an object is needed; nobody is told by leaving it out"),
        (({"issuer": "okta"},), "`identity.claims`: an issuer comes with `claims`, or with `invalid`"),
        (({"issuer": "okta", "claims": {"a": {1}}},), "`identity.claims.a`: a value that JSON can say is needed, not `set`"),
        (({"user": "root"},), "`identity.user`: identities have issuer, claims, invalid, unavailable, token"),
    ],
)
def test_a_mistake_is_named_in_words(arguments: tuple[Any, ...], says: str) -> None:
    with pytest.raises((TypeError, gatelaw.GatelawError)) as raised:
        POLICY.identity(*arguments)
    assert str(raised.value) == says


def test_a_certificate_is_a_text() -> None:
    with pytest.raises(TypeError, match="`client_cert`: a `str` is needed, not `bytes`"):
        POLICY.identity(STAFF, client_cert=b"00")  # type: ignore[arg-type]
