"""Decides which YAML, JSON, CSV and JSON Lines files of a repository are jobs or manifests."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

from preflight.bounded_file import why
from preflight.errors import JobUnreadable
from preflight.jobfiles import limits
from preflight.jobfiles.columns import is_media_column
from preflight.jobfiles.csv_reader import header_names
from preflight.jobfiles.fields import LIST_FIELDS, field_name
from preflight.jobfiles.load import load_job, load_manifest, load_text
from preflight.jobfiles.open import open_regular
from preflight.jobfiles.source_text import is_wide, read_head
from preflight.model import Job
from preflight.model.file_types import PARQUET_SUFFIXES, TABLE_SUFFIXES
from preflight.model.job import JsonValue

LOOKED_AT_BYTES: Final = limits.DOCUMENT_BYTES
"""How much of a file is searched for the keys of a job: all that a document may have, the first rows of a manifest."""

Written: TypeAlias = Literal["job", "lines", "table"]

_IMAGE, _VIDEO, _MODEL = field_name("image"), field_name("video"), field_name("model")

# The keys of a job where a job has them, in text that cannot be parsed.
_LISTS_IN_TEXT = re.compile(r"""\b(?:input|video)_urls["']?\s*:""")
_TOP_IN_TEXT = re.compile(r"""(?:^|[{,]\s*)["']?(?:model|input)["']?\s*:""", re.MULTILINE)
# Template marks in YAML: placeholders, and whole lines of control statements. Linear, even where one is not closed.
_PLACE = re.compile(r"\{\{[^{}\n]*\}\}|\{%[^%\n]*%\}|<%[^%\n]*%>")
_STEERING = re.compile(rf"^[ \t]*(?:{_PLACE.pattern})[ \t]*$", re.MULTILINE)


def document_jobs(path: Path, models: Collection[str]) -> Iterator[Job | JobUnreadable]:
    """The job in a YAML or JSON file, the error in place of a broken one, nothing for a file about something else.

    A job is a mapping that names one of ``models``, that has ``input_urls`` or ``video_urls`` in its ``input``, or that
    has both, or one and a ``model``, at the top. Text that cannot be parsed is a broken job when it has these keys in
    their places, unless it is a template that could be parsed once filled in.

    Raises ``JobUnreadable`` for a file that cannot be opened.
    """
    data = _head(path)
    if len(data) > limits.DOCUMENT_BYTES or not _has_mark(data, models):
        return
    try:
        job = load_job(path)
    except JobUnreadable as error:
        text = read_head(data)
        if _looks_written_as_job(text) and not _is_template(text):
            yield error
        return
    if _is_job(job.body, models):
        yield job


