"""A file that is to be examined, the results that one run remembers, and the result of a target."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

from preflight.model import Kind, Subject
from preflight.model.file_types import promised_kind
from preflight.model.frozen import frozen

if TYPE_CHECKING:
    from preflight.model import AddressFacts, JobReport
    from preflight.model.target import Target
    from preflight.sources.url import RemoteUrl

REMEMBERED = 1024
"""Files whose subjects are kept during one run: rows of a manifest name the same character, the same dance."""


class SubjectRequest(NamedTuple):
    """A file that is to be examined. ``path`` is set for local ones, ``address`` for URLs.

    ``shown`` is the source as it may be printed: without the query string. ``url`` is the server to ask.
    """

    source: str
    shown: str
    kind: Kind | None
    field: str | None
    path: Path | None
    address: AddressFacts | None
    url: RemoteUrl | None = None

    @property
    def identity(self) -> tuple[Path | str, Kind | None, bool]:
        """The key that requests with one result share: only files of jobs get a receipt."""
        return self.path or self.source, self.kind, self.field is None

    def subject(self, examined: Subject) -> Subject:
        """The subject of this request, from that of another with the same identity."""
        if examined.field == self.field and examined.source == self.shown:
            return examined
        return replace(examined, field=self.field, source=self.shown)


class Examined:
    """The results of one run, so that a file that many jobs name is examined once. The oldest is dropped first.

    It belongs to one ``Examiner`` and one ``thorough``.
    """

    def __init__(self) -> None:
        self._subjects: dict[object, Subject] = {}

    def get(self, request: SubjectRequest) -> Subject | None:
        """The subject of ``request`` where its file was examined before."""
        known = self._subjects.get(request.identity)
        return None if known is None else request.subject(known)

    def add(self, request: SubjectRequest, subject: Subject) -> None:
        """Keep the subject for later requests."""
        if len(self._subjects) >= REMEMBERED:
            del self._subjects[next(iter(self._subjects))]
        self._subjects[request.identity] = subject


class Shared(Protocol):
    """The subjects of files that other processes may examine as well. Used in the loop of an engine."""

    def has(self, request: SubjectRequest) -> bool:
        """Whether the file of ``request`` is one of them."""

    async def examined(self, request: SubjectRequest, examine: Callable[[], Awaitable[Subject]]) -> Subject:
        """The subject of ``request``: that of another process, or what ``examine`` returns."""


@frozen
class Checked:
    """One target of several, checked. ``index`` counts targets from 0, in their order."""

    index: int
    target: Target
    report: JobReport


def is_named_as_picture(request: SubjectRequest) -> bool:
    """Whether its suffix is that of a picture."""
    return promised_kind(request.shown.removesuffix("?…").removesuffix(";…")) is Kind.IMAGE


def may_be_a_clip(request: SubjectRequest) -> bool:
    """Whether its field in the job or its name says that it is a clip."""
    return request.kind is Kind.VIDEO or (request.kind is None and not is_named_as_picture(request))
