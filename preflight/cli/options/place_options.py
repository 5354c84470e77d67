"""Options that say where targets are listed, and which columns of a table hold what."""

from __future__ import annotations

import click

from preflight.cli.options.completion import files
from preflight.cli.options.option_groups import PlaceOptions, grouped
from preflight.cli.options.spec_options import ColumnName

_LISTED = click.option(
    "--files-from",
    metavar="FILE",
    shell_complete=files,
    help="Also check the names in this file, one per line (- for standard input).",
)
_NULL = click.option(
    "-0", "--null", is_flag=True, help="Names in --files-from end with a NUL character instead of a newline."
)


def _each_once(
    context: click.Context, parameter: click.Parameter, columns: tuple[tuple[str, str], ...]
) -> tuple[tuple[str, str], ...]:
    """The option's value. Of a name, or a column, that is given twice it is not clear which one is meant."""
    for words in ([name for name, _ in columns], [column.strip() for _, column in columns]):
        twice = next((word for word in words if words.count(word) > 1), None)
        if twice is not None:
            raise click.BadParameter(f"{twice!r} is given twice: name each column once", context, parameter)
    return columns


_COLUMN = click.option(
    "--column",
    type=ColumnName(),
    callback=_each_once,
    multiple=True,
    metavar="NAME=COLUMN",
    help="Read a job's image, video, mode, … from this column of a table (repeatable).",
)

place_options = grouped("places", PlaceOptions, _LISTED, _NULL, _COLUMN)
