"""The Python API: one function for each command."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from functools import partial
from os import PathLike, fspath
from typing import TYPE_CHECKING

from preflight.checking.chosen import chosen_from, merged
from preflight.checking.engine import Engine
from preflight.checking.options import Options, with_specs_read
from preflight.checking.resources import Resources, in_new_thread, shared_resources, shared_resources_async
from preflight.errors import ConfigurationError
from preflight.model import Report, Subject
from preflight.model.target import Target
from preflight.specs import SpecLike, specs_of
from preflight.targets.from_code import JobLike, is_path, job_of, targets_of
from preflight.tracing.spans import traced

if TYPE_CHECKING:
    from decimal import Decimal

    from preflight.client import Client, Task
    from preflight.fix.fixer import FixOptions
    from preflight.fix.outcome import Outcome
    from preflight.ledger import Budget, Ledger
    from preflight.model import JobReport
    from preflight.submit.submit import Submission


def check(
    job: JobLike | None = None,
    *,
    image: str | PathLike[str] | None = None, video: str | PathLike[str] | None = None,
    mode: str | None = None, orientation: str | None = None, prompt: str | None = None, model: str | None = None,
    options: Options | None = None,
) -> Report:  # fmt: skip
    """Check a job, or an image and a video (a path or a URL each), or one of the two.

    ``job`` is a ``Job``, a request body as a mapping, the text of a job, the path of a job, manifest, folder or media
    file, or the URL of a media file. Without it, the keywords make a job; with a media file, ``mode``,
    ``orientation`` and ``model`` say how to judge and price it. Keywords and ``options`` add up.

    Bad media is in the report, not an exception. Raises ``ConfigurationError`` where there is nothing to check, where
    keywords, job and options contradict each other, and for a mode that the model does not have; ``JobUnreadable`` for
    a job that cannot be read; ``SpecError`` for an unknown model. It blocks: in an event loop, use ``check_async``.
    """
    targets, chosen = chosen_from(
        job, image=image, video=video, mode=mode, orientation=orientation, prompt=prompt, model=model, options=options
    )
    return _checked(targets, chosen)


async def check_async(
    job: JobLike | None = None,
    *,
    image: str | PathLike[str] | None = None, video: str | PathLike[str] | None = None,
    mode: str | None = None, orientation: str | None = None, prompt: str | None = None, model: str | None = None,
    options: Options | None = None,
) -> Report:  # fmt: skip
    """``check``, inside an event loop, which goes on: calls that run at the same time share processes and threads.

    The last of them ends these. A service keeps an ``Engine`` instead. Cancelling it frees its connections and its
    process.
    """
    choose = partial(
        chosen_from,
        job,
        image=image,
        video=video,
        mode=mode,
        orientation=orientation,
        prompt=prompt,
        model=model,
        options=options,
    )
    async with shared_resources_async() as resources:
        loop = await resources.loop_from_another()
        return await loop.result_async(_checked_in_loop(choose, resources))


def estimate(
    job: JobLike | None = None,
    *,
    seconds: int | str | Decimal | Fraction | None = None,
    image: str | PathLike[str] | None = None, video: str | PathLike[str] | None = None,
    mode: str | None = None, orientation: str | None = None, prompt: str | None = None, model: str | None = None,
    options: Options | None = None,
) -> Report:  # fmt: skip
    """The price of a job in every mode (``JobReport.quotes``), with its range and the reasons for it.

    Everything is as for ``check``; or ``seconds``, the length of a clip, stands in place of a job and files. It is an
    exact number: write 12.5 as text, ``Decimal`` or ``Fraction``.
    """
    if seconds is not None:
        if not (job is None and image is None and video is None and prompt is None):
            raise ConfigurationError("seconds replaces a job and its files: give only one of them")
        chosen = merged(options, mode=mode, orientation=orientation, model=model)
        with Engine(replace(chosen, every_mode=True)) as engine:
            return engine.estimate(_exact_seconds(seconds))
    targets, chosen = chosen_from(
        job, image=image, video=video, mode=mode, orientation=orientation, prompt=prompt, model=model, options=options
    )
    return _checked(targets, replace(chosen, every_mode=True))


def probe(source: JobLike, *, options: Options | None = None) -> tuple[Subject, ...]:
    """The facts about a media file, or about each file that a job names, without judging them.

    ``source`` is as for ``check``. A file that cannot be read has a ``fault`` and no ``facts``.
    """
    targets, chosen = chosen_from(source, options=options)
    return tuple(subject for job in _checked(targets, chosen).jobs for subject in job.subjects)


def fix(source: JobLike, *, orientation: str | None = None, options: FixOptions | None = None) -> tuple[Outcome, ...]:
    """Repair a local file, or each local file that a job or folder names, into a new file that passes its check.

    ``source`` is as for ``check``; a file at a URL is not repaired, and its outcome says so. ``orientation`` is for
    files that no job names. ``FixOptions(dry=True)`` writes nothing. Obstacles are in the outcome, not exceptions.
    """
    from preflight.fix.fixer import Fixer, FixOptions  # a check needs none of it
    from preflight.fix.inputs import read_inputs, read_inputs_of

    chosen = with_specs_read(options or FixOptions())
    merged(Options(spec=chosen.spec), mode=None, orientation=orientation, model=chosen.model)
    specs = specs_of(chosen.spec)
    if is_path(source):  # then nothing outside that place is replaced
        inputs = read_inputs([fspath(source)], model=chosen.model, orientation=orientation, specs=specs)
    else:
        targets = targets_of(source, model=chosen.model, specs=specs)
        inputs = read_inputs_of(targets, model=chosen.model, orientation=orientation, specs=specs)
    with Fixer(chosen) as fixer:
        return tuple(fixer.fix(each) for each in inputs)


def submit_job(
    job: JobLike,
    report: JobReport | Report,
    client: Client,
    ledger: Ledger,
    *,
    check: Callable[[], JobReport] | None = None, agree: Callable[[JobReport], object] | None = None,
    again: bool = False, budget: Budget | None = None, callback: str | None = None, wait: bool = False,
    timeout: float | None = None,
    on_changed: Callable[[], object] | None = None, on_accepted: Callable[[str], object] | None = None,
    on_update: Callable[[Task], object] | None = None, spec: SpecLike | None = None,
) -> Submission:  # fmt: skip
    """Send ``job``, whose check is ``report``, once, and perhaps wait for its task.

    ``job`` is a ``Job``, a request body as a mapping, or the text or path of one job. A check that is older than
    a minute when the job would leave is made again with ``check``; ``on_changed`` is called if the files have
    changed by then, and ``agree`` with a check whose price is another, which it may refuse by raising. The job is
    recorded in ``ledger`` before its first byte leaves. ``again`` allows a job that was paid for before. ``callback``
    is the URL of a receiver: a job without a callback URL gets one below it, secret and its own. ``on_accepted`` is
    called with the task's id the moment it is known. ``spec`` is that of the options of the check.

    Raises ``NotSubmitted`` (``AlreadySubmitted``, ``StillUnknown``, ``OverBudget``) and ``LedgerUnusable`` before
    anything is sent, also where ``report`` is the check of another job, or too old and ``check`` is not given;
    ``ApiError`` of the client, ``OutcomeUnknown`` when the job may have been taken, ``WaitTimeout`` when ``timeout``
    seconds of waiting are over; the task then goes on.
    """
    from preflight.submit.submit import submit_job as submit  # loads the client and the ledger

    with traced("preflight.submit") as span:
        done = submit(
            job_of(job),
            _the_one(report),
            client,
            ledger,
            check=check, agree=agree, again=again, budget=budget, callback=callback, wait=wait, timeout=timeout,
            on_changed=on_changed or (lambda: None),
            on_accepted=on_accepted, on_update=on_update, specs=specs_of(spec),
        )  # fmt: skip
        span.set(
            {
                "preflight.submission.state": done.state,
                "preflight.credits": None if done.quote is None else float(done.quote.credits),
            }
        )
    return done


async def submit_job_async(
    job: JobLike, report: JobReport | Report, client: Client, ledger: Ledger, *,
    check: Callable[[], JobReport] | None = None, agree: Callable[[JobReport], object] | None = None,
    again: bool = False, budget: Budget | None = None, callback: str | None = None, wait: bool = False,
    timeout: float | None = None,  # noqa: ASYNC109 - one signature for both
    on_changed: Callable[[], object] | None = None, on_accepted: Callable[[str], object] | None = None,
    on_update: Callable[[Task], object] | None = None, spec: SpecLike | None = None,
) -> Submission:  # fmt: skip
    """``submit_job``, inside an event loop, which goes on: it runs in a thread of its own, and so do the callables.

    ``client`` and ``ledger`` are the same as without an event loop. Cancelling it does not undo a payment: a request
    that has left is finished and recorded in the ledger, and nobody waits for its task.
    """
    return await in_new_thread(
        partial(
            submit_job,
            job,
            report,
            client,
            ledger,
            check=check, agree=agree, again=again, budget=budget, callback=callback, wait=wait, timeout=timeout,
            on_changed=on_changed, on_accepted=on_accepted, on_update=on_update, spec=spec,
        )
    )  # fmt: skip


def _the_one(report: JobReport | Report) -> JobReport:
    if not isinstance(report, Report):
        return report
    if len(report.jobs) != 1:
        raise ConfigurationError(f"the report is of {len(report.jobs)} jobs, and one is submitted at a time")
    return report.jobs[0]


def _checked(targets: list[Target], options: Options) -> Report:
    with shared_resources() as resources, Engine(options, resources=resources) as engine:
        return engine.check(targets)


async def _checked_in_loop(choose: Callable[[], tuple[list[Target], Options]], resources: Resources) -> Report:
    """Everything in the thread of the resources, or beside it: files are read and libraries loaded there."""
    targets, options = await resources.beside(choose)
    with Engine(options, resources=resources) as engine:
        return await engine.check_async(targets)


def _exact_seconds(seconds: int | str | Decimal | Fraction) -> Fraction:
    try:
        exact = Fraction(seconds)
    except (ValueError, TypeError, ArithmeticError):
        raise ConfigurationError(f"a length is a number of seconds, not {seconds!r:.40}") from None
    if exact <= 0:
        raise ConfigurationError("a length is more than 0 seconds")
    return exact
