"""Suggests the one command that repairs the local files of a report."""

from __future__ import annotations

from collections.abc import Iterator

from preflight.fix.plan import Plan, plan
from preflight.model import JobReport, Report, Subject
from preflight.rules import shell_commands as repair
from preflight.specs import load_spec

_NAMES = 3
"""Most names on a line."""
_JOB_FILES = (".yaml", ".yml", ".json", ".jsonl", ".ndjson", ".csv", ".tsv")


def remedies(report: Report) -> Iterator[str]:
    """``preflight fix renamed.png too-long.mp4``, and a line for files that only ``--unsafe`` repairs; often neither.

    Several findings about one file have commands that write the same file, so a remark says that one run repairs all.
    """
    safe: dict[str, bool] = {}
    unsafe: dict[str, bool] = {}
    for job in report.jobs:
        for subject in job.subjects:
            if subject.address is not None or not job.findings:
                continue
            name = _named(job, subject)
            if made := _plan(job, subject, unsafe=False):
                safe[name] = _mends_several(job, subject, made) or safe.get(name, False)
            elif made := _plan(job, subject, unsafe=True):
                unsafe[name] = _mends_several(job, subject, made) or unsafe.get(name, False)
    for option, names in (("", safe), ("--unsafe ", unsafe)):
        if names:
            shown = " ".join(repair.safe(name) for name in list(names)[:_NAMES])
            more = " …" if len(names) > _NAMES else ""
            remark = "  # repairs each file in one go" if any(names.values()) else ""
            yield f"preflight fix {option}{shown}{more}{remark}"


def _named(job: JobReport, subject: Subject) -> str:
    """The argument for ``preflight fix``: the job's file, which gives each file its role, else the file."""
    if job.bare or job.path is None or not job.path.lower().endswith(_JOB_FILES):
        return subject.source
    return job.path


def _plan(job: JobReport, subject: Subject, *, unsafe: bool) -> Plan | None:
    found = (finding for finding in job.findings if finding.field == subject.field)
    made = plan(subject.facts, found, load_spec(job.model), unsafe=unsafe, fail_on=job.fail_on)
    return made if made.tries else None


def _mends_several(job: JobReport, subject: Subject, made: Plan) -> bool:
    rules = {row.rule for rows in made.tries for row in rows}
    return sum(finding.rule in rules for finding in job.findings if finding.field == subject.field) > 1
