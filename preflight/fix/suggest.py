"""Suggests the one command that repairs the local files of a report."""

from __future__ import annotations

from collections.abc import Iterator

from preflight.checking.named_media import choice_of
from preflight.fix.plan import Plan, plan
from preflight.model import JobReport, Report, Severity, Subject
from preflight.rules.shell_words import safe
from preflight.specs import BUILT_IN, DEFAULT_MODEL, Specs

_NAMES = 3
"""Most names on a line."""
_JOB_FILES = (".yaml", ".yml", ".json", ".jsonl", ".ndjson", ".csv", ".tsv")


def remedies(report: Report, specs: Specs = BUILT_IN) -> Iterator[str]:
    """``preflight fix renamed.png too-long.mp4``, and a line for files that only ``--unsafe`` repairs; often neither.

    Each line carries the options of the check that decide what a repair is. One run repairs everything about a file,
    and a remark says so where that is several findings.
    """
    lines: dict[tuple[str, ...], dict[str, bool]] = {}
    for job in report.jobs:
        for subject in job.subjects:
            if subject.address is not None or not job.findings:
                continue
            for unsafe in (False, True):
                if made := _plan(job, subject, specs, unsafe=unsafe):
                    names = lines.setdefault((*(["--unsafe"] if unsafe else []), *_options(job, specs)), {})
                    name = _named(job, subject)
                    names[name] = _mends_several(job, subject, made) or names.get(name, False)
                    break
    for options, names in sorted(lines.items(), key=lambda line: "--unsafe" in line[0]):
        shown = [safe(name) for name in list(names)[:_NAMES]]
        more = [f"and {len(names) - _NAMES} more"] if len(names) > _NAMES else []
        remarks = [*more, *(["repairs each file in one go"] if any(names.values()) else [])]
        # After the sign for a comment, so that a shell can be given the whole line.
        comment = f"  # {'; '.join(remarks)}" if remarks else ""
        yield f"{' '.join(['preflight fix', *options, *shown])}{comment}"


def _options(job: JobReport, specs: Specs) -> Iterator[str]:
    """The options of a check that its repair needs, too. A job file says the model and the orientation itself."""
    if job.fail_on is Severity.WARNING:
        yield "--strict"
    spec = specs.load(job.model)
    if spec.path is not None:
        yield f"--spec {safe(spec.path)}"
    if _is_a_file(job):
        return
    if job.model != DEFAULT_MODEL and spec.path is None:
        yield f"--model {safe(job.model)}"
    if job.quote is not None and job.quote.orientation != choice_of(None, spec, "orientation", None):
        yield f"--orientation {safe(job.quote.orientation)}"


def _is_a_file(job: JobReport) -> bool:
    return not job.bare and job.path is not None and job.path.lower().endswith(_JOB_FILES)


def _named(job: JobReport, subject: Subject) -> str:
    """The argument for ``preflight fix``: the job's file, which gives each file its role, else the file."""
    return job.path if job.path is not None and _is_a_file(job) else subject.source


def _plan(job: JobReport, subject: Subject, specs: Specs, *, unsafe: bool) -> Plan | None:
    found = (finding for finding in job.findings if finding.field == subject.field)
    made = plan(subject.facts, found, specs.load(job.model), unsafe=unsafe, fail_on=job.fail_on)
    return made if made.tries else None


def _mends_several(job: JobReport, subject: Subject, made: Plan) -> bool:
    rules = {row.rule for rows in made.tries for row in rows}
    return sum(finding.rule in rules for finding in job.findings if finding.field == subject.field) > 1
