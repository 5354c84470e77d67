"""The HTTP library under the client: httpx2, or that of a client which a user hands in, httpx among them.

Both have the same names, so a class of either is told by its name and the package that it comes from.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any, Protocol

import httpx2

_LIBRARIES = ("httpx2", "httpx")


class SyncHttp(Protocol):
    """The used part of an ``httpx2.Client`` or ``httpx.Client``."""

    def send(self, request: Any, *, stream: bool, auth: Any, follow_redirects: bool) -> Any: ...

    def close(self) -> None: ...


class AsyncHttp(Protocol):
    """The used part of an ``httpx2.AsyncClient`` or ``httpx.AsyncClient``."""

    async def send(self, request: Any, *, stream: bool, auth: Any, follow_redirects: bool) -> Any: ...

    async def aclose(self) -> None: ...


def library_of(http: object) -> ModuleType:
    """The library whose requests the client ``http`` sends: httpx2 unless one of its classes is httpx's."""
    packages = [_package(kind) for kind in type(http).__mro__]
    name = next((package for package in packages if package in _LIBRARIES), "httpx2")
    return sys.modules.get(name, httpx2)


def transport_errors() -> tuple[type[Exception], ...]:
    """The errors that an exchange may raise: a client of one library may have been given a transport of the other."""
    loaded = [sys.modules[name] for name in _LIBRARIES if name in sys.modules]
    return (OSError, *(library.HTTPError for library in loaded))


def kinds_of(error: Exception) -> frozenset[str]:
    """The names of the classes of the libraries that ``error`` is of, such as ``ConnectError``; none for others."""
    return frozenset(kind.__name__ for kind in type(error).__mro__ if _package(kind) in _LIBRARIES)


def _package(kind: type) -> str:
    return kind.__module__.partition(".")[0]
