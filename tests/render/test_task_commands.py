"""A task's id is the service's text: a command that names it, pasted into a shell, passes it on and runs nothing."""

from __future__ import annotations

import subprocess

import pytest

from preflight.client.responses import is_task_id
from preflight.model.shell_argument import as_argument
from preflight.render.payments.submissions import submission_lines
from preflight.submit.submit import Submission

IDS = ["8b6a5162-5c91-4a42", "a;id", "$(id)", "a&id", "it's", "-x", "--help", "!!", "*", "~", "=ls", "(a)"]


@pytest.mark.parametrize("task_id", IDS)
def test_the_command_that_goes_on_is_one_command(task_id: str) -> None:
    assert is_task_id(task_id)
    *_, line = submission_lines(Submission(state="accepted", task_id=task_id, quote=None))
    command = line.removeprefix("  next    ")
    assert said_in_bash(command) == ["task", "wait", *(["--"] if task_id.startswith("-") else []), task_id]


def test_a_plain_id_is_shown_as_it_is() -> None:
    assert as_argument("8b6a5162-5c91-4a42") == "8b6a5162-5c91-4a42"


def said_in_bash(command: str) -> list[str]:
    """The arguments that ``preflight`` gets, where bash runs ``command``."""
    script = "preflight() { printf '%s\\0' \"$@\"; }\n" + command
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert done.stderr == ""
    return done.stdout.split("\0")[:-1]
