"""Results as plain values and JSON, for pydantic and notebooks, and back (``model/exchange.py``)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, TypeVar

from preflight.errors import ConfigurationError
from preflight.model import Finding, JobReport, Quote, Report, Subject, TotalQuote
from preflight.model.codec import decode, encode
from preflight.render.objects import json_objects
from preflight.render.objects.json_text import to_json as json_of
from preflight.render.schema import shapes

if TYPE_CHECKING:
    pass

_T = TypeVar("_T")
MOST_CHARS = 256 * 1024 * 1024


def to_dict(result: Any) -> dict[str, Any]:
    """As ``Exchangeable.to_dict``."""
    match result:
        case Report():
            return {**json_objects.report_object(result), "restore": encode(result)}
        case JobReport():
            return {**json_objects.job_object(result), "restore": encode(result)}
        case Subject():
            return json_objects.subject_object(JobReport(model="", subjects=(result,)), result)
        case Finding():
            return json_objects.finding_object(result)
        case Quote():
            made = json_objects.quote_object(result)
        case TotalQuote():
            made = json_objects.total_object(result)
        case _:
            made = json_objects.submission_object(result)
    assert made is not None, "there is a price"
    return made


def to_json(result: Any) -> str:
    """As ``Exchangeable.to_json``."""
    return json_of(to_dict(result))


def from_dict(kind: type[_T], data: Any) -> _T:
    """As ``Restorable.from_dict``."""
    if not isinstance(data, dict) or "restore" not in data:
        raise ConfigurationError("not a report that to_dict or to_json wrote: it has no key 'restore'")
    made = decode(kind, data["restore"])
    assert isinstance(made, kind), "decode makes what it is asked for"
    return made


def from_json(kind: type[_T], text: str | bytes) -> _T:
    """As ``Restorable.from_json``."""
    if len(text) > MOST_CHARS:
        raise ConfigurationError("a report of more than 256 MiB is not read")
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as exc:
        raise ConfigurationError("not a report: it is not JSON") from exc
    return from_dict(kind, data)


def records(report: Report) -> list[dict[str, Any]]:
    """A flat row for each file of each job, or for a job without files, with columns of one type each."""
    return [row for job in report.jobs for row in _rows(job)]


def _rows(job: JobReport) -> Iterator[dict[str, Any]]:
    quote = job.quote
    shared: dict[str, Any] = {
        "id": job.id,
        "path": job.path,
        "line": job.line,
        "model": job.model,
        "job_verdict": job.verdict.value,
        "credits": None if quote is None else float(quote.credits),
        "credits_low": None if quote is None else float(quote.low),
        "credits_high": None if quote is None else float(quote.high),
        "mode": None if quote is None else quote.mode,
    }
    made = json_objects.job_object(job)
    for subject in made["subjects"] or [dict.fromkeys(("field", "kind", "source", "verdict", "error"))]:
        facts, transfer = subject.get("facts") or {}, subject.get("transfer") or {}
        about = [
            each for each in made["findings"] if subject["field"] is None or each["field"] in (subject["field"], None)
        ]
        duration = facts.get("duration_s")
        yield shared | {
            "field": subject["field"],
            "kind": subject["kind"],
            "source": subject["source"],
            "verdict": subject["verdict"],
            "error": subject["error"],
            "container": facts.get("container"),
            "size_bytes": facts.get("size_bytes"),
            "width": facts.get("width"),
            "height": facts.get("height"),
            "codec": facts.get("codec"),
            "duration_s": None if duration is None else float(duration),
            "requests": transfer.get("requests"),
            "bytes": transfer.get("bytes"),
            "rules": " ".join(dict.fromkeys(each["rule"] for each in about)),
            "findings": len(about),
        }


def pydantic_schema(kind: type[Any]) -> Any:
    """The core schema: an instance, or for a report also its ``to_dict``; written as ``to_dict``."""
    from pydantic_core import core_schema  # only pydantic calls this

    def validated(value: Any) -> Any:
        if isinstance(value, kind):
            return value
        try:
            return from_dict(kind, value)
        except ConfigurationError as exc:
            raise ValueError(str(exc)) from exc

    return core_schema.no_info_plain_validator_function(
        validated, serialization=core_schema.plain_serializer_function_ser_schema(to_dict)
    )


def json_schema(kind: type[Any]) -> dict[str, Any]:
    """The JSON Schema of ``to_dict``."""
    return {"title": kind.__name__, **shapes.OBJECTS[kind.__name__]()}
