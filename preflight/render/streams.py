"""Formats that write each job as soon as it is known. None of them keeps the jobs: memory does not grow with them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, ClassVar, Protocol, TextIO

from preflight.checking.totals import Totals, totals_of
from preflight.model import JobReport, Report
from preflight.redact import printable
from preflight.render.build_servers.locations import SourceTree, spot_of, subject_of
from preflight.render.objects import json_objects as objects
from preflight.render.objects.json_text import to_json, to_json_lines

_HELD_CHARS = 1024 * 1024
"""Text that is held in memory before it goes to the disk."""
_PIECE_CHARS = 1024 * 1024


class Stream(Protocol):
    """Writes the jobs of a run, one after the other. ``in_parts`` is whether a part of the result is of use."""

    in_parts: ClassVar[bool]

    def job(self, job: JobReport) -> str:
        """The text to write now that ``job`` is known; empty where it is written at the end."""

    def end(self, totals: Totals) -> Iterable[str]:
        """The rest, in pieces, once all jobs are known, or as many as there will be."""


class Spool:
    """Text that is written later: in memory, or in a temporary file where there is much of it."""

    def __init__(self) -> None:
        self.count = 0
        self._held: list[str] = []
        self._chars = 0
        self._file: TextIO | None = None

    def add(self, text: str) -> None:
        """Keep ``text`` for later."""
        self.count += 1
        self._held.append(text)
        self._chars += len(text)
        if self._chars > _HELD_CHARS:
            if self._file is None:
                import tempfile  # takes time to load, and few runs hold that much

                # Closed when it is read.
                self._file = tempfile.TemporaryFile("w+", encoding="utf-8", errors="surrogatepass", newline="")  # noqa: SIM115
            self._file.write("".join(self._held))
            self._held.clear()
            self._chars = 0

    def read(self) -> Iterator[str]:
        """All of it, in pieces; once."""
        if self._file is not None:
            self._file.seek(0)
            with self._file as file:
                while piece := file.read(_PIECE_CHARS):
                    yield piece
        yield "".join(self._held)

    def discard(self) -> None:
        """Leave nothing of it."""
        self._held.clear()
        if self._file is not None:
            self._file.close()


class JsonLines:
    """One job a line."""

    in_parts: ClassVar[bool] = True

    def job(self, job: JobReport) -> str:
        return to_json_lines([objects.job_object(job)])

    def end(self, totals: Totals) -> Iterable[str]:  # noqa: ARG002 - nothing is added up
        return ()


class JsonDocument:
    """One document, whose verdict and price stand above its jobs. ``object_of`` makes the rest of it."""

    in_parts: ClassVar[bool] = False

    def __init__(self, object_of: Callable[[Totals], Mapping[str, Any]] | None = None) -> None:
        self._object_of = object_of or objects.totals_object
        self._jobs = Spool()

    def job(self, job: JobReport) -> str:
        self.add(objects.job_object(job))
        return ""

    def add(self, value: Mapping[str, Any]) -> None:
        """Add one job as an object."""
        lines = to_json(value).rstrip("\n").replace("\n", "\n    ")
        self._jobs.add(f"{',' if self._jobs.count else ''}\n    {lines}")

    def end(self, totals: Totals) -> Iterable[str]:
        head = to_json(self._object_of(totals)).removesuffix("\n}\n")
        if not self._jobs.count:
            return [f'{head},\n  "jobs": []\n}}\n']
        return self._document(head)

    def _document(self, head: str) -> Iterator[str]:
        yield f'{head},\n  "jobs": ['
        yield from self._jobs.read()
        yield "\n  ]\n}\n"


class Concise:
    """One line a finding: ``jobs.csv:12:5: error video-too-long: the clip lasts 31.2 s; … [a7]``."""

    in_parts: ClassVar[bool] = True

    def __init__(self, tree: SourceTree) -> None:
        self._tree = tree

    def job(self, job: JobReport) -> str:
        return "".join(f"{printable(line)}\n" for line in self._lines(job))

    def _lines(self, job: JobReport) -> Iterator[str]:
        named = f" [{job.id}]" if job.id else ""
        for finding in job.findings:
            spot, subject = spot_of(finding, job), subject_of(finding, job)
            where = spot.shown(self._tree) if spot else (subject.source if subject else finding.path or "job")
            label = "indeterminate" if finding.indeterminate else finding.severity.label
            about = f" ({finding.field})" if finding.field and spot is None and not job.bare else ""
            yield f"{where}: {label} {finding.rule}{about}: {finding.message}{named}"

    def end(self, totals: Totals) -> Iterable[str]:  # noqa: ARG002 - the same
        return ()


def whole(stream: Stream, report: Report) -> str:
    """All of ``report`` as ``stream`` writes it."""
    parts = [stream.job(job) for job in report.jobs]
    return "".join([*parts, *stream.end(totals_of(report.jobs))])
