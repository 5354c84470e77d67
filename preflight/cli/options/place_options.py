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

_COLUMN = click.option(
    "--column",
    type=ColumnName(),
    multiple=True,
    metavar="NAME=COLUMN",
    help="Read a job's image, video, mode, … from this column of a table (repeatable).",
)

place_options = grouped("places", PlaceOptions, _LISTED, _NULL, _COLUMN)
