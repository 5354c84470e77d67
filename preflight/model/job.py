"""A job as its author wrote it: the request body, and where each field stands in the file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, TypeAlias

from preflight.model.frozen import frozen
from preflight.model.named_tuple import NamedTuple

JsonValue: TypeAlias = "bool | int | float | str | list[JsonValue] | dict[str, JsonValue] | None"

COLUMNS: Final = ("image", "video", "mode", "orientation", "prompt", "callback_url", "model", "id")
"""The columns of a job in a table, by the names that docs and ``--column`` use."""

_STEP = re.compile(r"([^.\[\]]+)|\[(\d{1,9})\]")


@dataclass(frozen=True, slots=True)
class Place:
    """A position in a text file, both counted from 1."""

    line: int
    column: int


class IgnoreComment(NamedTuple):
    """A comment that asks for ``rules`` not to count on the lines ``first`` to ``last``; it stands on ``line`` itself.

    ``rules`` is as its author wrote it: other code checks that there are such rules.
    """

    line: int
    first: int
    last: int
    rules: tuple[str, ...]

    def covers(self, line: int | None) -> bool:
        return line is not None and self.first <= line <= self.last


@frozen
class Job:
    """The body of a create request, unchanged, with its origin.

    ``body`` is any value from the file: the rules check that it is a mapping with the right fields. It is not
    in the ``repr``: its URLs may be signed.
    ``places`` maps a field (``input.video_urls[0]``) to its place; ``repeated`` names keys that occur twice.
    ``id`` is the row's own name in a manifest, never part of the body. ``same_id`` is the line of an earlier row with
    this id. ``meta`` holds the columns beside those of a job, by name; they may hold signed URLs, too.
    ``comments`` are those that speak to preflight.
    """

    body: JsonValue = field(repr=False)
    id: str | None = None
    path: str | None = None
    line: int | None = None
    places: Mapping[str, Place] = field(default_factory=dict)
    repeated: tuple[str, ...] = ()
    comments: tuple[IgnoreComment, ...] = ()
    meta: Mapping[str, JsonValue] = field(default_factory=dict, repr=False)
    same_id: int | None = None

    def value(self, name: str) -> JsonValue:
        """The value at a dotted field name such as ``input.video_urls[0]``; ``None`` where there is none."""
        node = self.body
        for step in _steps(name):
            if isinstance(step, str) and isinstance(node, dict):
                node = node.get(step)
            elif isinstance(step, int) and isinstance(node, list) and step < len(node):
                node = node[step]
            else:
                return None
        return node

    def place(self, name: str | None) -> Place | None:
        """The place of ``name`` in the file, or of the nearest field around it that does."""
        while name:
            if name in self.places:
                return self.places[name]
            name = name[: max(name.rfind("."), name.rfind("["), 0)]
        return self.places.get("")


@lru_cache(maxsize=256)
def _steps(name: str) -> tuple[str | int, ...]:
    """The keys and indexes of a dotted field name: the same few are asked for in every row of a manifest."""
    return tuple(key or int(index) for key, index in _STEP.findall(name))
