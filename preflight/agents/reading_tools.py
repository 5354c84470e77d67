"""The tools that cost nothing: ``check``, ``estimate``, ``probe``, ``explain``, and ``fix``, which may write files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any, TypeVar

from anyio.to_thread import run_sync

from preflight.agents.call_targets import MOST_JOBS, CallTargets, for_model_of, targets_of_call
from preflight.agents.operator_orders import OperatorOrders
from preflight.agents.quote_book import QuoteBook, hash_of
from preflight.agents.roots import Roots
from preflight.checking.chosen import merged
from preflight.checking.engine import Engine
from preflight.checking.resources import Resources
from preflight.errors import ConfigurationError
from preflight.fix.fixer import Fixer, FixOptions
from preflight.fix.inputs import FixInput, read_inputs
from preflight.fix.job_copy import copy_jobs
from preflight.model import Job, JobReport, Report, Verdict
from preflight.model.target import is_url
from preflight.redact.suggestion import suggestion
from preflight.render.fixes import fix_object
from preflight.render.objects.json_objects import facts_object, quotes_object, report_object
from preflight.render.tabular.tables import rules_object
from preflight.rules import RULES
from preflight.rules.pages import help_of
from preflight.specs import BUILT_IN, Specs
from preflight.upload.job_media import local_paths

_T = TypeVar("_T")


class ReadingTools:
    """The tools over one server's ``resources``. A check whose jobs can be paid for adds quotes to ``book``."""

    def __init__(self, orders: OperatorOrders, book: QuoteBook, resources: Resources) -> None:
        self._orders = orders
        self._book = book
        self._resources = resources

    async def check(self, arguments: Mapping[str, Any], roots: Roots) -> dict[str, Any]:
        """The report, with a quote for each job that can be paid for."""
        found = await _beside(lambda: targets_of_call(arguments, roots, self._orders.options))
        report = await self._checked(found)
        return self._with_quotes(report_object(report), report, found)

    async def estimate(self, arguments: Mapping[str, Any], roots: Roots) -> dict[str, Any]:
        """The price in every mode, of files or of a length."""
        if "seconds" in arguments:
            return quotes_object(await _beside(lambda: self._priced(arguments)))
        options = replace(self._orders.options, every_mode=True)
        found = await _beside(lambda: targets_of_call(arguments, roots, options))
        report = await self._checked(found)
        return self._with_quotes(quotes_object(report), report, found)

    async def probe(self, arguments: Mapping[str, Any], roots: Roots) -> dict[str, Any]:
        """The facts about files, without a verdict."""
        found = await _beside(lambda: targets_of_call(arguments, roots, self._orders.options))
        return facts_object(await self._checked(found))

    async def explain(self, arguments: Mapping[str, Any], _: Roots) -> dict[str, Any]:
        """The page of a rule, as ``text``; without one, every rule in a line."""
        name = arguments.get("rule")
        if name is None:
            return rules_object()
        known = [rule.id for rule in RULES]
        if name not in known:
            raise ConfigurationError(f"no such rule{suggestion(name, known)}; without a rule, explain lists them all")
        page = help_of(name)
        made = rules_object()
        rules = [{**rule, "text": page.markdown} for rule in made["rules"] if rule["rule"] == name]
        return {**made, "rules": rules}

    async def fix(self, arguments: Mapping[str, Any], roots: Roots) -> dict[str, Any]:
        """The planned repairs, or, where the operator allows it, the repairs."""
        if arguments.get("write", False) and not self._orders.may_write:
            raise ConfigurationError(
                "nothing was written: the operator does not allow it (preflight mcp --allow-write); without 'write',"
                " this tool plans the repair"
            )
        return await _beside(lambda: self._fixed(arguments, roots))

    def _fixed(self, arguments: Mapping[str, Any], roots: Roots) -> dict[str, Any]:
        source = arguments["source"]
        if is_url(source):
            raise ConfigurationError("only local files can be repaired: download it and fix the copy")
        model = self._orders.options.model
        orientation = arguments.get("orientation")
        specs = self._orders.options.specs
        merged(self._orders.options, mode=None, orientation=orientation, model=None)
        targets_of_call({"source": source}, roots, self._orders.options)  # bounded, and no link that leads out
        path = roots.confine(source)
        options = FixOptions(
            dry=not arguments.get("write", False),
            unsafe=arguments.get("unsafe", False),
            fail_on=self._orders.options.fail_on,
            model=model,
            spec=specs,
            if_taken="choose another name for it, or remove that file",
        )
        given = read_inputs([str(path)], model=model, orientation=orientation, specs=specs)
        inputs = [_inside(each, roots) for each in given]
        if len(inputs) > MOST_JOBS * 2:
            raise ConfigurationError("too many files for one call: name one job or file")
        with Fixer(options) as fixer:
            outcomes = [fixer.fix(each) for each in inputs]
        outcomes += copy_jobs(inputs, outcomes, model=model, specs=specs, force=False, dry=options.dry)
        return fix_object(outcomes)

    def _priced(self, arguments: Mapping[str, Any]) -> Report:
        if any(name in arguments for name in ("source", "job", "image", "video", "prompt")):
            raise ConfigurationError("seconds replaces a job and its files: give only one of them")
        seconds = Fraction(str(arguments["seconds"]))
        if seconds <= 0:
            raise ConfigurationError("a length is more than 0 seconds")
        chosen = {name: arguments.get(name) for name in ("mode", "orientation", "model")}
        options = for_model_of(arguments, replace(self._orders.options, every_mode=True))
        options = merged(options, **chosen)
        with Engine(options, resources=self._resources) as engine:
            return engine.estimate(seconds)

    async def _checked(self, found: CallTargets) -> Report:
        with Engine(found.options, resources=self._resources) as engine:
            return await engine.check_async(found.targets)

    def _with_quotes(self, made: dict[str, Any], report: Report, found: CallTargets) -> dict[str, Any]:
        """``made`` with a quote in each of its jobs; ``None`` where the job cannot be paid for as it is."""
        for shown, target, job in zip(made["jobs"], found.targets, report.jobs, strict=True):
            quoted = None
            if isinstance(target, Job) and is_payable(target, job, found.options.specs) and _is_same(found):
                quoted = self._book.add(target, job, found.file)
            shown["quote_id"] = quoted.id if quoted else None
            shown["quote_expires_at"] = quoted.expires_at.isoformat(timespec="seconds") if quoted else None
        return made


def is_payable(job: Job, report: JobReport, specs: Specs = BUILT_IN) -> bool:
    """Whether a job passed its check, has a price, and names no local files."""
    return report.verdict is Verdict.PASS and report.quote is not None and not local_paths(job, specs)


def _is_same(found: CallTargets) -> bool:
    """Whether the job's file is still the one that was read."""
    return found.file is None or hash_of(found.file[0]) == found.file[1]


def _inside(given: FixInput, roots: Roots) -> FixInput:
    """``given`` with the real path of its file: a repaired file is written beside that."""
    return given if given.file is None else replace(given, file=roots.confine(given.file))


async def _beside(work: Callable[[], _T]) -> _T:
    """The result of ``work`` in a thread; nobody waits for it where the call is cancelled."""
    return await run_sync(work, abandon_on_cancel=True)
