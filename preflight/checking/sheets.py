"""Draws contact sheets, in an isolated process: thumbnails of a run folder may be anybody's bytes."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Mapping
from typing import Any, Self

from preflight.errors import ConfigurationError
from preflight.model import SparseBytes
from preflight.redact import printable, shorten
from preflight.workers.pool import SHEET_BYTES, SHEETS, THUMBNAIL_SECONDS, WorkerPool

FORMS: Mapping[str, tuple[str, bytes]] = {
    ".png": ("png", b"\x89PNG"),
    ".jpg": ("jpg", b"\xff\xd8"),
    ".jpeg": ("jpg", b"\xff\xd8"),
    ".webp": ("webp", b"RIFF"),
}
"""What a sheet can be written as, by suffix, and how such a file begins."""


class SheetArtist:
    """The process that draws. Use it in ``with``."""

    def __init__(self) -> None:
        self._pool = WorkerPool(THUMBNAIL_SECONDS, command=SHEETS, most=1, answer_bytes=SHEET_BYTES)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.close()

    def draw(self, data: bytes, wants: Mapping[str, Any], suffix: str) -> bytes:
        """The sheet that ``wants`` describes (``thumbnail_sheet.py``), from thumbnails that follow each other in
        ``data``. Raises ``ConfigurationError`` where it cannot be drawn."""
        form, begins = FORMS[suffix]
        fetched = SparseBytes()
        fetched.add(0, data)
        told = self._pool.ask(fetched, len(data), wants={**wants, "form": form})
        answer = told[0] if told else {"missing": "needs more time or memory than the limits allow"}
        if "data" not in answer:
            reason = shorten(printable(str(answer.get("missing"))), 200)
            raise ConfigurationError(f"the sheet cannot be drawn: it {reason}; draw fewer jobs on a sheet")
        try:
            drawn = b64decode(answer["data"], validate=True)
        except (TypeError, ValueError):
            drawn = b""
        if not drawn.startswith(begins):
            raise ConfigurationError("the sheet cannot be drawn: its process gave no picture")
        return drawn
