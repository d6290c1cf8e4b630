"""Every wrong type at every argument: an error that names the argument, and never a decision."""

import collections
import datetime
import decimal
import ipaddress
from typing import Any, Callable, cast

import pytest

import gatelaw

POLICY = gatelaw.compile({"policy.gate": "allow health { on GET /healthz  for anyone }"})
GATE = gatelaw.Gate(POLICY)
REQUEST: dict[str, Any] = {"method": "GET", "scheme": "https", "host": "api.acme.com", "target": "/healthz", "now": 1}


def decide(**changes: Any) -> gatelaw.Decision:
    """Decides the request with some of its keywords changed."""
    keywords: dict[str, Any] = {**REQUEST, **changes}
    return GATE.decide(**keywords)


# One of each kind that people and programs hand over by mistake.
VALUES: list[Any] = [
    None,
    True,
    7,
    1.5,
    float("nan"),
    "text",
    "\ud800",
    b"bytes",
    bytearray(b"bytes"),
    memoryview(b"bytes"),
    [],
    (),
    {},
    {1: 2},
    {"a": object()},
    set(),
    object(),
    int,
    lambda: None,
    datetime.datetime(2026, 1, 1),
    decimal.Decimal(1),
    ipaddress.ip_address("192.0.2.1"),
    [1],
    ["ab"],
    [("a",)],
    [("a", "b", "c")],
    [("a", 1)],
    [(1, "b")],
    [{"a": "b", "c": "d"}, None],
    {"a": 1},
    {"a": ["b"]},
]

# What of them each keyword takes, and each member of a mapping.
KEYWORDS = {
    "method": {"'text'"},
    "host": {"'text'"},
    "target": {"'text'", "b'bytes'"},
    "scheme": {"None"},
    "headers": {"None", "[]", "()", "{}", "set()"},
    "ip": {"None", "'text'"},
    "facts": {"None", "{}"},
    "now": {"None", "7"},
    "identity": {"None"},
}
MEMBERS = {
    "method": {"'text'"},
    "host": {"'text'"},
    "target": {"'text'", "b'bytes'"},
    "scheme": set[str](),
    "headers": {"[]", "()"},
    "ip": {"'text'"},
    "facts": {"{}"},
    "now": {"7"},
    "identity": set[str](),
}


@pytest.mark.parametrize(("name", "takes"), KEYWORDS.items(), ids=KEYWORDS)
def test_a_keyword_takes_its_types_and_names_itself_for_all_others(name: str, takes: set[str]) -> None:
    for value in VALUES:
        if repr(value) in takes:
            continue
        with pytest.raises((TypeError, gatelaw.GatelawError)) as raised:
            decide(**{name: value})
        assert str(raised.value).startswith(f"`{name}"), value
    for value in VALUES:
        if repr(value) in takes:
            assert decide(**{name: value}).v == 1


@pytest.mark.parametrize(("name", "takes"), MEMBERS.items(), ids=MEMBERS)
def test_a_member_takes_its_types_and_names_itself_for_all_others(name: str, takes: set[str]) -> None:
    for value in VALUES:
        if repr(value) in takes:
            assert GATE.decide({**REQUEST, name: value}).v == 1
            continue
        with pytest.raises((TypeError, gatelaw.GatelawError)) as raised:
            GATE.decide({**REQUEST, name: value})
        assert str(raised.value).startswith(f"`{name}"), value


