"""Where a file is: its host, or this machine."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from preflight.model import Subject
from preflight.model.target import is_url

LOCAL: Final = "local"


def site_of(subject: Subject) -> str:
    """The host of a file, in the one spelling that it was read by; ``local`` for one of this machine."""
    if not is_url(subject.source):
        return LOCAL
    if subject.address is not None and subject.address.host and subject.address.problem is None:
        return subject.address.host
    try:
        return urlsplit(subject.source).hostname or "?"
    except ValueError:  # an address in brackets that is none
        return "?"
