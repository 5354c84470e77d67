"""Loads a job from a file or text, and the jobs of a manifest one after the other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from io import BufferedReader
from pathlib import Path
from types import MappingProxyType
from typing import Any

from preflight.errors import JobUnreadable
from preflight.jobfiles import limits
from preflight.jobfiles.csv_reader import read_table
from preflight.jobfiles.field_names import TableModels
from preflight.jobfiles.json_reader import read_json, read_json_lines
from preflight.jobfiles.open import open_regular, read_document, require_size
from preflight.jobfiles.row_ids import RowIds
from preflight.jobfiles.source_text import Lines, Text, decode
from preflight.jobfiles.tree import unfold
from preflight.jobfiles.yaml_reader import read_yaml
from preflight.model import Job
from preflight.model.file_types import CONTAINERS, MANIFEST_SUFFIXES, PARQUET_SUFFIXES, TABLE_SUFFIXES
from preflight.specs import BUILT_IN, SpecLike, Specs, specs_of


def load_job(path: Path) -> Job:
    """The job in a YAML or JSON file, whatever its body: an empty file has the body ``None``.

    A ``.json`` file must be JSON to the letter, since it will be posted as it is. Any other is JSON if it can
    be read as such, else YAML 1.2. ``line`` is the line on which the body starts.

    Raises ``JobUnreadable`` for a file that cannot be read, is not text, is neither, or breaks ``limits``.
    """
    _require_job_name(path)
    text = decode(read_document(path), path=str(path))
    if path.suffix.lower() == ".json":
        return unfold(read_json(text), text)
    return _read_either(text)


def load_text(text: str | bytes, path: str = "-") -> Job:
    """The job in ``text``, JSON or YAML; ``path`` is its name in errors and in the job.

    The caller bounds what it reads: nothing above ``limits.DOCUMENT_BYTES`` is taken. Raises ``JobUnreadable``.
    """
    require_size(len(text), path=path)
    if isinstance(text, bytes):
        checked = decode(text, path=path)
    else:
        checked = Text(text.removeprefix("\ufeff"), path=path)
        checked.require_characters()
    return _read_either(checked)


def _require_job_name(path: Path) -> None:
    """Raise ``JobUnreadable`` for a name that says that the file is something else, rather than its first bytes."""
    suffix = path.suffix.lower()
    if suffix in MANIFEST_SUFFIXES:
        raise JobUnreadable("a manifest of many jobs, where one job is expected: a YAML or JSON file", path=str(path))
    if suffix in CONTAINERS:
        message = "a media file, where a job is expected: a YAML or JSON file that names it in input_urls or video_urls"
        raise JobUnreadable(message, path=str(path))
    if str(path) == "-" and not path.exists():
        raise JobUnreadable("standard input, where the path of a job file is expected", path="-")


def _read_either(text: Text) -> Job:
    if not text.string.lstrip().startswith(("{", "[")):
        return _read_yaml(text)
    try:
        root = read_json(text)
    except JobUnreadable as exc:
        not_json = exc
    else:
        return unfold(root, text)
    try:
        return _read_yaml(text)
    except JobUnreadable as not_yaml:
        # Nobody said which it should be; the reader that got further is the likelier one.
        raise max(not_json, not_yaml, key=_reach) from None


def _read_yaml(text: Text) -> Job:
    root, comments = read_yaml(text)
    job = unfold(root, text)
    return replace(job, comments=comments) if comments else job


def _reach(exc: JobUnreadable) -> tuple[int, int]:
    return (exc.line or 0, exc.column or 0)


def load_manifest(
    path: Path,
    *,
    default_model: str | None = None,
    columns: Mapping[str, str] = MappingProxyType({}),
    max_rows: int = limits.ROWS,
    spec: SpecLike | None = None,
) -> Iterator[Job | JobUnreadable]:
    """The jobs of a manifest in their order; in place of a row that cannot be read, the error that says why.

    A ``.csv`` or ``.tsv`` file is a table (``read_table``), a ``.parquet`` file is one, too (``read_parquet``), any
    other is JSON Lines. ``default_model`` is for rows of a table; a row that names another model of ``spec`` has the
    columns of that model. ``columns`` maps names of a job's columns to those of the table. ``line`` and the places of a
    job are those in the manifest. An error in the last place may mean that the rest was not read. ``JobUnreadable`` is
    raised, before the first row, for a file that cannot be opened, or holds no text but a workbook, a compressed table
    or a pointer to a file elsewhere.
    """
    with open_regular(path) as stream:
        yield from read_opened(
            stream,
            path=str(path),
            suffix=path.suffix.lower(),
            default_model=default_model,
            columns=columns,
            max_rows=max_rows,
            specs=specs_of(spec),
        )


def read_opened(
    stream: BufferedReader[Any],
    *,
    path: str,
    suffix: str,
    default_model: str | None = None,
    columns: Mapping[str, str] = MappingProxyType({}),
    max_rows: int = limits.ROWS,
    specs: Specs = BUILT_IN,
) -> Iterator[Job | JobUnreadable]:
    """The same from a file that is open. ``suffix``, in lower case, tells its kind; ``path`` is its name."""
    if suffix in PARQUET_SUFFIXES:
        from preflight.jobfiles.parquet_reader import read_parquet  # starts a process

        rows = read_parquet(stream, shown=path, models=TableModels(default_model, specs), columns=columns)
        yield from _at_most(rows, max_rows, path=path)
        return
    yield from read_manifest(
        stream,
        path=path,
        is_table=suffix in TABLE_SUFFIXES,
        default_model=default_model,
        columns=columns,
        max_rows=max_rows,
        specs=specs,
    )


def read_manifest(
    stream: BufferedReader[Any],
    *,
    path: str,
    is_table: bool,
    default_model: str | None = None,
    columns: Mapping[str, str] = MappingProxyType({}),
    max_rows: int = limits.ROWS,
    specs: Specs = BUILT_IN,
) -> Iterator[Job | JobUnreadable]:
    """The same from ``stream``, which need not be able to go back; ``path`` is its name in errors and in jobs."""
    lines, models = Lines(stream, path=path), TableModels(default_model, specs)
    read = read_table if is_table else read_json_lines
    with closing(RowIds()) as ids:
        try:
            yield from _at_most(read(lines, models=models, columns=columns, ids=ids), max_rows, path=path)
        finally:
            lines.release()


def _at_most(rows: Iterator[Job | JobUnreadable], most: int, *, path: str) -> Iterator[Job | JobUnreadable]:
    for count, row in enumerate(rows, start=1):
        if count > most:
            yield JobUnreadable(f"more than {most} rows: the rest is not read", path=path, line=row.line, column=1)
            return
        yield row
