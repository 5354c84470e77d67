"""A paid request leaves once, whatever comes back, and the exit code says what is known of it."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.command import Ran, checked, command, environment
from tests.support.service import Service, service

pytestmark = pytest.mark.usefixtures("measured_children")


def says_that_it_may_be_paid(text: str) -> bool:
    """Whether a user learns from ``text`` what exit code 6 means."""
    return "unknown" in text or "may have been" in text


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Service]:
    with service(tmp_path) as running:
        yield running


# What happens to the paid request, and whether it was billed.
UNKNOWN = {
    "drop-before-billing": 0,
    "drop-after-billing": 1,
    "drop-mid-answer": 1,
    "malformed-body": 1,
    "no-task-id": 1,
    "500-after-billing": 1,
    "503-after-billing": 1,
    "internal_error": 0,
    "upstream_error": 0,
    "redirect": 0,
}


@pytest.mark.parametrize("fault", UNKNOWN)
def test_a_request_whose_outcome_is_unknown_is_not_repeated(fault: str, sandbox: Service) -> None:
    sandbox.arm(fault, count=None)
    ran = sandbox.submit(sandbox.job(), "--yes", "--wait")
    assert (ran.code, ran.out) == (6, "")
    state = sandbox.state
    assert (state["requests"]["create"], state["jobs_billed"]) == (1, UNKNOWN[fault])
    assert ran.err


def test_a_real_process_posts_once_when_the_connection_drops(sandbox: Service) -> None:
    sandbox.arm("drop-after-billing", count=None)
    ran = sandbox.run("submit", sandbox.job(), "--yes", "--download", "results")
    assert (ran.code, ran.out) == (6, "")
    assert (sandbox.paid_requests, sandbox.state["jobs_billed"]) == (1, 1)
    assert not (sandbox.folder / "results").exists()
    assert says_that_it_may_be_paid(ran.err)


def test_a_service_that_is_not_there_was_sent_nothing(sandbox: Service) -> None:
    closed = sandbox.media.url("refused", "").removesuffix("/refused/")
    ran = sandbox.submit(sandbox.job(), "--yes", "--api-url", closed)
    assert (ran.code, ran.out, sandbox.untouched) == (4, "", True)
    assert f"the API at {closed.removeprefix('http://')} cannot be reached" in ran.err


def test_a_crowded_service_charges_once_or_not_at_all(sandbox: Service) -> None:
    sandbox.arm("rate_limit_exceeded", retry_after="0")
    ran = sandbox.submit(sandbox.job(), "--yes")
    assert (ran.code, sandbox.state["jobs_billed"]) in [(0, 1), (4, 0)]
    assert "slow down" in ran.err or ran.json["state"] == "accepted"


def test_an_interrupt_while_paying_says_that_the_outcome_is_unknown(sandbox: Service) -> None:
    sandbox.arm("late-answer", seconds=60)
    arguments = [
        "submit",
        sandbox.job(),
        "--yes",
        "--format",
        "json",
        *sandbox.options,
        *sandbox.media_options,
        *sandbox.ledger_options,
    ]
    with subprocess.Popen(
        command(*arguments), env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        while not sandbox.state["jobs_billed"]:
            assert process.poll() is None
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    checked(arguments, Ran(code=process.returncode, out=out, err=err))
    assert (process.returncode, out, sandbox.paid_requests) == (6, "", 1)
    assert says_that_it_may_be_paid(err)


def test_an_interrupt_while_waiting_leaves_the_task_its_name(tmp_path: Path) -> None:
    with service(tmp_path, speed=1.0) as slow:
        arguments = ["submit", slow.job(), "--yes", "--wait", *slow.options, *slow.media_options, *slow.ledger_options]
        with subprocess.Popen(
            command(*arguments), env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as process:
            while not slow.state["requests"].get("task"):
                assert process.poll() is None
                time.sleep(0.05)
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=60)
        checked(arguments, Ran(code=process.returncode, out=out, err=err))
        assert (process.returncode, out, slow.paid_requests) == (130, "", 1)
        task_id = slow.state["tasks"][0]["id"]
        assert err.splitlines()[-1] == f"interrupted; the task goes on: preflight task wait {task_id}"
        assert "" not in err.splitlines()[-2:]
