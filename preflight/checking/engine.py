"""Checks jobs and media files, from source to report: the one place where the pipeline meets."""

from __future__ import annotations

import weakref
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Callable,
    Generator,
    Iterable,
    Iterator,
    Sequence,
    Sized,
)
from contextlib import aclosing
from fractions import Fraction
from functools import cache, partial
from itertools import chain, islice
from typing import TYPE_CHECKING, Self

from preflight import pricing
from preflight.checking.check_spans import describe_check
from preflight.checking.examiner import Examiner
from preflight.checking.judge import Judge
from preflight.checking.options import Options, with_specs_read
from preflight.checking.resources import Resources
from preflight.checking.subjects import Checked, Examined, SubjectRequest, may_be_a_clip
from preflight.checking.verdict import worst
from preflight.model import JobReport, Report
from preflight.model.report import paid_jobs
from preflight.model.target import Media, Target
from preflight.tracing.spans import traced

if TYPE_CHECKING:
    from preflight.checking.pipeline import Pipeline
    from preflight.checking.subjects import Shared

_CLIPS_BESIDE = 8
"""From so many local clips on, a second opinion on each is worth the threads and the loop that ask for several."""

_RETRIES, _RETRIES_IN_A_BATCH = 1, 2
"""Retries of a URL: somebody waits for one job, and nobody watches each of many."""


