"""The local files of a run on their way to URLs: each is read once, and uploaded once, before its job is paid for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock

from preflight.model import Job
from preflight.specs import BUILT_IN, Specs
from preflight.upload.content import Content, read_content
from preflight.upload.job_media import DeliveredJob, LocalFile, deliver, local_paths
from preflight.upload.uploader import UploadedFile, Uploading


@dataclass(frozen=True, slots=True)
class _Kept:
    """A file at its URL. ``until`` is the middle of the life of a URL that ends: after that another one is signed."""

    file: UploadedFile
    until: datetime | None


@dataclass(slots=True, kw_only=True)
class RunUploads:
    """Uploads by ``uploader``. For any number of threads.

    ``uploaded`` counts the files that are at their URLs.
    """

    uploader: Uploading
    specs: Specs = BUILT_IN
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    uploaded: int = 0
    _contents: dict[Path, Content] = field(default_factory=dict)
    _kept: dict[str, _Kept] = field(default_factory=dict)
    _turns: defaultdict[str, Lock] = field(default_factory=lambda: defaultdict(Lock))
    _lock: Lock = field(default_factory=Lock)

    @property
    def files(self) -> int:
        """The different files that were read so far."""
        return len({content.name for content in self._contents.values()})

    def hashes(self, job: Job) -> dict[str, str]:
        """The SHA-256 of each local file of ``job``, by field.

        Raises ``SourceError`` for one that cannot be read, ``ConfigurationError`` where the service could not read it.
        """
        return {name: self._content(path).sha256 for name, path in local_paths(job, self.specs).items()}

    def delivered(self, job: Job) -> DeliveredJob:
        """``job`` with its local files at URLs. Raises as ``Uploading.upload``."""
        files = tuple(
            LocalFile(field=name, content=self._content(path)) for name, path in local_paths(job, self.specs).items()
        )
        return deliver(job, files, self)

    def url_of(self, content: Content) -> str | None:
        """As ``Uploading``."""
        return self.uploader.url_of(content)

    def upload(self, content: Content) -> UploadedFile:
        """As ``Uploading``, once for equal bytes: whoever comes meanwhile waits for the same URL."""
        with self._lock:
            turn = self._turns[content.name]
        with turn:
            kept = self._kept.get(content.name)
            if kept is not None and (kept.until is None or self.now() < kept.until):
                return kept.file
            file, now = self.uploader.upload(content), self.now()
            until = None if file.expires_at is None else now + (file.expires_at - now) / 2
            self._kept[content.name] = _Kept(replace(file, path=str(content.path)), until)
            with self._lock:
                self.uploaded += kept is None
            return file

    def _content(self, path: Path) -> Content:
        """The content of ``path``, read once: a file that changes later is not uploaded (``SourceChanged``)."""
        with self._lock:
            known = self._contents.get(path)
        if known is None:
            known = read_content(path)
            with self._lock:
                is_first = not self._contents
                self._contents[path] = known
            if is_first:
                self.uploader.url_of(known)
        return known
