"""How far the payment of one run is, and the plan that it follows."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from preflight.errors import ConfigurationError
from preflight.runs.on_disk.store import FolderStore
from preflight.runs.payments.payable import open_paid_run, require_run
from preflight.runs.payments.payment_plan import make_plan
from preflight.runs.payments.record import require_known

if TYPE_CHECKING:
    from contextlib import ExitStack

    from preflight.client import Client, Task
    from preflight.render.payments.run_payment import RunProposal
    from preflight.runs.payments.payable import PaidRun
    from preflight.runs.payments.paying import Payments
    from preflight.runs.payments.payment_plan import Plan
    from preflight.ui.services import Services


class Phase(Enum):
    """``FOLLOWING``: every job had its turn, and their tasks are waited for. ``HELD``: nothing more is sent, and
    ``Purchase.why`` says why."""

    NONE = "none"
    PREPARING = "preparing"
    ASKING = "asking"
    PAYING = "paying"
    FOLLOWING = "following"
    DONE = "done"
    HELD = "held"


@dataclass(slots=True, kw_only=True)
class Purchase:
    """The payment of one run. ``question`` names the proposal that a yes is about; ``states`` counts ended jobs,
    ``doubts`` those that were sent before, and of which nobody knows what came of them.

    ``stop`` is set when nothing more is to be done, also at the end of the payment; ``is_stopped``: by a user.
    ``is_sent`` is whether this server sent jobs of the run. ``tasks`` are those under way, by id, as last seen;
    ``unsaved`` counts results that could not be saved, and ``trouble`` is why.
    """

    phase: Phase = Phase.NONE
    budget: Decimal = Decimal(0)
    proposal: RunProposal | None = None
    question: str = ""
    why: str = ""
    jobs: int = 0
    states: dict[str, int] = field(default_factory=dict)
    taken: Decimal = Decimal(0)
    doubts: int = 0
    is_sent: bool = False
    saves: bool = True
    tasks: dict[str, Task] = field(default_factory=dict)
    unsaved: int = 0
    trouble: str = ""
    stop: Event = field(default_factory=Event)
    is_stopped: bool = False

    @property
    def is_busy(self) -> bool:
        """Whether something goes on that must not start a second time."""
        return self.phase in {Phase.PREPARING, Phase.PAYING, Phase.FOLLOWING}

    def begin(self, phase: Phase) -> None:
        """Start something new: nothing is left of what was before but the budget."""
        self.phase, self.why, self.trouble, self.states = phase, "", "", {}
        self.unsaved, self.is_sent, self.jobs = 0, False, 0
        self.stop, self.is_stopped = Event(), False

    def count(self, payments: Payments) -> None:
        """Keep how far ``payments`` are."""
        self.states = dict(sorted(payments.states.items()))


def locked_plan(services: Services, folder: Path, client: Client, stack: ExitStack) -> tuple[PaidRun, Plan]:
    """The jobs of the run that passed; the run is locked as long as ``stack``."""
    store = FolderStore(str(folder))
    require_run(store)  # before a lock is put into a folder that may be somebody else's
    stack.enter_context(store.lock())
    near, specs = [folder.parent, Path(), folder], services.options.specs
    run = stack.enter_context(open_paid_run(store, manifest=None, near=near, specs=specs))
    plan = make_plan(run, services.ledger, api=client.base_url, tick=lambda: None)
    require_known(run, plan, services.ledger, api=client.base_url)
    return run, plan


def client_of(services: Services) -> Client:
    """The client. Raises ``ConfigurationError`` without a key."""
    if services.client is None:
        raise ConfigurationError(services.why_no_key)
    return services.client