@pytest.mark.parametrize(
    ("keywords", "says"),
    [
        ({"method": None}, "`method`: every request has it"),
        ({"method": b"GET"}, "`method`: a `str` is needed, not `bytes`"),
        ({"host": 1}, "`host`: a `str` is needed, not `int`"),
        ({"target": bytearray(b"/")}, "`target`: a `str` or `bytes` is needed, not `bytearray`"),
        ({"scheme": True}, "`scheme`: a `str` is needed, not `bool`"),
        ({"headers": "a: b"}, "`headers`: a mapping of names to values, or an iterable of pairs, is needed, not `str`"),
        ({"headers": [("a", "b"), "cd"]}, "`headers[1]`: a pair `(name, value)` is needed, not `str`"),
        ({"headers": [("a", "b"), ("c",)]}, "`headers[1]`: a pair `(name, value)` is needed"),
        ({"headers": [("a", "b"), ("c", None)]}, "`headers[1][1]`: a `str` or `bytes` is needed, not `NoneType`"),
        ({"headers": [(1, "b")]}, "`headers[0][0]`: a `str` or `bytes` is needed, not `int`"),
        ({"headers": {"a": ["b"]}}, "`headers['a']`: a `str` or `bytes` is needed, not `list`"),
        ({"headers": {1: "b"}}, "`headers (a name in it)`: a `str` or `bytes` is needed, not `int`"),
        ({"ip": ipaddress.ip_address("192.0.2.1")}, "`ip`: a `str` is needed, not `IPv4Address`"),
        ({"facts": [("country", "DE")]}, "`facts`: an object is needed"),
        ({"facts": {"country": None}}, "`facts.country`: a fact that is not known is left out"),
        ({"now": 1.5}, "`now`: an `int` of whole Unix seconds, such as `int(time.time())`, is needed, not `float`"),
        ({"now": True}, "`now`: an `int` of whole Unix seconds, such as `int(time.time())`, is needed, not `bool`"),
        ({"identity": "u1"}, "`identity`: an object is needed; nobody is told by leaving it out"),
        ({"identity": {"issuer": "okta"}}, "`identity.claims`: an issuer comes with `claims`, or with `invalid`"),
        ({"identity": {"issuer": "okta", "claims": []}}, "`identity.claims`: an object is needed"),
        (
            {"identity": {"issuer": "okta", "claims": {"a": [{}, {"b": {1}}]}}},
            "`identity.claims.a[1].b`: a value that JSON can say is needed, not `set`",
        ),
        (
            {"identity": {"issuer": "okta", "claims": {"a": {1: "b"}}}},
            "`identity.claims.a (a name in it)`: a `str` is needed, not `int`",
        ),
        ({"identity": {"issuer": "okta", "claims": {"exp": float("inf")}}}, "`identity.claims.exp`: a finite number is needed, not `float`"),
    ],
)
def test_a_mistake_is_named_in_words(keywords: dict[str, Any], says: str) -> None:
    with pytest.raises((TypeError, gatelaw.GatelawError)) as raised:
        decide(**keywords)
    assert str(raised.value) == says


def test_values_that_no_type_refuses() -> None:
    table: list[tuple[dict[str, Any], str, str]] = [
        ({"scheme": "ftp"}, "request:wrong-value", "`scheme`: a scheme is `http` or `https`"),
        ({"now": 2**63}, "argument", "`now`: no such time: it doesn't fit into 64 bits"),
        ({"host": "\ud800"}, "argument", "`host`: the text has a lone surrogate, which is no character"),
        (
            {"target": "/\udcff"},
            "argument",
            "`target`: the text has a lone surrogate, which is no character: give `bytes` where bytes are meant",
        ),
        ({"facts": {"county": "DE"}}, "request:unknown-member", "`facts.county`: facts are country, asn, bot_score, "),
        ({"identity": {"user": "u1"}}, "request:unknown-member", "`identity.user`: identities have "),
        ({"identity": {"invalid": "No Code"}}, "request:wrong-value", "`identity.invalid`: a code has "),
    ]
    for keywords, code, says in table:
        with pytest.raises(gatelaw.GatelawError) as raised:
            decide(**keywords)
        assert raised.value.code == code
        assert str(raised.value).startswith(says)


def test_keywords_that_nobody_knows_and_both_forms_at_once_are_refused() -> None:
    with pytest.raises(TypeError, match="unexpected keyword argument 'tenant'"):
        decide(tenant="t1")
    with pytest.raises(TypeError, match="unexpected keyword argument 'request_id'"):
        decide(request_id="1")
    with pytest.raises(TypeError, match="`request`: a request is one mapping"):
        GATE.decide(REQUEST, REQUEST)  # type: ignore[call-overload]
    with pytest.raises(TypeError, match="one mapping or keyword arguments, not both"):
        GATE.decide(REQUEST, method="GET")  # type: ignore[call-overload]
    for missing in ("method", "host", "target"):
        keywords = {name: value for name, value in REQUEST.items() if name != missing}
        with pytest.raises(TypeError, match=f"`{missing}`: every request has it"):
            GATE.decide(**keywords)
    with pytest.raises(TypeError, match="`method`"):
        GATE.decide()  # type: ignore[call-overload]
    with pytest.raises(gatelaw.GatelawError, match="`tenant`: requests have method, scheme") as raised:
        GATE.decide({**REQUEST, "tenant": "t1"})
    assert raised.value.code == "request:unknown-member"


