"""What is decided in one place only: the ids of rules, the formats of output, the verdict."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from preflight.rules import RULES
from tests.house.test_import_table import PACKAGE, modules

IDS = {rule.id for rule in RULES}
TABLES = {"rules/catalogue.py", "fix/repairs.py"}
"""The modules that name rules: the rules themselves, and which step repairs which. Others ask for their traits."""


def strings(path: Path) -> set[str]:
    """The string constants of a module, docstrings aside."""
    tree = ast.parse(path.read_text("utf-8"))
    said = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    return {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in said
    }


@pytest.mark.parametrize(
    "path",
    [path for path in modules() if path.relative_to(PACKAGE).as_posix() not in TABLES],
    ids=lambda path: str(path.relative_to(PACKAGE)),
)
def test_no_module_knows_a_rule_by_its_id(path: Path) -> None:
    assert strings(path) & IDS == set()
