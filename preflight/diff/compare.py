"""Compares two sides of a repository: from commits to findings, facts, and the difference of the prices."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import TypeAlias

from preflight.checking.engine import Engine
from preflight.checking.options import Options
from preflight.checking.resources import Resources
from preflight.checking.subjects import Examined
from preflight.diff.candidates import Candidate, Models, candidates
from preflight.diff.changed_facts import changed_facts
from preflight.diff.difference import (
    NOTHING,
    Amount,
    ChangeKind,
    Difference,
    FieldChange,
    JobChange,
    Subtotal,
)
from preflight.diff.git import Repository, Type
from preflight.diff.pairs import leaves, shown_value
from preflight.diff.sides import CommitSide, Store, WorkingSide, submodules_of
from preflight.errors import ConfigurationError
from preflight.model import Finding, Job, JobReport
from preflight.model.file_types import PARQUET_SUFFIXES
from preflight.model.target import Media, Target
from preflight.redact import shown_path

GroupOf: TypeAlias = Callable[[JobChange], str | None]


def compare(
    repository: Repository, base: str, head: str | None, options: Options, *, group_of: GroupOf | None = None
) -> Difference:
    """The jobs that differ between the commits ``base`` and ``head``, or the working tree, without an order of cost.

    A file that both sides have is examined once. ``options`` are of a check; its ``locate`` is set here. Raises
    ``ConfigurationError`` for a repository that cannot be read.
    """
    if head is None and repository.top is None:
        raise ConfigurationError("a bare repository has no working tree: name a HEAD to compare with")
    changes = repository.changes(base, head)
    with ExitStack() as stack:
        blobs = stack.enter_context(repository.blobs())
        store = Store(Path(stack.enter_context(TemporaryDirectory(prefix="preflight-"))), blobs, repository)
        changed = {path for change in changes for path in (change.old, change.new) if path}
        tree = repository.tree(base)
        old = CommitSide(tree, store, repository.top, changed if head is None else None)
        new: CommitSide | WorkingSide
        if head is None:
            assert repository.top is not None
            known = {
                change.new: change.after.blob for change in changes if change.new and change.after.type is Type.FILE
            }
            new = WorkingSide(repository.top, old, {path: known.get(path) for path in changed})
        else:
            new = CommitSide(repository.tree(head), store, repository.top)
        tables = [
            path
            for path, entry in tree.items()
            if entry.type is Type.FILE and PurePosixPath(path).suffix.lower() in PARQUET_SUFFIXES
        ]
        models = Models(options.model, options.specs)
        found = list(candidates(repository, changes, head=head, sides=(old, new), tables=tables, models=models))
        jobs = tuple(_examined(found, old, new, options, group_of))
    counted = [job for job in jobs if job.counted]
    return Difference(
        base=base,
        head=head,
        jobs=jobs,
        before=total(job.before for job in counted),
        after=total(job.after for job in counted),
        change=_sum(job.change for job in counted),
        groups=tuple(_groups(counted)),
        remarks=(*submodules_of(changes), *_unread(tables)),
    )


def _unread(tables: list[str]) -> Iterator[str]:
    """A remark on the Parquet files of a repository, where they cannot be read."""
    if tables:
        from preflight.jobfiles.parquet_reader import can_read_parquet  # only where there is one

        if not can_read_parquet():
            first = shown_path(tables[0]) + (f" and {len(tables) - 1} more" if tables[1:] else "")
            yield f"{first}: not compared; reading Parquet files needs the extra 'runs'"


def _examined(
    found: list[Candidate],
    old: CommitSide,
    new: CommitSide | WorkingSide,
    options: Options,
    group_of: GroupOf | None,
) -> Iterator[JobChange]:
    """Each candidate, checked on the sides that have it. Of what was read only the answers are kept."""
    known, resources = Examined(), Resources()
    has_jobs = any(not isinstance(each, Media) for pair in found for each in (pair.before, pair.after) if each)
    with (
        closing(resources),
        Engine(replace(options, locate=old.locate), resources=resources) as before,
        Engine(replace(options, locate=new.locate), resources=resources) as after,
    ):
        befores = before.check_each((each.before for each in found if each.before), known=known)
        if not options.offline:
            befores = iter(list(befores))  # a URL of both sides is read once, so one side after the other
        afters = after.check_each((each.after for each in found if each.after), known=known)
        for pair in found:
            one = next(befores) if pair.before else None
            other = next(afters) if pair.after else None
            change = _job_change(pair, one, other)
            change = replace(change, counted=not change.bare or not has_jobs)
            yield replace(change, group=group_of(change)) if group_of else change


def _job_change(pair: Candidate, before: JobReport | None, after: JobReport | None) -> JobChange:
    newer = after or before
    assert newer is not None, "a candidate is on one side at least"
    known = {_same(finding) for finding in before.findings} if before else set()
    left = {_same(finding) for finding in after.findings} if after else set()
    kind = ChangeKind.CHANGED if before and after else ChangeKind.ADDED if after else ChangeKind.REMOVED
    return JobChange(
        kind=kind,
        path=newer.path,
        line=newer.line,
        id=newer.id,
        bare=newer.bare,
        old_path=pair.old_path,
        fields=tuple(_fields(pair.before, pair.after)),
        facts=tuple(changed_facts(before, after)),
        before=_kept(before),
        after=_kept(after),
        new=tuple(finding for finding in after.findings if _same(finding) not in known) if after else (),
        fixed=tuple(finding for finding in before.findings if _same(finding) not in left) if before else (),
        old=tuple(finding for finding in after.findings if _same(finding) in known) if after else (),
        change=price_change(before, after),
    )


def _same(finding: Finding) -> tuple[str, str | None, bool]:
    """A finding that another commit has too: by its rule and field. The figures in its text may differ."""
    return finding.rule, finding.field, finding.indeterminate


def _fields(before: Target | None, after: Target | None) -> Iterator[FieldChange]:
    if not isinstance(before, Job) or not isinstance(after, Job):
        return
    one, other = dict(leaves(before.body)), dict(leaves(after.body))
    for name in {**one, **other}:
        if name in one and name in other and one[name] == other[name] and type(one[name]) is type(other[name]):
            continue
        old, new = shown_value(one.get(name)), shown_value(other.get(name))
        if old == new and isinstance(new, str):
            new = f"{new} (another query)"
        yield FieldChange(name, old, new)


def _kept(report: JobReport | None) -> JobReport | None:
    """``report`` without the facts of its files: a difference may have 100 000 jobs."""
    if report is None:
        return None
    return replace(
        report, subjects=tuple(replace(subject, facts=None, receipt=None) for subject in report.subjects), hidden=()
    )


def price_change(before: JobReport | None, after: JobReport | None) -> Amount:
    """The price of ``after`` minus that of ``before``; a side that is not there costs nothing."""
    one, other = amount_of(before), amount_of(after)
    unpriced = max(one.unpriced, other.unpriced)
    if unpriced:
        return Amount(unpriced=unpriced)
    if before and after and before.quote == after.quote:
        return NOTHING
    return Amount(other.credits - one.credits, other.low - one.high, other.high - one.low, other.usd - one.usd)


def amount_of(report: JobReport | None) -> Amount:
    """The price of a job; nothing for one that is not there."""
    if report is None:
        return NOTHING
    if report.quote is None:
        return Amount(unpriced=1)
    return Amount(report.quote.credits, report.quote.low, report.quote.high, report.quote.usd)


def total(reports: Iterable[JobReport | None]) -> Amount:
    """The sum of the prices of ``reports``."""
    return _sum(map(amount_of, reports))


def _sum(amounts: Iterable[Amount]) -> Amount:
    whole = NOTHING
    for each in amounts:
        whole = whole.plus(each)
    return whole


def _groups(jobs: list[JobChange]) -> Iterator[Subtotal]:
    """Subtotals by the group of each job, in the order of their names."""
    by_name: dict[str, list[JobChange]] = {}
    for job in jobs:
        if job.group is not None:
            by_name.setdefault(job.group, []).append(job)
    for name, members in sorted(by_name.items()):
        yield Subtotal(
            name,
            len(members),
            total(job.before for job in members),
            total(job.after for job in members),
            _sum(job.change for job in members),
        )


def folder_of(job: JobChange) -> str:
    """The folder of a job's file, from the top of the repository."""
    return str(PurePosixPath(job.path or ".").parent)
