"""Makes reports of jobs again from their JSON objects, as far as other formats need them. The objects are hostile."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Any

from preflight.checking.totals import HIDERS
from preflight.errors import ConfigurationError
from preflight.model import (
    AddressFacts,
    Durations,
    Family,
    Finding,
    Hidden,
    ImageFacts,
    JobReport,
    Kind,
    Quote,
    Severity,
    Subject,
    Transfer,
    Verdict,
    VideoFacts,
)
from preflight.model.target import is_url
from preflight.redact import printable, shorten
from preflight.render.objects.json_thumbnails import thumbnails_of
from preflight.rules import RULES_BY_ID

_SEVERITIES = {severity.label: severity for severity in Severity}
_FAMILIES = {family.key: family for family in Family}
_NUMBER_CHARS = 60
"""Characters of a number; a longer one is not from a report."""
_MOST_HIDDEN = 1_000_000
"""Hidden findings of one job: more than the largest job has values. Each takes a place in memory."""
_UNNAMED = Finding(rule="", severity=Severity.NOTE, message="")
"""Stands for a finding that is hidden: a report holds the number of these alone."""


class NotAJob(ValueError):
    """An object that is not that of a checked job. The text names the key that is wrong."""


def job_of(value: Any) -> JobReport:
    """The report of the job in ``value``, an object of ``preflight.report/v1`` or ``preflight.job/v1``. Raises
    ``NotAJob``."""
    if not isinstance(value, dict):
        raise NotAJob("not an object")
    try:
        subjects = tuple(map(_subject, _list(value, "subjects")))
        is_bare = len(subjects) == 1 and subjects[0].field is None
        return JobReport(
            model=str(value["model"]),
            subjects=subjects,
            findings=tuple(map(_finding, _list(value, "findings"))),
            hidden=_hidden(value),
            quote=None if value.get("quote") is None else _quote(value["quote"]),
            id=_text(value, "id"),
            path=_text(value, "path"),
            line=_count(value, "line"),
            meta=value["meta"] if isinstance(value.get("meta"), dict) else {},
            bare=is_bare,
            verdict=Verdict(value["verdict"]),
        )
    except KeyError as error:
        raise NotAJob(f"{shorten(printable(str(error)), 60)} is missing") from error
    except (ValueError, TypeError, AttributeError, ArithmeticError) as error:
        raise NotAJob(shorten(printable(str(error)), 100)) from error


def _finding(value: Any) -> Finding:
    if value["rule"] not in RULES_BY_ID:
        raise NotAJob(f"the rule {value['rule']!r} is not known to this version")
    return Finding(
        rule=value["rule"],
        severity=_SEVERITIES[value["severity"]],
        message=str(value["message"]),
        indeterminate=bool(value.get("indeterminate")),
        field=_text(value, "field"),
        measured=_text(value, "measured"),
        allowed=_text(value, "allowed"),
        fix=_text(value, "fix"),
        help=_text(value, "help"),
        path=_text(value, "path"),
        line=_count(value, "line"),
        column=_count(value, "column"),
    )


def _hidden(job: Mapping[str, Any]) -> tuple[Hidden, ...]:
    """As many findings as are hidden by each cause; none where an earlier version did not write the numbers."""
    counts = job.get("hidden")
    if counts is None:
        return ()
    if not isinstance(counts, dict):
        raise NotAJob("'hidden' is not an object")
    found: tuple[Hidden, ...] = ()
    for cause in counts:
        if cause not in HIDERS:
            raise NotAJob(f"'hidden' has the cause {shorten(printable(cause), 40)!r}, which this version does not know")
        count = _count(counts, cause)
        if count is None or len(found) + count > _MOST_HIDDEN:
            raise NotAJob(f"'hidden' has no count of findings for {cause!r}, from 0 to {_MOST_HIDDEN:,}")
        found += (Hidden(_UNNAMED, cause),) * count
    return found


def _quote(value: Any) -> Quote:
    return Quote(
        credits=_decimal(value["credits"]),
        low=_decimal(value["low"]),
        high=_decimal(value["high"]),
        seconds=Fraction(_decimal(value["seconds"])),
        billed_seconds=Fraction(_decimal(value["billed_seconds"])),
        credits_per_second=None if value["credits_per_second"] is None else _decimal(value["credits_per_second"]),
        rounding=str(value["rounding"]),
        usd=_decimal(value["usd"]),
        mode=str(value["mode"]),
        orientation="",
        reasons=tuple(map(str, _list(value, "reasons"))),
        certain=bool(value["exact"]) or value["low"] != value["high"],
    )


def _subject(value: Any) -> Subject:
    source = str(value["source"])
    transfer = value.get("transfer") or {}
    return Subject(
        kind=Kind(value["kind"]),
        source=source,
        field=_text(value, "field"),
        address=AddressFacts(scheme="", host="") if is_url(source) else None,
        transfer=Transfer(
            requests=_count(transfer, "requests") or 0,
            connections=_count(transfer, "connections") or 0,
            bytes=_count(transfer, "bytes") or 0,
            redirects=_count(transfer, "redirects") or 0,
            elapsed_ms=_count(transfer, "elapsed_ms") or 0,
        ),
        facts=_facts(value.get("facts"), Kind(value["kind"])),
        fault=None if value.get("error") is None else ConfigurationError(str(value["error"])),
        **thumbnails_of(value),
    )


def _facts(value: Any, kind: Kind) -> ImageFacts | VideoFacts | None:
    if value is None:
        return None
    container, size = _text(value, "container"), _count(value, "size_bytes")
    family = _FAMILIES.get(_text(value, "family") or "")
    width, height = _count(value, "width"), _count(value, "height")
    if kind is Kind.IMAGE:
        return ImageFacts(
            container=container,
            family=family or Family.PICTURE,  # earlier versions did not write it
            size_bytes=size,
            width=width,
            height=height,
            color_mode=_text(value, "color_mode"),
        )
    length = value.get("duration_s")
    return VideoFacts(
        container=container,
        family=family or Family.VIDEO,
        size_bytes=size,
        width=width,
        height=height,
        rotation=_count(value, "rotation"),
        codec=_text(value, "codec"),
        durations=Durations(container=None if length is None else Fraction(_decimal(length))),
    )


def _list(value: Mapping[str, Any], key: str) -> list[Any]:
    found = value[key]
    if not isinstance(found, list):
        raise NotAJob(f"'{key}' is not a list")
    return found


def _text(value: Mapping[str, Any], key: str) -> str | None:
    found = value.get(key)
    if found is not None and not isinstance(found, str):
        raise NotAJob(f"'{key}' is not a text")
    return found


def _count(value: Mapping[str, Any], key: str) -> int | None:
    found = value.get(key)
    if found is None:
        return None
    if isinstance(found, bool) or not isinstance(found, int) or not 0 <= found < 1 << 63:
        raise NotAJob(f"'{key}' is not a count")
    return found


def _decimal(value: object) -> Decimal:
    text = str(value)
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise NotAJob(f"{shorten(printable(text), 40)!r} is not a number") from None
    if isinstance(value, bool) or len(text) > _NUMBER_CHARS or not number.is_finite() or number.adjusted() > 18:
        raise NotAJob(f"{shorten(printable(text), 40)!r} is not a number of a report")
    if number < 0:
        raise NotAJob("a number below 0")
    return number
