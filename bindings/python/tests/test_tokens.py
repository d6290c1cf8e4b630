"""Gates that verify tokens: with keys of their own, and with keys that they fetch."""

from __future__ import annotations

import base64
import json
import os
import threading
import time
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

import gatelaw

CRATES = Path(__file__).resolve().parents[3] / "crates"
ATTACKS: dict[str, Any] = json.loads((CRATES / "gatelaw-host/tests/data/jwt_attacks.json").read_text())
CODES = dict(line.split(" ") for line in (CRATES / "gatelaw-host/tests/data/jwt_attacks.codes").read_text().splitlines())
ATTACKED = """
issuer idp { url "https://idp.example"  audience "api"  algorithms RS256, ES256, EdDSA  leeway 30s }
allow any-signed { for authenticated }
"""

# An Ed25519 key for tests alone, and tokens that it signed: the same that the program's sessions show.
SESSION = CRATES / "gatelaw-cli/tests/sessions/token"
KEYS = SESSION / "keys.json"
TEXT = (SESSION / "policy.gate").read_text()
POLICY = gatelaw.compile({"policy.gate": TEXT})
NOW = 1_800_000_000


def token(name: str) -> str:
    return (SESSION / f"{name}.jwt").read_text().strip()


def request(bearer: str = "", now: int = NOW, **changes: Any) -> dict[str, Any]:
    headers = [("Authorization", f"Bearer {bearer}")] if bearer else []
    return {"method": "GET", "host": "api.acme.com", "target": "/orders/1", "headers": headers, "now": now, **changes}


def line_of(keywords: dict[str, Any]) -> str:
    headers = [list(header) for header in keywords["headers"]]
    return json.dumps({**keywords, "scheme": "https", "headers": headers})


def token_of(case: dict[str, Any]) -> str:
    """Returns the token of a case: as it stands, or as parts that are repeated."""
    return "".join(part * times for part, times in case["token_gen"]) if "token_gen" in case else case["token"]


def test_attacks_are_refused_with_the_codes_of_every_runtime() -> None:
    policy = gatelaw.compile({"policy.gate": ATTACKED})
    gate = gatelaw.Gate(policy, keys={"idp": json.dumps(ATTACKS["jwks"]).encode()})
    now = ATTACKS["meta"]["now"]
    for case in ATTACKS["cases"]:
        attack, code = token_of(case), CODES[case["id"]]
        expected = (True, None) if code == "ok" else (False, f"token:{code}")
        checked = gate.check_token(attack, now=now)
        assert (checked["accepted"], checked["code"]) == expected, case["name"]
        identity = request(identity={"token": attack}, now=now)
        # Once more: what is remembered is judged alike.
        for _ in range(2):
            decision = gate.decide(**identity)
            assert (decision.allowed, decision.reason) == (expected[0], expected[1] or "rule"), case["name"]
        if code == "ok":
            assert gate.decide(**request(attack, now=now)).allowed, case["name"]
        else:
            refused = gate.decide(**request(attack, now=now))
            assert refused.status in (400, 401), case["name"]
    assert len(ATTACKS["cases"]) >= 113 and CODES.keys() == {case["id"] for case in ATTACKS["cases"]}


def refusals(counters: gatelaw.Counters) -> dict[str, int]:
    """Adds up what was refused, by reason, leaving out what wasn't."""
    found: dict[str, int] = {}
    for refused in [counters["refused"], *(issuer["refused"] for issuer in counters["issuers"].values())]:
        found.update({reason: count for reason, count in refused.items() if count > 0})
    return found


def test_each_answer_is_counted_once() -> None:
    gate = gatelaw.Gate(gatelaw.compile({"policy.gate": ATTACKED}), keys={"idp": json.dumps(ATTACKS["jwks"]).encode()})
    now, expected, accepted = ATTACKS["meta"]["now"], Counter[str](), 0
    for case in ATTACKS["cases"]:
        decision = gate.decide(**request(identity={"token": token_of(case)}, now=now))
        accepted += decision.allowed
        expected.update([] if decision.allowed else [decision.reason])
    counters = gate.counters()
    assert refusals(counters) == expected and len(expected) >= 15
    idp = counters["issuers"]["idp"]
    assert idp["verified"] + idp["remembered"] == accepted == 11
    text = gate.prometheus()
    assert f'gatelaw_tokens_total{{issuer="idp",result="accepted"}} {accepted}\n' in text
    # What Python reads is what is written, number for number.
    for issuer, found in [("", counters["refused"]), ('issuer="idp",', idp["refused"])]:
        for reason, count in found.items():
            assert f'gatelaw_token_refusals_total{{{issuer}code="{reason}"}} {count}\n' in text
    assert gate.decide(**request("x.y", now=now)).reason == "token:format"
    assert refusals(gate.counters())["token:format"] == expected["token:format"] + 1


