"""The targets of one call in the loop of an engine: several at a time, each file examined once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from preflight.checking.check_spans import describe_check, describe_file
from preflight.checking.examiner import Examiner
from preflight.checking.judge import Judge
from preflight.checking.subjects import REMEMBERED, Checked, Examined, SubjectRequest
from preflight.model import JobReport, Subject
from preflight.model.target import Target
from preflight.tracing.spans import traced

if TYPE_CHECKING:
    from preflight.checking.subjects import Shared

_AT_ONCE = 32
"""Local files of one call that are read at the same time. Those at URLs wait for their hosts (``sources/turns.py``)."""

Arrived: TypeAlias = "Callable[[Checked | BaseException], object]"


class Pipeline:
    """Examines and judges. All but the making runs in the loop. ``retries``: further tries at a URL.

    ``shared`` are files that other processes may examine as well.
    """

    def __init__(
        self,
        judge: Judge,
        examiner: Examiner,
        *,
        thorough: bool,
        retries: int,
        known: Examined | None = None,
        shared: Shared | None = None,
    ) -> None:
        self._judge = judge
        self._examiner = examiner
        self._thorough = thorough
        self._retries = retries
        self._known = known or Examined()
        self._shared = shared
        self._gate = asyncio.Semaphore(_AT_ONCE)
        self._files: dict[object, asyncio.Task[Subject]] = {}
        self._targets: set[asyncio.Task[None]] = set()
        self._under_way: set[asyncio.Task[Subject]] = set()

    async def reports(self, targets: Sequence[Target]) -> list[JobReport]:
        """The reports over ``targets``, in their order."""
        try:
            if len(targets) == 1:
                return [await self._report(targets[0], None)]
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(self._report(target, None)) for target in targets]
            return [task.result() for task in tasks]
        except BaseException:
            self.cancel()
            raise

    def begin(
        self, index: int, target: Target, arrived: Arrived, requests: Sequence[SubjectRequest] | None = None
    ) -> None:
        """Check ``target``, and hand its result to ``arrived``, or the exception that there is instead."""

        async def check() -> None:
            try:
                arrived(Checked(index=index, target=target, report=await self._report(target, requests)))
            except BaseException as exc:
                arrived(exc)
                if not isinstance(exc, Exception):
                    raise

        task = asyncio.get_running_loop().create_task(check())
        self._targets.add(task)
        task.add_done_callback(self._targets.discard)

    def cancel(self) -> None:
        """Give up all that is under way."""
        for task in (*self._targets, *self._under_way):
            task.cancel()

    async def _report(self, target: Target, requests: Sequence[SubjectRequest] | None) -> JobReport:
        if requests is None:
            requests = self._examiner.requests(*self._judge.media(target))
        with traced("preflight.check") as span:
            subjects = [self._known.get(request) or self._begun(request) for request in requests]
            examined = [
                each if isinstance(each, Subject) else request.subject(await each)
                for request, each in zip(requests, subjects, strict=True)
            ]
            report = self._judge.report(target, tuple(examined))
            describe_check(span, report)
        return report

    def _begun(self, request: SubjectRequest) -> asyncio.Task[Subject]:
        """The examination of the file that ``request`` names, under way or done."""
        known = self._files.get(request.identity)
        if known is not None:
            return known
        task = asyncio.get_running_loop().create_task(self._examined(request))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        if len(self._files) >= REMEMBERED:
            del self._files[next(iter(self._files))]
        self._files[request.identity] = task
        return task

    async def _examined(self, request: SubjectRequest) -> Subject:
        with traced("preflight.file") as span:
            subject = await self._examined_now(request)
            describe_file(span, request, subject)
        self._known.add(request, subject)
        return subject

    async def _examined_now(self, request: SubjectRequest) -> Subject:
        examine = partial(self._examiner.examine_async, request, thorough=self._thorough, retries=self._retries)
        if self._shared is not None and self._shared.has(request):
            return await self._shared.examined(request, examine)
        if request.url is not None:
            return await examine()
        async with self._gate:
            return await examine()
