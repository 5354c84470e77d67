"""What a text is by its beginning: one job, or a manifest of many."""

from __future__ import annotations

import json
import re
from typing import Literal, TypeAlias

Written: TypeAlias = Literal["job", "lines", "table"]

_SAID = re.compile(r"sep=[,;\t]\s*", re.IGNORECASE)
_BETWEEN = re.compile(r"[,;\t]")
_MEDIA_NAMES = frozenset({"image", "video", "input_urls", "video_urls", "input.input_urls", "input.video_urls"})


def written_as(head: bytes) -> Written:
    """What ``head``, the beginning of a text, begins. One line of JSON is a job, unless it has an ``id`` beside it."""
    lines = [line for line in _decoded(head).splitlines() if line.strip()]
    if not lines:
        return "job"
    if lines[0].lstrip().startswith("{"):
        row = _object(lines[0])
        return "lines" if row is not None and (len(lines) > 1 or "id" in row) else "job"
    return "table" if begins_table(head) else "job"


def begins_table(head: bytes) -> bool:
    """Whether ``head`` begins with a header that names a column for media."""
    lines = [line for line in _decoded(head).splitlines() if line.strip()]
    if lines and _SAID.fullmatch(lines[0]):
        lines = lines[1:]
    names = {name.strip(' "').lower() for name in _BETWEEN.split(lines[0])} if lines else set()
    return bool(names & _MEDIA_NAMES)


def is_text(head: bytes) -> bool:
    """Whether ``head`` can begin a text: nothing in UTF-8 holds a NUL, and UTF-16 has its mark."""
    return b"\x00" not in head or head.startswith((b"\xff\xfe", b"\xfe\xff"))


def _decoded(head: bytes) -> str:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return head.decode("utf-16", "replace")
    return head.decode("utf-8-sig", "replace")


def _object(line: str) -> dict[str, object] | None:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
