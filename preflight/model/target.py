"""One thing to check: a job, a media file by itself, or a job file that could not be read."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from preflight.redact import redact

if TYPE_CHECKING:
    from preflight.errors import JobUnreadable
    from preflight.model.job import Job
    from preflight.model.report import Kind

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]+:")
"""Two characters at least, so that a drive letter is none. A file of such a name is written ``./a:b.png``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """A file to be checked by itself: a path or a URL. Without ``kind`` its bytes say what it is."""

    source: str
    kind: Kind | None = None

    def __repr__(self) -> str:
        return f"Media(source={redact(self.source)!r}, kind={self.kind!r})"


Target: TypeAlias = "Job | Media | JobUnreadable"


def is_url(source: str) -> bool:
    """Whether a source is meant as a URL, of whatever scheme, rather than as a path."""
    return _SCHEME.match(source.lstrip()) is not None
