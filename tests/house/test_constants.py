"""Constants stand at the top of their module, above the code that uses them."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.house.test_import_table import PACKAGE, modules

CONSTANT = re.compile(r"_?[A-Z][A-Z0-9_]+")
BESIDE_A_TABLE = {"sources/signers.py": "the pages and patterns that its rows name, beside the rows"}


def name_of(node: ast.stmt) -> str | None:
    """The constant that a statement sets."""
    match node:
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr()):
            return name if CONSTANT.fullmatch(name) else None
        case _:
            return None


def below_code(source: str) -> list[str]:
    """The constants below the first function or class that need neither, nor a constant that does."""
    body = ast.parse(source).body
    defined = {node.name for node in body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)}
    found, is_below = [], False
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            is_below = True
        elif isinstance(node, ast.Assign | ast.AnnAssign) and is_below:
            name = name_of(node)
            value = node.value or node
            needs = {each.id for each in ast.walk(value) if isinstance(each, ast.Name)}
            if name is None or needs & defined:
                defined |= {each.id for each in ast.walk(node) if isinstance(each, ast.Name)} - needs
            else:
                found.append(name)
    return found


@pytest.mark.parametrize(
    "path",
    [path for path in modules() if path.relative_to(PACKAGE).as_posix() not in BESIDE_A_TABLE],
    ids=lambda path: str(path.relative_to(PACKAGE)),
)
def test_no_constant_stands_below_code_that_it_does_not_need(path: Path) -> None:
    assert below_code(path.read_text("utf-8")) == []


def test_a_constant_that_needs_code_stands_below_it() -> None:
    assert below_code("def f(): ...\nA1 = f()\nB1 = A1\nC1 = 1\nD1: int = 2\n") == ["C1", "D1"]
