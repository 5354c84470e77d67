"""The isolated process that reads a Parquet file, and writes its rows as lines of JSON to standard output.

Arrow is a large library over a format of many lengths that files claim of themselves: a page says how much it inflates
to. So it runs here, with a bound on memory, and where the file is local, it can open nothing else. Started with a
local file as standard input, or with the URL of one (``stores.py``) as its argument.

The first line is the list of columns, every other one the list of a row's values, or the text that says why the row
cannot be read. An object is the last line:
``{"rows": N}``, ``{"error": "…"}``, or ``{"unopened": "…"}`` for a store's refusal.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import Any, Final, TextIO

from preflight.errors import ConfigurationError
from preflight.jobfiles import limits
from preflight.redact import printable, redact, shorten
from preflight.specs.values import UNREAD_BYTES
from preflight.workers.confine import confine

_ROWS = 1000
"""Rows that are decoded at a time."""
_DATA_BYTES: Final = 768 * 1024 * 1024
_NOT_TEXT: Final = object()
"""Stands for a value that is not the text that the file claims."""
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
    for batch in _batches(file, read, pa):
        columns = [_values(batch.column(index), pa) for index in range(batch.num_columns)]
        for row in range(batch.num_rows):
            cells = [dict(UNREAD_BYTES) if index is None else columns[index][row] for index in order]
            broken = next((index for index, cell in enumerate(cells) if cell is _NOT_TEXT), None)
            _line(out, cells if broken is None else _why_not_text(schema.names[broken]))
        count += batch.num_rows
        out.flush()
    _end(out, rows=count)


def _batches(file: Any, read: list[str], pa: Any) -> Iterator[Any]:
    """The rows of the columns ``read``, some at a time. Raises ``ValueError`` for a text that Arrow itself refuses.

    It does so where the file has a list of texts, which its rows refer to.
    """
    try:
        yield from file.iter_batches(batch_size=_ROWS, columns=read, use_threads=False)
    except pa.ArrowInvalid as error:
        if "UTF8" not in str(error):
            raise
        for name in read:
            rows = 0
            try:
                for batch in file.iter_batches(batch_size=_ROWS, columns=[name], use_threads=False):
                    rows += batch.num_rows
            except pa.ArrowInvalid:
                where = _rows_from(rows + 1, file.metadata.num_rows)
                raise ValueError(_why_not_text(name, where)) from error
        raise


def _rows_from(first: int, last_of_file: int) -> str:
    """The rows that are decoded together with ``first``, in words. The file may claim any number of rows."""
    last = min(first + _ROWS - 1, last_of_file)
    return f" (in row {first})" if last <= first else f" (in the rows {first} to {last})"


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
    except UnicodeDecodeError:  # Arrow believes what the file says of its texts
        values = [_value(each) for each in column]
    except (ValueError, OverflowError, ImportError):  # a time beyond Python's, or between its microseconds
        try:
            values = column.cast(pa.string()).to_pylist()
        except pa.ArrowException:
            values = [_value(each) for each in column]
    return values


def _value(scalar: Any) -> Any:
    """One value of a column of which not every one can be read: ``None`` for a time beyond Python's."""
    try:
        return scalar.as_py()
    except UnicodeDecodeError:
        return _NOT_TEXT
    except (ValueError, OverflowError, ImportError):
        return None


def _why_not_text(column: str, where: str = "") -> str:
    name = repr(shorten(printable(column), 60))
    return f"a text in the column {name}{where} is not UTF-8: write the file again with this text as UTF-8"


def _line(out: TextIO, cells: list[Any] | str) -> None:
    try:
        text = json.dumps(cells, default=_text, allow_nan=False)
    except (ValueError, RecursionError):
        text = json.dumps([_finite(cell) for cell in cells], default=_text)
    if len(text) > limits.TABLE_ROW_CHARS:
        text = json.dumps(f"a row of more than {limits.TABLE_ROW_CHARS} characters: this is not a job")
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
