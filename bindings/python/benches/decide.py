"""What a decision costs in Python, beside a matcher written by hand: `decide.py [RULES]`, or `decide.py POLICY REQUESTS [WORKLOAD]`.

The first form makes a policy of RULES rules (1,000 unless it is said) and 2,000 requests from a seed. The matcher does what people
write first: split the path, look a dict up, intersect roles. It judges neither what is ambiguous nor any token, and both must give
the same answer to every request. All take turns in one run, so that a noisy machine hits all alike; the least of many rounds stands
for each, and a round asks few requests over and over. Read the ratios.

The second form times the doors on a policy and lines of requests of your own, or of the benches: then with what the matcher in
`hand.py` needs to know.
"""

from __future__ import annotations

import json
import os
import random
import sys
import time
from pathlib import Path
from typing import Any, Callable

import gatelaw
from hand import Matcher

ROUNDS = int(os.environ.get("GATELAW_ROUNDS", "15"))
ASKED = 10_000
RESOURCES = 25
METHODS = ("GET", "POST", "DELETE")
ROLES = tuple(f"role-{number}" for number in range(20))


def make_rules(draw: random.Random, count: int) -> dict[tuple[str, str, str], str]:
    """Makes rules: the role that may ask a method of a resource of a service."""
    rules: dict[tuple[str, str, str], str] = {}
    while len(rules) < count:
        service = f"svc{len(rules) // (RESOURCES * 2)}"
        rules[draw.choice(METHODS), service, f"res{draw.randrange(RESOURCES)}"] = draw.choice(ROLES)
    return rules


def policy_text(rules: dict[tuple[str, str, str], str]) -> str:
    """Writes the rules as a policy."""
    lines = ["issuer idp {", '  url "https://idp.example.com"  audience "api"  algorithms RS256', "  roles claim roles {"]
    lines += [f'    "{role}" -> {role}' for role in ROLES]
    lines += ["  }", "}"] + [f"role {role}" for role in ROLES]
    for number, ((method, service, resource), role) in enumerate(rules.items()):
        lines.append(f"allow r{number} {{ on {method} /{service}/v1/{resource}/{{id}}  for {role} }}")
    return "\n".join(lines) + "\n"


def make_requests(draw: random.Random, rules: dict[tuple[str, str, str], str], count: int) -> list[dict[str, Any]]:
    """Makes requests, most of them to routes that rules name."""
    routes = list(rules)
    made: list[dict[str, Any]] = []
    for number in range(count):
        method, service, resource = draw.choice(routes)
        roles = draw.sample(ROLES, draw.randrange(1, 9))
        if draw.random() < 0.5:
            roles.append(rules[method, service, resource])
        made.append(
            {
                "method": method if draw.random() < 0.9 else "PATCH",
                "scheme": "https",
                "host": "api.example.com",
                "target": f"/{service}/v1/{resource}/{number}?page=2",
                "headers": [("accept", "application/json"), ("user-agent", "bench/1"), ("x-tenant", "t1")],
                "now": 1_795_000_000,
                "identity": {"issuer": "idp", "claims": {"sub": f"u{number}", "roles": sorted(set(roles)), "email": "u@example.com"}},
            }
        )
    return made


def by_hand(rules: dict[tuple[str, str, str], str], request: dict[str, Any]) -> bool:
    """Matches a request as people write it first."""
    parts = request["target"].partition("?")[0].split("/")
    if len(parts) != 5 or parts[2] != "v1":
        return False
    role = rules.get((request["method"], parts[1], parts[3]))
    return role is not None and role in set(request["identity"]["claims"]["roles"])


