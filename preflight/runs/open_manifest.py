"""Opens the manifest of a run, of any kind and from any place, so that its parts can be read in any order.

A text on this machine is read where it is. Any other manifest is read once, into a file without a name that dies with
the process: that of an object store as it is, a Parquet file as lines of JSON.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from io import BufferedReader
from pathlib import Path
from typing import IO, Any, Final, Protocol, cast

from preflight.bounded_file import why
from preflight.errors import ConfigurationError, JobUnreadable
from preflight.jobfiles.open import open_regular
from preflight.model.file_types import MANIFEST_SUFFIXES, PARQUET_SUFFIXES, TABLE_SUFFIXES
from preflight.model.target import is_url
from preflight.redact import redact, shown_path
from preflight.runs.limits import MANIFEST_BYTES
from preflight.runs.manifest import Kind, Manifest, index_of

_PIECE: Final = 1024 * 1024


class Readable(Protocol):
    """Where bytes come from."""

    def read(self, size: int, /) -> bytes: ...


@contextmanager
def open_manifest(name: str, rows_a_part: int) -> Iterator[Manifest]:
    """The manifest called ``name``, a path or the URL of one in an object store, for the time of ``with``.

    Raises ``ConfigurationError`` for what is not a manifest, has no row, or is not given by its store, ``MissingExtra``
    where the library for it is not installed, and ``JobUnreadable`` for a file that cannot be read.
    """
    is_stored = is_url(name)
    shown = redact(name) if is_stored else name
    suffix = _suffix(name, is_stored=is_stored)
    if suffix not in MANIFEST_SUFFIXES:
        known = ", ".join(sorted(MANIFEST_SUFFIXES))
        found = shown if is_stored else shown_path(name)
        raise ConfigurationError(f"{found}: not a manifest of jobs: --to takes one file of {known}")
    with ExitStack() as stack:
        if is_stored:
            stream = stack.enter_context(_fetched(name, shown))
        else:
            stream = stack.enter_context(open_regular(Path(name)))
        snapshot: IO[bytes] | None = stream if is_stored else None
        kind: Kind = "table" if suffix in TABLE_SUFFIXES else "lines"
        sha256 = None
        if suffix in PARQUET_SUFFIXES:
            sha256 = _digest(stream, shown)
            stream = snapshot = stack.enter_context(_cells_of(stream, shown))
            kind = "cells"
        yield index_of(stream, kind=kind, path=shown, rows_a_part=rows_a_part, sha256=sha256, snapshot=snapshot)


def _suffix(name: str, *, is_stored: bool) -> str:
    if not is_stored:
        return Path(name).suffix.lower()
    from preflight.jobfiles.stores import is_store_url, suffix_of  # noqa: PLC0415 - only for a URL

    if not is_store_url(name):
        raise ConfigurationError(
            f"{redact(name)}: --to takes a manifest on this machine, or in an object store such as "
            "s3://BUCKET/jobs.csv: download it first, and name the file"
        )
    return suffix_of(name)


@contextmanager
def _fetched(url: str, shown: str) -> Iterator[BufferedReader[Any]]:
    """The file at ``url``, as it is now."""
    from preflight.jobfiles.stores import open_store  # noqa: PLC0415 - an extra

    with tempfile.TemporaryFile() as file, open_store(url) as source:
        try:
            copy_bounded(source, file, shown)
        except OSError as error:
            raise ConfigurationError(f"{shown}: {why(error)}") from error
        file.seek(0)
        yield cast("BufferedReader[Any]", file)


def copy_bounded(source: Readable, target: IO[bytes], shown: str) -> None:
    """Copy a manifest. Raises ``ConfigurationError`` for one of more than ``MANIFEST_BYTES``, and ``OSError``."""
    size = 0
    while piece := source.read(_PIECE):
        size += len(piece)
        if size > MANIFEST_BYTES:
            raise ConfigurationError(f"{shown}: more than {MANIFEST_BYTES >> 30} GiB: cut it into several manifests")
        target.write(piece)


def _digest(stream: BufferedReader[Any], shown: str) -> str:
    try:
        digest = hashlib.file_digest(stream, "sha256")
        stream.seek(0)
    except OSError as error:
        raise JobUnreadable(why(error), path=shown) from error
    return digest.hexdigest()


@contextmanager
def _cells_of(stream: BufferedReader[Any], shown: str) -> Iterator[BufferedReader[Any]]:
    """The columns of an open Parquet file, then the cells of each row, as lines of JSON; empty rows are ``[]``.

    Raises ``JobUnreadable`` for a file that is not Parquet, or that breaks off: a run is about all of its rows.
    """
    from preflight.jobfiles.parquet_reader import parquet_table  # noqa: PLC0415 - starts a process

    with tempfile.TemporaryFile() as file:
        names, rows = parquet_table(stream, shown)
        try:
            file.write(_line(names))
            size = 0
            for cells in rows:
                is_empty = cells is not None and all(cell in (None, "") for cell in cells)
                size += file.write(_line([] if is_empty else cells))
                if size > MANIFEST_BYTES:
                    raise JobUnreadable(f"more than {MANIFEST_BYTES >> 30} GiB of text: cut it into several files",
                                        path=shown)  # fmt: skip
        except OSError as error:
            raise ConfigurationError(f"{shown_path(shown)}: no room to read it: {why(error)}") from error
        file.seek(0)
        yield cast("BufferedReader[Any]", file)


def _line(value: object) -> bytes:
    return json.dumps(value).encode() + b"\n"
