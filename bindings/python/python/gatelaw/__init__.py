"""gatelaw: one law for every gate."""

from ._gatelaw import Decision, Gate, Identity, Policy, check, compile, version
from ._values import (
    Answer,
    Asked,
    Counters,
    Diagnostic,
    Explanation,
    Forward,
    GatelawError,
    Limit,
    Needs,
    Rule,
    Span,
    TokenCheck,
)

__all__ = [
    "Answer",
    "Asked",
    "Counters",
    "Decision",
    "Diagnostic",
    "Explanation",
    "Forward",
    "Gate",
    "GatelawError",
    "Identity",
    "Limit",
    "Needs",
    "Policy",
    "Rule",
    "Span",
    "TokenCheck",
    "check",
    "compile",
    "version",
]
