"""The parts that the schemas of several objects share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from preflight.model import Severity, Verdict

TEXT: dict[str, Any] = {"type": "string"}
FLAG: dict[str, Any] = {"type": "boolean"}
COUNT: dict[str, Any] = {"type": "integer", "minimum": 0}
EXACT: dict[str, Any] = {"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]+)?…?$"}
CREDITS: dict[str, Any] = {"type": "number", "minimum": 0}
VERDICT: dict[str, Any] = {"enum": [verdict.value for verdict in Verdict]}
SEVERITY: dict[str, Any] = {"enum": [severity.label for severity in Severity]}
SHA256: dict[str, Any] = {"type": "string", "pattern": "^[0-9a-f]{64}$"}


def or_null(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"anyOf": [dict(schema), {"type": "null"}]}


def list_of(items: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": dict(items)}


def object_of(properties: Mapping[str, Any], *, optional: Mapping[str, Any] | None = None) -> dict[str, Any]:
    return {"type": "object", "properties": {**properties, **(optional or {})}, "required": list(properties)}


def finding() -> dict[str, Any]:
    """One finding."""
    texts = ("field", "measured", "allowed", "fix", "help", "path")
    return object_of(
        {
            "rule": TEXT,
            "severity": SEVERITY,
            "indeterminate": FLAG,
            "message": TEXT,
            **{name: or_null(TEXT) for name in texts},
            "line": or_null(COUNT),
            "column": or_null(COUNT),
        }
    )


def quote() -> dict[str, Any]:
    """The price of one job."""
    texts = {"mode": TEXT, "rounding": TEXT, "reasons": list_of(TEXT)}
    seconds = {"seconds": EXACT, "billed_seconds": EXACT, "credits_per_second": or_null(EXACT)}
    return object_of(price() | seconds | texts)


def price() -> dict[str, Any]:
    return {"credits": CREDITS, "low": EXACT, "high": EXACT, "exact": FLAG, "usd": EXACT}


def named(schema: str) -> dict[str, Any]:
    return {"schema": {"const": schema}}
