"""How much of the files at URLs has arrived while they are read: for people who wait."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Final

from preflight.errors import AddressRefused
from preflight.sources.url import locate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from preflight.sources.host import AllowedHost
    from preflight.sources.url import RemoteUrl

_KEPT: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """The bytes of the answer under way so far, and those that it announced, ``None`` where it did not."""

    received: int
    announced: int | None

    @property
    def percent(self) -> int | None:
        """The part that is here, where that can be told."""
        return min(100, self.received * 100 // self.announced) if self.announced else None


class Arrivals:
    """What arrives from each URL: the last ones are kept. For any number of threads."""

    def __init__(self, allow: Sequence[AllowedHost]) -> None:
        self._allow = allow
        self._found: OrderedDict[str, Arrival] = OrderedDict()
        self._lock = Lock()

    def note(self, target: RemoteUrl, received: int, announced: int | None) -> None:
        """Remember how far ``target`` is."""
        with self._lock:
            self._found[target.url] = Arrival(received=received, announced=announced)
            self._found.move_to_end(target.url)
            while len(self._found) > _KEPT:
                self._found.popitem(last=False)

    def forget(self, url: str) -> None:
        """What arrived of ``url`` was of an earlier reading."""
        with self._lock:
            self._found.pop(self._key(url), None)

    def of(self, url: str) -> Arrival | None:
        """How far ``url`` is; ``None`` before its first byte, and for a text that is not a URL."""
        with self._lock:
            return self._found.get(self._key(url))

    def _key(self, url: str) -> str:
        try:
            return locate(url, self._allow).url
        except AddressRefused:
            return ""
