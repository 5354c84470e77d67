"""The tools about money: ``submit``, which pays for a quote once, and ``task`` and ``credits``, which read."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from threading import Event
from typing import Any
from weakref import WeakValueDictionary

from anyio.to_thread import run_sync
from mcp_types import ElicitResult

from preflight.agents.consent_question import ShowReport, consent_question, consent_schema, is_yes
from preflight.agents.ledger_answers import answer_of, of_identity
from preflight.agents.operator_orders import OperatorOrders
from preflight.agents.quote_book import Asked, QuoteBook, QuotedJob, identity_in
from preflight.agents.tool_call import Call
from preflight.checking.engine import Engine
from preflight.checking.resources import Resources, in_new_thread
from preflight.client import Client
from preflight.errors import ConfigurationError, NotSubmitted, OverBudget
from preflight.ledger import Budget, Ledger, paid_request_of
from preflight.model import JobReport
from preflight.render.objects.json_objects import credits_object, submission_object
from preflight.submit.proposal import Proposal
from preflight.submit.recheck import is_unchanged, receipts_of, require_sound
from preflight.submit.settle import read_balance, settle
from preflight.submit.submit import Submission, submit_job

_CHANGED = "not sent: a file of the job has changed since the quote; check the job again for a new quote"
_DEARER = "not sent: the job may cost more than its quote; check it again for a new quote"


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """The service that is paid, as the operator named it. Each of the callables may raise ``PreflightError``."""

    api_url: str
    open_client: Callable[[], AbstractContextManager[Client]]
    open_ledger: Callable[[], AbstractContextManager[Ledger]]
    show: ShowReport


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreed:
    """A payment that is allowed: by whom, within which budget, for the check that was agreed to."""

    by: str
    budget: Budget
    report: JobReport


class PayingTools:
    """The tools over one run of the server. ``run`` is its name in the ledger."""

    def __init__(self, orders: OperatorOrders, book: QuoteBook, resources: Resources, service: Service) -> None:
        self.run = f"agent-{secrets.token_hex(8)}"
        self._orders = orders
        self._book = book
        self._service = service
        self._options = replace(orders.options, uploaded=True, thorough=True)
        self._engine = Engine(self._options, resources=resources)
        self._locks = WeakValueDictionary[str, asyncio.Lock]()  # as long as a call holds or awaits one

    async def credits(self) -> dict[str, Any]:
        """The account."""
        return await run_sync(self._credits, abandon_on_cancel=True)

    async def task(self, task_id: str) -> dict[str, Any]:
        """The state of a task, which the ledger learns, too."""
        return await run_sync(self._task, task_id, abandon_on_cancel=True)

    async def submit(self, call: Call) -> dict[str, Any]:
        """Pay for a quote, or say what came of it: a job that was sent before is answered from the ledger.

        Raises ``NotSubmitted`` and its kin where nothing is paid, ``ApiError`` as ``submit_job`` does.
        """
        quote_id = str(call.arguments["quote_id"])
        identity = identity_in(quote_id)
        if identity is None:
            raise ConfigurationError("not a quote: 'check' and 'estimate' give a quote_id with each job that passes")
        lock = self._locks.setdefault(identity, asyncio.Lock())
        async with lock:  # a second call for the same job waits for the first, and is answered from the ledger
            if (known := await run_sync(self._known, identity, quote_id)) is not None:
                return known
            quoted = self._book.find(quote_id)
            if quoted is None:
                raise NotSubmitted("not sent: the quote is not one of this session; check the job for a new one")
            self._book.require_valid(quoted)
            agreed = await self._agreement(quoted, call)
            return await self._pay(quoted, agreed)

    async def _agreement(self, quoted: QuotedJob, call: Call) -> Agreed:
        """Who allows the payment: the standing order where the job fits into it, else a person who is asked."""
        asked, quoted.asked = quoted.asked, None
        if asked is not None and (answer := call.answered(asked.key)) is not None:
            return await self._agreed_by_person(quoted, answer)
        found = await self._checked(quoted)
        standing = self._orders.budget(self.run, agreed=False)
        misfit = await run_sync(self._misfit, quoted, found, standing)
        if misfit is None and not self._orders.always_asks:
            return Agreed(by="standing order", budget=standing, report=found)
        if not call.can_ask or (misfit is not None and self._orders.always_asks and self._orders.standing.is_given):
            raise misfit or NotSubmitted("not sent: the operator wants a person to be asked, and the client cannot ask")
        proposal = await run_sync(self._proposal, quoted, found)
        beyond = str(misfit) if misfit is not None and self._orders.standing.is_given else None
        spec = self._options.specs.load(found.model)
        question = await run_sync(consent_question, proposal, quoted.job, spec, self._service.show, beyond)
        quoted.asked = Asked(key=f"{quoted.id}-{secrets.token_urlsafe(12)}", report=found)
        answer = await call.ask(quoted.asked.key, question, consent_schema(proposal))
        quoted.asked = None
        return await self._agreed_by_person(quoted, answer)

    async def _agreed_by_person(self, quoted: QuotedJob, answer: ElicitResult | None) -> Agreed:
        """Raises ``NotSubmitted`` for a no, and where the job is no longer the one that was shown."""
        if answer is None or answer.action != "accept" or not is_yes(answer.content):
            raise NotSubmitted("not sent: the person who was asked did not agree")
        self._book.require_valid(quoted)  # an answer may take its time
        budget = self._orders.budget(self.run, agreed=True)
        return Agreed(by="person", budget=budget, report=await self._checked(quoted))

    async def _checked(self, quoted: QuotedJob) -> JobReport:
        report = await self._engine.check_async([quoted.job])
        return self._still_as_quoted(quoted, report.jobs[0])

    def _misfit(self, quoted: QuotedJob, found: JobReport, budget: Budget) -> NotSubmitted | None:
        """Why the standing order does not allow the payment; ``None`` where it does."""
        standing = self._orders.standing
        if not standing.is_given:
            return NotSubmitted(
                "not sent: a person must agree, and the client cannot ask; or the operator gives the agent a budget"
                " (preflight mcp --agent-budget, or PREFLIGHT_AGENT_BUDGET, before the server starts)"
            )
        request = paid_request_of(quoted.job, found, specs=self._options.specs)
        if standing.per_job is not None and request.high > standing.per_job:
            return OverBudget(
                f"not sent: the job may cost {request.high:f} credits, and the agent's budget for a job is"
                f" {standing.per_job:f}"
            )
        with self._service.open_ledger() as ledger, self._service.open_client() as client:
            try:
                ledger.require_payable(request, api=client.base_url, budget=budget)
            except OverBudget as error:
                return error
        return None

    async def _pay(self, quoted: QuotedJob, agreed: Agreed) -> dict[str, Any]:
        """Pay, in a thread that ends its work even where the call is cancelled once the request is under way."""
        is_cancelled = Event()
        try:
            submission = await in_new_thread(lambda: self._paid(quoted, agreed, is_cancelled))
        except asyncio.CancelledError:
            is_cancelled.set()
            raise
        return {**submission_object(submission), "repeated": False, "allowed_by": agreed.by}

    def _paid(self, quoted: QuotedJob, agreed: Agreed, is_cancelled: Event) -> Submission:
        def refuse_changed() -> None:
            raise NotSubmitted(_CHANGED)

        def check_again() -> JobReport:
            return self._still_as_quoted(quoted, self._engine.check([quoted.job]).jobs[0])

        with self._service.open_client() as client, self._service.open_ledger() as ledger:
            if is_cancelled.is_set():
                raise NotSubmitted("not sent: the call was cancelled")
            quoted.require_same_file()
            return submit_job(
                quoted.job,
                agreed.report,
                client,
                ledger,
                check=check_again,
                agree=lambda latest: self._still_as_quoted(quoted, latest),
                budget=agreed.budget,
                specs=self._options.specs,
                on_changed=refuse_changed,
            )

    def _still_as_quoted(self, quoted: QuotedJob, found: JobReport) -> JobReport:
        """``found``, a new check of the quoted job. Raises ``NotSubmitted`` where it is not what was quoted."""
        quoted.require_same_file()
        if not is_unchanged(receipts_of(quoted.report), receipts_of(found)):
            raise NotSubmitted(_CHANGED)
        require_sound(found)
        if found.quote is None or found.quote.high > quoted.high:
            raise NotSubmitted(_DEARER)
        return found

    def _proposal(self, quoted: QuotedJob, found: JobReport) -> Proposal:
        assert found.quote is not None, "it is as it was quoted"
        with self._service.open_client() as client:
            balance = read_balance(client, lambda: datetime.now(UTC))
        return Proposal(
            report=found,
            quote=found.quote,
            service=self._service.api_url,
            name=quoted.job.path,
            balance=None if balance is None else balance.balance,
            files={},
        )

    def _known(self, identity: str, quote_id: str) -> dict[str, Any] | None:
        """The answer from the ledger for a job that was sent before, by whomever."""
        quoted = self._book.find(quote_id)
        specs = self._options.specs
        request = paid_request_of(quoted.job, quoted.report, specs=specs) if quoted else of_identity(identity)
        with self._service.open_ledger() as ledger, self._service.open_client() as client:
            ledger.mark_abandoned()
            entry = ledger.last_of(request, client.base_url, refused=False)
        return None if entry is None else answer_of(entry)

    def _credits(self) -> dict[str, Any]:
        with self._service.open_client() as client:
            return credits_object(client.credits())

    def _task(self, task_id: str) -> dict[str, Any]:
        with self._service.open_client() as client, self._service.open_ledger() as ledger:
            task = client.task(task_id)
            entry = settle(ledger, client, task)
        return submission_object(Submission.of(task, entry))