def test_other_mappings_are_mappings() -> None:
    request = collections.ChainMap({"target": "/healthz"}, REQUEST)
    assert GATE.decide(request) == GATE.decide(REQUEST)
    assert decide(headers=collections.ChainMap({"a": "b"})).allowed


class Twice(dict[str, str]):
    """A mapping that says a name twice, as those for headers and forms may."""

    def items(self) -> Any:
        return [("sub", "u1"), ("sub", "root")]


def test_a_member_that_stands_twice_is_refused() -> None:
    with pytest.raises(TypeError, match="`identity.claims.sub`: the member stands twice"):
        decide(identity={"issuer": "okta", "claims": Twice()})


class Broken(dict[str, str]):
    """A mapping that fails while it is read."""

    def items(self) -> Any:
        raise RuntimeError("the database is gone")


def test_errors_of_the_callers_own_objects_are_left_as_they_are() -> None:
    reads: list[dict[str, Any]] = [{"headers": Broken()}, {"facts": Broken()}, {"identity": Broken()}]
    for broken in reads:
        with pytest.raises(RuntimeError, match="the database is gone"):
            decide(**broken)


def test_what_has_no_end_is_refused() -> None:
    endless: dict[str, Any] = {}
    endless["again"] = endless
    with pytest.raises(TypeError, match="nested more than 32 deep"):
        decide(identity={"issuer": "okta", "claims": endless})
    with pytest.raises(TypeError, match="nested more than 32 deep"):
        GATE.decide({**REQUEST, "identity": endless})


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_every_value_at_every_other_argument(value: Any) -> None:
    nothing, text = {"[]", "()", "{}", "set()"}, {"'text'", "b'bytes'", repr("\ud800")}
    calls: list[tuple[str, Callable[[], Any], set[str]]] = [
        ("policy", lambda: gatelaw.compile(value), set()),
        ("policy", lambda: gatelaw.check(value), {"'text'", "{}"}),
        ("policy", lambda: gatelaw.Gate(value), set()),
        ("limits", lambda: gatelaw.Gate(POLICY, limits=value), {"None"}),
        ("facts", lambda: gatelaw.Gate(POLICY, facts=value), {"None", *nothing}),
        ("ip", lambda: gatelaw.Gate(POLICY, ip=value), {"None", "True"}),
        ("request_id", lambda: GATE.handle(REQUEST, request_id=value), {"None", "'text'"}),
        ("request", lambda: GATE.handle(value), set()),
        ("line", lambda: gatelaw.Decision.from_json(value), set()),
        ("artifact", lambda: gatelaw.Policy.load_unsigned(value), set()),
        ("request", lambda: POLICY.decide_json(value), text),
        ("request", lambda: POLICY.explain_json(value), text),
        ("request", lambda: GATE.decide_json(value), text),
        ("request", lambda: GATE.explain_json(value), text),
        ("requests", lambda: cast(Any, GATE).decide_many(value), nothing - {"{}"} | {"['ab']"}),
        ("request", lambda: GATE.explain(value), set()),
        ("request", lambda: GATE.allows(value), set()),
    ]
    for name, call, takes in calls:
        if repr(value) in takes:
            call()
            continue
        # A mapping that is no request is told by the member that it lacks, a policy that can't be read by its code.
        with pytest.raises((TypeError, gatelaw.GatelawError)) as raised:
            call()
        if isinstance(raised.value, TypeError):
            # Of a member or an entry, that one is named.
            assert name in str(raised.value) or repr(value)[0] in "[{", raised.value
            assert str(raised.value).startswith("`")
