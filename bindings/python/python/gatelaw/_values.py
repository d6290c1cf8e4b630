"""What is read once and shown to people: frozen values, equal where their members are, and ready to be pickled."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple, TypedDict, Union

if TYPE_CHECKING:
    from ._gatelaw import Decision


class Span(NamedTuple):
    """A place in a policy. Lines and columns count from 1, columns in characters."""

    file: str
    line: int
    column: int


@dataclass(frozen=True)
class Diagnostic:
    """One error or warning of the compiler, with its place and what to write instead."""

    code: str
    """Its stable code, such as `G0107`."""
    severity: str
    """`error` or `warning`."""
    message: str
    """What is wrong, in one line."""
    text: str
    """All of it for a person: the place, the line with carets under it, and what to write instead."""
    help: tuple[str, ...]
    """What to write instead, one way each."""
    page: str
    """Where the code is explained, in the documents of gatelaw."""
    file: str | None = None
    """The file; `None` for what belongs to no text, such as an empty folder."""
    line: int | None = None
    """The line it begins on, from 1."""
    column: int | None = None
    """The column it begins at, in characters, from 1."""
    end_line: int | None = None
    """The line it ends on."""
    end_column: int | None = None
    """The column it ends before."""

    def __str__(self) -> str:
        return self.text


class GatelawError(ValueError):
    """Says what went wrong: `code` names the kind, for programs; `str()` tells a person all of it.

    Whoever asks a gate and gets an exception has no decision, and nothing is allowed.
    """

    code: str
    """Its stable code: `G0107` of the compiler, `artifact:…`, `request:…`, `gate:…`, `keys:…`, `decision`, `argument` or `panic`."""
    span: Span | None
    """The place in the policy, where there is one."""
    text: str
    """All of it for a person; for a policy, every error and warning with its line."""
    diagnostics: tuple[Diagnostic, ...]
    """Every error and warning of a policy that does not compile; empty for anything else."""

    def __init__(
        self,
        text: str,
        code: str,
        span: tuple[str, int, int] | None = None,
        diagnostics: tuple[Diagnostic, ...] | None = None,
    ) -> None:
        # All of them are `args`, so that the error can be pickled: pools of processes do.
        super().__init__(text, code, span, diagnostics)
        self.text = text
        self.code = code
        self.span = None if span is None else Span(*span)
        self.diagnostics = diagnostics or ()

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Needs:
    """What a policy reads of a request, and sets: a host hands over those and nothing else."""

    headers: tuple[str, ...]
    """Names of headers that are read; lower case."""
    query: tuple[str, ...]
    """Names of query parameters that are read."""
    cookies: tuple[str, ...]
    """Names of cookies that are read."""
    facts: tuple[str, ...]
    """Names of facts that are read."""
    ip: bool
    """Whether the client's address is read."""
    tokens: bool
    """Whether the policy has an issuer, so that a token can be valid."""
    token_headers: tuple[str, ...]
    """Headers that issuers take tokens from, beside `authorization`."""
    token_cookies: tuple[str, ...]
    """Cookies that issuers take tokens from."""
    sets: tuple[str, ...]
    """Headers that the policy sets."""


@dataclass(frozen=True)
class Limit:
    """One limit that an allowed request counts against."""

    name: str
    """Full name of the rule."""
    key: str
    """What is counted: base64url of a SHA-256 over the rule's name and the key's values."""
    rate: int
    """Requests a period."""
    per_s: int
    """The period, in seconds: 1, 60, 3,600 or 86,400."""
    burst: int
    """Requests that may come at once."""


@dataclass(frozen=True)
class Forward:
    """How a request goes on: drop, then set."""

    decision: Decision
    """The decision: an allow."""
    target: str
    """The path and query to send: the canonical target."""
    drop: tuple[str, ...]
    """The names among the request's own headers that must not go on, as they came, sorted."""
    set: tuple[tuple[str, str], ...]
    """The headers to set, by lower-case name, sorted."""


@dataclass(frozen=True)
class Answer:
    """An answer of the gate itself."""

    decision: Decision
    """The decision: a deny."""
    status: int
    """The HTTP status, 400 to 503."""
    headers: tuple[tuple[str, str], ...]
    """The headers, by lower-case name, sorted."""
    body: str
    """A problem detail (RFC 9457) as JSON; a HEAD request gets the headers alone."""


@dataclass(frozen=True)
class Asked:
    """One test that a rule asked."""

    test: str
    """The test as written."""
    outcome: bool
    """Whether it is true."""
    file: str
    """Its file."""
    line: int
    """Its line, from 1."""


