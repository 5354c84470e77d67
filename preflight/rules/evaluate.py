"""Runs the rules over a job, a file, or a price, and leaves one repair command for each file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from preflight.model import Family, Finding, Severity, Subject
from preflight.model.file_types import last_part
from preflight.model.report import are_exchanged
from preflight.rules.catalogue import IMAGE_RULES, JOB_RULES, PRICE_RULES, RULES, SUBJECT_RULES, VIDEO_RULES
from preflight.rules.repair_command import Command, together
from preflight.rules.rule import ImageCase, JobCase, PriceCase, SubjectCase, Trait, VideoCase
from preflight.specs import BUILT_IN, Spec, Specs

if TYPE_CHECKING:
    from preflight.errors import JobUnreadable
    from preflight.model import AddressFacts, Durations, Job, Quote


def judge_job(job: Job, spec: Spec, callback: AddressFacts | None, specs: Specs = BUILT_IN) -> Iterator[Finding]:
    """The findings about a request body. ``callback`` holds the facts of its callback URL, ``specs`` known models."""
    case = JobCase.of(job, spec, callback, specs)
    for rule in JOB_RULES:
        for flaw in rule.check(case):
            yield rule.finding(flaw, None)


def judge_unreadable(row: JobUnreadable) -> Finding:
    """The finding about a job file, or a row of one, that cannot be read as a job."""
    (rule,) = (rule for rule in RULES if Trait.UNREADABLE in rule.traits)
    return Finding(
        rule=rule.id,
        severity=Severity.ERROR,
        message=str(row).partition(": ")[2],
        help=rule.help,
        path=row.path,
        line=row.line,
        column=row.column,
    )


def judge_subject(
    subject: Subject, spec: Spec, *, orientation: str, now: datetime, uploaded: bool, is_swapped: bool = False
) -> Iterator[Finding]:
    """The findings about one file. ``uploaded`` is whether it must be at a public URL already.

    ``is_swapped`` is what ``are_swapped`` says of all files of its job.
    """
    case = SubjectCase(subject=subject, spec=spec, now=now, uploaded=uploaded)
    for rule in SUBJECT_RULES:
        for flaw in rule.check(case):
            yield rule.finding(flaw, subject.field)
    if subject.facts is None:
        return
    name, is_local = _file_name(subject), subject.address is None
    if subject.image is not None:
        image = ImageCase(facts=subject.image, spec=spec, name=name, is_local=is_local, is_swapped=is_swapped)
        for image_rule in IMAGE_RULES:
            for flaw in image_rule.check(image):
                yield image_rule.finding(flaw, subject.field)
    if subject.video is not None:
        video = VideoCase(
            facts=subject.video,
            spec=spec,
            name=name,
            orientation=orientation,
            is_local=is_local,
            is_swapped=is_swapped,
        )
        for video_rule in VIDEO_RULES:
            for flaw in video_rule.check(video):
                yield video_rule.finding(flaw, subject.field)


def are_swapped(subjects: Iterable[Subject]) -> bool:
    """Whether a job gives a clip as its image and a picture as its video, by the bytes of both."""
    return are_exchanged((subject.kind, subject.facts.family) for subject in subjects if subject.facts is not None)


def with_one_command(findings: Iterable[Finding]) -> Iterator[Finding]:
    """The findings of a job, with one command for each file: two would write the same file.

    The command of a note repairs the rest, too; that of an error or a warning leaves alone what is only noted.
    """
    found = tuple(findings)
    serious: dict[str | None, list[str | None]] = {}
    for finding in found:
        if finding.severity > Severity.NOTE:
            serious.setdefault(finding.field, []).append(finding.fix)
    for finding in found:
        if isinstance(finding.fix, Command):
            asked = serious.get(finding.field, [])
            yield replace(finding, fix=together(asked if finding.severity > Severity.NOTE else [*asked, finding.fix]))
        else:
            yield finding


def judge_length(durations: Durations, spec: Spec, orientation: str) -> Iterator[Finding]:
    """The findings about a length alone, for an estimate without a file."""
    from preflight.model import VideoFacts  # see preflight.model; most runs have a file

    facts = VideoFacts(container=spec.video.containers[0], family=Family.VIDEO, size_bytes=None, durations=durations)
    case = VideoCase(facts=facts, spec=spec, name="clip.mp4", orientation=orientation)
    for rule in VIDEO_RULES:
        if Trait.LENGTH in rule.traits:
            for flaw in rule.check(case):
                yield replace(rule.finding(flaw, None), fix=None)


def judge_price(quote: Quote, max_credits: Decimal | None, field: str | None) -> Iterator[Finding]:
    """The findings about a price; they point at ``field``."""
    case = PriceCase(quote=quote, max_credits=max_credits)
    for rule in PRICE_RULES:
        for flaw in rule.check(case):
            yield rule.finding(flaw, field)


def _file_name(subject: Subject) -> str:
    """The name of the file in a repair command: its path, or the last part of its URL, as if downloaded."""
    if subject.address is None:
        return subject.source
    return last_part(subject.source.removesuffix("?…").removesuffix(";…")) or f"{subject.kind.value}"
