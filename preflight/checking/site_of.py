"""Where a file is: its host, or this machine."""

from __future__ import annotations

from typing import Final

from preflight.model import Subject
from preflight.model.target import is_url
from preflight.sources.url import counted_host

LOCAL: Final = "local"


def site_of(subject: Subject) -> str:
    """The host of a file, in one spelling for every way to write it; ``local`` for a file of this machine.

    It comes from the URL alone, so that a saved report and the check that wrote it name the same host.
    """
    return counted_host(subject.source) if is_url(subject.source) else LOCAL
