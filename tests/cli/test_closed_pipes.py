"""Readers who leave early, as ``head`` does: the command goes on, and its exit code tells what came of it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.support.command import CLIP, FIXTURES, PICTURE, Ran, checked, command, environment
from tests.support.service import KEY, Service, service

SMALL = FIXTURES / "pictures" / "299-wide.png"


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Service]:
    with service(tmp_path) as running:
        yield running


def closed_pipe(*arguments: str | Path, both: bool = False, env: Mapping[str, str] | None = None) -> Ran:
    """Run a command whose standard output nobody reads any more, nor standard error where it is ``both``."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            command(*arguments),
            env=environment() | dict(env or {}),
            stdout=writing,
            stderr=writing if both else subprocess.PIPE,
            timeout=60,
            check=False,
        )
    finally:
        os.close(writing)
    return checked(arguments, Ran(code=done.returncode, out="", err=(done.stderr or b"").decode()))


@pytest.mark.parametrize("arguments", [["check", PICTURE], ["rules"], ["--help"]], ids=["check", "rules", "help"])
def test_a_reader_who_leaves_early_is_no_trouble(arguments: list[str]) -> None:
    ran = closed_pipe(*arguments)
    assert (ran.code, ran.err) == (0, "")


@pytest.mark.parametrize("both", [False, True], ids=["output", "both"])
@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["check", SMALL], 1),
        (["check", SMALL, CLIP, "--verbose"], 1),
        (["check", "nothing.yaml"], 2),
        (["check", SMALL, "--format", "jsonl"], 1),
        (["fix", CLIP], 0),
        (["demo"], 0),
        (["rules", "--nonsense"], 2),
    ],
)
def test_the_exit_code_is_that_of_the_outcome(arguments: list[str], code: int, both: bool) -> None:
    assert closed_pipe(*arguments, both=both).code == code


def test_a_run_is_finished_though_nobody_reads_of_it(tmp_path: Path) -> None:
    manifest = tmp_path / "jobs.csv"
    manifest.write_text(f"image,video\n{PICTURE},{CLIP}\n{SMALL},{CLIP}\n")
    assert closed_pipe("check", manifest, "--to", tmp_path / "run", both=True).code == 1
    assert (tmp_path / "run" / "summary.json").is_file()


def test_a_job_is_paid_for_once_and_refused_by_its_code_though_nobody_reads_of_it(sandbox: Service) -> None:
    given = ["submit", sandbox.job(), "--yes", *sandbox.options, *sandbox.media_options, *sandbox.ledger_options]
    env = {"PREFLIGHT_API_KEY": KEY}
    assert closed_pipe(*given, "--max-credits", "1", both=True, env=env).code == 5
    assert sandbox.state["jobs_billed"] == 0
    assert closed_pipe(*given, both=True, env=env).code == 0
    assert closed_pipe(*given, both=True, env=env).code == 1, "the ledger has it"
    assert sandbox.state["jobs_billed"] == 1
