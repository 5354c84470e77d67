"""The benchmark runs, and says which of its peers it does without. What it measures is no test's business."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
RUN = ROOT / "bench" / "run.py"


def run(*arguments: str, path: str = os.environ["PATH"]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(RUN), *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=300, env=os.environ | {"PATH": path}
    )


def test_a_quick_run_measures_a_section_and_names_every_peer_that_is_missing(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "benchmarks.md").read_bytes()
    done = run("cold", "--quick", "--write", path=str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert "| cold start, `preflight check picture.png` |" in done.stdout
    for peer in ("ffprobe", "mediainfo", "node", "npm"):
        assert f"missing: {peer} " in done.stdout
    assert (ROOT / "docs" / "benchmarks.md").read_bytes() == page, "a quick run writes nothing"


def test_a_section_that_does_not_exist_is_a_usage_error() -> None:
    done = run("warm")
    assert done.returncode == 2
    assert "no section warm" in done.stderr