def doors(policy: gatelaw.Policy, lines: list[str]) -> dict[str, Callable[[], list[Any]]]:
    """Lists the ways to ask a gate all of these requests."""
    gate = gatelaw.Gate(policy, limits="report")
    requests: list[dict[str, Any]] = [json.loads(line) for line in lines]
    # As a server has them: the caller of a token that it has seen.
    callers = [policy.identity(request["identity"]) if "identity" in request else None for request in requests]
    known = list(zip(requests, callers, strict=True))
    # Keywords one by one, as people write them, each looked up in a dict, as the matcher by hand looks up what it reads.
    return {
        "decide, keywords": lambda: [
            gate.decide(
                method=r["method"],
                scheme=r["scheme"],
                host=r["host"],
                target=r["target"],
                headers=r.get("headers"),
                ip=r.get("ip"),
                facts=r.get("facts"),
                now=r["now"],
                identity=r.get("identity"),
            )
            for r in requests
        ],
        "decide, caller mapped before": lambda: [
            gate.decide(
                method=r["method"],
                scheme=r["scheme"],
                host=r["host"],
                target=r["target"],
                headers=r.get("headers"),
                ip=r.get("ip"),
                facts=r.get("facts"),
                now=r["now"],
                identity=who,
            )
            for r, who in known
        ],
        "allows, caller mapped before": lambda: [
            gate.allows(
                method=r["method"],
                scheme=r["scheme"],
                host=r["host"],
                target=r["target"],
                headers=r.get("headers"),
                ip=r.get("ip"),
                facts=r.get("facts"),
                now=r["now"],
                identity=who,
            )
            for r, who in known
        ],
        "decide, one mapping": lambda: [gate.decide(request) for request in requests],
        "decide_many, mappings": lambda: gate.decide_many(requests),
        "decide_json": lambda: [gate.decide_json(line) for line in lines],
        "decide_many, texts": lambda: gate.decide_many(lines),
        "a native call without work": lambda: [policy.digest for _ in lines],
    }


def hand_doors(workload: dict[str, Any], lines: list[str]) -> dict[str, Callable[[], list[Any]]]:
    """Lists the ways to ask the matcher written by hand, once its statuses are those that are expected."""
    matcher = Matcher(workload)
    requests: list[dict[str, Any]] = [json.loads(line) for line in lines]
    claims = [request["identity"]["claims"] if "identity" in request else None for request in requests]
    prepared = [None if each is None else matcher.prepare(each) for each in claims]
    asked = list(zip(requests, claims, strict=True))
    known = list(zip(requests, prepared, strict=True))
    if [matcher.decide(request, caller) for request, caller in known] != workload["expected"]:
        sys.exit("the matcher written by hand decides otherwise")
    return {
        "by hand, values": lambda: [matcher.decide(request, each and matcher.prepare(each)) for request, each in asked],
        "by hand, prepared": lambda: [matcher.decide(request, caller) for request, caller in known],
    }


def measure(calls: dict[str, Callable[[], list[Any]]]) -> dict[str, float]:
    """Finds the least nanoseconds a request of each, all taking turns."""
    least = {name: float("inf") for name in calls}
    for _ in range(ROUNDS):
        for name, call in calls.items():
            start, asked = time.perf_counter_ns(), 0
            while asked < ASKED:
                asked += len(call())
            least[name] = min(least[name], (time.perf_counter_ns() - start) / asked)
    return least


def report(least: dict[str, float], beside: str) -> None:
    """Prints a table: nanoseconds, and how many times what stands beside."""
    print(f"{'':28}{'ns a request':>14}{'ratio':>9}")
    for name, ns in least.items():
        print(f"{name:28}{ns:>14,.0f}{ns / least[beside]:>9.2f}")


def main(arguments: list[str]) -> None:
    """Measures what the command line says."""
    if len(arguments) >= 2:
        path = Path(arguments[0])
        is_text = path.is_dir() or path.suffix == ".gate"
        policy = gatelaw.compile(path) if is_text else gatelaw.Policy.load_unsigned(path.read_bytes())
        lines = Path(arguments[1]).read_text(encoding="utf-8").splitlines()
        beside: dict[str, Callable[[], list[Any]]] = {}
        if len(arguments) == 3:
            beside = hand_doors(json.loads(Path(arguments[2]).read_text(encoding="utf-8")), lines)
        return report(measure({**doors(policy, lines), **beside}), "decide, keywords")
    draw = random.Random(1)
    rules = make_rules(draw, int(arguments[0]) if arguments else 1_000)
    requests = make_requests(draw, rules, 2_000)
    policy = gatelaw.compile({"policy.gate": policy_text(rules)})
    gate = gatelaw.Gate(policy)
    allowed = [by_hand(rules, request) for request in requests]
    if [gate.decide(request).allowed for request in requests] != allowed:
        sys.exit("gatelaw and the matcher written by hand do not agree")
    print(f"{len(rules):,} rules; {len(requests):,} requests, of which {sum(allowed):,} are allowed")
    hand: dict[str, Callable[[], list[Any]]] = {"written by hand": lambda: [by_hand(rules, request) for request in requests]}
    report(measure({**hand, **doors(policy, [json.dumps(request) for request in requests])}), "written by hand")
    return None


if __name__ == "__main__":
    if len(sys.argv) > 4:
        sys.exit("usage: decide.py [RULES] | decide.py POLICY REQUESTS [WORKLOAD]")
    main(sys.argv[1:])
