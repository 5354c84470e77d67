"""Thumbnails in JSON: the keys ``thumbnail`` and ``filmstrip`` of a file, and the thumbnails in them again."""

from __future__ import annotations

from base64 import b64decode
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from preflight.model.thumbnail import MEDIA_TYPES, STRIP_FRAMES, Thumbnail, is_as_made
from preflight.redact import printable, shorten
from preflight.render.schema.schema_parts import COUNT, EXACT, TEXT, list_of, object_of, or_null
from preflight.units import decimal_text

if TYPE_CHECKING:
    from preflight.model import Subject

_URI_CHARS = 64 * 1024


def thumbnail_keys(subject: Subject) -> dict[str, Any]:
    """The keys of a file whose thumbnail was asked for; none of another."""
    if subject.thumbnail is None:
        return {}
    return {
        "thumbnail": _object(subject.thumbnail),
        "filmstrip": [_object(frame) for frame in subject.filmstrip],
    }


def thumbnail_schema() -> dict[str, Any]:
    """The JSON Schema of these keys."""
    picture = object_of(
        {
            "media_type": or_null({"enum": list(MEDIA_TYPES)}),
            "width": or_null(COUNT),
            "height": or_null(COUNT),
            "data_uri": or_null(TEXT),
            "seconds": or_null(EXACT),
            "missing": or_null(TEXT),
        }
    )
    return {"thumbnail": picture, "filmstrip": list_of(picture)}


def thumbnails_of(value: dict[str, Any]) -> dict[str, Any]:
    """The fields ``thumbnail`` and ``filmstrip`` of a ``Subject`` from the object of a file, which is hostile.

    Raises ``ValueError`` for anything that preflight does not write.
    """
    if value.get("thumbnail") is None:
        return {}
    frames = value.get("filmstrip", [])
    if not isinstance(frames, list) or len(frames) > STRIP_FRAMES:
        raise ValueError("'filmstrip' is not a list of frames")
    return {"thumbnail": _thumbnail(value["thumbnail"]), "filmstrip": tuple(map(_thumbnail, frames))}


def _object(thumbnail: Thumbnail) -> dict[str, Any]:
    return {
        "media_type": thumbnail.media_type,
        "width": thumbnail.width,
        "height": thumbnail.height,
        "data_uri": thumbnail.data_uri,
        "seconds": None if thumbnail.seconds is None else decimal_text(thumbnail.seconds),
        "missing": thumbnail.missing,
    }


def _thumbnail(value: Any) -> Thumbnail:
    if not isinstance(value, dict):
        raise ValueError("'thumbnail' is not an object")  # noqa: TRY004 - wrong data, as below
    missing, uri, seconds = value.get("missing"), value.get("data_uri"), value.get("seconds")
    if uri is None:
        return Thumbnail(missing=shorten(printable(str(missing)), 200))
    media_type, width, height = value.get("media_type"), value.get("width"), value.get("height")
    start = f"data:{media_type};base64,"
    if not isinstance(uri, str) or len(uri) > _URI_CHARS or not uri.startswith(start):
        raise ValueError("'data_uri' is not a thumbnail")
    data = b64decode(uri[len(start) :], validate=True)
    if not is_as_made(data, media_type, width, height):
        raise ValueError("'data_uri' is not a thumbnail")
    time = None if seconds is None or len(str(seconds)) > 40 else Fraction(str(seconds))
    return Thumbnail(media_type=media_type, width=width, height=height, data=data, seconds=time)
