"""Decides which YAML, JSON, CSV and JSON Lines files of a repository are jobs or manifests."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

from preflight.bounded_file import why
from preflight.errors import JobUnreadable
from preflight.jobfiles import limits
from preflight.jobfiles.columns import is_media_column
from preflight.jobfiles.csv_reader import header_names
from preflight.jobfiles.field_names import FieldNames, JobMarks, TableModels
from preflight.jobfiles.fields import LIST_FIELDS, field_name
from preflight.jobfiles.load import load_job, load_manifest, load_text
from preflight.jobfiles.open import open_regular
from preflight.jobfiles.source_text import is_text, is_wide, read_head
from preflight.model import Job
from preflight.model.file_types import PARQUET_SUFFIXES, TABLE_SUFFIXES
from preflight.model.job import JsonValue
from preflight.specs import BUILT_IN, Specs

LOOKED_AT_BYTES: Final = limits.DOCUMENT_BYTES
"""How much of a file is searched for the keys of a job: all that a document may have, the first rows of a manifest."""

PARQUET_MARK: Final = b"PAR1"

Written: TypeAlias = Literal["job", "lines", "table"]

_IMAGE, _VIDEO = field_name("image"), field_name("video")
_KEYS_OF_A_RESULT: Final = frozenset({"verdict", "subjects", "findings"})

# The keys of a job where a job has them, in text that cannot be parsed.
_LISTS_IN_TEXT = re.compile(r"""\b(?:input|video)_urls["']?\s*:""")
_TOP_IN_TEXT = re.compile(r"""(?:^|[{,]\s*)["']?(?:model|input)["']?\s*:""", re.MULTILINE)
# Template marks in YAML: placeholders, and whole lines of control statements. Linear, even where one is not closed.
_PLACE = re.compile(r"\{\{[^{}\n]*\}\}|\{%[^%\n]*%\}|<%[^%\n]*%>")
_STEERING = re.compile(rf"^[ \t]*(?:{_PLACE.pattern})[ \t]*$", re.MULTILINE)


def document_jobs(path: Path, specs: Specs = BUILT_IN) -> Iterator[Job | JobUnreadable]:
    """The job in a YAML or JSON file, the error in place of a broken one, nothing for a file about something else.

    A job is a mapping that names a model of ``specs``, has ``input_urls`` or ``video_urls`` (or the files of a model
    that was named) in its ``input``, or has both, or one and a ``model``, at the top. Text that cannot be parsed
    is a broken job when it has these keys in their places, unless it is a template that could be parsed once filled in.

    Raises ``JobUnreadable`` for a file that cannot be opened.
    """
    data, marks = _head(path), JobMarks(specs)
    if len(data) > limits.DOCUMENT_BYTES or not _has_mark(data, marks):
        return
    try:
        job = load_job(path)
    except JobUnreadable as error:
        text = read_head(data)
        if _looks_written_as_job(text) and not _is_template(text):
            yield error
        return
    if _is_job(job.body, marks):
        yield job


