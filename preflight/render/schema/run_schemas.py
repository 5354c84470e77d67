"""JSON Schemas of a run on disk: ``run.json``, the rows of its parts, ``summary.json``, and what was paid for."""

from __future__ import annotations

from typing import Any

from preflight.model import Verdict
from preflight.model.file_types import RUN_SCHEMA
from preflight.render.schema.schema_parts import COUNT, EXACT, TEXT, VERDICT, list_of, named, object_of, or_null
from preflight.render.schema.schemas import HIDDEN, job, submission, total

_NUMBER = {"type": "number"}
_COUNTS = {"type": "object", "additionalProperties": COUNT}


def run() -> dict[str, Any]:
    """``run.json``."""
    manifest = object_of({"name": TEXT, "sha256": TEXT, "rows": COUNT})
    spec = object_of({"model": TEXT, "since": TEXT}, optional={"named": TEXT})
    return object_of(
        named(RUN_SCHEMA)
        | {
            "id": TEXT,
            "manifest": manifest,
            "options": {"type": "object"},
            "spec": spec,
            "parts": COUNT,
            "rows_a_part": COUNT,
            "results": {"enum": ["jsonl", "parquet"]},
            "preflight": TEXT,
            "versions": {"type": "object", "additionalProperties": or_null(TEXT)},
        }
    )


def row() -> dict[str, Any]:
    """One row of a part: a job of a report, its row in the manifest counted from 1, and how often it was examined."""
    return _with(job(), named("preflight.job/v1") | {"row": COUNT, "tries": COUNT})


def summary() -> dict[str, Any]:
    """``summary.json``. A histogram counts from each edge to the next; the last count has everything above."""
    verdicts = object_of({verdict.value: COUNT for verdict in Verdict})
    edges = object_of({"from": list_of(_NUMBER), "counts": list_of(COUNT)})
    groups = {"type": "object", "additionalProperties": _COUNTS}
    histograms = object_of({"rules": groups, "hosts": groups}) | {"additionalProperties": edges}
    passing = object_of({"credits": _NUMBER, "low": EXACT, "high": EXACT, "usd": TEXT, "rows": COUNT})
    counts = ("rows", "over_budget", "bytes", "requests", "sent_again")
    return object_of(
        named("preflight.summary/v1")
        | {
            "verdict": VERDICT,
            **dict.fromkeys(counts, COUNT),
            "verdicts": verdicts,
            "quote": or_null(total()),
            "rules": _COUNTS,
            "histograms": histograms,
            "elapsed_s": _NUMBER,
        },
        optional={"swapped": COUNT, "passing": or_null(passing), "hidden": HIDDEN},
    )


def paid_row() -> dict[str, Any]:
    """One line of ``submissions.jsonl``: a submission, and which job of the run it is for. ``api`` is in the file."""
    texts = {name: or_null(TEXT) for name in ("id", "path", "identity")}
    more = {"row": COUNT, "line": or_null(COUNT), "meta": {"type": "object"}} | texts
    return _with(submission(), more, optional={"api": TEXT})


def submissions() -> dict[str, Any]:
    """``submit`` of a run."""
    amounts = {"budget": EXACT, "taken": EXACT}
    parts = {"run": TEXT, "states": _COUNTS, "stopped": or_null(TEXT), "file": TEXT, "jobs": list_of(paid_row())}
    return object_of(named("preflight.submissions/v1") | amounts | parts)


def sandbox() -> dict[str, Any]:
    """The state of the sandbox, at ``/sandbox/state``."""
    amounts: dict[str, Any] = {name: {} for name in ("balance", "total_purchased", "total_consumed")}
    counts = dict.fromkeys(("jobs_billed", "jobs_refunded"), COUNT)
    lists = {name: list_of({"type": "object"}) for name in ("tasks", "callbacks", "faults")}
    return object_of(named("preflight.sandbox/v1") | {"now": _NUMBER, "requests": {}} | amounts | counts | lists)


def _with(schema: dict[str, Any], more: dict[str, Any], *, optional: dict[str, Any] | None = None) -> dict[str, Any]:
    """``schema`` of an object, with further keys."""
    return schema | {
        "properties": {**schema["properties"], **more, **(optional or {})},
        "required": [*schema["required"], *(name for name in more if name not in schema["required"])],
    }
