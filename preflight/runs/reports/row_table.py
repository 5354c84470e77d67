"""The rows of a run, kept in a private SQLite file: filtered, sorted, grouped and paged through without reading them
again, however many there are."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from threading import Lock
from typing import Any, Final

from preflight.errors import ConfigurationError
from preflight.model import JobReport
from preflight.redact import printable, redact, shorten
from preflight.runs.reports.report_jobs import NotAJob, job_of
from preflight.runs.reports.row_cells import FILES, cells_of

PAGE_ROWS: Final = 50
GROUPS: Final = 200
COLUMNS: Final = 200
VERDICTS: Final = ("pass", "fail", "indeterminate")
SORTS: Final = {"row": "row", "verdict": "verdict", "credits": "credits", "seconds": "seconds", "id": "id"}
"""What rows can be sorted by, beside the columns of the manifest, and where the file has it."""
_TEXT_CHARACTERS: Final = 4000
_VALUE_CHARACTERS: Final = 200
_SCHEMA: Final = """
CREATE TABLE job (row INTEGER PRIMARY KEY, part INTEGER, verdict TEXT, credits REAL, high REAL, seconds REAL, id TEXT,
                  text TEXT, meta TEXT, shown TEXT, identity TEXT);
CREATE INDEX by_identity ON job (identity);
CREATE INDEX by_part ON job (part);
CREATE TABLE picture (row INTEGER, file INTEGER, part INTEGER, media_type TEXT, data BLOB, PRIMARY KEY (row, file));
CREATE INDEX picture_by_part ON picture (part);
CREATE TABLE found (rule TEXT, row INTEGER, part INTEGER);
CREATE INDEX by_rule ON found (rule, row);
CREATE INDEX found_by_part ON found (part);
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Which rows to show, and in which order. Empty texts ask for nothing. ``column`` is one of the manifest's."""

    verdict: str = ""
    rule: str = ""
    text: str = ""
    column: str = ""
    value: str = ""
    sort: str = "row"
    descending: bool = False
    by: str = ""
    page: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The rows with one value of a column."""

    name: str
    jobs: int
    verdicts: Mapping[str, int]
    credits: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One page of the rows that a question asks for; ``count`` are all of them."""

    rows: tuple[Mapping[str, Any], ...]
    count: int
    page: int
    pages: int
    groups: tuple[Group, ...]
    more_groups: int


