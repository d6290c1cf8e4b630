"""The text border: the same bytes as in every other runtime."""

import subprocess
import sys
from pathlib import Path

import pytest
from corpus import cases, topics

import gatelaw


def test_the_corpus_is_there() -> None:
    assert len(topics()) >= 40
    assert sum(len(cases(topic)) for topic in topics()) >= 600


@pytest.mark.parametrize("topic", topics(), ids=lambda topic: topic.name)
def test_every_line_is_answered_by_the_same_bytes(topic: Path) -> None:
    policy = gatelaw.compile(topic)
    loaded = gatelaw.Policy.load_unsigned(policy.to_bytes())
    gate = gatelaw.Gate(policy, limits="report")
    corpus = cases(topic)
    many = gate.decide_many([case.request for case in corpus])
    assert len(many) == len(corpus)
    for case, of_many in zip(corpus, many):
        place = f"{topic.name}:{case.line}"
        assert policy.decide_json(case.request) == case.answer, place
        assert loaded.decide_json(case.request.encode()) == case.answer, place
        assert gate.decide_json(case.request) == case.answer, place
        assert of_many == case.answer, place
        explained = gate.explain_json(case.request)
        assert case.answer in explained if '"error"' not in case.answer else explained == case.answer, place


def answered(arguments: list[str], lines: list[bytes]) -> list[str]:
    """Asks the text door. The last line has no line break at its end, as files of people often don't."""
    command = [sys.executable, str(Path(__file__).with_name("decide_lines.py")), *arguments]
    run = subprocess.run(command, input=b"\n".join(lines), stdout=subprocess.PIPE, check=True)
    *answers, behind = run.stdout.decode().split("\n")
    assert behind == ""
    return answers


@pytest.mark.parametrize("values", [[], ["--values"]], ids=["lines", "values"])
@pytest.mark.parametrize("policy", ["folder", "artifact", "named in the stream"])
def test_the_text_door_answers_line_for_line(policy: str, values: list[str], tmp_path: Path) -> None:
    topic = next(topic for topic in topics() if len(cases(topic)) > 8)
    artifact = tmp_path / "policy.gatelaw"
    artifact.write_bytes(gatelaw.compile(topic).to_bytes())
    named = {"folder": [str(topic)], "artifact": [str(artifact)], "named in the stream": []}[policy]
    corpus = cases(topic)
    lines = [case.request.encode() for case in corpus] + [b"\xff", b"", b"{}"]
    answers = [case.answer for case in corpus] + [
        '{"v":1,"error":"json","at":""}',
        '{"v":1,"error":"json","at":""}',
        '{"v":1,"error":"missing-member","at":"method"}',
    ]
    stream = lines if named else [b"@" + str(artifact).encode(), *lines]
    assert answered([*values, *named], stream) == answers
