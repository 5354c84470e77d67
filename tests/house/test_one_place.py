"""What is decided in one place only: the ids of rules, the formats of output, the verdict."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

import click
import pytest

from preflight.cli.app import commands
from preflight.cli.options.result_options import Format
from preflight.render import formats, setup_formats
from preflight.render.differences import diff_formats
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


def formats_of(command: click.Command) -> list[str]:
    """What ``--format`` offers, in a command that has it."""
    kinds = [param.type for param in command.params if "--format" in param.opts]
    return [name for kind in kinds for name in (kind.formats if isinstance(kind, Format) else kind.choices)]  # type: ignore[attr-defined]


def leaves(command: click.Command, name: str = "") -> Iterator[tuple[str, click.Command]]:
    """Every command that does something, with its full name."""
    if not isinstance(command, click.Group):
        yield name.strip(), command
        return
    context = click.Context(command)
    for each in command.list_commands(context):
        inner = command.get_command(context, each)
        assert inner is not None
        yield from leaves(inner, f"{name} {each}")


COMMANDS = dict(leaves(commands))
WRITES_JOBS = {"pair"}
"""Commands whose ``--format`` is that of a manifest, and not of a result."""
KINDS = {
    name: kind
    for module in (formats, diff_formats, setup_formats)
    for name, kind in vars(module).items()
    if name.isupper() and isinstance(kind, Mapping)
}


WITH_RESULTS = [name for name, command in COMMANDS.items() if formats_of(command) and name not in WRITES_JOBS]


@pytest.mark.parametrize("name", WITH_RESULTS)
def test_a_command_offers_the_formats_of_one_kind_of_result(name: str) -> None:
    assert formats_of(COMMANDS[name]) in [list(kind) for kind in KINDS.values()]


def test_every_kind_of_result_is_offered_by_a_command() -> None:
    offered = [formats_of(command) for command in COMMANDS.values()]
    assert all(list(kind) in offered for kind in KINDS.values())


@pytest.mark.parametrize(
    "path", sorted((PACKAGE / "cli").rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE))
)
def test_a_command_takes_typed_arguments(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef) and node.args.kwarg is not None:
            # with_group parts what click hands over, by the fields of typed groups; a console is rich's.
            assert node.name in ("with_group", "__init__", "print"), f"line {node.lineno}: **{node.args.kwarg.arg}"


def test_what_a_word_may_mean_is_found_in_one_module() -> None:
    assert [path.name for path in modules() if "difflib" in path.read_text("utf-8")] == ["suggestion.py"]
