"""JSON Schemas of what commands print beside reports: repairs, uploads, the ledger, rules, settings, checks."""

from __future__ import annotations

from typing import Any

from preflight.render.fixes import FIX
from preflight.render.objects.json_objects import UPLOADS
from preflight.render.schema.schema_parts import (
    COUNT,
    EXACT,
    FLAG,
    SEVERITY,
    SHA256,
    TEXT,
    VERDICT,
    finding,
    list_of,
    named,
    object_of,
    or_null,
)

_MOMENT = {"type": "string", "format": "date-time"}
_ANY_OBJECT = {"type": "object"}


def fix() -> dict[str, Any]:
    """``fix``."""
    outcome = {"source": TEXT, "state": TEXT, "target": or_null(TEXT), "done": list_of(TEXT), "reason": or_null(TEXT)}
    place = {"field": or_null(TEXT), "path": or_null(TEXT), "line": or_null(COUNT)}
    repairs = {"steps": list_of(TEXT), "repaired": list_of(TEXT), "unsafe": list_of(TEXT)}
    file = object_of(outcome | repairs | {"findings": list_of(finding())} | place)
    return object_of(named(FIX) | {"files": list_of(file), "jobs": list_of(object_of(outcome))})


def upload() -> dict[str, Any]:
    """``upload``."""
    file = object_of(
        {
            "path": TEXT,
            "url": TEXT,
            "sha256": SHA256,
            "size_bytes": COUNT,
            "media_type": TEXT,
            "expires_at": or_null(_MOMENT),
            "uploaded": FLAG,
        }
    )
    return object_of(named(UPLOADS) | {"files": list_of(file)})


def entry() -> dict[str, Any]:
    """One entry of the ledger, and one line of ``jsonl``."""
    texts = ("task_id", "path", "content_identity", "run", "reason")
    moments = ("sent_at", "settles_at")
    balance = object_of({"at": _MOMENT, "balance": or_null(EXACT), "consumed": or_null(EXACT)})
    return object_of(
        {
            "id": COUNT,
            "state": TEXT,
            **dict.fromkeys(("model", "api", "identity"), TEXT),
            **{name: or_null(TEXT) for name in texts},
            **dict.fromkeys(("created_at", "updated_at"), _MOMENT),
            **{name: or_null(_MOMENT) for name in moments},
            "attempts": COUNT,
            "quote": _ANY_OBJECT,
            "charged": or_null(EXACT),
            "refunded": or_null(FLAG),
            "job": _ANY_OBJECT,
            "clocks": _ANY_OBJECT,
            "receipts": list_of(_ANY_OBJECT),
            "balances": {"type": "object", "additionalProperties": balance},
            "events": list_of(object_of({"at": _MOMENT, "state": TEXT, "what": TEXT})),
        }
    )


def ledger() -> dict[str, Any]:
    """``ledger list``, ``show`` and ``resolve``; only a list has ``sums``."""
    figures = {"entries": COUNT, "credits": EXACT, "charged": EXACT, "unknown": COUNT}
    groups = list_of(object_of({"name": or_null(TEXT)} | figures, optional={"path": or_null(TEXT)}))
    sums = object_of(figures | {"by": or_null(TEXT), "groups": groups})
    return object_of(named("preflight.ledger/v1") | {"entries": list_of(entry())}, optional={"sums": sums})


def calibration() -> dict[str, Any]:
    """``ledger calibrate``."""
    candidate = object_of({"rounding": TEXT, "clock": TEXT, "credits": TEXT, "fits": COUNT, "of": COUNT})
    parts = {"entries": list_of(COUNT), "fits": list_of(TEXT), "candidates": list_of(candidate)}
    return object_of(named("preflight.calibration/v1") | parts)


def rules() -> dict[str, Any]:
    """``rules``; with a model, ``spec`` has its fields, limits and prices."""
    texts = ("rule", "area", "summary", "origin", "source", "since", "page")
    rule = object_of(dict.fromkeys(texts, TEXT) | {"severity": SEVERITY})
    row = object_of(dict.fromkeys(("area", "name", "value", "source"), TEXT) | {"advisory": FLAG})
    spec = object_of(
        dict.fromkeys(("model", "title", "since", "base_url", "basis"), TEXT)
        | {"path": or_null(TEXT), "rows": list_of(row)}
    )
    return object_of(named("preflight.rules/v1") | {"rules": list_of(rule)}, optional={"spec": spec})


def settings_values() -> dict[str, Any]:
    """``settings``: the values in force. The settings file has a schema of its own."""
    row = object_of(
        {
            "key": TEXT,
            "value": {},
            "origin": TEXT,
            "name": or_null(TEXT),
            "line": or_null(COUNT),
            "variable": or_null(TEXT),
        }
    )
    return object_of(named("preflight.settings/v1") | {"file": or_null(TEXT), "settings": list_of(row)})


def doctor() -> dict[str, Any]:
    """``doctor``."""
    row = object_of({"check": TEXT, "state": TEXT, "found": TEXT, "fix": or_null(TEXT)})
    return object_of(named("preflight.doctor/v1") | {"verdict": VERDICT, "checks": list_of(row)})


def request() -> dict[str, Any]:
    """``submit --dry-run``."""
    return object_of(named("preflight.request/v1") | {"method": {"const": "POST"}, "url": TEXT, "body": _ANY_OBJECT})


def baseline() -> dict[str, Any]:
    """A baseline file. An empty part of a finding is left out."""
    parts = dict.fromkeys(("path", "id", "field", "source"), TEXT)
    return object_of(named("preflight.baseline/v1") | {"findings": list_of(object_of({"rule": TEXT}, optional=parts))})
