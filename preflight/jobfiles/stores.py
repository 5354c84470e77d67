"""Opens files in object stores, by URL (``s3://bucket/jobs.csv``), through fsspec.

Only a manifest that the user names is read so, never a URL in a job: what a job names is read as the service would.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import PurePosixPath
from typing import Any, Final

from preflight.errors import ConfigurationError, JobUnreadable, MissingExtra
from preflight.jobfiles.field_names import TableModels
from preflight.jobfiles.load import read_opened
from preflight.model import Job
from preflight.model.file_types import MANIFEST_SUFFIXES, PARQUET_SUFFIXES
from preflight.redact import redact
from preflight.specs import BUILT_IN, Specs

_URL: Final = re.compile(r"([a-z][a-z0-9+.-]+)(?:::[a-z0-9+.:/-]+)?://", re.IGNORECASE)
_NOT_STORES: Final = frozenset({"http", "https", "ftp", "file", "local", "data", "blob", "javascript", "memory"})
_BLOCK_BYTES: Final = 4 * 1024 * 1024
_WAITS: Final[dict[str, dict[str, Any]]] = {
    "s3": {"config_kwargs": {"connect_timeout": 10, "read_timeout": 60, "retries": {"max_attempts": 3}}},
    "s3a": {"config_kwargs": {"connect_timeout": 10, "read_timeout": 60, "retries": {"max_attempts": 3}}},
}
"""Bounds on waiting, for the stores whose own are longer."""


def is_store_url(name: str) -> bool:
    """Whether ``name`` is the URL of a manifest in a store, rather than that of a media file on a web server."""
    found = _URL.match(name)
    return found is not None and found[1].lower() not in _NOT_STORES and suffix_of(name) in MANIFEST_SUFFIXES


def is_web_url(name: str) -> bool:
    """Whether ``name`` is the URL of a manifest on a web server, by its suffix."""
    return name.lower().startswith(("http://", "https://")) and suffix_of(name) in MANIFEST_SUFFIXES


def is_manifest_url(name: str) -> bool:
    """Whether ``name`` is the URL of a manifest, wherever it is."""
    return is_store_url(name) or is_web_url(name)


def suffix_of(url: str) -> str:
    """The suffix of the file that ``url`` names, in lower case."""
    return PurePosixPath(url.partition("#")[0].partition("?")[0]).suffix.lower()


def open_store(url: str) -> io.BufferedReader[Any]:
    """The file at ``url``, opened for reading. Reading raises ``OSError`` alone.

    Raises ``MissingExtra`` where no library for the store is installed, ``ConfigurationError`` for a file that cannot
    be opened.
    """
    if find_spec("fsspec") is None:
        raise MissingExtra(f"reading {_scheme(url)}://", "runs")
    import fsspec.core  # 100 ms, and more for the store itself

    shown = redact(url)
    try:
        store, path = fsspec.core.url_to_fs(url, **_WAITS.get(_scheme(url), {}))
        file = store.open(path, "rb", block_size=_BLOCK_BYTES, cache_type="readahead")
    except ImportError as error:
        if _scheme(url) in _WAITS:
            raise MissingExtra(f"reading {_scheme(url)}://", "runs") from error
        raise ConfigurationError(f"{shown}: {redact(str(error))}") from error
    except FileNotFoundError as error:
        raise ConfigurationError(f"{shown}: no such file in this store") from error
    except Exception as error:
        raise ConfigurationError(f"{shown}: cannot be opened: {_reason(error)}") from error
    return io.BufferedReader(_Stored(file), _BLOCK_BYTES)


def load_stored(
    url: str, *, default_model: str | None, columns: Mapping[str, str], specs: Specs = BUILT_IN
) -> Iterator[Job | JobUnreadable]:
    """The jobs of the manifest at ``url``, as ``load_manifest`` reads a file; Parquet by an isolated process."""
    shown, suffix = redact(url), suffix_of(url)
    if suffix in PARQUET_SUFFIXES:
        from preflight.jobfiles.parquet_reader import read_parquet  # starts a process

        yield from read_parquet(url, shown=shown, models=TableModels(default_model, specs), columns=columns)
        return
    with open_store(url) as stream:
        yield from read_opened(
            stream,
            path=shown,
            suffix=suffix,
            default_model=default_model,
            columns=columns,
            specs=specs,
        )


def _scheme(url: str) -> str:
    return url.partition("://")[0].rpartition("::")[2].lower()


def _reason(error: BaseException) -> str:
    """The words of a store's error: of the last one that has any."""
    said = " ".join(str(error).split())
    return redact(said, longest=200) if said else type(error).__name__


class _Stored(io.RawIOBase):
    """A file of fsspec, whose stores raise errors of all kinds."""

    def __init__(self, file: Any) -> None:
        self._file = file

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0, /) -> int:
        return int(self._file.seek(offset, whence))

    def tell(self) -> int:
        return int(self._file.tell())

    def readinto(self, buffer: Any) -> int:
        try:
            data = self._file.read(len(buffer))
        except Exception as error:
            raise OSError(f"the store stopped answering: {_reason(error)}") from error
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        if not self.closed:
            self._file.close()
        super().close()
