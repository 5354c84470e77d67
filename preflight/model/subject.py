"""The media file being judged, as far as it could be examined."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field as data_field
from enum import Enum
from typing import TYPE_CHECKING

from preflight.errors import PreflightError
from preflight.model.facts import ImageFacts, Transfer

if TYPE_CHECKING:  # see __init__.py
    from preflight.model.address import AddressFacts
    from preflight.model.video import VideoFacts

if TYPE_CHECKING:  # loads hashlib, which a local file need not
    from preflight.model.receipt import Receipt


class Kind(Enum):
    """Which part a file plays in a job."""

    IMAGE = "image"
    VIDEO = "video"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One examined file.

    ``field`` is its field in the job, ``None`` for a file checked by itself. ``source`` is its path or its URL without
    the query string. ``fault`` is what kept it from being read; ``facts`` is then ``None``. ``receipt`` is of a job's
    file at a URL.
    """

    kind: Kind
    source: str
    field: str | None = None
    address: AddressFacts | None = None
    transfer: Transfer = data_field(default_factory=Transfer)
    facts: ImageFacts | VideoFacts | None = None
    fault: PreflightError | None = None
    receipt: Receipt | None = None

    @property
    def image(self) -> ImageFacts | None:
        return self.facts if isinstance(self.facts, ImageFacts) else None

    @property
    def video(self) -> VideoFacts | None:
        return None if isinstance(self.facts, ImageFacts) else self.facts
