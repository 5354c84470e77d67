"""Text leaves through one place: consoles without markup are made by one module, streams are written to by three."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house.test_import_table import PACKAGE, modules

# What a call is named, and the modules that may make it.
MAY: dict[str, set[str]] = {
    "Console": set(),
    "PlainConsole": {"cli/printing/output.py"},
    "TextConsole": {"cli/printing/terminal.py", "cli/printing/output.py", "cli/printing/plain_console.py"},
    "Spinner": {"cli/printing/terminal.py"},
    "Status": set(),
    "Live": {"cli/printing/terminal.py"},
    "Prompt": set(),
    "Progress": set(),
    "status": set(),
    "from_markup": set(),
    "render_markup": set(),
    "from_ansi": set(),
    "render_str": set(),
    "echo": {"cli/printing/terminal.py", "cli/run.py"},
    "secho": set(),
    "echo_via_pager": set(),
    "print_exc": {"cli/run.py"},
    "warn": set(),
}
OTHERS = {("status", "sandbox"), ("warn", "workers")}
"""Calls of that name on something else, by room."""

WRITERS = {
    "cli/printing/guard.py",
    "cli/printing/log_records.py",
    "cli/printing/output.py",
    "fix/worker.py",
    "workers/mediainfo.py",
}
"""The last two are processes of their own, whose standard output is a pipe to us."""


def calls(path: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call):
            called = node.func
            if isinstance(called, ast.Name | ast.Attribute):
                yield called.id if isinstance(called, ast.Name) else called.attr, node.lineno


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_nobody_else_makes_a_console_or_prints(path: Path) -> None:
    name = path.relative_to(PACKAGE).as_posix()
    for called, line in calls(path):
        if called in MAY and (called, name.partition("/")[0]) not in OTHERS:
            assert name in MAY[called], f"{called}() in line {line}"


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_nobody_else_writes_to_a_standard_stream(path: Path) -> None:
    if path.relative_to(PACKAGE).as_posix() in WRITERS:
        return
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Attribute) and node.attr in ("write", "writelines"):
            stream = ast.unparse(node.value)
            assert stream not in ("sys.stdout", "sys.stderr", "sys.stdout.buffer"), f"line {node.lineno}"


def test_the_console_takes_no_markup() -> None:
    tree = ast.parse((PACKAGE / "cli" / "printing" / "console.py").read_text("utf-8"))
    (made,) = (
        node for node in ast.walk(tree) if isinstance(node, ast.Call) and ast.unparse(node.func) == "super().__init__"
    )
    said = {keyword.arg: ast.unparse(keyword.value) for keyword in made.keywords if keyword.arg}
    assert said == {"markup": "False", "emoji": "False", "highlight": "False"}
