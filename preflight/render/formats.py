"""Every format of every kind of result: one table, which is also what ``--format`` offers.

A kind is a mapping from the name of a format to the function that writes it. Modules for one format alone are loaded
when the user asks for that format.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar

from preflight.model.frozen import frozen
from preflight.redact import printable
from preflight.render import in_order, phrases
from preflight.render import json_objects as objects
from preflight.render.json_text import to_json, to_json_lines
from preflight.render.submissions import submission_lines

if TYPE_CHECKING:
    from rich.console import Console

    from preflight.client import Credits
    from preflight.doctor import Check
    from preflight.fix.outcome import Outcome
    from preflight.ledger import Entry
    from preflight.ledger.calibration import Candidate, Observation
    from preflight.model import Report
    from preflight.render.locations import SourceTree, ToUtf16
    from preflight.settings import Loaded
    from preflight.submit.submit import Submission

_T = TypeVar("_T")
COMMANDS: Final = "github"
"""The format whose lines are commands to a build server."""
IDENTIFYING: Final = frozenset({"json", "jsonl"})
"""The formats of a report that show the identity of each job."""


@frozen
class Surroundings:
    """Answers from the machine and from other rooms; only the command line provides them.

    ``lay_out`` returns the text that a function draws on a console. ``next_commands`` returns the commands that repair
    the files of a report. ``tree`` and ``columns`` are for formats that name places in files. ``about`` returns the
    version and the URL of the published rule pages.
    """

    lay_out: Callable[[Callable[[Console], object]], str]
    next_commands: Callable[[Report], Iterable[str]]
    tree: Callable[[], SourceTree]
    columns: Callable[[], AbstractContextManager[ToUtf16]]
    about: Callable[[], tuple[str, str | None]]


Renderer: TypeAlias = Callable[[_T, Surroundings], str]
Formats: TypeAlias = Mapping[str, Renderer[_T]]


def _json(object_of: Callable[[_T], Mapping[str, Any]]) -> Renderer[_T]:
    return lambda value, _: to_json(object_of(value))


def _json_lines(objects_of: Callable[[_T], Iterable[Mapping[str, Any]]]) -> Renderer[_T]:
    return lambda value, _: to_json_lines(objects_of(value))


def _lines(lines_of: Callable[[_T], Iterable[str]]) -> Renderer[_T]:
    return lambda value, _: "".join(f"{printable(line)}\n" for line in lines_of(value))


def _report_text(report: Report, around: Surroundings) -> str:
    if in_order.is_enough(report):
        return "".join(f"{line}\n" for line in in_order.render_lines(report))
    from preflight.render.text import render_report  # noqa: PLC0415 - loads rich

    return around.lay_out(partial(render_report, report, next_commands=tuple(around.next_commands(report))))


def _sarif(report: Report, around: Surroundings) -> str:
    from preflight.render.sarif import sarif_object, sarif_text  # noqa: PLC0415 - only for this format

    version, pages = around.about()
    with around.columns() as to_utf16:
        return sarif_text(sarif_object(report, tree=around.tree(), to_utf16=to_utf16, version=version, pages=pages))


def _junit(report: Report, around: Surroundings) -> str:
    from preflight.render.junit import junit_xml  # noqa: PLC0415 - loads junitparser

    return junit_xml(report, tree=around.tree())


def _github(report: Report, around: Surroundings) -> str:
    from preflight.render.github import workflow_commands  # noqa: PLC0415 - only for this format

    return "".join(f"{line}\n" for line in workflow_commands(report, tree=around.tree()))


def _quotes_text(report: Report, around: Surroundings) -> str:
    from preflight.render.text import render_quotes  # noqa: PLC0415 - loads rich

    return around.lay_out(partial(render_quotes, report))


def _fact_lines(report: Report) -> Iterable[str]:
    for job in report.jobs:
        for subject in job.subjects:
            reason = phrases.why_not_read(subject)
            what = phrases.measured(subject) if reason is None else f"not read: {reason}"
            yield f"{subject.source}  {what}  ({phrases.spent(subject.transfer)})"


def _outcome_lines(outcomes: Sequence[Outcome]) -> Iterable[str]:
    from preflight.render.fixes import render_outcomes  # noqa: PLC0415 - loads the repairs

    return render_outcomes(outcomes)


def _outcome_objects(outcomes: Sequence[Outcome]) -> list[Mapping[str, Any]]:
    from preflight.render.fixes import outcome_object  # noqa: PLC0415 - the same

    return [outcome_object(outcome) for outcome in outcomes]


def _outcomes_object(outcomes: Sequence[Outcome]) -> Mapping[str, Any]:
    from preflight.render.fixes import fix_object  # noqa: PLC0415 - the same

    return fix_object(outcomes)


def _entries_text(entries: Sequence[Entry], around: Surroundings) -> str:
    from preflight.render.ledger import render_entries  # noqa: PLC0415 - loads SQLite, only for paid requests

    return around.lay_out(partial(render_entries, entries))


def _entry_text(entries: Sequence[Entry], around: Surroundings) -> str:
    from preflight.render.ledger import render_entry  # noqa: PLC0415 - the same

    (entry,) = entries
    return around.lay_out(partial(render_entry, entry))


def _ledger_object(entries: Sequence[Entry]) -> Mapping[str, Any]:
    from preflight.render.ledger import ledger_object  # noqa: PLC0415 - the same

    return ledger_object(entries)


def _entry_objects(entries: Sequence[Entry]) -> list[Mapping[str, Any]]:
    from preflight.render.ledger import entry_object  # noqa: PLC0415 - the same

    return [entry_object(entry) for entry in entries]


_Calibration: TypeAlias = "tuple[Sequence[Observation], Sequence[Candidate]]"


def _calibration_text(calibration: _Calibration, around: Surroundings) -> str:
    from preflight.render.ledger import render_calibration  # noqa: PLC0415 - the same

    return around.lay_out(partial(render_calibration, *calibration))


def _calibration_object(calibration: _Calibration) -> Mapping[str, Any]:
    from preflight.render.ledger import calibration_object  # noqa: PLC0415 - the same

    return calibration_object(*calibration)


def _rules_text(_: None, around: Surroundings) -> str:
    from preflight.render.tables import render_rules  # noqa: PLC0415 - loads rich

    return around.lay_out(render_rules)


def _rules_object(_: None) -> Mapping[str, Any]:
    from preflight.render.tables import rules_object  # noqa: PLC0415 - the same

    return rules_object()


def _settings_text(loaded: Loaded, around: Surroundings) -> str:
    from preflight.render.tables import render_settings  # noqa: PLC0415 - the same

    return around.lay_out(partial(render_settings, loaded, around.tree().folder))


def _settings_object(loaded: Loaded) -> Mapping[str, Any]:
    from preflight.render.tables import settings_object  # noqa: PLC0415 - the same

    return settings_object(loaded)


def _checks_text(checks: Sequence[Check], around: Surroundings) -> str:
    from preflight.render.doctor import render_checks  # noqa: PLC0415 - only for this command

    return around.lay_out(partial(render_checks, checks))


def _checks_object(checks: Sequence[Check]) -> Mapping[str, Any]:
    from preflight.render.doctor import checks_object  # noqa: PLC0415 - the same

    return checks_object(checks)


REPORT: Formats[Report] = {
    "text": _report_text,
    "json": _json(objects.report_object),
    "jsonl": _json_lines(lambda report: map(objects.job_object, report.jobs)),
    "sarif": _sarif,
    "junit": _junit,
    COMMANDS: _github,
}
QUOTES: Formats[Report] = {
    "text": _quotes_text,
    "json": _json(objects.quotes_object),
    "jsonl": _json_lines(lambda report: objects.quotes_object(report)["jobs"]),
}
FACTS: Formats[Report] = {
    "text": _lines(_fact_lines),
    "json": _json(objects.facts_object),
    "jsonl": _json_lines(lambda report: objects.facts_object(report)["subjects"]),
}
OUTCOMES: Formats[Sequence[Outcome]] = {
    "text": _lines(_outcome_lines),
    "json": _json(_outcomes_object),
    "jsonl": _json_lines(_outcome_objects),
}
SUBMISSION: Formats[Submission] = {
    "text": _lines(submission_lines),
    "json": _json(objects.submission_object),
    "jsonl": _json_lines(lambda submission: [objects.submission_object(submission)]),
}
ENTRIES: Formats[Sequence[Entry]] = {
    "text": _entries_text,
    "json": _json(_ledger_object),
    "jsonl": _json_lines(_entry_objects),
}
ENTRY: Formats[Sequence[Entry]] = {**ENTRIES, "text": _entry_text}
"""The same with one entry, which text shows in full."""
CALIBRATION: Formats[_Calibration] = {
    "text": _calibration_text,
    "json": _json(_calibration_object),
    "jsonl": _json_lines(lambda calibration: [_calibration_object(calibration)]),
}
CREDITS: Formats[Credits] = {
    "text": _lines(lambda account: [f"{account.balance:f} credits"]),
    "json": _json(objects.credits_object),
}
RULES: Formats[None] = {"text": _rules_text, "json": _json(_rules_object)}
SETTINGS: Formats[Loaded] = {"text": _settings_text, "json": _json(_settings_object)}
CHECKS: Formats[Sequence[Check]] = {"text": _checks_text, "json": _json(_checks_object)}
