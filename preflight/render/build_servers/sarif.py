"""SARIF 2.1.0, as code scanning services accept it (https://docs.oasis-open.org/sarif/sarif/v2.1.0/).

Every result has a physical location: GitHub refuses a whole file over one result that has none, or a logical one only.
A finding without a file (a URL, an option, standard input) gets ``NO_FILE``, whose description says so; its message
names the URL, without the query string. No address of this machine and no remote one is written.
"""

from __future__ import annotations

import json
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, Any, ClassVar, Final

from preflight.model import Finding, JobReport, Report, Severity, Verdict
from preflight.redact import printable, shorten
from preflight.render.build_servers.locations import SourceTree, ToUtf16, spot_of, subject_of
from preflight.render.objects.json_objects import shown_meta
from preflight.render.objects.json_text import without_markers
from preflight.rules import RULES, Rule
from preflight.rules.pages import help_of

if TYPE_CHECKING:
    from preflight.checking.totals import Totals

SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"
NO_FILE: Final = "command-line"
RESULTS: Final = 25_000
"""GitHub's bound on the results of a run; it shows the 5000 most severe."""
COMPRESSED_BYTES: Final = 10_000_000
"""GitHub's bound on a file, gzipped."""
_NOTIFICATIONS = 100
_MESSAGE_CHARS = 1000
_TEXT_CHARS = 1024
"""GitHub's bound on the descriptions of a rule."""

_RULE_INDEX = {rule.id: index for index, rule in enumerate(RULES)}
_ROOT = "%SRCROOT%"
_PRECISIONS = {"API page": "very-high", "advisory": "medium"}
_SAID_SEVERITIES = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "recommendation"}


class SarifStream:
    """``check`` as a SARIF log of one run, of which the results are kept. ``close`` is called at its end.

    ``pages`` is the URL below which every rule has a page, if there is one. Results beyond GitHub's limits are left
    out, least severe first, and a notification says how many.
    """

    in_parts: ClassVar[bool] = False

    def __init__(
        self,
        *,
        tree: SourceTree,
        to_utf16: ToUtf16,
        version: str,
        pages: str | None = None,
        close: Callable[[], object] = lambda: None,
    ) -> None:
        self._tree = tree
        self._to_utf16 = to_utf16
        self._version = version
        self._pages = pages
        self._close = close
        self._seen: Counter[str] = Counter()
        self._results: list[dict[str, Any]] = []
        self._found = 0
        self._untold: list[dict[str, Any]] = []
        self._untold_count = 0
        self._examined = True

    def job(self, job: JobReport) -> str:
        for finding in job.findings:
            self._found += 1
            self._results.append(_result(finding, job, self._tree, self._to_utf16, self._seen))
        if len(self._results) > 2 * RESULTS:
            self._results = _most_severe(self._results, RESULTS)
        if _could_not_tell(job):
            self._examined = False
            for each in _untold(job):
                self._untold_count += 1
                if len(self._untold) < _NOTIFICATIONS:
                    self._untold.append(each)
        return ""

    def end(self, totals: Totals | None) -> Iterable[str]:  # noqa: ARG002 - a log holds results, not sums
        self._close()
        yield sarif_text(self.log())

    def log(self) -> dict[str, Any]:
        """The whole log."""
        kept = _most_severe(self._results, RESULTS)
        while True:
            log = self._log(kept, left_out=self._found - len(kept))
            excess = _compressed(log) / COMPRESSED_BYTES
            if excess <= 1 or not kept:
                return log
            kept = _most_severe(kept, int(len(kept) / excess * 0.95))

    def _log(self, results: Sequence[dict[str, Any]], *, left_out: int) -> dict[str, Any]:
        return {
            "$schema": SCHEMA,
            "version": "2.1.0",
            "runs": [
                {
                    "tool": {
                        "driver": {
                            "name": "preflight",
                            "semanticVersion": self._version,
                            "rules": [_descriptor(rule, self._pages) for rule in RULES],
                        }
                    },
                    "invocations": [
                        {
                            "executionSuccessful": self._examined,
                            "toolExecutionNotifications": list(self._notifications(left_out)),
                        },
                    ],
                    "originalUriBaseIds": {
                        _ROOT: {"description": {"text": "The root of the source tree that preflight ran in."}}
                    },
                    "columnKind": "utf16CodeUnits",
                    "results": list(results),
                }
            ],
        }

    def _notifications(self, left_out: int) -> Iterator[dict[str, Any]]:
        if left_out:
            said = f"{left_out} of the results are left out, the least severe: a code scanning service accepts no more."
            yield {"level": "warning", "message": {"text": said}}
        yield from self._untold
        if self._untold_count > _NOTIFICATIONS:
            said = f"{self._untold_count - _NOTIFICATIONS} more could not be examined."
            yield {"level": "error", "message": {"text": said}}


def sarif_object(
    report: Report, *, tree: SourceTree, to_utf16: ToUtf16, version: str, pages: str | None = None
) -> dict[str, Any]:
    """The same for a whole report."""
    stream = SarifStream(tree=tree, to_utf16=to_utf16, version=version, pages=pages)
    for job in report.jobs:
        stream.job(job)
    return stream.log()


