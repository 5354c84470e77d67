"""Reads a manifest at a web server, by the rules under which media there are read."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from io import BufferedReader
from typing import TYPE_CHECKING, Any, cast

from preflight.bounded_file import why
from preflight.errors import ConfigurationError, SourceError
from preflight.jobfiles.field_names import TableModels
from preflight.jobfiles.load import read_manifest
from preflight.jobfiles.stores import suffix_of
from preflight.model.file_types import PARQUET_SUFFIXES, TABLE_SUFFIXES
from preflight.redact import redact
from preflight.sources.download import receive

if TYPE_CHECKING:
    from preflight.model.target import Target
    from preflight.sources.host import AllowedHost
    from preflight.sources.proxy import Proxy
    from preflight.specs import Specs


def read_web(
    url: str,
    *,
    model: str,
    columns: Mapping[str, str],
    specs: Specs,
    allow: Sequence[AllowedHost],
    proxy: Proxy | None,
) -> Iterator[Target]:
    """The jobs of the manifest at ``url``. Raises ``ConfigurationError`` where it cannot be read."""
    shown, suffix = redact(url), suffix_of(url)
    with tempfile.TemporaryFile() as file:
        try:
            receive(url, file, allow=allow, proxy=proxy)
        except (OSError, SourceError) as error:
            said = why(error) if isinstance(error, OSError) else str(error)
            raise ConfigurationError(f"{shown}: {said}") from error
        file.seek(0)
        stream = cast("BufferedReader[Any]", file)
        if suffix in PARQUET_SUFFIXES:
            from preflight.jobfiles.parquet_reader import read_parquet  # noqa: PLC0415 - starts a process

            yield from read_parquet(stream, shown=shown, models=TableModels(model, specs), columns=columns)
            return
        is_table = suffix in TABLE_SUFFIXES
        yield from read_manifest(
            stream, path=shown, is_table=is_table, default_model=model, columns=columns, specs=specs
        )
