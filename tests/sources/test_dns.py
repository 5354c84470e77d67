"""Look-ups of names by the system, for names that need no network."""

from __future__ import annotations

import asyncio
import subprocess
import sys

import pytest

from preflight.sources.dns import SystemNames
from preflight.sources.limits import REMEMBERED_S


def test_localhost_is_this_machine() -> None:
    addresses = asyncio.run(SystemNames()("localhost", 80))

    assert set(addresses) <= {"127.0.0.1", "::1"}
    assert addresses


@pytest.mark.parametrize("name", ["a" * 64 + ".example", "..", "\udcff.example"], ids=ascii)
def test_a_name_that_nobody_can_look_up_is_an_os_error(name: str) -> None:
    with pytest.raises(OSError, match="idna"):
        asyncio.run(SystemNames()(name, 80))


def test_an_answer_is_kept_for_a_moment_and_then_asked_for_again() -> None:
    times = iter([0.0, REMEMBERED_S - 1, REMEMBERED_S + 1, REMEMBERED_S + 1])

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


STUCK = """
import asyncio, socket, threading
from preflight.sources.remote import RemoteLimits, RemoteReader

def probe(size):
    yield

async def run():
    async with RemoteReader(limits=RemoteLimits(deadline_s=0.2)) as reader:
        return await reader.read("http://files.example/x.mp4", probe)

socket.getaddrinfo = lambda *_, **__: threading.Event().wait()
print(asyncio.run(run()).fault)
"""


def test_a_name_server_that_never_answers_holds_neither_the_reading_nor_the_process() -> None:
    result = subprocess.run([sys.executable, "-c", STUCK], capture_output=True, text=True, timeout=60, check=True)

    assert result.stdout == "no connection was made within 0.2 s\n"
    assert result.stderr == ""
