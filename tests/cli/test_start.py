"""What a start of the command line does not load: the names of modules, not times."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from preflight.cli.app import Commands

FIXTURES = Path(__file__).parents[2] / "fixtures"
PICTURE, CLIP = FIXTURES / "pictures" / "plain.png", FIXTURES / "clips" / "fast-start.mp4"
JOB = FIXTURES / "rules" / "url-insecure" / "fail" / "http.yaml"

OF_NO_COMMAND = {"preflight.model", "preflight.rules", "preflight.settings", "preflight.specs", "preflight.checking"}
LIBRARIES = {"rich", "yaml", "PIL", "h11", "httpx2", "pymediainfo", "platformdirs", "pathspec", "junitparser"}
DEAR = {"asyncio", "ssl", "email", "importlib.metadata", "sqlite3", "json", "logging", "subprocess", "signal"}

ONLY_TO_RUN = {
    "preflight.checking.engine", "preflight.client.sync", "preflight.client.aio", "preflight.ledger.ledger",
    "preflight.ledger.request", "preflight.submit.submit", "preflight.upload.uploader", "preflight.fix.fixer",
    "preflight.diff.compare", "preflight.workers.pool", "preflight.sources.local", "tempfile",
}  # fmt: skip
EVERY = [
    *(name for name in Commands.summaries if name not in {"ledger", "task"}),
    *("ledger", "ledger list", "ledger show", "ledger resolve", "ledger calibrate", "task", "task show", "task wait"),
]


STARTS = """
import os, sys
def hook(event, _):
    if event == "subprocess.Popen":
        print("STARTED", *sys.modules, file=sys.stderr)
def end():
    try:
        os.waitpid(-1, os.WNOHANG)
        print("LEFT", file=sys.stderr)
    except ChildProcessError:
        pass
import atexit
atexit.register(end)
sys.addaudithook(hook)
import preflight.__main__
"""


def ran(script: str, *arguments: str, code: int = 0, **variables: str) -> str:
    """What a process that runs ``script``, which runs ``preflight``, writes to standard error."""
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == code, done.stderr
    return done.stderr


def loaded_by(*arguments: str, **variables: str) -> set[str]:
    """The modules that a whole process of ``preflight`` has loaded at its end."""
    say = "print('LOADED', *sys.modules, file=sys.stderr)"
    script = f"import atexit, sys; atexit.register(lambda: {say}); import preflight.__main__"
    return {*ran(script, *arguments, **variables).partition("LOADED")[2].split()}


def loaded_at_starts(*arguments: str, code: int = 0) -> list[set[str]]:
    """The modules that were loaded when ``preflight`` started a process, for each; none is left at the end."""
    lines = ran(STARTS, *arguments, code=code).splitlines()
    assert "LEFT" not in lines
    return [{*line.split()[1:]} for line in lines if line.startswith("STARTED")]


@pytest.mark.parametrize("arguments", [["--version"], ["--help"]], ids=" ".join)
def test_version_and_help_load_no_command(arguments: list[str]) -> None:
    loaded = loaded_by(*arguments)

    assert "preflight.cli.app" in loaded
    assert loaded & (OF_NO_COMMAND | LIBRARIES | DEAR) == set()


def test_completing_a_command_loads_none() -> None:
    loaded = loaded_by(_PREFLIGHT_COMPLETE="bash_complete", COMP_WORDS="preflight ch", COMP_CWORD="1")

    assert "click.shell_completion" in loaded
    assert loaded & (OF_NO_COMMAND | LIBRARIES | DEAR) == set()


@pytest.mark.parametrize("name", EVERY)
def test_help_of_a_command_loads_its_options_alone(name: str) -> None:
    loaded = loaded_by(*name.split(), "--help")

    assert f"preflight.cli.commands.{name.split(maxsplit=1)[0]}" in loaded
    assert loaded & (LIBRARIES | DEAR | ONLY_TO_RUN) == set()


@pytest.mark.parametrize("name", EVERY)
def test_completing_an_option_loads_the_options_alone(name: str) -> None:
    words = f"preflight {name} --"
    loaded = loaded_by(_PREFLIGHT_COMPLETE="bash_complete", COMP_WORDS=words, COMP_CWORD=str(len(words.split()) - 1))

    assert f"preflight.cli.commands.{name.split(maxsplit=1)[0]}" in loaded
    assert loaded & (LIBRARIES | DEAR | ONLY_TO_RUN) == set()


def test_completing_an_option_of_a_check_reads_no_spec_and_no_rule() -> None:
    loaded = loaded_by(_PREFLIGHT_COMPLETE="bash_complete", COMP_WORDS="preflight check --f", COMP_CWORD="2")

    assert loaded & {"tomllib", "preflight.specs.loader", "preflight.rules", "preflight.checking", "tempfile"} == set()


def test_a_picture_loads_no_network_and_no_process() -> None:
    loaded = loaded_by("check", str(PICTURE))

    assert "PIL.PngImagePlugin" in loaded
    assert loaded & ((LIBRARIES - {"PIL"}) | (DEAR - {"logging"})) == set()  # Pillow's plug-in loads logging
    assert "tempfile" not in loaded


def test_a_clip_loads_no_network_and_no_picture() -> None:
    loaded = loaded_by("check", str(CLIP))

    assert "preflight.workers.pool" in loaded
    assert loaded & (LIBRARIES | {"asyncio", "ssl", "email", "importlib.metadata", "sqlite3"}) == set()


def test_findings_and_prices_load_no_layout() -> None:
    loaded = loaded_by("check", str(JOB), "--offline")

    assert "preflight.render.texts.text" in loaded
    assert "rich.console" not in loaded  # rich.cells, which measures the width of text, is small


@pytest.mark.parametrize("command", ["check", "probe"])
def test_the_process_of_a_second_opinion_starts_before_anything_else(command: str) -> None:
    (loaded,) = loaded_at_starts(command, str(CLIP))

    assert "preflight.workers.pool" in loaded
    assert loaded & {f"preflight.cli.commands.{command}", "preflight.checking.engine", "preflight.rules"} == set()


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["check", str(CLIP), "--no-such-option"], 2),
        (["check", "no-such-file.mp4"], 2),
        (["check", "--config", "no-such-file.toml", str(CLIP)], 2),
    ],
    ids=["option", "file", "settings"],
)
def test_a_process_that_is_not_asked_does_not_stay(arguments: list[str], code: int) -> None:
    assert len(loaded_at_starts(*arguments, code=code)) == 1


@pytest.mark.parametrize(
    "arguments",
    [["check", str(PICTURE)], ["check", "--help", str(CLIP)], ["check", "--offline", "https://example.com/a.mp4"]],
    ids=["picture", "help", "offline"],
)
def test_no_process_starts_without_a_clip(arguments: list[str]) -> None:
    assert loaded_at_starts(*arguments) == []
