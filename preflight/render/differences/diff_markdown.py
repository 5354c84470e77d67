"""A difference as a comment on a pull request: one line, and a table that folds away when it is long.

GitHub takes 65 536 characters. Text from outside is escaped, so that no name makes a link, an image, a heading, a cell
or a mention. ``comment_text.py`` lets all of this pass and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from preflight.diff.comment_text import LIMIT, LINKED, MARKER, NO_LINK
from preflight.redact import printable
from preflight.render.differences import diff_phrases as phrases

if TYPE_CHECKING:
    from preflight.diff.difference import Difference, JobChange

_UNFOLDED_ROWS = 20
_ROOM_FOR_THE_END = 400
_SHOWN = 5
_ENTITIES = {"<": "&lt;", ">": "&gt;"}
"""Backslashes do not escape these inside of HTML."""
_ESCAPED = re.compile(r"[\\`*_\[\]<>#|~&$!]")


def render_markdown(found: Difference, *, limit: int = LIMIT) -> str:
    """The comment, of at most ``limit`` characters; the last row says how many jobs did not fit."""
    head = [MARKER, "### preflight", ""]
    for each in found.guardrails:
        if each.tripped:
            label = "Blocked" if each.level.value == "block" else "Notice"
            head += [f"**{label}**: {escaped(phrases.guardrail(each))}", ""]
    head += [escaped(phrases.headline(found)), ""]
    tail = [line for remark in found.remarks for line in (escaped(f"Note: {remark}"), "")]
    if not found.jobs:
        return "\n".join([*head, *tail])
    is_long = len(found.jobs) > _UNFOLDED_ROWS
    if is_long:
        head += ["<details>", f"<summary>{len(found.jobs)} changes</summary>", ""]
    head += ["| | job | verdict | credits | change |", "|---|---|---|--:|--:|"]
    end = ["", *(["</details>", ""] if is_long else []), *tail]
    rows, left = [], limit - len("\n".join([*head, *end])) - _ROOM_FOR_THE_END
    for shown, job in enumerate(found.jobs):
        row = _row(job)
        left -= len(row) + 1
        if left < 0:
            rows.append(f"| | and {len(found.jobs) - shown} more | | | |")
            break
        rows.append(row)
    return "\n".join([*head, *rows, *end])


def escaped(text: str) -> str:
    """``text`` as Markdown that shows it as it is, on one line."""
    marked = _ESCAPED.sub(lambda found: _ENTITIES.get(found[0], f"\\{found[0]}"), printable(text))
    return LINKED.sub(NO_LINK, marked)


def _row(job: JobChange) -> str:
    cells = (
        phrases.MARKS[job.kind.value],
        "<br>".join((f"**{escaped(phrases.name(job))}**", *_details(job))),
        escaped(phrases.verdicts(job)),
        escaped(phrases.credits_of(job)) if job.counted else "—",
        f"**{escaped(phrases.price_change(job))}**" if job.counted else "—",
    )
    return f"| {' | '.join(cells)} |"


def _details(job: JobChange) -> Iterator[str]:
    if job.old_path:
        yield f"renamed from {escaped(job.old_path)}"
    for field in job.fields[:_SHOWN]:
        yield escaped(phrases.field(field))
    for fact in job.facts[:_SHOWN]:
        yield escaped(phrases.fact(fact))
    for finding in job.new[:_SHOWN]:
        label = "indeterminate" if finding.indeterminate else finding.severity.label
        yield f"new {label} **{escaped(finding.rule)}**: {escaped(finding.message)}"
    for finding in job.fixed[:_SHOWN] if job.after else ():
        yield f"fixed: {escaped(finding.rule)}"
    fixed = job.fixed if job.after else ()
    hidden = sum(max(len(each) - _SHOWN, 0) for each in (job.fields, job.facts, job.new, fixed))
    if hidden:
        yield f"and {hidden} more"
