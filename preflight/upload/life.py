"""How long a signed URL lives: as the user asks, and as the signature allows."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from preflight.errors import ConfigurationError
from preflight.redact import redact

DEFAULT_LIFE = timedelta(hours=24)
"""Outlives a long queue of the service, and little more."""
MOST_LIFE = timedelta(days=7)
"""AWS Signature V4, Google's V4 signatures and Azure's delegated keys end after at most seven days."""
LEAST_LIFE = timedelta(minutes=1)
LIKELY_LIFE = timedelta(hours=1)
"""A URL that ends earlier may end while the job still waits in the service's queue; the check of a URL warns, too."""

_FORM = re.compile(r"(\d{1,7})\s*(s|m|min|h|d)?", re.ASCII | re.IGNORECASE)
_UNITS = {"": 1, "s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400}


def parse_life(text: str) -> timedelta:
    """``24h``, ``90m``, ``7d``; a number alone is seconds. Raises ``ConfigurationError``."""
    form = _FORM.fullmatch(text.strip())
    if form is None:
        raise ConfigurationError(f"{redact(text)!r} is not a time: write 24h, 90m or 7d")
    life = timedelta(seconds=int(form[1]) * _UNITS[(form[2] or "").lower()])
    if life > MOST_LIFE:
        raise ConfigurationError(
            f"a signed URL lasts at most 7 days, not {show_life(life)}: use --public-base for longer"
        )
    if life < LEAST_LIFE:
        raise ConfigurationError(f"a URL that lasts {show_life(life)} ends before the service can read it: at least 1m")
    return life


def life_within(asked: timedelta | None, *, ends_at: datetime | None, now: datetime) -> timedelta:
    """The life of a URL that is signed by a session that ends at ``ends_at`` (``None``: it does not, or nobody knows).

    Raises ``ConfigurationError`` where the session ends before the time that was ``asked`` for, or, where none was,
    before a job can be expected to be read.
    """
    life = DEFAULT_LIFE if asked is None else asked
    if ends_at is None or now + life <= ends_at:
        return life
    left = ends_at - now
    if asked is None and left >= LIKELY_LIFE:
        return timedelta(seconds=int(left.total_seconds()))
    said = f"in {show_life(left)}" if left > timedelta() else "already"
    raise ConfigurationError(
        f"the credentials end {said}, and a URL that they sign ends with them: renew them"
        + (", or give a shorter --url-expires" if asked is not None and left > LEAST_LIFE else "")
    )


def show_life(life: timedelta) -> str:
    """``24 h``, ``90 min``, ``30 s``."""
    seconds = int(life.total_seconds())
    if seconds >= 2 * 86400 and seconds % 86400 == 0:
        return f"{seconds // 86400} days"
    if seconds >= 3600 and seconds % 3600 == 0:
        return f"{seconds // 3600} h"
    return f"{seconds // 60} min" if seconds >= 120 else f"{seconds} s"
