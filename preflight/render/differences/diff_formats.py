"""The formats of a difference. Those for build servers hold its new findings only."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final

from preflight.render.formats import COMMANDS, REPORT, Formats
from preflight.render.objects.json_text import to_json, to_json_lines

if TYPE_CHECKING:
    from preflight.diff.difference import Difference
    from preflight.render.surroundings import Surroundings

MARKDOWN: Final = "markdown"


def _text(found: Difference, around: Surroundings) -> str:
    from preflight.render.differences.diff_text import render_difference  # loads rich

    return around.lay_out(partial(render_difference, found))


def _json(found: Difference, _: Surroundings) -> str:
    from preflight.render.differences.diff_objects import diff_object  # only for this format

    return to_json(diff_object(found))


def _json_lines(found: Difference, _: Surroundings) -> str:
    from preflight.render.differences.diff_objects import job_change_object

    return to_json_lines(map(job_change_object, found.jobs))


def _markdown(found: Difference, _: Surroundings) -> str:
    from preflight.render.differences.diff_markdown import render_markdown  # only for this format

    return render_markdown(found)


def _html(found: Difference, around: Surroundings) -> str:
    from preflight.render.html.diff_page import render_page  # an extra

    return render_page(found, around)


def _of_new_findings(name: str, found: Difference, around: Surroundings) -> str:
    from preflight.render.build_servers.locations import SourceTree
    from preflight.render.differences.diff_objects import report_of_new

    root = around.tree().root  # the paths of a difference begin at the top of the repository
    return REPORT[name](report_of_new(found.jobs), replace(around, tree=lambda: SourceTree(root=root, folder=root)))


DIFFERENCE: Formats[Difference] = {
    "text": _text,
    "json": _json,
    "jsonl": _json_lines,
    MARKDOWN: _markdown,
    "sarif": partial(_of_new_findings, "sarif"),
    COMMANDS: partial(_of_new_findings, COMMANDS),
    "gitlab": partial(_of_new_findings, "gitlab"),
    "html": _html,
}
