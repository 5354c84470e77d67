"""Turns a command's arguments into targets: names, ``--files-from``, standard input, ``--image`` and ``--video``."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import click

from preflight.checking.options import Options
from preflight.cli.options.option_groups import JobOptions, PlaceOptions
from preflight.cli.options.settings_options import is_given, loaded_of
from preflight.cli.printing.terminal import remark
from preflight.errors import ConfigurationError, JobUnreadable
from preflight.model import Report
from preflight.model.file_types import MANIFEST_SUFFIXES
from preflight.model.target import Media, Target, is_url
from preflight.redact import redact, shown_path
from preflight.redact.advice import for_command
from preflight.targets import Filters, SkippedFiles, no_such_file, read_targets, why_empty
from preflight.targets.image_and_video import target_of

if TYPE_CHECKING:
    from preflight.checking.baseline import Baseline
    from preflight.model import IgnoreComment


class Targets:
    """The targets of a command, one after the other.

    ``empty`` describes every name without targets; ``commented`` holds the comments for preflight, with the path of
    their job; ``skipped`` counts files of folders that are neither media nor jobs. All are complete after the last
    target.
    """

    def __init__(self, sources: Iterable[tuple[str, Iterator[Target]]], skipped: SkippedFiles) -> None:
        self._sources = sources
        self.skipped = skipped
        self.empty: list[str] = []
        self.commented: list[tuple[str, IgnoreComment]] = []

    def __iter__(self) -> Iterator[Target]:
        for name, targets in self._sources:
            is_empty = True
            for target in targets:
                if isinstance(target, JobUnreadable):
                    target.args = (for_command(target),)
                is_empty = False
                if not isinstance(target, Media | JobUnreadable):
                    self.commented += [(target.path or "-", comment) for comment in target.comments]
                yield target
            if is_empty:
                self.empty.append(why_empty(name))


def find_targets(
    names: Sequence[str], places: PlaceOptions, job: JobOptions, options: Options, *, jobs_only: bool = False
) -> Targets:
    """The targets that a command's arguments name. Raises ``UsageError`` when there is nothing to check."""
    names_mapped = [name for name, _ in places.column]
    if twice := next((name for name in names_mapped if names_mapped.count(name) > 1), None):
        raise click.UsageError(f"--column {twice}=… is given twice: a field comes from one column")
    if places.null and places.files_from is None:
        raise click.UsageError("-0 applies to --files-from, which is not given")
    if places.files_from == "-" and "-" in names:
        raise click.UsageError("standard input cannot be both a job and a list of files: use - once")
    if not names and places.files_from is None and job.image is None and job.video is None and not jobs_only:
        raise click.UsageError("nothing to check: name a job file, a media file or a URL, or give --image and --video")
    skipped = SkippedFiles()
    return Targets(_sources(names, places, job, options, jobs_only=jobs_only, skipped=skipped), skipped)


def say_beside(report: Report, targets: Targets, baseline: Baseline | None) -> None:
    """Print the remarks beside a report on standard error."""
    if targets.skipped:
        remark(f"skipped {targets.skipped.in_words()}")
    if targets.empty or targets.commented or baseline is not None:
        from preflight.cli.printing.remarks import remarks  # most runs have no remarks

        for text in remarks(report, targets.empty, targets.commented, baseline):
            remark(text)


def _sources(
    names: Sequence[str],
    places: PlaceOptions,
    job: JobOptions,
    options: Options,
    *,
    jobs_only: bool,
    skipped: SkippedFiles,
) -> Iterator[tuple[str, Iterator[Target]]]:
    for name in names:
        yield name, _named(name, options, places, jobs_only=jobs_only, skipped=skipped)
    if places.files_from is not None:
        is_empty = True
        for name in _listed(places.files_from, null=places.null):
            is_empty = False
            shown = f"./{name}" if name == "-" else name
            yield name, _named(shown, options, places, jobs_only=jobs_only, skipped=skipped)
        if is_empty and not jobs_only:
            raise click.UsageError(f"nothing to check: {shown_path(places.files_from)} names no file")
    if job.image is not None or job.video is not None:
        yield "", _given(job, options)


def _named(
    name: str, options: Options, places: PlaceOptions, *, jobs_only: bool, skipped: SkippedFiles
) -> Iterator[Target]:
    columns = dict(places.column)
    if name == "-":
        from preflight.targets.standard_input import read_stream  # files do not need it

        yield from read_stream(sys.stdin.buffer, model=options.model, columns=columns, specs=options.specs)
        return
    if not jobs_only and not options.offline and _is_web_manifest(name):
        from preflight.targets.web_manifest import read_web  # loads the network

        yield from read_web(
            name,
            model=options.model,
            columns=columns,
            specs=options.specs,
            allow=options.allow,
            proxy=options.proxy,
        )
        return
    found = read_targets(
        name,
        model=options.model,
        filters=_filters(),
        jobs_only=jobs_only,
        columns=columns,
        specs=options.specs,
        skipped=skipped,
    )
    for target in found:
        if not isinstance(target, Media | JobUnreadable) and is_given("mode", "orientation"):
            raise click.UsageError("--mode and --orientation do not apply to job files: set them in the job")
        yield target


def _is_web_manifest(name: str) -> bool:
    """Whether ``name`` is the URL of a manifest at a web server: a media file has another suffix."""
    if not is_url(name) or not any(suffix in name.lower() for suffix in MANIFEST_SUFFIXES):
        return False
    from preflight.jobfiles.stores import is_web_url  # loads YAML

    return is_web_url(name)


def _filters() -> Filters:
    loaded = loaded_of(click.get_current_context())
    if loaded is None or loaded.file is None:
        return Filters()
    settings = loaded.settings
    return Filters(include=settings.include, exclude=settings.exclude, folder=str(loaded.file.path.parent))


def _listed(source: str, *, null: bool) -> Iterator[str]:
    from preflight.targets.standard_input import read_names  # only for this option

    if source == "-":
        yield from read_names(sys.stdin.buffer, null=null)
        return
    try:
        file = Path(source).open("rb")  # noqa: SIM115 - closed below, after the names are read
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "no file can have this name"
        raise ConfigurationError(f"{redact(source)}: the list of files cannot be read: {reason.lower()}") from error
    with closing(file):
        yield from read_names(file, null=null)


def _given(job: JobOptions, options: Options) -> Iterator[Target]:
    """The job of ``--image`` and ``--video``, or the one of them as a file by itself."""
    for source in (job.image, job.video):
        if source is not None and not is_url(source):
            require_file(source)
    target = target_of(
        image=job.image,
        video=job.video,
        mode=job.mode,
        orientation=job.orientation,
        prompt=job.prompt,
        spec=options.specs.load(job.model),
    )
    if target is not None:
        yield target


def require_file(source: str) -> None:
    """Raise ``UsageError`` for a path on the command line that is not a file."""
    try:
        found = Path(source).exists()
    except (OSError, ValueError):
        found = False
    if not found:
        raise click.UsageError(no_such_file(source))
    if Path(source).is_dir():
        raise click.UsageError(f"{shown_path(source)}: a folder, not a file")
