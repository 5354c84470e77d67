"""``preflight pair``."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from preflight.cli.completion import files, folders
from preflight.cli.output import Sink, require_writable
from preflight.cli.terminal import remark
from preflight.model import Kind
from preflight.redact import shown_path

if TYPE_CHECKING:
    from preflight.targets.pairing import Pair

_NAMED = 20
"""Files without a partner that are named one by one."""


@click.command("pair")
@click.option("--images", required=True, metavar="FOLDER", shell_complete=folders, help="Folder with the images.")
@click.option("--videos", required=True, metavar="FOLDER", shell_complete=folders, help="Folder with the videos.")
@click.option("--each-with-each", "how", flag_value="each-with-each", help="Every image with every video.")
@click.option("--by-name", "how", flag_value="by-name", help="Files of the same name: anna.png with anna.mp4.")
@click.option("--in-order", "how", flag_value="in-order", help="The first image with the first video, and so on.")
@click.option("--mode", help="Mode of every job.")
@click.option("--orientation", help="Orientation of every job.")
@click.option("--prompt", help="Prompt of every job.")
@click.option("--format", "format_", type=click.Choice(["csv", "jsonl"]), help="Format (default: that of the suffix).")
@click.option(
    "-o",
    "--output",
    "file",
    metavar="FILE",
    shell_complete=files,
    help="Write to this file, not to standard output.",
)
def command(
    *,
    images: str,
    videos: str,
    how: str | None,
    mode: str | None,
    orientation: str | None,
    prompt: str | None,
    format_: str | None,
    file: str | None,
) -> int:
    """Write a manifest that pairs images with videos.

    \b
    preflight pair --images a --videos b --in-order -o m.csv
    preflight check m.csv

    Names are in natural order: a2 comes before a10. Standard error names the
    files without a partner.
    """
    from preflight.targets.pairing import media_in, pair_up  # noqa: PLC0415 - loads pathspec

    if how is None:
        raise click.UsageError("say how to pair: --each-with-each, --by-name or --in-order")
    require_writable(file)
    pairing = pair_up(media_in(Path(images), Kind.IMAGE), media_in(Path(videos), Kind.VIDEO), how)  # type: ignore[arg-type]  # click offers these three
    for path in pairing.alone[:_NAMED]:
        remark(f"{shown_path(str(path))}: no partner")
    if len(pairing.alone) > _NAMED:
        remark(f"and {len(pairing.alone) - _NAMED} more without a partner")
    if not pairing.number:
        raise click.UsageError("no pairs: no image has the name of a video")
    more = {name: value for name, value in (("mode", mode), ("orientation", orientation), ("prompt", prompt)) if value}
    is_lines = format_ == "jsonl" or (format_ is None and (file or "").lower().endswith((".jsonl", ".ndjson")))
    sink = Sink(file)
    try:
        for piece in (_lines if is_lines else _rows)(pairing.pairs, more, _folder(file)):
            sink.write(piece)
        sink.finish()
    finally:
        sink.discard()
    if file is not None:
        remark(f"{pairing.number} pair{'' if pairing.number == 1 else 's'} written to {shown_path(file)}")
    return 0


def _folder(file: str | None) -> str:
    """The folder that paths in the manifest begin in: its own."""
    return os.path.dirname(file) if file and file != "-" else ""  # noqa: PTH120 - text


def _rows(pairs: Iterator[Pair], more: dict[str, str], folder: str) -> Iterator[str]:
    from preflight.render.row_tables import csv_line  # noqa: PLC0415 - only for this format

    yield csv_line(["id", "image", "video", *more])
    for pair in pairs:
        yield csv_line([pair.id, _path(pair.image, folder), _path(pair.video, folder), *more.values()])


def _lines(pairs: Iterator[Pair], more: dict[str, str], folder: str) -> Iterator[str]:
    from preflight.render.json_text import to_json_lines  # noqa: PLC0415 - only for this format

    for pair in pairs:
        named = {"id": pair.id, "image": _path(pair.image, folder), "video": _path(pair.video, folder)}
        yield to_json_lines([{**named, **more}])


def _path(path: Path, folder: str) -> str:
    """``path`` from the manifest's folder. One that begins like a formula or an option is written ``./=a.png``."""
    shown = str(path) if path.is_absolute() or not folder else os.path.relpath(path, folder)
    return f".{os.sep}{shown}" if shown[:1] in "=+-@" else shown
