"""The outcome of repairing one file."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from preflight.fix.repairs import Repair
from preflight.model import Finding


class FixState(Enum):
    """How a file stands after a run. The value is what JSON says."""

    SOUND = "unchanged"
    FIXED = "fixed"
    PLANNED = "would-fix"
    UNREPAIRED = "not-fixed"
    UNEXAMINED = "unexamined"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One file: what was or would be ``done`` to it, by which rows of the table, and what is left.

    ``target`` is the file that was, or would be, written; for a planned one its suffix is the likely one. ``reason``
    is why a file is as it was. ``withheld`` are the rows that ``--unsafe`` would add. ``extra`` names the part of
    preflight that is missing. ``field``, ``path`` and ``line`` say where a job names the file.
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
