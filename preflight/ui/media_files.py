"""Sends a picture or a clip to the page: under the type of its bytes, and nothing that a browser could run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, Response

from preflight.errors import PreflightError
from preflight.model import Subject
from preflight.upload.content import MAX_UPLOAD_BYTES, MEDIA_TYPES


def media_response(subject: Subject | None, copy: Callable[[], Path]) -> Response:
    """The file of ``subject``, which ``copy`` brings here. Raises the answer 404 for whatever is not known to be media.

    A browser asks for ranges of it, and gets them.
    """
    facts = subject.facts if subject else None
    if facts is None or facts.container not in MEDIA_TYPES or (facts.size_bytes or 0) > MAX_UPLOAD_BYTES:
        raise HTTPException(404, "There is nothing to show.")
    try:
        path = copy()
    except PreflightError as error:
        raise HTTPException(404, str(error)) from error
    return sent(path, MEDIA_TYPES[facts.container])


def sent(path: Path, media_type: str) -> Response:
    """The file at ``path``."""
    if not path.is_file():
        raise HTTPException(404, "The file is no longer here.")
    return FileResponse(path, media_type=media_type)