@dataclass(frozen=True)
class Rule:
    """What one rule had to do with a decision: its host, method and path are the request's."""

    name: str
    """Its full name."""
    kind: str
    """`allow`, `deny`, `limit`, `forward` or `audit`."""
    observe: bool
    """Whether it is observed only."""
    file: str
    """Its file."""
    line: int
    """Its line, from 1."""
    annotations: tuple[tuple[str, str], ...]
    """Its annotations: pairs of name and text."""
    on: tuple[str, ...]
    """Its routes as written."""
    matched: bool
    """Whether all that it asks is true."""
    asked: tuple[Asked, ...]
    """What it asked, in written order, up to what settled it."""


@dataclass(frozen=True)
class Explanation:
    """Why a request is decided as it is."""

    decision: Decision
    """The decision."""
    rules: tuple[Rule, ...]
    """The rules for this host, method and path; empty where the request was refused before any rule."""
    elsewhere: tuple[str, ...]
    """Names of the rules for other hosts, methods and paths."""
    text: str = field(repr=False)
    """All of it for a person: who asks, what is decided, and each rule with what it asked."""
    _json: str = field(repr=False)

    def to_json(self) -> str:
        """Writes the explanation as one line of JSON, the same bytes in every runtime."""
        return self._json

    def __str__(self) -> str:
        return self.text


# People import them from `gatelaw`, so tracebacks and pickles name them there.
for _value in (Span, Diagnostic, GatelawError, Needs, Limit, Forward, Answer, Asked, Rule, Explanation):
    _value.__module__ = "gatelaw"


class TokenAttribute(TypedDict):
    """One attribute that the policy declares, as a token has it."""

    name: str
    """Its name: `user.NAME`."""
    type: str
    """Its type in the policy."""
    secret: bool
    """Whether the policy calls it `secret`: its value isn't shown."""
    present: bool
    """Whether the token gives it a value."""
    value: Union[bool, int, str, list[str], None]
    """Its value, unless it is absent or secret; instants and durations as seconds."""


class TokenCaller(TypedDict):
    """What the claims of a token map to."""

    id: str
    client: Union[str, None]
    actor: Union[str, None]
    token_id: Union[str, None]
    roles: list[str]
    """The roles, with those that they include."""
    scopes: list[str]
    attributes: list[TokenAttribute]


class TokenStep(TypedDict):
    """One check of a token."""

    check: str
    """What was checked: the code of a token that fails here, behind `token:`."""
    outcome: Literal["passed", "failed", "not_reached"]
    says: str
    """What the token and the policy say there; empty for what was not reached."""


class TokenCheck(TypedDict):
    """Why a token is accepted or refused: the same object as in every language."""

    v: int
    accepted: bool
    code: Union[str, None]
    """Why it isn't accepted, as a decision's reason says it: `token:expired`, `keys_unavailable`."""
    message: Union[str, None]
    """The same for a person."""
    now: int
    issuer: Union[str, None]
    checks: list[TokenStep]
    """Every check, in order."""
    caller: Union[TokenCaller, None]
    """Who asks; `None` where the token isn't accepted."""
    claimed: Union[TokenCaller, None]
    """Who a token says asks of which only the key or the signature is at fault: nobody vouches for it."""


class Suspicions(TypedDict):
    """Tokens that make a wrong clock likely, by what became of them."""

    accepted: int
    """Those that leeway alone let through; their signature is right."""
    refused: int
    """Those that were refused; their signature is not looked at, so anybody can make them."""


class ClockSkew(TypedDict):
    """Tokens whose time lies inside the issuer's leeway, or no more than five minutes beyond."""

    behind: Suspicions
    """The token is of the future, which none can be: the gate's clock is behind the issuer's."""
    ahead: Suspicions
    """The token's time has just passed: the gate's clock is ahead, or a caller is slow to get a new one."""


class KeyFailures(TypedDict):
    """Fetches of keys that failed, by what failed: the word before the colon of their codes."""

    fetch: int
    discovery: int
    keys: int


class KeyFetchCounters(TypedDict):
    """Fetches of an issuer's keys."""

    begun: int
    succeeded: int
    failed: KeyFailures


class IssuerCounters(TypedDict):
    """What was counted of the tokens and keys of one issuer."""

    verified: int
    """Tokens that were accepted, their signature verified."""
    remembered: int
    """Tokens that were accepted because they were verified before."""
    by_stale_keys: int
    """Of the accepted ones, those of a key that was stale: its endpoint gave no newer set in time."""
    keys_unavailable: int
    """Tokens that were answered 503, since no keys of this issuer were ever had."""
    refused: dict[str, int]
    """Tokens that were refused, by the reason of the decision: `token:expired`."""
    clock_skew_suspected: ClockSkew
    key_fetches: KeyFetchCounters


class Counters(TypedDict):
    """What was counted of tokens and keys: the same object as in every language."""

    v: int
    refused: dict[str, int]
    """Tokens that were refused before their issuer was known, by the reason of the decision."""
    issuers: dict[str, IssuerCounters]
    """By the issuer's name in the policy."""
