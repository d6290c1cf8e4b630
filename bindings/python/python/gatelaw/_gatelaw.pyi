from collections.abc import Iterable, Mapping
from os import PathLike
from typing import Any, Literal, final, overload

from ._values import Answer, Counters, Diagnostic, Explanation, Forward, Limit, Needs, TokenCheck

__all__ = ["Decision", "Gate", "Identity", "Policy", "check", "compile", "version"]

# Header lines: a mapping, or pairs where a name may stand twice.
_Text = str | bytes
_Headers = (
    Mapping[str, _Text]
    | Mapping[bytes, _Text]
    | Mapping[_Text, _Text]
    | Iterable[tuple[_Text, _Text]]
    | Iterable[list[str]]
    | Iterable[list[bytes]]
)

@final
class Decision:
    """Holds everything a host acts on and records: the whole answer to one request.

    Equal artifacts and equal requests give equal decisions, member for member, in every runtime.
    """

    @property
    def v(self) -> int:
        """The version of the form of decisions."""
    @property
    def allowed(self) -> bool:
        """Whether the request may pass."""
    @property
    def effect(self) -> Literal["allow", "deny"]:
        """`allow` or `deny`."""
    @property
    def status(self) -> int:
        """The HTTP status to answer with: 200 on allow, else 400 to 503."""
    @property
    def reason(self) -> str:
        """Why: one of a closed list."""
    @property
    def rule(self) -> str | None:
        """The full name of the rule that decided, where one did."""
    @property
    def challenge(self) -> str | None:
        """The exact value of `WWW-Authenticate`, where one is due."""
    @property
    def text(self) -> str | None:
        """The text that a `respond` sends."""
    @property
    def set(self) -> tuple[tuple[str, str], ...]:
        """Headers to set on the request that goes on: pairs, sorted by name."""
    @property
    def remove(self) -> tuple[str, ...]:
        """Headers to remove by fold from the request that goes on, sorted."""
    @property
    def limits(self) -> tuple[Limit, ...]:
        """The limits that an allowed request counts against, sorted by name."""
    @property
    def audit(self) -> Literal["none", "brief", "full"]:
        """How much the audit record tells."""
    @property
    def keep(self) -> tuple[tuple[str, str], ...]:
        """Attributes that the record keeps, with their text: pairs, sorted."""
    @property
    def observed(self) -> tuple[str, ...]:
        """Full names of the `observe` rules that matched, sorted."""
    @property
    def target(self) -> str | None:
        """What to forward: the canonical target; `None` where the request was refused."""
    @property
    def policy(self) -> str:
        """The digest of the policy that decided."""
    def to_json(self) -> str:
        """Writes the decision as one line of JSON, the same bytes in every runtime."""
    @staticmethod
    def from_json(line: str, /) -> Decision:
        """Reads a decision back from the line that `to_json` wrote: between processes, or from a record.

        Raises `GatelawError` with the code `decision` for anything else.
        """
    def __reduce__(self) -> tuple[Any, ...]: ...
    def __bool__(self) -> bool:
        """Says whether the request may pass, so that `if gate.decide(…)` can't let a denied one through."""
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class Policy:
    """Holds a compiled policy."""

    @staticmethod
    def load_unsigned(artifact: bytes, /) -> Policy:
        """Loads an artifact that nobody signed: the caller answers for where the bytes come from.

        Raises `GatelawError` with a code `artifact:…` for bytes that are no artifact of this gatelaw.
        """
    def to_bytes(self) -> bytes:
        """Writes the artifact: the same bytes for the same texts on every machine."""
    @property
    def digest(self) -> str:
        """The digest of what decides: `sha256:` and 64 hex digits."""
    @property
    def warnings(self) -> tuple[Diagnostic, ...]:
        """What the compiler warns of; empty for an artifact, which keeps no warnings."""
    def needs(self) -> Needs:
        """Lists what the policy reads of a request, and sets."""
    def identity(self, identity: Mapping[str, Any], /, *, client_cert: str | None = None) -> Identity:
        """Says who asks, for as many requests as the token serves: `identity` of a request takes it.

        Takes what stands at `identity` of a request: the claims of a token that you verified, or why there are none. A token that
        is bound to a client certificate needs the fact `client_cert`.
        """
    def decide_json(self, request: str | bytes, /) -> str:
        """Answers one request as JSON text by one line: a decision, or `{"v":1,"error":CODE,"at":MEMBER}`."""
    def explain_json(self, request: str | bytes, /) -> str:
        """Explains the answer to one request as JSON text by one line."""

@final
class Identity:
    """Holds a caller, as one policy sees it: mapped and classified once, for all requests with the token."""

