"""What docs/client.md says is so: its examples run, and its table of errors is the client's."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import httpx2
import pytest

from preflight.client.refusals import ROWS
from preflight.sandbox import Options, serve
from tests.client.test_faces import JOB, KEY, Levers

GUIDE = (Path(__file__).parents[2] / "docs" / "client.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)
SYNC, ASYNC, ATTEMPTS, ATTEMPTS_ASYNC, LOG = EXAMPLES
TASK_ID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"


async def twelve_seconds(_: str) -> Fraction:
    return Fraction(12)


@pytest.fixture
def sandbox() -> Iterator[Levers]:
    with serve(Options(prober=twelve_seconds, speed=100)) as url, httpx2.Client(trust_env=False) as http:
        yield Levers(url, http)


def run(example: str, url: str) -> None:
    exec(example, {"key": KEY, "job": JOB, "base_url": url})


@pytest.mark.parametrize("example", [SYNC, ASYNC], ids=["sync", "async"])
def test_an_example_of_every_call_runs(example: str, sandbox: Levers, capsys: pytest.CaptureFixture[str]) -> None:
    assert all(f"client.{call}(" in example for call in ("credits", "create_task", "task", "wait"))
    run(example, sandbox.url)
    shown = capsys.readouterr().out
    assert re.match(r"10000\nTaskStatus\.(PENDING|PROCESSING)\n", shown)
    assert re.search(r"completed\n\('http://127\.0\.0\.1:\d+/files/[-\w]+\.mp4',\)\n$", shown)


@pytest.mark.parametrize("example", [ATTEMPTS, ATTEMPTS_ASYNC], ids=["sync", "async"])
def test_an_example_of_attempts_runs(example: str, sandbox: Levers, capsys: pytest.CaptureFixture[str]) -> None:
    sandbox.arm("rate_limit_exceeded")
    run(example, sandbox.url)
    assert re.fullmatch(rf"attempt 2\n{TASK_ID}\n", capsys.readouterr().out)
    assert sandbox.state()["jobs_billed"] == 1


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("rate_limit_exceeded", "attempt 2\nto be sent later: 429 rate_limit_exceeded: "),
        ("drop-after-billing", "not to be sent again: .* None\n"),
    ],
    ids=["limited", "in-doubt"],
)
def test_the_example_of_attempts_tells_doubt_from_refusal(
    fault: str, said: str, sandbox: Levers, capsys: pytest.CaptureFixture[str]
) -> None:
    sandbox.arm(fault, count=None)
    run(ATTEMPTS.replace("attempts=3", "attempts=2"), sandbox.url)
    assert re.match(said, capsys.readouterr().out)


def test_the_example_of_logging_shows_a_line_a_request(sandbox: Levers) -> None:
    program = f"key, base_url = {KEY!r}, {sandbox.url!r}\n{LOG}"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert ran.stdout == ""
    assert re.fullmatch(r"INFO:preflight\.client:GET \S+/v1/credits 200 in \d+ ms, .*\n", ran.stderr)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.row[1])
def test_a_row_of_the_error_table_is_documented(row: type) -> None:
    status, code = row.row
    assert re.search(rf"^\| {status} \| `{code}` \| `{row.__name__}`", GUIDE, re.MULTILINE)
