"""A job as a row of a page: short texts for its cells, and the values that the page's script filters and sorts by."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from preflight.checking.site_of import site_of
from preflight.checking.verdict import verdict_of_subject
from preflight.model import Finding, JobReport, Severity, Subject
from preflight.pricing import show_seconds
from preflight.redact import printable, shorten
from preflight.redact.advice import as_command
from preflight.render.html.overview import shown
from preflight.render.objects.json_objects import shown_meta
from preflight.render.tabular.mode_rates import credits_in_modes
from preflight.render.texts import phrases
from preflight.specs import BUILT_IN, Specs
from preflight.units import decimal_text, dollars

if TYPE_CHECKING:
    from preflight.model import Quote
    from preflight.render.html.pictures import Pictures

NAME_CHARS: Final = 300
_MESSAGE_CHARS = 1000
_VALUE_CHARS = 200
_COLUMNS = 40
"""Columns of the author's own that a row shows; a manifest may have thousands."""
_FINDINGS = 40
"""Findings that a row shows; a file of a thousand broken tracks has as many."""
_OPEN_FINDINGS = 3


class FindingText(NamedTuple):
    """One finding. ``fix`` is a command to copy, ``help`` is advice."""

    label: str
    rule: str
    message: str
    where: str
    measured: str | None
    allowed: str | None
    fix: str | None
    help: str | None


class FileText(NamedTuple):
    """One file of a job. ``picture`` is the class of its thumbnail, ``no_picture`` the reason why there is none.

    ``strip`` has the classes of the frames of a local clip, and their times.
    """

    kind: str
    source: str
    facts: str
    reading: str | None
    verdict: str
    picture: str | None
    no_picture: str
    strip: Sequence[tuple[str, str]] = ()


class PriceText(NamedTuple):
    """The price of one job. ``others`` are its other modes."""

    credits: str
    usd: str
    low: str
    high: str
    is_range: bool
    reckoning: str
    others: Sequence[tuple[str, str]]
    reasons: Sequence[str]


class Row(NamedTuple):
    """One job. ``own`` are columns of the author's own, ``data`` what a script compares."""

    name: str
    id: str | None
    verdict: str
    label: str
    files: Sequence[FileText]
    findings: Sequence[FindingText]
    more_findings: Sequence[FindingText]
    left_out: int
    price: PriceText | None
    own: Sequence[tuple[str, str]]
    own_left_out: int
    data: dict[str, str]


def row_of(job: JobReport, pictures: Pictures, specs: Specs = BUILT_IN) -> Row:
    """``job`` as a row of the page whose thumbnails are in ``pictures``."""
    found = finding_texts(job.findings)
    first, rest = found[:_OPEN_FINDINGS], found[_OPEN_FINDINGS:_FINDINGS]
    meta = shown_meta(job)
    label = phrases.label_of(job.verdict, job.subjects if job.bare else ())
    quote = job.quote
    return Row(
        name=_name(job),
        id=None if job.id is None else shorten(job.id, NAME_CHARS),
        verdict=job.verdict.value,
        label=label,
        files=[file_text(job, subject, pictures) for subject in job.subjects],
        findings=first,
        more_findings=rest,
        left_out=max(len(found) - _FINDINGS, 0),
        price=None if quote is None else price_text(job, quote, specs),
        own=[(shorten(name, NAME_CHARS), _value(value)) for name, value in list(meta.items())[:_COLUMNS]],
        own_left_out=max(len(meta) - _COLUMNS, 0),
        data={
            "verdict": job.verdict.value,
            "bare": "yes" if job.bare else "",
            "credits": "" if quote is None else f"{quote.credits:f}",
            "high": "" if quote is None else f"{quote.high:f}",
            "seconds": "" if quote is None else decimal_text(quote.seconds),
            "mode": "" if quote is None else quote.mode,
            "host": next(map(site_of, job.subjects), ""),
            "file": shorten(job.path or "", NAME_CHARS),
            "rules": " ".join(dict.fromkeys(finding.rule for finding in job.findings)),
        },
    )


