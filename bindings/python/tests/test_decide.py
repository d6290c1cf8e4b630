"""Decisions as objects, from keyword arguments and from mappings."""

import copy
import dataclasses
import json
import pickle
import random
import re
import time
from typing import Any, Union, cast

import pytest
from corpus import POLICIES, cases, topics
from decide_lines import as_keywords

import gatelaw

POLICY = gatelaw.compile(
    {
        "policy.gate": """
issuer okta {
  url        "https://acme.okta.com"
  audience   "api"
  algorithms RS256
  scopes     claim scp as list
  roles      claim groups { "Staff" -> staff }
  attribute tenant: string? = claim org_id
  attribute level: int?     = claim level
}
role staff
allow health { on GET /healthz  for anyone }
allow read   { on GET /orders/**  for staff }
allow write  { on POST /orders  for staff  when user.level? == 3 }
allow late   { on GET /late  for anyone  when now >= 2100-01-01T00:00:00Z }
allow german { on GET /german  for anyone  when request.country? == "DE" }
allow tagged { on GET /tagged  for anyone  when request.header("x-tag") contains "ä" }
deny gone    { on GET|HEAD /gone  respond 410 "moved away" }
forward who  { on GET /orders/**  for authenticated  set "x-user" = user.id }
audit trail  { on GET /orders/**  for authenticated  level full  keep user.id }
limit each   { on GET /orders/**  for authenticated  rate 600 per minute  burst 100  by user.id }
observe deny all-orders { on GET|HEAD /orders/** }
"""
    }
)
GATE = gatelaw.Gate(POLICY, limits="report")
STAFF: dict[str, Any] = {"issuer": "okta", "claims": {"sub": "u1", "groups": ["Staff"]}}


def decide(target: Union[str, bytes] = "/healthz", **changes: Any) -> gatelaw.Decision:
    """Decides a request, with some of its keywords changed."""
    keywords: dict[str, Any] = {"method": "GET", "host": "api.acme.com", "target": target, **changes}
    return GATE.decide(**keywords)


def test_an_allow_has_every_member() -> None:
    decision = decide("/orders/%34%32?full=1", identity=STAFF)
    assert decision.allowed and decision
    assert (decision.v, decision.effect, decision.status, decision.reason) == (1, "allow", 200, "rule")
    assert (decision.rule, decision.challenge, decision.text) == ("read", None, None)
    assert (decision.set, decision.remove) == ((("x-user", "u1"),), ())
    (limit,) = decision.limits
    assert (limit.name, limit.rate, limit.per_s, limit.burst, len(limit.key)) == ("each", 600, 60, 100, 43)
    assert (decision.audit, decision.keep, decision.observed) == ("full", (("user.id", "u1"),), ("all-orders",))
    assert (decision.target, decision.policy) == ("/orders/42?full=1", POLICY.digest)
    assert repr(decision) == "<gatelaw.Decision allow 200 by read /orders/42?full=1>"


def test_a_deny_has_every_member() -> None:
    decision = decide("/orders/42")
    assert not decision.allowed and not decision
    assert (decision.effect, decision.status, decision.reason) == ("deny", 401, "unauthenticated")
    assert (decision.rule, decision.challenge, decision.set, decision.limits) == (None, "Bearer", (), ())
    assert repr(decision) == "<gatelaw.Decision deny 401 unauthenticated /orders/42>"
    assert decide("/gone").text == "moved away"
    refused = decide("/a//b")
    assert (refused.status, refused.reason, refused.target) == (400, "refused:empty-segment", None)
    assert repr(refused) == "<gatelaw.Decision deny 400 refused:empty-segment>"


def test_every_member_of_the_text_is_an_attribute() -> None:
    for decision in (decide("/orders/42", identity=STAFF), decide("/gone"), decide("/a/../b")):
        for name, value in json.loads(decision.to_json()).items():
            attribute = getattr(decision, name)
            if name == "limits":
                attribute = [dataclasses.asdict(limit) for limit in decision.limits]
            # JSON has no tuples.
            assert json.loads(json.dumps(attribute)) == value, name


