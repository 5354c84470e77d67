"""One made repository for the tests of a process: they read it, and none writes to it."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from tests.support.changed_repository import Changed, build


@pytest.fixture(autouse=True)
def _measured(measured_children: None) -> None:
    """``preflight diff`` runs in processes of its own here."""


@pytest.fixture(scope="session")
def changed(tmp_path_factory: pytest.TempPathFactory) -> Changed:
    folder = tmp_path_factory.mktemp("changed")
    base, head = build(folder)
    truth = tomllib.loads((Path(__file__).parent / "changes.toml").read_text("utf-8"))
    return Changed(folder=folder, base=base, head=head, truth=truth)
