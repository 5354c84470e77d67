"""The page "Ledger": what was paid, by day and by entry, and what is in doubt and how to settle it."""

from __future__ import annotations

from functools import partial
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from preflight.ledger.doubts import doubts, ids_in_doubt
from preflight.ledger.sums import add_up
from preflight.ui.changes import Form, change
from preflight.ui.payments.ledger_days import DAYS, HEIGHT, WIDTH, chart_of
from preflight.ui.payments.ledger_settling import Settling
from preflight.ui.templating import page, workplace_of

_ENTRIES: Final = 50
_DOUBTS: Final = 100


def routes() -> list[BaseRoute]:
    """The routes of the page."""
    settling = Settling()
    return [
        Route("/ledger", partial(_show, settling)),
        change("/ledger/{entry:int}/balance", partial(_by_balance, settling)),
        change("/ledger/{entry:int}/task", partial(_by_task, settling)),
        change("/ledger/{entry:int}/not-charged", partial(_not_charged, settling)),
    ]


def _show(settling: Settling, request: Request) -> Response:
    services = workplace_of(request).services
    ledger = services.ledger
    ledger.mark_abandoned()
    today = ledger.now().date()
    by_day = add_up(ledger, by="day")
    before = _before(request)
    entries = ledger.entries(limit=_ENTRIES + 1, before=before)
    told = (
        settling.told(int(request.query_params["told"])) if request.query_params.get("told", "").isdecimal() else None
    )
    return page(
        request,
        "ledger.html",
        chart=chart_of(by_day.groups, today),
        size=(WIDTH, HEIGHT),
        span=DAYS,
        days=by_day.groups[::-1][:DAYS],
        whole=by_day.whole,
        doubts=doubts(ledger, limit=_DOUBTS),
        doubted=len(ids_in_doubt(ledger)),
        entries=entries[:_ENTRIES],
        older=entries[_ENTRIES - 1].id if len(entries) > _ENTRIES else None,
        is_first=before is None,
        told=told,
        now=ledger.now(),
        api=None if services.client is None else services.client.base_url,
    )


def _before(request: Request) -> int | None:
    text = request.query_params.get("before", "")
    return int(text) if text.isdecimal() and len(text) < 18 else None


def _by_balance(settling: Settling, request: Request, _: Form) -> Response:
    entry = _entry(request)
    settling.by_balance(workplace_of(request).services, entry)
    return _told(entry)


def _by_task(settling: Settling, request: Request, form: Form) -> Response:
    entry = _entry(request)
    settling.by_task(workplace_of(request).services, entry, form.get("task", ""))
    return _told(entry)


def _not_charged(settling: Settling, request: Request, form: Form) -> Response:
    entry = _entry(request)
    settling.not_charged(workplace_of(request).services, entry, is_sure=form.get("sure") == "yes")
    return _told(entry)


def _entry(request: Request) -> int:
    found: int = request.path_params["entry"]
    if not 0 < found < 1 << 62:
        raise HTTPException(404)
    return found


def _told(entry: int) -> Response:
    return RedirectResponse(f"/ledger?told={entry}", 303)
