"""Options for the format and output file of each result: ``--format F``, ``--format F:FILE``, ``--output FILE``."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

from preflight.cli.options.option_groups import Result
from preflight.cli.options.param_types import no_choice
from preflight.cli.printing.output import require_writable
from preflight.errors import ConfigurationError

if TYPE_CHECKING:
    from preflight.cli.options.option_groups import ResultOptions, StreamOptions
    from preflight.render.formats import Formats

_T = TypeVar("_T")


class Format(click.ParamType[Result]):
    """F or F:FILE. Only a known name before the first colon is a format: ``C:\\x`` is never taken for one."""

    name = "format"

    def __init__(self, formats: Sequence[str]) -> None:
        self.formats = tuple(formats)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Result:
        if isinstance(value, Result):
            return value
        name, colon, file = str(value).partition(":")
        if name not in self.formats:
            self.fail(no_choice(name, self.formats, more=f"; into a file: {self.formats[-1]}:FILE"), param, ctx)
        if colon and not file:
            self.fail(f"{value!r} names no file after its colon", param, ctx)
        return Result(name, None if file in ("", "-") else file)


class FormatOption(click.Option):
    """``--format``, repeatable; one name alone, as a settings file may give it, is a list of one."""

    def type_cast_value(self, ctx: click.Context, value: Any) -> Any:
        return super().type_cast_value(ctx, [value] if isinstance(value, str) else value)


def results(given: ResultOptions | StreamOptions) -> tuple[Result, ...]:
    """The results to write, at most one of them to standard output; ``text`` without ``--format``.

    ``--output`` is the file of the one format that names none. Raises ``UsageError`` for contradictions, and
    ``ConfigurationError`` for a file that cannot be written, before any target is read.
    """
    output = given.file
    wanted = given.formats or (Result("text"),)
    loose = [each for each in wanted if each.file is None]
    if output is not None and not loose:
        raise click.UsageError("--output has nothing to write: every --format names its own file")
    if len(loose) > 1:
        names = " and ".join(f"--format {each.format}" for each in loose)
        raise click.UsageError(
            f"{names} both go to standard output: name a file for all but one, as in {loose[1].format}:FILE"
        )
    if output is not None and output != "-":
        wanted = tuple(each._replace(file=output) if each.file is None else each for each in wanted)
    for each in wanted:
        require_writable(each.file)
    files = [os.path.realpath(each.file) for each in wanted if each.file]
    if len(set(files)) < len(files):
        raise click.UsageError("two formats name the same file: give each its own")
    return wanted


def emit_results(wanted: Sequence[Result], formats: Formats[_T], value: _T, *, quiet: bool) -> None:
    """Write ``value`` in every requested format; files first. ``quiet`` applies to standard output.

    Raises the first ``ConfigurationError`` after all the others were written.
    """
    from preflight.cli.printing.report_output import write_as

    failed: ConfigurationError | None = None
    for each in sorted(wanted, key=lambda each: each.file is None):
        if quiet and each.file is None:
            continue
        try:
            write_as(formats, value, each.format, each.file)
        except ConfigurationError as error:
            failed = failed or error
    if failed is not None:
        raise failed
