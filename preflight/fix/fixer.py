"""Repairs one file after the other: check, plan, write, check again, then give the result its name."""

from __future__ import annotations

import shutil
from collections import deque
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from filecmp import cmp
from pathlib import Path
from typing import Self

from preflight.checking.engine import Engine
from preflight.checking.named_media import choice_of
from preflight.checking.options import Options, with_specs_read
from preflight.errors import ConfigurationError, MissingExtra
from preflight.fix import destination
from preflight.fix.inputs import FixInput
from preflight.fix.judging import (
    as_source,
    complaint,
    container_after,
    is_later,
    lacking,
    untried,
    version_of,
    worth_saying,
)
from preflight.fix.outcome import FixState, Outcome
from preflight.fix.plan import plan, with_part
from preflight.fix.recipe import ImageRecipe, Recipe, WorkerOutcome, recipe_for
from preflight.fix.repairs import Repair
from preflight.fix.run_worker import carry_out, require_libraries
from preflight.fix.swapped import why_swapped
from preflight.fix.window import Window, checked, priced
from preflight.fix.work import Result, Work
from preflight.model import Family, JobReport, Kind, Severity, VideoFacts
from preflight.model.target import Media
from preflight.redact import printable
from preflight.specs import DEFAULT_MODEL, SpecLike, specs_of

_WRITTEN = "this run already wrote it for another field or orientation; fix a copy of it for this one"
_OUTSIDE = "it is outside the named folder or job, reached through a link or a job: name the file itself to replace it"


@dataclass(frozen=True, slots=True, kw_only=True)
class FixOptions:
    """How to repair. ``dry`` only reports the planned repairs; ``force`` lets a repaired file replace another.

    ``fail_on`` is the severity that a repaired file must be free of. ``also`` names notes to repair, too. ``window`` is
    the part of each clip to keep; ``mode`` is that of its price where no job says one. ``if_taken`` is the advice where
    another file has the name of the result. ``spec`` is as in ``Options``.
    """

    unsafe: bool = False
    in_place: bool = False
    force: bool = False
    dry: bool = False
    fail_on: Severity = Severity.ERROR
    model: str = DEFAULT_MODEL
    mode: str | None = None
    also: frozenset[str] = frozenset()
    window: Window | None = None
    if_taken: str = "--force replaces it"
    spec: SpecLike | None = None