def manifest_jobs(
    path: Path,
    specs: Specs = BUILT_IN,
    *,
    default_model: str,
    columns: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[Job | JobUnreadable]:
    """All rows of a manifest of jobs (``load_manifest``), nothing for a file about something else.

    ``columns`` is for tables with other names: one with all of these columns is a table of jobs, too.

    A table is one of jobs by its columns: ``input_urls`` or ``video_urls`` (or the files of a model that was named),
    image and video, or a model of ``specs``. JSON Lines are when one of their lines is a job as ``document_jobs`` knows
    it, broken ones too.
    """
    suffix, marks = path.suffix.lower(), JobMarks(specs)
    if suffix in PARQUET_SUFFIXES:
        is_about_jobs = _is_parquet_of_jobs(path, marks, columns)
    else:
        text = read_head(_head(path))
        if suffix in TABLE_SUFFIXES:
            is_about_jobs = _is_table_of_jobs(text, marks, columns)
        else:
            is_about_jobs = _is_lines_of_jobs(text, marks, columns)
    if is_about_jobs:
        yield from load_manifest(path, default_model=default_model, columns=columns, spec=specs)


def _head(path: Path) -> bytes:
    with open_regular(path) as stream:
        try:
            return stream.read(LOOKED_AT_BYTES + 1)
        except OSError as exc:
            raise JobUnreadable(why(exc), path=str(path)) from exc


def _has_mark(data: bytes, marks: JobMarks) -> bool:
    """Whether a word that only jobs have occurs at all: it decides most files, at the cost of reading them."""
    if is_wide(data):
        data = read_head(data).encode()
    return any(mark.encode() in data for mark in (*marks.lists, *marks.models))


def _is_job(body: JsonValue, marks: JobMarks) -> bool:
    if not isinstance(body, dict) or _is_result(body):
        return False
    model = next((body[key] for key in marks.model_keys if key in body), None)
    if isinstance(model, str) and model in marks.models:
        return True
    for container in marks.containers:
        inside = body.get(container)
        if isinstance(inside, dict) and not marks.lists.isdisjoint(inside):
            return True
    misplaced = marks.lists & body.keys()
    return body.keys() >= LIST_FIELDS or bool(misplaced and isinstance(model, str))


def _is_result(body: Mapping[str, JsonValue]) -> bool:
    """Whether ``body`` is what preflight said of a job, and not a job."""
    schema = body.get("schema")
    return (isinstance(schema, str) and schema.startswith("preflight.")) or body.keys() >= _KEYS_OF_A_RESULT


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


def _is_table_of_jobs(text: str, marks: JobMarks, given: Mapping[str, str]) -> bool:
    names = header_names(text.splitlines(keepends=True))
    return _has_columns_of_jobs(names, marks, given) or (
        not marks.model_keys.isdisjoint(names) and any(model in text for model in marks.models)
    )


def _is_parquet_of_jobs(path: Path, marks: JobMarks, given: Mapping[str, str]) -> bool:
    from preflight.jobfiles.parquet_reader import can_read_parquet, parquet_columns  # only for Parquet

    if not can_read_parquet():
        return False
    with open_regular(path) as stream:
        return _has_columns_of_jobs(parquet_columns(stream, str(path)), marks, given)


def _has_columns_of_jobs(names: Collection[str], marks: JobMarks, given: Mapping[str, str]) -> bool:
    """Whether a table with these columns, in lower case, holds jobs."""
    if given and {column.lower() for column in given.values()} <= set(names):
        return True
    fields = {field_name(name) for name in names}
    lists = {each.lower() for each in marks.lists}
    if any(name.rpartition(".")[2] in lists for name in names) or {_IMAGE, _VIDEO} <= fields:
        return True
    return any(map(partial(_are_columns_of, names), marks.named))


def _are_columns_of(names: Collection[str], model: FieldNames) -> bool:
    """Whether columns are those of a model: all files that it needs, and some other field of it."""
    found = {field for name in names if (field := model.exact(name)) is not None and model.type_of(field) is not None}
    return len(found) > 1 and all(field in found for _, field in model.needed_files()) and bool(found & model.media)


def _is_lines_of_jobs(text: str, jobs: JobMarks, given: Mapping[str, str]) -> bool:
    marks = (*jobs.lists, *jobs.models, "image", "video", *given.values())
    return any(_is_job_line(line, jobs, given) for line in text.splitlines() if any(mark in line for mark in marks))


def _is_job_line(line: str, marks: JobMarks, given: Mapping[str, str]) -> bool:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return _looks_written_as_job(line)
    is_flat = isinstance(row, dict) and not _is_result(row) and marks.containers.isdisjoint(row)
    if is_flat and _has_columns_of_jobs([name.lower() for name in row], marks, given):
        return True
    return _is_job(row, marks)


def written_as(head: bytes, models: TableModels, columns: Mapping[str, str] = MappingProxyType({})) -> Written:
    """What ``head``, the beginning of a text, begins. One line of JSON is a job, unless it has an ``id`` beside it.

    With ``columns`` it is a manifest in any case: only tables have columns.
    """
    lines = [line for line in read_head(head).splitlines() if line.strip()]
    if not lines:
        return "job"
    if lines[0].lstrip().startswith("{"):
        row = _object(lines[0])
        containers = {names.container for names in models.names}
        is_row = row is not None and containers.isdisjoint(row) and any(is_media_column(n, models.names) for n in row)
        return "lines" if row is not None and (len(lines) > 1 or "id" in row or is_row or columns) else "job"
    return "table" if columns or begins_table(head, models) else "job"


def begins_table(head: bytes, models: TableModels) -> bool:
    """Whether ``head`` begins with a header that names a column for media."""
    return any(is_media_column(name, models.names) for name in header_names(read_head(head).splitlines(keepends=True)))


def manifest_suffix(head: bytes, models: TableModels, columns: Mapping[str, str] = MappingProxyType({})) -> str | None:
    """The suffix that a manifest which begins with ``head`` should have; ``None`` for what is not one."""
    if head.startswith(PARQUET_MARK):
        return ".parquet"
    if not head.strip() or not is_text(head):
        return None
    if read_head(head[:4096]).lstrip().startswith("{"):
        return ".jsonl" if written_as(head, models, columns) == "lines" else None
    is_table = begins_table(head, models) or (bool(columns) and _is_a_table_with(head, columns))
    return ".csv" if is_table else None


def _is_a_table_with(head: bytes, columns: Mapping[str, str]) -> bool:
    names = header_names(read_head(head).splitlines(keepends=True))
    return {name.strip().lower() for name in columns.values()} <= names


def _object(line: str) -> dict[str, object] | None:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