def test_decisions_are_frozen_and_equal_by_value() -> None:
    first, second, other = decide(), decide(), decide("/gone")
    assert first == second and hash(first) == hash(second) and first is not second
    assert first != other and len({first, second, other}) == 2
    assert first != "allow"
    for name in ("status", "effect", "anything"):
        with pytest.raises(AttributeError):
            setattr(first, name, 200)


def test_values_outlive_their_process() -> None:
    """What a pool of processes answers is pickled; records keep the line."""
    keywords: dict[str, Any] = {"method": "GET", "host": "api.acme.com", "target": "/orders/42", "now": 1}
    decisions = [decide("/orders/42", identity=STAFF), decide("/gone"), decide("/a//b"), decide("/german", facts={"country": 1})]
    signed_in: dict[str, Any] = {**keywords, "identity": STAFF}
    values: list[Any] = [*decisions, *decisions[0].limits, GATE.explain(**keywords), POLICY.needs()]
    values += [GATE.handle(**keywords, request_id="1"), GATE.handle(**signed_in, request_id="1")]
    for value in values:
        assert pickle.loads(pickle.dumps(value)) == value
        assert copy.deepcopy(value) == value
    for decision in decisions:
        assert gatelaw.Decision.from_json(decision.to_json()) == decision
    for wrong in ("", "{}", POLICY.decide_json("{}"), decisions[0].to_json().replace("allow", "maybe")):
        with pytest.raises(gatelaw.GatelawError, match="this is no decision") as raised:
            gatelaw.Decision.from_json(wrong)
        assert raised.value.code == "decision"


def test_bytes_and_texts_say_the_same() -> None:
    assert decide(b"/healthz") == decide("/healthz")
    for headers in (
        {"X-Tag": "ä"},
        {b"X-Tag": "ä".encode()},
        [("x-tag", "ä")],
        [(b"x-tag", b"\xc3\xa4")],
        [["x-tag", "ä"]],
        iter([("x-tag", "ä")]),
    ):
        assert decide("/tagged", headers=headers).rule == "tagged"
    assert decide("/tagged", headers=[("x-tag", b"\xe4")]).reason == "refused:header-value:x-tag"
    assert decide(b"/\xc3\xa4").reason == "refused:ctl-or-nonascii"
    assert decide("/ä").reason == "refused:ctl-or-nonascii"


class Reversed(list[Any]):
    """A list that lists its entries the other way round."""

    def __iter__(self) -> Any:
        return reversed(self[:])


def test_header_lines_come_in_every_form() -> None:
    lines = [("x-tag", "ä"), ("x-other", "1"), ("accept", "a"), ("accept", "b")]
    forms: list[Any] = [lines, tuple(lines), iter(lines), [list(line) for line in lines], dict(lines), dict(lines).items(), Reversed(lines)]
    forms += [[(name.encode(), value.encode()) for name, value in lines], [iter(line) for line in lines], ["x-tag a".split(), *lines]]
    for form in forms:
        assert decide("/tagged", headers=form).allowed, form
    claims = {"sub": "u1", "groups": Reversed(["Staff"]), "level": 3}
    assert decide("/orders/1", identity={"issuer": "okta", "claims": claims}).allowed
    # Of one that lists others than it holds, those that it lists count.
    assert decide("/tagged", headers=Listing([("x-tag", "a")])).allowed
    assert not decide("/tagged", headers=[("x-tag", "a")]).allowed


class Listing(list[Any]):
    """A list that lists what it doesn't hold."""

    def __iter__(self) -> Any:
        return iter([("x-tag", "ä")])


def test_requests_over_the_limits_are_refused() -> None:
    assert decide("/" + "a" * 9 * 1024).reason == "refused:limits"
    assert decide("/healthz?" + "a" * 17 * 1024).reason == "refused:limits"
    assert decide(headers=[("x-a", "1")] * 201).reason == "refused:header-limits"
    assert decide(headers={"x-a": "1" * 65 * 1024}).reason == "refused:header-limits"
    assert decide(headers=[("x-a", "1")] * 200).allowed
    assert GATE.decide_json(" " * 9 * 1024 * 1024) == '{"v":1,"error":"too-large","at":""}'
    for target in ("*", "healthz", "https://api.acme.com/healthz", "/healthz#a", "", "/x\ry", b"/\x00", "/a%00"):
        assert decide(target).status == 400, target


