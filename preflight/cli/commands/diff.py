"""``preflight diff``."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from preflight.cli.exit_codes import Exit
from preflight.cli.options.diff_options import GuardrailOptions, group_by, guardrail_options
from preflight.cli.options.option_groups import NetworkOptions, ResultOptions, VerdictOptions
from preflight.cli.options.result_options import emit_results, results
from preflight.cli.options.shared_options import engine_options, network_options, result_options, verdict_options
from preflight.cli.options.spec_options import spec_option
from preflight.cli.printing.terminal import progress
from preflight.render.differences.diff_formats import DIFFERENCE

if TYPE_CHECKING:
    from preflight.diff.difference import Difference
    from preflight.diff.git import Repository


@click.command("diff")
@click.argument("base", required=False)
@click.argument("head", required=False)
@click.option(
    "--upstream",
    "is_push",
    is_flag=True,
    help="Compare with the upstream branch, as before a push; without one, with the main branch.",
)
@click.option("--by", metavar="COLUMN", help="Column of the subtotals (default: the folder of the job file).")
@click.option("--network", "is_online", is_flag=True, help="Also read the media behind URLs.")
@guardrail_options
@spec_option
@network_options
@verdict_options
@result_options(DIFFERENCE)
def command(
    *,
    base: str | None,
    head: str | None,
    is_push: bool,
    by: str | None,
    is_online: bool,
    bounds: GuardrailOptions,
    network: NetworkOptions,
    verdict: VerdictOptions,
    output: ResultOptions,
) -> int:
    """Show what a change costs: jobs and media of two commits, compared.

    BASE is a commit, branch or tag; without it, the commit at which HEAD left the main branch. Without HEAD, the
    working tree is compared. The files are read from Git: nothing is checked out.

    \b
    preflight diff
    preflight diff main
    preflight diff v1.0 v1.1 --format markdown
    preflight diff --upstream
    preflight diff --max-increase 500 --max-job-credits 900
    """
    from preflight.diff.compare import compare
    from preflight.diff.git import Repository
    from preflight.diff.guardrails import guardrails
    from preflight.diff.upstream import upstream

    if is_push and base is not None:
        raise click.UsageError("--upstream names the base: give either it or BASE")
    wanted = results(output)
    repository = Repository.at(Path.cwd(), os.environ)
    base_commit, head_commit = upstream(repository, os.environ) if is_push else _commits(repository, base, head)
    options = engine_options(network=network, verdict=verdict, thorough=False, offline=not is_online)
    options = replace(options, folder=os.path.relpath(options.folder, repository.top or Path.cwd()))
    with progress("comparing", hidden=output.hidden):
        found = compare(repository, base_commit, head_commit, options, group_of=group_by(by))
    found = replace(found, guardrails=tuple(guardrails(found, bounds.limits())))
    emit_results(wanted, DIFFERENCE, found, quiet=output.quiet)
    return _exit_of(found)


def _commits(repository: Repository, base: str | None, head: str | None) -> tuple[str, str | None]:
    head_commit = None if head is None else repository.commit(head)
    base_commit = repository.commit(base) if base is not None else repository.merge_base(head_commit or "HEAD")[1]
    return base_commit, head_commit


def _exit_of(found: Difference) -> Exit:
    """A guardrail that blocks, then new findings that fail, then a price or a finding that could not be told."""
    from preflight.checking.verdict import verdict_of_finding
    from preflight.diff.difference import Level
    from preflight.model import Verdict

    blocking = [each for each in found.guardrails if each.level is Level.BLOCK]
    if any(each.tripped for each in blocking):
        return Exit.OVER_BUDGET
    new = [verdict_of_finding(finding, job.after.fail_on) for job in found.jobs if job.after for finding in job.new]
    if Verdict.FAIL in new:
        return Exit.FAIL
    if Verdict.INDETERMINATE in new or not all(each.certain for each in blocking):
        return Exit.INDETERMINATE
    return Exit.PASS
