"""Look-ups of names by the system, for names that need no network."""

from __future__ import annotations

import asyncio

import pytest

from preflight.sources.names import REMEMBERED_S, SystemNames


def test_localhost_is_this_machine() -> None:
    addresses = asyncio.run(SystemNames()("localhost", 80))

    assert set(addresses) <= {"127.0.0.1", "::1"}
    assert addresses


@pytest.mark.parametrize("name", ["a" * 64 + ".example", "..", "\udcff.example"], ids=ascii)
def test_a_name_that_nobody_can_look_up_is_an_os_error(name: str) -> None:
    with pytest.raises(OSError, match="label"):
        asyncio.run(SystemNames()(name, 80))


def test_an_answer_is_kept_for_a_moment_and_then_asked_for_again() -> None:
    times = iter([0.0, 0.0, REMEMBERED_S - 1, REMEMBERED_S + 1, REMEMBERED_S + 1])

    async def run() -> tuple[object, object, object]:
        names = SystemNames(clock=lambda: next(times))
        return await names("localhost", 80), await names("localhost", 80), await names("localhost", 80)

    first, second, third = asyncio.run(run())

    assert second is first
    assert third is not first


def test_whoever_gives_up_waiting_does_not_end_the_look_up_for_the_others() -> None:
    async def run() -> tuple[str, ...]:
        names = SystemNames()
        impatient = asyncio.create_task(names("localhost", 80))
        patient = asyncio.create_task(names("localhost", 80))
        await asyncio.sleep(0)
        impatient.cancel()
        return await patient

    assert asyncio.run(run())