def test_header_aliases_and_repeated_cookies_are_refused() -> None:
    assert decide("/tagged", headers={"X_Tag": "ä"}).reason == "refused:header-alias:x_tag"
    gate = gatelaw.Gate(gatelaw.compile({"p.gate": 'allow a { on GET /  for anyone  when request.cookie("c") contains "1" }'}))
    one: dict[str, Any] = {"method": "GET", "host": "a.example", "target": "/", "headers": [("cookie", "c=1")]}
    assert gate.decide(**one).allowed
    two: dict[str, Any] = {**one, "headers": [("cookie", "c=1"), ("cookie", "d=2")]}
    assert gate.decide(**two).reason.startswith("refused:cookie")


def test_the_time_is_the_clocks_unless_it_is_given() -> None:
    assert decide("/late", now=4_102_444_799).reason == "unauthenticated"
    assert decide("/late", now=4_102_444_800).allowed
    assert decide("/late") == decide("/late", now=int(time.time()))
    # As one mapping it is the JSON text's form, where the time is always given.
    with pytest.raises(gatelaw.GatelawError, match="`now`: every request has it") as raised:
        GATE.decide({"method": "GET", "scheme": "https", "host": "api.acme.com", "target": "/late"})
    assert raised.value.code == "request:missing-member"


def test_the_scheme_is_https_unless_it_is_given() -> None:
    gate = gatelaw.Gate(gatelaw.compile({"p.gate": 'allow a { on GET /  for anyone  when request.scheme == "https" }'}))
    assert gate.decide(method="GET", host="a.example", target="/").allowed
    assert not gate.decide(method="GET", host="a.example", target="/", scheme="http").allowed


def test_facts_are_judged_where_they_are_read() -> None:
    assert decide("/german", facts={"country": "DE"}).rule == "german"
    assert not decide("/german")
    assert decide("/german", facts={"country": 49}).reason == "fact:country"


def test_identities() -> None:
    token = [("authorization", "Bearer e30.e30.e30")]
    table: list[tuple[dict[str, Any], int, str]] = [
        ({"identity": STAFF}, 200, "rule"),
        ({"identity": None}, 401, "unauthenticated"),
        ({"identity": {"invalid": "expired"}}, 401, "token:expired"),
        ({"identity": {"issuer": "okta", "invalid": "expired"}}, 401, "token:expired"),
        ({"identity": {"unavailable": "okta"}}, 503, "keys_unavailable"),
        ({"identity": {"token": "e30.e30.e30"}}, 401, "token:no_verifier"),
        ({"identity": {"issuer": "other", "claims": {"sub": "u1"}}}, 401, "token:issuer"),
        ({"identity": {"issuer": "okta", "claims": {"groups": ["Staff"]}}}, 401, "token:claims"),
        # A token that nobody judged never counts as nobody, nor as somebody.
        ({"headers": token}, 401, "token:no_verifier"),
        ({"headers": token, "identity": STAFF}, 200, "rule"),
        # Nor do headers say who asks.
        ({"headers": [("x-consumer-username", "root"), ("x-user", "root")]}, 401, "unauthenticated"),
    ]
    for keywords, status, reason in table:
        decision = decide("/orders/42", **keywords)
        assert (decision.status, decision.reason) == (status, reason), keywords


def test_numbers_and_truths_of_claims_keep_their_type() -> None:
    for level, allowed in [(3, True), (3.0, True), (True, False), ("3", False), (3.5, False), (2**70, False), (None, False)]:
        claims = {**STAFF["claims"], "level": level}
        decision = decide("/orders", method="POST", identity={"issuer": "okta", "claims": claims})
        assert decision.allowed is allowed, level
    one = {**STAFF["claims"], "level": 1}
    truth = {**STAFF["claims"], "level": True}
    assert decide(identity={"issuer": "okta", "claims": one}).allowed
    # `True` is no 1: this claim is of a wrong type.
    assert decide(identity={"issuer": "okta", "claims": truth}).reason == "token:claims"


