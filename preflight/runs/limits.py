"""How large the files of a run may be, and how much of it is held at a time."""

from __future__ import annotations

from typing import Final

ROWS_A_PART: Final = 1000
"""Rows of one part: some seconds of work, and some megabytes of results."""

MOST_ROWS_A_PART: Final = 100_000

MOST_PARTS: Final = 10_000_000
"""Parts of one run: they are looked for by name."""

MANIFEST_BYTES: Final = 8 * 1024 * 1024 * 1024
"""Size of a manifest that is kept on the disk while it is checked: from standard input, from a URL, of Parquet."""

RUN_FILE_BYTES: Final = 1024 * 1024
"""Size of ``run.json``."""

PART_BYTES: Final = 4 * 1024 * 1024 * 1024
"""Size of one part."""

ROW_BYTES: Final = 64 * 1024 * 1024
"""One line of a part."""

TALLY_BYTES: Final = 16 * 1024 * 1024
"""Size of the counts of one part."""

HOSTS_COUNTED: Final = 10_000
"""Hosts with counts of their own in a summary; the others are added up as one."""

PARTS_AT_ONCE: Final = 2
"""Parts that one worker has under way: the last files of one do not hold up the next."""

DEATHS_A_PART: Final = 3
"""Workers that may die of one part before the run ends with an error."""

LONGEST_SILENCE_S: Final = 120.0
"""Seconds after which the lock at a URL, whose holder renews it, counts as left behind."""

READINGS_BYTES: Final = 1024 * 1024 * 1024
"""Results that the workers of a run keep for each other, in a file: then they begin to keep others."""

READINGS_KEPT: Final = 100_000
"""URLs in several rows whose results are kept for the other workers."""
