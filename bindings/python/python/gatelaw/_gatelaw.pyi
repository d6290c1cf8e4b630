__all__ = ["GatelawError", "load_unsigned", "version"]

class GatelawError(Exception):
    """Says what went wrong: `code` names the kind, for programs; `str()` tells a person."""

    code: str

def version() -> str:
    """Names the version of gatelaw, the same for every package of one release."""

def load_unsigned(data: bytes) -> None:
    """Checks that bytes begin as an artifact of this gatelaw does, whoever wrote them.

    Raises `GatelawError` with a code `artifact:…` for bytes that don't.
    """
