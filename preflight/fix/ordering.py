"""From rows of the table to the order that carries them out. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePath

from preflight.fix.order import ClipOrder, Order, PictureOrder
from preflight.fix.table import Repair, Step
from preflight.model import ImageFacts, VideoFacts
from preflight.specs import ImageSpec, Spec

_ENCODED = frozenset({Step.RECODE, Step.RESIZE, Step.SQUEEZE})
_PROMISES = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG"}


def order_for(
    rows: Iterable[Repair],
    facts: ImageFacts | VideoFacts,
    source: PurePath,
    spec: Spec,
    *,
    orientation: str,
    in_place: bool,
) -> Order | None:
    """The order for a file; ``None`` where all it needs is another name."""
    rows = tuple(rows)
    steps = frozenset(row.step for row in rows)
    if steps == {Step.RENAME}:
        return None
    if isinstance(facts, ImageFacts):
        return _picture(steps, facts, source, spec.image, in_place=in_place)
    return _clip(steps, frozenset(row.rule for row in rows), spec, orientation)


def _picture(
    steps: frozenset[Step], facts: ImageFacts, source: PurePath, image: ImageSpec, *, in_place: bool
) -> PictureOrder:
    """A JPEG stays one and everything else becomes a PNG; in place it becomes what its name promises."""
    own = facts.container if facts.container in image.containers else "PNG"
    promised = _PROMISES.get(source.suffix.lower()) if in_place else None
    strip = steps <= {Step.FIRST_PICTURE, Step.RENAME}
    return PictureOrder(
        container=own if strip else promised or own,
        max_bytes=image.max_bytes.safe_bytes,
        heif=facts.container in ("HEIC", "HEIF"),
        strip=strip,
        any_frame=Step.CHOOSE_FRAME in steps,
        max_aspect=image.max_aspect.value if Step.CROP in steps else None,
        min_side=int(image.advised_min_side.value) if Step.ENLARGE in steps else None,
        shrink=Step.SHRINK in steps,
    )


def _clip(steps: frozenset[Step], rules: frozenset[str], spec: Spec, orientation: str) -> ClipOrder:
    video, cap = spec.video, spec.video.max_seconds.value
    if "video-over-orientation-cap" in rules:
        cap = min(cap, spec.price.cap_seconds[orientation])
    return ClipOrder(
        max_seconds=cap,
        min_seconds=video.min_seconds.value if Step.LOOP in steps else None,
        recode=bool(steps & _ENCODED),
        sides=(int(video.advised_min_side.value), int(video.advised_max_side.value)) if Step.RESIZE in steps else None,
        max_bytes=video.max_bytes.safe_bytes if Step.SQUEEZE in steps else None,
    )
