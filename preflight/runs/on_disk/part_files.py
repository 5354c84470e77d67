"""The files of parts: a row's JSON object a line, or a row a row of Parquet. Both hold the same objects."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, Literal, TypeAlias

from preflight.errors import MissingExtra
from preflight.runs.limits import PART_BYTES, ROW_BYTES
from preflight.runs.on_disk.part_digest import require_as_written
from preflight.runs.on_disk.store import Store
from preflight.runs.run_errors import RunUnusable

Results: TypeAlias = Literal["jsonl", "parquet"]
SCHEMA: Final = "preflight.job/v1"


def part_name(number: int, results: Results) -> str:
    """The name of the file of part ``number``, counted from 0."""
    return f"part-{number:05d}.{results}"


def encoded(lines: Sequence[str], results: Results) -> bytes:
    """The file with the rows that are ``lines`` of JSON."""
    if results == "parquet":
        return _parquet([json.loads(line) for line in lines], lines)
    return "".join(lines).encode("ascii")


def read_part(store: Store, number: int, results: Results, rows: range) -> Iterator[dict[str, Any]]:
    """The ``rows`` of a part. Raises ``RunUnusable`` for a part that is not as it was written.

    Whether a row was changed is known behind the last one.
    """
    name = part_name(number, results)
    read, digest = 0, hashlib.sha256()
    try:
        with store.open(name) as file:
            is_parquet, seen = results == "parquet", digest.update
            for text in _parquet_rows(file.read(PART_BYTES), seen) if is_parquet else _lines(file, seen):
                yield _row(text, rows[read])
                read += 1
    except FileNotFoundError:
        raise RunUnusable(f"{store.shown}: {name} is missing: run the same check again") from None
    except (ValueError, RecursionError, KeyError, IndexError, OSError) as error:
        raise damaged(store, name) from error
    if read < len(rows):
        raise damaged(store, name, f"has {read} rows instead of {len(rows)}")
    require_as_written(store, number, name, digest.hexdigest())


def damaged(store: Store, name: str, how: str = "is damaged") -> RunUnusable:
    """The error for a part that is not as it was written."""
    return RunUnusable(f"{store.shown}: {name} {how}: remove it and run the same check again")


def _row(text: str | bytes, number: int) -> dict[str, Any]:
    row = json.loads(text)
    if not isinstance(row, dict) or row.get("schema") != SCHEMA or row["row"] != number:
        raise ValueError("not this row")
    if row["verdict"] not in ("pass", "fail", "indeterminate") or type(row["tries"]) is not int:
        raise ValueError("not a row as it is written")
    return row


def _lines(file: io.BufferedReader, seen: Callable[[bytes], object]) -> Iterator[bytes]:
    while line := file.readline(ROW_BYTES):
        seen(line)
        yield line


def _parquet(rows: Sequence[Mapping[str, Any]], lines: Sequence[str]) -> bytes:
    arrow, parquet = _libraries()
    quotes = [row["quote"] or {} for row in rows]
    table = arrow.table(
        {
            "row": arrow.array([row["row"] for row in rows], arrow.int64()),
            "id": arrow.array([row["id"] for row in rows], arrow.string()),
            "verdict": arrow.array([row["verdict"] for row in rows], arrow.string()),
            "credits": arrow.array([_float(quote.get("credits")) for quote in quotes], arrow.float64()),
            "credits_low": arrow.array([_float(quote.get("low")) for quote in quotes], arrow.float64()),
            "credits_high": arrow.array([_float(quote.get("high")) for quote in quotes], arrow.float64()),
            "seconds": arrow.array([_float(_seconds(row)) for row in rows], arrow.float64()),
            "rules": arrow.array(
                [[finding["rule"] for finding in row["findings"]] for row in rows], arrow.list_(arrow.string())
            ),
            "tries": arrow.array([row["tries"] for row in rows], arrow.int32()),
            "meta": arrow.array([json.dumps(row["meta"]) for row in rows], arrow.string()),
            "job": arrow.array([line.rstrip("\n") for line in lines], arrow.string()),
        }
    )
    sink = io.BytesIO()
    parquet.write_table(table, sink, compression="zstd")
    return sink.getvalue()


def _parquet_rows(data: bytes, seen: Callable[[bytes], object]) -> list[str]:
    arrow, parquet = _libraries()
    seen(data)
    try:
        texts: list[str] = parquet.read_table(io.BytesIO(data), columns=["job"]).column("job").to_pylist()
    except arrow.ArrowException as error:
        raise ValueError("not Parquet") from error
    return texts


def require_parquet() -> None:
    """Raise ``MissingExtra`` where Parquet cannot be written."""
    _libraries()


def _libraries() -> tuple[Any, Any]:
    try:
        import pyarrow as pa  # takes time to load, and is an extra
        from pyarrow import parquet
    except ImportError as error:
        raise MissingExtra("--results parquet", "runs") from error
    return pa, parquet


def _seconds(row: Mapping[str, Any]) -> str | None:
    """The length of the first clip whose length is known."""
    lengths = ((subject["facts"] or {}).get("duration_s") for subject in row["subjects"])
    return next(filter(None, lengths), None)


def _float(value: str | float | None) -> float | None:
    return None if value is None else float(value)
