"""The command that installs an extra: one that works for how preflight is installed, tried for real."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest

SAID = "from preflight.errors import MissingExtra; print(MissingExtra('x', 'fix'))"
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment without pip."""
    folder = tmp_path_factory.mktemp("tools") / "media-preflight"
    venv.create(folder, with_pip=False)
    return folder


def said(environment: Path, **env: str) -> list[str]:
    ran = subprocess.run(
        [environment / "bin" / "python", "-c", SAID],
        env=os.environ | {"PYTHONPATH": str(ROOT)} | env, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    return shlex.split(ran.stdout.partition("extra 'fix': ")[2])


def with_file(environment: Path, name: str, folder: Path) -> Path:
    made = folder / "media-preflight"
    shutil.copytree(environment, made, symlinks=True)
    (made / name).write_text("", "utf-8")
    return made


def test_in_an_environment_of_uv(environment: Path, tmp_path: Path) -> None:
    for made in (environment, with_file(environment, "uv-receipt.toml", tmp_path)):
        expected = ["uv", "pip", "install", "--python", str(made / "bin" / "python"), "media-preflight[fix]"]
        assert said(made) == expected


def test_in_an_environment_of_pipx(environment: Path, tmp_path: Path) -> None:
    made = with_file(environment, "pipx_metadata.json", tmp_path)
    assert said(made) == ["pipx", "runpip", "media-preflight", "install", "media-preflight[fix]"]


def test_in_a_virtual_environment_the_command_is_that_of_its_own_pip() -> None:
    here = Path(sys.executable)
    away = said(here.parent.parent, PATH="/usr/bin:/bin")
    assert away == [str(here.parent / "python"), "-m", "pip", "install", "media-preflight[fix]"]
    assert said(here.parent.parent, PATH=f"{here.parent}:/usr/bin:/bin") == ["pip", "install", "media-preflight[fix]"]
    # It works: the extra of what is installed, and no other copy of it.
    tried = subprocess.run(
        [*away[:-1], "--dry-run", "--no-index", away[-1]], capture_output=True, text=True, timeout=120, check=False
    )
    assert tried.returncode == 0, tried.stderr
    assert "Would install" not in tried.stdout
