"""Ctrl-C while the client pays or waits: it ends at once, pays once, and its traceback has no key."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from tests.client.test_faces import JOB, KEY
from tests.client.test_hostile import DRIPS, RawServer, answers, serving

SCRIPTS = {
    "sync": """
import sys
from preflight.client import Client
with Client(sys.argv[2], base_url=sys.argv[1]) as client:
    client.{call}
""",
    "async": """
import asyncio, sys
from preflight.client import AsyncClient
async def main():
    async with AsyncClient(sys.argv[2], base_url=sys.argv[1]) as client:
        await client.{call}
asyncio.run(main())
""",
}


def interrupt(script: str, server: RawServer) -> subprocess.CompletedProcess[str]:
    """Runs ``script`` against ``server`` until its first request is in, and interrupts it."""
    command = [sys.executable, "-W", "error", "-c", script, server.url, KEY]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        while not server.requests:
            assert process.poll() is None, process.stderr.read()
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, text = process.communicate(timeout=60)
    return subprocess.CompletedProcess(command, process.returncode, stderr=text)


@pytest.fixture
def silent() -> Iterator[RawServer]:
    with serving(DRIPS["silence"]) as server:
        yield server


@pytest.mark.parametrize("script", SCRIPTS.values(), ids=SCRIPTS)
@pytest.mark.parametrize("call", [f"create_task({JOB!r})", "wait('abc')"], ids=["pays", "waits"])
def test_an_interrupt_ends_the_process_after_one_request(script: str, call: str, silent: RawServer) -> None:
    ended = interrupt(script.format(call=call), silent)
    assert ended.returncode == -signal.SIGINT
    assert "KeyboardInterrupt" in ended.stderr
    assert KEY not in ended.stderr
    assert len(silent.requests) == 1


@pytest.mark.parametrize("script", SCRIPTS.values(), ids=SCRIPTS)
def test_an_interrupt_ends_the_sleep_between_two_looks(script: str) -> None:
    with serving(answers(503, b"", Retry_After="60")) as server:
        ended = interrupt(script.format(call="wait('abc', timeout=None)"), server)
        assert len(server.requests) == 1
    assert ended.returncode == -signal.SIGINT
