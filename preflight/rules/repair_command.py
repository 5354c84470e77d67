"""A command that repairs a file, as its parts, so that several repairs of one file become one command."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import PurePath
from typing import Self, TypeAlias

from preflight.model.frozen import frozen
from preflight.rules.shell_words import MEANS_MORE_TO_IMAGEMAGICK, quoted, safe

COPY = "-c copy -movflags +faststart"
REPACKAGE = "-c:v copy -c:a aac -movflags +faststart"
H264 = "-c:v libx264 -crf 18 -pix_fmt yuv420p -c:a aac -movflags +faststart"
_RANKS = (COPY, REPACKAGE, "", H264)
"""Codings, the gentlest first. ``""`` is none, for a picture; any other coding is one at a certain bit rate."""


@frozen
class ClipParts:
    """An ffmpeg command from ``name`` to a file with ``suffix``, at most ``seconds`` long."""

    name: str
    suffix: str
    coding: str
    before: tuple[str, ...] = ()
    seconds: Decimal | None = None
    filters: tuple[str, ...] = ()

    def text(self) -> str:
        length = f"-t {self.seconds:f}" if self.seconds is not None else ""
        filters = f"-vf {quoted(','.join(self.filters))}" if self.filters else ""
        words = ("ffmpeg", *self.before, "-i", safe(self.name), length, filters, self.coding)
        return " ".join(word for word in (*words, safe(target(self.name, self.suffix))) if word)

    def and_also(self, other: ClipParts) -> ClipParts:
        """Both repairs in one: a stream that is cut or filtered is encoded, as the stronger of both does it."""
        coding = max(self.coding, other.coding, key=_rank)
        return replace(
            self,
            coding=coding,
            suffix=self.suffix if self.suffix == other.suffix else ".mp4",
            before=tuple(dict.fromkeys((*self.before, *other.before))),
            seconds=self.seconds if self.seconds is not None else other.seconds,
            filters=tuple(dict.fromkeys((*self.filters, *other.filters))),
        )


@frozen
class PictureParts:
    """An ImageMagick command from the first picture of ``name`` to a file with ``suffix``.

    ImageMagick reads patterns and formats from certain characters in a name, so the shell passes such files. A PNG is
    written in full colour: by default, ImageMagick writes a picture of two colours with 1 bit a pixel.
    """

    name: str
    suffix: str
    options: tuple[str, ...] = ()
    alpha: bool = True

    def text(self) -> str:
        fixed = target(self.name, self.suffix)
        coder = "" if self.suffix != ".png" else "PNG32:" if self.alpha else "PNG24:"
        if MEANS_MORE_TO_IMAGEMAGICK.isdisjoint(self.name):
            words = [safe(f"{self.name}[0]"), *self.options, coder + safe(fixed)]
        else:
            words = ["'-[0]'", *self.options, f"{coder or 'JPEG:'}-", "<", safe(self.name), ">", safe(fixed)]
        return " ".join(["magick", *words])

    def and_also(self, other: PictureParts) -> PictureParts:
        """Both repairs in one. A picture that only fits as a JPEG becomes one."""
        return replace(
            self,
            suffix=self.suffix if self.suffix == other.suffix else ".jpg" if ".jpg" in self._last(other) else ".png",
            options=tuple(dict.fromkeys((*self.options, *other.options))),
            alpha=self.alpha and other.alpha,
        )

    def _last(self, other: PictureParts) -> tuple[str, ...]:
        """The suffixes of those of both that must be a JPEG to fit."""
        return tuple(each.suffix for each in (self, other) if any("jpeg:extent" in option for option in each.options))


Parts: TypeAlias = ClipParts | PictureParts


class Command(str):
    """The text of a command that knows its parts."""

    __slots__ = ("parts",)
    parts: Parts

    def __new__(cls, parts: Parts) -> Self:
        self = super().__new__(cls, parts.text())
        self.parts = parts
        return self

    def __reduce__(self) -> tuple[type[str], tuple[str]]:
        """It goes to another process as its text."""
        return str, (str(self),)


def target(name: str, suffix: str) -> str:
    """The name of the repaired file, as ``preflight fix`` gives it: beside the old one, never over it."""
    return str(PurePath(name).with_name(f"{PurePath(name).stem or 'result'}.fixed{suffix}"))


def together(commands: Iterable[str | None]) -> str | None:
    """One command that does what all of ``commands`` do to one file; ``None`` without any, or where none does."""
    parts = [command.parts for command in commands if isinstance(command, Command)]
    clips = [each for each in parts if isinstance(each, ClipParts)]
    pictures = [each for each in parts if isinstance(each, PictureParts)]
    if clips and not pictures:
        return _one_clip(clips).text()
    if pictures and not clips:
        return _one_picture(pictures).text()
    return None


def _one_clip(clips: Sequence[ClipParts]) -> ClipParts:
    one = clips[0]
    for each in clips[1:]:
        one = one.and_also(each)
    return one


def _one_picture(pictures: Sequence[PictureParts]) -> PictureParts:
    one = pictures[0]
    for each in pictures[1:]:
        one = one.and_also(each)
    return one


def _rank(coding: str) -> int:
    return _RANKS.index(coding) if coding in _RANKS else len(_RANKS)
