"""The conformance corpus: one folder a topic, which is a policy with a file of cases.

A case is a block of lines: behind `> ` stands the request, behind `< ` the whole answer of every runtime.
"""

from dataclasses import dataclass
from pathlib import Path

POLICIES = Path(__file__).resolve().parents[3] / "policies"


@dataclass(frozen=True)
class Case:
    """One request, and what it is answered with."""

    line: int
    request: str
    answer: str


def topics() -> list[Path]:
    """Lists the folders of all topics."""
    return sorted(path.parent for path in POLICIES.glob("conformance/*/cases.txt"))


def cases(topic: Path) -> list[Case]:
    """Reads the cases of a topic."""
    read: list[Case] = []
    request = None
    # Split by line feeds alone: a request may hold other characters that Python takes for the end of a line.
    lines = (topic / "cases.txt").read_bytes().decode().split("\n")
    for number, line in enumerate(lines, 1):
        if line.startswith("> "):
            request = (number, line[2:])
        elif line.startswith("< ") and request is not None:
            read.append(Case(*request, answer=line[2:]))
            request = None
    return read
