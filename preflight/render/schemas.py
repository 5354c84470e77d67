"""JSON Schemas of the objects that the commands print and ``to_dict`` returns.

Every key that is there today is required; more may come within v1, so none is forbidden. There are no references, so
that a schema can stand inside another one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from preflight.model import Kind, Severity, Verdict
from preflight.render import json_objects
from preflight.render.diff_objects import DIFF
from preflight.specs.schema import DIALECT

_TEXT: dict[str, Any] = {"type": "string"}
_FLAG: dict[str, Any] = {"type": "boolean"}
_DISPLAYED = ("display_width", "display_height")
_COUNT: dict[str, Any] = {"type": "integer", "minimum": 0}
_EXACT: dict[str, Any] = {"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]+)?…?$"}
_CREDITS: dict[str, Any] = {"type": "number", "minimum": 0}
_VERDICT: dict[str, Any] = {"enum": [verdict.value for verdict in Verdict]}
_RESTORE = {"restore": {"type": "object", "description": "Every value exactly, for from_json of the same version."}}


def _or_null(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"anyOf": [dict(schema), {"type": "null"}]}


def _list(items: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": dict(items)}


def _object(properties: Mapping[str, Any], *, optional: Mapping[str, Any] | None = None) -> dict[str, Any]:
    return {"type": "object", "properties": {**properties, **(optional or {})}, "required": list(properties)}


def finding() -> dict[str, Any]:
    """One finding."""
    texts = ("field", "measured", "allowed", "fix", "help", "path")
    return _object(
        {
            "rule": _TEXT,
            "severity": {"enum": [severity.label for severity in Severity]},
            "indeterminate": _FLAG,
            "message": _TEXT,
            **{name: _or_null(_TEXT) for name in texts},
            "line": _or_null(_COUNT),
            "column": _or_null(_COUNT),
        }
    )


def total() -> dict[str, Any]:
    """The price of all jobs together."""
    return _object(_price() | {"unpriced": _COUNT})


def quote() -> dict[str, Any]:
    """The price of one job."""
    texts = {"mode": _TEXT, "rounding": _TEXT, "reasons": _list(_TEXT)}
    seconds = {"seconds": _EXACT, "billed_seconds": _EXACT, "credits_per_second": _EXACT}
    return _object(_price() | seconds | texts)


def _price() -> dict[str, Any]:
    return {"credits": _CREDITS, "low": _EXACT, "high": _EXACT, "exact": _FLAG, "usd": _EXACT}


def image_facts() -> dict[str, Any]:
    """The facts about a picture."""
    counts = ("size_bytes", "width", "height", "orientation", "bit_depth", "frames")
    return _object(
        {
            "container": _or_null(_TEXT),
            **{name: _or_null(_COUNT) for name in (*counts, *_DISPLAYED)},
            "display_orientation": _or_null(_TEXT),
            "color_mode": _or_null(_TEXT),
            "complete": _or_null(_FLAG),
            "decoders": _list(_TEXT),
        }
    )


def video_facts() -> dict[str, Any]:
    """The facts about a clip, or about a file that is neither a picture nor a clip."""
    counts = ("size_bytes", "width", "height", *_DISPLAYED, "bit_depth")
    sound = _object(
        {
            "codec": _TEXT,
            "codec_name": _TEXT,
            "channels": _or_null(_COUNT),
            "sample_rate": _or_null(_COUNT),
        }
    )
    track = _object(
        {
            "id": _or_null(_COUNT),
            "handler": _or_null(_TEXT),
            "codec": _or_null(_TEXT),
            "ticks": _or_null({"type": "integer"}),
            "timescale": _or_null(_COUNT),
            "enabled": _or_null(_FLAG),
        }
    )
    second = _object(
        {
            "container": _or_null(_TEXT),
            "width": _or_null(_COUNT),
            "height": _or_null(_COUNT),
            "duration_s": _or_null(_EXACT),
        }
    )
    return _object(
        {
            "container": _or_null(_TEXT),
            "major_brand": _or_null(_TEXT),
            **{name: _or_null(_COUNT) for name in counts},
            "display_orientation": _or_null(_TEXT),
            "rotation": _or_null({"type": "integer"}),
            "codec": _or_null(_TEXT),
            "codec_name": _or_null(_TEXT),
            "frame_rate": _or_null(_TEXT),
            "variable_frame_rate": _or_null(_FLAG),
            "hdr": _or_null(_TEXT),
            "audio": _or_null(sound),
            "duration_s": _or_null(_EXACT),
            "durations_s": {"type": "object", "additionalProperties": _or_null(_EXACT)},
            "fragmented": _or_null(_FLAG),
            "fast_start": _or_null(_FLAG),
            "encrypted": _or_null(_FLAG),
            "tracks": _list(track),
            "second_opinion": _or_null(second),
        }
    )


def subject(*, judged: bool = True) -> dict[str, Any]:
    """One file with its facts and the cost of reading it."""
    counts = ("requests", "connections", "bytes", "bytes_asked", "bytes_received", "redirects", "retries", "elapsed_ms")
    transfer = _object(
        {
            **dict.fromkeys(counts, _COUNT),
            "status": _or_null(_COUNT),
            "declared_type": _or_null(_TEXT),
            "ranges": _or_null(_FLAG),
            "proxy": _FLAG,
        }
    )
    block = _object({"start": _COUNT, "end": _COUNT, "sha256": {"type": "string", "pattern": "^[0-9a-f]{64}$"}})
    receipt = _object({"validator": _or_null(_TEXT), "size_bytes": _or_null(_COUNT), "blocks": _list(block)})
    return _object(
        {
            "field": _or_null(_TEXT),
            "kind": {"enum": [kind.value for kind in Kind]},
            "source": _TEXT,
            **({"verdict": _VERDICT} if judged else {}),
            "examined": _FLAG,
            "facts": {"anyOf": [image_facts(), video_facts(), {"type": "null"}]},
            "error": _or_null(_TEXT),
            "transfer": transfer,
            "receipt": _or_null(receipt),
        }
    )


def _which() -> dict[str, Any]:
    names = {"id": _or_null(_TEXT), "path": _or_null(_TEXT), "line": _or_null(_COUNT)}
    return names | {"model": _TEXT, "verdict": _VERDICT, "meta": {"type": "object"}}


def job() -> dict[str, Any]:
    """One job of a report, and one line of ``jsonl``."""
    parts = {"identity": _or_null(_TEXT), "subjects": _list(subject()), "findings": _list(finding())}
    return _object(_which() | parts | {"quote": _or_null(quote())}, optional=_RESTORE)


def report() -> dict[str, Any]:
    """``check``."""
    parts = {"verdict": _VERDICT, "quote": _or_null(total()), "jobs": _list(job())}
    return _object(_named(json_objects.REPORT) | parts, optional=_RESTORE)


def facts() -> dict[str, Any]:
    """``probe``."""
    return _object(_named(json_objects.FACTS) | {"subjects": _list(subject(judged=False))})


def quotes() -> dict[str, Any]:
    """``estimate``."""
    each = {"type": "object", "additionalProperties": _or_null(quote())}
    priced = _object(_which() | {"quote": _or_null(quote()), "quotes": each, "findings": _list(finding())})
    parts = {"verdict": _VERDICT, "quote": _or_null(total()), "jobs": _list(priced)}
    return _object(_named(json_objects.QUOTE) | parts)


def submission() -> dict[str, Any]:
    """``submit`` and ``task``."""
    media = _object(
        {
            "field": _TEXT,
            "source": _TEXT,
            "sha256": _or_null({"type": "string", "pattern": "^[0-9a-f]{64}$"}),
            "size_bytes": _or_null(_COUNT),
        }
    )
    return _object(
        _named(json_objects.SUBMISSION)
        | {
            "state": _TEXT,
            "task_id": _or_null(_TEXT),
            "quote": _or_null(quote()),
            "outputs": _list(_TEXT),
            "files": _list(_TEXT),
            "media": _list(media),
            "error": _or_null(_TEXT),
            "refunded": _or_null(_FLAG),
            "entry": _or_null(_COUNT),
        }
    )


def account() -> dict[str, Any]:
    """``credits``."""
    number = _or_null({"type": "number"})
    parts = {"balance": {"type": "number"}, "total_purchased": number, "total_consumed": number}
    return _object(_named(json_objects.CREDITS) | parts)


def difference() -> dict[str, Any]:
    """``diff``."""
    return _object(
        _named(DIFF)
        | {
            "base": _TEXT,
            "head": _TEXT,
            "jobs": _list(job_change()),
            "credits": _object(_amounts()),
            "groups": _list(_object({"name": _TEXT, "jobs": _COUNT} | _amounts())),
            "guardrails": _list(_guardrail()),
            "remarks": _list(_TEXT),
        }
    )


def job_change() -> dict[str, Any]:
    """One changed job, and one line of ``diff --format jsonl``."""
    value: dict[str, Any] = {"type": ["string", "number", "boolean", "object", "array", "null"]}
    text = _or_null(_TEXT)
    findings = _list(finding())
    return _object(
        {
            "change": {"enum": ["added", "removed", "changed"]},
            **dict.fromkeys(("path", "old_path", "id", "group"), text),
            "line": _or_null(_COUNT),
            "bare": _FLAG,
            "fields": _list(_object({"field": _TEXT, "before": value, "after": value})),
            "facts": _list(_object({"field": text, "source": _TEXT, "fact": _TEXT, "before": text, "after": text})),
            "verdict": _both(_or_null(_VERDICT)),
            "quote": _both(_or_null(quote())),
            "credits": _object(_range() | {"counted": _FLAG}),
            "findings": _object({"new": findings, "fixed": findings, "old": findings}),
        }
    )


def _both(schema: Mapping[str, Any]) -> dict[str, Any]:
    return _object({"before": schema, "after": schema})


def _range() -> dict[str, Any]:
    number = _or_null({"type": "number"})
    return {"change": number, "change_low": number, "change_high": number, "usd_change": _or_null(_EXACT)}


def _amounts() -> dict[str, Any]:
    credits_ = dict.fromkeys(("before", "after", "before_high", "after_high"), _CREDITS)
    dollars = dict.fromkeys(("usd_before", "usd_after"), _EXACT)
    return credits_ | _range() | dollars | dict.fromkeys(("unpriced_before", "unpriced_after"), _COUNT)


def _guardrail() -> dict[str, Any]:
    return _object(
        {
            "name": _TEXT,
            "limit": {"type": "number"},
            "value": _or_null({"type": "number"}),
            "unit": _TEXT,
            "level": {"enum": ["notify", "block"]},
            "at": _or_null(_TEXT),
            "certain": _FLAG,
            "tripped": _FLAG,
        }
    )


def _named(schema: str) -> dict[str, Any]:
    return {"schema": {"const": schema}}


SHAPES: Mapping[str, Callable[[], dict[str, Any]]] = {
    "report": report,
    "facts": facts,
    "quote": quotes,
    "submission": submission,
    "credits": account,
    "diff": difference,
}
"""By the name that ``preflight schema`` takes: that of ``preflight.NAME/v1``."""

OBJECTS: Mapping[str, Callable[[], dict[str, Any]]] = {
    "Report": report,
    "JobReport": job,
    "Subject": subject,
    "Finding": finding,
    "Quote": quote,
    "TotalQuote": total,
    "Submission": submission,
}
"""By the class whose ``to_dict`` it describes."""


def schema_of(name: str) -> dict[str, Any]:
    """The whole schema of a shape."""
    return {"$schema": DIALECT, "title": f"preflight.{name}/v1", **SHAPES[name]()}
