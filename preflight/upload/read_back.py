"""Reads an uploaded file back from its URL, as the service will, and compares it with the bytes that were checked."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator, Sequence
from hashlib import sha256
from typing import Final

from preflight.errors import AddressRefused, ConfigurationError, HttpStatus
from preflight.model import Reading, Span
from preflight.redact import redact
from preflight.sources.host import AllowedHost
from preflight.sources.limits import MIB, RemoteLimits
from preflight.sources.proxy import Proxy
from preflight.sources.remote import RemoteReader
from preflight.sources.url import locate
from preflight.upload.content import Content
from preflight.upload.store_errors import UploadFailed

_STEP_BYTES: Final = 8 * MIB
"""Read at a time: the largest file then takes some 35 requests of the 64 that a reading may send."""
_SLOWEST: Final = 64 * 1024
"""Bytes a second that a store may take to send a file back, beyond the time of any other reading."""


def require_public(url: str, allow: Sequence[AllowedHost]) -> None:
    """Raise ``ConfigurationError`` where the text of ``url`` rules out that the service can read it."""
    try:
        locate(url, allow)
    except AddressRefused as refused:
        raise ConfigurationError(
            f"the service could not read {redact(url)}: {refused}. Name a public address of the store with"
            " --public-base, or, for a sandbox on this machine, --allow-host HOST[:PORT]"
        ) from refused


def read_back(
    url: str,
    content: Content,
    *,
    allow: Sequence[AllowedHost] = (),
    proxy: Proxy | None = None,
    deadline_s: float | None = None,
    any_type: bool = False,
    on_progress: Callable[[int], object] = lambda _: None,
) -> str | None:
    """Why ``url`` does not show ``content``; ``None`` where every byte, the size and the type are the same.

    ``any_type`` lets a server declare another type, as one that the user's own command filled. Raises
    ``UploadFailed`` where it cannot be read, ``ConfigurationError`` where only the user can change that.
    """
    reader = RemoteReader(allow=allow, proxy=proxy, limits=_limits(content, deadline_s))
    reading = asyncio.run(_read(reader, url, on_progress))
    if reading.fault is not None:
        raise _unreadable(url, reading)
    if reading.size_bytes != content.size_bytes:
        return f"it has {reading.size_bytes} bytes instead of {content.size_bytes}"
    if reading.facts != content.sha256:
        return "it shows other bytes"
    declared = reading.transfer.declared_type
    if declared != content.media_type and not any_type:
        return f"it is declared as {redact(declared or 'nothing')} instead of {content.media_type}"
    return None


def _limits(content: Content, deadline_s: float | None) -> RemoteLimits:
    usual = RemoteLimits()
    return usual._replace(
        deadline_s=(deadline_s or usual.deadline_s) + content.size_bytes / _SLOWEST,
        budget_bytes=content.size_bytes + MIB,
        stream_budget_bytes=content.size_bytes + MIB,
    )


async def _read(reader: RemoteReader, url: str, on_progress: Callable[[int], object]) -> Reading[str]:
    async with reader:
        return await reader.read(url, lambda _: _hashed(on_progress))


def _hashed(on_progress: Callable[[int], object]) -> Generator[Span, bytes, str]:
    """A probe that reads everything: the SHA-256 of all bytes, in hexadecimal."""
    digest, at = sha256(), 0
    while data := (yield Span(at, at + _STEP_BYTES)):
        digest.update(data)
        at += len(data)
        on_progress(at)
    return digest.hexdigest()


def _unreadable(url: str, reading: Reading[str]) -> ConfigurationError | UploadFailed:
    shown, fault = redact(url), reading.fault
    if isinstance(fault, HttpStatus) and fault.status in (401, 403):
        return ConfigurationError(
            f"the file was uploaded, but {shown} cannot be read ({fault.status}): the credentials need the right to"
            " read objects, too, and the clock of this machine must be right; a --public-base must be public"
        )
    if isinstance(fault, HttpStatus) and fault.status == 404:
        return UploadFailed(f"the file was uploaded, but {shown} does not show it (404): check --public-base")
    return UploadFailed(f"the file was uploaded, but {shown} cannot be read: {fault}")
