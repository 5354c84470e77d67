"""The library's fields by its C interface are those that pymediainfo reads out of its XML."""

from __future__ import annotations

import subprocess
import sys
from io import BytesIO
from pathlib import Path

import pymediainfo
import pytest
from pymediainfo import MediaInfo

from preflight.workers.libmediainfo import FIELDS
from preflight.workers.libmediainfo import MediaInfo as Library
from preflight.workers.pool import COMMAND

FIXTURES = Path(__file__).parents[2] / "fixtures"
FILES = sorted(path for folder in ("clips", "pictures") for path in (FIXTURES / folder).iterdir() if path.is_file())
LIBRARY = Library()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_fixture_is_described_alike(path: Path) -> None:
    parsed = MediaInfo.parse(BytesIO(path.read_bytes()), parse_speed=0)
    assert isinstance(parsed, MediaInfo)
    theirs = [{name: track.to_data().get(name) for name in ("track_type", *FIELDS)} for track in parsed.tracks]

    ours = LIBRARY.describe(BytesIO(path.read_bytes()))

    assert ours == [{name: None if value is None else str(value) for name, value in each.items()} for each in theirs]


def test_the_worker_loads_no_module_that_it_does_not_need() -> None:
    """A check waits for its start: pymediainfo alone would double it."""
    script = f"""
import runpy, sys
sys.path.append({str(Path(pymediainfo.__file__).parents[1])!r})
sys.argv = [{COMMAND[-1]!r}]
runpy.run_path({COMMAND[-1]!r}, run_name="__main__")
print(*sys.modules)
"""
    command = [sys.executable, "-I", "-S", "-c", script]
    ran = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    unneeded = {"pymediainfo", "xml", "email", "importlib.metadata", "pathlib", "preflight", "logging"}
    assert unneeded & {*ran.stdout.split()} == set(), ran.stderr
    assert "json" in ran.stdout.split()
