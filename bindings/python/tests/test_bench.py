"""The bench runs, and its two sides agree; no test asks for a time."""

import json
import os
import subprocess
import sys
from pathlib import Path

from corpus import POLICIES

BENCH = Path(__file__).resolve().parents[1] / "benches" / "decide.py"


def run(*arguments: object) -> str:
    environment = {**os.environ, "GATELAW_ROUNDS": "1"}
    command = [sys.executable, str(BENCH), *map(str, arguments)]
    return subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True, encoding="utf-8").stdout


def test_the_bench_prints_a_table() -> None:
    first, *table = run(20).splitlines()
    assert first.startswith("20 rules; 2,000 requests, of which ")
    assert [line.split("  ")[0] for line in table[1:3]] == ["written by hand", "decide, keywords"]


def test_the_bench_takes_a_policy_and_requests(tmp_path: Path) -> None:
    request = {"method": "GET", "scheme": "https", "host": "api.acme.com", "target": "/healthz", "now": 1, "ip": "192.0.2.1"}
    lines = tmp_path / "requests.jsonl"
    lines.write_text(json.dumps(request) + "\n", encoding="utf-8")
    assert "decide_many, texts" in run(POLICIES / "orders-api", lines)
