"""The engine ``ray``: a Ray Core task a part, on an existing cluster or on this machine. Ray does the scheduling."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from preflight.errors import ConfigurationError, MissingExtra
from preflight.redact import one_line
from preflight.runs.engines.checker import Headway, PartChecker, PartDone, PartFailed, Parts
from preflight.runs.engines.deaths import Deaths
from preflight.runs.engines.local_engine import Watcher, spread, with_manners
from preflight.runs.engines.out_of_memory import is_out_of_memory
from preflight.runs.on_disk.tally import Tally
from preflight.runs.run_errors import ManifestChanged, RunUnusable

if TYPE_CHECKING:
    from preflight.runs.engines.checker import Task
    from preflight.runs.manifests.manifest import Slice
    from preflight.runs.manifests.rows import PartRows

_TICK_S = 0.5
_ANSWER_S = 10.0
"""Seconds in which a cluster takes a connection, and greets: without that Ray tries for minutes."""
_GREETING = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])
_GREETED = 4
"""A client of gRPC begins HTTP/2 (RFC 9113 §3.4); a server answers with a frame of this type, SETTINGS."""
_STORE_BYTES = 100 * 1024 * 1024
"""Memory of the object store of a cluster that we start: counts pass through it, and the rows of some parts."""


def work_on_ray(
    task: Task,
    parts: Sequence[int],
    rows_of: Callable[[int], PartRows],
    watcher: Watcher,
    *,
    address: str | None,
    workers: int | None,
    most: int,
    is_tls: bool = False,
) -> None:
    """Have ``parts`` done by tasks of Ray, ``workers`` at a time (default: the cluster's processors), at most ``most``.

    ``is_tls``: the cluster speaks TLS. Raises ``ConfigurationError`` where there is no cluster, ``RunUnusable`` where a
    part cannot be done.
    """
    with _connected(address, workers, is_tls=is_tls) as ray:
        processors = int(ray.cluster_resources().get("CPU", 1))
        count = max(1, min(workers or processors, most, len(parts)))
        alone = replace(task, repeated=None)  # tasks of Ray do not share readings
        _Tasks(ray, with_manners(alone, count), parts, rows_of, watcher).work()


class _Tasks:
    """The tasks under way. Each of ``shares`` is used by one of them at a time."""

    def __init__(
        self,
        ray: Any,
        shares: Sequence[Task],
        parts: Sequence[int],
        rows_of: Callable[[int], PartRows],
        watcher: Watcher,
    ) -> None:
        self._ray = ray
        self._check = ray.remote(num_cpus=1, max_retries=0)(_check)
        self._shares = list(shares)
        self._parts = deque(spread(parts, len(shares)))
        self._rows_of = rows_of
        self._watcher = watcher
        self._deaths = Deaths(len(shares))
        self._running: dict[Any, tuple[Slice, Task]] = {}

    def work(self) -> None:
        try:
            while self._parts or self._running:
                while self._parts and self._shares:
                    self._start(self._parts.popleft(), self._shares.pop())
                ready, _ = self._ray.wait(list(self._running), timeout=_TICK_S)
                for each in ready:
                    part, share = self._running.pop(each)
                    self._shares.append(share)
                    self._end(part, each)
                self._watcher.tick()
            self._deaths.require_none_set_aside()
        finally:
            for each in self._running:
                with suppress(Exception):  # the cluster may be gone
                    self._ray.cancel(each, force=True)

    def _start(self, number: int, share: Task) -> None:
        rows = self._rows_of(number).with_data()
        self._running[self._check.remote(share, rows, os.getcwd())] = rows.part, share  # noqa: PTH109 - text, for another machine

    def _end(self, part: Slice, reference: Any) -> None:
        errors = self._ray.exceptions
        try:
            name, value = self._ray.get(reference)
        except errors.RayError as error:
            if isinstance(error, errors.RayTaskError) and not is_out_of_memory(error):
                raise RuntimeError(str(error)) from error  # a bug of ours: its own errors are values
            self._deaths.worker_died(f"for this reason: {one_line(str(error))}")
            if self._deaths.do_again(part):
                self._parts.append(part.number)
            return
        if name == "ManifestChanged":
            raise ManifestChanged(value)
        if name:
            raise RunUnusable(value)
        tally = Tally.from_object(value)
        verdicts = tally.verdicts
        self._watcher.progressed(
            Headway(
                rows=tally.rows,
                passed=verdicts["pass"],
                failed=verdicts["fail"],
                indeterminate=verdicts["indeterminate"],
                bytes=tally.bytes,
                requests=tally.requests,
                sent_again=tally.sent_again,
            )
        )
        self._deaths.part_is_done()
        self._watcher.done(part.number, tally)


def _check(task: Task, part: PartRows, folder: str) -> tuple[str, Any]:
    """Runs in a worker of Ray: an empty text and the counts, or the class and the text of an error."""
    with suppress(OSError):
        os.chdir(folder)  # where relative paths begin

    outcomes: list[PartDone | PartFailed] = []

    async def check() -> None:
        parts: Parts = asyncio.Queue()
        parts.put_nowait(part)
        parts.put_nowait(None)
        await PartChecker(task, heard=outcomes.append).check(parts)

    asyncio.run(check())
    (outcome,) = outcomes
    if isinstance(outcome, PartFailed):
        return type(outcome.error).__name__, str(outcome.error)
    return "", outcome.tally.to_object()


@contextmanager
def _connected(address: str | None, workers: int | None, *, is_tls: bool) -> Iterator[Any]:
    try:
        import ray  # an extra
    except ImportError as error:
        raise MissingExtra("--engine ray", "ray") from error
    if address is not None:
        _require_answer(address, is_tls=is_tls)
    logging.getLogger("ray").setLevel(logging.ERROR)
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR", "configure_logging": False}
    try:
        if address is None:
            ray.init(num_cpus=workers, include_dashboard=False, object_store_memory=_STORE_BYTES, **quiet)
        else:
            ray.init(address=address, **quiet)
    except (ConnectionError, ValueError, RuntimeError, OSError, TimeoutError) as error:
        where = f"at {address}" if address else "on this machine"
        raise ConfigurationError(f"no Ray cluster {where}: {one_line(str(error))}") from error
    try:
        yield ray
    finally:
        ray.shutdown()


def _require_answer(address: str, *, is_tls: bool) -> None:
    """Raise ``ConfigurationError`` where no cluster answers at ``HOST:PORT``; other addresses are Ray's to judge."""
    if not address.strip():
        raise ConfigurationError("--address: an empty text instead of HOST:PORT")
    host, _, port = address.rpartition(":")
    if not host or "/" in host or not port.isdigit():
        return
    try:
        with socket.create_connection((host.strip("[]"), int(port)), _ANSWER_S) as connection:
            greeting = b"" if is_tls else _greeted(connection)
    except (OSError, OverflowError) as error:
        raise ConfigurationError(f"no Ray cluster at {address}: nothing answers there") from error
    if not is_tls and (len(greeting) < _GREETED or greeting[3] != _GREETED):
        raise ConfigurationError(f"no Ray cluster at {address}: something else answers there")


def _greeted(connection: socket.socket) -> bytes:
    """The first bytes of a server's greeting, fewer where it ends before. Raises ``OSError`` for one that is silent."""
    found, end = b"", time.monotonic() + _ANSWER_S
    with suppress(ConnectionError):  # it hangs up
        connection.sendall(_GREETING)
        while len(found) < _GREETED and (left := end - time.monotonic()) > 0:
            connection.settimeout(left)
            piece = connection.recv(_GREETED - len(found))
            if not piece:
                break
            found += piece
    return found
