"""Turns one name into targets: a URL, a file by its suffix, a folder, or a pattern that the shell left alone."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path, PurePosixPath
from types import MappingProxyType

from preflight.bounded_file import NotRead, is_folder, read_bounded, why
from preflight.errors import ConfigurationError, JobUnreadable
from preflight.model.file_types import JOB_SUFFIXES, MANIFEST_SUFFIXES, TABLE_SUFFIXES
from preflight.model.pointers import is_annex_key, pointer_name
from preflight.model.shell_argument import path_argument
from preflight.model.target import Media, Target, is_url, meant_url
from preflight.model.wrapped_tables import wrapping_of
from preflight.redact import printable, redact, shown_path
from preflight.redact.suggestion import close_words
from preflight.specs import BUILT_IN, Specs
from preflight.targets.folders import MEDIA_SUFFIXES, Filters, Found, find_files, find_matching, is_run
from preflight.targets.skipped_files import SkippedFiles

JOB_LIKE = JOB_SUFFIXES | MANIFEST_SUFFIXES
_HELP = frozenset({"help", "-help", "version", "-version"})
_JOB_MARKS = (b"input_urls", b"video_urls")
_LOOKED_AT_BYTES = 64 * 1024
_ALIKE = 0.75
"""How like another name must be, from 0 to 1: a letter of five may be wrong."""
_COMPARED = 1000
"""Most names of a folder that are compared with one that is not there."""


def read_targets(
    name: str,
    *,
    model: str,
    filters: Filters | None = None,
    jobs_only: bool = False,
    columns: Mapping[str, str] = MappingProxyType({}),
    specs: Specs = BUILT_IN,
    skipped: SkippedFiles | None = None,
) -> Iterator[Target]:
    """The targets behind one argument. ``model`` is for manifests that name none, ``filters`` for folders and patterns.

    ``columns`` maps names of a job's columns to those of the tables; ``specs`` has the models of jobs. The URL of a
    manifest in an object store (``s3://bucket/jobs.csv``) is read like a file; any other URL is one of a media file.

    ``jobs_only`` skips every file that is not a job: media, and YAML, JSON and CSV about something else. A job that
    is broken is then a target of its own, for a report, and not an error. ``skipped`` counts the files of folders that
    are neither media nor jobs.

    Raises ``ConfigurationError`` for a path that is not there, ``JobUnreadable`` for a job file that cannot be read.
    """
    if not name.strip():
        raise ConfigurationError("an empty name instead of a file: is a variable not set?")
    if is_url(name):
        if _is_stored(name):
            yield from _read_stored(name, model, columns, specs)
        elif not jobs_only:
            yield Media(source=name)
        return
    filters = filters or Filters()
    try:
        path = Path(name)
        is_a_folder, is_found = path.is_dir(), path.exists()
        if not is_found and path.is_symlink():
            is_found = is_annex_key(os.fsencode(os.readlink(path)))  # noqa: PTH115 - bytes of any name
            if not is_found:
                raise ConfigurationError(f"{shown_path(name)}: a link that leads nowhere")
    except (OSError, ValueError) as error:
        reason = why(error) if isinstance(error, OSError) else "no file can have this name"
        raise ConfigurationError(f"{redact(name)}: {reason}") from error
    if is_a_folder:
        for found in find_files(path, filters):
            yield from (
                _read_jobs(found.path, model, columns, specs)
                if jobs_only
                else _read_found(found, model, columns, specs, skipped=skipped)
            )
    elif is_found:
        yield from _read_jobs(path, model, columns, specs) if jobs_only else _read_file(path, model, columns, specs)
    elif any(mark in name for mark in "*?["):
        yield from _read_matching(name, model, filters, columns, specs, jobs_only=jobs_only, skipped=skipped)
    else:
        raise ConfigurationError(no_such_file(name))


def no_such_file(name: str) -> str:
    """The message for a name behind which there is nothing, and for the URL that it may have been meant to be."""
    if name in _HELP:
        return f"{name}: no such file; 'preflight COMMAND --help' shows the help of a command"
    if name.startswith("~"):
        return f"{redact(name)}: no such file; '~' is not read as the home folder: write the whole path"
    meant = meant_url(name)
    near = meant or _like(Path(name))
    return f"{redact(name)}: no such file; {f'did you mean {near!r}?' if near else 'a URL begins with https://'}"


def _like(path: Path) -> str | None:
    """The path of a file in the same folder, with a name like that of ``path``; the suffix may differ or be missing."""
    try:
        with os.scandir(path.parent) as entries:
            names = {Path(entry.name).stem: entry.name for entry in islice(entries, _COMPARED)}
    except (OSError, ValueError):
        return None
    close = close_words(path.stem, names, cutoff=_ALIKE)
    return printable(str(path.with_name(names[close[0]]))) if close else None


def why_empty(name: str) -> str:
    """The message for a name with nothing to check behind it."""
    path = Path(name)
    if name == "-":
        return "standard input: no jobs in it"
    if is_run(name):
        shown = shown_path(name)
        return f"{shown}: the folder of a run: 'preflight report {path_argument(shown)}' shows its results"
    if is_folder(name):
        return f"{shown_path(name)}: no media or job files in this folder (hidden and ignored ones are skipped)"
    if path.suffix.lower() in TABLE_SUFFIXES and not is_url(name):
        return f"{shown_path(name)}: {'no rows below its header' if _has_text(path) else 'an empty file'}"
    return f"{redact(name) if is_url(name) else shown_path(name)}: no jobs in it"


def _read_matching(
    pattern: str,
    model: str,
    filters: Filters,
    columns: Mapping[str, str],
    specs: Specs,
    *,
    jobs_only: bool,
    skipped: SkippedFiles | None,
) -> Iterator[Target]:
    is_empty = True
    for found in find_matching(pattern, filters):
        asked = Path(pattern).suffix.lower()
        for target in (
            _read_jobs(found.path, model, columns, specs)
            if jobs_only
            else _read_found(found, model, columns, specs, asked=asked, skipped=skipped)
        ):
            is_empty = False
            yield target
    if is_empty and not jobs_only:
        raise ConfigurationError(f"{redact(pattern)}: no file fits this pattern (hidden and ignored ones are skipped)")


def _read_jobs(path: Path, model: str, columns: Mapping[str, str], specs: Specs) -> Iterator[Target]:
    suffix = path.suffix.lower()
    if suffix not in JOB_LIKE or not path.is_file():
        return
    from preflight.jobfiles import document_jobs, manifest_jobs  # loads YAML

    if suffix in JOB_SUFFIXES:
        yield from document_jobs(path, specs)
    else:
        yield from manifest_jobs(path, specs, default_model=model, columns=columns)


def _read_found(
    found: Found,
    model: str,
    columns: Mapping[str, str],
    specs: Specs,
    *,
    asked: str = "",
    skipped: SkippedFiles | None = None,
) -> Iterator[Target]:
    """The targets in a file that nobody has named; ``asked`` is an ending that was asked for.

    A folder that cannot be read is a target, too: it cannot be examined, and so the verdict is not a pass.
    """
    path, suffix = found.path, found.path.suffix.lower()
    is_skipped = False
    if suffix in MEDIA_SUFFIXES or not found.is_file or (suffix and suffix == asked and suffix not in JOB_LIKE):
        yield Media(source=str(path))
    elif suffix in JOB_LIKE and _mentions_media(path, model, specs):
        is_skipped = True
        for target in _read_jobs(path, model, columns, specs):
            is_skipped = False
            yield target
    else:
        is_skipped = True
    if is_skipped and skipped is not None:
        skipped.add(path.name)


def _read_file(path: Path, model: str, columns: Mapping[str, str], specs: Specs) -> Iterator[Target]:
    suffix = path.suffix.lower()
    if suffix in MEDIA_SUFFIXES:
        yield Media(source=str(path))
        return
    from preflight.jobfiles import load_job, load_manifest  # loads YAML, which media files need not

    if suffix in JOB_SUFFIXES:
        yield load_job(path)
    elif suffix in MANIFEST_SUFFIXES:
        problem = _missing_columns(path, model, columns, specs) if suffix in TABLE_SUFFIXES else None
        if problem is not None:  # once, instead of the same findings about every row
            yield JobUnreadable(problem, path=str(path), line=1, column=1)
        else:
            yield from load_manifest(path, default_model=model, columns=columns, spec=specs)
    else:
        yield from _read_unnamed(path, model, columns, specs)


def _read_unnamed(path: Path, model: str, columns: Mapping[str, str], specs: Specs) -> Iterator[Target]:
    """A file whose name does not say what it is: a table of jobs by its header, as Excel's "Unicode text", else media.

    JSON Lines and Parquet are known by their content, too.
    """
    from preflight.jobfiles.detect import manifest_suffix
    from preflight.jobfiles.field_names import TableModels
    from preflight.jobfiles.load import read_opened
    from preflight.jobfiles.open import open_regular

    try:
        suffix = manifest_suffix(read_bounded(path, _LOOKED_AT_BYTES, cut=True), TableModels(model, specs), columns)
    except NotRead:
        suffix = None
    if suffix is None:
        yield Media(source=str(path))
        return
    with open_regular(path) as stream:
        yield from read_opened(stream, path=str(path), suffix=suffix, default_model=model, columns=columns, specs=specs)


def _is_stored(name: str) -> bool:
    """Whether a URL is one of a manifest: its scheme and suffix say so."""
    if PurePosixPath(name).suffix.lower() not in MANIFEST_SUFFIXES:
        return False
    from preflight.jobfiles.stores import is_store_url

    return is_store_url(name)


def _read_stored(url: str, model: str, columns: Mapping[str, str], specs: Specs) -> Iterator[Target]:
    from preflight.jobfiles.stores import load_stored

    yield from load_stored(url, default_model=model, columns=columns, specs=specs)


def _mentions_media(path: Path, model: str, specs: Specs) -> bool:
    """Whether a file of a job's ending is about this: a folder holds YAML and JSON of all kinds."""
    try:
        head = read_bounded(path, _LOOKED_AT_BYTES, cut=True)
    except NotRead:
        return False
    suffix = path.suffix.lower()
    if suffix in MANIFEST_SUFFIXES - TABLE_SUFFIXES:
        return True  # its lines or columns are looked at where the jobs are read
    if suffix in TABLE_SUFFIXES:
        from preflight.jobfiles.detect import begins_table  # only for tables in folders
        from preflight.jobfiles.field_names import TableModels

        return begins_table(head, TableModels(model, specs))
    files = (field.key for spec in specs.named for field in spec.fields if field.role in ("image", "video"))
    marks = (*_JOB_MARKS, *(word.encode() for word in (*files, *(spec.model for spec in specs.named))))
    return any(mark in head.replace(b"\x00", b"") for mark in marks)  # in UTF-16, too


def _missing_columns(path: Path, model: str, columns: Mapping[str, str], specs: Specs) -> str | None:
    from preflight.jobfiles.column_advice import missing_columns  # only for tables
    from preflight.jobfiles.field_names import TableModels
    from preflight.jobfiles.source_text import read_head

    try:
        head = read_bounded(path, _LOOKED_AT_BYTES, cut=True)
    except NotRead:
        return None  # the reader says why
    if pointer_name(head) is not None or wrapping_of(head) is not None:
        return None
    return missing_columns(read_head(head).splitlines(keepends=True), TableModels(model, specs), columns)


def _has_text(path: Path) -> bool:
    try:
        return path.stat().st_size > 0
    except OSError:
        return False
