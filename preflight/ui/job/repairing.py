"""Repairs one file of a job, and says beforehand what a repair would do."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from preflight.fix.inputs import FixInput
from preflight.fix.outcome import FixState
from preflight.fix.plan import plan
from preflight.fix.repairs import Step
from preflight.fix.window import Window
from preflight.model import JobReport, Kind, Subject
from preflight.specs import Spec

if TYPE_CHECKING:
    from preflight.checking.options import Options
    from preflight.ui.job.window_form import WindowForm

_IF_TAKEN = "move it away, then repair again"
_CUT = "cut out the part chosen above"


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A repair that may be made: its steps in words, and whether it changes what people see."""

    steps: tuple[str, ...]
    is_unsafe: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Repaired:
    """The new file, ``None`` where there is none, and what to tell."""

    path: Path | None
    text: str


def offer_for(report: JobReport, subject: Subject, spec: Spec, *, has_window: bool) -> Offer | None:
    """The gentlest repair of everything that is wrong with ``subject``; ``None`` where there is none.

    ``has_window``: the user chooses the part of the clip that a cut keeps.
    """
    found = tuple(finding for finding in report.findings if finding.field == subject.field)
    for unsafe in (False, True):
        made = plan(subject.facts, found, spec, unsafe=unsafe, fail_on=report.fail_on)
        if made.tries:
            steps = tuple(
                dict.fromkeys(_CUT if has_window and row.step is Step.TRIM else row.what for row in made.tries[0])
            )
            return Offer(steps=steps, is_unsafe=unsafe)
    return None


def repaired(
    file: Path, kind: Kind, spec: Spec, *, options: Options, orientation: str, mode: str, window: WindowForm | None
) -> Repaired:
    """Repair ``file`` into a new one beside it, safely if that is enough. Obstacles are in the text."""
    from preflight.fix.fixer import Fixer, FixOptions  # most jobs need no repair

    part = None if window is None else Window(start=window.start, length=window.length)
    fix_options = FixOptions(
        model=spec.model,
        mode=mode,
        fail_on=options.fail_on,
        window=part,
        if_taken=_IF_TAKEN,
        spec=options.specs,
    )
    given = FixInput(source=str(file), file=file, orientation=orientation, kind=kind, mode=mode)
    reason = "there is nothing to repair"
    for unsafe in (False, True):
        with Fixer(replace(fix_options, unsafe=unsafe)) as fixer:
            outcome = fixer.fix(given)
        if outcome.state in (FixState.FIXED, FixState.REPAIRED) and outcome.target is not None:
            path = Path(outcome.target)
            done = ", ".join(outcome.done) or "repaired before"
            return Repaired(path=path, text=f"Repaired: {done}. The new file is {path.name}.")
        reason = outcome.reason or reason
        if outcome.extra is not None:
            break
    return Repaired(path=None, text=f"Not repaired: {reason}")
