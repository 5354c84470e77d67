"""A job about to be paid for, as the ledger keeps it: its identity, its price, and the files that were checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any

from preflight.checking.job_hash import content_hash, identities_of
from preflight.errors import NotSubmitted
from preflight.model import Durations, Job, JobReport, Quote
from preflight.redact import hide
from preflight.specs import BUILT_IN, Specs
from preflight.units import decimal_text


@dataclass(frozen=True, slots=True, kw_only=True)
class PaidRequest:
    """A job that passed its check. ``high`` is the most it may cost, in credits; the rest as in ``Entry``.

    ``earlier_hashes`` are those that earlier versions wrote of the same job; ``content_hash`` is its identity by the
    bytes of its uploaded files, ``None`` where none was uploaded.
    """

    job_hash: str
    job: Mapping[str, object]
    model: str
    path: str | None
    quote: Mapping[str, object]
    high: Decimal
    clocks: Mapping[str, str]
    receipts: tuple[Mapping[str, object], ...]
    earlier_hashes: tuple[str, ...] = ()
    content_hash: str | None = None

    @property
    def hashes(self) -> tuple[str, ...]:
        """Every hash under which a ledger may hold the job."""
        return (self.job_hash, *self.earlier_hashes)


def paid_request_of(
    job: Job, report: JobReport, hashes: Mapping[str, str] | None = None, specs: Specs = BUILT_IN
) -> PaidRequest:
    """The request to be paid for ``job``, whose check is ``report``.

    ``hashes`` has the SHA-256 of each uploaded file, by field: the job is then the same wherever its files are.
    ``specs`` are those of the check.
    Raises ``NotSubmitted`` for a job without a price, and for the check of another job.
    """
    spec, hashes = specs.load(report.model), hashes or {}
    newest, *earlier = identities_of(job, spec)
    if report.identity != newest:
        raise NotSubmitted("not sent: the check is that of another job, or the job was changed since")
    if report.quote is None:
        raise NotSubmitted("not sent: the job has no price")
    callback = field.name if (field := spec.find("callback")) else "callback_url"
    video = next((subject.video for subject in report.subjects if subject.video), None)
    return PaidRequest(
        job_hash=newest,
        earlier_hashes=tuple(earlier),
        content_hash=content_hash(job, spec, hashes) if hashes else None,
        job=_redacted_job(job.body, callback),
        model=report.model,
        # A file's name may hold bytes that are not text.
        path=None if job.path is None else job.path.encode("utf-8", "backslashreplace").decode(),
        quote=_quote(report.quote),
        high=report.quote.high,
        clocks=_clocks(video.durations) if video else {},
        receipts=tuple(
            {
                "field": subject.field,
                "source": subject.source,
                **asdict(subject.receipt),
                "sha256": hashes.get(subject.field or ""),
            }
            for subject in report.subjects
            if subject.receipt
        ),
    )


def _redacted_job(body: Any, callback: str) -> dict[str, Any]:
    """The body as it may be kept: URLs without signatures, and of a callback, whose path is a secret, the host."""
    kept: dict[str, Any] = _redacted(body)
    if isinstance(kept.get(callback), str):
        scheme, mark, rest = kept[callback].partition("://")
        kept[callback] = f"{scheme}://{rest.partition('/')[0]}/…" if mark else "…"
    return kept


def _redacted(value: Any) -> Any:
    """``value`` with every text as it may be kept: URLs without signatures, and nothing that is a secret."""
    if isinstance(value, dict):
        return {hide(str(key)): _redacted(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_redacted(each) for each in value]
    return hide(value) if isinstance(value, str) else value


def _quote(quote: Quote) -> dict[str, object]:
    return {
        "credits": f"{quote.credits:f}",
        "low": f"{quote.low:f}",
        "high": f"{quote.high:f}",
        "seconds": decimal_text(quote.seconds),
        "billed_seconds": decimal_text(quote.billed_seconds),
        "credits_per_second": None if quote.credits_per_second is None else f"{quote.credits_per_second:f}",
        "mode": quote.mode,
        "orientation": quote.orientation,
        "rounding": quote.rounding,
    }


def _clocks(durations: Durations) -> dict[str, str]:
    named = {"container": durations.container, "video": durations.video, "audio": durations.audio}
    return {name: str(seconds) for name, seconds in named.items() if seconds is not None}
