"""Reads a manifest at a web server, by the rules under which media there are read."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from io import BufferedReader
from typing import TYPE_CHECKING, Any, cast

from preflight.bounded_file import why
from preflight.errors import ConfigurationError, SourceError
from preflight.jobfiles.load import read_opened
from preflight.jobfiles.stores import suffix_of
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
    with fetched(url, allow=allow, proxy=proxy) as stream:
        yield from read_opened(
            stream, path=redact(url), suffix=suffix_of(url), default_model=model, columns=columns, specs=specs
        )


@contextmanager
def fetched(url: str, *, allow: Sequence[AllowedHost], proxy: Proxy | None) -> Iterator[BufferedReader[Any]]:
    """The whole file at ``url``, kept on the disk in ``with``. Raises ``ConfigurationError`` where it does not come."""
    with tempfile.TemporaryFile() as file:
        try:
            receive(url, file, allow=allow, proxy=proxy)
        except (OSError, SourceError) as error:
            said = why(error) if isinstance(error, OSError) else str(error)
            raise ConfigurationError(f"{redact(url)}: {said}") from error
        file.seek(0)
        yield cast("BufferedReader[Any]", file)
