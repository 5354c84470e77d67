"""The places of findings, for programs that open files: paths from the root of a source tree, and URIs."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import PurePath
from typing import NamedTuple, TypeAlias
from urllib.parse import quote

from preflight.model import Finding, JobReport, Subject
from preflight.model.frozen import frozen

STANDARD_INPUT = "-"
"""The name of a job that was read from standard input; it is not a path."""

ToUtf16: TypeAlias = Callable[[str, int, int], int]
"""From path, line and column in characters to the column in UTF-16 code units, all counted from 1."""


@frozen
class SourceTree:
    """``root`` is the folder that paths of other programs start from, ``folder`` the one that our paths start from.

    Both are absolute. No path is looked up on the disk.
    """

    root: str
    folder: str

    def relative(self, path: str) -> str | None:
        """``path`` from the root, with forward slashes; ``None`` when it is outside."""
        whole = PurePath(self._whole(path))
        return whole.relative_to(self.root).as_posix() if whole.is_relative_to(self.root) else None

    def shown(self, path: str) -> str:
        """``path`` from the root, or absolute when it is outside."""
        return self.relative(path) or PurePath(self._whole(path)).as_posix()

    def uri(self, path: str) -> tuple[str, bool]:
        """The percent-encoded URI of ``path``, and whether it is relative to the root."""
        relative = self.relative(path)
        if relative is not None:
            return quote(_bytes(relative)), True
        return f"file:///{quote(_bytes(PurePath(self._whole(path)).as_posix().lstrip('/')))}", False

    def _whole(self, path: str) -> str:
        return os.path.normpath(PurePath(self.folder, path))


def _bytes(path: str) -> bytes:
    try:
        return os.fsencode(path)
    except UnicodeEncodeError:  # half a surrogate pair, which JSON can write: no file has such a name
        return path.encode("utf-8", "replace")


class Spot(NamedTuple):
    """A place in a file. ``line`` and ``column`` count from 1; ``None`` where they are not known."""

    path: str
    line: int | None = None
    column: int | None = None

    def shown(self, tree: SourceTree) -> str:
        """``shop/job.yaml:4:16``"""
        return ":".join(str(part) for part in (tree.shown(self.path), self.line, self.column) if part is not None)


def spot_of(finding: Finding, job: JobReport) -> Spot | None:
    """The place to show a finding at: its place in the job file, else the local file that it is about.

    ``None`` for a job or file that came as a URL, in options or on standard input: there is no file to open.
    """
    if finding.path is not None and finding.path != STANDARD_INPUT:
        return Spot(finding.path, finding.line, finding.column)
    subject = subject_of(finding, job)
    if subject is not None and subject.address is None:
        return Spot(subject.source)
    return None


def subject_of(finding: Finding, job: JobReport) -> Subject | None:
    """The file that a finding is about; ``None`` for one about the job."""
    if job.bare:
        return job.subjects[0] if job.subjects else None
    if finding.field is None:
        return None
    return next((subject for subject in job.subjects if subject.field == finding.field), None)
