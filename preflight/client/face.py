"""The part that the two faces of the client share: the API, the bounds, and the call that each method makes."""

from __future__ import annotations

import random as randomness
import ssl
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Generic, TypeVar

import httpx2

from preflight.client import calls
from preflight.client.auth import DEFAULT_BASE_URL, ApiKey
from preflight.client.models import Credits, Task
from preflight.client.protocol import Call
from preflight.client.retry import POLL, Backoff
from preflight.client.wire import CREATE_SECONDS, QUERY_SECONDS, Wire, bound
from preflight.tls import trusted_context

_Http = TypeVar("_Http")
_Sleep = TypeVar("_Sleep")

# No connection is kept: one that the server closed meanwhile would leave a paid request in doubt.
_NOTHING_KEPT = httpx2.Limits(max_keepalive_connections=0)


class Face(ABC, Generic[_Http, _Sleep]):
    """A face makes its own HTTP client, and closes it, where none is handed in."""

    def __init__(
        self,
        key: ApiKey | str,
        *,
        base_url: str = DEFAULT_BASE_URL,
        http: _Http | None = None,
        create_timeout: float = CREATE_SECONDS,
        query_timeout: float = QUERY_SECONDS,
        sleep: _Sleep | None = None,
        clock: Callable[[], float] = time.monotonic,
        random: Callable[[], float] = randomness.random,
        poll: Backoff = POLL,
    ) -> None:
        self._create_timeout = bound(create_timeout, CREATE_SECONDS)
        self._query_timeout = bound(query_timeout, QUERY_SECONDS)
        self._wire = Wire(key, base_url, proxied=http is None)
        self._http = self._own_http() if http is None else http
        self._owned = http is None
        self._sleep = self._own_sleep() if sleep is None else sleep
        self._clock = clock
        self._random = random
        self._poll = poll

    @abstractmethod
    def _own_http(self) -> _Http:
        """The HTTP client of a face that was handed none."""

    @abstractmethod
    def _own_sleep(self) -> _Sleep:
        """How a face sleeps that was not told how."""

    @property
    def base_url(self) -> str:
        """Where the service is."""
        return self._wire.base

    def account(self, keyed_hash: Callable[[str], str]) -> str:
        """Tells the key's account from others: ``keyed_hash`` of the key."""
        return self._wire.account(keyed_hash)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._wire!r})"

    def _create_call(
        self, body: Mapping[str, object], *, timeout: float | None, attempts: int, max_wait: float
    ) -> Call[str]:
        within = bound(timeout, self._create_timeout)
        return calls.create_task(body, within=within, attempts=attempts, max_wait=max_wait, random=self._random)

    def _task_call(self, task_id: str, timeout: float | None) -> Call[Task]:
        return calls.task(task_id, within=bound(timeout, self._query_timeout), random=self._random)

    def _credits_call(self, timeout: float | None, attempts: int) -> Call[Credits]:
        return calls.credits(within=bound(timeout, self._query_timeout), attempts=attempts, random=self._random)

    def _wait_call(self, task_id: str, timeout: float | None) -> Call[Task]:
        return calls.wait(
            task_id,
            timeout=timeout,
            within=self._query_timeout,
            clock=self._clock,
            random=self._random,
            poll=self._poll,
        )


def http_client(wire: Wire) -> httpx2.Client:
    """The sync face's own HTTP client."""
    return httpx2.Client(trust_env=False, limits=_NOTHING_KEPT, verify=_verify(wire), proxy=_proxy(wire))


def async_http_client(wire: Wire) -> httpx2.AsyncClient:
    """The async face's own HTTP client."""
    return httpx2.AsyncClient(trust_env=False, limits=_NOTHING_KEPT, verify=_verify(wire), proxy=_proxy(wire))


def _verify(wire: Wire) -> ssl.SSLContext | bool:
    # Without TLS no certificates are loaded; redirects are not followed, so that none is needed later.
    return trusted_context() if wire.base.startswith("https:") else False


def _proxy(wire: Wire) -> httpx2.Proxy | None:
    if wire.proxy is None:
        return None
    tls = trusted_context() if wire.proxy.url.startswith("https:") else None
    return httpx2.Proxy(wire.proxy.url, ssl_context=tls)
