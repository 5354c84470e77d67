"""What ``submissions.jsonl`` says of earlier starts: no task in it is forgotten, or paid for by another ledger."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any, Final

from preflight.errors import SourceError
from preflight.redact import printable, shown_path
from preflight.render.objects.json_objects import SUBMISSION
from preflight.render.objects.json_text import to_json_lines
from preflight.runs.limits import PART_BYTES, ROW_BYTES
from preflight.runs.payments.settled import NAME, NOT_SENT
from preflight.runs.run_errors import RunUnusable

if TYPE_CHECKING:
    from preflight.ledger import Ledger
    from preflight.runs.on_disk.store import Store
    from preflight.runs.payments.payable import PaidRun, Payable
    from preflight.runs.payments.payment_plan import Plan

_LONGEST_ID: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """The lines of earlier starts, by row. ``damaged`` is the number of the first line that is not one, from 1."""

    lines: dict[int, dict[str, Any]]
    damaged: int | None = None


def read_record(store: Store, rows: int | None = None) -> Record:
    """The record of the run in ``store``, which has so many ``rows``. Raises ``RunUnusable``."""
    lines, damaged, left = dict[int, dict[str, Any]](), None, PART_BYTES
    try:
        with store.open(NAME) as file:
            for number in count(1):
                text = file.readline(min(ROW_BYTES, left + 1))
                left -= len(text)
                if not text:
                    break
                line = _line(text) if left >= 0 else None
                if line is None or (rows is not None and line["row"] > rows):
                    damaged = damaged or number
                elif line["row"] not in lines or is_sent(line):
                    lines[line["row"]] = line
                if left < 0:
                    break
    except FileNotFoundError:
        pass
    except OSError as error:
        raise RunUnusable(f"cannot read {NAME} of {store.shown}: {error.strerror}") from error
    return Record(lines=lines, damaged=damaged)


def is_sent(line: Mapping[str, Any]) -> bool:
    """Whether the job of a line was sent: it may have been paid for."""
    return line["state"] != NOT_SENT or line.get("task_id") is not None


def require_known(paid_run: PaidRun, plan: Plan, ledger: Ledger, *, api: str) -> None:
    """Raise ``RunUnusable`` where ``plan`` would pay for jobs that the record says were sent by another ledger.

    A line that names no service is taken for one of the service at ``api``: earlier versions wrote none.
    """
    if not plan.new:
        return
    store, record = paid_run.store, read_record(paid_run.store, paid_run.run.rows)
    place = shown_path(str(ledger.path))
    if record.damaged is not None:
        raise RunUnusable(
            f"{store.shown}: line {record.damaged} of {NAME} cannot be read, and it may name a job that was paid for:"
            f" put the file back; or remove it, if the ledger {place} is the only one that this run was paid with"
        )
    sent = {row: line for row, line in record.lines.items() if is_sent(line) and not _is_elsewhere(line, api)}
    asked = {planned.row: planned.part for planned in plan.jobs if planned.is_new and planned.row in sent}
    missing = [
        payable.row
        for part in sorted(set(asked.values()))
        for payable in paid_run.passed(part)
        if payable.row in asked and not _is_in(ledger, payable, sent[payable.row], api)
    ]
    if missing:
        jobs = "1 job of this run was" if len(missing) == 1 else f"{len(missing)} jobs of this run were"
        raise RunUnusable(
            f"{store.shown}: {jobs} sent before, by {NAME} ({_said(sent[missing[0]])}), and the ledger {place} does not"
            " have them: name the ledger that has them with --ledger PATH; to pay for them again, check the manifest"
            " into a new folder, and submit that"
        )


def earlier_lines(paid_run: PaidRun, *, api: str) -> dict[int, dict[str, Any]]:
    """The record of the service at ``api``. What was sent to another one moves to a file of its own beside it.

    Raises ``RunUnusable``.
    """
    store, lines = paid_run.store, read_record(paid_run.store, paid_run.run.rows).lines
    others = {row: line for row, line in lines.items() if _is_elsewhere(line, api)}
    if sent := [line for _, line in sorted(others.items()) if is_sent(line)]:
        names, stem = store.names(), NAME.removesuffix(".jsonl")
        free = next(name for number in count(1) if (name := f"{stem}-{number}.jsonl") not in names)
        store.write(free, to_json_lines(sent).encode("ascii"))
    return {row: line for row, line in lines.items() if row not in others}


def write_record(
    store: Store, before: Mapping[int, Mapping[str, Any]], now: Iterable[tuple[int, Mapping[str, Any]]], *, api: str
) -> None:
    """Put the whole file in place of what was there: it has whole lines at any moment.

    A line of ``before`` stays until the job has one ``now``, and where that would forget a task.
    """
    lines = {row: line for row, line in before.items() if is_sent(line)}
    for row, line in now:
        earlier = lines.get(row)
        if earlier is None or earlier.get("task_id") is None or is_sent(line):
            lines[row] = {**line, "api": api}
    store.write(NAME, to_json_lines(line for _, line in sorted(lines.items())).encode("ascii"))


def _is_elsewhere(line: Mapping[str, Any], api: str) -> bool:
    return isinstance(line.get("api"), str) and line["api"] != api


def _is_in(ledger: Ledger, payable: Payable, line: Mapping[str, Any], api: str) -> bool:
    """Whether the ledger knows the job, or its task: also a refused one, or one whose files changed since."""
    task_id = line.get("task_id")
    if isinstance(task_id, str) and ledger.of_task(api, task_id) is not None:
        return True
    try:
        return ledger.last_of(payable.request, api) is not None
    except SourceError:  # a local file is gone: the job is held back at its turn
        return not isinstance(task_id, str)


def _said(line: Mapping[str, Any]) -> str:
    task_id = line.get("task_id")
    named = f"task {printable(task_id[:_LONGEST_ID])}" if isinstance(task_id, str) else "no task is named"
    return f"row {line['row']}: {named}"


def _line(text: bytes) -> dict[str, Any] | None:
    """The line of a job; ``None`` for anything else."""
    try:
        value = json.loads(text, parse_constant=_refused)
    except (ValueError, RecursionError):
        return None
    is_line = isinstance(value, dict) and value.get("schema") == SUBMISSION and isinstance(value.get("state"), str)
    return value if is_line and type(value.get("row")) is int and value["row"] > 0 else None


def _refused(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")
