"""Options that several commands share, and the engine options made from them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from preflight.cli.options.completion import files
from preflight.cli.options.option_groups import (
    Decorator,
    JobOptions,
    NetworkOptions,
    OutputOptions,
    PlainOutputOptions,
    ResultOptions,
    StreamOptions,
    VerdictOptions,
    grouped,
)
from preflight.cli.options.param_types import Choice, Host, Number, ProxyUrl, RuleId, Seconds, WholeNumber
from preflight.cli.options.result_options import Format, FormatOption
from preflight.cli.options.settings_options import loaded_of
from preflight.cli.options.spec_options import RoleChoice, known_specs, model_option, require_choices, spec_option
from preflight.cli.printing.terminal import verbose_option
from preflight.model.finding import Severity
from preflight.settings import Settings

if TYPE_CHECKING:
    from preflight.checking.baseline import Baseline
    from preflight.checking.options import Options
    from preflight.render.formats import Formats
    from preflight.sources.manners import Manners

_SEVERITIES = {severity.label: severity for severity in reversed(Severity)}

_file_option = click.option(
    "--output", "file", metavar="FILE", shell_complete=files, help="Write to this file instead of standard output."
)
_no_progress_option = click.option("--no-progress", is_flag=True, help="Show no progress.")
_beside_format = (
    _file_option,
    click.option("-q", "--quiet", is_flag=True, help="Print nothing; only set the exit code."),
    verbose_option,
    _no_progress_option,
)
_beside_stream = (
    _file_option,
    click.option(
        "-q",
        "--quiet",
        count=True,
        show_default=False,
        help="Print only jobs that have findings; -qq prints nothing and only sets the exit code.",
    ),
    verbose_option,
    _no_progress_option,
)


job_options = grouped(
    "job",
    JobOptions,
    click.option("--image", metavar="FILE|URL", shell_complete=files, help="Reference image of the job."),
    click.option("--video", metavar="FILE|URL", shell_complete=files, help="Reference video of the job."),
    click.option("--mode", type=RoleChoice("mode"), help="Resolution of the result; it decides the price per second."),
    click.option(
        "--orientation",
        type=RoleChoice("orientation"),
        help="Which of the two files sets the orientation of the result.",
    ),
    click.option("--prompt", help="Text prompt of the job."),
    model_option,
    spec_option,
)

network_options = grouped(
    "network",
    NetworkOptions,
    click.option(
        "--allow-host",
        "allow",
        type=Host(),
        multiple=True,
        metavar="HOST[:PORT]",
        help="Allow URLs at this private or loopback host (repeatable).",
    ),
    click.option(
        "--proxy",
        type=ProxyUrl(),
        metavar="URL",
        help="Read URLs through this HTTP proxy.",
    ),
    click.option(
        "--timeout",
        "deadline_s",
        type=Seconds(0.1, 3600),
        metavar="SECONDS",
        help="Time limit for reading one URL (default: 20).",
    ),
    click.option(
        "--retries",
        type=WholeNumber(0, 10),
        metavar="N",
        help="Retries when a server is busy or drops the connection (default: 1; 2 for several jobs).",
    ),
)

verdict_options = grouped(
    "verdict",
    VerdictOptions,
    click.option("--strict/--no-strict", default=False, help="Also fail on warnings."),
    click.option(
        "--fail-on",
        type=Choice(list(_SEVERITIES)),
        default="error",
        show_default=True,
        help="Lowest severity that fails.",
    ),
    click.option(
        "--select",
        type=RuleId(areas=True),
        multiple=True,
        metavar="RULE|AREA",
        help="Run only these rules (repeatable).",
    ),
    click.option(
        "--ignore",
        type=RuleId(areas=True),
        multiple=True,
        metavar="RULE|AREA",
        help="Do not run these rules (repeatable).",
    ),
    click.option("--baseline", metavar="FILE", help="Baseline file; findings listed in it are not reported."),
    click.option("--max-credits", type=Number(), metavar="N", help="Fail if the job may cost more than this."),
    click.option("--deep", is_flag=True, help="Fetch and decode each picture completely."),
)

thumbnails_option = click.option(
    "--thumbnails", is_flag=True, help="Put a thumbnail of each file into JSON results; pictures are fetched whole."
)


def output_options(formats: Formats[Any]) -> Decorator:
    """``output``: ``--format``, ``--output``, ``-q``, ``-v``, ``--no-progress``."""
    return grouped("output", OutputOptions, format_option(formats), *_beside_format)


def result_options(formats: Formats[Any]) -> Decorator:
    """``output``: the same, with a ``--format`` for each of several results."""
    return grouped("output", ResultOptions, _formats_option(formats), *_beside_format)


def stream_options(formats: Iterable[str]) -> Decorator:
    """``output``: the same, where ``-q`` leaves the findings."""
    return grouped("output", StreamOptions, _formats_option(formats), *_beside_stream)


def _formats_option(formats: Iterable[str]) -> Decorator:
    names = tuple(formats)
    return click.option(
        "--format",
        "formats",
        cls=FormatOption,
        type=Format(names),
        multiple=True,
        metavar="FORMAT[:FILE]",
        help=f"Output format (default: text): {', '.join(names)}; F:FILE writes it to that file (repeatable).",
    )


def plain_output_options(formats: Formats[Any]) -> Decorator:
    """``output``: ``--format`` and ``--output``, for commands with a short result."""
    return grouped("output", PlainOutputOptions, format_option(formats), _file_option)


def format_option(formats: Formats[Any]) -> Decorator:
    """``--format``, one of the formats of a kind of result."""
    return click.option("--format", "format", type=Choice(list(formats)), default="text", help="Output format.")


def engine_options(
    *,
    network: NetworkOptions | None = None,
    job: JobOptions | None = None,
    verdict: VerdictOptions | None = None,
    thorough: bool | None = None,
    uploaded: bool = False,
    offline: bool = False,
    every_mode: bool = False,
    thumbnails: bool = False,
    identify: bool = True,
    manners: Manners | None = None,
) -> Options:
    """Engine options from the values of the options above.

    A command without one of them takes it from the settings, except two. Without ``--select`` all rules apply: a
    selection for hooks must not let a broken job be paid for. Without ``--baseline`` old findings count.
    """
    from preflight.checking.options import Options

    network, job, verdict = network or NetworkOptions(), job or JobOptions(), verdict or VerdictOptions()
    context = click.get_current_context(silent=True)
    loaded = loaded_of(context) if context else None
    settings = loaded.settings if loaded else Settings()
    specs = known_specs()
    require_choices(job.model, mode=job.mode, orientation=job.orientation)
    threshold = settings.fail_on if verdict.fail_on is None else _SEVERITIES[verdict.fail_on]
    strict = settings.strict if verdict.strict is None else verdict.strict
    return Options(
        allow=network.allow,
        deadline_s=network.deadline_s,
        retries=network.retries,
        proxy=network.proxy,
        fail_on=min(threshold, Severity.WARNING) if strict else threshold,
        select=frozenset(verdict.select),
        ignore=frozenset(settings.ignore if verdict.ignore is None else verdict.ignore),
        path_ignores=settings.per_path_ignores,
        severities=settings.severity,
        folder=str(loaded.file.path.parent) if loaded and loaded.file else ".",
        rounding=settings.rounding,
        baseline=None if verdict.baseline is None else _read_baseline(verdict.baseline),
        max_credits=verdict.max_credits,
        deep=verdict.deep,
        thumbnails=thumbnails,
        model=job.model,
        mode=job.mode,
        orientation=job.orientation,
        thorough=thorough,
        uploaded=uploaded,
        offline=offline,
        every_mode=every_mode,
        identify=identify,
        manners=manners,
        spec=specs if specs.named else None,
    )


def _read_baseline(path: str) -> Baseline:
    from preflight.checking.baseline import read_baseline  # only where there is one

    return read_baseline(Path(path))


def default_ledger() -> Path:
    """The ledger in the user's data folder."""
    from platformdirs import user_data_path  # only for paid requests

    return user_data_path("preflight", appauthor=False) / "ledger.db"
