"""Repairs one file after the other: check, plan, write, check again, then give the result its name."""

from __future__ import annotations

import shutil
from collections import deque
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple, Self

from preflight.checking.engine import Engine
from preflight.checking.options import Options
from preflight.errors import ConfigurationError, MissingExtra
from preflight.fix import destination
from preflight.fix.inputs import FixInput
from preflight.fix.outcome import FixState, Outcome
from preflight.fix.plan import Plan, plan
from preflight.fix.recipe import ImageRecipe, Recipe, WorkerOutcome, recipe_for
from preflight.fix.repairs import Repair
from preflight.fix.run_worker import carry_out, require_libraries
from preflight.model import Finding, JobReport, Kind, Severity, Verdict
from preflight.model.target import Media, is_url
from preflight.redact import printable
from preflight.specs import DEFAULT_MODEL, load_spec

_WRITTEN = "this run already wrote it for another field or orientation; fix a copy of it for this one"
_OUTSIDE = "it is outside the named folder or job, reached through a link or a job: name the file itself to replace it"


@dataclass(frozen=True, slots=True, kw_only=True)
class FixOptions:
    """How to repair. ``dry`` only reports the planned repairs; ``force`` lets a repaired file replace another.

    ``fail_on`` is the severity that a repaired file must be free of.
    """

    unsafe: bool = False
    in_place: bool = False
    force: bool = False
    dry: bool = False
    fail_on: Severity = Severity.ERROR
    model: str = DEFAULT_MODEL


class _Result(NamedTuple):
    """A file repaired by ``rows``, and the report of its check."""

    rows: tuple[Repair, ...]
    container: str
    done: tuple[str, ...]
    file: Path
    report: JobReport


