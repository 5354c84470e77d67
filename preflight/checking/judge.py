"""Judges targets: which files they name, and the report over the facts of these."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from preflight import pricing
from preflight.checking.named_media import (
    NamedMedia,
    choice_of,
    named_media,
    require_length,
    seconds_asked_for,
    spec_of,
)
from preflight.checking.options import Options
from preflight.checking.suppressions import Selection, rules_named
from preflight.checking.verdict import verdict_of, verdict_of_job
from preflight.errors import JobUnreadable
from preflight.model import Finding, Hidden, JobReport, Subject, Verdict
from preflight.model.target import Media, Target, is_url
from preflight.redact import redact
from preflight.rules import (
    are_swapped,
    judge_job,
    judge_length,
    judge_price,
    judge_subject,
    judge_unreadable,
    with_one_command,
)
from preflight.specs import Spec

if TYPE_CHECKING:
    from preflight.model import AddressFacts, Durations, Job, Quote


class Judge:
    """Judges by ``options``. Raises ``ConfigurationError`` for options that name an unknown rule."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._allow = frozenset(options.allow)
        self._selection = Selection(
            select=options.select,
            ignore=options.ignore,
            severities=options.severities,
            path_ignores=options.path_ignores,
            folder=options.folder,
            baseline=options.baseline,
        )

    def estimate(self, seconds: Fraction) -> JobReport:
        """The price of a clip of that length, without a clip. Raises ``ConfigurationError`` for one not to be had."""
        from preflight.model import Durations  # see preflight.model; most runs have a file

        spec = self._spec(None)
        durations = Durations(container=seconds) if spec.price.basis == "reference" else None
        if durations is None:
            require_length(seconds, spec)
        orientation, mode = self._choice(None, spec, "orientation"), self._choice(None, spec, "mode")
        quotes = self._quotes(spec, durations, orientation, mode, seconds)
        chosen = next(quote for quote in quotes if quote.mode == mode)
        findings = list(judge_price(chosen, self._options.max_credits, None))
        if durations is not None:
            findings = [*judge_length(durations, spec, orientation), *findings]
        found = self._selection.sort(findings, None, {})
        return JobReport(
            model=spec.model,
            findings=found.shown,
            hidden=found.hidden,
            quote=chosen,
            quotes=quotes,
            bare=True,
            fail_on=self._options.fail_on,
            verdict=verdict_of(found.counted, self._options.fail_on),
        )

    def media(self, target: Target) -> tuple[list[NamedMedia], Path]:
        """The files that ``target`` names, and the folder in which their paths begin."""
        if isinstance(target, Media):
            return [NamedMedia(source=target.source, kind=target.kind, field=None)], Path()
        if isinstance(target, JobUnreadable):
            return [], Path()
        return list(named_media(target, self._spec(target))), _folder_of(target.path or "")

    def report(self, target: Target, subjects: tuple[Subject, ...]) -> JobReport:
        """The report over ``target``, whose files were examined as ``subjects``."""
        if isinstance(target, JobUnreadable):
            return self._unreadable(target)
        job = None if isinstance(target, Media) else target
        spec = self._spec(job)
        mode, orientation = self._choice(job, spec, "mode"), self._choice(job, spec, "orientation")
        found = list(judge_job(job, spec, self._callback(job, spec), self._options.specs)) if job else []
        uploaded = self._options.uploaded or self._options.urls_only
        swapped = are_swapped(subjects)
        for subject in subjects:
            found += judge_subject(
                subject,
                spec,
                orientation=orientation,
                now=self._options.now(),
                uploaded=uploaded,
                is_swapped=swapped,
            )
        video = next((subject for subject in subjects if _is_priced(subject, spec)), None)
        durations = video.video.durations if video and video.video else None
        if spec.price.basis == "reference":
            quotes = self._quotes(spec, durations, orientation, mode) if durations else ()
        else:
            quotes = self._quotes_asked_for(job, spec, orientation, mode) if job or _is_a_job(subjects, spec) else ()
        chosen = next((quote for quote in quotes if quote.mode == mode), None)
        if chosen is not None:
            found += judge_price(chosen, self._options.max_credits, video.field if video else None)
        placed = [self._placed(finding, job, target) for finding in found]
        findings = self._selection.sort(placed, job, {subject.field: subject.source for subject in subjects})
        return JobReport(
            model=spec.model,
            subjects=subjects,
            findings=tuple(with_one_command(findings.shown)),
            hidden=findings.hidden,
            quote=chosen,
            quotes=quotes,
            id=job.id if job else None,
            meta=job.meta if job else {},
            path=job.path if job else subjects[0].source,
            line=job.line if job else None,
            bare=job is None,
            identity=_identity(job, spec) if job and self._options.identify else None,
            checked_at=self._options.now(),
            fail_on=self._options.fail_on,
            verdict=verdict_of_job(
                findings,
                subjects,
                fail_on=self._options.fail_on,
                offline=self._options.offline,
                is_let_go=self._is_let_go,
            ),
        )

    def _is_let_go(self, hidden: Hidden) -> bool:
        """Whether a user ignores the rule of a finding by name; leaving it out of ``select`` is not enough."""
        return hidden.by != "option" or hidden.finding.rule in rules_named(self._options.ignore)

    def _unreadable(self, row: JobUnreadable) -> JobReport:
        finding = judge_unreadable(row)
        return JobReport(
            model=self._options.model, findings=(finding,), path=row.path, line=row.line, verdict=Verdict.FAIL
        )

    def _spec(self, job: Job | None) -> Spec:
        return spec_of(job, self._options.model, self._options.specs)

    def _choice(self, job: Job | None, spec: Spec, role: Literal["mode", "orientation"]) -> str:
        return choice_of(job, spec, role, self._options.mode if role == "mode" else self._options.orientation)

    def _callback(self, job: Job, spec: Spec) -> AddressFacts | None:
        field = spec.find("callback")
        url = job.value(field.name) if field else None
        if not isinstance(url, str):
            return None
        from preflight.sources.url import inspect_url  # most jobs have no callback

        return inspect_url(url, allow=self._allow)

    def _quotes(
        self, spec: Spec, durations: Durations | None, orientation: str, mode: str, seconds: Fraction | None = None
    ) -> tuple[Quote, ...]:
        """The price in the job's mode, or in every mode; none where the length is not known.

        ``seconds`` are those to ask for, of a model whose price follows the request.
        """
        modes = spec.price.modes if self._options.every_mode else (mode,)
        if durations is None:
            return tuple(pricing.quote_asked_for(spec, seconds, mode=each, orientation=orientation) for each in modes)
        each = (
            pricing.quote(spec, durations, mode=each, orientation=orientation, rounding=self._options.rounding)
            for each in modes
        )
        return tuple(quote for quote in each if quote is not None)

    def _quotes_asked_for(self, job: Job | None, spec: Spec, orientation: str, mode: str) -> tuple[Quote, ...]:
        """The price of a job by the seconds that it asks for, or of its clip."""
        seconds = seconds_asked_for(job, spec)
        if seconds is None and spec.find("duration"):
            return ()
        return self._quotes(spec, None, orientation, mode, seconds)

    def _placed(self, finding: Finding, job: Job | None, target: Target) -> Finding:
        if job is None:
            path = target.source if isinstance(target, Media) and not is_url(target.source) else None
            if path is None:
                return finding
            return replace(finding, path=path, line=1 if path else None, column=1 if path else None)
        place = job.place(finding.field)
        line, column = (place.line, place.column) if place else (job.line, None)
        name = redact(finding.field) if finding.field else None  # an unknown field may have any name
        return replace(finding, field=name, path=job.path, line=line, column=column)


def _identity(job: Job, spec: Spec) -> str:
    from preflight.checking.job_hash import job_hash  # loads hashlib, which a file by itself need not

    return job_hash(job, spec)


@lru_cache(maxsize=16)
def _folder_of(path: str) -> Path:
    """Where the paths in a job file begin; the rows of a manifest share it."""
    return Path(path).parent


def _is_a_job(subjects: tuple[Subject, ...], spec: Spec) -> bool:
    """Whether files that no job names would be a whole job: pictures, for a model that takes nothing else."""
    return not spec.takes_video and all(subject.image is not None for subject in subjects)


def _is_priced(subject: Subject, spec: Spec) -> bool:
    """Whether a file has a price: a clip of a container that the service takes, and not of sound alone."""
    video = subject.video
    if video is None or video.container not in spec.video.containers:
        return False
    return not video.tracks or any(track.is_picture for track in video.tracks)
