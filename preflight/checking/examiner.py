"""Examines one file: finds its bytes, runs a probe over them, and asks for a second opinion."""

from __future__ import annotations

import os.path
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from threading import BoundedSemaphore, Lock
from typing import TYPE_CHECKING

from preflight.checking import second_opinion
from preflight.checking.subjects import Examined, SubjectRequest, is_named_as_picture, may_be_a_clip
from preflight.model import DefectKind, ImageFacts, Kind, MakeProbe, Reading, Subject
from preflight.model.target import is_url
from preflight.probes.probe import probe_media
from preflight.redact import Secrets, hide, redact
from preflight.sources.local import read_local
from preflight.specs import Spec

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

    from preflight.model import Transfer, VideoFacts
    from preflight.model.receipt import Receipt
    from preflight.sources.host import AllowedHost
    from preflight.sources.proxy import Proxy
    from preflight.sources.remote import RemoteReader
    from preflight.sources.url import RemoteUrl
    from preflight.workers.pool import WorkerPool

_MARKS_OF_URLS = frozenset("?#@;=:&%")

_AT_ONCE = 32
"""URLs read at the same time."""

_DECODED_AT_ONCE = 2
"""Pictures decoded at the same time: each may take all of its process's memory."""


class Examiner:
    """Examines requests. Keeps the processes of MediaInfo and decoders from one to the next; ``close`` ends them.

    ``allow``: hosts that may be private. ``deadline_s``: seconds for one URL, ``None`` for the reader's own. ``deep``
    fetches and decodes pictures whole; ``offline`` asks no server.
    """

    def __init__(
        self,
        *,
        spec: Spec,
        allow: tuple[AllowedHost, ...] = (),
        deadline_s: float | None = None,
        proxy: Proxy | None = None,
        deep: bool = False,
        offline: bool = False,
    ) -> None:
        self._spec = spec
        self._allow = allow
        self._deadline_s = deadline_s
        self._proxy = proxy
        self._deep = deep
        self._offline = offline
        self._pool: WorkerPool | None = None
        self._decoder: WorkerPool | None = None
        self._pool_lock = Lock()
        self._decoding = BoundedSemaphore(_DECODED_AT_ONCE)
        self._threads: ThreadPoolExecutor | None = None

    def close(self) -> None:
        """End the processes and threads that were started."""
        for pool in (self._pool, self._decoder):
            if pool is not None:
                pool.close()
        if self._threads is not None:
            self._threads.shutdown()

    def request(self, source: str, *, kind: Kind | None, field: str | None, base: Path) -> SubjectRequest:
        """The request of ``source``: a URL, or a path relative to ``base``."""
        if is_url(source) or not source.strip():  # an empty text is not a path, either
            from preflight.sources.url import examine_url  # noqa: PLC0415 - paths do not need it

            address, url = examine_url(source, allow=self._allow)
            return SubjectRequest(
                source=source,
                shown=redact(source),
                kind=kind,
                field=field,
                path=None,
                address=address,
                url=None if self._offline else url,
            )
        path = base / source
        return SubjectRequest(
            source=source, shown=_shown(source, path), kind=kind, field=field, path=path, address=None
        )

    def examine(
        self, requests: Sequence[Sequence[SubjectRequest]], *, thorough: bool, known: Examined | None = None
    ) -> list[tuple[Subject, ...]]:
        """The subjects of ``requests``, in the same order. Not for use inside an event loop.

        ``thorough`` asks for a second opinion on every clip. A file that is ``known`` from this run is not examined
        again; new ones are added.
        """
        known = known or Examined()
        if any(request.url for each in requests for request in each):
            import asyncio  # noqa: PLC0415 - costs 30 ms that a check of local files does not need

            return asyncio.run(self.examine_async(requests, thorough=thorough, known=known))
        return [tuple(self._examine_once(request, known, thorough=thorough) for request in each) for each in requests]

    async def examine_async(
        self, requests: Sequence[Sequence[SubjectRequest]], *, thorough: bool, known: Examined | None = None
    ) -> list[tuple[Subject, ...]]:
        """Like ``examine``, inside an event loop. All are read at the same time, up to a bound."""
        import asyncio  # noqa: PLC0415 - see examine

        if thorough and any(request.url and may_be_a_clip(request) for each in requests for request in each):
            self._started_pool().warm()  # while libraries load and the first bytes are under way

        from preflight.sources.limits import RemoteLimits  # noqa: PLC0415 - with h11 and ssl, 40 ms to load
        from preflight.sources.remote import RemoteReader  # noqa: PLC0415 - with h11 and ssl, 40 ms to load

        known = known or Examined()
        limits = RemoteLimits()
        if self._deadline_s is not None:
            limits = limits._replace(deadline_s=self._deadline_s)
        gate = asyncio.Semaphore(_AT_ONCE)
        remote = RemoteReader(allow=self._allow, limits=limits, proxy=self._proxy)
        async with remote as reader, asyncio.TaskGroup() as group:

            async def examine(request: SubjectRequest) -> Subject:
                async with gate:
                    return await self._examine(request, reader, thorough=thorough)

            new = {request.identity: request for each in requests for request in each if known.get(request) is None}
            tasks = {identity: group.create_task(examine(request)) for identity, request in new.items()}

        def found(request: SubjectRequest) -> Subject | None:
            return (
                request.subject(tasks[request.identity].result()) if request.identity in tasks else known.get(request)
            )

        subjects = [tuple(filter(None, map(found, each))) for each in requests]
        for identity, request in new.items():
            known.add(request, tasks[identity].result())
        return subjects

    async def _aside(self, work: Callable[[], Subject]) -> Subject:
        """``work`` in a thread that is kept: a loop that ends waits for threads of its own, after the last answer."""
        import asyncio  # noqa: PLC0415 - see examine
        from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - loaded by asyncio

        if self._threads is None:
            self._threads = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="preflight")
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    async def _examine(self, request: SubjectRequest, reader: RemoteReader, *, thorough: bool) -> Subject:
        if request.url is None:
            return await self._aside(partial(self._examine_local, request, thorough=thorough))
        reading = await reader.read(request.url, self._probe(request), deep=self._deep, looks_cut=_looks_cut)
        if self._wants_opinion(reading.facts, thorough=thorough):
            return await self._aside(partial(self._with_opinion, request, reading))
        if self._wants_decoding(reading.facts):
            return await self._aside(partial(self._with_decoding, request, reading))
        return self._subject(request, reading)

    def _examine_once(self, request: SubjectRequest, known: Examined, *, thorough: bool) -> Subject:
        subject = known.get(request)
        if subject is None:
            subject = self._examine_local(request, thorough=thorough)
            known.add(request, subject)
        return subject

    def _examine_local(self, request: SubjectRequest, *, thorough: bool) -> Subject:
        if request.path is None:
            return Subject(
                kind=request.kind or Kind.VIDEO, source=request.shown, field=request.field, address=request.address
            )
        if thorough and may_be_a_clip(request):
            self._started_pool().warm()  # while the probe and the rules load
        reading = read_local(request.path, self._probe(request))
        if self._wants_opinion(reading.facts, thorough=thorough):
            return self._with_opinion(request, reading)
        if self._wants_decoding(reading.facts):
            return self._with_decoding(request, reading)
        return self._subject(request, reading)

    def _probe(self, request: SubjectRequest) -> MakeProbe[ImageFacts | VideoFacts]:
        likely = Kind.IMAGE if is_named_as_picture(request) else Kind.VIDEO
        return partial(probe_media, kind=request.kind, likely=likely, deep=self._deep)

    def _with_opinion(self, request: SubjectRequest, reading: Reading[ImageFacts | VideoFacts]) -> Subject:
        assert reading.facts is not None
        assert not isinstance(reading.facts, ImageFacts)
        facts = second_opinion.with_second_opinion(reading.facts, reading.fetched, self._started_pool())
        return self._subject(request, replace(reading, facts=facts))

    def _with_decoding(self, request: SubjectRequest, reading: Reading[ImageFacts | VideoFacts]) -> Subject:
        assert isinstance(reading.facts, ImageFacts)
        with self._decoding:
            facts = second_opinion.with_decoding(reading.facts, reading.fetched, self._started_decoder())
        return self._subject(request, replace(reading, facts=facts))

    def _subject(self, request: SubjectRequest, reading: Reading[ImageFacts | VideoFacts]) -> Subject:
        kind = Kind.IMAGE if isinstance(reading.facts, ImageFacts) else Kind.VIDEO
        return Subject(
            kind=request.kind or kind,
            source=request.shown,
            field=request.field,
            address=request.address,
            transfer=_without_secrets(reading.transfer, request.url) if request.url else reading.transfer,
            facts=reading.facts,
            fault=reading.fault,
            receipt=self._receipt(reading, request.url)
            if request.url is not None and request.field is not None
            else None,
        )

    @staticmethod
    def _receipt(reading: Reading[ImageFacts | VideoFacts], url: RemoteUrl) -> Receipt:
        from preflight.model.receipt import Receipt  # noqa: PLC0415 - loads hashlib, which a local file need not

        validator = _without_secrets(reading.transfer, url).validator
        return Receipt.of(reading.fetched, size_bytes=reading.size_bytes, validator=validator)

    def _wants_opinion(self, facts: ImageFacts | VideoFacts | None, *, thorough: bool) -> bool:
        if facts is None or isinstance(facts, ImageFacts):
            return False
        return second_opinion.is_wanted(facts, self._spec, thorough=thorough)

    def _wants_decoding(self, facts: ImageFacts | VideoFacts | None) -> bool:
        return self._deep and isinstance(facts, ImageFacts) and second_opinion.is_decodable(facts)

    def _started_decoder(self) -> WorkerPool:
        from preflight.workers.pool import DECODE, WorkerPool  # noqa: PLC0415 - only a deep check decodes

        with self._pool_lock:  # pictures are decoded in several threads
            if self._decoder is None:
                self._decoder = WorkerPool(command=DECODE)
            return self._decoder

    def _started_pool(self) -> WorkerPool:
        from preflight.workers.pool import WorkerPool  # noqa: PLC0415 - pictures need no process

        with self._pool_lock:  # clips are judged in several threads
            if self._pool is None:
                self._pool = WorkerPool()
            return self._pool


def _shown(source: str, path: Path) -> str:
    """The printable form of a local source: the whole name where the file exists.

    A name without a file may be a URL without its scheme, and signed.
    """
    return source if _MARKS_OF_URLS.isdisjoint(source) or os.path.lexists(path) else redact(source)


def _without_secrets(transfer: Transfer, url: RemoteUrl) -> Transfer:
    """``transfer`` without the URL's signature, which a server may repeat in any header."""
    if not url.query or not (transfer.declared_type or transfer.validator):
        return transfer
    secrets = Secrets.of_url(url.url)
    declared, validator = transfer.declared_type, transfer.validator
    return replace(
        transfer, declared_type=declared and secrets.hide(declared), validator=validator and hide(validator, secrets)
    )


def _looks_cut(facts: ImageFacts | VideoFacts) -> bool:
    """Whether a file that is longer than its stated size would explain the facts."""
    return any(defect.kind in {DefectKind.TRUNCATED, DefectKind.INCOMPLETE} for defect in facts.defects)
