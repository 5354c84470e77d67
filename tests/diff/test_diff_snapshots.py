"""Every format of ``preflight diff``, held to what it printed last time that somebody looked (``make snapshots``)."""

from __future__ import annotations

import pytest

from preflight.render.differences.diff_formats import DIFFERENCE
from tests.support.changed_repository import Changed
from tests.support.diff_snapshots import FOLDER, SUFFIXES, taken


@pytest.mark.parametrize("format_", SUFFIXES)
def test_a_format_prints_what_its_snapshot_holds(format_: str, changed: Changed) -> None:
    kept = FOLDER / f"difference.{SUFFIXES[format_]}"
    assert taken(format_, changed) == kept.read_text("utf-8")


def test_every_format_has_a_snapshot() -> None:
    assert set(SUFFIXES) == set(DIFFERENCE)
    assert {path.name for path in FOLDER.iterdir()} == {f"difference.{suffix}" for suffix in SUFFIXES.values()}
