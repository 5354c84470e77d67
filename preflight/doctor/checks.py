"""One check of the installation, and running it within a bound."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from preflight.errors import install_command
from preflight.model import Verdict
from preflight.redact import printable

_LONGEST = 300


class CheckState(Enum):
    """``NOTE`` and ``MISSING`` need nothing for a check to work; ``UNKNOWN`` means that the check got no answer."""

    OK = "ok"
    NOTE = "note"
    MISSING = "missing"
    SKIPPED = "skipped"
    UNKNOWN = "unknown"
    FAIL = "fail"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """The result of one check. ``fix`` says how to repair a part that does not work."""

    name: str
    state: CheckState
    found: str
    fix: str | None = None


Trial: TypeAlias = Callable[[], Iterable[Check]]


def verdict(checks: Iterable[Check]) -> Verdict:
    """``FAIL`` when a required part does not work, ``INDETERMINATE`` when a check gave no answer."""
    states = {check.state for check in checks}
    if CheckState.FAIL in states:
        return Verdict.FAIL
    return Verdict.INDETERMINATE if CheckState.UNKNOWN in states else Verdict.PASS


def tried(trials: Sequence[tuple[str, Trial]], *, seconds: float) -> tuple[Check, ...]:
    """The checks of all ``trials``, in order; they start together. A trial longer than ``seconds`` is abandoned.

    A trial that raises has failed: a broken installation may raise any exception.
    """
    running = [(name, *_begun(name, trial)) for name, trial in trials]
    end = time.monotonic() + seconds
    checks: list[Check] = []
    for name, thread, found in running:
        thread.join(max(0.0, end - time.monotonic()))
        checks += found or [Check(name=name, state=CheckState.UNKNOWN, found=f"no answer within {seconds:g} s")]
    return tuple(checks)


def _begun(name: str, trial: Trial) -> tuple[threading.Thread, list[Check]]:
    """A trial in a daemon thread: a name server may block it for minutes, and the process must still end."""
    found: list[Check] = []

    def run() -> None:
        try:
            checks = list(trial())
        except Exception as error:  # noqa: BLE001 - any exception of a broken installation is a result
            said = printable(f"{type(error).__name__}: {error}"[:_LONGEST])
            fix = f"install preflight again: {install_command('--force-reinstall', 'media-preflight')}"
            checks = [Check(name=name, state=CheckState.FAIL, found=said, fix=fix)]
        found.extend(checks)

    thread = threading.Thread(target=run, daemon=True, name=f"doctor: {name}")
    thread.start()
    return thread, found
