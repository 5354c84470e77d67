"""The page of one run: how far it is, its rows, pause and resume, and paying for what passed."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from preflight.errors import ConfigurationError
from preflight.render.payments.run_payment import proposal_facts, run_question
from preflight.runs.reports.row_table import SORTS, VERDICTS, Question
from preflight.ui.changes import Form, change
from preflight.ui.runs.runs_desk import RunsDesk
from preflight.ui.runs.runs_follow import FOLDER
from preflight.ui.runs.runs_work import Working
from preflight.ui.templating import page, workplace_of

_ASKED_CHARACTERS: Final = 500
_DIGITS: Final = 9
_MOST_CREDITS: Final = Decimal(10**9)


def routes() -> list[BaseRoute]:
    """The routes of the page."""
    return [
        Route("/runs/open", _show),
        Route("/runs/open/state", _state),
        Route("/runs/open/rows", _rows),
        Route("/runs/open/sent", _sent),
        Route("/runs/open/picture", _picture),
        change("/runs/open/resume", _resume),
        change("/runs/open/pause", _pause),
        change("/runs/open/price", _price),
        change("/runs/open/pay", _pay),
        change("/runs/open/follow", _follow),
        change("/runs/open/stop", _stop),
    ]


def _show(request: Request) -> Response:
    desk = workplace_of(request).runs
    folder, working = _folder(desk, request.query_params.get("folder", ""))
    if folder is None:
        return page(request, "runs_begin.html", working=working, folder=request.query_params["folder"])
    return page(request, "runs_open.html", **_all_values(desk, folder, request))


def _state(request: Request) -> Response:
    desk = workplace_of(request).runs
    folder, working = _folder(desk, request.query_params.get("folder", ""))
    if folder is None:
        return page(request, "runs_begin_state.html", working=working, folder=request.query_params["folder"])
    if request.query_params.get("begin"):
        return Response(status_code=204, headers={"hx-refresh": "true"})
    values = _state_values(desk, folder)
    answer = page(request, "runs_state.html", **values)
    if request.query_params.get("known") != str(values["progress"].known):
        answer.headers["hx-trigger"] = "rows"
    return answer


def _rows(request: Request) -> Response:
    desk = workplace_of(request).runs
    folder, _ = _folder(desk, request.query_params.get("folder", ""))
    if folder is None:
        raise ConfigurationError("the run has not begun yet")
    return page(request, "runs_rows.html", folder=desk.places.name_of(folder), **_row_values(desk, folder, request))


def _sent(request: Request) -> Response:
    desk = workplace_of(request).runs
    folder, _ = _folder(desk, request.query_params.get("folder", ""))
    if folder is None:
        raise ConfigurationError("the run has not begun yet")
    values = _state_values(desk, folder)
    return page(request, "runs_sent.html", **(values | _sent_values(desk, folder, request)))


def _picture(request: Request) -> Response:
    desk, asked = workplace_of(request).runs, request.query_params
    row, file = (number_of(asked.get(name, "")) for name in ("row", "file"))
    found = (
        None
        if row is None or file is None
        else desk.book(desk.places.open(asked.get("folder", ""))).rows.picture(row, file)
    )
    if found is None:
        raise HTTPException(404, "There is no such picture.")
    return Response(found[1], media_type=found[0])


def _resume(request: Request, form: Form) -> Response:
    desk = workplace_of(request).runs
    folder = desk.places.open(form.get("folder", ""))
    desk.resume(folder)
    return _back(desk, folder)


def _pause(request: Request, form: Form) -> Response:
    desk = workplace_of(request).runs
    folder = desk.places.open(form.get("folder", ""))
    desk.works.pause(folder)
    return _back(desk, folder)


def _price(request: Request, form: Form) -> Response:
    work = workplace_of(request)
    folder = work.runs.places.open(form.get("folder", ""))
    work.runs.till.prepare(work.services, folder, _credits(form.get("budget", "")))
    return _back(work.runs, folder)


def _pay(request: Request, form: Form) -> Response:
    work = workplace_of(request)
    folder = work.runs.places.open(form.get("folder", ""))
    work.runs.till.confirm(work.services, folder, form.get("question", ""), saves=form.get("save") == "yes")
    return _back(work.runs, folder)


def _follow(request: Request, form: Form) -> Response:
    work = workplace_of(request)
    folder = work.runs.places.open(form.get("folder", ""))
    work.runs.till.follow(work.services, folder)
    return _back(work.runs, folder)


def _stop(request: Request, form: Form) -> Response:
    desk = workplace_of(request).runs
    folder = desk.places.open(form.get("folder", ""))
    desk.till.stop(folder)
    return _back(desk, folder)


def _back(desk: RunsDesk, folder: Path) -> Response:
    return RedirectResponse(f"/runs/open?{urlencode({'folder': desk.places.name_of(folder)})}", 303)


def _folder(desk: RunsDesk, name: str) -> tuple[Path | None, Working | None]:
    """The folder of a run, or the process that is about to begin one there."""
    try:
        return desk.places.open(name), None
    except ConfigurationError:
        working = desk.works.of((desk.places.folders[0] / name).absolute()) if "\0" not in name else None
        if working is None:
            raise
        return None, working


def _credits(text: str) -> Decimal:
    try:
        found = Decimal(text.strip())
    except InvalidOperation:
        found = Decimal("NaN")
    if not found.is_finite() or not 0 < found <= _MOST_CREDITS:
        raise ConfigurationError("the budget is a number of credits, such as 5000")
    return found


def _all_values(desk: RunsDesk, folder: Path, request: Request) -> dict[str, Any]:
    return _state_values(desk, folder) | _sent_values(desk, folder, request) | _row_values(desk, folder, request)


def _sent_values(desk: RunsDesk, folder: Path, request: Request) -> dict[str, Any]:
    """The jobs that were submitted. No query string is wrong: an unknown state or page is none."""
    asked, tasks = request.query_params, dict(desk.till.of(folder).tasks)
    page_number = number_of(asked.get("sent-page", "")) or 1
    found = desk.book(folder).sent(desk.services.ledger, tasks, state=asked.get("state", ""), page=page_number)
    name = desk.places.name_of(folder)

    def link(at: str = "/runs/open", **changed: str | int) -> str:
        values = {"folder": name, "state": found.state, "sent-page": found.page, **changed}
        return f"{at}?{urlencode({key: value for key, value in values.items() if value})}"

    return {"sent": found, "sent_link": link, "results": f"{name}/{FOLDER}"}


def _state_values(desk: RunsDesk, folder: Path) -> dict[str, Any]:
    book = desk.book(folder)
    # Who works is asked first: what ends meanwhile is then looked at once more.
    working, purchase = desk.works.of(folder), desk.till.of(folder)
    is_mine, is_busy = working is not None and not working.ended, purchase.is_busy
    progress = book.look()
    under_way = 0
    if working is not None and is_mine:
        # Rows of parts that are not written yet, as far as the process told: the table does not have them.
        under_way = max(0, min(working.headway.rows, progress.rows - progress.done))
    return {
        "book": book,
        "folder": desk.places.name_of(folder),
        "progress": progress,
        "working": working,
        "is_mine": is_mine,
        "under_way": under_way if progress.done < progress.rows else 0,
        "is_live": is_mine or (progress.working and not is_busy) or is_busy or not progress.is_read,
        "purchase": purchase,
        "facts": [] if purchase.proposal is None else list(proposal_facts(purchase.proposal)),
        "asked": "" if purchase.proposal is None else run_question(purchase.proposal),
        "suggested": str(book.rows.most_of_passed() or 1),
    }


def _row_values(desk: RunsDesk, folder: Path, request: Request) -> dict[str, Any]:
    book, asked = desk.book(folder), question_of(request)
    found = book.rows.find(asked)
    name = desk.places.name_of(folder)
    return {
        "found": found,
        "question": asked,
        "rules": book.rows.rules(),
        "columns": list(book.rows.columns),
        "verdicts": VERDICTS,
        "sorts": list(SORTS),
        "link": lambda **changed: f"/runs/open?{_query(name, replace(asked, **changed))}",
        "rows_link": f"/runs/open/rows?{_query(name, asked)}",
    }


def number_of(text: str) -> int | None:
    """The number in a query."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _DIGITS else None


def question_of(request: Request) -> Question:
    """The question in the query of a request; whatever is in it, some rows are shown."""

    def text(name: str) -> str:
        return request.query_params.get(name, "")[:_ASKED_CHARACTERS]

    return Question(
        verdict=text("verdict"),
        rule=text("rule"),
        text=text("text"),
        column=text("column"),
        value=text("value"),
        sort=text("sort") or "row",
        descending=text("way") == "down",
        by=text("by"),
        page=number_of(text("page")) or 1,
    )


def _query(folder: str, asked: Question) -> str:
    values = {
        "folder": folder,
        "verdict": asked.verdict,
        "rule": asked.rule,
        "text": asked.text,
        "column": asked.column,
        "value": asked.value,
        "sort": asked.sort if asked.sort != "row" else "",
        "way": "down" if asked.descending else "",
        "by": asked.by,
        "page": str(asked.page) if asked.page > 1 else "",
    }
    return urlencode({name: value for name, value in values.items() if value})