def test_keywords_mapping_and_text_decide_alike() -> None:
    """Every request of the corpus, through all doors."""
    compared = 0
    for topic in topics():
        policy = gatelaw.compile(topic)
        gate = gatelaw.Gate(policy, limits="report")
        for case in cases(topic):
            if '"error":' in case.answer[:20] or len(case.request) > 100_000:
                continue
            request = json.loads(case.request)
            assert gate.decide(request).to_json() == case.answer
            decision = gate.decide(**as_keywords(request))
            assert decision.to_json() == case.answer
            assert gate.allows(request) is gate.allows(**as_keywords(request)) is decision.allowed
            compared += 1
    assert compared >= 600


def test_bytes_in_a_mapping_are_the_hex_digits_of_the_text() -> None:
    base: dict[str, Any] = {"method": "GET", "scheme": "https", "host": "api.acme.com", "now": 1}
    raw = {**base, "target": b"/\xff", "headers": [("x-tag", b"\xe4"), ["x-tag", b"\xe4"]]}
    text = {**base, "target_hex": "2fff", "headers": [["x-tag", {"hex": "e4"}]] * 2}
    assert GATE.decide(raw) == GATE.decide(text)
    assert GATE.decide({**raw, "target": "/tagged"}).reason == "refused:header-value:x-tag"


def test_random_mappings_and_their_texts_are_answered_alike() -> None:
    """Whatever a mapping holds: the same decision as its JSON text, or an error at the same member."""
    draw = random.Random(3)
    decided = 0
    for _ in range(5_000):
        request = random_request(draw)
        line = json.loads(POLICY.decide_json(json.dumps(request)))
        try:
            answer = json.loads(GATE.decide(request).to_json())
            decided += 1
        except gatelaw.GatelawError as error:
            answer = {"v": 1, "error": error.code.removeprefix("request:"), "at": str(error).split("`")[1]}
        except TypeError as error:
            answer = {"v": 1, "error": "wrong-type", "at": str(error).split("`")[1]}
        assert answer == line, request
    assert decided > 500


def random_request(draw: random.Random) -> dict[str, Any]:
    request: dict[str, Any] = {
        "method": draw.choice(["GET", "POST"]),
        "scheme": "https",
        "host": "api.acme.com",
        "target": draw.choice(["/healthz", "/orders/1", "/german", "/late"]),
        "headers": [["x-tag", "ä"]],
        "facts": {"country": "DE"},
        "now": draw.choice([0, 4_102_444_800]),
        "identity": {"issuer": "okta", "claims": {"sub": "u1", "groups": ["Staff"], "level": 3}},
    }
    for _ in range(draw.randrange(3)):
        place = request
        while True:
            name = draw.choice([*place, "new"])
            if isinstance(place.get(name), dict) and draw.random() < 0.7:
                place = cast("dict[str, Any]", place[name])
                continue
            if draw.random() < 0.3:
                place.pop(name, None)
            else:
                place[name] = random_value(draw, 0)
            break
    return request


def random_value(draw: random.Random, depth: int) -> Any:
    values: list[Any] = [None, True, False, 0, 1, -5, 2**63 - 1, 2**63, -(2**63), 2**80, 3.0, 1e3, 0.5, 1e300, 9007199254740993.0]
    values += ["", "u1", "Staff", "\u2028ä😀", "api.acme.com"]
    if depth < 3 and draw.random() < 0.4:
        inner = [random_value(draw, depth + 1) for _ in range(draw.randrange(3))]
        return draw.choice([inner, dict(zip(["a", "sub", "hex"], inner))])
    return draw.choice(values)


def test_explanations_say_why() -> None:
    keywords: dict[str, Any] = {"method": "POST", "host": "api.acme.com", "target": "/orders", "identity": STAFF}
    explanation = GATE.explain(**keywords)
    assert explanation.decision == GATE.decide(**keywords)
    (rule,) = [rule for rule in explanation.rules if rule.name == "write"]
    assert (rule.kind, rule.matched, rule.observe, rule.file, rule.on) == ("allow", False, False, "policy.gate", ("POST /orders",))
    assert [(asked.test, asked.outcome) for asked in rule.asked] == [("staff", True), ("user.level? == 3", False)]
    assert "health" in explanation.elsewhere
    assert str(explanation) == explanation.text
    assert explanation.text.startswith("caller: `u1` of okta; roles staff\ndeny 403: no rule allows it\nnot matching:\n")
    assert "  allow write  policy.gate:14\n    yes  staff             policy.gate:14\n    no   user.level? == 3  " in explanation.text
    assert GATE.explain(**keywords) == explanation

    request = {**keywords, "scheme": "https", "now": 1}
    assert GATE.explain(request).to_json() == GATE.explain_json(json.dumps(request)) == POLICY.explain_json(json.dumps(request))
    assert json.loads(GATE.explain(request).to_json())["decision"] == json.loads(GATE.decide(request).to_json())
    refused = GATE.explain({**request, "target": "/a//b"})
    assert (refused.rules, refused.elsewhere) == ((), ())


