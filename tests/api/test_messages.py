"""Errors of the library do not speak of options of the command line: the command adds those."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from preflight import Budget, OverBudget
from preflight.ledger.policy import require_within
from preflight.redact.advice import Advice, for_command

PACKAGE = Path(__file__).parents[2] / "preflight"
ROOMS = ("checking", "client", "jobfiles", "ledger", "model", "pricing.py", "rules", "sources", "specs", "submit")
OPTION = re.compile(r"(?<![\w-])--[a-z]+(?:-[a-z]+)*")
OF_OTHERS = re.compile(r"git (?:lfs|checkout)|--ours|ffmpeg|preflight check --format json")
"""Commands of other programs, and the one that writes what ``recheck`` reads."""


def texts(path: Path) -> Iterator[str]:
    """The strings of a module, without docstrings and without what ``Advice`` says to the command line."""
    tree = ast.parse(path.read_text("utf-8"))
    left_out = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg == "command":
            left_out |= {id(inner) for inner in ast.walk(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in left_out:
            yield node.value


@pytest.mark.parametrize("room", ROOMS)
def test_no_text_of_a_room_names_an_option(room: str) -> None:
    home = PACKAGE / room
    modules = [home] if home.is_file() else sorted(home.rglob("*.py"))
    found = [text for path in modules for text in texts(path) if OPTION.search(text) and not OF_OTHERS.search(text)]
    assert found == []


def test_the_command_adds_its_option() -> None:
    with pytest.raises(OverBudget) as raised:
        require_within(Budget(max_credits=Decimal(5)), high=Decimal(9), pending=Decimal(0), spent=Decimal(0))
    assert str(raised.value) == "not sent: the job may cost 9 credits, and the budget allows 5"
    assert for_command(raised.value) == "not sent: the job may cost 9 credits, and --max-credits allows 5"
    assert isinstance(raised.value.args[0], Advice)
    assert for_command(ValueError(datetime(2026, 1, 1, tzinfo=UTC))).startswith("2026")
    assert for_command(ValueError()) == ""
