"""The rows of a finished run that may be paid for, each with its job, which is read from the manifest again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from preflight.bounded_file import is_file
from preflight.errors import ConfigurationError, JobUnreadable, NotSubmitted, SourceError
from preflight.jobfiles.stores import is_manifest_url
from preflight.ledger import PaidRequest, paid_request_of
from preflight.model import Job, JobReport, Severity
from preflight.model.target import is_url
from preflight.redact import redact
from preflight.runs.manifests.manifest import Manifest
from preflight.runs.manifests.open_manifest import NO_WEB, Web, open_manifest
from preflight.runs.manifests.rows import part_rows
from preflight.runs.on_disk.part_files import part_name, read_part
from preflight.runs.on_disk.run_file import NAME, RunFile, find_run, require_same_specs
from preflight.runs.reports.report_jobs import NotAJob, job_of
from preflight.runs.run_errors import RunUnusable
from preflight.specs import BUILT_IN, Specs
from preflight.submit.recheck import saved_check

if TYPE_CHECKING:
    from preflight.checking.options import Options
    from preflight.ledger import Ledger
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

        Raises ``RunUnusable`` where the part is not that of the manifest.
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
                job, report = _job(jobs.pop(row)), _report(value)
                yield Payable(row=row, job=job, report=report, specs=self.specs, uploads=self.uploads)
            except (NotAJob, KeyError, TypeError, ValueError, AttributeError) as error:
                name = part_name(number, self.run.results)
                raise RunUnusable(f"{self.store.shown}: {name} is not a part of this run: check it again") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A job of the run as it is kept in memory. ``entry`` is that of the ledger which holds it already."""

    row: int
    part: int
    id: str | None
    high: Decimal
    entry: int | None = None
    same_as: int | None = None

    @property
    def is_new(self) -> bool:
        """Whether it is to be paid for."""
        return self.entry is None and self.same_as is None


@dataclass(slots=True, kw_only=True)
class Plan:
    """The jobs that passed, in order, and the price of those that are to be paid for."""

    jobs: list[Planned] = field(default_factory=list)
    others: Counter[str] = field(default_factory=Counter)
    new: int = 0
    low: Decimal = Decimal(0)
    credits: Decimal = Decimal(0)
    high: Decimal = Decimal(0)
    usd: Decimal = Decimal(0)

    def add(self, job: Planned, quote: Quote) -> None:
        self.jobs.append(job)
        if job.is_new:
            self.new += 1
            self.low += quote.low
            self.credits += quote.credits
            self.high += quote.high
            self.usd += quote.usd


@contextmanager
def open_paid_run(
    store: Store,
    *,
    manifest: str | None,
    near: Iterable[Path],
    specs: Specs = BUILT_IN,
    uploads: RunUploads | None = None,
    web: Web = NO_WEB,
) -> Iterator[PaidRun]:
    """The finished run in ``store``. Its manifest is ``manifest``, or is where it was, or in a folder of ``near``.

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
        found = (
            _at_one_of(_places(store, run, near), store, run, stack, web)
            if manifest is None
            else _with_content(manifest, run, stack, web)
        )
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


def _at_one_of(places: Iterable[str], store: Store, run: RunFile, stack: ExitStack, web: Web) -> Manifest:
    """The manifest at one of ``places``."""
    name, changed = run.manifest["name"], False
    for place in places:
        if is_manifest_url(place) or is_file(place):
            found = _with_content(place, run, stack, web)
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
    if NAME not in store.names() or (run := find_run(store)) is None:
        raise RunUnusable(f"{store.shown} holds no run: preflight check MANIFEST --to {store.shown} makes one")
    return run


def make_plan(paid_run: PaidRun, ledger: Ledger, *, api: str, tick: Callable[[], object]) -> Plan:
    """What is to be paid for, and what the ledger holds already.

    Raises ``ConfigurationError`` where jobs name local files and nothing may be uploaded, ``RunUnusable`` for a folder
    that is not of this run.
    """
    ledger.mark_abandoned()
    plan, rows_of = Plan(), dict[str, int]()
    local: list[tuple[int, str]] = []
    for number in range(paid_run.run.parts):
        for payable in paid_run.passed(number, others=plan.others):
            tick()
            if paid_run.uploads is None and payable.local is not None:
                local.append((payable.row, payable.local))
            try:
                request = payable.request
            except NotSubmitted as error:
                raise RunUnusable(f"{paid_run.store.shown}: row {payable.row} is not that of the manifest") from error
            except SourceError:  # it is told at the turn of the job
                unread = Planned(row=payable.row, part=number, id=payable.job.id, high=payable.quote.high)
                plan.add(unread, payable.quote)
                continue
            same_as = rows_of.setdefault(request.content_hash or request.job_hash, payable.row)
            entry = ledger.last_of(request, api, refused=False)
            planned = Planned(
                row=payable.row,
                part=number,
                id=payable.job.id,
                high=request.high,
                entry=None if entry is None else entry.id,
                same_as=None if same_as == payable.row else same_as,
            )
            plan.add(planned, payable.quote)
    for row, source in local[:1]:
        jobs = "1 job names a local file" if len(local) == 1 else f"{len(local)} jobs name local files"
        raise ConfigurationError(
            f"{jobs} ({source} in row {row}), which the service cannot fetch: preflight submit RUN --upload"
            " s3://BUCKET/PREFIX uploads them first"
        )
    return plan


def _with_content(name: str, run: RunFile, stack: ExitStack, web: Web) -> Manifest | None:
    """The manifest called ``name`` where it is that of ``run``; it is open as long as ``stack``."""
    with ExitStack() as trying:
        found = trying.enter_context(open_manifest(name, run.rows_a_part, web=web))
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
