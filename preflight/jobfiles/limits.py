"""How large a job file, a row or a value may be. A real one has a dozen fields and a few kilobytes."""

from __future__ import annotations

from typing import Final

DOCUMENT_BYTES: Final = 16 * 1024 * 1024
"""Size of a YAML or JSON file."""

DEPTH: Final = 50
"""Mappings and lists within one another, aliases followed."""

NODES: Final = 100_000
"""Mappings, lists, keys and values of one job, each use of an alias counted in full."""

UNFOLDED_CHARS: Final = 2 * DOCUMENT_BYTES
"""Characters of all values and field names of one job, each use of an alias counted in full."""

INTEGER_CHARS: Final = 500
"""Characters of an integer; below any limit that Python puts on conversion, in base 16 too."""

TAG_DIRECTIVES: Final = 100
"""``%TAG`` lines of a YAML file: libyaml compares each with all before it."""

LINE_CHARS: Final = 16 * 1024 * 1024
"""One line of a manifest."""

TABLE_ROW_CHARS: Final = 1024 * 1024
"""One row of a CSV manifest, which may span lines."""

SKIPPED_CHARS: Final = 512 * 1024 * 1024
"""The rest of a line that is too long, which is read to find the next one."""

COLUMNS: Final = 4096
"""Columns of a table, and keys beside a job in a line of JSON Lines."""

COLUMNS_SHOWN: Final = 12
"""Columns that a message lists."""

ROWS: Final = 100_000_000
"""Rows of a manifest."""

PARQUET_SECONDS: Final = 60
"""Seconds to wait for the next rows of a Parquet file."""

PARQUET_STREAM_BYTES: Final = 8 * 1024 * 1024 * 1024
"""A Parquet file on standard input, which is kept on the disk while it is read."""

IDS_HELD: Final = 1024 * 1024
"""Ids of a manifest that are held in memory to find one used twice; the others are kept in a temporary file."""

COMMENTS: Final = 100
"""Comments of one file that speak to preflight."""

COMMENT_LINES: Final = 10_000
"""Lines that are searched for the field that one of them belongs to."""
