"""Every format of ``preflight check``, held to what it printed last time that somebody looked (``make snapshots``)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.snapshots import CASES, SNAPSHOTS, SUFFIXES, lay_out, taken


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return lay_out(tmp_path_factory.mktemp("tree"))


@pytest.mark.parametrize("format_", SUFFIXES)
@pytest.mark.parametrize("case", CASES)
def test_a_format_prints_what_its_snapshot_holds(case: str, format_: str, shop: Path) -> None:
    kept = SNAPSHOTS / f"{case}.{SUFFIXES[format_]}"
    assert taken(case, format_, shop) == kept.read_text("utf-8")


def test_no_snapshot_is_left_over() -> None:
    names = {f"{case}.{suffix}" for case in CASES for suffix in SUFFIXES.values()}
    assert {path.name for path in SNAPSHOTS.iterdir() if path.is_file()} == names
