"""The readings that the workers of a run share: which of them reads a URL, and what the others are told of it.

A worker asks before it reads a URL that stands in several rows. The first one reads it; the others wait for its result,
or, where it dies, for that of the next one. Results are kept in a file without a name, as the JSON that workers make.
"""

from __future__ import annotations

import tempfile
from collections import OrderedDict, deque
from dataclasses import dataclass, field
from typing import IO, Final, Protocol, TypeAlias

from preflight.runs.limits import READINGS_BYTES, READINGS_KEPT

Answer: TypeAlias = tuple[str, bytes] | tuple[str, bytes, bytes, bool]
"""``("read", key)``: it is for this worker to read. ``("known", key, result, is_counted)``: another one did."""

READ: Final = "read"
KNOWN: Final = "known"


class Asker(Protocol):
    """A worker, as it is answered."""

    def answer(self, message: Answer) -> None: ...


@dataclass(slots=True)
class _Claim:
    """A URL that ``reader`` reads, for those in ``waiting``, too."""

    reader: Asker
    waiting: deque[Asker] = field(default_factory=deque)


@dataclass(slots=True)
class _Kept:
    """Where a result is in the file. ``reader`` counts what it cost; ``None`` where it died, perhaps before that."""

    start: int
    length: int
    reader: Asker | None


class SharedReadings:
    """The claims and the results of one start of a run. Workers that are gone are told of to ``gone``."""

    def __init__(self) -> None:
        self._claims: dict[bytes, _Claim] = {}
        self._kept: OrderedDict[bytes, _Kept] = OrderedDict()
        self._file: IO[bytes] | None = None
        self._size = 0

    def asked(self, key: bytes, worker: Asker) -> None:
        """``worker`` wants to read the file of ``key``: answer it, now or when another one has read it."""
        kept = self._kept.get(key)
        if kept is not None and self._file is not None:
            self._file.seek(kept.start)
            result = self._file.read(kept.length)
            is_counted = kept.reader is not None
            kept.reader = kept.reader or worker
            worker.answer((KNOWN, key, result, is_counted))
            return
        claim = self._claims.setdefault(key, _Claim(worker))
        if claim.reader is worker:
            worker.answer((READ, key))
        else:
            claim.waiting.append(worker)

    def told(self, key: bytes, worker: Asker, result: bytes | None) -> None:
        """``worker`` has read the file of ``key``; ``None``: it gave up, and the next one may."""
        claim = self._claims.get(key)
        if claim is None or claim.reader is not worker:
            return
        if result is None:
            self._hand_over(key, claim)
            return
        del self._claims[key]
        self._keep(key, result, worker)
        for each in claim.waiting:
            each.answer((KNOWN, key, result, True))

    def gone(self, worker: Asker) -> None:
        """``worker`` died: others read what it was reading, and count what it had read."""
        for key, claim in list(self._claims.items()):
            claim.waiting = deque(each for each in claim.waiting if each is not worker)
            if claim.reader is worker:
                self._hand_over(key, claim)
        for kept in self._kept.values():
            if kept.reader is worker:
                kept.reader = None

    def close(self) -> None:
        """Forget everything."""
        if self._file is not None:
            self._file.close()

    def _hand_over(self, key: bytes, claim: _Claim) -> None:
        if not claim.waiting:
            del self._claims[key]
            return
        claim.reader = claim.waiting.popleft()
        claim.reader.answer((READ, key))

    def _keep(self, key: bytes, result: bytes, worker: Asker) -> None:
        """Keep a result as long as there is room: without it the file is read once more."""
        if self._size + len(result) > READINGS_BYTES:
            self._kept.clear()
            self._size = 0
        if len(self._kept) >= READINGS_KEPT:
            self._kept.popitem(last=False)
        try:
            if self._file is None:
                self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - until ``close``
            self._file.seek(self._size)
            written = self._file.write(result)
        except OSError:  # a full disk
            return
        if written == len(result):
            self._kept[key] = _Kept(self._size, len(result), worker)
            self._size += len(result)
