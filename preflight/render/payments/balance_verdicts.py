"""Says in words what the balance tells about a request whose outcome was unknown."""

from __future__ import annotations

from typing import assert_never

from preflight.ledger import Entry
from preflight.submit.settle import BalanceVerdict


def explained(verdict: BalanceVerdict, entry: Entry, *, by_hand: str) -> str:
    """One sentence; ``by_hand`` says how to settle the entry where the balance cannot tell."""
    match verdict:
        case BalanceVerdict.CHARGED:
            return "the balance fell by the job's price: it was accepted"
        case BalanceVerdict.NOT_CHARGED:
            return "the balance did not change: nothing was charged"
        case BalanceVerdict.TOO_EARLY:
            until = f"{entry.settles_at:%H:%M:%S} UTC" if entry.settles_at else "later"
            return f"the balance has not changed, but the service may still charge until {until}: try again then"
        case BalanceVerdict.NOT_ALONE:
            reason = "another request ran since"
        case BalanceVerdict.MOVED:
            reason = "another charge or payment changed it since"
        case BalanceVerdict.CONTRADICTORY:
            reason = "it fell by more than the service reports as consumed"
        case BalanceVerdict.INCOMPLETE:
            reason = "the service does not report the consumed credits"
        case BalanceVerdict.NOT_SEEN:
            reason = "preflight did not read it before the request"
        case BalanceVerdict.NO_KEY:
            reason = "an earlier version of preflight did not record which key paid"
        case BalanceVerdict.OTHER_KEY:
            reason = "another key paid: use that key"
        case _:
            assert_never(verdict)
    return f"the balance cannot tell: {reason}; {by_hand}"
