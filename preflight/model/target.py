"""One thing to check: a job, a media file by itself, or a job file that could not be read."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeAlias

from preflight.model.frozen import frozen
from preflight.redact import redact, shown_path
from preflight.redact.suggestion import close_words

if TYPE_CHECKING:
    from preflight.errors import JobUnreadable
    from preflight.model.job import Job
    from preflight.model.report import Kind

_LONGEST = 2000
_URL = (
    r"(?ia)\s*(?:[a-z][a-z0-9+.-]+:(?://|\\\\)"  # two letters at least: one is a drive
    r"|(?:https?|ftp|file):[/\\]|data:[\w.+-]*[/;,]|blob:[a-z]+:)"
)
_HOST = r"((?:[a-z0-9][a-z0-9-]{0,62}\.){1,10}[a-z]{2,24}|localhost|\d{1,3}(?:\.\d{1,3}){3}|\[[0-9a-f:.]{2,45}\])"
_ALMOST_URL = rf"(?i)\s*(?:([a-z]{{2,8}})[:;]?/{{0,3}}(?<![a-z])|//)?({_HOST}(?::\d{{1,5}})?/\S.*)"
"""A word that may be a misspelt scheme, if any, then a host, a port, and a path."""


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


def meant_url(source: str) -> str | None:
    """The URL that a name was probably meant to be, without its query: ``example.com/a.mp4``, ``htps://example.com/a``.

    ``None`` for a URL, and for a name that does not begin with a host.
    """
    found = re.fullmatch(_ALMOST_URL, source[:_LONGEST].rstrip())
    if found is None:
        return None
    word, rest, host = (found[1] or "").lower(), found[2], found[3].lower()
    if word and not close_words(word, ("http", "https"), cutoff=0.7):
        return None
    scheme = "http" if host == "localhost" or not host[-1].isalpha() or word == "http" else "https"
    meant = f"{scheme}://{rest}"
    return None if source.lower().lstrip().startswith(meant.lower()[: len(scheme) + 4]) else redact(meant)
