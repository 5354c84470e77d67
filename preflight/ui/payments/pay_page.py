"""The way to a payment: get ready, ask, pay once."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from preflight.render.payments.about_to_pay import proposal_rows, question
from preflight.render.texts import phrases
from preflight.ui.changes import Form, change
from preflight.ui.job.bars import bars_of
from preflight.ui.job.drafts import Draft
from preflight.ui.job.job_page import draft_of
from preflight.ui.payments.payment import Step
from preflight.ui.templating import page, workplace_of


def routes() -> list[BaseRoute]:
    """The routes of the page."""
    return [
        change("/job/{id}/prepare", _prepare),
        Route("/job/{id}/pay", _show),
        Route("/job/{id}/pay/state", _state),
        change("/job/{id}/pay", _pay),
    ]


def _prepare(request: Request, form: Form) -> Response:
    draft = draft_of(request)
    workplace_of(request).till.prepare(draft, again=form.get("again") == "yes")
    return RedirectResponse(f"/job/{draft.id}/pay", 303)


def _pay(request: Request, form: Form) -> Response:
    draft = draft_of(request)
    workplace_of(request).till.confirm(draft, form.get("question", ""))
    return RedirectResponse(f"/job/{draft.id}/pay", 303)


def _show(request: Request) -> Response:
    draft = draft_of(request)
    payment = draft.payment
    if payment.step is Step.NONE:
        return RedirectResponse(f"/job/{draft.id}", 303)
    if payment.step is Step.ACCEPTED and payment.entry is not None:
        return RedirectResponse(f"/paid/{payment.entry}", 303)
    return page(request, "pay.html", **_values(draft))


def _state(request: Request) -> Response:
    draft = draft_of(request)
    payment = draft.payment
    if payment.step is Step.ACCEPTED and payment.entry is not None:
        return Response(status_code=204, headers={"hx-redirect": f"/paid/{payment.entry}"})
    return page(request, "pay_state.html", **_values(draft))


def _values(draft: Draft) -> dict[str, Any]:
    payment = draft.payment
    proposal = payment.proposal
    shown = proposal is not None and payment.step is Step.ASKING
    spec = draft.spec
    return {
        "draft": draft,
        "payment": payment,
        "rows": list(proposal_rows(proposal)) if proposal is not None and shown else [],
        "question": question(proposal) if proposal is not None and shown else "",
        "quote": proposal.quote if proposal is not None else None,
        "reckoning": phrases.reckoning(proposal.quote) if proposal is not None else "",
        "subjects": [
            (subject, bars_of(subject, spec, proposal.quote.orientation)) for subject in proposal.report.subjects
        ]
        if proposal is not None and shown
        else [],
        "findings": proposal.report.findings if proposal is not None and shown else (),
    }
