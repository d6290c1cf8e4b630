"""Policies: compiled, checked, written and loaded."""

import hashlib
import os
import pickle
import random
import re
import struct
from pathlib import Path
from typing import Any

import pytest
from corpus import POLICIES

import gatelaw

ORDERS = POLICIES / "orders-api"
HEALTH = "allow health { on GET /healthz  for anyone }"


def test_version_is_a_release() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+", gatelaw.version())


def test_a_folder_a_file_and_texts_compile_to_the_same_bytes() -> None:
    folder = gatelaw.compile(ORDERS)
    texts = {str(path.relative_to(ORDERS)): path.read_text() for path in ORDERS.rglob("*") if path.is_file()}
    assert gatelaw.compile(texts).to_bytes() == folder.to_bytes()
    assert gatelaw.compile({name: text.encode() for name, text in reversed(texts.items())}).to_bytes() == folder.to_bytes()
    assert gatelaw.compile(str(ORDERS)).digest == folder.digest
    only = gatelaw.compile({"policy.gate": HEALTH})
    assert re.fullmatch(r"sha256:[0-9a-f]{64}", only.digest)
    assert only.digest in repr(only)
    assert only.digest != folder.digest


def test_a_policy_is_frozen() -> None:
    policy = gatelaw.compile({"policy.gate": HEALTH})
    with pytest.raises(AttributeError):
        policy.digest = "sha256:0"  # type: ignore[misc]
    with pytest.raises(AttributeError):
        policy.needs().ip = True  # type: ignore[misc]


def test_needs_name_what_is_read_and_set() -> None:
    policy = gatelaw.compile(
        {
            "policy.gate": """
issuer okta { url "https://acme.okta.com"  audience "api"  algorithms RS256  token header "X-Token"  token cookie "sid" }
allow a {
  on GET /a  for anyone
  when request.header("X-Tenant") contains "t" and request.query("q") contains "1" and request.cookie("c") contains "1"
    and request.country? == "DE" and request.ip in 10.0.0.0/8
}
forward f { on GET /a  set "x-user" = "u" }
"""
        }
    )
    needs = gatelaw.Needs(
        headers=("x-tenant",),
        query=("q",),
        cookies=("c",),
        facts=("country",),
        ip=True,
        tokens=True,
        token_headers=("x-token",),
        token_cookies=("sid",),
        sets=("x-user",),
    )
    assert policy.needs() == needs
    assert gatelaw.Policy.load_unsigned(policy.to_bytes()).needs() == needs


WRONG = {
    "a.gate": "allow x { on GET /a  for authnticated }\n",
    "b.gate": "role unused\n\nallow y {\n  on GET /b\n  fro anyone\n}\n",
}


def test_a_policy_with_mistakes_tells_all_of_them() -> None:
    with pytest.raises(gatelaw.GatelawError) as raised:
        gatelaw.compile(WRONG)
    error = raised.value
    assert isinstance(error, ValueError)
    assert error.code == error.diagnostics[0].code == "G0203"
    assert error.span == ("a.gate", 1, 26)
    assert error.span is not None and error.span.column == 26
    assert len(error.diagnostics) >= 2
    assert str(error) == error.text
    for diagnostic in error.diagnostics:
        assert diagnostic.text.rstrip() in error.text
    assert "1 | allow x { on GET /a  for authnticated }\n  |                          ^^^^^^^^^^^^\n" in error.text


def test_check_answers_what_compile_raises() -> None:
    with pytest.raises(gatelaw.GatelawError) as raised:
        gatelaw.compile(WRONG)
    assert tuple(gatelaw.check(WRONG)) == raised.value.diagnostics
    first = gatelaw.check(WRONG)[0]
    assert (first.severity, first.file, first.line, first.column) == ("error", "a.gate", 1, 26)
    assert (first.end_line, first.end_column) == (1, 38)
    assert "authnticated" in first.message and first.help and first.page == "docs/codes.md#g0203"
    assert str(first) == first.text
    assert hash(first) == hash(gatelaw.check(WRONG)[0])


def test_warnings_are_told_and_compile() -> None:
    texts = {"policy.gate": HEALTH + "\nlist unused: string = [\"a\"]\n"}
    warnings = gatelaw.check(texts)
    assert warnings and {warning.severity for warning in warnings} == {"warning"}
    assert gatelaw.compile(texts).warnings == tuple(warnings)
    assert gatelaw.check({"policy.gate": HEALTH + "\ndeny rest { for authenticated }"}) is not None


def test_what_is_no_policy_is_told_with_a_code(tmp_path: Path) -> None:
    artifact = tmp_path / "policy.gatelaw"
    artifact.write_bytes(gatelaw.compile({"policy.gate": HEALTH}).to_bytes())
    latin = tmp_path / "latin.gate"
    latin.write_bytes(b"# caf\xe9")
    table: list[tuple[Any, str, str]] = [
        (tmp_path / "missing", "G0010", "there is no such file or folder"),
        (artifact, "G0014", "is an artifact"),
        (latin, "G0016", "byte 0xE9 on line 1"),
        ({}, "G0011", "no `.gate` file"),
        ({"../a.gate": HEALTH}, "G0015", "has no name"),
        ({"a.gate": b"# caf\xe9"}, "G0016", "byte 0xE9 on line 1"),
    ]
    for policy, code, says in table:
        with pytest.raises(gatelaw.GatelawError, match=says) as raised:
            gatelaw.compile(policy)
        assert (raised.value.code, raised.value.span) == (code, None)
        assert [diagnostic.code for diagnostic in gatelaw.check(policy)] == [code]
        assert gatelaw.check(policy)[0].file is None