def sarif_text(log: dict[str, Any]) -> str:
    """``log`` as JSON: indented, unless it is too long for people to read."""
    return without_markers(json.dumps(log, indent=2 if _is_short(log) else None)) + "\n"


def _descriptor(rule: Rule[Any], pages: str | None) -> dict[str, Any]:
    page = help_of(rule.id)
    link = {} if pages is None else {"helpUri": f"{pages.rstrip('/')}/{rule.id}.md"}
    return {
        "id": rule.id,
        "shortDescription": {"text": page.summary[:_TEXT_CHARS]},
        "fullDescription": {"text": f"{page.summary} Source: {rule.source_text}."[:_TEXT_CHARS]},
        "help": {"text": page.text, "markdown": page.markdown},
        **link,
        "defaultConfiguration": {"level": rule.severity.label},
        "properties": {
            "tags": [rule.area.value],
            "precision": _PRECISIONS.get(rule.origin, "high"),
            "problem.severity": _SAID_SEVERITIES[rule.severity],
        },
    }


def _result(
    finding: Finding, job: JobReport, tree: SourceTree, to_utf16: ToUtf16, seen: Counter[str]
) -> dict[str, Any]:
    key = _fingerprint(finding, job, tree)
    seen[key] += 1
    fingerprint = f"{key}:{seen[key]}"
    properties: dict[str, Any] = {"indeterminate": finding.indeterminate}
    if job.meta:
        properties["meta"] = shown_meta(job)
    return {
        "ruleId": finding.rule,
        "ruleIndex": _RULE_INDEX[finding.rule],
        "level": finding.severity.label,
        "message": {"text": _message(finding, job)},
        "locations": [_location(finding, job, tree, to_utf16)],
        "partialFingerprints": {"primaryLocationLineHash": fingerprint, "preflight/v1": fingerprint},
        "properties": properties,
    }


def _message(finding: Finding, job: JobReport) -> str:
    parts = [f"{finding.message}."]
    if finding.indeterminate:
        parts[0] = f"Indeterminate: {parts[0]}"
    subject = subject_of(finding, job)
    if subject is not None:
        parts.append(f"File: {subject.source}")
    if finding.fix and finding.severity > Severity.NOTE:
        parts.append(f"Fix: {finding.fix}")
    return "\n".join(printable(part) for part in parts)[:_MESSAGE_CHARS]


def _location(finding: Finding, job: JobReport, tree: SourceTree, to_utf16: ToUtf16) -> dict[str, Any]:
    spot = spot_of(finding, job)
    artifact: dict[str, Any]
    if spot is None:
        artifact = {
            "uri": NO_FILE,
            "uriBaseId": _ROOT,
            "description": {"text": "Not in a file: from the command line."},
        }
        region = {"startLine": 1}
    else:
        uri, inside = tree.uri(spot.path)
        artifact = {"uri": uri, "uriBaseId": _ROOT} if inside else {"uri": uri}
        region = {"startLine": spot.line or 1}
        if spot.line is not None and spot.column is not None:
            region["startColumn"] = to_utf16(spot.path, spot.line, spot.column)
    location: dict[str, Any] = {"physicalLocation": {"artifactLocation": artifact, "region": region}}
    if finding.field is not None:
        location["logicalLocations"] = [{"fullyQualifiedName": printable(finding.field), "kind": "value"}]
    return location


def _fingerprint(finding: Finding, job: JobReport, tree: SourceTree) -> str:
    """A key that stays the same when lines move: rule, file, row, field and the field's file."""
    spot, subject = spot_of(finding, job), subject_of(finding, job)
    parts = (
        finding.rule,
        tree.uri(spot.path)[0] if spot else "",
        job.id or "",
        finding.field or "",
        subject.source if subject else "",
    )
    return sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _untold(job: JobReport) -> Iterator[dict[str, Any]]:
    reasons = [finding for finding in job.findings if finding.indeterminate]
    for finding in reasons:
        yield {
            "level": "error",
            "message": {"text": _message(finding, job)},
            "associatedRule": {"id": finding.rule, "index": _RULE_INDEX[finding.rule]},
        }
    if not reasons:
        name = "" if job.path is None else f": {shorten(printable(job.path))}"
        yield {"level": "error", "message": {"text": f"Could not be examined{name}."}}


def _could_not_tell(job: JobReport) -> bool:
    return job.verdict is Verdict.INDETERMINATE or any(finding.indeterminate for finding in job.findings)


def _most_severe(results: Sequence[dict[str, Any]], count: int) -> list[dict[str, Any]]:
    """At most ``count`` of ``results``, in their order."""
    if len(results) <= count:
        return list(results)
    ranks = ("error", "warning", "note")
    order = sorted(range(len(results)), key=lambda index: ranks.index(results[index]["level"]))
    return [results[index] for index in sorted(order[:count])]


def _compressed(log: dict[str, Any]) -> int:
    """The size of ``log`` as it is written, gzipped; 0 for one too short to matter."""
    if _is_short(log):
        return 0
    return len(zlib.compress(sarif_text(log).encode("ascii"), level=6))


def _is_short(log: dict[str, Any]) -> bool:
    return len(log["runs"][0]["results"]) <= 500  # none is larger than 20 KB, each character of it escaped
