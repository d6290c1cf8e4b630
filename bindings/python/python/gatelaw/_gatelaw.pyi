from typing import final

__all__ = ["GatelawError", "Plan", "load_unsigned", "version"]

class GatelawError(Exception):
    """Says what went wrong: `code` names the kind, for programs; `str()` tells a person."""

    code: str

@final
class Plan:
    """Holds a compiled policy that was loaded and checked."""

    @property
    def digest(self) -> str:
        """The digest of what decides: `sha256:` and 64 hex digits."""

def version() -> str:
    """Names the version of gatelaw, the same for every package of one release."""

def load_unsigned(data: bytes) -> Plan:
    """Loads an artifact that nobody signed: the caller answers for where the bytes come from.

    Raises `GatelawError` with a code `artifact:…` for bytes that are no artifact of this gatelaw.
    """
