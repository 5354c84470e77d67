"""Says why no row of a table can be a job: which columns it has, and which of them may hold the image and the video."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from types import MappingProxyType
from typing import Final

from preflight.jobfiles.columns import NotAColumn, read_columns
from preflight.jobfiles.csv_reader import HEADER_LINES, header_of
from preflight.jobfiles.field_names import FieldNames, TableModels, plain_name
from preflight.jobfiles.fields import LIST_FIELDS
from preflight.model import Kind
from preflight.model.file_types import promised_kind
from preflight.model.shell_argument import as_argument
from preflight.redact import redact
from preflight.redact.advice import Advice

_SHOWN_NAMES, _SHOWN_NAME = 12, 40
"""Most names of columns that an error lists, and characters of each."""
_ROWS: Final = 20
"""Rows whose values are looked at."""
_SCHEME = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]*://")
_WORDS: Final = {
    Kind.IMAGE: (
        "image", "img", "picture", "pic", "photo", "foto", "character", "portrait", "avatar", "still", "face", "model",
        "bild", "figur", "imagen", "imagem", "immagine", "personaje", "personnage", "afbeelding", "изображ", "картин",
        "фото", "画像", "图片", "圖片", "图像", "이미지",
    ),
    Kind.VIDEO: (
        "video", "vidéo", "vídeo", "clip", "film", "movie", "motion", "dance", "tanz", "footage", "reference",
        "видео", "клип", "動画", "视频", "視頻", "影片", "동영상", "비디오",
    ),
}  # fmt: skip
"""Parts of names by which people know such columns, in lower case."""


def missing_columns(
    lines: Iterable[str],
    models: TableModels,
    columns: Mapping[str, str] = MappingProxyType({}),
    *,
    misspelt: bool = False,
) -> str | None:
    """Why no row of a table with these first ``lines`` can be a job: it has no column for the image or the video.

    A misspelt column is named by the rules, for each row, unless ``misspelt`` asks for it here.
    """
    remaining = iter(lines)
    delimiter, header = header_of(remaining)
    try:
        rows = csv.reader(chain([header], islice(remaining, HEADER_LINES)), delimiter=delimiter)
        cells = list(islice(rows, _ROWS + 1))
    except csv.Error:
        return None  # the reader says why
    return _missing(cells[0], cells[1:], models, columns, misspelt=misspelt) if cells else None


def missing_cells(
    names: Sequence[str], rows: Iterable[Sequence[object]], models: TableModels, columns: Mapping[str, str]
) -> str | None:
    """The same of a table with types, misspelt columns too."""
    return _missing(names, list(islice(rows, _ROWS)), models, columns, misspelt=True)


def missing_keys(lines: Iterable[str], models: TableModels, columns: Mapping[str, str]) -> str | None:
    """The same of JSON Lines, where the first rows have the same keys, and none is a request body."""
    rows = list[dict[str, object]]()
    for line in islice(filter(str.strip, lines), _ROWS):
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            return None
        containers = {each.container for each in models.names}
        if not isinstance(row, dict) or not containers.isdisjoint(row) or not LIST_FIELDS.isdisjoint(row):
            return None
        rows.append(row)
    if not rows or any(row.keys() != rows[0].keys() for row in rows):
        return None
    return _missing(list(rows[0]), [list(row.values()) for row in rows], models, columns, misspelt=True)


def _missing(
    header: Sequence[str],
    rows: Sequence[Sequence[object]],
    models: TableModels,
    columns: Mapping[str, str],
    *,
    misspelt: bool,
) -> str | None:
    known = models.names[0]
    names = [name.strip() for name in header]
    filled = [name for name in names if name]
    try:
        fields = {column.field for column in read_columns(names, columns, known)}
    except NotAColumn:
        return None  # the reader says why
    missing = [name for name, field in known.needed_files() if field not in fields]
    if not filled or not missing:
        return None
    if not misspelt and any(field and field.in_input and known.type_of(field) is None for field in fields):
        return None
    if known.model in fields and len(models.specs.every_name()) > 1:
        return None  # rows of other models may have other columns
    shown = [redact(name, longest=_SHOWN_NAME) for name in filled[:_SHOWN_NAMES]]
    more = f" and {len(filled) - _SHOWN_NAMES} more" if len(filled) > _SHOWN_NAMES else ""
    what = f"this table has no column for the {' and the '.join(missing)}; its columns are {', '.join(shown)}{more}"
    if any(_SCHEME.search(name) for name in filled):
        return f"{what}; the first row must name the columns, as in {','.join(missing)}"
    rename = f"name the columns {' and '.join(missing)}" if missing[1:] else f"name a column {missing[0]}"
    found = dict(_likely(names, rows, missing, known, columns))
    if not found:
        return _advice(f"{what}; {rename}", missing, {})
    likely = " and ".join(f"{redact(column, longest=_SHOWN_NAME)} may be the {name}" for name, column in found.items())
    return _advice(f"{what}; {likely}: {rename}", missing, found)


def _advice(text: str, missing: Sequence[str], found: Mapping[str, str]) -> Advice:
    """``text``, and the columns that may be given instead: as a program does, or on the command line."""
    given = [f"{name}={found.get(name, 'COLUMN')}" for name in missing]
    names = " and ".join(redact(each, longest=2 * _SHOWN_NAME) for each in given)
    return Advice.of(
        text,
        library=f", or map them: {names}",
        command=", or add " + " ".join(f"--column {as_argument(each)}" for each in given),
    )


def _likely(
    names: Sequence[str],
    rows: Sequence[Sequence[object]],
    missing: Sequence[str],
    known: FieldNames,
    columns: Mapping[str, str],
) -> Iterator[tuple[str, str]]:
    """For each of ``missing`` the one column that may hold it: by the suffixes of its values, else by its name."""
    free = [
        index
        for index, name in enumerate(names)
        if name and name not in columns.values() and (known.exact(name) is None or known.exact(name) not in known.media)
    ]
    for name in missing:
        kind = next((each for each in Kind if each.value == name), None)
        if kind is None:
            continue
        fitting = [index for index in free if _kinds(rows, index) == {kind}]
        other = Kind.VIDEO if kind is Kind.IMAGE else Kind.IMAGE
        if not fitting:
            fitting = [
                index
                for index in free
                if any(word in plain_name(names[index]) for word in _WORDS[kind])
                and not any(word in plain_name(names[index]) for word in _WORDS[other])
                and not _kinds(rows, index) & {other}
            ]
        if len(fitting) == 1 and names.count(names[fitting[0]]) == 1:
            free.remove(fitting[0])
            yield name, names[fitting[0]]


def _kinds(rows: Sequence[Sequence[object]], index: int) -> set[Kind | None]:
    """What the values of a column are, by their suffixes."""
    values = (row[index] for row in rows if index < len(row))
    texts = (value.strip() for value in values if isinstance(value, str) and value.strip())
    return {promised_kind(text.partition("?")[0].partition("#")[0]) for text in texts}
