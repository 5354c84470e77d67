"""Workers that died: which parts they had in the making, and when to give up."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from preflight.runs.limits import DEATHS_A_PART
from preflight.runs.run_errors import RunUnusable

if TYPE_CHECKING:
    from preflight.runs.manifests.manifest import Slice

_NAMED: Final = 3
"""Parts that an error names."""


class Deaths:
    """The deaths of one start of a run with so many ``workers``.

    A part that several workers died of is set aside, so that one bad file does not keep the other parts from being
    done. Deaths that follow each other without any part done between them have another cause, and end the run.
    """

    def __init__(self, workers: int) -> None:
        self._most_in_a_row = DEATHS_A_PART * (workers + 1)
        self._in_a_row = 0
        self._counts: Counter[int] = Counter()
        self._set_aside: dict[int, Slice] = {}
        self._cause = ""

    def part_is_done(self) -> None:
        """Note that a worker has done its work."""
        self._in_a_row = 0

    def worker_died(self, cause: str) -> None:
        """Note a death. Raises ``RunUnusable`` where nothing but deaths comes."""
        self._cause = cause
        self._in_a_row += 1
        if self._in_a_row >= self._most_in_a_row:
            raise RunUnusable(
                f"{self._in_a_row} workers died one after the other, the last one {cause}; the parts that are complete "
                "stay: give them more memory, or take fewer --workers, and run the same command again"
            )

    def do_again(self, part: Slice) -> bool:
        """Whether to do a part again that the worker had in the making; it is set aside otherwise."""
        self._counts[part.number] += 1
        if self._counts[part.number] < DEATHS_A_PART:
            return True
        self._set_aside[part.number] = part
        return False

    def require_none_set_aside(self) -> None:
        """Raise ``RunUnusable`` where parts were set aside: all others are done by then."""
        if not self._set_aside:
            return
        parts = [self._set_aside[number] for number in sorted(self._set_aside)]
        named = [f"part {part.number} (rows {part.first_row} to {part.first_row + part.rows - 1})" for part in parts]
        others = f", and {len(named) - _NAMED} other parts" if len(named) > _NAMED else ""
        raise RunUnusable(
            f"{DEATHS_A_PART} workers died of {', '.join(named[:_NAMED])}{others}, the last one {self._cause}; all"
            " other parts are complete: give the workers more memory, or take fewer --workers, and run the same command"
            " again; if they die again, a file of these rows is the cause"
        )
