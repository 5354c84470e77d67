"""Pairs pictures with clips: each with each, by name, or in order."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Final, Literal, NamedTuple, TypeAlias

from preflight.bounded_file import is_folder
from preflight.errors import ConfigurationError
from preflight.model import Kind
from preflight.model.file_types import promised_kind
from preflight.redact import shown_path
from preflight.targets.folders import Filters, find_files

How: TypeAlias = Literal["each-with-each", "by-name", "in-order"]
PAIRS: Final = 10_000_000
"""Most pairs of one manifest: 4000 pictures with 2500 clips."""
_DIGITS = re.compile(r"(\d+)")


class Pair(NamedTuple):
    """A picture and a clip, with an ``id`` that no other pair has; for a model that takes one of them, that one."""

    id: str
    image: Path | None
    video: Path | None


class Pairing(NamedTuple):
    """The pairs, and the files that have no partner."""

    pairs: Iterator[Pair]
    number: int
    alone: tuple[Path, ...] = ()


def media_in(folder: Path, kind: Kind) -> list[Path]:
    """The pictures, or the clips, below ``folder``, in natural order: ``a2.png`` comes before ``a10.png``.

    Raises ``ConfigurationError`` for a folder that is not there, or holds none.
    """
    if not is_folder(folder):
        raise ConfigurationError(f"{shown_path(str(folder))}: no such folder")
    found = [each.path for each in find_files(folder, Filters()) if each.is_file and promised_kind(each.path) is kind]
    if not found:
        raise ConfigurationError(f"{shown_path(str(folder))}: no {kind.value}s in it (hidden ones are skipped)")
    return sorted(found, key=lambda path: natural_key(path.relative_to(folder).as_posix()))


def natural_key(name: str) -> tuple[tuple[int, int, str], ...]:
    """The key that sorts names as people do: by their numbers as numbers, letters in any case."""
    parts = _DIGITS.split(name.casefold())
    numbered = tuple((0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts if part)
    return (*numbered, (2, 0, name))


def pair_up(images: Sequence[Path], videos: Sequence[Path], how: How) -> Pairing:
    """Pairs of ``images`` and ``videos``, which are in natural order. Raises ``ConfigurationError``."""
    match how:
        case "each-with-each":
            if len(images) * len(videos) > PAIRS:
                raise ConfigurationError(
                    f"{len(images)} images with {len(videos)} videos are {len(images) * len(videos)} pairs;"
                    f" at most {PAIRS} are written"
                )
            made = ((image, video) for image in images for video in videos)
            return Pairing(_named(made), len(images) * len(videos))
        case "in-order":
            count = min(len(images), len(videos))
            alone = (*images[count:], *videos[count:])
            return Pairing(_named(zip(images[:count], videos[:count], strict=True)), count, alone)
        case "by-name":
            return _by_name(images, videos)


def singly(images: Sequence[Path], videos: Sequence[Path]) -> Pairing:
    """Each file by itself: one of the two is empty, for a model that takes none of its kind."""
    made = chain(((image, None) for image in images), ((None, video) for video in videos))
    return Pairing(_named(made), len(images) + len(videos))


def _by_name(images: Sequence[Path], videos: Sequence[Path]) -> Pairing:
    """Files of one name but for the suffix, in any case and whatever their folders."""
    named = {"image": _by_stem(images), "video": _by_stem(videos)}
    both = [stem for stem in named["image"] if stem in named["video"]]
    pairs = [(named["image"][stem], named["video"][stem]) for stem in both]
    alone = [
        path for kind, other in (("image", "video"), ("video", "image"))
        for stem, path in named[kind].items() if stem not in named[other]
    ]  # fmt: skip
    return Pairing(_named(iter(pairs)), len(pairs), tuple(alone))


def _by_stem(paths: Sequence[Path]) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for path in paths:
        other = found.setdefault(path.stem.casefold(), path)
        if other is not path:
            raise ConfigurationError(
                f"{shown_path(str(other))} and {shown_path(str(path))} have the same name: neither has one partner"
            )
    return found


def _named(pairs: Iterable[tuple[Path | None, Path | None]]) -> Iterator[Pair]:
    """The pairs with their ids: the names of both files, or of one where they are the same; numbered where repeated."""
    used: dict[str, int] = {}
    for image, video in pairs:
        stems = {path.stem.casefold(): path.stem for path in (video, image) if path is not None}
        name = "--".join(reversed(stems.values()))
        count = used[name] = used.get(name, 0) + 1
        yield Pair(name if count == 1 else f"{name}--{count}", image, video)