class RowFile:
    """The rows of one run. For any number of threads; ``close`` it."""

    def __init__(self, path: Path) -> None:
        self._lock = Lock()
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._connection.executescript(f"PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; {_SCHEMA}")
        self._connection.create_function("column_of", 2, _column_of, deterministic=True)
        self.columns: dict[str, None] = {}

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    def put_part(self, number: int, rows: Iterable[Mapping[str, Any]]) -> None:
        """Take the rows of a part in place of those that it had. Raises ``ConfigurationError`` for other objects."""
        jobs, found, pictures = list[tuple[Any, ...]](), list[tuple[str, int, int]](), list[tuple[Any, ...]]()
        for value in rows:
            try:
                report = job_of(value)
                job = _job(number, value, report)
            except (NotAJob, KeyError, TypeError, ValueError) as error:
                raise ConfigurationError(f"part {number} is damaged: remove it, and check the run again") from error
            jobs.append(job)
            pictures += _pictures(number, job[0], report)
            found += [(rule, job[0], number) for rule in sorted({str(each["rule"]) for each in value["findings"]})]
            for name in value.get("meta") or {}:
                if len(self.columns) < COLUMNS:
                    self.columns.setdefault(str(name))
        with self._lock, self._connection:
            run = self._connection
            run.execute("BEGIN")
            run.execute("DELETE FROM found WHERE part = ?", (number,))
            run.execute("DELETE FROM picture WHERE part = ?", (number,))
            run.execute("DELETE FROM job WHERE part = ?", (number,))
            run.executemany("INSERT OR REPLACE INTO job VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", jobs)
            run.executemany("INSERT OR REPLACE INTO picture VALUES (?, ?, ?, ?, ?)", pictures)
            run.executemany("INSERT INTO found VALUES (?, ?, ?)", found)
            run.execute("COMMIT")

    def find(self, asked: Question) -> Found:
        """The page that is asked for: of a page beyond the last one, the last."""
        where, values = _where(asked)
        with self._lock:
            (count,) = self._one(f"SELECT count(*) FROM job {where}", values)  # noqa: S608 - our own words
            pages = max(1, -(-count // PAGE_ROWS))
            page = min(max(1, asked.page), pages)
            order, more = _order(asked)
            limits = (PAGE_ROWS, (page - 1) * PAGE_ROWS)
            sql = f"SELECT shown FROM job {where} ORDER BY {order} LIMIT ? OFFSET ?"  # noqa: S608 - the same
            rows = tuple(json.loads(shown) for (shown,) in self._all(sql, (*values, *more, *limits)))
            groups, rest = self._groups(asked.by, where, values) if asked.by else ((), 0)
        return Found(rows=rows, count=count, page=page, pages=pages, groups=groups, more_groups=rest)

    def picture(self, row: int, file: int) -> tuple[str, bytes] | None:
        """The media type and the bytes of the thumbnail of a file of a row; ``None`` where there is none."""
        with self._lock:
            found = self._all("SELECT media_type, data FROM picture WHERE row = ? AND file = ?", (row, file))
        return found[0] if found else None

    def rules(self) -> list[str]:
        """The rules with findings, those of most rows first."""
        with self._lock:
            return [
                rule for (rule,) in self._all("SELECT rule FROM found GROUP BY rule ORDER BY count(*) DESC, rule", ())
            ]

    def with_identities(self, identities: Sequence[str]) -> dict[str, tuple[int, str]]:
        """The first row of each of these jobs (``JobReport.identity``), and its id, as far as they are in the table."""
        marks = ", ".join("?" * len(identities))
        sql = f"SELECT identity, min(row), id FROM job WHERE identity IN ({marks}) GROUP BY identity"  # noqa: S608 - our own words
        with self._lock:
            return {identity: (row, name) for identity, row, name in self._all(sql, tuple(identities))}

    def most_of_passed(self) -> int:
        """The most credits that the jobs which passed may cost, rounded up: a budget to suggest."""
        with self._lock:
            (found,) = self._one("SELECT total(high) FROM job WHERE verdict = 'pass'", ())
        return ceil(float(found))

    def _groups(self, by: str, where: str, values: tuple[Any, ...]) -> tuple[tuple[Group, ...], int]:
        name, more = ("verdict", ()) if by == "verdict" else ("coalesce(column_of(meta, ?), '')", (by,))
        sums = ", ".join(f"sum(verdict = '{verdict}')" for verdict in VERDICTS)
        sql = (
            f"SELECT {name} AS name, count(*) AS jobs, {sums}, total(credits) FROM job {where} "  # noqa: S608 - the same
            "GROUP BY 1 ORDER BY jobs DESC, name LIMIT ?"
        )
        found = self._all(sql, (*more, *values, GROUPS))
        (every,) = self._one(f"SELECT count(DISTINCT {name}) FROM job {where}", (*more, *values))  # noqa: S608 - the same
        groups = tuple(
            Group(name=name, jobs=jobs, verdicts=dict(zip(VERDICTS, counts[:-1], strict=True)), credits=counts[-1])
            for name, jobs, *counts in found
        )
        return groups, every - len(groups)

    def _one(self, sql: str, values: tuple[Any, ...]) -> tuple[Any, ...]:
        with closing(self._connection.execute(sql, values)) as cursor:
            found: tuple[Any, ...] = cursor.fetchone()
            return found

    def _all(self, sql: str, values: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        with closing(self._connection.execute(sql, values)) as cursor:
            return cursor.fetchall()


def _pictures(part: int, row: int, job: JobReport) -> Iterator[tuple[Any, ...]]:
    for number, subject in enumerate(job.subjects[:FILES]):
        if subject.thumbnail is not None and subject.thumbnail.data:
            yield row, number, part, subject.thumbnail.media_type, subject.thumbnail.data


def _job(part: int, value: Mapping[str, Any], job: JobReport) -> tuple[Any, ...]:
    meta = {str(name): _value(each) for name, each in list(job.meta.items())[:COLUMNS]}
    shown = cells_of(job, row=int(value["row"]), meta=meta)
    quote = job.quote
    text = " ".join(
        [job.id or "", *(each.source for each in job.subjects), *meta.values(), *(f.rule for f in job.findings)]
    )
    return (
        int(value["row"]),
        part,
        job.verdict.value,
        None if quote is None else float(quote.credits),
        None if quote is None else float(quote.high),
        None if quote is None else float(quote.seconds),
        printable(job.id or ""),
        redact(text, longest=_TEXT_CHARACTERS).casefold(),
        json.dumps(meta),
        json.dumps(shown),
        str(value.get("identity") or ""),
    )


def _value(value: object) -> str:
    text = value if isinstance(value, str) else "" if value is None else json.dumps(value, ensure_ascii=False)
    return shorten(printable(text), _VALUE_CHARACTERS)


def _column_of(meta: str, name: str) -> str | None:
    found = json.loads(meta).get(name)
    return None if found is None else str(found)


def _where(asked: Question) -> tuple[str, tuple[Any, ...]]:
    conditions, values = list[str](), list[Any]()
    if asked.verdict in VERDICTS:
        conditions.append("verdict = ?")
        values.append(asked.verdict)
    if asked.rule:
        conditions.append("row IN (SELECT row FROM found WHERE rule = ?)")
        values.append(asked.rule)
    if asked.text.strip():
        conditions.append("instr(text, ?) > 0")
        values.append(asked.text.strip().casefold())
    if asked.column and asked.value:
        conditions.append("instr(lower(column_of(meta, ?)), lower(?)) > 0")
        values += [asked.column, asked.value]
    return f"WHERE {' AND '.join(conditions)}" if conditions else "", tuple(values)


def _order(asked: Question) -> tuple[str, tuple[str, ...]]:
    way = "DESC" if asked.descending else "ASC"
    if asked.sort in SORTS:
        name = SORTS[asked.sort]
        return (f"{name} {way}" if name == "row" else f"{name} IS NULL, {name} {way}, row"), ()
    return f"column_of(meta, ?) {way}, row", (asked.sort,)
