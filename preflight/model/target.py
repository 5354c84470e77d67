"""One thing to check: a job, a media file by itself, or a job file that could not be read."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeAlias

from preflight.model.frozen import frozen
from preflight.redact import redact, shown_path

if TYPE_CHECKING:
    from preflight.errors import JobUnreadable
    from preflight.model.job import Job
    from preflight.model.report import Kind

_URL = (
    r"(?ia)\s*(?:[a-z][a-z0-9+.-]+:(?://|\\\\)"  # two letters at least: one is a drive
    r"|(?:https?|ftp|file):[/\\]|data:[\w.+-]*[/;,]|blob:[a-z]+:)"
)


@frozen
class Media:
    """A file to be checked by itself: a path or a URL. Without ``kind`` its bytes decide."""

    source: str
    kind: Kind | None = None

    def __repr__(self) -> str:
        source = redact(self.source) if is_url(self.source) else shown_path(self.source)
        return f"Media(source={source!r}, kind={self.kind!r})"


Target: TypeAlias = "Job | Media | JobUnreadable"


def is_url(source: str) -> bool:
    """Whether a source is meant as a URL, of whatever scheme, rather than as a path.

    A name with a colon alone is a file's (``http:.mp4``, ``take:2.mov``). A file whose name looks like a URL all the
    same is written ``./https:/a.png``.
    """
    return ":" in source and re.match(_URL, source) is not None  # most paths need no pattern compiled
