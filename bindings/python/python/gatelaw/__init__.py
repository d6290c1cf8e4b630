"""gatelaw: one law for every gate."""

from ._gatelaw import GatelawError, Plan, load_unsigned, version

__all__ = ["GatelawError", "Plan", "load_unsigned", "version"]