@pytest.mark.parametrize(
    ("skew", "reason", "suspected"),
    [
        (-120, "token:not_yet_valid", ("behind", "refused")),
        (-30, "rule", ("behind", "accepted")),
        (0, "rule", None),
        (629, "rule", ("ahead", "accepted")),
        (720, "token:expired", ("ahead", "refused")),
    ],
)
def test_f10_a_clock_that_is_two_minutes_off_is_suspected(skew: int, reason: str, suspected: tuple[str, str] | None) -> None:
    iat = json.loads(base64.urlsafe_b64decode(token("good").split(".")[1] + "=="))["iat"]
    gate = gatelaw.Gate(gatelaw.compile({"policy.gate": TEXT.replace("algorithms EdDSA", "algorithms EdDSA  leeway 30s")}), keys={"okta": KEYS})
    assert gate.decide(**request(token("good"), now=iat + skew)).reason == reason
    skews = gate.counters()["issuers"]["okta"]["clock_skew_suspected"]
    counted = [(clock, result) for clock, results in skews.items() for result, count in results.items() if count]  # type: ignore[attr-defined]
    assert counted == ([] if suspected is None else [suspected])


def test_a_gate_that_verifies_nothing_counts_nothing() -> None:
    for ask in (gatelaw.Gate(POLICY).counters, gatelaw.Gate(POLICY).prometheus):
        with pytest.raises(gatelaw.GatelawError) as raised:
            ask()
        assert raised.value.code == "gate:keys"


@pytest.mark.parametrize("keys", [KEYS, str(KEYS), KEYS.read_bytes()], ids=["path", "text", "bytes"])
def test_keys_are_given_by_path_or_as_bytes(keys: Any) -> None:
    gate = gatelaw.Gate(POLICY, keys={"okta": keys})
    decision = gate.decide(**request(token("good")))
    assert (decision.allowed, decision.rule) == (True, "orders.read")


def test_every_way_to_ask_verifies_alike() -> None:
    gate = gatelaw.Gate(POLICY, keys={"okta": KEYS})
    for name, reason in [("good", "rule"), ("expired", "token:expired"), ("other_key", "token:signature"), ("none", "token:alg")]:
        for keywords in (request(token(name)), request(identity={"token": token(name)})):
            decision = gate.decide(**keywords)
            assert decision.reason == reason
            assert gate.allows(**keywords) is decision.allowed
            line = line_of(keywords)
            assert gate.decide_json(line) == decision.to_json()
            assert gate.decide_many([line, json.loads(line)]) == [decision.to_json(), decision]
            assert json.loads(gate.explain_json(line))["decision"] == json.loads(decision.to_json())
            explained = gate.explain(**keywords)
            assert explained.decision == decision
            assert ("`00u1alice` of okta" in explained.text) == (name == "good")
            handling = gate.handle(**keywords, request_id="1")
            assert isinstance(handling, gatelaw.Forward if name == "good" else gatelaw.Answer)
            assert handling.decision == decision


def test_claims_that_the_host_verified_are_still_believed() -> None:
    gate = gatelaw.Gate(POLICY, keys={"okta": KEYS})
    claims = {"issuer": "okta", "claims": {"uid": "u1", "groups": ["Orders Staff"], "org_id": "t1"}}
    assert gate.decide(**request(identity=claims)).allowed
    assert gate.decide(**request(identity=POLICY.identity(claims))).allowed
    assert gate.decide(**request()).reason == "unauthenticated"


def test_without_keys_a_token_is_refused() -> None:
    assert gatelaw.Gate(POLICY).decide(**request(token("good"))).reason == "token:no_verifier"
    assert gatelaw.Gate(POLICY, fetch=False).decide(**request(token("good"))).reason == "token:no_verifier"
    unavailable = gatelaw.Gate(POLICY, keys={}).decide(**request(token("good")))
    assert (unavailable.status, unavailable.reason) == (503, "keys_unavailable")


def test_keys_can_be_changed_and_take_what_they_verified_with_them() -> None:
    gate = gatelaw.Gate(POLICY, keys={"okta": KEYS})
    assert gate.decide(**request(token("good"))).allowed
    gate.set_keys("okta", b'{"keys":[]}')
    assert gate.decide(**request(token("good"))).reason == "token:key"
    gate.set_keys("okta", KEYS)
    assert gate.decide(**request(token("good"))).allowed
    with pytest.raises(gatelaw.GatelawError) as raised:
        gate.set_keys("okta", b"<html>")
    assert raised.value.code == "keys:json"
    assert gate.decide(**request(token("good"))).allowed, "what is there stays"


