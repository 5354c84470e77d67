"""Every format of every kind of result: one table, which is also what ``--format`` offers.

A kind is a mapping from the name of a format to the function that writes it. The module that writes a format is loaded
when the user asks for that format: ``--help`` and completion need the names alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar

from preflight.redact import printable
from preflight.render.objects.json_text import to_json, to_json_lines

if TYPE_CHECKING:
    from preflight.client import Credits
    from preflight.fix.outcome import Outcome
    from preflight.ledger import Entry
    from preflight.ledger.calibration import Candidate, Observation
    from preflight.model import Report
    from preflight.render.build_servers.sarif import SarifStream
    from preflight.render.payments.ledger_list import Listing
    from preflight.render.streams import Stream
    from preflight.render.surroundings import Surroundings
    from preflight.submit.submit import Submission
    from preflight.upload.uploader import UploadedFile

_T = TypeVar("_T")
COMMANDS: Final = "github"
"""The format whose lines are commands to a build server."""
SUMMING: Final = frozenset({"text", "markdown", COMMANDS})
"""The formats of a check whose end says how many jobs have each verdict, for people."""
IDENTIFYING: Final = frozenset({"json", "jsonl"})
"""The formats of a report that show the identity of each job."""

Renderer: TypeAlias = "Callable[[_T, Surroundings], str]"
Formats: TypeAlias = "Mapping[str, Renderer[_T]]"
MakeStream: TypeAlias = "Callable[[Surroundings], Stream]"


def _object(name: str, value: Any) -> Any:
    """What the function ``name`` of ``json_objects`` makes of ``value``."""
    from preflight.render.objects import json_objects  # only for JSON

    return getattr(json_objects, name)(value)


def json_of(object_of: Callable[[_T], Mapping[str, Any]]) -> Renderer[_T]:
    """Writes a value as the JSON object that ``object_of`` makes of it."""
    return lambda value, _: to_json(object_of(value))


def _json_lines(objects_of: Callable[[_T], Iterable[Mapping[str, Any]]]) -> Renderer[_T]:
    return lambda value, _: to_json_lines(objects_of(value))


def _lines(lines_of: Callable[[_T], Iterable[str]]) -> Renderer[_T]:
    return lambda value, _: "".join(f"{printable(line)}\n" for line in lines_of(value))


def _text(around: Surroundings) -> Stream:
    from preflight.render.texts.text_stream import TextStream  # other formats do without

    return TextStream(around.lay_out, around.next_commands, around.lines)


def _findings_text(around: Surroundings) -> Stream:
    from preflight.render.texts.text_stream import FindingsText

    return FindingsText(around.lay_out, around.lines)


def _json_document(_: Surroundings) -> Stream:
    from preflight.render.streams import JsonDocument  # only for this format

    return JsonDocument()


def _json_stream(_: Surroundings) -> Stream:
    from preflight.render.streams import JsonLines

    return JsonLines()


def _concise(around: Surroundings) -> Stream:
    from preflight.render.streams import Concise

    return Concise(around.tree())


def _csv(_: Surroundings) -> Stream:
    from preflight.render.tabular.row_tables import CsvStream

    return CsvStream()


def _markdown(_: Surroundings) -> Stream:
    from preflight.render.tabular.row_tables import MarkdownStream

    return MarkdownStream()


def _gitlab(around: Surroundings) -> Stream:
    from preflight.render.build_servers.gitlab import CodeQuality

    return CodeQuality(_sarif(around))


def _sarif(around: Surroundings) -> SarifStream:
    from preflight.render.build_servers.sarif import SarifStream

    version, pages = around.about()
    stack = ExitStack()
    to_utf16 = stack.enter_context(around.columns())
    return SarifStream(tree=around.tree(), to_utf16=to_utf16, version=version, pages=pages, close=stack.close)


def _junit(around: Surroundings) -> Stream:
    from preflight.render.build_servers.junit import JUnitStream  # loads junitparser

    return JUnitStream(around.tree())


def _github(around: Surroundings) -> Stream:
    from preflight.render.build_servers.github import WorkflowCommands  # only for this format

    return WorkflowCommands(around.tree())


def _html(around: Surroundings) -> Stream:
    from preflight.render.html.report_page import ReportPage  # an extra

    return ReportPage(around)


def _quotes_html(report: Report, around: Surroundings) -> str:
    from preflight.render.html.report_page import ReportPage  # an extra

    return _whole(partial(ReportPage, title="Estimate of the price"))(report, around)


def _whole(make: MakeStream) -> Renderer[Report]:
    def write(report: Report, around: Surroundings) -> str:
        from preflight.render.streams import whole  # only for a report that is whole already

        return whole(make(around), report)

    return write


def _quotes_text(report: Report, around: Surroundings) -> str:
    from preflight.render.texts.text import render_quotes  # loads rich

    with around.lines() as line_of:
        return around.lay_out(partial(render_quotes, report, line_of=line_of))


def _fact_lines(report: Report) -> Iterable[str]:
    from preflight.render.texts import phrases  # only for text

    return [phrases.fact_line(subject) for job in report.jobs for subject in job.subjects]


def _outcome_lines(outcomes: Sequence[Outcome]) -> Iterable[str]:
    from preflight.render.fixes import render_outcomes  # loads the repairs

    return render_outcomes(outcomes)


def _outcome_objects(outcomes: Sequence[Outcome]) -> list[Mapping[str, Any]]:
    from preflight.render.fixes import outcome_object

    return [outcome_object(outcome) for outcome in outcomes if not outcome.is_job]


def _outcomes_object(outcomes: Sequence[Outcome]) -> Mapping[str, Any]:
    from preflight.render.fixes import fix_object

    return fix_object(outcomes)


def _submission_lines(submission: Submission) -> Iterable[str]:
    from preflight.render.payments.submissions import submission_lines  # only for text

    return submission_lines(submission)


def _listing(name: str) -> Renderer[Listing]:
    def write(listing: Listing, around: Surroundings) -> str:
        from preflight.render.payments import ledger_list  # loads rich

        return str(getattr(ledger_list, name)(listing, around))

    return write


def _entry_text(entries: Sequence[Entry], around: Surroundings) -> str:
    from preflight.render.payments.ledger import render_entry

    (entry,) = entries
    return around.lay_out(partial(render_entry, entry))


def _ledger_object(entries: Sequence[Entry]) -> Mapping[str, Any]:
    from preflight.render.payments.ledger import ledger_object

    return ledger_object(entries)


def _entry_objects(entries: Sequence[Entry]) -> list[Mapping[str, Any]]:
    from preflight.render.payments.ledger import entry_object

    return [entry_object(entry) for entry in entries]


_Calibration: TypeAlias = "tuple[Sequence[Observation], Sequence[Candidate]]"


def _calibration_text(calibration: _Calibration, around: Surroundings) -> str:
    from preflight.render.payments.ledger import render_calibration

    return around.lay_out(partial(render_calibration, *calibration))


def _calibration_object(calibration: _Calibration) -> Mapping[str, Any]:
    from preflight.render.payments.ledger import calibration_object

    return calibration_object(*calibration)


STREAMS: Mapping[str, MakeStream] = {
    "text": _text,
    "json": _json_document,
    "jsonl": _json_stream,
    "csv": _csv,
    "markdown": _markdown,
    "concise": _concise,
    "sarif": _sarif,
    "junit": _junit,
    COMMANDS: _github,
    "gitlab": _gitlab,
    "html": _html,
}
"""The formats of a check, each of which writes the jobs as they come."""
FINDINGS: Mapping[str, MakeStream] = {**STREAMS, "text": _findings_text}
"""The same with ``-q``: jobs without findings are left out of them, and text holds findings alone."""
REPORT: Formats[Report] = {name: _whole(make) for name, make in STREAMS.items()}
"""The same formats for a report that is whole already."""
QUOTES: Formats[Report] = {
    "text": _quotes_text,
    "json": json_of(partial(_object, "quotes_object")),
    "jsonl": _json_lines(lambda report: _object("quotes_object", report)["jobs"]),
    "html": _quotes_html,
}
FACTS: Formats[Report] = {
    "text": _lines(_fact_lines),
    "json": json_of(partial(_object, "facts_object")),
    "jsonl": _json_lines(lambda report: _object("facts_object", report)["subjects"]),
}
OUTCOMES: Formats[Sequence[Outcome]] = {
    "text": _lines(_outcome_lines),
    "json": json_of(_outcomes_object),
    "jsonl": _json_lines(_outcome_objects),
}
SUBMISSION: Formats[Submission] = {
    "text": _lines(_submission_lines),
    "json": json_of(partial(_object, "submission_object")),
    "jsonl": _json_lines(lambda submission: [_object("submission_object", submission)]),
}
LISTING: Formats[Listing] = {
    "text": _listing("listing_text"),
    "json": _listing("listing_json"),
    "jsonl": _listing("listing_json_lines"),
    "csv": _listing("listing_csv"),
}
ENTRY: Formats[Sequence[Entry]] = {
    "text": _entry_text,
    "json": json_of(_ledger_object),
    "jsonl": _json_lines(_entry_objects),
}
"""One entry, which text shows in full."""
CALIBRATION: Formats[_Calibration] = {
    "text": _calibration_text,
    "json": json_of(_calibration_object),
    "jsonl": _json_lines(lambda calibration: [_calibration_object(calibration)]),
}
UPLOADS: Formats[Sequence[UploadedFile]] = {
    "text": _lines(lambda files: (file.url for file in files)),
    "json": json_of(partial(_object, "uploads_object")),
    "jsonl": _json_lines(lambda files: map(partial(_object, "upload_object"), files)),
}
"""URLs whole, with their signatures: they are what was asked for."""
CREDITS: Formats[Credits] = {
    "text": _lines(lambda account: [f"{account.balance:f} credits"]),
    "json": json_of(partial(_object, "credits_object")),
}
