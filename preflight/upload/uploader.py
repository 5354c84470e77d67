"""Uploads files, each once, and makes sure that its URL shows the same bytes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal, Protocol, TypeAlias
from urllib.parse import quote

from preflight.redact import redact, shown_path
from preflight.sources.host import AllowedHost
from preflight.sources.proxy import Proxy
from preflight.upload.content import Content, read_content
from preflight.upload.read_back import read_back, require_public
from preflight.upload.store_errors import UploadFailed

Stage: TypeAlias = Literal["uploading", "reading back"]
OnProgress: TypeAlias = Callable[[Stage, Content, int], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadedFile:
    """A local file, and the URL that shows its bytes. The URL may be signed: it is a secret until ``expires_at``.

    ``was_there`` is whether the store held the same bytes already.
    """

    path: str
    url: str = field(repr=False)
    sha256: str
    size_bytes: int
    media_type: str
    expires_at: datetime | None = None
    was_there: bool = False


class Store(Protocol):
    """An object store as the uploader needs it (``object_store.py``)."""

    def signed_url(self, name: str, life: timedelta) -> str: ...

    def size_of(self, name: str) -> int | None: ...

    def put(self, content: Content, on_progress: Callable[[int], object]) -> None: ...


class Uploading(Protocol):
    """A way to upload: into a store, or by a command of the user's."""

    def url_of(self, content: Content) -> str | None:
        """The URL that the file will have, before anything is uploaded; ``None`` where only the upload tells."""

    def upload(self, content: Content) -> UploadedFile:
        """Bring the file to its URL, and see that the URL shows it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """How URLs are read back."""

    allow: tuple[AllowedHost, ...] = ()
    proxy: Proxy | None = None
    deadline_s: float | None = None


class StoreUploader:
    """Uploads into a store. ``life`` is that of signed URLs; with ``public_base`` none are signed."""

    def __init__(
        self,
        store: Store,
        reader: Reader,
        *,
        life: timedelta,
        public_base: str | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        on_progress: OnProgress = lambda _, __, ___: None,
    ) -> None:
        self._store = store
        self._reader = reader
        self._life = life
        self._public_base = public_base
        self._now = now
        self._on_progress = on_progress

    def url_of(self, content: Content) -> str:
        """Signed anew at each call. Raises ``ConfigurationError`` where the service could not read from there."""
        if self._public_base is not None:
            url = f"{self._public_base.rstrip('/')}/{quote(content.name)}"
        else:
            url = self._store.signed_url(content.name, self._life)
        require_public(url, self._reader.allow)
        return url

    def upload(self, content: Content) -> UploadedFile:
        """Upload ``content`` unless it is there, and read it back.

        Raises ``UploadFailed``, ``SourceError`` where the file changed or cannot be read, and ``ConfigurationError``.
        """
        url = self.url_of(content)
        expires_at = None if self._public_base is not None else self._now() + self._life
        was_there = self._store.size_of(content.name) == content.size_bytes
        difference = self._difference(url, content) if was_there else "it is not there"
        if difference is not None:  # what is there under the name of these bytes is replaced by them
            was_there = False
            self._store.put(content, lambda done: self._on_progress("uploading", content, done))
            difference = self._difference(url, content)
        if difference is not None:
            raise UploadFailed(
                f"{shown_path(str(content.path))} was uploaded, but {redact(url)} does not show it: {difference}"
            )
        return _uploaded(content, url, expires_at=expires_at, was_there=was_there)

    def _difference(self, url: str, content: Content) -> str | None:
        return difference_at(url, content, self._reader, self._on_progress)


def difference_at(
    url: str, content: Content, reader: Reader, on_progress: OnProgress, *, any_type: bool = False
) -> str | None:
    """``read_back``, with its progress."""
    return read_back(
        url,
        content,
        allow=reader.allow,
        proxy=reader.proxy,
        deadline_s=reader.deadline_s,
        any_type=any_type,
        on_progress=lambda done: on_progress("reading back", content, done),
    )


def uploaded(content: Content, url: str) -> UploadedFile:
    """The file at a URL of which only the URL is known."""
    return _uploaded(content, url, expires_at=None, was_there=False)


def upload_files(paths: Sequence[Path], uploader: Uploading) -> list[UploadedFile]:
    """Upload ``paths`` in their order, the same bytes once. Every file is read before the first one is uploaded."""
    contents = [read_content(path) for path in paths]
    for content in contents:
        uploader.url_of(content)
    done: dict[str, UploadedFile] = {}
    for content in contents:
        if content.name not in done:
            done[content.name] = uploader.upload(content)
    return [_of(done[content.name], content) for content in contents]


def _of(file: UploadedFile, content: Content) -> UploadedFile:
    return _uploaded(content, file.url, expires_at=file.expires_at, was_there=file.was_there)


def _uploaded(content: Content, url: str, *, expires_at: datetime | None, was_there: bool) -> UploadedFile:
    return UploadedFile(
        path=str(content.path),
        url=url,
        sha256=content.sha256,
        size_bytes=content.size_bytes,
        media_type=content.media_type,
        expires_at=expires_at,
        was_there=was_there,
    )