class Engine:
    """Checks targets, for any number of calls at the same time, from any threads and event loops.

    Use it in ``with`` or ``async with``, or close it: it keeps a bounded pool of processes, and a thread in which it
    reads URLs. Nothing of a check runs in the thread of an event loop that waits for it. After a fork it refuses to
    work, with a ``ConfigurationError``. ``resources`` are those of another engine, which closes them. ``shared`` are
    files that other processes may examine as well.
    """

    def __init__(
        self, options: Options | None = None, *, resources: Resources | None = None, shared: Shared | None = None
    ) -> None:
        self._options = with_specs_read(options or Options())
        self._judge = Judge(self._options)
        self._shared = shared
        self._resources = resources or Resources()
        self._owns_resources = resources is None
        if self._owns_resources:
            weakref.finalize(self, self._resources.close, wait=False).atexit = False
        self._examiner = Examiner(
            resources=self._resources,
            # A closure over the engine would keep it alive.
            spec=cache(partial(self._options.specs.load, self._options.model)),
            allow=self._options.allow,
            deadline_s=self._options.deadline_s,
            proxy=self._options.proxy,
            manners=self._options.manners,
            deep=self._options.deep,
            thumbnails=self._options.thumbnails,
            offline=self._options.offline,
            urls_only=self._options.urls_only,
            locate=self._options.locate,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        loop = await self._resources.loop_from_another()
        await loop.result_async(self._load())
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    def close(self) -> None:
        """End the processes and threads that were started; calls under way raise ``ConfigurationError``."""
        if self._owns_resources:
            self._resources.close()

    async def aclose(self) -> None:
        """``close``, without holding up the event loop."""
        if self._owns_resources:
            await self._resources.close_async()

    def check(self, targets: Iterable[Target]) -> Report:
        """Check all ``targets`` and add them up."""
        return add_up(self.check_each(targets))

    def check_each(self, targets: Iterable[Target], *, known: Examined | None = None) -> Iterator[JobReport]:
        """One report a target, in their order, holding at most a window of them.

        A file that several targets name is examined once, and one that is ``known`` from another run not again.
        """
        remaining = iter(targets)
        first = list(islice(remaining, 2))
        each = self._each(chain(first, remaining), alone=len(first) == 1, in_order=True, known=known)
        return (result.report for result in each)

    def results(self, targets: Iterable[Target] | AsyncIterable[Target]) -> Results:
        """The result of each target as it comes: for ``async for``, and for ``for`` where ``targets`` allow it.

        ``targets`` are taken as there is room for them: at most 256 are under way or wait to be handed out. A file
        that several targets name is examined once. Leaving the loop ends the checks under way. Raises what ``targets``
        raise.
        """
        return Results(targets, self._each_unordered, self._each_async)

    async def check_async(self, targets: Sequence[Target]) -> Report:
        """Like ``check``, inside an event loop. Cancelling it frees its connections and processes at once."""
        loop = await self._resources.loop_from_another()
        return await loop.result_async(self._check(targets))

    def estimate(self, seconds: Fraction) -> Report:
        """The price of a clip of that length, without a clip."""
        return add_up([self._judge.estimate(seconds)])

    def _is_thorough(self, *, alone: bool) -> bool:
        """Whether every clip gets a second opinion: by the options, or because it is the only target."""
        return alone if self._options.thorough is None else self._options.thorough

    def _each(
        self, targets: Iterable[Target], *, alone: bool, in_order: bool, known: Examined | None = None
    ) -> Generator[Checked, None, None]:
        """One result a target: in this thread as long as all files are local, and in the loop from the first URL on."""
        known, clips, thorough = known or Examined(), 0, self._is_thorough(alone=alone)
        numbered = enumerate(targets)
        for index, target in numbered:
            requests = self._requests(target)
            clips += thorough and any(request.path and may_be_a_clip(request) for request in requests)
            if clips >= _CLIPS_BESIDE or any(request.url for request in requests):
                from preflight.checking.results import in_thread  # loads asyncio, in 30 ms

                yield from in_thread(
                    chain([(index, target, requests)], ((*item, None) for item in numbered)),
                    self._pipeline(alone=alone, known=known),
                    self._resources.loop,
                    first=index if in_order else None,
                )
                return
            with traced("preflight.check") as span:
                subjects = self._examiner.examine(requests, known, thorough=thorough)
                report = self._judge.report(target, subjects)
                describe_check(span, report)
            yield Checked(index=index, target=target, report=report)

    def _each_unordered(self, targets: Iterable[Target]) -> Iterator[Checked]:
        return self._each(targets, alone=_is_alone(targets), in_order=False)

    async def _each_async(self, targets: Iterable[Target] | AsyncIterable[Target]) -> AsyncGenerator[Checked, None]:
        loop = await self._resources.loop_from_another()
        from preflight.checking.results import in_event_loop  # loaded with the loop

        pipeline = self._pipeline(alone=_is_alone(targets))
        async with aclosing(in_event_loop(targets, pipeline, loop)) as results:
            async for result in results:
                yield result

    async def _check(self, targets: Sequence[Target]) -> Report:
        return add_up(await self._pipeline(alone=_is_alone(targets)).reports(targets))

    async def _load(self) -> None:
        """Load, in the loop, the libraries that checks need."""
        self._judge.media(Media(source=""))
        self._examiner.load()

    def _pipeline(self, *, alone: bool, known: Examined | None = None) -> Pipeline:
        from preflight.checking.pipeline import Pipeline  # loads asyncio

        retries = self._options.retries
        if retries is None:
            retries = _RETRIES if alone else _RETRIES_IN_A_BATCH
        thorough = self._is_thorough(alone=alone)
        return Pipeline(
            self._judge, self._examiner, thorough=thorough, retries=retries, known=known, shared=self._shared
        )

    def _requests(self, target: Target) -> list[SubjectRequest]:
        return self._examiner.requests(*self._judge.media(target))


def _is_alone(targets: object) -> bool:
    return isinstance(targets, Sized) and len(targets) == 1


class Results:
    """The results of many targets: iterate over it once, with ``async for`` or, where targets allow it, ``for``."""

    def __init__(
        self,
        targets: Iterable[Target] | AsyncIterable[Target],
        each: Callable[[Iterable[Target]], Iterator[Checked]],
        each_async: Callable[[Iterable[Target] | AsyncIterable[Target]], AsyncIterator[Checked]],
    ) -> None:
        self._targets = targets
        self._each = each
        self._each_async = each_async

    def __iter__(self) -> Iterator[Checked]:
        if not isinstance(self._targets, Iterable):
            raise TypeError("these targets come from an asynchronous iterable: use async for")
        return self._each(self._targets)

    def __aiter__(self) -> AsyncIterator[Checked]:
        return self._each_async(self._targets)


def add_up(jobs: Iterable[JobReport]) -> Report:
    """A report over ``jobs``, with the sum of their prices."""
    every = tuple(jobs)
    return Report(
        jobs=every,
        verdict=worst(job.verdict for job in every),
        quote=pricing.total(job.quote for job in paid_jobs(every)),
    )
