"""Gives subjects their thumbnails: reads the bytes, asks the isolated processes, and adds the result."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from preflight.checking.thumbnails import Material, gather, no_thumbnail, pictures, why_unread
from preflight.sources.local import read_local

if TYPE_CHECKING:
    from pathlib import Path

    from preflight.checking.resources import Resources
    from preflight.checking.thumbnails import Answers, Gather
    from preflight.model import ImageFacts, Subject, VideoFacts

_NO_BYTES = Material(missing="has bytes that cannot be had within the limits")


class Thumbnailer:
    """Makes the thumbnails of an ``Examiner``, in the processes of ``resources``."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources

    def then(self, facts: ImageFacts | VideoFacts) -> Gather:
        """The probe for the bytes of a file at a URL, run after the one for its facts."""
        return gather(facts, is_local=False)

    def read(self, path: Path, facts: ImageFacts | VideoFacts | None) -> Material | None:
        """The bytes of a local file."""
        if facts is None:
            return None
        return read_local(path, gather(facts, is_local=True)).facts

    def added(self, subject: Subject, material: Material | None) -> Subject:
        """``subject`` with its thumbnail, or with the reason why there is none."""
        if material is None or material.missing is not None:
            return self._added(subject, material, None)
        return self._added(subject, material, self._resources.thumbnailer(of_clips=material.is_clip))

    async def added_async(self, subject: Subject, material: Material | None) -> Subject:
        """``added``, in the loop of ``resources``."""
        if material is None or material.missing is not None:
            return self._added(subject, material, None)
        asking = self._resources.asking(self._resources.thumbnailer(of_clips=material.is_clip))
        return await asking.ask(partial(self._added, subject, material))

    def _added(self, subject: Subject, material: Material | None, workers: Answers | None) -> Subject:
        if subject.facts is None:
            return replace(subject, thumbnail=no_thumbnail(why_unread(subject)))
        thumbnail, filmstrip = pictures(material or _NO_BYTES, workers)
        return replace(subject, thumbnail=thumbnail, filmstrip=filmstrip)
