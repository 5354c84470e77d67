"""Writes what these pages must not say by hand: tables, the table of layers, the command line, the picture of a report.

``python docs/build.py`` rewrites the parts between markers, the picture, every page of ``docs/rules``, and the manifest
of the hooks; tests fail when one of them is out of date.
"""

from __future__ import annotations

import ast
import re
import runpy
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import chdir
from inspect import cleandoc
from io import StringIO
from pathlib import Path

import click
import python_reference
import tables
from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text
from rule_pages import write_rule_pages

import preflight
from preflight.cli.app import commands
from preflight.cli.printing.source_lines import SourceLines
from preflight.fix.suggest import remedies
from preflight.render.texts.text import render_report
from preflight.scaffold import HOOKS, manifest
from preflight.settings import SETTINGS

DOCS = Path(__file__).parent
ROOT = DOCS.parent
PICTURE = DOCS / "report.svg"
PICTURE_COLUMNS = 93
MANIFEST = ROOT / ".pre-commit-hooks.yaml"

_PART = re.compile(r"(<!-- generated: ([\w-]+) -->\n).*?(<!-- end -->)", re.DOTALL)
_JOB = re.compile(r"```yaml job\.yaml\n(.*?)```", re.DOTALL)

_COLOURS = TerminalTheme(
    background=(22, 27, 34),
    foreground=(230, 237, 243),
    # Black, red, green, yellow, blue, magenta, cyan, white.
    normal=[
        (72, 79, 88),
        (255, 123, 114),
        (86, 211, 100),
        (227, 179, 65),
        (121, 192, 255),
        (210, 168, 255),
        (118, 227, 234),
        (230, 237, 243),
    ],
)

_SVG = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" xml:space="preserve">
<title>A report of preflight check</title>
<style>
.{unique_id}-matrix, .{unique_id}-title {{
  font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; white-space: pre;
}}
.{unique_id}-matrix {{ font-size: {char_height}px; line-height: {line_height}px; }}
.{unique_id}-title {{ font-size: 18px; }}
{styles}
</style>
<defs><clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" /></clipPath>
{lines}</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g></g></svg>
"""


def main() -> None:
    for page in sorted(DOCS.glob("*.md")):
        page.write_text(renewed(page.read_text("utf-8")), "utf-8")
    PICTURE.write_text(picture(), "utf-8")
    write_rule_pages()
    MANIFEST.write_text(manifest(), "utf-8")


def renewed(page: str) -> str:
    """The text of a page with every generated part made anew. Raises ``KeyError`` for a marker that nothing fills."""
    return _PART.sub(lambda part: f"{part[1]}\n{PARTS[part[2]]()}\n\n{part[3]}", page)


def picture() -> str:
    """The check of the README's job as an SVG: a terminal window of its own colours, on light pages and dark ones."""
    recorder = Console(record=True, width=PICTURE_COLUMNS, file=StringIO(), highlight=False, emoji=False)
    recorder.print(Text.assemble(("$ ", "dim"), ("preflight check job.yaml", "bold")))
    for line in report(colours=True).splitlines():
        for row in _rows(Text.from_ansi(line)):
            recorder.print(row, no_wrap=True, overflow="ignore", crop=False)
    return recorder.export_svg(title="preflight", theme=_COLOURS, code_format=_SVG, unique_id="report")


def _rows(line: Text) -> Iterator[Text]:
    """``line`` in rows of the picture. A command, which is printed whole, goes on below itself, broken at a space."""
    plain, indent = line.plain, len(line.plain) - len(line.plain.lstrip())
    start, room = 0, PICTURE_COLUMNS
    while len(plain) - start > room:
        end = plain.rfind(" ", start, start + room)
        if end <= start:
            end = start + room
        yield Text(" " * (indent + 4 if start else 0)) + line[start:end]
        start, room = end + 1, PICTURE_COLUMNS - indent - 4
    yield Text(" " * (indent + 4 if start else 0)) + line[start:]


def report(*, colours: bool) -> str:
    """What ``preflight check job.yaml`` says of the README's job, beside the media of the demo."""
    job = _JOB.search((ROOT / "README.md").read_text("utf-8"))
    if job is None:
        raise LookupError("README.md shows no job.yaml")
    terminal = Console(
        width=PICTURE_COLUMNS,
        file=StringIO(),
        force_terminal=colours,
        color_system="standard" if colours else None,
        highlight=False,
        emoji=False,
    )
    with tempfile.TemporaryDirectory() as folder, chdir(folder):
        shutil.copytree(tables.PACKAGE / "sandbox" / "media", folder, dirs_exist_ok=True)
        Path("job.yaml").write_text(job[1], "utf-8")
        with terminal.capture() as captured:
            found = preflight.check("job.yaml")
            with SourceLines() as line_of:
                render_report(found, terminal, next_commands=tuple(remedies(found)), line_of=line_of)
    return captured.get()


def layers() -> str:
    """The table that ``tests/house/test_import_table.py`` holds the code to, with each part's own first sentence."""
    rules = runpy.run_path(str(ROOT / "tests" / "house" / "test_import_table.py"))

    def rows() -> Iterator[tuple[str, ...]]:
        for room, allowed in rules["TABLE"].items():
            folder = tables.PACKAGE / room / "__init__.py"
            path = folder if folder.exists() else tables.PACKAGE / f"{room}.py"
            ours = "everything" if "*" in allowed else ", ".join(f"`{name}`" for name in sorted(allowed - {room}))
            theirs = ", ".join(sorted(name for name, rooms in rules["THIRD_PARTY"].items() if room in rooms))
            name = f"`{room}/`" if folder.exists() else f"`{room}.py`"
            yield name, _first_sentence(path), ours or "–", theirs or "–"

    return tables.table(("part", "what it is", "may import", "libraries"), rows())


