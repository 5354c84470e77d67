"""``preflight pair``."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from preflight.cli.options.completion import files, folders
from preflight.cli.options.param_types import Choice
from preflight.cli.options.spec_options import RoleChoice, model_option, require_choices, spec_named, spec_option
from preflight.cli.printing.output import Sink, require_writable
from preflight.cli.printing.terminal import remark
from preflight.model import Kind
from preflight.redact import shown_path
from preflight.redact.suggestion import suggestion
from preflight.specs import DEFAULT_MODEL

if TYPE_CHECKING:
    from preflight.specs import Spec
    from preflight.targets.pairing import Pair, Pairing

_NAMED = 20
"""Files without a partner that are named one by one."""


@click.command("pair")
@click.option("--images", metavar="FOLDER", shell_complete=folders, help="Folder with the images.")
@click.option("--videos", metavar="FOLDER", shell_complete=folders, help="Folder with the videos.")
@click.option("--each-with-each", "how", flag_value="each-with-each", help="Every image with every video.")
@click.option("--by-name", "how", flag_value="by-name", help="Files of the same name: anna.png with anna.mp4.")
@click.option("--in-order", "how", flag_value="in-order", help="The first image with the first video, and so on.")
@click.option("--mode", type=RoleChoice("mode"), help="Mode of every job.")
@click.option("--orientation", type=RoleChoice("orientation"), help="Orientation of every job.")
@click.option("--prompt", help="Prompt of every job.")
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="NAME=VALUE",
    help="Another field of every job, by the name of its column (repeatable).",
)
@model_option
@spec_option
@click.option("--format", "format_", type=Choice(["csv", "jsonl"]), help="Format (default: that of the suffix).")
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
    images: str | None,
    videos: str | None,
    how: str | None,
    mode: str | None,
    orientation: str | None,
    prompt: str | None,
    settings: tuple[str, ...],
    model: str,
    format_: str | None,
    file: str | None,
) -> int:
    """Write a manifest that pairs images with videos.

    \b
    preflight pair --images a --videos b --in-order -o m.csv
    preflight check m.csv

    Names are in natural order: a2 comes before a10. Standard error names the
    files without a partner. With --spec, the columns are those of that model.
    One that takes images alone, or videos alone, gets a job for each file.
    """
    spec = spec_named(model)
    _require_folders(spec, images, videos, how)
    require_choices(model, mode=mode, orientation=orientation)
    given = {"mode": mode, "orientation": orientation, "prompt": prompt}
    columns, more = _columns(spec, {name: value for name, value in given.items() if value}, settings)
    require_writable(file)
    pairing = _pairing(images, videos, how)
    for path in pairing.alone[:_NAMED]:
        remark(f"{shown_path(str(path))}: no partner")
    if len(pairing.alone) > _NAMED:
        remark(f"and {len(pairing.alone) - _NAMED} more without a partner")
    if not pairing.number:
        raise click.UsageError("no pairs: no image has the name of a video")
    is_lines = format_ == "jsonl" or (format_ is None and (file or "").lower().endswith((".jsonl", ".ndjson")))
    sink = Sink(file)
    try:
        for piece in (_lines if is_lines else _rows)(pairing.pairs, columns, more, _folder(file)):
            sink.write(piece)
        sink.finish()
    finally:
        sink.discard()
    if file is not None:
        noun = "pair" if images and videos else "job"
        remark(f"{pairing.number} {noun}{'' if pairing.number == 1 else 's'} written to {shown_path(file)}")
    return 0


def _require_folders(spec: Spec, images: str | None, videos: str | None, how: str | None) -> None:
    """Raise ``UsageError`` unless the folders are those of the kinds of files that the model takes."""
    takes = {"images": (spec.takes_image, images), "videos": (spec.takes_video, videos)}
    for name, (is_taken, folder) in takes.items():
        if is_taken and folder is None:
            raise click.UsageError(f"Missing option '--{name}'.")
        if not is_taken and folder is not None:
            raise click.UsageError(f"{spec.model} takes no {name}: leave --{name} out")
    if images and videos and how is None:
        raise click.UsageError("say how to pair: --each-with-each, --by-name or --in-order")
    if how is not None and not (images and videos):
        raise click.UsageError(f"{spec.model} takes {'images' if images else 'videos'} alone: leave --{how} out")


def _pairing(images: str | None, videos: str | None, how: str | None) -> Pairing:
    from preflight.targets.pairing import media_in, pair_up, singly  # loads pathspec

    pictures = media_in(Path(images), Kind.IMAGE) if images else []
    clips = media_in(Path(videos), Kind.VIDEO) if videos else []
    if how is None:
        return singly(pictures, clips)
    return pair_up(pictures, clips, how)  # type: ignore[arg-type]  # click offers these three


def _columns(
    spec: Spec, given: Mapping[str, str], settings: tuple[str, ...]
) -> tuple[tuple[str | None, str | None], dict[str, str]]:
    """The columns of the image and the video, and those that have one value in every row. Raises ``UsageError``."""
    from preflight.jobfiles.field_names import FieldNames  # loads the readers

    names = FieldNames(spec)
    if "prompt" in given and spec.find("prompt") is None:
        raise click.UsageError(f"--prompt: {spec.model} has no prompt: leave it out")
    by_role = given if spec.model == DEFAULT_MODEL else {"model": spec.model} | dict(given)
    more = {names.column_of(role) or role: value for role, value in by_role.items()}  # type: ignore[arg-type]  # roles
    media = names.column_of("image"), names.column_of("video")
    taken = {names.of_column(name) for name in ("id", *media, *more) if name}
    for text in settings:
        name, sign, value = text.partition("=")
        name = name.strip()
        field = names.exact(name) if sign and value else None
        if field is None or names.type_of(field) is None:
            known = [each for each in names.columns if names.of_column(each) not in taken]
            hint = suggestion(name, known, otherwise=f"; {spec.model} has {', '.join(known)}" if known else "")
            raise click.UsageError(f"--set {text!r} is not a field of the model and its value{hint}")
        if field in taken:
            raise click.UsageError(f"--set {name}: the manifest has this column already")
        taken.add(field)
        more[name] = value
    return media, more


def _folder(file: str | None) -> str:
    """The folder that paths in the manifest begin in: its own."""
    return os.path.dirname(file) if file and file != "-" else ""  # noqa: PTH120 - text


def _rows(
    pairs: Iterator[Pair], columns: tuple[str | None, str | None], more: dict[str, str], folder: str
) -> Iterator[str]:
    from preflight.render.tabular.row_tables import csv_line  # only for this format

    yield csv_line(["id", *filter(None, columns), *more])
    for pair in pairs:
        yield csv_line([*_cells(pair, columns, folder).values(), *more.values()])


def _lines(
    pairs: Iterator[Pair], columns: tuple[str | None, str | None], more: dict[str, str], folder: str
) -> Iterator[str]:
    from preflight.render.objects.json_text import to_json_lines  # only for this format

    for pair in pairs:
        yield to_json_lines([_cells(pair, columns, folder) | more])


def _cells(pair: Pair, columns: tuple[str | None, str | None], folder: str) -> dict[str, str]:
    files = zip(columns, (pair.image, pair.video), strict=True)
    return {"id": pair.id} | {name: _path(path, folder) for name, path in files if name and path}


def _path(path: Path, folder: str) -> str:
    """``path`` from the manifest's folder. One that begins like a formula or an option is written ``./=a.png``."""
    shown = str(path) if path.is_absolute() or not folder else os.path.relpath(path, folder)
    return f".{os.sep}{shown}" if shown[:1] in "=+-@" else shown
