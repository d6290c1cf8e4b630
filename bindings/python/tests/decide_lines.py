"""Answers lines of requests: `decide_lines.py POLICY` reads them on stdin and writes one line of answer for each.

POLICY is a folder, a `.gate` file, or an artifact.
"""

import sys
from pathlib import Path

import gatelaw


def opened(path: Path) -> gatelaw.Policy:
    """Compiles a policy, or loads an artifact."""
    if path.is_dir() or path.suffix == ".gate":
        return gatelaw.compile(path)
    return gatelaw.Policy.load_unsigned(path.read_bytes())


def main(path: str) -> None:
    """Answers every line."""
    policy = opened(Path(path))
    for line in sys.stdin.buffer:
        answer = policy.decide_json(line.removesuffix(b"\n"))
        sys.stdout.buffer.write(answer.encode() + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: decide_lines.py POLICY")
    main(sys.argv[1])