class Fixer:
    """Repairs files. Use it in ``with``: it keeps processes from one file to the next."""

    def __init__(self, options: FixOptions | None = None) -> None:
        self._options = options or FixOptions()
        self._spec = load_spec(self._options.model)
        self._engines: dict[str, Engine] = {}
        self._stack = ExitStack()
        self._names = destination.Names()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def fix(self, given: FixInput) -> Outcome:
        """Repair one file as far as the options allow. Obstacles are in the outcome, not exceptions."""
        about = Outcome(
            source=given.source, state=FixState.UNEXAMINED, field=given.field, path=given.path, line=given.line
        )
        if given.file is None:
            return replace(about, reason=given.trouble)
        report = self._check(given.file, given.kind, given.orientation)
        made = plan(
            report.subjects[0].facts,
            report.findings,
            self._spec,
            unsafe=self._options.unsafe,
            fail_on=self._options.fail_on,
        )
        about = replace(about, findings=made.unrepaired, withheld=made.withheld)
        if not made.tries:
            return replace(about, state=_untried(report, made))
        if (self._options.in_place or self._options.force) and not given.inside:
            return replace(about, state=FixState.UNREPAIRED, findings=_worth_saying(report), reason=_OUTSIDE)
        if self._options.in_place and self._names.holds(given.file.resolve()):
            return replace(about, state=FixState.UNREPAIRED, findings=_worth_saying(report), reason=_WRITTEN)
        carry = self._planned if self._options.dry else self._repaired
        try:
            return carry(given, given.file, report, made, about)
        except ConfigurationError as error:
            return replace(about, state=FixState.UNREPAIRED, findings=_worth_saying(report), reason=str(error))

    def _check(self, file: Path, kind: Kind | None, orientation: str) -> JobReport:
        if orientation not in self._engines:
            options = Options(
                model=self._options.model,
                orientation=orientation,
                fail_on=self._options.fail_on,
                thorough=True,
                deep=True,
            )
            self._engines[orientation] = self._stack.enter_context(Engine(options))
        return self._engines[orientation].check([Media(source=_as_source(file), kind=kind)]).jobs[0]

    def _planned(self, given: FixInput, file: Path, report: JobReport, made: Plan, about: Outcome) -> Outcome:
        """The planned repair. For a picture this writes the result into a temporary folder and deletes it."""
        rows = made.tries[0]
        recipe = self._recipe(rows, report, file, given)
        container = _container(recipe, report)
        try:
            if isinstance(recipe, ImageRecipe):
                with destination.elsewhere() as folder:
                    best = self._best(made, report, file, given, folder)
                if isinstance(best, str):
                    return replace(about, state=FixState.UNREPAIRED, findings=_worth_saying(report), reason=best)
                rows, container = best.rows, best.container
            elif recipe is not None:
                require_libraries(recipe)
        except MissingExtra as error:
            return _lacking(about, report, error)
        target = self._target(file, container)
        self._names.give(target)
        done = tuple(dict.fromkeys(row.what for row in rows))
        return replace(about, state=FixState.PLANNED, target=str(target), repairs=rows, done=done)

    def _repaired(self, given: FixInput, file: Path, report: JobReport, made: Plan, about: Outcome) -> Outcome:
        """Give the best result its name."""
        source = file.resolve() if self._options.in_place else file
        before = _version(source)
        about = replace(about, state=FixState.UNREPAIRED, findings=_worth_saying(report))
        with destination.temporary(source) as folder:
            try:
                best = self._best(made, report, source, given, folder)
            except MissingExtra as error:
                return _lacking(about, report, error)
            if isinstance(best, str):
                return replace(about, reason=best)
            if _version(source) != before:
                return replace(about, reason="it changed while it was repaired; nothing was written")
            target = source.with_name(best.file.name)
            try:
                destination.place(best.file, target, source, replace=target == source or self._options.force)
            except destination.Occupied:
                return replace(about, reason=f"{target} already exists; --force replaces it")
        self._names.give(target)
        return replace(
            about,
            state=FixState.FIXED,
            target=str(file.with_name(target.name) if target != source else file),
            repairs=best.rows,
            done=best.done,
            findings=_worth_saying(best.report),
        )

    def _best(self, made: Plan, report: JobReport, source: Path, given: FixInput, folder: Path) -> _Result | str:
        """The first result that passes, improved as far as the options allow. Without one, the reason.

        A result may show a fault that the file did not, such as a codec that its container hid. The rows that repair
        such a fault are then added to the try.
        """
        best: _Result | None = None
        reason = ""
        tries = deque(made.tries)
        tried: set[Recipe | None] = set()
        while tries:
            rows = tries.popleft()
            recipe = self._recipe(rows, report, source, given)
            if recipe in tried:
                continue
            tried.add(recipe)
            answer, file = self._write(recipe, report, source, folder / str(len(tried)))
            if answer.container is None:
                reason = answer.refused or ""
                continue
            again = self._check(file, report.subjects[0].kind, given.orientation)
            complaint = self._complaint(again, rows)
            if complaint is None:
                best = _Result(rows, answer.container, answer.done, file, again)
                tries.clear()  # the remaining tries are not better
            else:
                reason = complaint
            if more := self._more(rows, again):
                tries.appendleft(more)
        return best or reason

    def _more(self, rows: tuple[Repair, ...], again: JobReport) -> tuple[Repair, ...]:
        """The tried rows, and those that repair the findings of their result; none where no row does."""
        left = plan(
            again.subjects[0].facts,
            again.findings,
            self._spec,
            unsafe=self._options.unsafe,
            fail_on=self._options.fail_on,
        )
        added = tuple(row for row in left.tries[-1] if row not in rows) if left.tries else ()
        return (*rows, *added) if added else ()

    def _write(
        self, recipe: Recipe | None, report: JobReport, source: Path, folder: Path
    ) -> tuple[WorkerOutcome, Path]:
        """The outcome of repairing the file, and the path of the result, under its final name."""
        folder.mkdir(mode=0o700)
        draft = folder / "draft"
        if recipe is None:
            container = _container(None, report)
            try:
                shutil.copyfile(source, draft)
            except OSError as error:
                raise ConfigurationError(f"cannot copy {printable(str(source))}: {error.strerror}") from error
            answer = WorkerOutcome(container=container, done=(f"copied unchanged, with a suffix for {container}",))
        else:
            draft.touch()
            answer = carry_out(recipe, source, draft)
        if answer.container is None:
            return answer, draft
        return answer, draft.rename(folder / self._target(source, answer.container).name)

    def _complaint(self, again: JobReport, rows: Sequence[Repair]) -> str | None:
        """Why a result is not kept; ``None`` for one that passes and has none of the repaired findings."""
        meant = {row.rule for row in rows}
        for finding in _worth_saying(again):
            if finding.indeterminate or finding.severity >= self._options.fail_on or finding.rule in meant:
                return f"the result was not kept, because it does not pass: {finding.rule}: {finding.message}"
        if again.verdict is not Verdict.PASS:
            return "the result was not kept, because it could not be examined"
        return None

    def _target(self, source: Path, container: str) -> Path:
        return self._names.target_for(source, container, in_place=self._options.in_place)

    def _recipe(self, rows: Sequence[Repair], report: JobReport, source: Path, given: FixInput) -> Recipe | None:
        facts = report.subjects[0].facts
        assert facts is not None, "an unreadable file has no plan"
        return recipe_for(
            rows,
            facts,
            source,
            self._spec,
            orientation=given.orientation,
            in_place=self._options.in_place,
        )


def _untried(report: JobReport, made: Plan) -> FixState:
    match report.verdict:
        case Verdict.PASS:
            return FixState.SOUND
        case Verdict.INDETERMINATE if not made.withheld:
            return FixState.UNEXAMINED
        case Verdict.FAIL | Verdict.INDETERMINATE:
            return FixState.UNREPAIRED


def _lacking(about: Outcome, report: JobReport, error: MissingExtra) -> Outcome:
    return replace(
        about, state=FixState.UNREPAIRED, findings=_worth_saying(report), reason=str(error), extra=error.extra
    )


def _worth_saying(report: JobReport) -> tuple[Finding, ...]:
    return tuple(finding for finding in report.findings if finding.severity > Severity.NOTE)


def _container(recipe: Recipe | None, report: JobReport) -> str:
    """The container of a file after a recipe, or its own without one."""
    if isinstance(recipe, ImageRecipe):
        return recipe.container
    facts = report.subjects[0].facts
    return "MP4" if recipe is not None or facts is None or facts.container is None else facts.container


def _version(file: Path) -> tuple[int, int]:
    found = file.stat()
    return found.st_size, found.st_mtime_ns


def _as_source(file: Path) -> str:
    """A path for the engine, which would read ``a:b.png`` as a URL."""
    return f"./{file}" if is_url(str(file)) else str(file)