def test_a_text_in_place_of_its_path_is_told() -> None:
    for text in (HEALTH, "role a\n"):
        with pytest.raises(gatelaw.GatelawError, match="give texts by name, as `{\"policy.gate\": text}`") as raised:
            gatelaw.compile(text)
        assert raised.value.code == "argument"


class Gone:
    """A path that fails while it is asked for."""

    def __fspath__(self) -> str:
        raise RuntimeError("the disk is gone")


def test_errors_of_a_path_are_left_as_they_are() -> None:
    with pytest.raises(RuntimeError, match="the disk is gone"):
        gatelaw.compile(Gone())


def test_errors_can_be_pickled() -> None:
    with pytest.raises(gatelaw.GatelawError) as raised:
        gatelaw.compile(WRONG)
    again = pickle.loads(pickle.dumps(raised.value))
    assert (again.code, again.span, again.text) == (raised.value.code, raised.value.span, raised.value.text)
    assert again.diagnostics == raised.value.diagnostics


ARTIFACT = gatelaw.compile(ORDERS).to_bytes()


def test_an_artifact_loads_as_what_was_compiled() -> None:
    loaded = gatelaw.Policy.load_unsigned(ARTIFACT)
    assert loaded.digest == gatelaw.compile(ORDERS).digest
    assert loaded.to_bytes() == ARTIFACT
    assert loaded.warnings == ()


def test_the_program_and_the_package_write_the_same_artifact() -> None:
    """`cargo xtask test` compiles this policy by the program, and names the file and its digest."""
    written = os.environ.get("GATELAW_ARTIFACT")
    if written is None:
        pytest.skip("run by `cargo xtask test`")
    assert Path(written).read_bytes() == ARTIFACT
    assert gatelaw.Policy.load_unsigned(ARTIFACT).digest == os.environ["GATELAW_DIGEST"]


@pytest.mark.parametrize(
    ("artifact", "code"),
    [
        (b"allow GET /orders", "artifact:magic"),
        (b"", "artifact:truncated"),
        (b"GATELAW", "artifact:truncated"),
        (b"GATELAW\0\xff\xff", "artifact:version"),
        (ARTIFACT[:-1], "artifact:truncated"),
        (ARTIFACT[:120] + bytes([ARTIFACT[120] ^ 1]) + ARTIFACT[121:], "artifact:digest"),
    ],
)
def test_bytes_that_are_no_artifact_are_refused(artifact: bytes, code: str) -> None:
    with pytest.raises(gatelaw.GatelawError) as raised:
        gatelaw.Policy.load_unsigned(artifact)
    assert (raised.value.code, raised.value.span, raised.value.diagnostics) == (code, None, ())


def test_random_bytes_are_refused() -> None:
    random_bytes = random.Random(1)
    for _ in range(2_000):
        head = ARTIFACT[: random_bytes.randrange(200)]
        with pytest.raises(gatelaw.GatelawError) as raised:
            gatelaw.Policy.load_unsigned(head + random_bytes.randbytes(random_bytes.randrange(400)))
        assert raised.value.code.startswith("artifact:")


def test_changed_artifacts_with_fitting_digests_are_refused_or_decide() -> None:
    """Behind the digests too, nothing is believed: what loads decides, and never ends the process."""
    changes = random.Random(2)
    request = '{"method":"GET","scheme":"https","host":"api.acme.com","target":"/v1/orders","now":1,"ip":"192.0.2.1"}'
    loaded = 0
    for _ in range(1_000):
        artifact = bytearray(ARTIFACT)
        for _ in range(changes.randrange(1, 4)):
            artifact[changes.randrange(len(artifact))] = changes.randrange(256)
        try:
            policy = gatelaw.Policy.load_unsigned(sealed(artifact))
        except gatelaw.GatelawError as error:
            assert error.code.startswith("artifact:")
            continue
        loaded += 1
        assert policy.decide_json(request).startswith('{"v":1,"effect":')
    # Many changes do load: those in texts, such as names.
    assert 0 < loaded < 1_000


def sealed(artifact: bytearray) -> bytes:
    """Writes digests that fit, by the documented layout: magic and versions, two digests, ten lengths, the sections."""
    lengths = [artifact[at : at + 4] for at in range(80, 120, 4)]
    policy = hashlib.sha256(artifact[:16])
    at = 120
    for length in lengths[:-1]:
        end = at + int(struct.unpack("<I", length)[0])
        policy.update(length)
        policy.update(artifact[at:end])
        at = end
    artifact[16:48] = policy.digest()
    artifact[48:80] = hashlib.sha256(artifact[:48] + artifact[80:120] + artifact[at:]).digest()
    return bytes(artifact)
