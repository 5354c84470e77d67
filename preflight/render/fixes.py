"""Renders repairs: a few lines a file for people, an object for programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from preflight.fix.outcome import FixState, Outcome
from preflight.redact import printable
from preflight.render.objects.json_objects import finding_object

FIX = "preflight.fix/v1"

_WORDS = {
    FixState.SOUND: "nothing to fix",
    FixState.FIXED: "fixed",
    FixState.PLANNED: "would fix",
    FixState.UNREPAIRED: "not fixed",
    FixState.UNEXAMINED: "indeterminate",
    FixState.REPAIRED: "already repaired",
    FixState.WRITTEN: "wrote",
}
_INDENT = "  "


def render_outcomes(outcomes: Sequence[Outcome]) -> Iterator[str]:
    """``fixed  dance.mkv → dance.fixed.mp4``, the changes, the remaining findings, and last a count."""
    for outcome in outcomes:
        yield from _lines(outcome)
    files = [outcome for outcome in outcomes if not outcome.is_job]
    if len(files) > 1:
        counts = [(sum(each.state is state for each in files), word) for state, word in _WORDS.items()]
        yield ", ".join(f"{count} {word}" for count, word in counts if count)


def fix_object(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """All files of a run, and the copies of jobs that name the results."""
    return {
        "schema": FIX,
        "files": [outcome_object(outcome) for outcome in outcomes if not outcome.is_job],
        "jobs": [
            {
                "source": outcome.source,
                "state": outcome.state.value,
                "target": outcome.target,
                "done": list(outcome.done),
                "reason": outcome.reason,
            }
            for outcome in outcomes
            if outcome.is_job
        ],
    }


def outcome_object(outcome: Outcome) -> dict[str, Any]:
    """One file. ``steps`` are those of the table in docs/fix.md."""
    return {
        "source": outcome.source,
        "state": outcome.state.value,
        "target": outcome.target,
        "steps": list(dict.fromkeys(row.step.value for row in outcome.repairs)),
        "repaired": list(dict.fromkeys(row.rule for row in outcome.repairs if row.rule)),
        "done": list(outcome.done),
        "reason": outcome.reason,
        "findings": [finding_object(finding) for finding in outcome.findings],
        "unsafe": list(dict.fromkeys(row.step.value for row in outcome.withheld)),
        "field": outcome.field,
        "path": outcome.path,
        "line": outcome.line,
    }


def _lines(outcome: Outcome) -> Iterator[str]:
    yield _heading(outcome)
    if outcome.field is not None or outcome.path is not None:
        place = ":".join(str(part) for part in (outcome.path, outcome.line) if part is not None)
        yield _INDENT + printable(" ".join(part for part in (outcome.field, f"in {place}" if place else None) if part))
    for text in outcome.done:
        yield _INDENT + text
    if outcome.reason is not None:
        yield _INDENT + printable(outcome.reason)
    for finding in outcome.findings:
        label = _WORDS[FixState.UNEXAMINED] if finding.indeterminate else finding.severity.label
        yield f"{_INDENT}{label}: {finding.rule}: {printable(finding.message)}"
        held = [] if _says_so(outcome) else [row for row in outcome.withheld if row.rule == finding.rule]
        for row in held:
            yield f"{_INDENT * 2}--unsafe would {row.what}"
        if not held and finding.fix and outcome.state is not FixState.FIXED and not outcome.reason:
            yield f"{_INDENT * 2}fix: {printable(finding.fix)}"


def _heading(outcome: Outcome) -> str:
    word, source, target = _WORDS[outcome.state], printable(outcome.source), printable(outcome.target or "")
    match outcome.state:
        case FixState.REPAIRED:
            return f"{word}: {target}  (from {source})"
        case FixState.WRITTEN:
            return f"{word}  {target}  (from {source})"
        case _:
            return f"{word}  {source}" + (f" → {target}" if target and target != source else "")


def _says_so(outcome: Outcome) -> bool:
    """Whether the reason names the obstacle, so that a hint at other repairs would mislead."""
    return outcome.reason is not None and not outcome.reason.startswith("the result was not kept")
