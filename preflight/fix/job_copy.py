"""Writes a copy of a job file that names the repaired files: the same text, but for their paths."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

from preflight.bounded_file import NotRead, read_bounded
from preflight.errors import ConfigurationError
from preflight.fix import destination
from preflight.fix.inputs import FixInput, pieces_of
from preflight.fix.outcome import FixState, Outcome
from preflight.model import Job, Kind, Place
from preflight.redact import printable
from preflight.specs import BUILT_IN, DEFAULT_MODEL, Specs

_MOST_BYTES = 64 * 1024 * 1024
"""Of a job file or a table; a longer one is not copied."""
_RENAMED = frozenset({FixState.FIXED, FixState.REPAIRED, FixState.PLANNED})
_TABLES = frozenset({".csv", ".tsv"})
_DOUBLE = re.compile(r'"(?:[^"\\]|\\.)*"')
_SINGLE = re.compile(r"'(?:[^']|'')*'")
_CELL = re.compile(r'"(?:[^"]|"")*"')
_FOLDER = re.compile(r"^.*[/\\]", re.DOTALL)


_Part: TypeAlias = tuple[Path, Kind | None, str]
_NOWHERE: _Part = (Path(), None, "")


class _NotFound(Exception):
    """A path is written in a way in which it cannot be replaced."""


def copy_jobs(
    inputs: Sequence[FixInput],
    outcomes: Sequence[Outcome],
    *,
    model: str = DEFAULT_MODEL,
    specs: Specs = BUILT_IN,
    force: bool = False,
    dry: bool = False,
) -> Iterator[Outcome]:
    """A copy of each job file, ``job.fixed.yaml`` beside ``job.yaml``, in which repaired files are named.

    ``inputs`` and ``outcomes`` belong together one by one. A job whose files kept their names is not copied.
    """
    names: dict[_Part, str] = {}
    paths: dict[str, None] = {}
    for given, outcome in zip(inputs, outcomes, strict=True):
        if given.job is None or given.job.path is None or (part := _part(given)) is None:
            continue
        if outcome.state in _RENAMED and outcome.target is not None:
            names[part] = Path(outcome.target).name
            paths[given.job.path] = None
    for path in paths:
        if changes := list(_changes(path, names, model, specs)):
            yield _copied(Path(path), changes, force=force, dry=dry)


def _part(given: FixInput) -> _Part | None:
    """What makes a file of a job the same as one of another row: the run repairs it once."""
    return None if given.file is None else (given.file.absolute(), given.kind, given.orientation)


def _changes(path: str, names: Mapping[_Part, str], model: str, specs: Specs) -> Iterator[tuple[Job, str, str]]:
    """(job, field, new value) of each repaired file in each row of a job file."""
    for given in pieces_of(path, model=model, specs=specs):
        if given.job is None or given.field is None or (name := names.get(_part(given) or _NOWHERE)) is None:
            continue
        old = given.job.value(given.field)
        if isinstance(old, str) and _renamed(old, name) != old:
            yield given.job, given.field, _renamed(old, name)


def _renamed(old: str, name: str) -> str:
    """The path as its author wrote it, to another file in the same folder."""
    folder = _FOLDER.match(old)
    return (folder[0] if folder else "") + name


def _copied(path: Path, changes: list[tuple[Job, str, str]], *, force: bool, dry: bool) -> Outcome:
    target = path.with_name(f"{path.stem}.fixed{path.suffix}")
    about = Outcome(source=str(path), state=FixState.UNREPAIRED, is_job=True)
    count = f"{len(changes)} path{'s' if len(changes) > 1 else ''} changed"
    try:
        text = _rewritten(path, changes)
        if target.is_file() and not target.is_symlink() and read_bounded(target, _MOST_BYTES) == text:
            return replace(about, state=FixState.REPAIRED, target=str(target))
        if dry:
            return replace(about, state=FixState.PLANNED, target=str(target), done=(count,))
        with destination.temporary(path) as folder:
            draft = folder / target.name
            draft.write_bytes(text)
            destination.place(draft, target, path, replace=force)
    except destination.Occupied:
        return replace(about, reason=f"{target} already exists; --force replaces it")
    except _NotFound as error:
        return replace(about, reason=f"it was not copied: {error}; change it by hand")
    except (ConfigurationError, NotRead, OSError, UnicodeError) as error:
        return replace(about, reason=f"it was not copied: {error}")
    return replace(about, state=FixState.WRITTEN, target=str(target), done=(count,))


def _rewritten(path: Path, changes: Iterable[tuple[Job, str, str]]) -> bytes:
    """The bytes of the job file with other paths. Raises ``_NotFound``."""
    data = read_bounded(path, _MOST_BYTES)
    mark = b"\xef\xbb\xbf" if data.startswith(b"\xef\xbb\xbf") else b""
    lines = data[len(mark) :].decode("utf-8").splitlines(keepends=True)
    by_line: dict[int, list[tuple[int, str, str]]] = {}
    for job, field, new in changes:
        place, old = job.place(field), job.value(field)
        if place is None or not isinstance(old, str):
            raise _NotFound(f"nobody knows where it says {field}")
        by_line.setdefault(place.line, []).append((place.column, old, new))
    for number, edits in by_line.items():
        if number > len(lines):
            raise _NotFound(f"line {number} is gone")
        for column, old, new in sorted(set(edits), reverse=True):
            lines[number - 1] = _with_value(lines[number - 1], Place(number, column), old, new, path.suffix.lower())
    return mark + "".join(lines).encode("utf-8")


def _with_value(line: str, place: Place, old: str, new: str, suffix: str) -> str:
    """A line with another value at a column: quoted as it was, or plain where it was plain."""
    before, rest = line[: place.column - 1], line[place.column - 1 :]
    if suffix in _TABLES:
        return before + _with_cell(rest, place, old, new, "\t" if suffix == ".tsv" else ",")
    if (found := _DOUBLE.match(rest)) is not None and _is_json(found[0], old):
        return before + json.dumps(new, ensure_ascii=not new.isprintable()) + rest[found.end() :]
    if (found := _SINGLE.match(rest)) is not None and found[0][1:-1].replace("''", "'") == old:
        return before + "'" + new.replace("'", "''") + "'" + rest[found.end() :]
    if rest.startswith(old) and suffix not in (".json", ".jsonl", ".ndjson"):
        return before + new + rest[len(old) :]
    raise _NotFound(f"line {place.line} writes {printable(old)} in an unusual way")


def _is_json(text: str, value: str) -> bool:
    try:
        return bool(json.loads(text) == value)
    except ValueError:
        return False


def _with_cell(rest: str, place: Place, old: str, new: str, delimiter: str) -> str:
    found = _CELL.match(rest)
    raw = found[0] if found else old
    if (raw[1:-1].replace('""', '"') if found else raw).strip() != old.strip() or not rest.startswith(raw):
        raise _NotFound(f"line {place.line} writes {printable(old)} in an unusual way")
    needs_quotes = found is not None or any(mark in new for mark in (delimiter, '"', "\n", "\r"))
    return ('"' + new.replace('"', '""') + '"' if needs_quotes else new) + rest[len(raw) :]
