"""The options of a check."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from preflight.model import Severity
from preflight.model.frozen import frozen
from preflight.specs import DEFAULT_MODEL, Rounding

if TYPE_CHECKING:
    from pathlib import Path

    from preflight.checking.baseline import Baseline
    from preflight.settings import PathIgnore
    from preflight.sources.host import AllowedHost
    from preflight.sources.manners import Manners
    from preflight.sources.proxy import Proxy


def _now() -> datetime:  # by name, so that options can be sent to another process
    return datetime.now(UTC)


@frozen
class Options:
    """How to check.

    ``select`` and ``ignore`` hold rules or areas of rules, ``path_ignores`` such for files by pattern, relative to
    ``folder``; ``severities`` has other severities by rule. Findings in ``baseline`` are not reported.
    ``thorough`` asks for a second opinion on every clip; by default that is done for a target by itself, and for many
    only where it could matter (``second_opinion.py``). ``deep`` fetches and decodes pictures whole; ``thumbnails``
    fetches them whole to show them, and the first key frame of clips. ``uploaded`` refuses local paths, as for
    submitting; ``offline`` judges URLs by their text alone. ``every_mode`` prices all modes, not only the one that
    holds. ``retries`` are further tries at a URL that is busy or breaks off (``None``: one, and two for several
    targets). ``locate`` finds the file behind a local path that is somewhere else, such as in a commit. ``identify``
    gives each report the identity of its job. ``now`` gives the time to compare signed URLs with; it is called once a
    report. ``manners`` is how hosts are read (default: ``Manners()``).
    """

    allow: tuple[AllowedHost, ...] = ()
    fail_on: Severity = Severity.ERROR
    select: frozenset[str] = frozenset()
    ignore: frozenset[str] = frozenset()
    path_ignores: tuple[PathIgnore, ...] = ()
    folder: str = "."
    severities: Mapping[str, Severity] = field(default_factory=dict, hash=False)
    baseline: Baseline | None = None
    max_credits: Decimal | None = None
    rounding: Rounding | None = None
    model: str = DEFAULT_MODEL
    mode: str | None = None
    orientation: str | None = None
    deadline_s: float | None = None
    retries: int | None = None
    proxy: Proxy | None = None
    thorough: bool | None = None
    deep: bool = False
    thumbnails: bool = False
    uploaded: bool = False
    offline: bool = False
    manners: Manners | None = None
    every_mode: bool = False
    identify: bool = True
    locate: Callable[[Path], Path] | None = None
    now: Callable[[], datetime] = _now
