"""Loading bytes: the same cases and codes as in every other language.

`GATELAW_ARTIFACT` names a compiled policy, `GATELAW_DIGEST` its digest.
"""

import os
import re
from pathlib import Path

import pytest

import gatelaw

ARTIFACT = Path(os.environ["GATELAW_ARTIFACT"]).read_bytes()


def test_version_is_a_release() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+", gatelaw.version())


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"allow GET /orders", "artifact:magic"),
        (b"", "artifact:truncated"),
        (b"GATELAW", "artifact:truncated"),
        (b"GATELAW\0\xff\xff", "artifact:version"),
        (ARTIFACT[:-1], "artifact:truncated"),
        (ARTIFACT[:-1] + bytes([ARTIFACT[-1] ^ 1]), "artifact:digest"),
    ],
)
def test_bytes_that_are_no_artifact_are_refused(data: bytes, code: str) -> None:
    with pytest.raises(gatelaw.GatelawError) as raised:
        gatelaw.load_unsigned(data)
    assert raised.value.code == code


def test_an_artifact_loads() -> None:
    plan = gatelaw.load_unsigned(ARTIFACT)
    assert plan.digest == os.environ["GATELAW_DIGEST"]
    assert plan.digest in repr(plan)


def test_a_plan_is_frozen() -> None:
    plan = gatelaw.load_unsigned(ARTIFACT)
    with pytest.raises(AttributeError):
        plan.digest = "sha256:0"  # type: ignore[misc]


def test_the_error_tells_a_person() -> None:
    with pytest.raises(gatelaw.GatelawError, match="these bytes are no gatelaw artifact"):
        gatelaw.load_unsigned(b"no artifact")


def test_text_is_no_bytes() -> None:
    with pytest.raises(TypeError):
        gatelaw.load_unsigned("GATELAW")  # type: ignore[arg-type]
