"""Examines one file: finds its bytes, runs a probe over them, and asks for a second opinion."""

from __future__ import annotations

import os.path
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from preflight.checking import second_opinion
from preflight.checking.check_spans import describe_file
from preflight.checking.subjects import Examined, SubjectRequest, is_named_as_picture, may_be_a_clip
from preflight.model import DefectKind, ImageFacts, Kind, MakeProbe, Reading, Subject
from preflight.model.target import is_url
from preflight.probes.probe import probe_media
from preflight.redact import Secrets, hide, redact
from preflight.sources.limits import RemoteLimits
from preflight.sources.local import read_local
from preflight.specs import Spec
from preflight.tracing.spans import traced

if TYPE_CHECKING:
    from preflight.checking.named_media import NamedMedia
    from preflight.checking.resources import Resources
    from preflight.checking.second_opinion import Answers
    from preflight.checking.thumbnailer import Thumbnailer
    from preflight.model import Transfer, VideoFacts
    from preflight.model.receipt import Receipt
    from preflight.sources.host import AllowedHost
    from preflight.sources.manners import Manners
    from preflight.sources.proxy import Proxy
    from preflight.sources.remote import RemoteReader
    from preflight.sources.url import RemoteUrl

_MARKS_OF_URLS = frozenset("?#@;=:&%")


