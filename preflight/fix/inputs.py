"""Turns names into the files to repair: media, folders, and the local files that jobs name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from preflight.checking.named_media import choice_of, named_media, spec_of
from preflight.errors import JobUnreadable
from preflight.model import Job, Kind
from preflight.model.target import Media, Target, is_url
from preflight.redact import redact
from preflight.specs import BUILT_IN, Specs
from preflight.targets import read_targets
from preflight.targets.arguments import JOB_LIKE
from preflight.targets.folders import plain_part

_AT_A_URL = "it is at a URL: download it, fix the copy, and upload that"


@dataclass(frozen=True, slots=True, kw_only=True)
class FixInput:
    """A file to examine. ``file`` is ``None`` for a URL and for an unreadable row; ``trouble`` says why.

    ``kind`` is its role in the job, ``orientation`` the job's. ``field``, ``path`` and ``line`` say where a
    job names it. ``inside`` is whether it is in a place that the user named, links followed: a link or a job in a
    folder may lead out of it. ``mode`` is the job's, and ``job`` is what names the file; ``partners`` are its local
    files of the other kind.
    """

    source: str
    file: Path | None
    orientation: str
    kind: Kind | None = None
    trouble: str | None = None
    field: str | None = None
    path: str | None = None
    line: int | None = None
    inside: bool = True
    mode: str | None = None
    job: Job | None = None
    partners: tuple[Path, ...] = ()


def read_inputs(
    names: Iterable[str], *, model: str, orientation: str | None, specs: Specs = BUILT_IN
) -> Iterator[FixInput]:
    """The files behind arguments, each once. ``orientation`` is for files that no job names.

    Raises ``ConfigurationError`` as ``read_targets`` does.
    """
    names = tuple(names)
    roots = tuple(root for name in names for root in _roots(name))
    targets = (target for name in names for target in read_targets(name, model=model, specs=specs))
    for piece in read_inputs_of(targets, model=model, orientation=orientation, specs=specs):
        yield piece if piece.file is None else replace(piece, inside=_is_inside(piece.file, roots))


def read_inputs_of(
    targets: Iterable[Target], *, model: str, orientation: str | None, specs: Specs = BUILT_IN
) -> Iterator[FixInput]:
    """The files of targets, each once."""
    seen: set[tuple[Path, Kind | None, str]] = set()
    for target in targets:
        for piece in _pieces(target, model, orientation, specs):
            if piece.file is None:
                yield piece
            elif (mark := (piece.file.absolute(), piece.kind, piece.orientation)) not in seen:
                seen.add(mark)
                yield piece


def pieces_of(name: str, *, model: str, orientation: str | None = None, specs: Specs = BUILT_IN) -> Iterator[FixInput]:
    """The files behind one argument, as often as it names them. Raises as ``read_inputs`` does."""
    for target in read_targets(name, model=model, specs=specs):
        yield from _pieces(target, model, orientation, specs)


def _roots(name: str) -> Iterator[Path]:
    """The allowed place of files behind ``name``: in the folder, beside the job, or the one file itself."""
    path = Path(name)
    try:
        if path.is_dir():
            yield path.resolve()
        elif path.exists():
            yield path.resolve()
            if path.suffix.lower() in JOB_LIKE:
                yield path.absolute().parent.resolve()
        else:
            yield plain_part(name).resolve()
    except (OSError, ValueError, RuntimeError):  # not a path: reading it reports that
        return


def _is_inside(file: Path, roots: Iterable[Path]) -> bool:
    try:
        real = file.resolve()
    except (OSError, RuntimeError):  # links in a circle
        return False
    return any(real.is_relative_to(root) for root in roots)


def _pieces(target: Target, model: str, orientation: str | None, specs: Specs) -> Iterator[FixInput]:
    usual = choice_of(None, specs.load(model), "orientation", orientation)
    match target:
        case Media():
            if is_url(target.source):
                yield FixInput(source=redact(target.source), file=None, trouble=_AT_A_URL, orientation=usual)
            else:
                yield FixInput(source=target.source, file=Path(target.source), kind=target.kind, orientation=usual)
        case JobUnreadable():
            text = str(target).partition(": ")[2]
            yield FixInput(
                source=target.path, file=None, trouble=text, orientation=usual, path=target.path, line=target.line
            )
        case Job():
            yield from _of_job(target, model, usual, specs)


def _of_job(job: Job, model: str, usual: str, specs: Specs) -> Iterator[FixInput]:
    spec = spec_of(job, model, specs)
    field = spec.find("orientation")
    chosen = job.value(field.name) if field else ""
    if field is None or (isinstance(chosen, str) and chosen in field.choices):
        orientation = str(chosen)
    else:
        orientation = usual if usual in field.choices else choice_of(job, spec, "orientation", None)
    mode = choice_of(job, spec, "mode", None)
    named = [media for media in named_media(job, spec) if media.source.strip()]
    files = [None if is_url(media.source) else Path(job.path or "").parent / media.source for media in named]
    for media, local in zip(named, files, strict=True):
        place = job.place(media.field)
        others = (file for each, file in zip(named, files, strict=True) if each.kind is not media.kind)
        yield FixInput(
            source=str(local) if local is not None else redact(media.source),
            file=local,
            kind=media.kind,
            orientation=orientation,
            trouble=None if local is not None else _AT_A_URL,
            field=media.field,
            path=job.path,
            line=place.line if place else job.line,
            mode=mode,
            job=job,
            partners=tuple(file for file in others if file is not None),
        )
