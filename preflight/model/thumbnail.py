"""A small picture of a file, to look at beside its facts."""

from __future__ import annotations

from fractions import Fraction

from preflight.model.frozen import frozen

MOST_SIDE = 320
"""Pixels of the longer side, at most."""
MOST_BYTES = 12 * 1024
"""Bytes of one encoded picture, at most."""
STRIP_FRAMES, STRIP_SIDE, STRIP_BYTES = 5, 160, 4 * 1024
"""Frames of a filmstrip, and the most pixels and bytes of each."""
MEDIA_TYPES = ("image/webp", "image/jpeg")


def is_as_made(
    data: bytes, media_type: object, width: object, height: object, *, side: int = MOST_SIDE, most: int = MOST_BYTES
) -> bool:
    """Whether this can be a thumbnail within these bounds, by its type, its first bytes and its sizes.

    Whoever made it may have read hostile bytes, or be a file. It is not decoded.
    """
    if media_type == MEDIA_TYPES[0]:
        begins = data[:4] == b"RIFF" and data[8:12] == b"WEBP"
    else:
        begins = media_type == MEDIA_TYPES[1] and data[:2] == b"\xff\xd8"
    sides = (type(each) is int and 0 < each <= side for each in (width, height))
    return begins and len(data) <= most and all(sides)


@frozen
class Thumbnail:
    """A picture of a file, upright, in pixels and bytes of at most ``MOST_SIDE`` and ``MOST_BYTES``.

    Either ``data`` holds an encoded picture of ``media_type``, or it is empty and ``missing`` says why there is none.
    ``seconds`` is when a frame of a clip is shown, ``None`` for a picture and where the clip does not say.
    """

    media_type: str | None = None
    width: int | None = None
    height: int | None = None
    data: bytes = b""
    seconds: Fraction | None = None
    missing: str | None = None

    @property
    def data_uri(self) -> str | None:
        """The picture as a URL that holds it, for HTML and JSON; ``None`` where there is none."""
        if not self.data or self.media_type not in MEDIA_TYPES:
            return None
        from base64 import b64encode  # only where somebody looks

        return f"data:{self.media_type};base64,{b64encode(self.data).decode('ascii')}"

    def __repr__(self) -> str:
        """Short: its size, or why there is none."""
        return f"<Thumbnail {self.missing or f'{self.width}x{self.height}, {len(self.data)} bytes'}>"
