"""Turns of all readings at their hosts: how many connections and requests each gets, and when a busy one is left alone.

Everything that a process reads goes through one ``Hosts``. A URL waits for a place at its host before it takes one of
the places of the process, so that a slow host holds up its own files only, and hosts take turns.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from ipaddress import IPv6Address
from typing import Self

from preflight.model.retry_after import LATER, retry_after
from preflight.sources.limits import (
    BACKOFF_S,
    FILES_A_READING,
    FILES_KEPT_BACK,
    HOST_PATIENCE_S,
    HOSTS_KEPT,
    LONGEST_BACKOFF_S,
    LONGEST_PAUSE_OF_A_CHECK_S,
    LONGEST_PAUSE_S,
)
from preflight.sources.manners import Manners
from preflight.sources.retries import chance

_ASKS_TO_WAIT = frozenset({429, 503})
_MOST_AT_ONCE = 1024


class Hosts:
    """Every host that the process reads, and the places there. It belongs to one event loop.

    ``clock`` and ``sleep`` are in seconds; ``chance`` gives values in [0, 1).
    """

    def __init__(
        self,
        manners: Manners | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        chance: Callable[[], float] = chance,
    ) -> None:
        self.manners = manners or Manners()
        self.clock = clock
        self.sleep = sleep
        self.chance = chance
        self.places = asyncio.Semaphore(self.manners.concurrency)
        self._hosts: dict[str, _Host] = {}

    def visit(self) -> Visit:
        """The way of one file through its hosts."""
        return Visit(self)

    def host(self, name: str) -> _Host:
        """The host of that name. Those that nobody reads are forgotten beyond a bound, the oldest first."""
        name = _as_counted(name)
        known = self._hosts.get(name)
        if known is None:
            if len(self._hosts) >= HOSTS_KEPT:
                self._forget()
            known = self._hosts[name] = _Host(self.manners)
        return known

    def _forget(self) -> None:
        now = self.clock()
        idle = [name for name, host in self._hosts.items() if host.is_idle(now)]
        for name in idle[: max(1, len(idle) // 2)]:
            del self._hosts[name]


def _as_counted(name: str) -> str:
    """The name under which a host is counted: an IPv4 address that is written as one of IPv6 is the same host."""
    if not name.startswith("::ffff:"):
        return name
    return str(IPv6Address(name).ipv4_mapped or name)


class Visit:
    """One file's places: at most one at a host, and one of the process's. Use it in ``async with``.

    ``deadline`` bounds the reading; the time that is spent waiting for a turn does not count.
    """

    def __init__(self, hosts: Hosts) -> None:
        self.deadline: asyncio.Timeout | None = None
        self._hosts = hosts
        self._host: _Host | None = None
        self._name = ""
        self._has_place = False
        self._is_due = False
        self._refusals = 0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self._leave()

    async def turn(self, host: str) -> None:
        """Wait until one request may be sent to ``host``; a connection to another one is closed by then."""
        if self._is_due and host == self._name:
            self._is_due = False
            return
        began, when = self._hosts.clock(), self.deadline.when() if self.deadline else None
        if self.deadline is not None:
            self.deadline.reschedule(None)
        try:
            await self._turn(host)
        finally:
            if self.deadline is not None and when is not None:
                self.deadline.reschedule(when + self._hosts.clock() - began)

    async def first_turn(self, host: str) -> None:
        """The same before the reading begins: its first request to ``host`` goes without waiting."""
        await self.turn(host)
        self._is_due = True

    def answered(self, status: int, headers: Mapping[str, str]) -> float | None:
        """Note an answer of the host. Returns the seconds after which to send the request again, ``None`` for not."""
        host = self._host
        if host is None:
            return None
        if status not in _ASKS_TO_WAIT:
            host.has_served()
            return None
        patience = self._hosts.manners.patience
        longest = LONGEST_PAUSE_S if patience else LONGEST_PAUSE_OF_A_CHECK_S
        wish = retry_after(headers)
        if wish == LATER:  # nothing that can be read
            wish = None
        is_patient = host.has_refused(self._hosts.clock(), None if wish is None else min(wish, longest))
        if not is_patient or self._refusals >= patience:
            return None
        grown = min(BACKOFF_S * 2.0**self._refusals, LONGEST_BACKOFF_S)
        self._refusals += 1
        return max(min(wish or 0.0, LONGEST_PAUSE_S), grown * (1 - 0.25 * self._hosts.chance()))

    async def pause(self, seconds: float) -> None:
        """Give up the places for so long: others have their turn. The connection is closed by then."""
        self._leave()
        when = self.deadline.when() if self.deadline else None
        if self.deadline is not None:
            self.deadline.reschedule(None)
        began = self._hosts.clock()
        try:
            await self._hosts.sleep(seconds)
        finally:
            if self.deadline is not None and when is not None:
                self.deadline.reschedule(when + self._hosts.clock() - began)

    async def _turn(self, name: str) -> None:
        if self._host is None or name != self._name:
            self._leave()
            host = self._hosts.host(name)
            await host.enter()
            self._host, self._name = host, name
        while (wait := self._host.wait_s(self._hosts.clock())) > 0:
            self._give_back()
            await self._hosts.sleep(wait)
        if not self._has_place:
            await self._hosts.places.acquire()
            self._has_place = True
        self._host.has_asked(self._hosts.clock())

    def _leave(self) -> None:
        self._give_back()
        if self._host is not None:
            self._host.leave()
            self._host = None
        self._is_due = False

    def _give_back(self) -> None:
        if self._has_place:
            self._has_place = False
            self._hosts.places.release()


class _Host:
    """The places at one host, and until when it wants to be left alone."""

    def __init__(self, manners: Manners) -> None:
        self._most = self._allowed = manners.per_host
        self._gap_s = 1 / manners.host_rate if manners.host_rate else 0.0
        self._inside = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._next = self._quiet_until = 0.0
        self._refused_since: float | None = None
        self._served = 0

    def is_idle(self, now: float) -> bool:
        return not self._inside and not self._waiting and max(self._quiet_until, self._next) <= now

    async def enter(self) -> None:
        """Wait for a place, first come, first served."""
        if self._inside < self._allowed and not self._waiting:
            self._inside += 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await turn
        except BaseException:
            if turn.done() and not turn.cancelled():
                self.leave()  # the place came together with the cancellation
            elif turn in self._waiting:
                self._waiting.remove(turn)
            raise

    def leave(self) -> None:
        self._inside -= 1
        self._admit()

    def wait_s(self, now: float) -> float:
        """Seconds until a request may be sent."""
        return max(self._quiet_until, self._next) - now

    def has_asked(self, now: float) -> None:
        if self._gap_s:
            self._next = max(now, self._next) + self._gap_s

    def has_served(self) -> None:
        """An answer that asks for nothing: the host gets one place back for each round of them."""
        self._refused_since = None
        self._served += 1
        if self._served >= self._allowed:
            self._served = 0
            self._allowed = min(self._allowed + 1, self._most)
            self._admit()

    def has_refused(self, now: float, wish: float | None) -> bool:
        """A 429 or 503: half the places, and a pause for everybody. ``False`` once there was nothing else for long."""
        if self._refused_since is None:
            self._refused_since = now
        self._allowed, self._served = max(1, self._allowed // 2), 0
        if now - self._refused_since > HOST_PATIENCE_S:
            return False
        self._quiet_until = max(self._quiet_until, now + (BACKOFF_S if wish is None else wish))
        return True

    def _admit(self) -> None:
        while self._waiting and self._inside < self._allowed:
            turn = self._waiting.popleft()
            if not turn.done():
                self._inside += 1
                turn.set_result(None)


def readings_at_once() -> int:
    """How many connections the limit of open files leaves room for, at least one."""
    try:
        import resource  # not on every system

        most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        with os.scandir("/dev/fd") as opened:
            free = most - sum(1 for _ in opened)
    except (ImportError, OSError):
        return _MOST_AT_ONCE
    if most == resource.RLIM_INFINITY:
        return _MOST_AT_ONCE
    return max(1, min(_MOST_AT_ONCE, (free - FILES_KEPT_BACK) // FILES_A_READING))