def finding_texts(findings: Iterable[Finding]) -> list[FindingText]:
    """The findings, worst first; equal ones once, and each fix once."""
    ranked = sorted(findings, key=lambda each: (-each.severity, each.indeterminate))
    texts, fixes = {}, set()
    for each in ranked:
        command = as_command(each.fix) if each.fix and each.severity > Severity.NOTE else None
        is_command = command is not None and phrases.is_command(command)
        key = (each.rule, each.message, each.fix)
        if key in texts:
            continue
        texts[key] = FindingText(
            label="indeterminate" if each.indeterminate else each.severity.label,
            rule=each.rule,
            message=shorten(each.message, _MESSAGE_CHARS),
            where=_where(each),
            measured=each.measured and shorten(each.measured, _VALUE_CHARS),
            allowed=each.allowed and shorten(each.allowed, _VALUE_CHARS),
            fix=command if is_command and command not in fixes else None,
            help=None if is_command or command is None else shorten(command, _MESSAGE_CHARS),
        )
        fixes.add(command)
    return list(texts.values())


def file_text(job: JobReport, subject: Subject, pictures: Pictures) -> FileText:
    """One file of ``job``."""
    reason = phrases.why_not_read(subject)
    thumbnail = getattr(subject, "thumbnail", None)
    missing = "no thumbnail" if thumbnail is None else thumbnail.missing
    return FileText(
        kind=subject.kind.value,
        source=shorten(subject.source, NAME_CHARS),
        facts=phrases.all_measured(subject) if reason is None else shorten(f"not read: {reason}", _MESSAGE_CHARS),
        reading=phrases.spent(subject.transfer) if subject.transfer.requests else None,
        verdict=phrases.label_of(verdict_of_subject(job, subject), (subject,)),
        picture=pictures.class_of(thumbnail),
        no_picture=shorten(missing or "it cannot be shown", _VALUE_CHARS),
        strip=list(_strip(subject, pictures)),
    )


def _strip(subject: Subject, pictures: Pictures) -> Iterator[tuple[str, str]]:
    for frame in subject.filmstrip:
        name = pictures.class_of(frame)
        if name is not None:
            yield name, "" if frame.seconds is None else show_seconds(frame.seconds)


def price_text(job: JobReport, quote: Quote, specs: Specs = BUILT_IN) -> PriceText:
    """The price of ``job``, and what it costs in the other modes."""
    every = dict(credits_in_modes(job, specs)) | {each.mode: each.credits for each in job.quotes}
    rate, mode = quote.credits_per_second, f" ({quote.mode})" if quote.mode else ""
    by_rate = None if rate is None else f"{show_seconds(quote.billed_seconds)} × {rate:f}{mode}"
    return PriceText(
        credits=shown(quote.credits),
        usd=dollars(quote.usd),
        low=shown(quote.low),
        high=shown(quote.high),
        is_range=quote.low != quote.high,
        reckoning=by_rate or phrases.reckoning(quote),
        others=[(mode, shown(credits_)) for mode, credits_ in every.items() if mode != quote.mode],
        reasons=[shorten(reason, _MESSAGE_CHARS) for reason in quote.reasons],
    )


def _name(job: JobReport) -> str:
    if job.path:
        return f"{shorten(job.path, NAME_CHARS)}{phrases.row_of(job)}"
    return shorten(job.subjects[0].source, NAME_CHARS) if job.bare and job.subjects else "job"


def _where(finding: Finding) -> str:
    place = ":".join(str(part) for part in (finding.path, finding.line, finding.column) if part is not None)
    return shorten(" ".join(part for part in (finding.field, place) if part), NAME_CHARS)


def _value(value: object) -> str:
    text = value if isinstance(value, str) else "" if value is None else repr(value)
    return shorten(printable(text), _VALUE_CHARS)
