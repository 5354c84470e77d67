"""Tables in a wrapping that is not read: workbooks of spreadsheet programs, and compressed files."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Final

from preflight.model.file_types import JOB_SUFFIXES, MANIFEST_SUFFIXES
from preflight.model.named_tuple import NamedTuple

_AS_CSV: Final = "save it as CSV (UTF-8), and check that file"


class Wrapping(NamedTuple):
    """What a file is, and how it becomes one that is read."""

    name: str
    advice: str

    def __str__(self) -> str:
        return f"this is {self.name}: {self.advice}"


_EXCEL: Final = Wrapping("an Excel workbook", _AS_CSV)
_OPEN_DOCUMENT: Final = Wrapping("an OpenDocument spreadsheet", _AS_CSV)
_NUMBERS: Final = Wrapping("a Numbers spreadsheet", "export it as CSV (UTF-8), and check that file")
_GOOGLE: Final = Wrapping("a link to a Google Sheets document", "download it as CSV, and check that file")
_ZIP: Final = Wrapping("a ZIP archive", "unpack it, and check the file in it")
_PACKED: Final = {
    name: Wrapping(f"compressed with {name}", f"unpack it with {command}, and check that file")
    for name, command in (("gzip", "gunzip"), ("bzip2", "bunzip2"), ("xz", "unxz"), ("zstd", "unzstd"))
}
_BOOKS: Final = {
    ".xlsx": _EXCEL, ".xlsm": _EXCEL, ".xlsb": _EXCEL, ".xls": _EXCEL, ".xltx": _EXCEL,
    ".ods": _OPEN_DOCUMENT, ".fods": _OPEN_DOCUMENT, ".ots": _OPEN_DOCUMENT,
    ".numbers": _NUMBERS, ".gsheet": _GOOGLE,
}  # fmt: skip
_PACKINGS: Final = {
    ".gz": _PACKED["gzip"], ".bz2": _PACKED["bzip2"], ".xz": _PACKED["xz"], ".zst": _PACKED["zstd"], ".zip": _ZIP,
}  # fmt: skip
_BEGINNINGS: Final = (
    (b"\x1f\x8b", _PACKED["gzip"]),
    (b"BZh", _PACKED["bzip2"]),
    (b"\xfd7zXZ\x00", _PACKED["xz"]),
    (b"\x28\xb5\x2f\xfd", _PACKED["zstd"]),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", _EXCEL),
)
_IN_ZIP: Final = ((b"opendocument.spreadsheet", _OPEN_DOCUMENT), (b"[Content_Types].xml", _EXCEL), (b"xl/", _EXCEL),
                  (b".iwa", _NUMBERS))  # fmt: skip


def wrapping_named(name: str) -> Wrapping | None:
    """The wrapping that the suffix of a path or URL promises: of a compressed file, if it promises jobs inside."""
    path = PurePosixPath(name.partition("#")[0].partition("?")[0].replace("\\", "/"))
    suffix = path.suffix.lower()
    if suffix in _BOOKS:
        return _BOOKS[suffix]
    inner = PurePosixPath(path.stem).suffix.lower()
    return _PACKINGS.get(suffix) if inner in MANIFEST_SUFFIXES | JOB_SUFFIXES | _BOOKS.keys() else None


def wrapping_of(head: bytes) -> Wrapping | None:
    """The wrapping of a file that begins with ``head``, whatever its name: no text begins so."""
    if head.startswith(b"PK\x03\x04"):
        return next((wrapping for mark, wrapping in _IN_ZIP if mark in head), _ZIP)
    return next((wrapping for beginning, wrapping in _BEGINNINGS if head.startswith(beginning)), None)
