"""The outcome of repairing one file."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from preflight.fix.repairs import Repair
from preflight.model import Finding


class FixState(Enum):
    """The state of a file after a run. The value is the word in JSON.

    ``REPAIRED``: an earlier run wrote the result. ``WRITTEN``: a job that names the repaired files.
    """

    SOUND = "unchanged"
    FIXED = "fixed"
    PLANNED = "would-fix"
    UNREPAIRED = "not-fixed"
    UNEXAMINED = "unexamined"
    REPAIRED = "already-fixed"
    WRITTEN = "written"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One file: the changes ``done`` or planned, their rows of the table, and the remaining findings.

    ``target`` is the file that was, or would be, written; for a planned one its suffix is the likely one. ``reason``
    is why a file is unchanged. ``withheld`` are the rows that ``--unsafe`` would add. ``extra`` names the missing
    extra of preflight. ``field``, ``path`` and ``line`` say where a job names the file.
    ``is_job`` is for the copy of a job itself.
    """

    source: str
    state: FixState
    target: str | None = None
    repairs: tuple[Repair, ...] = ()
    done: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    withheld: tuple[Repair, ...] = ()
    reason: str | None = None
    extra: str | None = None
    field: str | None = None
    path: str | None = None
    line: int | None = None
    is_job: bool = False
