"""Imports in functions: each is there since what it loads costs something that most runs do without."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache

import pytest

from tests.house.test_import_table import module_name, modules

FILES = {module_name(path): path for path in modules()}
LAZY = {name for name, path in FILES.items() if "__getattr__" in path.read_text("utf-8") and path.name == "__init__.py"}
"""Packages whose names are loaded when they are used: to import a name from them is to load its module."""


NOT_ON_EVERY_SYSTEM = {"fcntl", "resource"}


def imported(node: ast.stmt) -> Iterator[str]:
    """The modules that a statement loads by itself, without their parents."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    if isinstance(node, ast.ImportFrom) and node.module:
        for alias in node.names:
            name = f"{node.module}.{alias.name}"
            yield name if name in FILES or node.module in LAZY else node.module


def statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """What runs as a module is loaded: not the bodies of functions, nor what only a checker of types reads."""
    for node in body:
        yield node
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            yield from statements(node.orelse)
        elif not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            for inner in ("body", "orelse", "handlers", "finalbody"):
                yield from statements(getattr(node, inner, []))


@cache
def tree_of(name: str) -> ast.Module:
    return ast.parse(FILES[name].read_text("utf-8"))


@cache
def loaded_by(name: str) -> frozenset[str]:
    """The modules that the module ``name`` of the package loads itself, and the package that it is in."""
    at_top = {module for node in statements(tree_of(name).body) for module in imported(node)}
    return frozenset(at_top | {name.rpartition(".")[0] or name})


def loaded_with(name: str) -> set[str]:
    """Every module that is there once the module ``name`` of the package is."""
    found: set[str] = set()
    waiting = {name}
    while waiting:
        module = waiting.pop()
        found.add(module)
        if module in FILES:
            waiting |= loaded_by(module) - found
    return found


def needless(name: str) -> list[str]:
    """The imports in functions of a module that could as well stand at its top."""
    nodes = list(ast.walk(tree_of(name)))
    functions = [node for node in nodes if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]
    inside = {node for function in functions for node in ast.walk(function)}
    late = [node for node in inside if isinstance(node, (ast.Import, ast.ImportFrom))]
    there = loaded_with(name) - NOT_ON_EVERY_SYSTEM
    return sorted(f"line {node.lineno}: {module}" for node in late for module in imported(node) if module in there)


@pytest.mark.parametrize("name", sorted(FILES))
def test_an_import_in_a_function_loads_something(name: str) -> None:
    assert needless(name) == []