def manifest_jobs(
    path: Path,
    models: Collection[str],
    *,
    default_model: str,
    columns: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[Job | JobUnreadable]:
    """All rows of a manifest of jobs (``load_manifest``), nothing for a file about something else.

    ``columns`` is for tables with other names: one with all of these columns is a table of jobs, too.

    A table is one of jobs by its columns: ``input_urls`` or ``video_urls``, image and video, or a model that is one of
    ``models``. JSON Lines are when one of their lines is a job as ``document_jobs`` knows it, broken ones too.
    """
    suffix = path.suffix.lower()
    if suffix in PARQUET_SUFFIXES:
        is_about_jobs = _is_parquet_of_jobs(path, columns)
    else:
        text = read_head(_head(path))
        if suffix in TABLE_SUFFIXES:
            is_about_jobs = _is_table_of_jobs(text, models, columns)
        else:
            is_about_jobs = _is_lines_of_jobs(text, models, columns)
    if is_about_jobs:
        yield from load_manifest(path, default_model=default_model, columns=columns)


def _head(path: Path) -> bytes:
    with open_regular(path) as stream:
        try:
            return stream.read(LOOKED_AT_BYTES + 1)
        except OSError as exc:
            raise JobUnreadable(why(exc), path=str(path)) from exc


def _has_mark(data: bytes, models: Collection[str]) -> bool:
    """Whether a word that only jobs have occurs at all: it decides most files, at the cost of reading them."""
    if is_wide(data):
        data = read_head(data).encode()
    return any(mark.encode() in data for mark in (*LIST_FIELDS, *models))


def _is_job(body: JsonValue, models: Collection[str]) -> bool:
    if not isinstance(body, dict):
        return False
    model, inside = body.get("model"), body.get("input")
    if isinstance(model, str) and model in models:
        return True
    if isinstance(inside, dict) and not LIST_FIELDS.isdisjoint(inside):
        return True
    misplaced = LIST_FIELDS & body.keys()
    return len(misplaced) == len(LIST_FIELDS) or bool(misplaced and isinstance(model, str))


def _looks_written_as_job(text: str) -> bool:
    return bool(_TOP_IN_TEXT.search(text) and _LISTS_IN_TEXT.search(text))


def _is_template(text: str) -> bool:
    """Whether ``text`` cannot be parsed only because it is a template yet to be filled in."""
    filled = _PLACE.sub("x", _STEERING.sub("", text))
    if filled == text:
        return False
    try:
        load_text(filled)
    except JobUnreadable:
        return False
    return True


def _is_table_of_jobs(text: str, models: Collection[str], given: Mapping[str, str]) -> bool:
    names = header_names(text.splitlines(keepends=True))
    return _has_columns_of_jobs(names, given) or (
        _MODEL in {field_name(name) for name in names} and any(model in text for model in models)
    )


def _is_parquet_of_jobs(path: Path, given: Mapping[str, str]) -> bool:
    from preflight.jobfiles.parquet_reader import can_read_parquet, parquet_columns  # noqa: PLC0415 - only for Parquet

    if not can_read_parquet():
        return False
    with open_regular(path) as stream:
        return _has_columns_of_jobs(parquet_columns(stream, str(path)), given)


def _has_columns_of_jobs(names: Collection[str], given: Mapping[str, str]) -> bool:
    """Whether a table with these columns, in lower case, holds jobs."""
    if given and {column.lower() for column in given.values()} <= set(names):
        return True
    fields = {field_name(name) for name in names}
    return any(name.removeprefix("input.") in LIST_FIELDS for name in names) or {_IMAGE, _VIDEO} <= fields


def _is_lines_of_jobs(text: str, models: Collection[str], given: Mapping[str, str]) -> bool:
    marks = (*LIST_FIELDS, *models, "image", "video", *given.values())
    return any(_is_job_line(line, models, given) for line in text.splitlines() if any(mark in line for mark in marks))


def _is_job_line(line: str, models: Collection[str], given: Mapping[str, str]) -> bool:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return _looks_written_as_job(line)
    if isinstance(row, dict) and "input" not in row and _has_columns_of_jobs([name.lower() for name in row], given):
        return True
    return _is_job(row, models)


def written_as(head: bytes, columns: Mapping[str, str] = MappingProxyType({})) -> Written:
    """What ``head``, the beginning of a text, begins. One line of JSON is a job, unless it has an ``id`` beside it.

    With ``columns`` it is a manifest in any case: only tables have columns.
    """
    lines = [line for line in read_head(head).splitlines() if line.strip()]
    if not lines:
        return "job"
    if lines[0].lstrip().startswith("{"):
        row = _object(lines[0])
        is_row = row is not None and "input" not in row and any(map(is_media_column, row))
        return "lines" if row is not None and (len(lines) > 1 or "id" in row or is_row or columns) else "job"
    return "table" if columns or begins_table(head) else "job"


def begins_table(head: bytes) -> bool:
    """Whether ``head`` begins with a header that names a column for media."""
    return any(is_media_column(name) for name in header_names(read_head(head).splitlines(keepends=True)))


def _object(line: str) -> dict[str, object] | None:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
