"""Recognizes a job that gives a clip as its image and a picture as its video: no repair of either file helps."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from preflight.fix.inputs import FixInput
from preflight.model import Family, JobReport, Kind
from preflight.rules import are_swapped

_OTHER = {Kind.IMAGE: Kind.VIDEO, Kind.VIDEO: Kind.IMAGE}
_TAKEN_FOR = {Kind.IMAGE: Family.VIDEO, Kind.VIDEO: Family.PICTURE}


def why_swapped(given: FixInput, report: JobReport, check: Callable[[Path, Kind | None, str], JobReport]) -> str | None:
    """What to do where the job of ``given`` has its files in each other's place; ``None`` where it has not.

    ``report`` is on the file of ``given``. ``check`` examines a file of the other kind, only where this one is wrong.
    """
    subject = report.subjects[0]
    if given.kind is None or subject.facts is None or subject.facts.family is not _TAKEN_FOR[given.kind]:
        return None
    other = _OTHER[given.kind]
    for partner in given.partners:
        if are_swapped((subject, check(partner, other, given.orientation).subjects[0])):
            return "the image of the job is a video, and its video is a picture: exchange the two in the job"
    return None
