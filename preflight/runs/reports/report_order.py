"""Sorts the jobs of a report on the disk, so that a run of any size can be sorted."""

from __future__ import annotations

import json
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Literal, Self, TypeAlias

from preflight.model import JobReport, Verdict
from preflight.runs.reports.report_jobs import job_of
from preflight.runs.reports.report_reader import Read

SortKey: TypeAlias = Literal["credits", "seconds", "verdict"]
_RANKS: Final = {Verdict.FAIL: 2.0, Verdict.INDETERMINATE: 1.0, Verdict.PASS: 0.0}


class SortedJobs:
    """Jobs by their price or length, the greatest first, or by their verdict, failures first; then in their order.

    Jobs without a price or a length come last. Use it in ``with``: its file is removed at the end.
    """

    def __init__(self, key: SortKey) -> None:
        self._key = key
        self._folder = tempfile.TemporaryDirectory(prefix="preflight-")
        self._database = sqlite3.connect(Path(self._folder.name) / "jobs.db", isolation_level=None)
        self._database.execute("PRAGMA journal_mode = OFF")
        self._database.execute("CREATE TABLE job (rank REAL, value TEXT)")
        self._database.execute("BEGIN")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._database.close()
        self._folder.cleanup()

    def add(self, read: Read) -> None:
        """Keep one job."""
        self._database.execute("INSERT INTO job VALUES (?, ?)", (self._rank(read.job), json.dumps(read.value)))

    def __iter__(self) -> Iterator[Read]:
        for (text,) in self._database.execute("SELECT value FROM job ORDER BY rank DESC, rowid"):
            value = json.loads(text)
            yield Read(value, job_of(value))

    def _rank(self, job: JobReport) -> float:
        match self._key:
            case "verdict":
                return _RANKS[job.verdict]
            case "credits":
                return -1.0 if job.quote is None else float(job.quote.credits)
            case "seconds":
                clips = (each.video.durations.plausible for each in job.subjects if each.video is not None)
                return max((float(clocks[0]) for clocks in clips if clocks), default=-1.0)
