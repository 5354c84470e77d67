"""The JSON Schema of ``preflight.diff/v1``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from preflight.render.differences.diff_objects import DIFF
from preflight.render.schema.schema_parts import (
    COUNT,
    CREDITS,
    EXACT,
    FLAG,
    TEXT,
    VERDICT,
    finding,
    list_of,
    named,
    object_of,
    or_null,
    quote,
)


def difference() -> dict[str, Any]:
    """``diff``."""
    return object_of(
        named(DIFF)
        | {
            "base": TEXT,
            "head": TEXT,
            "jobs": list_of(job_change()),
            "credits": object_of(_amounts()),
            "groups": list_of(object_of({"name": TEXT, "jobs": COUNT} | _amounts())),
            "guardrails": list_of(_guardrail()),
            "remarks": list_of(TEXT),
        }
    )


def job_change() -> dict[str, Any]:
    """One changed job, and one line of ``diff --format jsonl``."""
    value: dict[str, Any] = {"type": ["string", "number", "boolean", "object", "array", "null"]}
    text = or_null(TEXT)
    findings = list_of(finding())
    return object_of(
        {
            "change": {"enum": ["added", "removed", "changed"]},
            **dict.fromkeys(("path", "old_path", "id", "group"), text),
            "line": or_null(COUNT),
            "bare": FLAG,
            "fields": list_of(object_of({"field": TEXT, "before": value, "after": value})),
            "facts": list_of(object_of({"field": text, "source": TEXT, "fact": TEXT, "before": text, "after": text})),
            "verdict": _both(or_null(VERDICT)),
            "quote": _both(or_null(quote())),
            "credits": object_of(_range() | {"counted": FLAG}),
            "findings": object_of({"new": findings, "fixed": findings, "old": findings}),
        }
    )


def _both(schema: Mapping[str, Any]) -> dict[str, Any]:
    return object_of({"before": schema, "after": schema})


def _range() -> dict[str, Any]:
    number = or_null({"type": "number"})
    return {"change": number, "change_low": number, "change_high": number, "usd_change": or_null(EXACT)}


def _amounts() -> dict[str, Any]:
    credits_ = dict.fromkeys(("before", "after", "before_high", "after_high"), CREDITS)
    dollars = dict.fromkeys(("usd_before", "usd_after"), EXACT)
    return credits_ | _range() | dollars | dict.fromkeys(("unpriced_before", "unpriced_after"), COUNT)


def _guardrail() -> dict[str, Any]:
    return object_of(
        {
            "name": TEXT,
            "limit": {"type": "number"},
            "value": or_null({"type": "number"}),
            "unit": TEXT,
            "level": {"enum": ["notify", "block"]},
            "at": or_null(TEXT),
            "certain": FLAG,
            "tripped": FLAG,
        }
    )
