"""``preflight init``."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from shlex import quote

import click

from preflight import __version__
from preflight.cli.options.completion import folders
from preflight.cli.options.settings_options import loaded_of
from preflight.cli.options.spec_options import model_option, spec_named, spec_option, spec_words
from preflight.cli.printing.output import emit
from preflight.cli.printing.terminal import tell
from preflight.errors import ConfigurationError
from preflight.render.objects.json_text import to_json
from preflight.scaffold import (
    HOOKS,
    HOOKS_FILE,
    JOB_FILE,
    SCHEMA_FILE,
    WORKFLOW_FILE,
    configuration,
    hooks_text,
    job_text,
    sample_files,
    sample_job,
    workflow_text,
)
from preflight.specs.schema import job_schema

_LOOKED_AT_CHARS = 1024 * 1024


@click.command("init")
@click.argument("folder", default=".", shell_complete=folders)
@model_option
@spec_option
@click.option("--github", "is_on_github", is_flag=True, help="Also write a workflow that checks pull requests.")
@click.option("--no-baseline", "skips_baseline", is_flag=True, help="Do not look for old findings in the repository.")
@click.option(
    "--samples",
    metavar="FOLDER",
    shell_complete=folders,
    help="Copy sample media and a job that names them into this folder, and do nothing else.",
)
def command(*, folder: str, model: str, is_on_github: bool, skips_baseline: bool, samples: str | None) -> int:
    """Write a commented job file, its schema for editors, and a hook configuration.

    The hook configuration goes to the top of the Git repository that holds the folder. If an offline check of the
    repository finds mistakes, they go into a baseline, so that hooks fail on new ones only. Existing files are not
    changed.

    \b
    preflight init
    preflight init jobs
    preflight init --github
    preflight init --samples samples
    """
    if samples is not None:
        return _write_samples(Path(samples))
    spec, target = spec_named(model), Path(folder)
    try:
        target.mkdir(parents=True, exist_ok=True)
        top = _top_of(target)
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"cannot create the folder {folder}: {_reason(error)}") from error
    job = target / JOB_FILE
    _write(job, lambda: job_text(spec, spec_words(target)))
    _write(target / SCHEMA_FILE, lambda: to_json(job_schema(spec)))
    if is_on_github:
        _write_workflow(top)
    in_repository = (top / ".git").exists()
    if in_repository and not skips_baseline:
        _write_baseline(top)
    wrote_hooks = _write(top / HOOKS_FILE, hooks_text)
    if not in_repository:
        idle = "the hooks and the workflow do" if is_on_github else "the hooks do"
        tell(f"note   this is not a Git repository: {idle} nothing before 'git init'")
    if not wrote_hooks and not _has_hooks(top / HOOKS_FILE):
        emit(f"\nTo run the hooks, add this to 'repos' in {HOOKS_FILE}:\n\n{configuration()}\n", None)
    tell(f"next   preflight check {quote(str(job))} --offline{spec_words()}")
    return 0


def _write_workflow(top: Path) -> None:
    path = top / WORKFLOW_FILE
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(f"cannot create the folder {path.parent}: {_reason(error)}") from error
    _write(path, lambda: workflow_text(__version__))


def _write_baseline(top: Path) -> None:
    """Write what is wrong in the repository into a baseline, and a settings file that names it."""
    from preflight.cli.first_baseline import (  # loads the engine: in a repository only
        BASELINE_FILE,
        SETTINGS_FILE,
        SETTINGS_TEXT,
        first_baseline,
    )

    loaded = loaded_of(click.get_current_context())
    if loaded is not None and loaded.settings.baseline is not None:
        return  # old findings are known
    found = first_baseline(top)
    if found is None:
        return
    text, count = found
    if not _write(top / BASELINE_FILE, lambda: text):
        return
    tell(f"       {count} old finding{' is' if count == 1 else 's are'} in it: hooks and checks fail on new ones only")
    has_settings = loaded is not None and loaded.file is not None
    if has_settings or not _write(top / SETTINGS_FILE, lambda: SETTINGS_TEXT):
        tell(f"add    {SETTINGS_TEXT.strip()}   to the settings, so that it is used")


def _write_samples(target: Path) -> int:
    """Write the media of the demo, two of which fail, and a job with those two."""
    try:
        target.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"cannot create the folder {target}: {_reason(error)}") from error
    for origin in sorted(sample_files(), key=lambda each: each.name):
        _write_bytes(target / origin.name, origin.read_bytes)
    _write(target / JOB_FILE, sample_job)
    tell(f"next   preflight check {quote(str(target / JOB_FILE))}")
    return 0


def _top_of(folder: Path) -> Path:
    """The top of the repository around ``folder``; without one, ``folder`` itself."""
    real = folder.resolve()
    top = next((above for above in (real, *real.parents) if (above / ".git").exists()), None)
    return folder if top is None else Path(os.path.relpath(top))


def _write(path: Path, text: Callable[[], str]) -> bool:
    return _write_bytes(path, lambda: text().encode())


def _write_bytes(path: Path, content: Callable[[], bytes]) -> bool:
    """Create a file and report it. ``False`` where one exists: it stays unchanged, and no link is followed."""
    try:
        with path.open("xb") as file:
            file.write(content())
    except FileExistsError:
        tell(f"kept   {path}: it already exists")
        return False
    except OSError as error:
        raise ConfigurationError(f"cannot write {path}: {_reason(error)}") from error
    tell(f"wrote  {path}")
    return True


def _has_hooks(path: Path) -> bool:
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            text = file.read(_LOOKED_AT_CHARS)
    except OSError:
        return False
    return any(hook.id in text for hook in HOOKS)


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or type(error).__name__
