"""Writes results in the formats of ``render/formats.py``, and gives the formats their answers from the machine."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Self, TypeVar

from preflight.bounded_file import is_there
from preflight.cli.options.spec_options import known_specs
from preflight.cli.printing.output import Sink, emit, to_text, to_text_beside
from preflight.cli.printing.source_lines import SourceLines
from preflight.cli.printing.terminal import remark
from preflight.model import Report
from preflight.render.build_servers.locations import SourceTree
from preflight.render.formats import COMMANDS, Formats
from preflight.render.surroundings import Surroundings

if TYPE_CHECKING:
    from preflight.checking.totals import Totals
    from preflight.cli.options.option_groups import OutputOptions, PlainOutputOptions
    from preflight.render.build_servers.github import SummaryRows

_T = TypeVar("_T")


def emit_as(formats: Formats[_T], value: _T, output: OutputOptions | PlainOutputOptions) -> None:
    """Write ``value`` in the requested format to the requested place; nothing with ``--quiet``."""
    if not output.quiet:
        write_as(formats, value, output.format, output.file)


def write_as(formats: Formats[_T], value: _T, name: str, file: str | None) -> None:
    """Write ``value`` in the format called ``name`` to ``file``, else to standard output."""
    emit(formats[name](value, surroundings(file)), file, commands=name == COMMANDS)


def surroundings(file: str | None, *, is_beside: bool = False) -> Surroundings:
    """The answers of this machine for renderers, for a result that goes to ``file``, else to standard output.

    ``is_beside``: for a text that goes to standard error.
    """
    return Surroundings(
        lay_out=to_text_beside if is_beside else partial(to_text, output=file),
        next_commands=_next_commands,
        tree=source_tree,
        columns=Utf16Columns,
        lines=SourceLines,
        about=_about,
        specs=known_specs(),
        pages=None if file in (None, "-") else PagesBeside(file),
    )


class PagesBeside:
    """Files beside ``file``: ``report-1.html`` beside ``report.html``."""

    def __init__(self, file: str) -> None:
        self._file = Path(file)
        self.index = self._file.name

    def name(self, number: int) -> str:
        """The name of one of them."""
        return f"{self._file.stem}-{number}{self._file.suffix}"

    def write(self, number: int, pieces: Iterable[str]) -> None:
        """Write one of them."""
        sink = Sink(str(self._file.with_name(self.name(number))))
        try:
            for piece in pieces:
                sink.write(piece)
            sink.finish()
        finally:
            sink.discard()


def _next_commands(report: Report) -> Iterator[str]:
    if all(subject.address is not None for job in report.jobs for subject in job.subjects):
        return iter(())  # only files on this machine are repaired
    from preflight.fix.suggest import remedies  # only for findings

    return remedies(report, known_specs())


def _about() -> tuple[str, str | None]:
    """The version, and the URL of the published rule pages: the project URL ``Rules`` of ``pyproject.toml``."""
    from importlib.metadata import metadata  # only for SARIF

    about = metadata("media-preflight")
    pages = None
    for entry in about.get_all("Project-URL", []):
        label, _, url = entry.partition(",")
        if label.strip().lower() == "rules":
            pages = str(url).strip()
    return str(about["Version"]), pages


def source_tree() -> SourceTree:
    """The tree of the repository around the current folder; without one, the current folder is the root."""
    folder = Path.cwd()
    root = next((each for each in (folder, *folder.parents) if is_there(each / ".git")), folder)
    return SourceTree(root=str(root), folder=str(folder))


class Utf16Columns:
    """Columns in UTF-16 code units, by reading again the lines that findings are on. Use it in ``with``.

    Where a line is no longer found, the column stays unchanged: it is right unless characters beyond the Basic
    Multilingual Plane come before it.
    """

    def __init__(self) -> None:
        self._lines = SourceLines()

    def __enter__(self) -> Self:
        self._lines.__enter__()
        return self

    def __exit__(self, *ended: object) -> None:
        self._lines.__exit__(*ended)

    def __call__(self, path: str, line: int, column: int) -> int:
        if column <= 1:
            return column
        before = self._lines(path, line)[: column - 1]
        return column + sum(character > "\uffff" for character in before)


def append_step_summary(rows: SummaryRows, totals: Totals) -> None:
    """Append the findings to the file that ``GITHUB_STEP_SUMMARY`` names, within GitHub's limit.

    A remark reports a file that cannot be written; the verdict does not change.
    """
    name = os.environ.get("GITHUB_STEP_SUMMARY")
    if not name:
        return
    from preflight.render.build_servers.github import SUMMARY_BYTES  # only in a workflow

    path = Path(name)
    try:
        held = path.stat().st_size if path.exists() else 0
        text = rows.table(totals, room=SUMMARY_BYTES - held)
        with path.open("a", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except (OSError, ValueError) as error:
        remark(f"cannot write the step summary: {error}")
