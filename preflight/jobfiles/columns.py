"""Decides what each column of a table is: a field of the job, the row's id, or something of the author's own (meta)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from preflight.jobfiles import limits
from preflight.jobfiles.fields import FieldName, field_name, is_field_name
from preflight.model.job import COLUMNS
from preflight.redact import hide, redact
from preflight.redact.suggestion import suggestion

ID: Final = FieldName(key="id", in_input=False)
_FULL_NAMES = ("input_urls", "video_urls", "character_orientation")
_MISSPELT = tuple(name for name in (*COLUMNS, *_FULL_NAMES) if name != "id")
_URL_COLUMNS = {
    f"{kind}_{noun}": kind for kind in ("image", "video") for noun in ("url", "urls", "link", "path", "file")
}
_ASKED_FOR = frozenset({"duration", "input_url", "video_url", "callback", "webhook_url"})
"""Keys beside a request body that somebody expects to have an effect there; in a table they are columns like others."""
_LONG_NAME = 8
"""Characters from which a name may have two mistakes: with two in a shorter one it is as well another word."""
_SEPARATORS = re.compile(r"[\s\-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """``field`` is ``None`` for a column that is no field of a job; ``name`` is then its key in ``meta``.

    A column without a name has neither.
    """

    name: str
    field: FieldName | None = None


class NotAColumn(ValueError):
    """A column that was named for a field is not one of the table."""


def read_columns(names: Sequence[str], given: Mapping[str, str]) -> list[Column]:
    """The columns of a table with the header ``names``. ``given`` maps names of ``COLUMNS`` to columns of the table.

    A job's column may be written in any case, with spaces or hyphens for underscores, and by the full name of its field
    (``input.video_urls``). A name that is close to one of them is a misspelt field, which the rules report. Any other
    column is the author's own. Raises ``NotAColumn``.
    """
    cleaned = [name.strip() for name in names]
    mapped = {_position(column, name, cleaned): _field(name) for name, column in given.items()}
    exact = {index: _exact(name) for index, name in enumerate(cleaned) if index not in mapped}
    taken = set(mapped.values())
    present = taken | {field for field in exact.values() if field is not None}
    columns, used = [], set[str]()
    for index, name in enumerate(cleaned):
        field = mapped.get(index) or exact.get(index)
        if index not in mapped:
            if field in taken:  # another column was named for it
                field = None
            elif field is None and name:
                field = _misspelt(name, present)
        key = "" if field is not None or not name else _unique(hide(name), used)
        columns.append(Column(name=key, field=field))
    return columns


def is_media_column(name: str) -> bool:
    """Whether ``name`` is a column of images or videos."""
    return _exact(name.strip()) in (field_name("image"), field_name("video"))


def looks_like_a_field(name: str) -> bool:
    """Whether ``name``, a key beside a request body, is close to a field's, or one that asks for a length."""
    plain = _SEPARATORS.sub("_", name.lower())
    return _exact(name) is not None or plain in _ASKED_FOR or _misspelt(name, set()) is not None


def _field(name: str) -> FieldName:
    return ID if name == "id" else field_name(name)


def _exact(name: str) -> FieldName | None:
    plain = _SEPARATORS.sub("_", name.lower())
    if plain == "id":
        return ID
    if is_field_name(plain):
        return field_name(plain)
    return field_name(name) if plain.startswith("input.") else None


def _position(column: str, name: str, names: Sequence[str]) -> int:
    wanted = column.strip()
    if wanted in names:
        return names.index(wanted)
    lower = [each.lower() for each in names]
    if wanted.lower() in lower:
        return lower.index(wanted.lower())
    said = f"{name} is to come from the column {redact(column, longest=40)}, and this table has no such column"
    if hint := suggestion(column, names):
        raise NotAColumn(said + hint)
    shown = ", ".join(redact(each, longest=40) for each in names[: limits.COLUMNS_SHOWN] if each) or "none"
    raise NotAColumn(f"{said}; its columns are {shown}{', …' if len(names) > limits.COLUMNS_SHOWN else ''}")


def _misspelt(name: str, present: set[FieldName]) -> FieldName | None:
    """The field with this unknown name, if ``name`` looks like a field's; the rules then say which one is meant."""
    plain = _SEPARATORS.sub("_", name.lower())
    if plain in _URL_COLUMNS and field_name(_URL_COLUMNS[plain]) not in present:
        return field_name(plain)
    if any(character.isdigit() for character in plain):
        return None  # image2 is a second one, not a misspelt one
    close = any(_is_slip(plain, known) for known in _MISSPELT)
    return FieldName(key=plain if plain.isidentifier() else name, in_input=True) if close else None


def _is_slip(word: str, known: str) -> bool:
    """Whether ``word`` is ``known`` with a slip or two. The first letter of a name is rarely the wrong one."""
    most = 2 if len(known) >= _LONG_NAME else 1
    if abs(len(word) - len(known)) > most:
        return False
    moved = word[:2] == known[1::-1]
    return (word[:1] == known[:1] or moved or word == known[1:]) and _distance(word, known) <= most


def _distance(one: str, other: str) -> int:
    """Insertions, deletions, substitutions and exchanges of neighbours between two short words."""
    before: list[int] = []
    last = list(range(len(other) + 1))
    for row, letter in enumerate(one, start=1):
        line = [row]
        for column, wanted in enumerate(other, start=1):
            cost = min(last[column] + 1, line[-1] + 1, last[column - 1] + (letter != wanted))
            if row > 1 and column > 1 and letter == other[column - 2] and one[row - 2] == wanted:
                cost = min(cost, before[column - 2] + 1)
            line.append(cost)
        before, last = last, line
    return last[-1]


def _unique(name: str, used: set[str]) -> str:
    key, count = name, 1
    while key in used:
        count += 1
        key = f"{name} ({count})"
    used.add(key)
    return key
