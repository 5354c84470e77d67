"""The recipe for the process that repairs a file, and its outcome: one line of JSON each way."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from pathlib import PurePath
from typing import Any, TypeAlias

from preflight.fix.repairs import Repair, Step
from preflight.fix.window import Window
from preflight.model import ImageFacts, VideoFacts
from preflight.model.file_types import promised_container
from preflight.rules import Trait, rules_with
from preflight.specs import ImageSpec, Spec

_CAP = rules_with(Trait.CAP)
_ENCODED = frozenset({Step.RECODE, Step.RESIZE, Step.SQUEEZE, Step.SDR, Step.EVEN_RATE})
_COMMON_RATES = (24, 25, 30, 50, 60)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageRecipe:
    """How to write a picture again.

    ``container`` is that of the result (``JPEG`` or ``PNG``); a PNG of more than ``max_bytes`` becomes a JPEG.
    ``any_frame`` takes the first of several pictures where that is a choice. ``strip`` drops what follows the first
    picture of a JPEG or PNG without decoding it. ``max_aspect`` (long over short) and ``min_side`` are only given where
    the picture may be changed for them, and ``shrink`` says whether it may be for ``max_bytes``.
    """

    container: str
    max_bytes: int
    heif: bool = False
    strip: bool = False
    any_frame: bool = False
    max_aspect: Fraction | None = None
    min_side: int | None = None
    shrink: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoRecipe:
    """How to write a clip again as a fast-start MP4.

    It ends within ``max_seconds``; with ``min_seconds`` it is repeated until it lasts as long. ``recode`` encodes it as
    H.264, or as HEVC where it is HDR, its sides within ``sides`` and its size within ``max_bytes`` where these are
    given. ``sdr`` maps HDR to SDR, ``rate`` makes all frames equally long, so many a second.

    With ``start``, it begins there and lasts ``max_seconds``, or as long as the clip goes on, but at least
    ``least_seconds``. It begins at a key frame and is not encoded where one is near enough, unless ``exact`` asks for
    the very frame.
    """

    max_seconds: Fraction
    min_seconds: Fraction | None = None
    recode: bool = False
    sides: tuple[int, int] | None = None
    max_bytes: int | None = None
    sdr: bool = False
    rate: int | None = None
    start: Fraction | None = None
    least_seconds: Fraction = Fraction(0)
    exact: bool = False


Recipe: TypeAlias = ImageRecipe | VideoRecipe


class Refused(Exception):
    """The process can read the file but cannot repair it safely. The text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerOutcome:
    """The result of a recipe: the written ``container`` and the changes ``done``, or why it was ``refused``."""

    container: str | None = None
    done: tuple[str, ...] = ()
    refused: str | None = None


def dump_recipe(recipe: Recipe) -> bytes:
    """A recipe as a line of JSON. Fractions travel as strings."""
    kind = "picture" if isinstance(recipe, ImageRecipe) else "clip"
    fields = {name: str(value) if isinstance(value, Fraction) else value for name, value in asdict(recipe).items()}
    return json.dumps({"kind": kind, **fields}).encode() + b"\n"


def load_recipe(line: bytes) -> Recipe:
    """The recipe in a line that ``dump_recipe`` wrote."""
    given: dict[str, Any] = json.loads(line)
    kind = given.pop("kind")
    for name in ("max_aspect", "max_seconds", "min_seconds", "start", "least_seconds"):
        if given.get(name) is not None:
            given[name] = Fraction(given[name])
    if given.get("sides") is not None:
        given["sides"] = tuple(given["sides"])
    return ImageRecipe(**given) if kind == "picture" else VideoRecipe(**given)


def dump_outcome(answer: WorkerOutcome) -> bytes:
    """An answer as a line of JSON."""
    return json.dumps(asdict(answer)).encode() + b"\n"


def load_outcome(line: bytes) -> WorkerOutcome | None:
    """The answer in a line of a process that hostile bytes may have broken; ``None`` if it is not an answer."""
    try:
        given = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(given, Mapping):
        return None
    done, container, refused = given.get("done"), given.get("container"), given.get("refused")
    if not isinstance(done, list) or not all(isinstance(each, str) for each in done):
        return None
    if container not in (None, "PNG", "JPEG", "MP4") or not isinstance(refused, str | None):
        return None
    if (container is None) is (refused is None):
        return None
    return WorkerOutcome(container=container, done=tuple(done), refused=refused)


def recipe_for(
    rows: Iterable[Repair],
    facts: ImageFacts | VideoFacts,
    source: PurePath,
    spec: Spec,
    *,
    orientation: str,
    in_place: bool,
    window: Window | None = None,
) -> Recipe | None:
    """The recipe for a file; ``None`` where the file only needs another name."""
    rows = tuple(rows)
    steps = frozenset(row.step for row in rows)
    if steps == {Step.RENAME}:
        return None
    if isinstance(facts, ImageFacts):
        return _picture(steps, facts, source, spec.image, in_place=in_place)
    recipe = _clip(steps, facts, frozenset(row.rule for row in rows), spec, orientation)
    return recipe if window is None else _within(recipe, window, spec)


def _picture(
    steps: frozenset[Step], facts: ImageFacts, source: PurePath, image: ImageSpec, *, in_place: bool
) -> ImageRecipe:
    """A JPEG stays one and everything else becomes a PNG; in place it gets the container of its suffix."""
    own = facts.container if facts.container in image.containers else "PNG"
    named = promised_container(source) if in_place else None
    promised = named if named in image.containers else None
    strip = steps <= {Step.FIRST_PICTURE, Step.RENAME}
    return ImageRecipe(
        container=own if strip else promised or own,
        max_bytes=image.max_bytes.safe_bytes,
        heif=facts.container in ("HEIC", "HEIF"),
        strip=strip,
        any_frame=Step.CHOOSE_FRAME in steps,
        max_aspect=image.max_aspect.value if Step.CROP in steps else None,
        min_side=int(image.advised_min_side.value) if Step.ENLARGE in steps else None,
        shrink=Step.SHRINK in steps,
    )


def _clip(
    steps: frozenset[Step], facts: VideoFacts, rules: frozenset[str], spec: Spec, orientation: str
) -> VideoRecipe:
    video, cap = spec.video, spec.video.max_seconds.value
    if rules & _CAP:
        cap = min(cap, spec.price.cap(orientation) or cap)
    return VideoRecipe(
        max_seconds=cap,
        min_seconds=video.min_seconds.value if Step.LOOP in steps else None,
        recode=bool(steps & _ENCODED),
        sides=(int(video.advised_min_side.value), int(video.advised_max_side.value)) if Step.RESIZE in steps else None,
        max_bytes=video.max_bytes.safe_bytes if Step.SQUEEZE in steps else None,
        sdr=Step.SDR in steps,
        rate=_nearest_rate(facts.frame_rate) if Step.EVEN_RATE in steps else None,
    )


def _nearest_rate(average: Fraction | None) -> int:
    wanted = Fraction(30) if average is None else average
    return min(_COMMON_RATES, key=lambda rate: abs(rate - wanted))


def _within(recipe: VideoRecipe, window: Window, spec: Spec) -> VideoRecipe:
    """The recipe for a part of a clip. It is not repeated: the part is what the user chose."""
    return replace(
        recipe,
        start=window.start,
        max_seconds=min(recipe.max_seconds, window.length or recipe.max_seconds),
        min_seconds=None,
        least_seconds=spec.video.min_seconds.value,
        exact=window.exact,
    )