def test_what_a_gate_does_with_an_allow() -> None:
    names = ["Accept", "X_User", "x-user", "X-Original-URL", "X-Consumer-Username", "x.request.id", b"X-Accel"]
    headers = [(name, "v") for name in names]
    keywords: dict[str, Any] = {"method": "GET", "host": "api.acme.com", "target": "/orders/%34%32", "headers": headers}
    forward = GATE.handle(**keywords, identity=STAFF, request_id="0123456789abcdef")
    assert isinstance(forward, gatelaw.Forward)
    assert forward.decision == GATE.decide(**keywords, identity=STAFF)
    assert forward.target == "/orders/42"
    assert forward.drop == ("X-Consumer-Username", "X-Original-URL", "X_User", "x-user", "x.request.id")
    assert forward.set == (("x-request-id", "0123456789abcdef"), ("x-user", "u1"))


def test_what_a_gate_does_with_a_deny() -> None:
    request: dict[str, Any] = {"method": "GET", "scheme": "https", "host": "api.acme.com", "target": "/orders/42", "now": 1}
    answer = GATE.handle(request, request_id="0123456789abcdef")
    assert isinstance(answer, gatelaw.Answer)
    assert (answer.status, answer.decision) == (401, GATE.decide(request))
    assert answer.headers == (
        ("cache-control", "no-store"),
        ("content-type", "application/problem+json"),
        ("www-authenticate", "Bearer"),
        ("x-request-id", "0123456789abcdef"),
    )
    body = json.loads(answer.body)
    assert (body["status"], body["reason"], body["request_id"]) == (401, "unauthenticated", "0123456789abcdef")


def test_correlation_ids_are_random_unless_they_are_given() -> None:
    request: dict[str, Any] = {"method": "GET", "scheme": "https", "host": "api.acme.com", "target": "/healthz", "now": 1}
    ids = {dict(cast(gatelaw.Forward, GATE.handle(request)).set)["x-request-id"] for _ in range(50)}
    assert len(ids) == 50 and all(re.fullmatch("[0-9a-f]{32}", one) for one in ids)
    for wrong in ("", "a b", "a\r\nb", "ä", "a" * 129):
        with pytest.raises(gatelaw.GatelawError, match="`request_id`: 1 to 128 printable ASCII characters"):
            GATE.handle(request, request_id=wrong)


def test_a_gate_that_cannot_count_refuses_limits() -> None:
    either: list[dict[str, Any]] = [{}, {"limits": "refuse"}, {"limits": None}]
    for refused in either:
        with pytest.raises(gatelaw.GatelawError, match="this gate can't count") as raised:
            gatelaw.Gate(POLICY, **refused)
        assert raised.value.code == "gate:limits"
    assert decide("/orders/42", identity=STAFF).limits
    with pytest.raises(gatelaw.GatelawError, match="`limits`: it is `refuse` or `report`"):
        gatelaw.Gate(POLICY, limits="ignore")  # type: ignore[arg-type]
    # The text border compares runtimes; it has no gate that would have to count.
    assert POLICY.decide_json("{}") == '{"v":1,"error":"missing-member","at":"method"}'


def test_a_policy_that_reads_what_the_host_cannot_give_is_refused() -> None:
    orders = gatelaw.compile(POLICIES / "orders-api")
    with pytest.raises(gatelaw.GatelawError, match="does not give: bot_score, client_cert$") as raised:
        gatelaw.Gate(orders, limits="report", facts=["country"])
    assert raised.value.code == "gate:facts"
    gatelaw.Gate(orders, limits="report", facts=["country", "bot_score", "client_cert"], ip=True)
    with pytest.raises(gatelaw.GatelawError, match="reads the client's address, and this host does not give it") as raised:
        gatelaw.Gate(orders, limits="report", ip=False)
    assert raised.value.code == "gate:ip"
    assert gatelaw.Gate(POLICY, limits="report", ip=False, facts=["country"]).policy is POLICY
    with pytest.raises(gatelaw.GatelawError, match="`county` is no fact"):
        gatelaw.Gate(orders, limits="report", facts=["county"])  # type: ignore[list-item]
    # Without it, the size is the header's.
    by_size = gatelaw.compile({"p.gate": "allow a { on GET /  for anyone  when request.size? < 10 }"})
    assert gatelaw.Gate(by_size, facts=()).policy is by_size


