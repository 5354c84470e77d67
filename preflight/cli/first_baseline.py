"""The baseline that ``preflight init`` writes where a repository has old findings: hooks then fail on new ones only."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from preflight.cli.options.option_groups import JobOptions, PlaceOptions
from preflight.cli.options.shared_options import engine_options
from preflight.cli.printing.terminal import progress
from preflight.cli.targets import find_targets
from preflight.model import Report, Verdict
from preflight.render.objects.json_text import to_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from preflight.model import JobReport

BASELINE_FILE = "preflight-baseline.json"
SETTINGS_FILE = "preflight.toml"
SETTINGS_TEXT = f'baseline = "{BASELINE_FILE}"\n'


def first_baseline(top: Path) -> tuple[str, int] | None:
    """The text of a baseline with all that an offline check of ``top`` finds, and how many; ``None`` for nothing."""
    from preflight.checking.baseline import baseline_object  # the engine is loaded in a repository only
    from preflight.checking.engine import Engine

    options = replace(engine_options(offline=True), baseline=None)
    targets = find_targets([str(top)], PlaceOptions(), JobOptions(), options)
    with progress("checking", hidden=False), Engine(options) as engine:
        found = Report(jobs=tuple(_kept(engine.check_each(targets))), verdict=Verdict.PASS)
    baseline = baseline_object(found, top / BASELINE_FILE)
    return (to_json(baseline), len(baseline["findings"])) if baseline["findings"] else None


def _kept(jobs: Iterator[JobReport]) -> Iterator[JobReport]:
    """The jobs that a baseline is made of, without the rest of what is known of them."""
    return (replace(job, quote=None, quotes=(), meta={}) for job in jobs if job.findings)
