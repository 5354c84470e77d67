"""Everything that the pages of one server share."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from preflight.ui.browser_access import Access
    from preflight.ui.job.desk import Desk
    from preflight.ui.payments.till import Till
    from preflight.ui.payments.watches import Watches
    from preflight.ui.runs.runs_desk import RunsDesk
    from preflight.ui.services import Services


@dataclass(frozen=True, slots=True, kw_only=True)
class Workplace:
    """Made once when the server starts. ``folder`` is private, and goes when the server ends."""

    access: Access
    services: Services
    desk: Desk
    till: Till
    watches: Watches
    runs: RunsDesk
    folder: Path