def test_mistakes_are_named(tmp_path: Path) -> None:
    wrong: list[tuple[dict[str, Any], type[Exception], str]] = [
        ({"keys": {"other": KEYS}}, gatelaw.GatelawError, r"`keys\['other'\]`: .*it has okta"),
        ({"keys": {"okta": 7}}, TypeError, r"`keys\['okta'\]`"),
        ({"keys": [KEYS]}, TypeError, "`keys`: a mapping"),
        ({"keys": {"okta": b'{"keys":7}'}}, gatelaw.GatelawError, r"`keys\['okta'\]`"),
        ({"keys": {"okta": tmp_path / "missing"}}, FileNotFoundError, "missing|No such file"),
        ({"fetch": "always"}, gatelaw.GatelawError, "`fetch`"),
        ({"fetch": 1}, TypeError, "`fetch`"),
        ({"keys": {}, "tokens_max": -1}, gatelaw.GatelawError, "`tokens_max`"),
        ({"keys": {}, "tokens_max": True}, TypeError, "`tokens_max`"),
    ]
    for keywords, kind, message in wrong:
        with pytest.raises(kind, match=message):
            gatelaw.Gate(POLICY, **keywords)
    with pytest.raises(gatelaw.GatelawError) as raised:
        gatelaw.Gate(POLICY).fetch_keys()
    assert raised.value.code == "gate:keys"


def test_a_token_is_explained_as_the_program_does() -> None:
    gate = gatelaw.Gate(POLICY, keys={"okta": KEYS})
    recorded = (SESSION.parent / "token.txt").read_text()
    for name in ("good", "expired", "other_key"):
        checked = gate.check_token(token(name), now=NOW)
        assert checked["accepted"] == (name == "good")
        assert [step["check"] for step in checked["checks"]][:2] == ["size", "format"]
    shown = [json.loads(line[3:]) for line in recorded.splitlines() if line.startswith('1| {"v":1,"accepted":true')]
    assert shown and shown[0] == gate.check_token(token("good"), now=NOW)
    refused = gatelaw.Gate(POLICY).check_token(token("good"), now=NOW)
    assert refused["code"] == "keys_unavailable" and refused["claimed"] is not None


def test_a_claim_that_is_a_secret_is_shown_by_no_check_of_it() -> None:
    secrets = "secret attribute from: string = claim iss  secret attribute to: string = claim aud  secret attribute until: int = claim exp"
    text = (SESSION / "policy.gate").read_text().replace("algorithms", f"{secrets}\n  algorithms", 1)
    checked = gatelaw.Gate(gatelaw.compile({"policy.gate": text}), keys={"okta": KEYS}).check_token(token("good"), now=NOW)
    says = {step["check"]: step["says"] for step in checked["checks"]}
    assert checked["accepted"]
    assert says["issuer"] == "iss (secret) is issuer okta"
    assert says["audience"].startswith("aud (secret); ")
    assert says["expired"] == "exp (secret); leeway 0 s"
    assert says["lifetime"].startswith("(secret) from iat to exp, ")


class Endpoint:
    """What an issuer has on this machine: a discovery document, and keys."""

    def __init__(self) -> None:
        self.keys, self.status, self.asked = KEYS.read_bytes(), 200, 0
        self.wait = threading.Event()
        self.wait.set()

    def is_asked(self, times: int) -> None:
        """Waits until it was."""
        until = time.monotonic() + 10
        while self.asked < times:
            assert time.monotonic() < until, f"asked {self.asked} times, not {times}"
            time.sleep(0.01)

    def answer(self, path: str) -> tuple[int, bytes]:
        self.asked += 1
        self.wait.wait(10)
        if path == "/.well-known/openid-configuration":
            return self.status, json.dumps({"issuer": self.url, "jwks_uri": f"{self.url}/keys"}).encode()
        return self.status, self.keys

    url = ""


@contextmanager
def endpoint() -> Generator[Endpoint, None, None]:
    scripted = Endpoint()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = scripted.answer(self.path)
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    scripted.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield scripted
    finally:
        scripted.wait.set()
        server.shutdown()
        server.server_close()


def policy_at(keys: Endpoint) -> gatelaw.Policy:
    place = f'default"\n  keys "{keys.url}/keys"'
    return gatelaw.compile({"policy.gate": TEXT.replace('default"', place, 1)})


