"""Rules about the reference image."""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil, floor

from preflight.model import DefectKind, Family, Severity
from preflight.model.facts import color_name
from preflight.rules import shell_commands as repair
from preflight.rules.rule import Flaw, ImageCase, not_taken, once_more, oversize

_AN = frozenset({"ARW", "AVIF", "ICNS", "ICO", "NEF", "OpenEXR", "ORF", "RW2", "SGI", "SVG", "XBM", "XCF", "XPM"})
"""Containers whose spoken name begins with a vowel."""
_SUFFIXES = frozenset({".jpg", ".jpeg", ".png"})
"""By these every ImageMagick knows what to write."""
_NOT_A_FORMAT = frozenset({Family.DOCUMENT, Family.ARCHIVE, Family.EMPTY, Family.POINTER})
_SMALLER = "export it smaller"
_WARNING = Severity.WARNING
_UNTOLD = frozenset({DefectKind.UNREADABLE, DefectKind.UNDECODED})


def image_format(case: ImageCase) -> Iterator[Flaw]:
    facts, allowed = case.facts, case.spec.image.containers
    if facts.container in allowed or facts.family in _NOT_A_FORMAT:
        return
    if not case.spec.takes_image:
        yield not_taken(case.spec.model, "picture", facts.container or facts.family.value)
        return
    if facts.family is Family.PICTURE:
        article = "an" if facts.container in _AN else "a"
        message, fix = f"this is {article} {facts.container} picture", repair.to_picture(case.name)
    elif facts.family is Family.VIDEO:
        message = f"this is a video ({facts.container}), not a picture"
        fix = repair.frame(case.name)
        if case.is_swapped:
            message += ", and the video is a picture: the two look swapped"
            fix = "exchange the two: give this file as the video, and the other one as the image"
    else:
        message, fix = f"this is {facts.container or 'data in an unknown format'}, not a picture", once_more(case)
    yield Flaw(
        message=f"{message}; the service takes {' and '.join(allowed)}, whatever the file is called",
        measured=facts.container or facts.family.value,
        allowed=", ".join(allowed),
        fix=fix,
    )


def image_too_large(case: ImageCase) -> Iterator[Flaw]:
    limit = case.spec.image.max_bytes
    yield from oversize(
        case.facts.size_bytes, limit, "picture", lambda: repair.to_small_jpeg(case.name, limit.safe_bytes)
    )


def image_too_small(case: ImageCase) -> Iterator[Flaw]:
    width, height = case.facts.width, case.facts.height
    if not width or not height:
        return
    limit, advised = case.spec.image.min_side, case.spec.image.advised_min_side
    side = min(width, height)
    if side >= advised.value:
        return
    hard = side < limit.value
    bound = limit if hard else advised
    yield Flaw(
        message=f"the picture is {width}x{height} px; each side must be at least {limit.value} px"
        if hard
        else f"the picture is {width}x{height} px; other services of this family ask for {advised.value} px a side",
        measured=f"{width}x{height} px",
        allowed=f"at least {bound.value} px a side",
        fix=repair.enlarge(case.name, ceil(advised.value), _suffix(case)),
        severity=None if hard else Severity.WARNING,
    )


def image_aspect_ratio(case: ImageCase) -> Iterator[Flaw]:
    width, height = case.facts.width, case.facts.height
    limit = case.spec.image.max_aspect.value
    if not width or not height:
        return
    long, short = max(width, height), min(width, height)
    if long * limit.denominator <= short * limit.numerator:
        return
    kept = floor(short * limit)
    cropped = (kept, height) if width > height else (width, kept)
    yield Flaw(
        message=f"the picture is {width}x{height} px, {_ratio(width, height)}; "
        f"the ratio must be between {limit.denominator}:{limit.numerator} and {limit.numerator}:{limit.denominator}",
        measured=f"{width}:{height}",
        allowed=f"{limit.denominator}:{limit.numerator} to {limit.numerator}:{limit.denominator}",
        fix=repair.crop(case.name, *cropped, _suffix(case)),
    )


def image_truncated(case: ImageCase) -> Iterator[Flaw]:
    yield from _defects(case, DefectKind.TRUNCATED, "the picture ")


def image_corrupt(case: ImageCase) -> Iterator[Flaw]:
    yield from _defects(case, DefectKind.CORRUPT, "the picture ")
    yield from _defects(case, DefectKind.UNREADABLE, "the picture could not be examined: it ")
    yield from _defects(case, DefectKind.UNDECODED, "the picture was not decoded, because it ", _SMALLER)
    yield from _defects(case, DefectKind.DISPUTED, "some image libraries refuse the picture: it ", severity=_WARNING)
    yield from _defects(case, DefectKind.TOLERATED, "the picture ", severity=_WARNING)


def image_ambiguous(case: ImageCase) -> Iterator[Flaw]:
    fix = "export it again from the original, and look at the result"
    yield from _defects(case, DefectKind.AMBIGUOUS, "two programs may read two different pictures: the file ", fix)


def image_animated(case: ImageCase) -> Iterator[Flaw]:
    frames = case.facts.frames
    if frames is not None and frames > 1:
        yield Flaw(
            message=f"the file holds {frames} pictures; the service uses one, and the API docs do not say which",
            measured=f"{frames} pictures",
            allowed="1 picture",
            fix=repair.first_picture(case.name, _suffix(case)),
        )


def image_color_mode(case: ImageCase) -> Iterator[Flaw]:
    mode, usual = case.facts.color_mode, case.spec.image.color_modes
    depth = case.facts.bit_depth or 8
    if mode is None or not usual or (mode in usual and depth <= 8):
        return
    name = color_name(mode)
    measured = name if depth <= 8 else f"{name}, {depth} bits a channel"
    yield Flaw(
        message=f"the picture's colours are {measured}; the API docs do not say how the service converts them",
        measured=measured,
        allowed="RGB or grey, 8 bits a channel",
        fix=repair.to_picture(case.name, _suffix(case), alpha=mode.endswith("A")),
    )


def _defects(
    case: ImageCase, kind: DefectKind, subject: str, fix: str | None = None, *, severity: Severity | None = None
) -> Iterator[Flaw]:
    for defect in case.facts.defects:
        if defect.kind is kind:
            yield Flaw(
                message=subject + defect.message,
                measured=defect.kind.value,
                fix=fix or once_more(case),
                severity=severity,
                indeterminate=kind in _UNTOLD,
            )


def _suffix(case: ImageCase) -> str:
    return ".jpg" if case.facts.container == "JPEG" else repair.suffix_of(case.name, _SUFFIXES, ".png")


def _ratio(width: int, height: int) -> str:
    """The ratio for people, cut to two decimals: ``1:2.51``; to more where two would show a round ratio."""
    large, small = max(width, height), min(width, height)
    places = next((each for each in (2, 4, 6) if large * 10**each // small % 10 or large * 10**each % small == 0), 9)
    scaled = large * 10**places // small
    long = f"{scaled // 10**places}.{f'{scaled % 10**places:0{places}}'.rstrip('0'):0<2}"
    return f"{long}:1" if width >= height else f"1:{long}"
