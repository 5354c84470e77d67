"""A file that is waiting to be examined, and the memory of those that one run has examined."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from preflight.model import Kind, Subject
from preflight.model.file_types import promised_kind

if TYPE_CHECKING:
    from preflight.model import AddressFacts
    from preflight.sources.url import RemoteUrl

_REMEMBERED = 1024
"""Files whose subjects are kept during one run: rows of a manifest name the same character, the same dance."""


class SubjectRequest(NamedTuple):
    """A file that is to be examined. ``path`` is set for local ones, ``address`` for URLs.

    ``shown`` is the source as it may be printed: without the query string. ``url`` is the server that is asked.
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
        """What two requests share that one look answers: a receipt is made for the files of jobs only."""
        return self.path or self.source, self.kind, self.field is None

    def subject(self, examined: Subject) -> Subject:
        """The subject of this request, from that of another with the same identity."""
        if examined.field == self.field and examined.source == self.shown:
            return examined
        return replace(examined, field=self.field, source=self.shown)


class Examined:
    """What one run has found out, so that a file that many jobs name is looked at once. The oldest is forgotten first.

    It belongs to one ``Examiner`` and one ``thorough``.
    """

    def __init__(self) -> None:
        self._subjects: dict[object, Subject] = {}

    def get(self, request: SubjectRequest) -> Subject | None:
        """The subject of ``request`` where its file was examined before."""
        known = self._subjects.get(request.identity)
        return None if known is None else request.subject(known)

    def add(self, request: SubjectRequest, subject: Subject) -> None:
        """Keep it for the requests that are still to come."""
        if len(self._subjects) >= _REMEMBERED:
            del self._subjects[next(iter(self._subjects))]
        self._subjects[request.identity] = subject


def is_named_as_picture(request: SubjectRequest) -> bool:
    """Whether its name is that of a picture."""
    return promised_kind(request.shown.removesuffix("?…").removesuffix(";…")) is Kind.IMAGE


def may_be_a_clip(request: SubjectRequest) -> bool:
    """Whether it is meant as a clip, as far as its place in the job and its name say."""
    return request.kind is Kind.VIDEO or (request.kind is None and not is_named_as_picture(request))
