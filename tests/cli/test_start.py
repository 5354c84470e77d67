"""What a start of the command line does not load: the names of modules, not times."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

FIXTURES = Path(__file__).parents[2] / "fixtures"
PICTURE, CLIP = FIXTURES / "pictures" / "plain.png", FIXTURES / "clips" / "fast-start.mp4"

OF_NO_COMMAND = {"preflight.model", "preflight.rules", "preflight.settings", "preflight.specs", "preflight.checking"}
LIBRARIES = {"rich", "yaml", "PIL", "h11", "httpx2", "pymediainfo", "platformdirs", "pathspec", "junitparser"}
DEAR = {"asyncio", "ssl", "email", "importlib.metadata", "sqlite3", "json", "logging", "subprocess", "signal"}


def loaded_by(*arguments: str, **variables: str) -> set[str]:
    """The modules that a whole process of ``preflight`` has loaded at its end."""
    say = "print('LOADED', *sys.modules, file=sys.stderr)"
    script = f"import atexit, sys; atexit.register(lambda: {say}); import preflight.__main__"
    ran = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ran.returncode == 0, ran.stderr
    return {*ran.stderr.partition("LOADED")[2].split()}


@pytest.mark.parametrize("arguments", [["--version"], ["--help"]], ids=" ".join)
def test_version_and_help_load_no_command(arguments: list[str]) -> None:
    loaded = loaded_by(*arguments)

    assert "preflight.cli.app" in loaded
    assert loaded & (OF_NO_COMMAND | LIBRARIES | DEAR) == set()


def test_completing_a_command_loads_none() -> None:
    loaded = loaded_by(_PREFLIGHT_COMPLETE="bash_complete", COMP_WORDS="preflight ch", COMP_CWORD="1")

    assert "click.shell_completion" in loaded
    assert loaded & (OF_NO_COMMAND | LIBRARIES | DEAR) == set()


def test_completing_an_option_loads_no_library() -> None:
    loaded = loaded_by(_PREFLIGHT_COMPLETE="bash_complete", COMP_WORDS="preflight check --f", COMP_CWORD="2")

    assert "preflight.cli.commands.check" in loaded
    assert loaded & (LIBRARIES | DEAR) == set()


def test_a_picture_loads_no_network_and_no_process() -> None:
    loaded = loaded_by("check", str(PICTURE))

    assert "PIL.PngImagePlugin" in loaded
    assert loaded & ((LIBRARIES - {"PIL"}) | (DEAR - {"logging"})) == set()  # Pillow's plug-in loads logging


def test_a_clip_loads_no_network_and_no_picture() -> None:
    loaded = loaded_by("check", str(CLIP))

    assert "preflight.workers.pool" in loaded
    assert loaded & (LIBRARIES | {"asyncio", "ssl", "email", "importlib.metadata", "sqlite3"}) == set()
