"""Decides what each column of a table is: a field of the job, the row's id, or something of the author's own (meta)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from preflight.jobfiles import limits
from preflight.jobfiles.field_names import FieldNames, plain_name
from preflight.jobfiles.fields import FieldName
from preflight.redact import hide, redact
from preflight.redact.suggestion import suggestion

_URL_COLUMNS = {
    f"{kind}_{noun}": kind for kind in ("image", "video") for noun in ("url", "urls", "link", "path", "file")
}
_ASKED_FOR: Final = frozenset({"duration", "input_url", "video_url", "callback", "webhook_url"})
"""Keys beside a request body that somebody expects to have an effect there; in a table they are columns like others."""
_LONG_NAME = 8
"""Characters from which a name may have two mistakes: with two in a shorter one it is as well another word."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """``field`` is ``None`` for a column that is no field of a job; ``name`` is then its key in ``meta``.

    A column without a name has neither.
    """

    name: str
    field: FieldName | None = None


class NotAColumn(ValueError):
    """A column that was named for a field is not one of the table."""


def read_columns(names: Sequence[str], given: Mapping[str, str], fields: FieldNames) -> list[Column]:
    """The columns of a table with the header ``names``, of jobs of one model, whose ``fields`` these are.

    ``given`` maps names of a job's columns to columns of the table; one that the model does not have is passed over.
    A job's column may be written in any case, with spaces or hyphens for underscores, and by the full name of its field
    (``input.video_urls``). A name that is close to one of them is a misspelt field, which the rules report. Any other
    column is the author's own. Raises ``NotAColumn``.
    """
    cleaned = [name.strip() for name in names]
    wanted = {_position(column, name, cleaned): fields.of_column(name) for name, column in given.items()}
    mapped = {index: field for index, field in wanted.items() if field is not None}
    exact = {index: fields.exact(name) for index, name in enumerate(cleaned) if index not in mapped}
    taken = set(mapped.values())
    present = taken | {field for field in exact.values() if field is not None}
    columns, used = [], set[str]()
    for index, name in enumerate(cleaned):
        field = mapped.get(index) or exact.get(index)
        if index not in mapped:
            if field in taken:  # another column was named for it
                field = None
            elif field is None and name:
                field = _misspelt(name, present, fields)
        key = "" if field is not None or not name else _unique(hide(name), used)
        columns.append(Column(name=key, field=field))
    return columns


def is_media_column(name: str, models: Sequence[FieldNames]) -> bool:
    """Whether ``name`` is a column of images or videos of one of the ``models``."""
    return any(fields.exact(name.strip()) in fields.media for fields in models)


def looks_like_a_field(name: str, fields: FieldNames) -> bool:
    """Whether ``name``, a key beside a request body, is close to a field's, or one that asks for a length."""
    if fields.exact(name) is not None or plain_name(name) in _ASKED_FOR:
        return True
    return _misspelt(name, set(), fields) is not None


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


def _misspelt(name: str, present: set[FieldName], fields: FieldNames) -> FieldName | None:
    """The field with this unknown name, if ``name`` looks like a field's; the rules then say which one is meant."""
    plain = plain_name(name)
    meant = fields.of_column(_URL_COLUMNS.get(plain, ""))
    if meant is not None and meant not in present:
        return fields.unknown(plain)
    if any(character.isdigit() for character in plain):
        return None  # image2 is a second one, not a misspelt one
    close = any(_is_slip(plain, plain_name(known)) for known in fields.columns)
    return fields.unknown(plain if plain.isidentifier() else name) if close else None


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
