"""The thumbnails of a page: each is in its style sheet once, however many jobs name the file."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

from preflight.render.html.environment import Markup

_MEDIA_TYPES = frozenset({"image/webp", "image/jpeg", "image/png"})
_MOST_BYTES = 64 * 1024
"""A larger picture is not a thumbnail."""


class Pictures:
    """``size`` is the characters that the pictures take."""

    def __init__(self) -> None:
        self._classes: dict[bytes, str] = {}
        self._rules: list[str] = []
        self.size = 0

    def class_of(self, thumbnail: Any) -> str | None:
        """The class of the element that shows ``thumbnail``; ``None`` where there is nothing to show."""
        if thumbnail is None or not thumbnail.data or thumbnail.media_type not in _MEDIA_TYPES:
            return None
        if len(thumbnail.data) > _MOST_BYTES:
            return None
        if thumbnail.data not in self._classes:
            name = f"p{len(self._classes)}"
            data = b64encode(thumbnail.data).decode("ascii")
            rule = f'.{name}{{background-image:url("data:{thumbnail.media_type};base64,{data}")}}'
            self._classes[thumbnail.data] = name
            self._rules.append(rule)
            self.size += len(rule)
        return self._classes[thumbnail.data]

    @property
    def style(self) -> Markup:
        """The style sheet."""
        return Markup("\n".join(self._rules))  # made of numbers, of media types listed here, and of base64

    def __bool__(self) -> bool:
        return bool(self._rules)
