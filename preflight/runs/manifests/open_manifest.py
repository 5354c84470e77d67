"""Opens the manifest of a run, of any kind and from any place, so that its parts can be read in any order.

A text on this machine is read where it is. Any other manifest is read once, into a file without a name that dies with
the process: that of a store or a web server as it is, a text in UTF-16 as UTF-8, a Parquet file as lines of JSON.
"""

from __future__ import annotations

import codecs
import hashlib
import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager, nullcontext
from io import BufferedReader
from pathlib import Path
from types import MappingProxyType
from typing import IO, TYPE_CHECKING, Any, Final, NamedTuple, Protocol, cast

from preflight.bounded_file import why
from preflight.errors import ConfigurationError, JobUnreadable
from preflight.jobfiles.detect import PARQUET_MARK
from preflight.jobfiles.field_names import TableModels
from preflight.jobfiles.open import open_regular, require_fetched
from preflight.jobfiles.source_text import is_text, is_wide, read_head
from preflight.model.file_types import MANIFEST_SUFFIXES, PARQUET_SUFFIXES, TABLE_SUFFIXES
from preflight.model.target import is_url
from preflight.model.wrapped_tables import wrapping_named
from preflight.redact import redact, shown_path
from preflight.runs.limits import MANIFEST_BYTES
from preflight.runs.manifests.id_scan import IdScan
from preflight.runs.manifests.manifest import Kind, Manifest, OnIndexed, changed, index_of, stamp_of
from preflight.runs.manifests.repeated_ids import RepeatedIds

if TYPE_CHECKING:
    from preflight.sources.host import AllowedHost
    from preflight.sources.proxy import Proxy

_PIECE: Final = 1024 * 1024
_HEAD_BYTES: Final = 4096


class Web(NamedTuple):
    """How manifests at web servers are read: hosts that may be private, and a proxy."""

    allow: tuple[AllowedHost, ...] = ()
    proxy: Proxy | None = None


NO_WEB: Final = Web()


class Readable(Protocol):
    """Where bytes come from."""

    def read(self, size: int, /) -> bytes: ...


@contextmanager
def open_manifest(
    name: str,
    rows_a_part: int,
    *,
    web: Web = NO_WEB,
    models: TableModels | None = None,
    columns: Mapping[str, str] = MappingProxyType({}),
    on_indexed: OnIndexed | None = None,
) -> Iterator[Manifest]:
    """The manifest called ``name``, a path, or the URL of one in an object store or at a web server, in ``with``.

    With the ``models`` of its rows their ids are compared; ``columns`` maps names of a job's columns to its own.
    ``on_indexed`` is told how far the pass over its rows is.
    Raises ``ConfigurationError`` for what is not a manifest, has no row, or is not given by its server,
    ``MissingExtra`` where the library for it is not installed, ``JobUnreadable`` for a file that cannot be read, and
    ``ManifestChanged`` for one that changes meanwhile.
    """
    is_stored = is_url(name)
    shown = redact(name) if is_stored else name
    suffix = _suffix(name, is_stored=is_stored)
    with ExitStack() as stack:
        if is_stored:
            stream = stack.enter_context(_fetched(name, shown, web))
        else:
            stream = stack.enter_context(open_regular(Path(name)))
        snapshot: IO[bytes] | None = stream if is_stored else None
        if suffix not in MANIFEST_SUFFIXES:
            suffix = _suffix_of_content(stream, shown)
        kind: Kind = "table" if suffix in TABLE_SUFFIXES else "lines"
        sha256 = None
        if suffix in PARQUET_SUFFIXES:
            stamp, sha256, read = stamp_of(stream), _digest(stream, shown), stream
            stream = snapshot = stack.enter_context(_cells_of(stream, shown))
            if stamp_of(read) != stamp:
                raise changed(shown)
            kind = "cells"
        elif is_wide(_head(stream, shown)):
            sha256, stream = stack.enter_context(_in_utf8(stream, shown))
            snapshot = stream
        ids = None
        if models is not None:
            found = stack.enter_context(closing(RepeatedIds()))
            ids = IdScan(found, models=models, columns=columns, path=shown)
        with closing(ids) if ids else nullcontext():
            manifest = index_of(
                stream,
                kind=kind,
                path=shown,
                rows_a_part=rows_a_part,
                sha256=sha256,
                snapshot=snapshot,
                ids=ids,
                on_indexed=on_indexed,
            )
        yield manifest


