"""What somebody would write in Python for the one policy of the benches: a dict by place, sets of networks, roles and scopes.

It reads no request that isn't canonical, refuses nothing, and gives no reasons. Its statuses are held to gatelaw's.
"""

from __future__ import annotations

from typing import Any, NamedTuple


class Caller(NamedTuple):
    """A caller reduced to what is compared."""

    roles: frozenset[str]
    scopes: frozenset[str]
    tenant: str
    mfa: bool
    suspended: bool


class Rule(NamedTuple):
    """A rule reduced to what is compared."""

    methods: frozenset[str]
    single: bool
    role: str
    scope: str
    network: str | None
    mfa: bool
    tenant: bool


class Matcher:
    """Decides requests by what `gatelaw-benches runtimes` writes."""

    def __init__(self, workload: dict[str, Any]) -> None:
        """Builds the dict and the sets."""
        self.burned = frozenset(workload["burned"])
        self.embargoed = frozenset(workload["embargoed"])
        self.roles: dict[str, list[str]] = workload["roles"]
        self.places: dict[str, list[Rule]] = {}
        for rule in workload["rules"]:
            words = Rule(
                frozenset(rule["methods"]),
                rule["single"],
                rule["role"],
                rule["scope"],
                rule["network"],
                rule["mfa"],
                rule["tenant"],
            )
            self.places.setdefault(rule["place"], []).append(words)

    def prepare(self, claims: dict[str, Any]) -> Caller:
        """Reduces claims to what is compared, as a host can do once a token."""
        return Caller(
            frozenset(role for name in claims["groups"] for role in self.roles.get(name, ())),
            frozenset(claims["scp"]),
            claims["org_id"],
            claims["mfa"] is True,
            claims.get("status") == "suspended",
        )

    def decide(self, request: dict[str, Any], caller: Caller | None) -> int:
        """Answers the status of a request."""
        ip = request["ip"]
        if ip[: ip.rindex(".")] in self.burned:
            return 403
        if request["facts"]["country"] in self.embargoed:
            return 451
        if caller is None:
            return 401
        if caller.suspended:
            return 403
        path = request["target"].partition("?")[0]
        _, service, version, resource, rest = path.split("/", 4)
        method = request["method"]
        for rule in self.places.get(f"{service}/{version}/{resource}", ()):
            if (
                method in rule.methods
                and not (rule.single and "/" in rest)
                and rule.role in caller.roles
                and rule.scope in caller.scopes
                and (rule.network is None or ip.startswith(rule.network))
                and (caller.mfa or not rule.mfa)
                and (not rule.tenant or rest == caller.tenant)
            ):
                return 200
        return 403
