"""The jobs of a run that were submitted: the state of each, by the ledger, and where its results are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from preflight.ledger.entry import Entry, EntryState
from preflight.ledger.of_run import entries_of_run, states_of_run
from preflight.redact import printable, shorten
from preflight.runs.payments.record import read_record
from preflight.runs.payments.settled import NAME

if TYPE_CHECKING:
    from preflight.client import Task
    from preflight.ledger import Ledger
    from preflight.runs.on_disk.store import FolderStore
    from preflight.runs.reports.row_table import RowFile

PAGE_JOBS: Final = 50
_FILES: Final = 8
_CHARACTERS: Final = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class SentJob:
    """A job that was submitted. ``task`` is its task as last seen here, ``files`` are its results on this machine."""

    entry: Entry
    row: int | None
    id: str
    files: tuple[str, ...]
    task: Task | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A page of the jobs that were submitted. ``states`` counts all of them; ``waiting`` are those whose task goes on,
    ``unsaved`` those that are completed, and of which no result was saved. ``state`` is the one that is shown."""

    jobs: tuple[SentJob, ...]
    states: Mapping[str, int]
    state: str
    page: int
    pages: int
    waiting: int
    unsaved: int

    @property
    def count(self) -> int:
        return sum(self.states.values())


@dataclass(slots=True)
class SentLines:
    """What ``submissions.jsonl`` of a run says, read again when it has changed."""

    stamp: tuple[int, int] | None = None
    by_entry: dict[int, tuple[int, str, tuple[str, ...]]] = field(default_factory=dict)

    def read(self, store: FolderStore) -> None:
        """Look whether the file is another one. Raises ``RunUnusable``."""
        try:
            found = Path(store.path, NAME).stat()
            stamp = found.st_mtime_ns, found.st_size
        except OSError:
            stamp = 0, 0
        if stamp != self.stamp:
            lines = read_record(store).lines
            self.by_entry = {
                line["entry"]: (row, _text(line.get("id")), _files(line))
                for row, line in sorted(lines.items(), reverse=True)  # of two rows with one job, the first
                if type(line.get("entry")) is int and 0 < line["entry"] < 1 << 62
            }
            self.stamp = stamp


def sent_jobs(
    ledger: Ledger,
    run: str,
    lines: SentLines,
    rows: RowFile,
    tasks: Mapping[str, Task],
    *,
    state: str = "",
    page: int = 1,
) -> Sent:
    """A page of the jobs that were sent from the run with the id ``run``; ``state``: only those in that state."""
    also = lines.by_entry
    counts = states_of_run(ledger, run, also=also)
    asked = [each for each in counts if each.value == state]
    count = sum(counts[each] for each in (asked or counts))
    pages = max(1, -(-count // PAGE_JOBS))
    page = min(max(1, page), pages)
    entries = entries_of_run(ledger, run, also=also, states=asked, limit=PAGE_JOBS, offset=(page - 1) * PAGE_JOBS)
    known = rows.with_identities([entry.job_hash for entry in entries])
    saved = sum(bool(files) for _, _, files in also.values())
    return Sent(
        jobs=tuple(_job(entry, also, known, tasks) for entry in entries),
        states={each.value: found for each, found in counts.items()},
        state=asked[0].value if asked else "",
        page=page,
        pages=pages,
        waiting=counts.get(EntryState.ACCEPTED, 0),
        unsaved=max(0, counts.get(EntryState.COMPLETED, 0) - saved),
    )


def _job(
    entry: Entry,
    lines: Mapping[int, tuple[int, str, tuple[str, ...]]],
    known: Mapping[str, tuple[int, str]],
    tasks: Mapping[str, Task],
) -> SentJob:
    row, name, files = lines.get(entry.id, (None, "", ()))
    if row is None:
        row, name = known.get(entry.job_hash, (None, ""))
    return SentJob(entry=entry, row=row, id=name, files=files, task=tasks.get(entry.task_id or ""))


def _files(line: Mapping[str, Any]) -> tuple[str, ...]:
    files = line.get("files")
    return tuple(_text(Path(str(each)).name) for each in files[:_FILES]) if isinstance(files, list) else ()


def _text(value: object) -> str:
    return shorten(printable(str(value)), _CHARACTERS) if value is not None else ""
