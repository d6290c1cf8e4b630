"""Every example of README.md runs, and prints what stands below it."""

import asyncio
import contextlib
import io
import re
from pathlib import Path
from typing import Any

README = Path(__file__).resolve().parents[1] / "README.md"


def blocks() -> list[tuple[str, str, int]]:
    """Finds language, text and line of each block of code."""
    text = README.read_text(encoding="utf-8")
    found = re.finditer(r"^```(\w+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [(match[1], match[2], text.count("\n", 0, match.start()) + 2) for match in found]


def test_every_example_runs_and_prints_what_stands_below_it() -> None:
    names: dict[str, Any] = {}
    printed = ""
    kinds: list[str] = []
    for kind, text, line in blocks():
        kinds.append(kind)
        if kind == "text":
            assert printed == text, f"README.md:{line}"
            printed = ""
        if kind == "python":
            assert printed == "", f"README.md:{line}: what the example above prints stands nowhere"
            out = io.StringIO()
            with contextlib.redirect_stdout(out):
                # Blank lines before it, so that a traceback names the line of README.md.
                exec(compile("\n" * (line - 1) + text, str(README), "exec"), names)
            printed = out.getvalue()
    assert printed == ""
    assert kinds.count("python") >= 10 and kinds.count("text") >= 3


def test_the_guard_of_the_readme_guards() -> None:
    names: dict[str, Any] = {}
    before = [text for kind, text, _ in blocks() if kind == "python"]
    (guard,) = [number for number, text in enumerate(before) if "def guard" in text]
    for text in before[: guard + 1]:
        with contextlib.redirect_stdout(io.StringIO()):
            exec(text, names)
    seen: list[dict[str, Any]] = []
    sent: list[dict[str, Any]] = []

    async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
        seen.append(scope)

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    def ask(raw_path: bytes) -> None:
        scope: dict[str, Any] = {
            "type": "http",
            "method": "GET",
            "scheme": "https",
            "raw_path": raw_path,
            "query_string": b"a=%27",
            "headers": [(b"host", b"api.acme.com"), (b"x_request_id", b"mine"), (b"accept", b"*/*")],
            "client": ("192.0.2.7", 1234),
        }
        asyncio.run(names["guard"](application, names["gate"])(scope, None, send))

    ask(b"/%68ealthz")
    (scope,) = seen
    assert (scope["raw_path"], scope["query_string"]) == (b"/healthz", b"a=%27")
    assert [name for name, _ in scope["headers"]] == [b"host", b"accept", b"x-request-id"]
    ask(b"/%61dmin")
    ask(b"/a//b")
    assert len(seen) == 1
    assert [message.get("status") for message in sent] == [404, None, 400, None]
    assert b"refused:empty-segment" in sent[-1]["body"]