def test_keys_are_fetched_when_a_token_asks_for_them() -> None:
    with endpoint() as keys:
        gate = gatelaw.Gate(policy_at(keys), fetch="loopback")
        assert keys.asked == 0
        assert gate.decide(**request(token("expired"))).reason == "token:expired"
        time.sleep(0.2)
        assert keys.asked == 0, "such a token costs no fetch, be it by another thread"
        for _ in range(3):
            assert gate.decide(**request(token("good"))).allowed
        assert gate.decide(**request(token("unknown_kid"))).reason == "token:key"
        assert keys.asked == 1, "the cool-down is not over"


def test_keys_that_cannot_be_had_are_a_503_and_say_why() -> None:
    with endpoint() as keys:
        keys.status = 500
        gate = gatelaw.Gate(policy_at(keys), fetch="loopback")
        assert gate.fetch_keys(now=NOW) == {"okta": "fetch:status"}
        assert gate.decide(**request(token("good"))).status == 503
        assert keys.asked == 1
        keys.status = 200
        assert gate.fetch_keys(now=NOW + 30) == {}
        assert gate.decide(**request(token("good"), now=NOW + 31)).allowed
        # By https alone nobody is asked here.
        strict = gatelaw.Gate(policy_at(keys), fetch=True)
        assert strict.fetch_keys(now=NOW) == {"okta": "fetch:insecure"}
        assert keys.asked == 2


def test_discovery_finds_the_keys() -> None:
    with endpoint() as keys:
        text = TEXT.replace("https://acme.okta.com/oauth2/default", keys.url)
        gate = gatelaw.Gate(gatelaw.compile({"policy.gate": text}), fetch="loopback")
        assert gate.fetch_keys(now=NOW) == {}
        assert keys.asked == 2
        keys.url = "https://evil.example"
        other = gatelaw.Gate(gatelaw.compile({"policy.gate": text}), fetch="loopback")
        assert other.fetch_keys(now=NOW) == {"okta": "discovery:issuer"}


def test_requests_of_many_threads_wait_for_one_fetch_while_others_run() -> None:
    with endpoint() as keys:
        keys.wait.clear()
        gate = gatelaw.Gate(policy_at(keys), fetch="loopback")
        answers: list[bool] = []
        threads = [threading.Thread(target=lambda: answers.append(bool(gate.decide(**request(token("good")))))) for _ in range(8)]
        for thread in threads:
            thread.start()
        # They wait for keys without Python's lock: this thread goes on, and is answered by the same gate.
        claims = {"issuer": "okta", "claims": {"uid": "u1", "groups": ["Orders Staff"], "org_id": "t1"}}
        for _ in range(1_000):
            assert gate.decide(**request(identity=claims)).allowed
        assert not answers
        keys.wait.set()
        for thread in threads:
            thread.join(10)
        assert answers == [True] * 8
        assert keys.asked == 1


def test_stale_keys_are_fetched_beside_requests() -> None:
    with endpoint() as keys:
        gate = gatelaw.Gate(policy_at(keys), fetch="loopback")
        assert gate.fetch_keys(now=NOW - 1_000) == {}
        keys.wait.clear()
        # Ten minutes are over: the keys at hand serve, and nobody waits.
        assert gate.decide(**request(token("good"))).allowed
        keys.keys = b'{"keys":[]}'
        keys.wait.set()
        keys.is_asked(2)
        assert gate.decide(**request(token("good"))).allowed, "a set without keys is none"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
@pytest.mark.filterwarnings("ignore:.*fork")
def test_a_process_that_was_forked_fetches_stale_keys_too() -> None:
    with endpoint() as keys:
        gate = gatelaw.Gate(policy_at(keys), fetch="loopback")
        assert gate.fetch_keys(now=NOW - 1_000) == {}
        keys.wait.clear()
        assert gate.decide(**request(token("good"))).allowed
        keys.is_asked(2)
        # The thread that waits for keys is not in the child, which finds in time that nobody fetches.
        child = os.fork()
        if child == 0:
            is_allowed = gate.decide(**request(token("good"), now=NOW + 30)).allowed
            time.sleep(2)
            os._exit(0 if is_allowed else 1)
        keys.is_asked(3)
        keys.wait.set()
        assert os.waitpid(child, 0)[1] == 0


def test_many_threads_verify_alike() -> None:
    gate = gatelaw.Gate(POLICY, keys={"okta": KEYS}, tokens_max=1)
    expected = {"good": "rule", "expired": "token:expired", "other_key": "token:signature", "unknown_kid": "token:key"}
    found: list[tuple[str, str]] = []

    def ask() -> None:
        for _ in range(50):
            found.extend((name, gate.decide(**request(token(name))).reason) for name in expected)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 800 and set(found) == set(expected.items())