def _suffix_of_content(stream: BufferedReader[Any], shown: str) -> str:
    """The suffix that a file should have whose name does not say that it is a manifest, such as Excel's "Unicode text".

    Any table will do: which columns it has is looked at later. Raises ``ConfigurationError`` for something else.
    """
    head = _head(stream, shown)
    require_fetched(head, path=shown_path(shown))
    text = read_head(head).lstrip() if is_text(head) else ""
    if head.startswith(PARQUET_MARK):
        return ".parquet"
    first = text.partition("\n")[0]
    if text.startswith("{") and first.rstrip().endswith("}"):
        return ".jsonl"
    if text and text[0] not in "{[<#" and any(each in first for each in ",;\t") and ": " not in first:
        return ".csv"
    known = ", ".join(sorted(MANIFEST_SUFFIXES))
    raise ConfigurationError(f"{shown_path(shown)}: not a manifest of jobs: --to takes one file of {known}")


def _suffix(name: str, *, is_stored: bool) -> str:
    wrapping = wrapping_named(name)
    if wrapping is not None:
        found = redact(name) if is_stored else shown_path(name)
        raise ConfigurationError(f"{found}: {wrapping}")
    if not is_stored:
        return Path(name).suffix.lower()
    from preflight.jobfiles.stores import is_store_url, is_web_url, suffix_of  # only for a URL

    if not is_store_url(name) and not is_web_url(name):
        known = ", ".join(sorted(MANIFEST_SUFFIXES))
        raise ConfigurationError(
            f"{redact(name)}: not a manifest of jobs: --to takes a file on this machine, or a URL such as "
            f"https://HOST/jobs.csv or s3://BUCKET/jobs.csv, of {known}"
        )
    return suffix_of(name)


@contextmanager
def _fetched(url: str, shown: str, web: Web) -> Iterator[BufferedReader[Any]]:
    """The file at ``url``, as it is now. One at a web server is read as media are: no private address, no surprises."""
    from preflight.jobfiles.stores import is_web_url, open_store  # only for a URL

    if is_web_url(url):
        from preflight.targets.web_manifest import fetched  # loads asyncio

        with fetched(url, allow=web.allow, proxy=web.proxy) as received:
            yield received
        return
    with tempfile.TemporaryFile() as file:
        try:
            with open_store(url) as source:
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


def _head(stream: BufferedReader[Any], shown: str) -> bytes:
    try:
        return stream.peek(_HEAD_BYTES)[:_HEAD_BYTES]
    except OSError as error:
        raise JobUnreadable(why(error), path=shown) from error


@contextmanager
def _in_utf8(stream: BufferedReader[Any], shown: str) -> Iterator[tuple[str, BufferedReader[Any]]]:
    """The SHA-256 of a text in UTF-16, as Excel writes it, and the text in UTF-8. Raises as ``_cells_of``."""
    digest, decoder, size = hashlib.sha256(), codecs.getincrementaldecoder("utf-16")("surrogatepass"), 0
    with tempfile.TemporaryFile() as file:
        try:
            while True:
                piece = stream.read(_PIECE)
                digest.update(piece)
                size += file.write(decoder.decode(piece, final=not piece).encode("utf-8", "surrogatepass"))
                if size > MANIFEST_BYTES:
                    raise JobUnreadable(f"more than {MANIFEST_BYTES >> 30} GiB of text: cut it into several files",
                                        path=shown)  # fmt: skip
                if not piece:
                    break
        except UnicodeDecodeError as error:
            raise JobUnreadable("the text ends within a character: it is cut short", path=shown) from error
        except OSError as error:
            raise ConfigurationError(f"{shown_path(shown)}: no room to read it: {why(error)}") from error
        file.seek(0)
        yield digest.hexdigest(), cast("BufferedReader[Any]", file)


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

    A text stands for a row that cannot be read, and says why.

    Raises ``JobUnreadable`` for a file that is not Parquet, or that breaks off: a run is about all of its rows.
    """
    from preflight.jobfiles.parquet_reader import parquet_table  # starts a process

    with tempfile.TemporaryFile() as file:
        names, rows = parquet_table(stream, shown)
        try:
            file.write(_line(names))
            size = 0
            for cells in rows:
                is_empty = isinstance(cells, list) and all(cell in (None, "") for cell in cells)
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