def test_an_address_that_is_read_must_be_given() -> None:
    gate = gatelaw.Gate(gatelaw.compile({"p.gate": "allow a { on GET /  for anyone  when request.ip in 192.0.2.0/24 }"}))
    with pytest.raises(gatelaw.GatelawError, match="`ip`: the policy reads the client's address") as raised:
        gate.decide(method="GET", host="a.example", target="/")
    assert raised.value.code == "request:missing-member"
    request = {"method": "GET", "scheme": "https", "host": "a.example", "target": "/", "now": 1}
    asks: list[Any] = [gate.decide, gate.handle, gate.explain, lambda one: gate.decide_many([one])]  # pyright: ignore
    for ask in asks:
        with pytest.raises(gatelaw.GatelawError, match="`ip`: the policy reads the client's address"):
            ask(request)
    assert gate.decide(method="GET", host="a.example", target="/", ip="192.0.2.7").allowed
    assert gate.decide(method="GET", host="a.example", target="/", ip="::ffff:192.0.2.7").allowed
    assert gate.decide(method="GET", host="a.example", target="/", ip="192.0.2.07").reason == "refused:client-ip"


def test_a_decision_outlives_what_made_it() -> None:
    """What isn't asked for at once is still there when the gate has gone on, and when it and its policy are gone."""
    policy = gatelaw.compile({"policy.gate": "deny gone { on GET /gone  respond 410 \"moved away\" }"})
    gate = gatelaw.Gate(policy)
    first = gate.decide(method="GET", host="api.acme.com", target="/g%6Fne?a=%41")
    other = gate.decide(method="GET", host="api.acme.com", target="/elsewhere")
    digest = policy.digest
    del gate, policy
    assert (first.rule, first.text, first.target, first.policy) == ("gone", "moved away", "/gone?a=%41", digest)
    assert first != other and first == gatelaw.Decision.from_json(first.to_json())
    assert (first.allowed, first.status, other.allowed, other.status) == (False, 410, False, 403)


class Twin(str):
    """A text that equals none, so that a dict takes it twice."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:
        return 1


class Odd(dict[str, str]):
    """A dict that lists other members than it holds, one of them twice."""

    def items(self) -> Any:
        """Lists them."""
        return [("country", "FR"), ("country", "DE")]


def test_facts_of_texts_are_read_as_any_others() -> None:
    assert decide("/german", facts={"country": "DE"}).allowed
    assert decide("/german", facts={Twin("country"): "DE"}).allowed
    assert not decide("/german", facts={"country": "FR", "tls_version": "1.3"}).allowed
    with pytest.raises(TypeError, match=r"`facts.country`: the member stands twice"):
        decide("/german", facts={Twin("country"): "FR", Twin("country"): "DE"})
    with pytest.raises(TypeError, match=r"`facts.country`: the member stands twice"):
        decide("/german", facts=Odd())
    with pytest.raises(gatelaw.GatelawError, match=r"`facts.country`: the text has a lone surrogate"):
        decide("/german", facts={"country": "\ud800"})
    with pytest.raises(gatelaw.GatelawError, match=r"`facts \(a name in it\)`: the text has a lone surrogate"):
        decide("/german", facts={"\ud800": "DE"})
    with pytest.raises(gatelaw.GatelawError, match="nation"):
        decide("/german", facts={"nation": "DE"})


def test_headers_of_a_class_of_their_own_are_read_as_texts() -> None:
    assert decide("/tagged", headers=[(Twin("x-tag"), Twin("ä"))]).allowed
    assert decide("/tagged", headers=[["x-tag", "ä"]]).allowed
    assert decide("/tagged", headers=[("x-tag", "ä".encode())]).allowed
