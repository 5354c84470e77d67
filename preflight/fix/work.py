"""A file in the hands of the fixer, and the result of repairing it."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from preflight.fix.inputs import FixInput
from preflight.fix.plan import Plan
from preflight.fix.repairs import Repair
from preflight.fix.window import Window
from preflight.model import JobReport


class Work(NamedTuple):
    """A file to repair, the report of its check, and the plan; ``window`` is the part to keep."""

    given: FixInput
    file: Path
    report: JobReport
    plan: Plan
    window: Window | None


class Result(NamedTuple):
    """A file repaired by ``rows``, and the report of its check."""

    rows: tuple[Repair, ...]
    container: str
    done: tuple[str, ...]
    file: Path
    report: JobReport
