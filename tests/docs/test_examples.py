"""Each block of code of the pages is tried: commands are those of the program, and Python is run or compared."""

from __future__ import annotations

import ast
import inspect
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest

import preflight
from preflight.cli.app import commands

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
BLOCK = re.compile(r"^ *```(\w+)\n(.*?)^ *```$", re.DOTALL | re.MULTILINE)
REFERENCE = ROOT / "docs" / "reference.md"
RUN_BY = {
    "README.md": "tests/docs/test_pages.py",
    "docs/client.md": "tests/client/test_docs.py",
    "docs/ledger.md": "tests/docs/test_examples.py",
    "docs/models.md": "tests/docs/test_examples.py",
    "docs/python.md": "tests/docs/test_pages.py",
    "docs/reference.md": "tests/docs/test_examples.py",
    "docs/sandbox.md": "tests/docs/test_examples.py",
    "docs/service.md": "tests/service/test_service_example.py",
}
"""The test that runs the Python of a page, or compares it with the package."""
_ENDS = {"|", ">", ">>", "<", "&&", ";", "||", ">&", "&", "2>"}


def blocks(page: Path, language: str) -> list[str]:
    """The blocks of ``language`` without a name: a named one is a file, and its page runs it."""
    return [code for name, code in BLOCK.findall(page.read_text("utf-8")) if name == language]


def shown_commands() -> Iterator[tuple[str, str]]:
    """(page, line) for every command of ours in a block that shows commands without their output."""
    for page in PAGES:
        for block in blocks(page, "sh"):
            for line in block.replace("\\\n", " ").splitlines():
                if re.match(r"\s*(?:[A-Z_]+=\S+ )*preflight\b", line):
                    yield page.relative_to(ROOT).as_posix(), line.strip()


def test_there_are_commands_to_try() -> None:
    assert len(list(shown_commands())) > 60


@pytest.mark.parametrize(("page", "line"), sorted(set(shown_commands())))
def test_a_command_of_a_page_has_the_options_that_it_is_given(page: str, line: str) -> None:
    words = shlex.shlex(line, posix=True, punctuation_chars=True)
    words.whitespace_split = True
    given: list[str] = []
    for word in words:
        if word in _ENDS:
            break
        given.append(word)
    while not given[0].startswith("preflight"):
        del given[0]  # a variable
    command: click.Command = commands
    context = click.Context(commands, info_name="preflight")
    rest = given[1:]
    while isinstance(command, click.Group):
        _, rest, _order = command.make_parser(context).parse_args(rest)
        if not rest:
            return
        found = command.get_command(context, rest[0])
        assert found is not None, f"{page}: no command {rest[0]}"
        command, context, rest = found, click.Context(found, parent=context, info_name=rest[0]), rest[1:]
    command.make_parser(context).parse_args(rest)


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page, "python")], ids=lambda page: page.name)
def test_a_test_runs_the_python_of_a_page(page: Path) -> None:
    name = page.relative_to(ROOT).as_posix()
    assert name in RUN_BY, f"{name} shows Python: run it in a test, and name the test in RUN_BY"
    assert page.name in (ROOT / RUN_BY[name]).read_text("utf-8")


PRELUDES = {
    "ledger.md": "from starlette.applications import Starlette\n"
    "app, key, secret = Starlette(), 'sk-example', 's' * 32\n",
    "models.md": "import shutil, pathlib\n"
    f"shutil.copy({str(ROOT / 'fixtures' / 'specs' / 'image-to-video.toml')!r}, 'my-model.toml')\n"
    "pathlib.Path('job.yaml').write_text('{model: stills-v2-image-to-video, input: {duration: 10}}')\n",
    "sandbox.md": "",
}


@pytest.mark.parametrize("name", PRELUDES)
def test_the_python_of_a_page_runs(name: str, tmp_path: Path) -> None:
    for code in blocks(ROOT / "docs" / name, "python"):
        program = f"{PRELUDES[name]}{code}\nimport os\nos._exit(0)\n"  # what it started would go on
        done = subprocess.run(
            [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stderr


# ── The reference ─────────────────────────────────────────────────────────────────────────────────────────────────


def entries() -> dict[str, ast.stmt]:
    """The stub of every entry of the reference, by its heading."""
    text = REFERENCE.read_text("utf-8")
    found = re.findall(r"^#{3,4} (\S+)\n\n```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return {name.removesuffix("()"): ast.parse(code).body[0] for name, code in found}


def test_every_public_name_has_an_entry_with_a_description() -> None:
    text = REFERENCE.read_text("utf-8")
    for name in preflight.__all__:
        if not name.startswith("_"):
            assert re.search(rf"^### {name}(?:\(\))?\n\n```python\n[^`]+```\n\n[^#\n]", text, re.MULTILINE), name


@pytest.mark.parametrize("name", [name for name, stub in entries().items() if not isinstance(stub, ast.Assign)])
def test_an_entry_is_what_the_package_has(name: str) -> None:
    stub = entries()[name]
    found: Any = preflight
    for part in name.split("."):
        found = getattr(found, part)
    if isinstance(stub, ast.ClassDef):
        assert inspect.isclass(found)
        assert {ast.unparse(base) for base in stub.bases} <= {base.__name__ for base in found.__mro__}
        return
    assert isinstance(stub, ast.FunctionDef | ast.AsyncFunctionDef)
    shown = [each.arg for each in (*stub.args.posonlyargs, *stub.args.args, *stub.args.kwonlyargs)]
    shown = shown[1:] if shown[:1] == ["cls"] else shown
    real = [each.name for each in inspect.signature(found).parameters.values() if each.kind not in (2, 4)]
    assert shown == real
