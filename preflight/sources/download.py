"""Saves a remote file: through the same guard as reading one, whole or not at all, never over another file."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path, PurePath
from typing import IO

from preflight.errors import LocalUnreadable, Unreachable
from preflight.sources.dns import SystemNames
from preflight.sources.host import AllowedHost
from preflight.sources.http import Body, Exchange
from preflight.sources.limits import MIB, RemoteLimits
from preflight.sources.proxy import Proxy
from preflight.sources.transport import Transport
from preflight.sources.url import RemoteUrl, file_name, locate

MAX_BYTES = 2048 * MIB
DEADLINE_S = 1800.0
_NAMES_TRIED = 1000


def download(
    url: str,
    folder: Path,
    *,
    allow: Sequence[AllowedHost] = (),
    proxy: Proxy | None = None,
    on_progress: Callable[[int, int | None], object] = lambda _, __: None,
) -> Path:
    """Save ``url`` into ``folder`` under the name in its path, or that name with a number; returns the file.

    ``on_progress`` is called with bytes received and bytes announced (``None``: not announced). Raises
    ``SourceError``; the bytes that had arrived are removed.
    """
    locate(url, allow)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=folder, prefix=".download-")
    except OSError as error:
        raise LocalUnreadable(f"cannot write into {folder}: {error.strerror}") from error
    partial = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            receive(url, file, allow=allow, proxy=proxy, on_progress=on_progress)
            file.flush()
            os.fsync(file.fileno())
        return _named(partial, folder, file_name(url))
    except OSError as error:
        raise LocalUnreadable(f"cannot write into {folder}: {error.strerror}") from error
    finally:
        with suppress(OSError):
            partial.unlink()


def receive(
    url: str,
    file: IO[bytes],
    *,
    allow: Sequence[AllowedHost] = (),
    proxy: Proxy | None = None,
    on_progress: Callable[[int, int | None], object] = lambda _, __: None,
) -> None:
    """Write the whole file at ``url`` to ``file``. Raises ``SourceError``, and ``OSError`` of ``file``."""
    target = locate(url, allow)
    try:
        asyncio.run(_receive(target, file, allow, proxy, on_progress))
    except TimeoutError as error:
        raise Unreachable(f"the download did not end within {DEADLINE_S:g} s") from error


async def _receive(
    target: RemoteUrl,
    file: IO[bytes],
    allow: Sequence[AllowedHost],
    proxy: Proxy | None,
    on_progress: Callable[[int, int | None], object],
) -> None:
    limits = RemoteLimits(deadline_s=DEADLINE_S)
    names = SystemNames()
    try:
        async with (
            Transport(resolve=names, allow=allow, limits=limits, proxy=proxy) as transport,
            asyncio.timeout(limits.deadline_s),
        ):
            await _copy(Exchange(target, transport=transport, limits=limits, allow=allow), file, on_progress)
    finally:
        names.close()


async def _copy(exchange: Exchange, file: IO[bytes], on_progress: Callable[[int, int | None], object]) -> None:
    answer = await exchange.get(None)
    try:
        if answer.status != 200:
            raise Unreachable(f"the server answered {answer.status} instead of the whole file")
        body = Body(answer, exchange)
        received = 0
        while piece := await body.read():
            received += len(piece)
            if received > MAX_BYTES:
                raise Unreachable(f"the file is larger than {MAX_BYTES} bytes")
            file.write(piece)
            on_progress(received, body.announced)
        if body.announced is not None and received != body.announced:
            raise body.cut_short(body.announced)
    finally:
        answer.close()


def _named(partial: Path, folder: Path, name: str) -> Path:
    """Give the finished file its name by linking, which fails where a file of that name exists."""
    pure = PurePath(name)
    for number in range(1, _NAMES_TRIED):
        target = folder / (name if number == 1 else f"{pure.stem}-{number}{pure.suffix}")
        try:
            os.link(partial, target)
        except FileExistsError:
            continue
        target.chmod(0o644)
        return target
    raise LocalUnreadable(f"{folder} holds {_NAMES_TRIED} files called {name} already")
