"""What the page "Runs" works with: the folders it may open, the runs that are open, and the processes at work."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Final

from preflight.errors import ConfigurationError
from preflight.model import Severity
from preflight.runs.on_disk.run_file import find_run
from preflight.runs.on_disk.store import FolderStore
from preflight.runs.payments.payable import manifest_of
from preflight.runs.run_errors import RunUnusable
from preflight.sources.manners import Manners
from preflight.ui.runs.runs_book import Book
from preflight.ui.runs.runs_places import Places
from preflight.ui.runs.runs_process import Assignment
from preflight.ui.runs.runs_till import RunTill
from preflight.ui.runs.runs_work import Working, Works

if TYPE_CHECKING:
    from preflight.checking.options import Options
    from preflight.runs.on_disk.run_file import RunFile
    from preflight.ui.services import Services

_OPEN: Final = 8
"""Runs whose rows are kept at a time; the one that was not asked for longest goes."""
_PART_ROWS: Final = 100
"""Rows of a part of a run that begins here: a pause waits for the parts under way, and the table grows by them."""
_PATIENCE: Final = 8
_NUMBERS: Final = 1000
_SEVERITIES: Final = {severity.label: severity for severity in Severity}


class RunsDesk:
    """Use it in ``with`` of ``runs_desk``. For any number of threads."""

    def __init__(self, services: Services, folder: Path) -> None:
        self.services = services
        self.places = Places(services.folders)
        self.works = Works()
        self.till = RunTill()
        self._folder = folder / "runs"
        self._folder.mkdir(mode=0o700)
        self._books: OrderedDict[Path, Book] = OrderedDict()
        self._dropped: dict[Path, str] = {}
        self._lock = Lock()

    def book(self, folder: Path) -> Book:
        """The run in ``folder``, opened once. Raises ``RunUnusable``."""
        with self._lock:
            book = self._books.get(folder)
            if book is not None:
                found = find_run(book.store)
                if found is None or found.id != book.run.id:  # another run was begun in its place
                    self._books.pop(folder).close()
                    book = None
            if book is None:
                book = self._books[folder] = Book(folder, self._folder)
            self._books.move_to_end(folder)
            while len(self._books) > _OPEN:
                self._books.popitem(last=False)[1].close()
            return book

    def drop(self, path: Path, name: str, *, has_pictures: bool = False) -> Path:
        """The folder of the run over a manifest that was dropped, which begins, or is there from before.

        ``has_pictures``: each file gets a thumbnail, and pictures are fetched whole for it.
        """
        with self._lock, path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            for number in range(1, _NUMBERS):
                folder = self.places.new_folder(name, number)
                if self._dropped.get(folder) == digest:
                    return folder  # a second tab, or a second drop
                working = self.works.of(folder)
                if folder.is_symlink() or (working is not None and not working.ended):
                    continue
                try:
                    run = find_run(FolderStore(str(folder)))
                except RunUnusable:
                    continue
                if run is None:
                    break
                if run.manifest["sha256"] == digest:
                    return folder
            else:
                raise ConfigurationError(f"there are {_NUMBERS} runs of that name: move some elsewhere")
            self._dropped[folder] = digest
            self.works.start(
                folder,
                Assignment(
                    manifest=str(path),
                    is_dropped=True,
                    folder=str(folder),
                    options=replace(self._options(None), thumbnails=has_pictures),
                    rows_a_part=_PART_ROWS,
                    columns=(),
                ),
            )
            return folder

    def resume(self, folder: Path) -> Working:
        """Go on with a run that is not finished. Raises ``RunUnusable`` where its manifest is gone or has changed."""
        book = self.book(folder)
        run = book.run
        if self.till.of(folder).is_busy:
            raise RunUnusable("the run is being paid for: it is finished")
        columns = {str(name): str(column) for name, column in dict(run.options.get("column") or {}).items()}
        return self.works.start(
            folder,
            Assignment(
                manifest=manifest_of(book.store, run, near=[folder, folder.parent, Path()]),
                is_dropped=False,
                folder=str(folder),
                options=self._options(run),
                rows_a_part=run.rows_a_part,
                columns=tuple(columns.items()),
            ),
        )

    def close(self) -> None:
        """End the processes, and wait for paid requests under way."""
        self.works.close()
        self.till.close()
        for book in self._books.values():
            book.close()

    def _options(self, run: RunFile | None) -> Options:
        """How a run is checked: as the page checks, and by the rules with which ``run`` began."""
        manners = self.services.options.manners or Manners()
        options = replace(self.services.options, manners=replace(manners, patience=_PATIENCE), thorough=None)
        if run is None:
            return options
        given = run.options
        try:
            return replace(
                options,
                model=str(given["model"]),
                mode=given.get("mode"),
                orientation=given.get("orientation"),
                fail_on=_SEVERITIES[str(given["fail-on"])],
                select=frozenset(map(str, given.get("select") or ())),
                ignore=frozenset(map(str, given.get("ignore") or ())),
                severities={
                    str(rule): _SEVERITIES[str(label)] for rule, label in dict(given.get("severity") or {}).items()
                },
                max_credits=None if given.get("max-credits") is None else Decimal(str(given["max-credits"])),
                rounding=given.get("rounding"),
                deep=bool(given.get("deep")),
                thumbnails=bool(given.get("thumbnails")),
                offline=bool(given.get("offline")),
            )
        except (KeyError, ValueError, TypeError, InvalidOperation) as error:
            raise RunUnusable("run.json has options that this preflight does not know") from error


@contextmanager
def runs_desk(services: Services, folder: Path) -> Iterator[RunsDesk]:
    """The desk of one server; ``folder`` is private."""
    desk = RunsDesk(services, folder)
    try:
        yield desk
    finally:
        desk.close()
