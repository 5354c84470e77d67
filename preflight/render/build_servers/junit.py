"""JUnit XML, as Jenkins, GitLab and others read it: a test suite a job or file, a test case per file and area of rules.

Every case is written whether it fails or not, under the same name in every run, so that a server can show "failing
since" and "fixed". Those servers show one outcome a case: a failure for a finding at or above the threshold, an error
for an indeterminate one. A case is skipped when its file could not be read. Other findings go to its output.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from io import BytesIO
from typing import ClassVar, NamedTuple
from xml.etree import ElementTree as ET

from junitparser import Attr, Error, Failure, IntAttr, JUnitXml, Skipped, TestCase, TestSuite

from preflight.checking.totals import Totals
from preflight.checking.verdict import verdict_of_finding
from preflight.model import Finding, JobReport, Report, Severity, Subject, Verdict
from preflight.redact import printable
from preflight.render.build_servers.locations import STANDARD_INPUT, SourceTree, spot_of, subject_of
from preflight.render.objects.json_objects import shown_meta
from preflight.render.streams import Spool, whole
from preflight.render.texts import phrases
from preflight.rules import RULES_BY_ID, Area

_SUMS = ("tests", "failures", "errors", "skipped")
_CONTENT = frozenset({Area.IMAGE, Area.VIDEO})


class _PlacedCase(TestCase):
    """A case with the file that GitLab and others link to."""

    file = Attr()
    line = IntAttr()


class _Case(NamedTuple):
    """The subject of one test case: an area of rules over a file, or over the job where there is no file."""

    name: str
    areas: frozenset[Area]
    subject: Subject | None = None


class JUnitStream:
    """``check`` as a JUnit XML document. Its sums stand at its top, so its suites are kept as text until the end."""

    in_parts: ClassVar[bool] = False

    def __init__(self, tree: SourceTree) -> None:
        self._tree = tree
        self._names: Counter[str] = Counter()
        self._suites = Spool()
        self._sums: Counter[str] = Counter()
        self._seconds = 0.0

    def job(self, job: JobReport) -> str:
        name = _name_of(job, self._tree)
        self._names[name] += 1
        suite = _suite(job, self._tree, name if self._names[name] == 1 else f"{name} #{self._names[name]}")
        self._sums.update({key: int(getattr(suite, key) or 0) for key in _SUMS})
        self._seconds += float(suite.time or 0)
        # The library writes whole documents only.
        self._suites.add(_without_markers(ET.tostring(suite._elem, "unicode")))  # noqa: SLF001
        return ""

    def end(self, totals: Totals) -> Iterable[str]:  # noqa: ARG002 - test cases are counted, not jobs
        document = JUnitXml("preflight")
        for key in _SUMS:
            setattr(document, key, self._sums[key])
        document.time = round(self._seconds, 3)
        written = BytesIO()
        document.write(written)
        text = written.getvalue().decode("utf-8").rstrip()
        yield f"{text.removesuffix('/>').rstrip()}>" if self._suites.count else text
        yield from self._suites.read()
        yield "</testsuites>\n" if self._suites.count else "\n"


def junit_xml(report: Report, *, tree: SourceTree) -> str:
    """The same for a whole report."""
    return whole(JUnitStream(tree), report)


def _without_markers(xml: str) -> str:
    """``xml`` with the markers of build-server commands as character references, which mean the same."""
    return re.sub(r"##(?=\w*\[)", "#&#35;", re.sub(r"^(\s*):(?=:)", r"\1&#58;", xml, flags=re.MULTILINE))


def _name_of(job: JobReport, tree: SourceTree) -> str:
    subject = job.subjects[0] if job.bare and job.subjects else None
    if job.path is None:
        return "job"
    if subject is not None and subject.address is not None:
        return printable(job.path)
    path = job.path if job.path == STANDARD_INPUT else tree.shown(job.path)
    return printable(f"{path}{phrases.row_of(job)}" + (f" {job.id}" if job.id else ""))


def _suite(job: JobReport, tree: SourceTree, name: str) -> TestSuite:
    suite = TestSuite(name)
    suite.add_property("model", printable(job.model))
    suite.add_property("verdict", job.verdict.value)
    if job.quote is not None:
        suite.add_property("credits", f"{job.quote.credits:f}")
    for column, value in shown_meta(job).items():
        suite.add_property(
            printable(f"meta.{column}"), printable(value if isinstance(value, str) else json.dumps(value))
        )
    suite.add_testcases([_test_case(case, job, tree, name) for case in _cases(job)])
    return suite


def _cases(job: JobReport) -> Iterator[_Case]:
    names: Counter[str] = Counter()
    if not job.bare:
        yield _Case("fields", frozenset({Area.JOB}))
    for subject in job.subjects:
        about = "" if job.bare else f"{subject.kind.value} {printable(subject.source)}: "
        names[about] += 1
        if names[about] > 1:
            about = f"{about.removesuffix(': ')} #{names[about]}: "
        if subject.address is not None or any(
            RULES_BY_ID[finding.rule].area is Area.ADDRESS for finding in job.findings
        ):
            yield _Case(f"{about}address", frozenset({Area.ADDRESS}), subject)
        yield _Case(f"{about}transfer", frozenset({Area.TRANSFER}), subject)
        yield _Case(f"{about}content", _CONTENT, subject)
    if job.quote is not None:
        yield _Case("price", frozenset({Area.PRICE}))


def _test_case(case: _Case, job: JobReport, tree: SourceTree, suite: str) -> TestCase:
    found = [finding for finding in job.findings if _belongs(finding, case, job)]
    test = _PlacedCase(case.name, classname=f"preflight.{suite.replace('.', '_')}")
    spot = next((spot for finding in found if (spot := spot_of(finding, job))), None)
    if spot is not None:
        test.file = printable(tree.shown(spot.path))
        test.line = spot.line or 1
    failing = [finding for finding in found if verdict_of_finding(finding, job.fail_on) is Verdict.FAIL]
    untold = [finding for finding in found if finding.indeterminate]
    if failing or untold:
        said = failing or untold
        more = f" (and {len(said) - 1} more)" if len(said) > 1 else ""
        outcome = (Failure if failing else Error)(printable(said[0].message) + more, said[0].rule)
        outcome.text = _text(failing + untold, job, tree)
        test.result = outcome
    elif reason := _not_examined(case):
        test.result = Error(printable(reason), "indeterminate") if _is_unsaid(job) else Skipped(printable(reason))
    if case.subject is not None and Area.TRANSFER in case.areas:
        test.time = case.subject.transfer.elapsed_ms / 1000
    rest = [finding for finding in found if finding not in failing and finding not in untold]
    output = "\n".join(part for part in (_measured(case, job), _text(rest, job, tree)) if part)
    if output:
        test.system_out = output
    return test


def _belongs(finding: Finding, case: _Case, job: JobReport) -> bool:
    if RULES_BY_ID[finding.rule].area not in case.areas:
        return False
    return case.subject is None or subject_of(finding, job) is case.subject


def _not_examined(case: _Case) -> str | None:
    """Why the rules of this case were not applied; ``None`` where they were, and where they need no bytes."""
    if case.subject is None or case.subject.facts is not None or Area.ADDRESS in case.areas:
        return None
    return f"not examined: {phrases.why_not_read(case.subject)}"


def _is_unsaid(job: JobReport) -> bool:
    """Whether no finding shows why the job is indeterminate: that finding was ignored."""
    return job.verdict is Verdict.INDETERMINATE and not any(finding.indeterminate for finding in job.findings)


def _measured(case: _Case, job: JobReport) -> str:
    if case.subject is not None and case.areas is _CONTENT and case.subject.facts is not None:
        return printable(phrases.measured(case.subject))
    if Area.PRICE in case.areas and job.quote is not None:
        return printable(f"{phrases.price(job.quote)}: {phrases.reckoning(job.quote)}")
    return ""


def _text(findings: Sequence[Finding], job: JobReport, tree: SourceTree) -> str:
    """The findings in full, a paragraph each. XML allows no control characters, not even escaped: none is left here."""
    return "\n\n".join("\n".join(_lines(finding, job, tree)) for finding in findings)


def _lines(finding: Finding, job: JobReport, tree: SourceTree) -> Iterator[str]:
    label = "indeterminate" if finding.indeterminate else finding.severity.label
    spot = spot_of(finding, job)
    where = spot.shown(tree) if spot else None
    yield printable("  ".join(part for part in (label, finding.rule, finding.field, where) if part))
    yield printable(finding.message)
    if finding.fix and finding.severity > Severity.NOTE:
        yield printable(f"fix: {finding.fix}")