@final
class Gate:
    """Decides requests by one policy; many threads may ask it at once."""

    def __new__(
        cls,
        policy: Policy,
        *,
        limits: Literal["refuse", "report"] | None = None,
        facts: Iterable[Literal["country", "asn", "bot_score", "tls_version", "client_cert", "size"]] | None = None,
        ip: bool | None = None,
        keys: Mapping[str, bytes | str | PathLike[str]] | None = None,
        fetch: bool | Literal["loopback"] | None = None,
        tokens_max: int | None = None,
    ) -> Gate:
        """Makes a gate, for a policy that asks for nothing that this host can't do.

        A policy with limits is refused, since this gate can't count, unless `limits="report"`: then decisions name the limits,
        and the caller acts on them. Where `facts` names the facts that this host can give, a policy that reads others is
        refused; so is one that reads the client's address where `ip` is false.

        With `keys` or `fetch` it verifies the tokens of requests. `keys` are key sets (JWKS) by the issuers' names: documents as
        `bytes`, or their paths. `fetch` fetches those of the other issuers, by https; `"loopback"` also by http from this machine.
        `tokens_max` tokens that were valid are remembered, 10,000 unless it is given.
        """
    @property
    def policy(self) -> Policy:
        """The policy that it decides by."""
    @overload
    def decide(self, request: Mapping[str, Any], /) -> Decision: ...
    @overload
    def decide(
        self,
        *,
        method: str,
        host: str,
        target: str | bytes,
        scheme: str | None = None,
        headers: _Headers | None = None,
        ip: str | None = None,
        facts: Mapping[str, Any] | None = None,
        now: int | None = None,
        identity: Mapping[str, Any] | Identity | None = None,
    ) -> Decision:
        """Decides one request: keyword arguments, or one mapping in the form of the JSON text.

        As keywords, `scheme` may be left out for `https`, and `now` for the time by this host's clock.
        """
    @overload
    def allows(self, request: Mapping[str, Any], /) -> bool: ...
    @overload
    def allows(
        self,
        *,
        method: str,
        host: str,
        target: str | bytes,
        scheme: str | None = None,
        headers: _Headers | None = None,
        ip: str | None = None,
        facts: Mapping[str, Any] | None = None,
        now: int | None = None,
        identity: Mapping[str, Any] | Identity | None = None,
    ) -> bool:
        """Decides one request, given as `decide` takes it, and answers no more than whether it may pass: that costs no object."""
    @overload
    def handle(self, request: Mapping[str, Any], /, *, request_id: str | None = None) -> Forward | Answer: ...
    @overload
    def handle(
        self,
        *,
        method: str,
        host: str,
        target: str | bytes,
        scheme: str | None = None,
        headers: _Headers | None = None,
        ip: str | None = None,
        facts: Mapping[str, Any] | None = None,
        now: int | None = None,
        identity: Mapping[str, Any] | Identity | None = None,
        request_id: str | None = None,
    ) -> Forward | Answer:
        """Decides one request, given as `decide` takes it, and says what a gate does about it.

        `request_id` is the correlation id, 128 random bits unless it is given: what goes on and what is answered carry it.
        """
    @overload
    def explain(self, request: Mapping[str, Any], /) -> Explanation: ...
    @overload
    def explain(
        self,
        *,
        method: str,
        host: str,
        target: str | bytes,
        scheme: str | None = None,
        headers: _Headers | None = None,
        ip: str | None = None,
        facts: Mapping[str, Any] | None = None,
        now: int | None = None,
        identity: Mapping[str, Any] | Identity | None = None,
    ) -> Explanation:
        """Explains the decision on one request, given as `decide` takes it."""
    def decide_json(self, request: str | bytes, /) -> str:
        """Answers one request as JSON text by one line: a decision, or `{"v":1,"error":CODE,"at":MEMBER}`."""
    def explain_json(self, request: str | bytes, /) -> str:
        """Explains the answer to one request as JSON text by one line."""
    @overload
    def decide_many(self, requests: Iterable[str] | Iterable[bytes], /) -> list[str]: ...
    @overload
    def decide_many(self, requests: Iterable[Mapping[str, Any]], /) -> list[Decision]:
        """Decides many requests in their order, other threads running meanwhile.

        A text is answered by a line as `decide_json` does, a mapping by a `Decision`.
        """
    def check_token(self, token: str, /, *, client_cert: str | None = None, now: int | None = None) -> TokenCheck:
        """Says step by step why a token is accepted or refused, and whom it names; it is never shown whole.

        A token that is bound to a client certificate needs the fact `client_cert`.
        """
    def counters(self) -> Counters:
        """Answers what was counted of tokens and keys until now: plain numbers, which only grow.

        Raises `GatelawError` with the code `gate:keys` for a gate that verifies no tokens.
        """
    def prometheus(self) -> str:
        """Writes what was counted of tokens and keys in the text format of Prometheus, version 0.0.4.

        Raises `GatelawError` with the code `gate:keys` for a gate that verifies no tokens.
        """
    def set_keys(self, issuer: str, keys: bytes | str | PathLike[str], /) -> None:
        """Takes the keys of an issuer in place of those that it has; they are not fetched then.

        Raises `GatelawError` with a code `keys:…` for what is no key set; those that are there stay.
        """
    def fetch_keys(self, *, now: int | None = None) -> dict[str, str]:
        """Fetches the keys that are due, and waits for them: before the first request, if you like.

        Answers the code of what went wrong, by the issuer's name: `fetch:…`, `discovery:…` or `keys:…`; empty where all is well.
        """

def compile(policy: str | PathLike[str] | Mapping[str, _Text], /) -> Policy:
    """Compiles a policy: the path of a folder or of a `.gate` file, or texts by name.

    Raises `GatelawError` with all that is wrong with it, the code and place being those of the first error.
    """

def check(policy: str | PathLike[str] | Mapping[str, _Text], /) -> list[Diagnostic]:
    """Checks a policy given as `compile` takes it. Answers all errors and warnings; none of them is raised."""

def version() -> str:
    """Names the version of gatelaw, the same for every package of one release."""