class Examiner:
    """Examines requests, with the processes, threads and readers of ``resources``.

    ``spec`` is loaded when it is first needed. ``allow``: hosts that may be private. ``deadline_s``: seconds for one
    URL, ``None`` for the reader's own. ``deep`` fetches and decodes pictures whole; ``thumbnails`` makes a thumbnail of
    each file; ``offline`` asks no server, and ``urls_only`` opens no local file. ``locate`` finds the file behind a
    local path.
    """

    def __init__(
        self,
        *,
        resources: Resources,
        spec: Callable[[], Spec],
        allow: tuple[AllowedHost, ...] = (),
        deadline_s: float | None = None,
        proxy: Proxy | None = None,
        manners: Manners | None = None,
        deep: bool = False,
        thumbnails: bool = False,
        offline: bool = False,
        urls_only: bool = False,
        locate: Callable[[Path], Path] | None = None,
    ) -> None:
        self._resources = resources
        self._spec = spec
        self._allow = frozenset(allow)
        self._deadline_s = deadline_s
        self._proxy = proxy
        self._manners = manners
        self._deep = deep
        self._thumbnails = _thumbnailer(resources) if thumbnails else None
        self._offline = offline
        self._urls_only = urls_only
        self._locate = locate

    def load(self) -> None:
        """Load the libraries that reading a URL needs. Runs in the loop."""
        self._reader(0)

    def requests(self, media: Iterable[NamedMedia], base: Path) -> list[SubjectRequest]:
        """The requests of ``media``, whose paths begin in ``base``."""
        return [self.request(each.source, kind=each.kind, field=each.field, base=base) for each in media]

    def request(self, source: str, *, kind: Kind | None, field: str | None, base: Path) -> SubjectRequest:
        """The request of ``source``: a URL, or a path relative to ``base``."""
        if is_url(source) or not source.strip():  # an empty text is not a path, either
            from preflight.sources.url import examine_url  # paths do not need it

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
        if self._urls_only:
            return SubjectRequest(source=source, shown=redact(source), kind=kind, field=field, path=None, address=None)
        path = base / source
        if self._locate is not None:
            path = self._locate(path)
        return SubjectRequest(
            source=source, shown=_shown(source, path), kind=kind, field=field, path=path, address=None
        )

    def examine(self, requests: Sequence[SubjectRequest], known: Examined, *, thorough: bool) -> tuple[Subject, ...]:
        """The subjects of ``requests``, none of them at a URL that is to be asked, in the same order.

        ``thorough`` asks for a second opinion on every clip. A file that is ``known`` from this run is not examined
        again; new ones are added.
        """
        return tuple(self._examine_once(request, known, thorough=thorough) for request in requests)

    async def examine_async(self, request: SubjectRequest, *, thorough: bool, retries: int) -> Subject:
        """The subject of ``request``, at a URL or not, in the loop of ``resources``.

        ``retries``: further tries at a URL whose server had no time, or whose connection broke.
        """
        if request.url is None:
            return await self._examine_beside(request, thorough=thorough)
        resources = self._resources
        if thorough and may_be_a_clip(request):
            resources.asking(resources.mediainfo).warm()  # while libraries load and the first bytes are under way
        reader = self._reader(retries)
        then = self._thumbnails.then if self._thumbnails else None
        reading = await reader.read(request.url, self._probe(request), deep=self._deep, looks_cut=_looks_cut, then=then)
        subject = await self._with_another_opinion(request, reading, thorough=thorough)
        return await self._thumbnails.added_async(subject, reading.extra) if self._thumbnails else subject

    def _reader(self, retries: int) -> RemoteReader:
        settings = (self._allow, self._deadline_s, retries, self._proxy, self._manners)
        return self._resources.reader(settings, partial(self._new_reader, retries))

    def _new_reader(self, retries: int) -> RemoteReader:
        from preflight.sources.remote import RemoteReader  # with h11 and ssl, 40 ms to load
        from preflight.sources.turns import Hosts

        limits = RemoteLimits(retries=retries)
        if self._deadline_s is not None:
            limits = limits._replace(deadline_s=self._deadline_s)
        hosts, on_bytes = Hosts(self._manners), self._resources.on_bytes
        return RemoteReader(allow=self._allow, limits=limits, proxy=self._proxy, hosts=hosts, on_bytes=on_bytes)

    async def _examine_beside(self, request: SubjectRequest, *, thorough: bool) -> Subject:
        if request.path is None:
            return self._unread(request)
        reading = await self._resources.beside(partial(read_local, request.path, self._probe(request)))
        subject = await self._with_another_opinion(request, reading, thorough=thorough)
        if self._thumbnails is None:
            return subject
        material = await self._resources.beside(partial(self._thumbnails.read, request.path, reading.facts))
        return await self._thumbnails.added_async(subject, material)

    async def _with_another_opinion(
        self, request: SubjectRequest, reading: Reading[ImageFacts | VideoFacts], *, thorough: bool
    ) -> Subject:
        resources = self._resources
        if self._wants_opinion(reading.facts, thorough=thorough):
            return await resources.asking(resources.mediainfo).ask(partial(self._with_opinion, request, reading))
        if self._wants_decoding(reading.facts):
            return await resources.asking(resources.decoder).ask(partial(self._with_decoding, request, reading))
        return self._subject(request, reading)

    def _examine_once(self, request: SubjectRequest, known: Examined, *, thorough: bool) -> Subject:
        subject = known.get(request)
        if subject is None:
            with traced("preflight.file") as span:
                subject = self._examine_local(request, thorough=thorough)
                describe_file(span, request, subject)
            if self._thumbnails is not None and request.path is not None:
                material = self._thumbnails.read(request.path, subject.facts)
                subject = self._thumbnails.added(subject, material)
            known.add(request, subject)
        return subject

    def _examine_local(self, request: SubjectRequest, *, thorough: bool) -> Subject:
        if request.path is None:
            return self._unread(request)
        if thorough and may_be_a_clip(request):
            self._resources.mediainfo.warm()  # while the probe and the rules load
        reading = read_local(request.path, self._probe(request))
        if self._wants_opinion(reading.facts, thorough=thorough):
            return self._with_opinion(request, reading, self._resources.mediainfo)
        if self._wants_decoding(reading.facts):
            return self._with_decoding(request, reading, self._resources.decoder)
        return self._subject(request, reading)

    def _probe(self, request: SubjectRequest) -> MakeProbe[ImageFacts | VideoFacts]:
        likely = Kind.IMAGE if is_named_as_picture(request) else Kind.VIDEO
        return partial(probe_media, kind=request.kind, likely=likely, deep=self._deep)

    def _with_opinion(
        self, request: SubjectRequest, reading: Reading[ImageFacts | VideoFacts], workers: Answers
    ) -> Subject:
        assert reading.facts is not None
        assert not isinstance(reading.facts, ImageFacts)
        facts = second_opinion.with_second_opinion(reading.facts, reading.fetched, workers)
        return self._subject(request, replace(reading, facts=facts))

    def _with_decoding(
        self, request: SubjectRequest, reading: Reading[ImageFacts | VideoFacts], workers: Answers
    ) -> Subject:
        assert isinstance(reading.facts, ImageFacts)
        facts = second_opinion.with_decoding(reading.facts, reading.fetched, workers)
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
        from preflight.model.receipt import Receipt  # loads hashlib, which a local file need not

        validator = _without_secrets(reading.transfer, url).validator
        return Receipt.of(reading.fetched, size_bytes=reading.size_bytes, validator=validator)

    def _unread(self, request: SubjectRequest) -> Subject:
        kind = request.kind or Kind.VIDEO
        subject = Subject(kind=kind, source=request.shown, field=request.field, address=request.address)
        return self._thumbnails.added(subject, None) if self._thumbnails else subject

    def _wants_opinion(self, facts: ImageFacts | VideoFacts | None, *, thorough: bool) -> bool:
        if facts is None or isinstance(facts, ImageFacts):
            return False
        return second_opinion.is_wanted(facts, self._spec(), thorough=thorough)

    def _wants_decoding(self, facts: ImageFacts | VideoFacts | None) -> bool:
        return self._deep and isinstance(facts, ImageFacts) and second_opinion.is_decodable(facts)


def _thumbnailer(resources: Resources) -> Thumbnailer:
    from preflight.checking.thumbnailer import Thumbnailer  # only for --thumbnails

    return Thumbnailer(resources)


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
