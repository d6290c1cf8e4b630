"""Answers lines of requests: `decide_lines.py [--values] [POLICY]` reads them on stdin and writes one line of answer for each.

POLICY is a folder, a `.gate` file, or an artifact. A line `@PATH` names an artifact too, for the lines behind it. With `--values` a
line is read here and put to `Gate.decide` as keyword arguments; what is no request is still answered as a line. A line `%ISSUER PATH`
gives an issuer the key set in a file; then `!NOW TOKEN` is a request that carries a token, and `?NOW TOKEN` asks why it is accepted or
refused. A line `#` asks what was counted.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, Callable

import gatelaw


def opened(path: Path) -> gatelaw.Policy:
    """Compiles a policy, or loads an artifact."""
    if path.is_dir() or path.suffix == ".gate":
        return gatelaw.compile(path)
    return gatelaw.Policy.load_unsigned(path.read_bytes())


def by_lines(policy: gatelaw.Policy) -> Callable[[bytes], str]:
    """Answers lines as they are."""
    return policy.decide_json


def by_values(policy: gatelaw.Policy) -> Callable[[bytes], str]:
    """Answers lines by what they say as values of Python."""
    gate = gatelaw.Gate(policy, limits="report")

    def answer(line: bytes) -> str:
        written = policy.decide_json(line)
        if written.startswith('{"v":1,"error"'):
            return written
        return gate.decide(**as_keywords(json.loads(line))).to_json()

    return answer


def as_keywords(request: dict[str, Any]) -> dict[str, Any]:
    """Says with bytes what JSON says in hex digits."""
    keywords = dict(request)
    if "target_hex" in keywords:
        keywords["target"] = bytes.fromhex(keywords.pop("target_hex"))
    headers = keywords.get("headers", [])
    keywords["headers"] = [(name, value if isinstance(value, str) else bytes.fromhex(value["hex"])) for name, value in headers]
    return keywords


def by_tokens(policy: gatelaw.Policy, keys: dict[str, bytes]) -> Callable[[bytes], str]:
    """Answers lines of tokens."""
    gate = gatelaw.Gate(policy, keys=keys)

    def answer(line: bytes) -> str:
        if line == b"#":
            return json.dumps(gate.counters(), separators=(",", ":")) + " " + gate.prometheus().replace("\n", "|")
        kind, (now, token) = line[:1], line[1:].decode().split(" ", 1)
        if kind == b"?":
            return json.dumps(gate.check_token(token, now=int(now)), separators=(",", ":"), ensure_ascii=False)
        headers = [("authorization", f"Bearer {token}")]
        return gate.decide(method="GET", host="api.example", target="/", headers=headers, now=int(now)).to_json()

    return answer


def main(arguments: list[str]) -> None:
    """Answers every line."""
    door = by_values if arguments[:1] == ["--values"] else by_lines
    paths = [path for path in arguments if path != "--values"]
    policy = opened(Path(paths[0])) if paths else None
    answer = None if policy is None else door(policy)
    keys: dict[str, bytes] = {}
    for line in sys.stdin.buffer:
        line = line[:-1] if line.endswith(b"\n") else line
        if line.startswith(b"@"):
            policy, keys = opened(Path(line[1:].decode())), {}
            answer = door(policy)
        elif line.startswith(b"%") and policy is not None:
            issuer, path = line[1:].decode().split(" ", 1)
            keys[issuer] = Path(path).read_bytes()
            answer = by_tokens(policy, keys)
        elif answer is None:
            sys.exit("a request before any policy")
        else:
            sys.stdout.buffer.write(answer(line).encode() + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    if len([argument for argument in sys.argv[1:] if argument != "--values"]) > 1:
        sys.exit("usage: decide_lines.py [--values] [POLICY]")
    main(sys.argv[1:])