class Fixer:
    """Repairs files. Use it in ``with``: it keeps processes from one file to the next."""

    def __init__(self, options: FixOptions | None = None) -> None:
        self._options = with_specs_read(options or FixOptions())
        self._spec = specs_of(self._options.spec).load(self._options.model)
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
        if (why := why_swapped(given, report, self._check)) is not None:
            return replace(about, state=FixState.UNREPAIRED, findings=worth_saying(report), reason=why)
        made = plan(
            report.subjects[0].facts,
            report.findings,
            self._spec,
            unsafe=self._options.unsafe,
            fail_on=self._options.fail_on,
            also=self._options.also,
        )
        about = replace(about, findings=made.unrepaired, withheld=made.withheld)
        try:
            window = self._window(given, report)
            if window is not None and not made.blocked:
                made = with_part(made)
            if not made.tries:
                return replace(about, state=untried(report, made))
            if (self._options.in_place or self._options.force) and not given.inside:
                return replace(about, state=FixState.UNREPAIRED, findings=worth_saying(report), reason=_OUTSIDE)
            if self._options.in_place and self._names.holds(given.file.resolve()):
                return replace(about, state=FixState.UNREPAIRED, findings=worth_saying(report), reason=_WRITTEN)
            work = Work(given=given, file=given.file, report=report, plan=made, window=window)
            if (existing := self._existing(work)) is not None:
                return replace(about, state=FixState.REPAIRED, target=str(existing), findings=())
            return self._planned(work, about) if self._options.dry else self._repaired(work, about)
        except ConfigurationError as error:
            return replace(about, state=FixState.UNREPAIRED, findings=worth_saying(report), reason=str(error))

    def _window(self, given: FixInput, report: JobReport) -> Window | None:
        """The part of this file to keep; ``None`` for all of it. Raises ``ConfigurationError`` where it has no such."""
        facts = report.subjects[0].facts
        if self._options.window is None or not isinstance(facts, VideoFacts) or facts.family is not Family.VIDEO:
            return None
        mode = given.mode or self._options.mode or choice_of(None, self._spec, "mode", None)
        window = priced(self._options.window, self._spec, mode=mode, orientation=given.orientation)
        length = facts.durations.video or facts.durations.container
        if (why := checked(window, length, self._spec)) is not None:
            raise ConfigurationError(why)
        longest = max(facts.durations.plausible, default=None)  # sound may go on after the picture
        whole = longest is not None and window.length is not None and longest <= window.length
        return None if not window.start and whole else window

    def _existing(self, work: Work) -> Path | None:
        """The result of an earlier run: newer than the file, and it passes without the findings that were repaired.

        A part of a clip may be another one, so it is written again.
        """
        if self._options.in_place or self._options.force or work.window is not None:
            return None
        recipe = self._recipe(work.plan.tries[0], work)
        containers = [container_after(recipe, work.report)]
        if isinstance(recipe, ImageRecipe):
            containers.append("JPEG")
        for container in dict.fromkeys(containers):
            target = self._target(work.file, container)
            if is_later(target, work.file):
                again = self._check(target, work.report.subjects[0].kind, work.given.orientation)
                if complaint(again, work.plan.tries[0], self._options.fail_on) is None:
                    self._names.give(target)
                    return target
        return None

    def _check(self, file: Path, kind: Kind | None, orientation: str) -> JobReport:
        if orientation not in self._engines:
            options = Options(
                model=self._options.model,
                orientation=orientation,
                fail_on=self._options.fail_on,
                thorough=True,
                deep=True,
                spec=self._options.spec,
            )
            self._engines[orientation] = self._stack.enter_context(Engine(options))
        return self._engines[orientation].check([Media(source=as_source(file), kind=kind)]).jobs[0]

    def _planned(self, work: Work, about: Outcome) -> Outcome:
        """The planned repair. For a picture this writes the result into a temporary folder and deletes it."""
        rows, report, file = work.plan.tries[0], work.report, work.file
        recipe = self._recipe(rows, work)
        container = container_after(recipe, report)
        try:
            if isinstance(recipe, ImageRecipe):
                with destination.elsewhere() as folder:
                    best = self._best(work, file, folder)
                if isinstance(best, str):
                    return replace(about, state=FixState.UNREPAIRED, findings=worth_saying(report), reason=best)
                rows, container = best.rows, best.container
            elif recipe is not None:
                require_libraries(recipe)
        except MissingExtra as error:
            return lacking(about, report, error)
        target = self._target(file, container)
        self._names.give(target)
        done = tuple(dict.fromkeys(row.what for row in rows))
        return replace(about, state=FixState.PLANNED, target=str(target), repairs=rows, done=done)

    def _repaired(self, work: Work, about: Outcome) -> Outcome:
        """Give the best result its name."""
        file, report = work.file, work.report
        source = file.resolve() if self._options.in_place else file
        before = version_of(source)
        about = replace(about, state=FixState.UNREPAIRED, findings=worth_saying(report))
        with destination.temporary(source) as folder:
            try:
                best = self._best(work, source, folder)
            except MissingExtra as error:
                return lacking(about, report, error)
            if isinstance(best, str):
                return replace(about, reason=best)
            if version_of(source) != before:
                return replace(about, reason="it changed while it was repaired; nothing was written")
            target = source.with_name(best.file.name)
            try:
                destination.place(best.file, target, source, replace=target == source or self._options.force)
            except destination.Occupied:
                if cmp(best.file, target, shallow=False):
                    self._names.give(target)
                    return replace(about, state=FixState.REPAIRED, target=str(target), findings=())
                return replace(about, reason=f"{target} already exists; {self._options.if_taken}")
        self._names.give(target)
        return replace(
            about,
            state=FixState.FIXED,
            target=str(file.with_name(target.name) if target != source else file),
            repairs=best.rows,
            done=best.done,
            findings=worth_saying(best.report),
        )

    def _best(self, work: Work, source: Path, folder: Path) -> Result | str:
        """The first result that passes, improved as far as the options allow. Without one, the reason.

        A result may show a fault that the file did not, such as a codec that its container hid. The rows that repair
        such a fault are then added to the try.
        """
        best: Result | None = None
        reason = ""
        report, tries = work.report, deque(work.plan.tries)
        tried: set[Recipe | None] = set()
        while tries:
            rows = tries.popleft()
            recipe = self._recipe(rows, work, source)
            if recipe in tried:
                continue
            tried.add(recipe)
            answer, file = self._write(recipe, report, source, folder / str(len(tried)))
            if answer.container is None:
                reason = answer.refused or ""
                continue
            again = self._check(file, report.subjects[0].kind, work.given.orientation)
            why = complaint(again, rows, self._options.fail_on)
            if why is None:
                best = Result(rows, answer.container, answer.done, file, again)
                tries.clear()  # the remaining tries are not better
            else:
                reason = why
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
            also=self._options.also,
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
            container = container_after(None, report)
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

    def _target(self, source: Path, container: str) -> Path:
        return self._names.target_for(source, container, in_place=self._options.in_place)

    def _recipe(self, rows: Sequence[Repair], work: Work, source: Path | None = None) -> Recipe | None:
        facts = work.report.subjects[0].facts
        assert facts is not None, "an unreadable file has no plan"
        return recipe_for(
            rows,
            facts,
            source or work.file,
            self._spec,
            orientation=work.given.orientation,
            in_place=self._options.in_place,
            window=work.window,
        )
