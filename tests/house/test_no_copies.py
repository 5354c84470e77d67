"""No six lines of code stand in the package twice."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

from tests.house.test_import_table import PACKAGE, modules

LINES = 6
TABLES = {
    "__all__": "the public names, which stand where readers and tools look for them",
    "_HOMES": "where those names live: one name a line, like the list itself",
}
"""Data, not code, by the name that it is assigned to."""


def code_lines(source: str) -> list[tuple[int, str]]:
    """The lines that count, with their numbers: no blanks, comments, imports, lone punctuation, or tables."""
    passed_over: set[int] = set()
    for node in ast.walk(ast.parse(source)):
        is_table = isinstance(node, ast.Assign) and any(
            isinstance(target, ast.Name) and target.id in TABLES for target in node.targets
        )
        if is_table or isinstance(node, ast.Import | ast.ImportFrom):
            assert isinstance(node, ast.stmt)
            passed_over.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return [
        (number, " ".join(line.split()))
        for number, line in enumerate(source.splitlines(), 1)
        if number not in passed_over and not line.lstrip().startswith("#") and any(map(str.isalnum, line))
    ]


def copies(sources: dict[str, str]) -> list[str]:
    """Every run of equal lines, with the places where it stands."""
    places: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for name, source in sources.items():
        lines = code_lines(source)
        for start in range(len(lines) - LINES + 1):
            run = lines[start : start + LINES]
            places[tuple(text for _, text in run)].append(f"{name}:{run[0][0]}-{run[-1][0]}")
    return [" ~ ".join(found) for found in places.values() if len(found) > 1]


def package() -> dict[str, str]:
    return {path.relative_to(PACKAGE).as_posix(): path.read_text("utf-8") for path in modules()}


def test_no_six_lines_of_the_package_are_equal() -> None:
    assert copies(package()) == []


def test_a_copy_with_other_indentation_and_comments_is_seen() -> None:
    body = "".join(f"total += part[{number}]\n" for number in range(LINES))
    copied = "def f(total, part):\n    # the same\n" + "".join(f"    {line}\n\n" for line in body.splitlines())
    assert copies({"a.py": f"import os\n{body}", "b.py": copied}) == ["a.py:2-7 ~ b.py:3-13"]


def test_five_equal_lines_are_no_copy() -> None:
    body = "".join(f"total += part[{number}]\n" for number in range(LINES - 1))
    assert copies({"a.py": f"{body}print(1)\n", "b.py": f"{body}print(2)\n"}) == []


def test_every_table_that_is_passed_over_exists() -> None:
    source = "\n".join(package().values())
    assert [name for name in TABLES if f"{name} = " not in source] == []


def test_the_package_is_read() -> None:
    assert isinstance(PACKAGE, Path)
    assert len(package()) > 100
