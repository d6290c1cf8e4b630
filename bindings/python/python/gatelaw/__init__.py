"""gatelaw: one law for every gate."""

from ._gatelaw import GatelawError, load_unsigned, version

__all__ = ["GatelawError", "load_unsigned", "version"]
