"""The guardrails of a difference as options, and the column that its subtotals go by."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING

import click

from preflight.cli.options.option_groups import grouped
from preflight.cli.options.param_types import Choice, Number
from preflight.model.frozen import frozen
from preflight.model.guardrail_names import NAMES
from preflight.redact import redact

if TYPE_CHECKING:
    from preflight.diff.difference import JobChange
    from preflight.diff.guardrails import Limits


@frozen
class GuardrailOptions:
    """The bounds on a difference; ``notify`` names those that do not fail."""

    max_total: Decimal | None = None
    max_increase: Decimal | None = None
    max_increase_percent: Decimal | None = None
    max_job_credits: Decimal | None = None
    max_clip_seconds: Decimal | None = None
    notify: tuple[str, ...] = ()

    def limits(self) -> Limits:
        """The bounds for a comparison."""
        from preflight.diff.guardrails import Limits

        return Limits(
            total=self.max_total,
            increase=self.max_increase,
            increase_percent=self.max_increase_percent,
            job_credits=self.max_job_credits,
            clip_seconds=self.max_clip_seconds,
            notify=self.notify,
        )


guardrail_options = grouped(
    "bounds",
    GuardrailOptions,
    click.option("--max-total", type=Number(), metavar="N", help="Most credits of all changed jobs together."),
    click.option("--max-increase", type=Number(), metavar="N", help="Most credits that the change may add."),
    click.option("--max-increase-percent", type=Number(), metavar="N", help="The same in percent of the price before."),
    click.option("--max-job-credits", type=Number(), metavar="N", help="Most credits of one job."),
    click.option("--max-clip-seconds", type=Number(), metavar="N", help="Greatest length of one clip in seconds."),
    click.option(
        "--notify",
        type=Choice(NAMES),
        multiple=True,
        metavar="GUARDRAIL",
        help="Report this guardrail when it trips, but do not fail (repeatable).",
    ),
)


def group_by(column: str | None) -> Callable[[JobChange], str | None]:
    """The group of a job: its folder, or its value in ``column``."""

    from preflight.diff.compare import folder_of

    def group_of(job: JobChange) -> str | None:
        report = job.after or job.before
        if column is None or column == "folder" or report is None:
            return folder_of(job)
        quote = report.quote
        known = {
            "id": report.id,
            "model": report.model,
            "mode": quote.mode if quote else None,
            "orientation": quote.orientation if quote else None,
            "change": job.kind.value,
        }
        value = report.meta[column] if column in report.meta else known.get(column)
        return "none" if value is None or value == "" else redact(str(value))

    return group_of