def modules() -> str:
    """Every module of the package with the first sentence of its docstring, a heading and a table a folder."""
    parts = []
    for folder in sorted({path.parent for path in tables.PACKAGE.rglob("*.py")}):
        rows = [
            (f"`{path.relative_to(tables.PACKAGE)}`", _first_sentence(path))
            for path in sorted(folder.glob("*.py"))
            if not path.name.startswith("__") or _does_something(path)
        ]
        if rows:
            name = "preflight/" if folder == tables.PACKAGE else f"{folder.relative_to(tables.PACKAGE)}/"
            parts.append(f"### {name}\n\n{tables.table(('module', 'what it does'), rows)}")
    return "\n\n".join(parts)


def _does_something(path: Path) -> bool:
    """Whether a file that only marks a package, as a rule, has code of its own."""
    return any(
        isinstance(node, ast.FunctionDef) and not node.name.startswith("__")
        for node in ast.parse(path.read_text("utf-8")).body
    )


def _first_sentence(path: Path) -> str:
    said = " ".join((ast.get_docstring(ast.parse(path.read_text("utf-8"))) or "").split())
    return re.split(r"(?<=\.)\s", said)[0].replace("``", "`")


def command_line() -> str:
    """Every command with its options, as click knows them."""
    return "\n\n".join(_section(command, context) for command, context in walk(commands, click.Context(commands)))


def walk(group: click.Group, context: click.Context) -> Iterator[tuple[click.Command, click.Context]]:
    """Every command below ``group`` that does something, with the context that knows its name."""
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None, "a group lists what it has"
        inner = click.Context(command, parent=context, info_name=name)
        if isinstance(command, click.Group):
            yield from walk(command, inner)
        else:
            yield command, inner


def trust() -> str:
    """Which settings are trusted from where; the options are those that the commands have."""
    options = {
        name for command, _ in walk(commands, click.Context(commands)) for p in command.params for name in p.opts
    }
    rows = (
        (
            f"`{row.key}`",
            f"`--{row.key}`" if f"--{row.key}" in options else "–",
            f"`{row.envvar}`" if row.envvar else "–",
            row.found.said,
        )
        for row in SETTINGS
    )
    return tables.table(("setting", "option", "variable", "a file that came with the folder"), rows)


def hooks() -> str:
    """The hooks, and when they run."""
    rows = (
        (
            f"`{hook.id}`",
            hook.description,
            f"`{hook.entry}`",
            f"`{hook.files}`" if hook.files else "the repository",
            ", ".join(hook.stages),
        )
        for hook in HOOKS
    )
    return tables.table(("hook", "what it does", "runs", "over", "stages"), rows)


def _section(command: click.Command, context: click.Context) -> str:
    name = f"preflight {context.command_path.strip()}"
    said, _, shown = cleandoc(command.help or "").partition("\b\n")
    shown, _, rest = shown.partition("\n\n")
    options = [each for each in command.params if isinstance(each, click.Option)]
    arguments = [param.make_metavar(context) for param in command.params if isinstance(param, click.Argument)]
    usage = " ".join([name, *(["[OPTIONS]"] if options else []), *arguments])
    text = f"## {name}\n\n    {usage}\n\n{said.strip()}\n\n```sh\n{shown.strip()}\n```"
    if rest:
        text += f"\n\n{rest.strip()}"
    if not options:
        return text
    return f"{text}\n\n{tables.table(('option', 'meaning'), (_option(option, context) for option in options))}"


def _option(option: click.Option, context: click.Context) -> tuple[str, str]:
    value = "" if option.is_flag else f" {option.metavar or option.make_metavar(context)}"
    names = ", ".join(sorted(option.opts, key=len))
    said = option.help or ""
    if isinstance(option.default, str | int | float) and not option.is_flag:
        said += f" Default: `{option.default}`."
    takes_settings = any("--config" in each.opts for each in context.command.params)
    named = (row.envvar for row in SETTINGS if takes_settings and f"--{row.key}" in option.opts)
    if variable := option.envvar or next(named, None):
        said += f" Also from `{variable}`."
    return f"`{names}{value}`", said


def service_example() -> str:
    """The example of a web service, which the tests run."""
    return f"```python\n{(DOCS / 'examples' / 'service.py').read_text('utf-8')}```"


PARTS: dict[str, Callable[[], str]] = {
    "rates": tables.rates,
    "caps": tables.caps,
    "examples": tables.examples,
    "fields": tables.fields,
    "files": tables.files,
    "advice": tables.advice,
    "remote-bounds": tables.remote_bounds,
    "probe-bounds": tables.probe_bounds,
    "job-bounds": tables.job_bounds,
    "cage-bounds": tables.cage_bounds,
    "thumbnail-bounds": tables.thumbnail_bounds,
    "repairs": tables.repairs,
    "fix-bounds": tables.fix_bounds,
    "layers": layers,
    "modules": modules,
    "settings": tables.settings,
    "trust": trust,
    "commands": command_line,
    "hooks": hooks,
    "media-faults": tables.media_faults,
    "service": service_example,
    "python-api": python_reference.reference,
}

if __name__ == "__main__":
    main()
