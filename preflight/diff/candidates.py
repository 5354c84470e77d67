"""Finds the jobs and media that a change touches: few files of many, without examining any."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import PurePosixPath
from typing import Final, NamedTuple

from preflight.checking.named_media import named_media, spec_of
from preflight.diff.git import ABSENT, Change, Repository
from preflight.diff.pairs import Row, canonical, match_rows
from preflight.diff.sides import Side
from preflight.errors import JobUnreadable
from preflight.model import Job
from preflight.model.file_types import JOB_SUFFIXES, MANIFEST_SUFFIXES, PARQUET_SUFFIXES
from preflight.model.target import Media, Target, is_url
from preflight.specs import BUILT_IN, Specs
from preflight.targets import MEDIA_SUFFIXES, read_targets

JOB_LIKE = JOB_SUFFIXES | MANIFEST_SUFFIXES
_NAMES_SEARCHED: Final = 20_000
"""Names of changed media for which Git searches the job files: a million lines in a minute or two."""


class Models(NamedTuple):
    """The model of jobs that name none, and the models that are known."""

    default: str
    specs: Specs = BUILT_IN


class Candidate(NamedTuple):
    """A job or a media file by itself on both sides; ``None`` on a side that does not have it.

    ``old_path`` is where its file was, if that was elsewhere.
    """

    before: Target | None
    after: Target | None
    old_path: str | None = None


def candidates(
    repository: Repository,
    changes: Sequence[Change],
    *,
    head: str | None,
    sides: tuple[Side, Side],
    tables: Sequence[str],
    models: Models,
) -> Iterator[Candidate]:
    """The jobs that differ, or whose media differ, then the changed media files that no job names.

    ``tables`` are the Parquet files of the older side. Git cannot search them for the names of media, so each is read
    where a media file changed.
    """
    changed = [change for change in changes if _suffix(change) in JOB_LIKE]
    media = [change for change in changes if _suffix(change) not in JOB_LIKE]
    pairs = {(change.old, change.new): None for change in changed}
    touched = {path for pair in pairs for path in pair}
    compressed = tables if any(_is_media(path) for change in media for path in change[:2] if path) else ()
    for path in (*repository.files_with(_searched(media), JOB_LIKE - PARQUET_SUFFIXES, head), *compressed):
        if path not in touched:
            pairs[path, path] = None
    named: set[str] = set()
    for old, new in sorted(pairs, key=lambda pair: pair[1] or pair[0] or ""):
        before, after = _read(sides, old, new, models)
        for row in (*before, *after):
            named |= set(_local_media(row, models))
        matched = list(match_rows(before, after, _files_of(models)))
        if old != new and not any(_is_one_job(one, other, models) for one, other in matched):
            matched = [*((None, row) for row in after), *((row, None) for row in before)]
        for one, other in matched:
            if _differs(one, other, sides, models):
                yield Candidate(one, other, old if old != new and one and other else None)
    for change in _apart(media):
        yield from _bare(change, named, sides)


def _apart(media: Sequence[Change]) -> Iterator[Change]:
    """``media``, where a file that is only like another one, to Git, is not that file renamed."""
    for change in media:
        if change.old != change.new and change.old and change.new and change.before.blob != change.after.blob:
            yield change._replace(new=None, after=ABSENT)
            yield change._replace(old=None, before=ABSENT)
        else:
            yield change


def _bare(change: Change, named: Collection[str], sides: tuple[Side, Side]) -> Iterator[Candidate]:
    old = change.old if change.old and _is_media(change.old) and sides[0].content(change.old) else None
    new = change.new if change.new and _is_media(change.new) and sides[1].content(change.new) else None
    if (old or new) is None or (old in named and new is None) or new in named:
        return
    if old and new and sides[0].content(old) == sides[1].content(new):
        return  # renamed, or a submodule's new commit
    yield Candidate(
        Media(source=old) if old else None, Media(source=new) if new else None, old if new and old != new else None
    )


def _read(sides: tuple[Side, Side], old: str | None, new: str | None, models: Models) -> tuple[list[Row], list[Row]]:
    """The jobs of one file on both sides. One that cannot be parsed is a broken job where the other side has a job."""
    before, after = _rows(sides[0], old, models), _rows(sides[1], new, models)
    if before and not after:
        after = _broken(sides[1], new, models)
    elif after and not before:
        before = _broken(sides[0], old, models)
    return before, after


def _broken(side: Side, path: str | None, models: Models) -> list[Row]:
    return [row for row in _rows(side, path, models, jobs_only=False) if isinstance(row, JobUnreadable)]


def _rows(side: Side, path: str | None, models: Models, *, jobs_only: bool = True) -> list[Row]:
    """The jobs in the file at ``path``, with that path in place of the one on this disk."""
    file = side.job_file(path) if path else None
    if file is None or path is None:
        return []
    try:
        rows = list(read_targets(f"{file}", model=models.default, specs=models.specs, jobs_only=jobs_only))
    except JobUnreadable as error:
        rows = [error]
    return [_moved(row, path, str(file)) for row in rows if not isinstance(row, Media)]


def _moved(row: Row, path: str, file: str) -> Row:
    if isinstance(row, JobUnreadable):
        where = f"{file}:{row.line}:{row.column}: " if row.line is not None else f"{file}: "
        return JobUnreadable(str(row).removeprefix(where), path=path, line=row.line, column=row.column)
    return replace(row, path=path)


def _differs(before: Row | None, after: Row | None, sides: tuple[Side, Side], models: Models) -> bool:
    if before is None or after is None:
        return True
    if isinstance(before, JobUnreadable) or isinstance(after, JobUnreadable):
        return type(before) is not type(after) or _said(before) != _said(after)
    if canonical(before.body) != canonical(after.body):
        return True
    one, other = _local_media(before, models), _local_media(after, models)
    return [sides[0].content(path) for path in one] != [sides[1].content(path) for path in other]


def _said(row: Row) -> str:
    return str(row).removeprefix(row.path or "") if isinstance(row, JobUnreadable) else ""


def _files_of(models: Models) -> Callable[[Row], tuple[str, ...] | None]:
    """The key of rows with the same files: a row without an id is known by them, before its place."""

    def key(row: Row) -> tuple[str, ...] | None:
        if isinstance(row, JobUnreadable) or row.id is not None:
            return None
        return tuple(media.source for media in named_media(row, spec_of(row, models.default, models.specs))) or None

    return key


def _is_one_job(before: Row | None, after: Row | None, models: Models) -> bool:
    """Whether a file that was renamed and changed still holds the job: under its id, with one of its files, or broken.

    To Git, small files are often alike that have nothing to do with each other.
    """
    if before is None or after is None:
        return False
    if isinstance(before, JobUnreadable) or isinstance(after, JobUnreadable):
        return True
    one, other = (
        {media.source for media in named_media(row, spec_of(row, models.default, models.specs))}
        for row in (before, after)
    )
    return bool(one & other) or (before.id is not None and before.id == after.id)


def _local_media(row: Row, models: Models) -> list[str]:
    """The local files that a job names, from the top of the repository."""
    if not isinstance(row, Job):
        return []
    folder = PurePosixPath(row.path or "").parent
    return [
        _normal(str(folder / media.source))
        for media in named_media(row, spec_of(row, models.default, models.specs))
        if media.source.strip() and not is_url(media.source)
    ]


def _normal(path: str) -> str:
    """``path`` without dot segments."""
    parts: list[str] = []
    for part in PurePosixPath(path).parts:
        if part == ".." and parts and parts[-1] not in ("..", "/"):
            parts.pop()
        else:
            parts.append(part)
    return str(PurePosixPath(*parts))


def _searched(media: Sequence[Change]) -> Iterable[str]:
    """The words that job files with changed media hold: their names, or of many media only how these end.

    Git compares each line with each word. Of too many files that are read, those without a change fall out later.
    """
    names = list(islice(_spellings(media), _NAMES_SEARCHED + 1))
    if len(names) <= _NAMES_SEARCHED:
        return names
    paths = (PurePosixPath(path) for change in media for path in (change.old, change.new) if path)
    return {path.suffix or path.name for path in paths}


def _spellings(media: Sequence[Change]) -> Iterator[str]:
    """The names of changed media, as job files may spell them."""
    seen = set()
    for change in media:
        for path in (change.old, change.new):
            name = PurePosixPath(path).name if path else ""
            if name and name not in seen:
                seen.add(name)
                yield name
                if not name.isascii() or not name.isprintable() or '"' in name or "\\" in name:
                    yield json.dumps(name)[1:-1]


def _suffix(change: Change) -> str:
    return PurePosixPath(change.new or change.old or "").suffix.lower()


def _is_media(path: str) -> bool:
    return PurePosixPath(path).suffix.lower() in MEDIA_SUFFIXES
