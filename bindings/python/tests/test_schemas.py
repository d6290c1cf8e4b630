"""The JSON Schemas of requests and decisions say what the evaluator takes and gives."""

import json
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

import pytest
from corpus import POLICIES, cases, topics

import gatelaw

SCHEMAS = POLICIES.parent / "docs/schema"


class Schema(Protocol):
    """What is asked of a validator: the package has no types for it."""

    def validate(self, instance: Any) -> None: ...

    def is_valid(self, instance: Any) -> bool: ...


def schema(name: str) -> Schema:
    validator: Any = import_module("jsonschema").Draft202012Validator
    read = json.loads((SCHEMAS / name).read_text())
    validator.check_schema(read)
    made: Schema = validator(read)
    return made


REQUEST = schema("request.json")
ANSWER = schema("decision.json")
POLICY = gatelaw.compile({"policy.gate": 'allow foreign { for anyone  when request.country? == "FR" }'})

WHOLE: dict[str, Any] = {
    "method": "GET",
    "scheme": "https",
    "host": "api.example",
    "target": "/a",
    "headers": [["x-a", "1"], ["x-b", {"hex": "e9"}]],
    "ip": "192.0.2.1",
    "facts": {"country": "FR", "size": 3},
    "now": 1_795_000_000,
    "identity": {"issuer": "okta", "claims": {"sub": "u1"}},
}


@pytest.mark.parametrize("topic", topics(), ids=lambda topic: topic.name)
def test_the_corpus_fits(topic: Path) -> None:
    for case in cases(topic):
        answer = json.loads(case.answer)
        ANSWER.validate(answer)
        # No JSON; or a request, but not for a policy that reads the address.
        if answer.get("error") in ("json", "too-large") or answer.get("at") == "ip":
            continue
        assert REQUEST.is_valid(json.loads(case.request)) == ("error" not in answer), f"{topic.name}:{case.line}"


def changes() -> list[Any]:
    """Lists requests that differ from a whole one in one place."""
    changed: list[Any] = [{name: value for name, value in WHOLE.items() if name != left} for left in WHOLE]
    values: list[Any] = [None, True, 7, 1.5, "", "x", [], {}, [["x-a"]], [["x-a", 1]], [["x-a", {"hex": "e"}]], 2**63, -(2**63)]
    changed += [{**WHOLE, name: value} for name in WHOLE for value in values]
    changed += [{**WHOLE, "identity": {"issuer": "okta", name: value}} for name in ("claims", "invalid", "other") for value in values]
    changed += [{**WHOLE, "identity": {name: value}} for name in ("invalid", "unavailable", "token") for value in values]
    changed += [{**WHOLE, "facts": {name: value}} for name in ("country", "asn", "other") for value in values]
    changed += [{**WHOLE, "target_hex": "2f"}, {**WHOLE, "other": 1}, {**WHOLE, "scheme": "HTTPS"}, [], "x", None]
    changed += [{**{n: v for n, v in WHOLE.items() if n != "target"}, "target_hex": hex} for hex in ("2f", "2F6a", "2", "zz", "", 7)]
    return changed


@pytest.mark.parametrize("request_", changes(), ids=json.dumps)
def test_what_the_evaluator_takes_is_what_the_schema_allows(request_: Any) -> None:
    answer = json.loads(POLICY.decide_json(json.dumps(request_)))
    ANSWER.validate(answer)
    assert REQUEST.is_valid(request_) == ("error" not in answer), answer
