"""The public surface: names, signatures and fields, held to ``surface.txt``.

``python -m tests.api.test_surface`` writes it. What is added there is a promise; nothing that
stands there may go or be renamed.
"""

from __future__ import annotations

import dataclasses
import enum
import inspect
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import preflight

KEPT = Path(__file__).with_name("surface.txt")
ROOT = Path(__file__).parents[2]


def surface() -> str:
    """A line for each name, field, method and member."""
    return (
        "\n".join(line for name in sorted(preflight.__all__) for line in _lines(name, getattr(preflight, name))) + "\n"
    )


def _lines(name: str, public: Any) -> Iterator[str]:
    if not isinstance(public, type):
        yield f"{name}{inspect.signature(public)}" if callable(public) else name
        return
    yield f"class {name}({', '.join(base.__name__ for base in public.__bases__)})"
    if issubclass(public, enum.Enum):
        yield from (f"  {member.name} = {member.value!r}" for member in public)
        return
    fields = [each.name for each in dataclasses.fields(public)] if dataclasses.is_dataclass(public) else []
    for each in dataclasses.fields(public) if fields else ():
        is_optional = (each.default, each.default_factory) != (dataclasses.MISSING, dataclasses.MISSING)
        yield f"  {each.name}: {each.type}{' = …' if is_optional else ''}"
    for member in sorted(dir(public)):
        found = inspect.getattr_static(public, member)
        if member.startswith("_") or member in fields or member in dir(Exception):
            continue
        if isinstance(found, property):
            yield f"  {member} (property)"
        elif callable(getattr(public, member)):
            yield f"  {member}{inspect.signature(getattr(public, member))}"


def test_the_public_surface_is_this() -> None:
    assert surface() == KEPT.read_text("utf-8")


@pytest.mark.parametrize(
    "words",
    [["mypy", "--strict", "--no-incremental", "tests/api/typed.py"], ["basedpyright", "--pythonpath", sys.executable]],
    ids=["mypy", "pyright"],
)
def test_a_program_that_uses_the_api_passes_strict_type_checks(words: list[str]) -> None:
    """What pyright reads, and how strictly, is in ``pyproject.toml``."""
    command = [sys.executable, "-m", *words]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)
    assert ran.returncode == 0, ran.stdout


if __name__ == "__main__":
    KEPT.write_text(surface(), "utf-8")
