"""The rows of a finished run that may be paid for, each with its job, which is read from the manifest again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from preflight.bounded_file import is_file
from preflight.errors import JobUnreadable
from preflight.jobfiles.stores import is_manifest_url
from preflight.ledger import PaidRequest, paid_request_of
from preflight.model import Job, JobReport, Severity
from preflight.model.file_types import RUN_FILE
from preflight.model.target import is_url
from preflight.redact import redact
from preflight.runs.manifests.manifest import Manifest, OnIndexed
from preflight.runs.manifests.open_manifest import NO_WEB, Web, open_manifest
from preflight.runs.manifests.rows import part_rows
from preflight.runs.on_disk.part_files import part_name, read_part
from preflight.runs.on_disk.run_file import RunFile, find_run, require_same_specs
from preflight.runs.reports.report_jobs import NotAJob, job_of
from preflight.runs.run_errors import RunUnusable
from preflight.specs import BUILT_IN, Specs
from preflight.submit.recheck import saved_check

if TYPE_CHECKING:
    from preflight.checking.options import Options
    from preflight.model import Quote
    from preflight.runs.on_disk.store import Store
    from preflight.runs.payments.run_uploads import RunUploads

_SEVERITIES = {severity.label: severity for severity in Severity}


@dataclass(frozen=True, slots=True, kw_only=True)
class Payable:
    """A row that passed: its job, and the report of its check. ``row`` counts from 1.

    ``uploads`` brings its local files to URLs, if they may be uploaded.
    """

    row: int
    job: Job
    report: JobReport
    specs: Specs = BUILT_IN
    uploads: RunUploads | None = None

    @property
    def request(self) -> PaidRequest:
        """The request to be paid for. Raises ``NotSubmitted``, and ``SourceError`` for a local file that is gone."""
        hashes = self.uploads.hashes(self.job) if self.uploads is not None and self.local else None
        return paid_request_of(self.job, self.report, hashes, self.specs)

    @property
    def local(self) -> str | None:
        """The first file of the job that is on this machine."""
        return next((each.source for each in self.report.subjects if not is_url(each.source)), None)

    @property
    def quote(self) -> Quote:
        assert self.report.quote is not None, "a saved check has a price"
        return self.report.quote


@dataclass(frozen=True, slots=True, kw_only=True)
class PaidRun:
    """A finished run, and the manifest that it is about. ``uploads`` are of its local files."""

    store: Store
    run: RunFile
    manifest: Manifest
    specs: Specs = BUILT_IN
    uploads: RunUploads | None = None

    def passed(self, number: int, *, others: Counter[str] | None = None) -> Iterator[Payable]:
        """The rows of part ``number`` that passed; the verdicts of the others are counted in ``others``.

        Raises ``RunUnusable`` where the part is not that of the manifest, and for a row that has no price.
        """
        columns = tuple((str(name), str(column)) for name, column in dict(self.run.options["column"]).items())
        rows = part_rows(self.manifest, number, model=str(self.run.options["model"]), columns=columns, specs=self.specs)
        jobs = dict(enumerate(rows.read(), start=rows.part.first_row))
        for value in read_part(self.store, number, self.run.results, self.run.rows_of(number)):
            try:
                row, verdict = int(value["row"]), str(value["verdict"])
                if verdict != "pass":
                    if others is not None:
                        others[verdict] += 1
                    continue
                if value["quote"] is None:
                    raise RunUnusable(
                        f"{self.store.shown}: row {row} has no price: its clip was not opened; check the manifest with"
                        " the network into a new folder, and submit that"
                    )
                job, report = _job(jobs.pop(row)), _report(value)
                yield Payable(row=row, job=job, report=report, specs=self.specs, uploads=self.uploads)
            except (NotAJob, KeyError, TypeError, ValueError, AttributeError) as error:
                name = part_name(number, self.run.results)
                raise RunUnusable(f"{self.store.shown}: {name} is not a part of this run: check it again") from error


@contextmanager
def open_paid_run(
    store: Store,
    *,
    manifest: str | None,
    near: Iterable[Path],
    specs: Specs = BUILT_IN,
    uploads: RunUploads | None = None,
    web: Web = NO_WEB,
    on_indexed: OnIndexed | None = None,
) -> Iterator[PaidRun]:
    """The finished run in ``store``. Its manifest is ``manifest``, or is where it was, or in a folder of ``near``.
    ``on_indexed`` is told how far the pass over it is.

    Raises ``RunUnusable`` for an unfinished run, other ``specs`` than at its check, or a manifest that changed.
    """
    run = require_run(store)
    require_same_specs(run, specs, shown=store.shown)
    names = store.names()
    done = sum(name.startswith("part-") for name in names)  # first: run.json may say any number of parts
    if done < run.parts or any(part_name(number, run.results) not in names for number in range(run.parts)):
        raise RunUnusable(
            f"{store.shown} is not finished ({done} of {run.parts} parts): run the same preflight check again first"
        )
    with ExitStack() as stack:
        opened = partial(_with_content, run=run, stack=stack, web=web, on_indexed=on_indexed)
        found = _at_one_of(_places(store, run, near), store, run, opened) if manifest is None else opened(manifest)
        if found is None:
            raise RunUnusable(
                f"{redact(manifest or '')} is not the manifest of {store.shown}, or has changed since its check: check"
                " it into a new folder, and submit that"
            )
        yield PaidRun(store=store, run=run, manifest=found, specs=specs, uploads=uploads)


def manifest_of(store: Store, run: RunFile, *, near: Iterable[Path]) -> str:
    """The name of the manifest of ``run``, which need not be finished: one of that name in a folder of ``near``.

    Whether it has the content that was checked is seen when it is read. Raises ``RunUnusable`` where it is gone.
    """
    places = _places(store, run, near)
    found = next((place for place in places if is_manifest_url(place) or is_file(place)), None)
    if found is None:
        raise RunUnusable(
            f"the manifest {run.manifest['name']} of {store.shown} is not where it was: put it back, or continue with "
            "preflight check"
        )
    return found


def _places(store: Store, run: RunFile, near: Iterable[Path]) -> Iterator[str]:
    """Where the manifest may be. The path in a row may be relative to another folder; a URL is always whole."""
    is_begun = part_name(0, run.results) in store.names()
    first = next(read_part(store, 0, run.results, run.rows_of(0)), {}).get("path") if is_begun else None
    if first and first != "-":
        yield str(first)
    for folder in near:
        yield str(folder / str(run.manifest["name"]))


def _at_one_of(
    places: Iterable[str],
    store: Store,
    run: RunFile,
    opened: Callable[[str], Manifest | None],
) -> Manifest:
    """The manifest at one of ``places``, as ``opened`` finds it there."""
    name, changed = run.manifest["name"], False
    for place in places:
        if is_manifest_url(place) or is_file(place):
            found = opened(place)
            if found is not None:
                return found
            changed = True
    if changed:
        raise RunUnusable(
            f"the manifest {name} has changed since {store.shown} was made: check it into a new folder, and submit"
            " that; jobs that are paid for stay so"
        )
    raise RunUnusable(f"the manifest {name} of {store.shown} is not where it was: name it with --manifest FILE")


def require_run(store: Store) -> RunFile:
    """The run in ``store``. Raises ``RunUnusable`` where there is none."""
    if RUN_FILE not in store.names() or (run := find_run(store)) is None:
        raise RunUnusable(f"{store.shown} holds no run: preflight check MANIFEST --to {store.shown} makes one")
    return run


def _with_content(name: str, run: RunFile, stack: ExitStack, web: Web, on_indexed: OnIndexed | None) -> Manifest | None:
    """The manifest called ``name`` where it is that of ``run``; it is open as long as ``stack``."""
    with ExitStack() as trying:
        found = trying.enter_context(open_manifest(name, run.rows_a_part, web=web, on_indexed=on_indexed))
        if (found.sha256, found.rows) != (run.manifest["sha256"], run.rows):
            return None
        stack.push(trying.pop_all())
        return found


def _job(row: Job | JobUnreadable) -> Job:
    if not isinstance(row, Job):
        raise NotAJob("a row that cannot be read passed")
    return row


def _report(value: dict[str, Any]) -> JobReport:
    """The report of a row, with what tells its files from changed ones. It has no time: it is always too old to pay."""
    found, saved = job_of(value), saved_check(value)
    subjects = tuple(replace(subject, receipt=saved.receipts.get(subject.field or "")) for subject in found.subjects)
    return replace(found, subjects=subjects, identity=str(value["identity"]))


def as_in_the_run(options: Options, run: RunFile) -> Options:
    """``options`` with what the run was checked by: the severity that fails, ignored rules, ``deep`` and the model."""
    given = run.options
    return replace(
        options,
        fail_on=_SEVERITIES.get(str(given.get("fail-on")), options.fail_on),
        ignore=options.ignore | frozenset(map(str, given.get("ignore") or ())),
        deep=bool(given.get("deep")),
        model=str(given["model"]),
    )
