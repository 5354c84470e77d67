"""What the suffix of a file's name promises: a container, a picture or a clip, a job or many. All are in lower case."""

from __future__ import annotations

from pathlib import PurePath, PurePosixPath
from typing import Final

from preflight.model.report import Kind

_IMAGES: Final[dict[str, tuple[str, ...]]] = {
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif"),
    "PNG": (".png", ".apng"),
    "WebP": (".webp",),
    "GIF": (".gif",),
    "HEIC": (".heic",),
    "HEIF": (".heif",),
    "AVIF": (".avif",),
    "BMP": (".bmp",),
    "TIFF": (".tif", ".tiff"),
}
_VIDEOS: Final[dict[str, tuple[str, ...]]] = {
    "MP4": (".mp4", ".m4v"),
    "MOV": (".mov", ".qt"),
    "Matroska": (".mkv",),
    "WebM": (".webm",),
    "AVI": (".avi",),
    "MPEG-TS": (".ts",),
}
_FAMILIES = ({"MP4", "MOV"}, {"HEIC", "HEIF"})
"""Containers that programs take for each other, whatever the name says."""

JOB_SUFFIXES: Final = frozenset({".yaml", ".yml", ".json"})
"""Those of a file with one job."""

TABLE_SUFFIXES: Final = frozenset({".csv", ".tsv"})
PARQUET_SUFFIXES: Final = frozenset({".parquet", ".pq"})
MANIFEST_SUFFIXES: Final = frozenset({".jsonl", ".ndjson"}) | TABLE_SUFFIXES | PARQUET_SUFFIXES
"""Those of a file with many jobs."""

RUN_FILE: Final = "run.json"
"""The file by which a folder is known as that of a run (``check --to``)."""
RUN_SCHEMA: Final = "preflight.run/v1"
"""What that file names as its ``schema``."""

SUFFIXES: Final[dict[str, tuple[str, ...]]] = _IMAGES | _VIDEOS
"""The suffixes of each container, the usual one first."""

CONTAINERS: Final[dict[str, str]] = {suffix: name for name, suffixes in SUFFIXES.items() for suffix in suffixes}
"""The container that a suffix promises."""

_KINDS = {
    suffix: kind
    for kind, names in ((Kind.IMAGE, _IMAGES), (Kind.VIDEO, _VIDEOS))
    for each in names.values()
    for suffix in each
}


def last_part(path: str) -> str:
    """The last part of a path or URL, as ``PurePosixPath`` reads it."""
    part = path.rpartition("/")[2]
    # Making a path takes as long as ten rules.
    return PurePosixPath(path).name if part in ("", ".") else part


def promised_container(name: str | PurePath) -> str | None:
    """The container that the suffix of ``name`` promises."""
    return CONTAINERS.get(_suffix(name))


def fits_name(container: str, name: str | PurePath) -> bool:
    """Whether ``name`` promises ``container``, one of its family, or nothing."""
    promised = promised_container(name)
    return promised in (None, container) or any({promised, container} <= family for family in _FAMILIES)


def promised_kind(name: str | PurePath) -> Kind | None:
    """Whether ``name`` is that of a picture or of a clip; ``None`` for any other."""
    return _KINDS.get(_suffix(name))


def _suffix(name: str | PurePath) -> str:
    """In lower case; empty where the only dot is the first or the last character of the name."""
    part = last_part(name) if isinstance(name, str) else name.name
    dot = part.rfind(".")
    return part[dot:].lower() if 0 < dot < len(part) - 1 else ""
