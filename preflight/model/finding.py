"""One stated problem, its severity, and the verdict."""

from __future__ import annotations

from enum import Enum, IntEnum

from preflight.model.exchange import Exchangeable
from preflight.model.frozen import frozen
from preflight.model.named_tuple import NamedTuple


class Severity(IntEnum):
    """Ordered: a threshold is a comparison."""

    NOTE = 1
    WARNING = 2
    ERROR = 3

    @property
    def label(self) -> str:
        return self.name.lower()


@frozen
class Finding(Exchangeable):
    """A rule that is broken, or could not be examined.

    ``indeterminate`` marks a rule that could not be decided: the verdict is then not a pass, whatever the threshold.
    ``measured`` and ``allowed`` are for people, with their units. ``fix`` is a command or a value that can be pasted.
    ``line`` and ``column`` count from 1.
    """

    rule: str
    severity: Severity
    message: str
    indeterminate: bool = False
    field: str | None = None
    measured: str | None = None
    allowed: str | None = None
    fix: str | None = None
    help: str | None = None
    path: str | None = None
    line: int | None = None
    column: int | None = None


class Hidden(NamedTuple):
    """A finding that is not shown. ``by`` names the cause: ``option``, ``path``, ``comment`` or ``baseline``."""

    finding: Finding
    by: str


class Verdict(Enum):
    """``INDETERMINATE`` is an answer of its own: something could not be examined, and a finding says what."""

    PASS = "pass"
    FAIL = "fail"
    INDETERMINATE = "indeterminate"
