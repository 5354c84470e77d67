"""The isolated process that reads a Parquet file, and writes its rows as lines of JSON to standard output.

Arrow is a large library over a format of many lengths that files claim of themselves: a page says how much it inflates
to. So it runs here, with a bound on memory, and where the file is local, it can open nothing else. Started with a
local file as standard input, or with the URL of one (``stores.py``) as its argument.

The first line is the list of columns, every other one the list of a row's values. An object is the last line:
``{"rows": N}``, ``{"error": "…"}``, or ``{"unopened": "…"}`` for a store's refusal.
"""

from __future__ import annotations

import json
import sys
from typing import Any, Final, TextIO

from preflight.errors import ConfigurationError
from preflight.jobfiles import limits
from preflight.redact import redact
from preflight.specs.values import UNREAD_BYTES
from preflight.workers.confine import confine

_ROWS = 1000
"""Rows that are decoded at a time."""
_DATA_BYTES: Final = 768 * 1024 * 1024
_ADDRESS_BYTES: Final = 16 * 1024 * 1024 * 1024


def main() -> None:
    """Read the file, and write its rows or the reason why it cannot be read."""
    out = sys.stdout
    try:
        import pyarrow as pa  # loaded before the limits hold
        import pyarrow.parquet as pq

        pa.set_memory_pool(pa.system_memory_pool())
        pa.set_cpu_count(1)
        url = sys.argv[1] if len(sys.argv) > 1 else None
        bounds = {"RLIMIT_DATA": _DATA_BYTES, "RLIMIT_AS": _ADDRESS_BYTES}
        if url is None:
            pa.array([0]).cast(pa.string())  # what Arrow loads late
            confine(bounds)
            source: Any = pa.PythonFile(sys.stdin.buffer, mode="r")
        else:
            from preflight.jobfiles.stores import open_store  # loads fsspec

            source = open_store(url)
        _write(pq.ParquetFile(source, **_reading()), pa, out)
    except ConfigurationError as error:
        _end(out, unopened=str(error))
    except MemoryError:
        _end(out, error=f"its pages take more than {_DATA_BYTES >> 20} MiB: this is not a table of jobs")
    except Exception as error:  # noqa: BLE001 - Arrow raises whatever C++ and the store raise; the parent tells people
        _end(out, error=redact(" ".join(str(error).split()) or type(error).__name__, longest=200))


def _reading() -> dict[str, Any]:
    return {
        "pre_buffer": False,
        "buffer_size": 1024 * 1024,
        "thrift_string_size_limit": 64 * 1024 * 1024,
        "thrift_container_size_limit": 1024 * 1024,
    }


def _write(file: Any, pa: Any, out: TextIO) -> None:
    schema = file.schema_arrow
    if len(schema) > limits.COLUMNS:
        _end(out, error=f"{len(schema)} columns; at most {limits.COLUMNS} are read: this is not a table of jobs")
        return
    read = [field.name for field in schema if not _holds_bytes(field.type, pa)]
    order = [read.index(field.name) if field.name in read else None for field in schema]
    _line(out, list(schema.names))
    out.flush()
    count = 0
    for batch in file.iter_batches(batch_size=_ROWS, columns=read, use_threads=False):
        columns = [_values(batch.column(index), pa) for index in range(batch.num_columns)]
        for row in range(batch.num_rows):
            cells = [dict(UNREAD_BYTES) if index is None else columns[index][row] for index in order]
            _line(out, cells)
        count += batch.num_rows
        out.flush()
    _end(out, rows=count)


def _holds_bytes(kind: Any, pa: Any) -> bool:
    types = pa.types
    if types.is_binary(kind) or types.is_large_binary(kind) or types.is_fixed_size_binary(kind):
        return True
    if types.is_dictionary(kind):
        return _holds_bytes(kind.value_type, pa)
    return any(_holds_bytes(kind.field(index).type, pa) for index in range(kind.num_fields))


def _values(column: Any, pa: Any) -> list[Any]:
    try:
        values: list[Any] = column.to_pylist()
    except (ValueError, OverflowError, ImportError):  # a time beyond Python's, or between its microseconds
        try:
            values = column.cast(pa.string()).to_pylist()
        except pa.ArrowException:
            values = [None] * len(column)
    return values


def _line(out: TextIO, cells: list[Any]) -> None:
    try:
        text = json.dumps(cells, default=_text, allow_nan=False)
    except (ValueError, RecursionError):
        text = json.dumps([_finite(cell) for cell in cells], default=_text)
    if len(text) > limits.TABLE_ROW_CHARS:
        text = "null"
    out.write(text + "\n")


def _text(value: Any) -> str:
    """A date, a time, a decimal and the like as people write them."""
    return str(value.isoformat()) if hasattr(value, "isoformat") else str(value)


def _finite(value: Any, depth: int = limits.DEPTH) -> Any:
    """``value`` with ``None`` for what JSON cannot write."""
    if depth == 0 or (isinstance(value, float) and not -float("inf") < value < float("inf")):
        return None
    if isinstance(value, dict):
        return {str(key): _finite(each, depth - 1) for key, each in value.items()}
    return [_finite(each, depth - 1) for each in value] if isinstance(value, list | tuple) else value


def _end(out: TextIO, **said: object) -> None:
    out.write(json.dumps(said) + "\n")
    out.flush()


if __name__ == "__main__":
    main()
