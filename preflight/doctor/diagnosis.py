"""Runs all the checks of the installation at the same time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from preflight.doctor import local_checks as installed
from preflight.doctor import local_checks as mediainfo
from preflight.doctor import local_checks as places
from preflight.doctor import service_checks as service
from preflight.doctor.checks import Check, tried


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """The settings and the environment, from the command line.

    ``find_key`` raises ``ConfigurationError`` for a key that cannot be read, ``find_ledger`` ``RuntimeError`` where
    there is no home folder. ``seconds`` bound all of it.
    """

    environment: Mapping[str, str]
    find_key: Callable[[], str | None]
    find_ledger: Callable[[], Path]
    api_url: str
    offline: bool = False
    seconds: float = 10.0
    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))


def examine(around: Surroundings) -> tuple[Check, ...]:
    """All checks that end within ``around.seconds``, plus a little time for the answer. Never raises."""
    account = partial(
        service.account,
        around.api_url,
        around.find_key,
        seconds=around.seconds * 0.9,
        ask=not around.offline,
        now=around.now,
    )
    return tried(
        (
            ("packages", installed.versions),
            ("mediainfo", mediainfo.library),
            ("cage", mediainfo.cage),
            ("api", account),
            ("ledger", partial(places.ledger, around.find_ledger)),
            ("proxies", partial(places.proxies, around.environment)),
            ("extras", installed.extras),
        ),
        seconds=around.seconds,
    )
