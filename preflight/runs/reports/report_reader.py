"""Reads the jobs of run folders and of report files, one after the other: however many there are, one is held."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from io import BufferedReader
from pathlib import Path
from typing import Any, Final, NamedTuple

from preflight.bounded_file import NotRead, open_regular, read_bounded, why
from preflight.errors import ConfigurationError
from preflight.model import JobReport
from preflight.model.file_types import JOB_SUFFIXES, PARQUET_SUFFIXES, RUN_FILE, RUN_SCHEMA, TABLE_SUFFIXES
from preflight.model.shell_argument import path_argument
from preflight.redact import printable, shorten, shown_path
from preflight.runs.limits import MOST_ROWS_A_PART
from preflight.runs.on_disk.part_digest import digest_of_file, require_as_written
from preflight.runs.on_disk.store import FolderStore
from preflight.runs.reports.report_jobs import NotAJob, job_of
from preflight.runs.run_errors import RunUnusable

_REPORTS: Final = ("preflight.report/v1", "preflight.job/v1")
_RUN_BYTES: Final = 1024 * 1024
_DOCUMENT_BYTES: Final = 512 * 1024 * 1024
_LINE_BYTES: Final = 16 * 1024 * 1024
_PART = re.compile(r"part-(\d{5,9})\.(jsonl|parquet)")


class ReportUnreadable(ConfigurationError):
    """A run folder or a report file that is not as preflight wrote it."""


class Read(NamedTuple):
    """One job of a report: its object as it was written, and the report that other formats take."""

    value: dict[str, Any]
    job: JobReport


def read_reports(names: list[str], say: Callable[[str], object]) -> Iterator[Read]:
    """The jobs of run folders and report files, in their order; ``say`` gets remarks about parts that are not there.

    Raises ``ReportUnreadable`` at the first thing that is not as preflight writes it.
    """
    for name in names:
        path = Path(name)
        try:
            is_folder = path.is_dir()
        except (OSError, ValueError):
            is_folder = False
        yield from _read_run(path, say) if is_folder else _read_file(path)


def _read_run(folder: Path, say: Callable[[str], object]) -> Iterator[Read]:
    shown = shown_path(str(folder))
    if RUN_FILE not in _names(folder):
        makes_one = "'preflight check MANIFEST --to RUN' makes a run"
        raise ReportUnreadable(f"{shown} is not a run: it has no {RUN_FILE}; {makes_one}")
    run = _object(folder / RUN_FILE, f"{shown}: {RUN_FILE}")
    schema = run.get("schema")
    if schema != RUN_SCHEMA:
        raise ReportUnreadable(
            f"{shown}: {RUN_FILE} has the schema {_word(schema)}; this version reads {RUN_SCHEMA!r}: use the one that"
            " made it"
        )
    store, parts = FolderStore(str(folder)), _parts(folder)
    expected = run.get("parts")
    if isinstance(expected, int) and not isinstance(expected, bool) and len(parts) < expected:
        say(f"{shown}: {len(parts)} of {expected} parts are there; the run is not complete")
    for path in parts:
        _require_as_written(store, run, path)
    for path in parts:
        yield from _read_part(run, path, shown)


def _require_as_written(store: FolderStore, run: dict[str, Any], path: Path) -> None:
    """Raise ``ReportUnreadable`` or ``RunUnusable`` for a part that is not as preflight wrote it.

    The caller asks this of all parts before it hands on the rows of the first one: they may be printed at once.
    """
    changed = None
    try:
        if require_as_written(store, _number_of(path), path.name, digest_of_file(store, path.name) or ""):
            return
    except RunUnusable as error:
        changed = error
    for _ in _read_part(run, path, store.shown):  # rows tell more, and of an earlier version there is nothing else
        pass
    if changed is not None:
        raise changed


def _read_part(run: dict[str, Any], path: Path, shown: str) -> Iterator[Read]:
    read, wanted = 0, _rows_of(run, path)
    for found in _read_file(path):
        if wanted is not None and read < len(wanted) and found.value.get("row") != wanted[read]:
            raise ReportUnreadable(
                f"{shown}: {path.name} does not have row {wanted[read]} in its place: remove it and run the same"
                " check again"
            )
        read += 1
        yield found
    if wanted is not None and read != len(wanted):
        raise ReportUnreadable(
            f"{shown}: {path.name} has {read} rows instead of {len(wanted)}: remove it and run the same check again"
        )


def _rows_of(run: dict[str, Any], part: Path) -> range | None:
    """The rows that a part should have, counted from 1, where ``run.json`` says it."""
    match run:
        case {"manifest": {"rows": int(rows)}, "rows_a_part": int(rows_a_part)} if 0 < rows_a_part <= MOST_ROWS_A_PART:
            first = _number_of(part) * rows_a_part
            return range(first + 1, min(first + rows_a_part, rows) + 1)
    return None


def _number_of(part: Path) -> int:
    return int(part.stem.rpartition("-")[2])


def _parts(folder: Path) -> list[Path]:
    found = [(int(part[1]), folder / name) for name in _names(folder) if (part := _PART.fullmatch(name))]
    return [path for _, path in sorted(found)]


def _names(folder: Path) -> list[str]:
    try:
        return [each.name for each in folder.iterdir()]
    except OSError as error:
        raise ReportUnreadable(f"{shown_path(str(folder))}: {why(error)}") from error


def _read_file(path: Path) -> Iterator[Read]:
    shown = shown_path(str(path))
    suffix = path.suffix.lower()
    try:
        if suffix == ".json":
            yield from _read_document(path, shown)
            return
        with open_regular(path) as file:
            texts = _parquet_lines(file, shown) if suffix in PARQUET_SUFFIXES else _lines(file, shown)
            is_first = True
            for number, text in texts:
                try:
                    read = _read(_parsed(text, f"{shown}:{number}"), f"{shown}:{number}")
                except ReportUnreadable as error:
                    if is_first and (instead := _instead(suffix, shown)):
                        raise ReportUnreadable(f"{shown}: {instead}") from error
                    raise
                is_first = False
                yield read
    except NotRead as error:
        raise ReportUnreadable(f"{shown}: {error}") from error
    except OSError as error:
        raise ReportUnreadable(f"{shown}: cannot be read: {error.strerror}") from error


def _instead(suffix: str, shown: str) -> str | None:
    """The way on from a file that is not a report, by its suffix."""
    check = f"'preflight check {path_argument(shown)}"
    if suffix in TABLE_SUFFIXES:
        return f"a table, not a report: {check} --to RUN' first, then 'preflight report RUN'"
    if suffix in JOB_SUFFIXES:
        return f"a job, not a report: {check}' checks it"
    return None


def _read_document(path: Path, shown: str) -> Iterator[Read]:
    document = _object(path, shown)
    if document.get("schema") not in _REPORTS:
        raise ReportUnreadable(
            f"{shown}: its schema is {_word(document.get('schema'))}; this version reads reports of 'preflight check'"
            " ('preflight.report/v1') and run folders"
        )
    jobs = document.get("jobs", [document])
    if not isinstance(jobs, list):
        raise ReportUnreadable(f"{shown}: 'jobs' is not a list")
    for number, value in enumerate(jobs, start=1):
        yield _read(value, f"{shown}: job {number}")


def _object(path: Path, shown: str) -> dict[str, Any]:
    try:
        data = read_bounded(path, _RUN_BYTES if path.name == RUN_FILE else _DOCUMENT_BYTES)
    except NotRead as error:
        raise ReportUnreadable(f"{shown}: {error}") from error
    return _parsed(data, shown)


def _parsed(data: bytes | str, shown: str) -> dict[str, Any]:
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        raise ReportUnreadable(f"{shown}: not JSON, or cut short") from None
    if not isinstance(value, dict):
        raise ReportUnreadable(f"{shown}: not a report: an object is expected")
    return value


def _lines(file: BufferedReader, shown: str) -> Iterator[tuple[int, bytes]]:
    number = 0
    while line := file.readline(_LINE_BYTES + 1):
        number += 1
        if len(line) > _LINE_BYTES:
            raise ReportUnreadable(
                f"{shown}:{number}: a line of more than {_LINE_BYTES >> 20} MiB: this is not a report"
            )
        if line.strip():
            yield number, line


def _parquet_lines(file: BufferedReader, shown: str) -> Iterator[tuple[int, str]]:
    from preflight.jobfiles.parquet_reader import parquet_values, require_parquet  # starts a process

    require_parquet()
    values = parquet_values(file, shown)
    names = next(values, None)
    if not isinstance(names, list) or "job" not in names:
        raise ReportUnreadable(f"{shown}: not a part of a run: it has no column 'job'")
    column = names.index("job")
    for number, cells in enumerate(values, start=1):
        if isinstance(cells, dict) and "rows" in cells:
            return
        if not isinstance(cells, list) or not isinstance(cells[column], str):
            raise ReportUnreadable(f"{shown}: row {number} cannot be read, or the file is cut short")
        yield number, cells[column]
    raise ReportUnreadable(f"{shown}: the file is cut short")


def _read(value: Any, shown: str) -> Read:
    schema = value.get("schema") if isinstance(value, dict) else None
    if schema is not None and schema not in _REPORTS:
        raise ReportUnreadable(f"{shown}: its schema is {_word(schema)}; this version reads {_REPORTS[1]!r}")
    try:
        return Read(value, job_of(value))
    except NotAJob as error:
        raise ReportUnreadable(f"{shown}: not the report of a job: {error}") from error


def _word(value: object) -> str:
    return repr(shorten(printable(str(value)), 60)) if value is not None else "missing"
