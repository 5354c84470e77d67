"""Work in threads beside an event loop: each result where it is waited for, and nothing left waiting."""

from __future__ import annotations

import asyncio
import threading

import pytest

from preflight.checking.file_threads import FileThreads


def test_every_result_arrives_where_it_is_waited_for() -> None:
    async def run() -> list[int]:
        threads = FileThreads(4)
        try:
            return [
                each
                for _ in range(20)  # so that threads fall asleep, and are woken, at many moments
                for each in await asyncio.gather(*(threads.result(lambda n=n: n * n) for n in range(100)))
            ]
        finally:
            threads.close()

    assert asyncio.run(asyncio.wait_for(run(), 60)) == [n * n for n in range(100)] * 20


def test_an_exception_is_raised_where_its_result_is_waited_for() -> None:
    async def run() -> list[object]:
        threads = FileThreads(1)
        try:
            works = (lambda: 1, lambda: int("x"), lambda: 3)
            return list(await asyncio.gather(*map(threads.result, works), return_exceptions=True))
        finally:
            threads.close()

    first, second, third = asyncio.run(asyncio.wait_for(run(), 60))
    assert (first, third) == (1, 3)
    assert isinstance(second, ValueError)


def test_work_that_nobody_waits_for_any_more_is_not_begun() -> None:
    begun: list[str] = []

    async def run() -> None:
        threads, may_end = FileThreads(1), threading.Event()
        try:
            first = asyncio.create_task(threads.result(lambda: may_end.wait(60)))
            second = asyncio.create_task(threads.result(lambda: begun.append("second")))
            await asyncio.sleep(0)
            second.cancel()
            with pytest.raises(asyncio.CancelledError):
                await second
            may_end.set()
            assert await first
            await threads.result(lambda: begun.append("third"))
        finally:
            threads.close()

    asyncio.run(asyncio.wait_for(run(), 60))
    assert begun == ["third"]


def test_a_thread_that_is_held_up_holds_up_no_other_file() -> None:
    async def run() -> list[int]:
        threads, may_end = FileThreads(2), threading.Event()
        try:
            held = asyncio.create_task(threads.result(lambda: may_end.wait(60)))
            await asyncio.sleep(0)
            found = await asyncio.gather(*(threads.result(lambda n=n: n) for n in range(50)))
            may_end.set()
            await held
            return list(found)
        finally:
            threads.close()

    assert asyncio.run(asyncio.wait_for(run(), 60)) == list(range(50))
