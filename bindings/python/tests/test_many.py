"""Many requests: batches in order, many threads at one gate, memory that stays flat."""

import json
import os
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

import gatelaw

POLICY = gatelaw.compile(
    {"policy.gate": "allow read { on GET /things/{id}  for anyone }\nforward who { on GET /things/{id}  set \"x-id\" = path.id }"}
)
GATE = gatelaw.Gate(POLICY)


def request(number: int) -> dict[str, Any]:
    target = f"/things/{number}" if number % 3 else f"/other/{number}"
    return {"method": "GET", "scheme": "https", "host": "api.acme.com", "target": target, "now": number}


def test_batches_answer_in_order_and_in_the_form_of_each_request() -> None:
    requests = [request(number) for number in range(500)]
    lines = [json.dumps(one) for one in requests]
    decisions = [GATE.decide(one) for one in requests]
    assert GATE.decide_many(requests) == decisions
    assert GATE.decide_many(lines) == [decision.to_json() for decision in decisions]
    assert GATE.decide_many(line.encode() for line in lines) == [decision.to_json() for decision in decisions]
    assert GATE.decide_many([]) == []


def test_a_batch_with_a_mistake_decides_nothing_and_names_the_request() -> None:
    with pytest.raises(gatelaw.GatelawError, match=r"`target`: every request has it \(requests\[1\]\)"):
        GATE.decide_many([request(1), {"method": "GET", "scheme": "https", "host": "a.example"}])
    with pytest.raises(TypeError, match=r"`host`: a text is needed \(requests\[2\]\)"):
        GATE.decide_many([request(1), request(2), {**request(3), "host": 7}])
    with pytest.raises(TypeError, match=r"`request`: .* not `int` \(requests\[1\]\)"):
        GATE.decide_many([request(1), 2])  # type: ignore[arg-type]
    # A text says by itself what is wrong with it.
    assert GATE.decide_many(["{}", "\ud800"]) == ['{"v":1,"error":"missing-member","at":"method"}', '{"v":1,"error":"json","at":""}']


def test_other_threads_run_while_a_batch_is_decided() -> None:
    lines = [json.dumps(request(number)) for number in range(20_000)]
    sys.setswitchinterval(0.0005)
    ticks = 0
    done = threading.Event()

    def tick() -> None:
        nonlocal ticks
        while not done.is_set():
            ticks += 1
            time.sleep(0.0005)

    thread = threading.Thread(target=tick)
    thread.start()
    try:
        before = ticks
        GATE.decide_many(lines)
        during = ticks - before
    finally:
        done.set()
        thread.join()
    # With the lock held it could tick once or twice, before and after.
    assert during > 5


def test_one_gate_serves_many_threads() -> None:
    expected = {number: GATE.decide(request(number)).to_json() for number in range(60)}
    wrong: list[tuple[int, str]] = []

    def ask(first: int) -> None:
        for number in range(first, first + 300):
            answer = GATE.decide(request(number % 60)).to_json()
            if answer != expected[number % 60]:
                wrong.append((number, answer))
        many = GATE.decide_many([json.dumps(request(number)) for number in range(60)])
        wrong.extend((number, answer) for number, answer in enumerate(many) if answer != expected[number])

    threads = [threading.Thread(target=ask, args=(7 * number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def resident_bytes() -> int:
    pages = Path("/proc/self/statm").read_text().split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory is read from /proc")
def test_memory_stays_flat() -> None:
    """`GATELAW_DECISIONS=1000000` asks for as many; without it few enough for every run of the tests."""
    rounds = int(os.environ.get("GATELAW_DECISIONS", "30000")) // 6
    lines = [json.dumps(request(number)) for number in range(100)]
    mistakes: list[dict[str, Any]] = [{"headers": [("a", 1)]}, {"identity": {"issuer": "okta", "claims": {"a": {1}}}}]

    def ask(times: int) -> None:
        for number in range(times):
            keywords = request(number % 100)
            GATE.decide(keywords)
            GATE.decide(**keywords, headers=[("x-a", b"b")], identity={"issuer": "okta", "claims": {"sub": "u", "a": [1, {}]}})
            GATE.decide(**keywords, identity=POLICY.identity({"invalid": "expired"}))
            GATE.decide_json(lines[number % 100])
            GATE.explain(keywords)
            if number % 100 == 0:
                GATE.decide_many(lines)
                GATE.decide_many([keywords] * 100)
            if number % 50 == 0:
                for wrong in mistakes:
                    with pytest.raises(TypeError):
                        GATE.decide(**{**keywords, **wrong})

    ask(2_000)
    before = resident_bytes()
    ask(rounds)
    grown = resident_bytes() - before
    print(f"{rounds * 6} decisions: {grown / 1024:.0f} KiB more")
    # A leak of 16 bytes a decision would be 15 MiB in a million; allocators keep some pages.
    assert grown < 1024 * 1024
