"""Rewrites a picture with Pillow. Runs only in the process of ``worker.py``: decoders read hostile bytes here."""

from __future__ import annotations

import io
import re
from contextlib import suppress
from dataclasses import dataclass, field
from fractions import Fraction
from math import ceil, floor, isqrt
from typing import BinaryIO

from PIL import Image, ImageCms, ImageFile, ImageOps

from preflight.fix.recipe import ImageRecipe, Refused, WorkerOutcome
from preflight.fix.strip import strip_jpeg, strip_png
from preflight.model.facts import color_name

MAX_PIXELS = 100_000_000
"""Most pixels that are decoded: twice the largest phone camera's."""

MAX_BYTES = 256 * 1024 * 1024
"""Most bytes of a file that are read."""

BEST_QUALITY, FINE_QUALITY, LEAST_QUALITY = 95, 92, 75
"""JPEG qualities. Above the first, bytes only repeat the noise; below the last, the loss is visible."""

_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "JPEG2000")
_NAMES = {"MPO": "JPEG", "WEBP": "WebP", "JPEG2000": "JPEG 2000", "HEIF": "HEIC"}
_SAVED = {"RGB", "RGBA", "L", "LA", "P"}
_WIDE_GREY = {"I;16", "I;16L", "I;16B"}
_NEAREST = {"1": "L", "RGBa": "RGBA", "La": "LA", "PA": "RGBA"}
_WIDE_RAW_MODE = re.compile(r";16[BLNS]")
_SHRINKS = 4
_JPEG_BYTES_A_PIXEL = 3
"""More than noise takes at ``BEST_QUALITY`` with all colours."""
_ORIENTATION = 0x0112


@dataclass(slots=True)
class _Work:
    """A picture in progress, and the changes so far."""

    image: Image.Image
    done: list[str] = field(default_factory=list)
    profile: bytes | None = None
    exif: Image.Exif | None = None
    bits: int = 8


def write_picture(source: BinaryIO, target: BinaryIO, recipe: ImageRecipe) -> WorkerOutcome:
    """Write the picture of ``source`` again, into ``target``. Raises ``Refused``, and any error of Pillow."""
    data = source.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise Refused(f"it has more than {MAX_BYTES // 1024 // 1024} MiB, the most that is read")
    if recipe.strip:
        stripped = strip_png(data) if recipe.container == "PNG" else strip_jpeg(data)
        if stripped is None:
            raise Refused("it is too damaged to find the end of its first picture")
        target.write(stripped)
        return WorkerOutcome(container=recipe.container, done=("first picture kept unchanged, others dropped",))
    work = _open(data, recipe)
    for change in (_upright, _to_plain_colours, _crop, _enlarge):
        change(work, recipe)
    container, encoded = _encode(work, recipe)
    target.write(encoded)
    return WorkerOutcome(container=container, done=tuple(work.done))


def _open(data: bytes, recipe: ImageRecipe) -> _Work:
    Image.MAX_IMAGE_PIXELS = None  # checked below instead, with a message of our own
    if recipe.heif:
        from pillow_heif import register_heif_opener  # an extra, and only for HEIC

        register_heif_opener(thumbnails=False)
    formats = ("HEIF",) if recipe.heif else _FORMATS
    image: Image.Image = Image.open(io.BytesIO(data), formats=formats)
    if image.width * image.height > MAX_PIXELS:
        raise Refused(f"it has {image.width}x{image.height} pixels; at most {MAX_PIXELS // 10**6} million are decoded")
    frames = getattr(image, "n_frames", 1)
    name = _NAMES.get(image.format or "", image.format or "")
    work = _Work(image)
    if frames > 1 and image.format not in ("MPO", "PNG"):
        if not recipe.any_frame:
            raise Refused(f"it holds {frames} pictures, and preflight does not choose one; --unsafe takes the first")
        work.done.append(f"the first of {frames} pictures taken")
    work.bits = 16 if any(_is_wide(tile.args) for tile in getattr(image, "tile", ())) else 8
    if frames > 1:
        image.seek(0)
    image.load()
    if name != recipe.container:
        work.done.append(f"converted from {name}")
    profile = image.info.get("icc_profile")
    work.profile = profile if isinstance(profile, bytes) and profile else None
    exif = image.getexif()
    work.exif = exif if len(exif) else None
    return work


def _is_wide(arguments: object) -> bool:
    """Whether Pillow decodes 16 bits a channel to 8, as its raw mode shows. ``BGR;16`` is 16 bits a pixel."""
    raw_mode = arguments[0] if isinstance(arguments, tuple) and arguments else arguments
    return isinstance(raw_mode, str) and _WIDE_RAW_MODE.search(raw_mode) is not None


def _upright(work: _Work, recipe: ImageRecipe) -> None:
    """A JPEG keeps its orientation tag. In other formats few readers know the tag, so the pixels are turned."""
    orientation = work.exif.get(_ORIENTATION, 1) if work.exif else 1
    if orientation == 1 or (recipe.container == "JPEG" and recipe.max_aspect is None and recipe.min_side is None):
        return
    work.image = ImageOps.exif_transpose(work.image)
    if work.exif is not None:
        work.exif.pop(_ORIENTATION, None)
    work.done.append("turned upright by its orientation tag")


def _to_plain_colours(work: _Work, recipe: ImageRecipe) -> None:
    """Convert to eight bits of grey, RGB or a palette. A mode without a defined mapping is refused."""
    image, mode = work.image, work.image.mode
    if mode in _WIDE_GREY:
        high = 0 if mode == "I;16B" else 1
        work.image = Image.frombytes("L", image.size, image.tobytes()[high::2])
        work.done.append("16-bit grey converted to 8-bit")
    elif mode in ("I", "F"):
        raise Refused("its pixels are 32-bit numbers, and the file does not say which are black and white")
    elif mode == "CMYK":
        work.image, work.profile = _from_cmyk(image, work.profile)
        work.done.append("CMYK converted to RGB")
    elif mode not in _SAVED:
        work.image = image.convert(_NEAREST.get(mode, "RGB"))
        work.profile = work.profile if mode in _NEAREST else None
        work.done.append(f"{color_name(mode)} converted to {color_name(work.image.mode)}")
    elif work.bits > 8:
        work.done.append(f"{work.bits} bits a channel reduced to 8")
    if recipe.container == "JPEG" and work.image.mode not in ("RGB", "L"):
        _flatten(work, recipe)


def _from_cmyk(image: Image.Image, profile: bytes | None) -> tuple[Image.Image, bytes | None]:
    """Convert to RGB by the picture's own profile where it is usable, else by the plain formula."""
    if profile is not None:
        with suppress(ImageCms.PyCMSError, OSError):
            wanted = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
            given = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            made = ImageCms.profileToProfile(image, given, wanted, outputMode="RGB")
            assert made is not None, "only a change in place returns nothing"
            return made, wanted.tobytes()
    return image.convert("RGB"), None


def _flatten(work: _Work, recipe: ImageRecipe) -> None:
    """Prepare for JPEG, which has no palette and no transparency. Real transparency is only dropped on request."""
    image = work.image
    if image.has_transparency_data:
        image = image.convert("RGBA")
        if image.getchannel("A").getextrema() != (255, 255):
            if not recipe.shrink:
                raise Refused("it is transparent in places, which a JPEG cannot be; --unsafe puts it on white")
            image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
            work.done.append("put on white")
    work.image = image.convert("L" if image.mode in ("L", "LA") else "RGB")


def _crop(work: _Work, recipe: ImageRecipe) -> None:
    if recipe.max_aspect is None:
        return
    width, height = work.image.size
    most = floor(min(width, height) * recipe.max_aspect)
    if max(width, height) <= most:
        return
    size = (most, height) if width > height else (width, most)
    left, top = (width - size[0]) // 2, (height - size[1]) // 2
    work.image = work.image.crop((left, top, left + size[0], top + size[1]))
    work.done.append(f"cropped from {width}x{height} to {size[0]}x{size[1]} px")


def _enlarge(work: _Work, recipe: ImageRecipe) -> None:
    width, height = work.image.size
    if recipe.min_side is None or min(width, height) >= recipe.min_side:
        return
    factor = Fraction(recipe.min_side, min(width, height))
    if width * height * factor**2 > MAX_PIXELS:
        raise Refused(f"enlarged to {recipe.min_side} px a side it would have more than {MAX_PIXELS // 10**6} million")
    _scale(work, factor)


def _scale(work: _Work, factor: Fraction) -> None:
    width, height = work.image.size
    size = (max(ceil(width * factor), 1), max(ceil(height * factor), 1))
    if work.image.mode == "P":
        work.image = work.image.convert("RGBA" if work.image.has_transparency_data else "RGB")
    work.image = work.image.resize(size, Image.Resampling.LANCZOS)
    work.done.append(f"scaled from {width}x{height} to {size[0]}x{size[1]} px")


def _encode(work: _Work, recipe: ImageRecipe) -> tuple[str, bytes]:
    """(container, bytes): the first that fits of PNG, where it is asked for, and JPEG at falling quality."""
    if recipe.container == "PNG":
        encoded = _png(work)
        if len(encoded) <= recipe.max_bytes:
            return "PNG", encoded
        _flatten(work, recipe)
        work.done.append("converted to JPEG, because a PNG would be too large")
    for _ in range(_SHRINKS):
        found = _best_jpeg(work, recipe.max_bytes)
        if found is not None:
            return "JPEG", found
        encoded = _jpeg(work, LEAST_QUALITY, subsampled=True)
        if not recipe.shrink:
            size = f"{len(encoded):,}".replace(",", " ")
            raise Refused(f"as JPEG of quality {LEAST_QUALITY} it still has {size} bytes; --unsafe scales it down")
        _scale(work, Fraction(9, 10) * Fraction(isqrt(recipe.max_bytes * 10**6 // len(encoded)), 10**3))
    raise Refused("no scale makes it small enough")


def _png(work: _Work) -> bytes:
    data = io.BytesIO()
    work.image.save(data, "PNG", icc_profile=work.profile, **_exif(work))
    return data.getvalue()


def _best_jpeg(work: _Work, max_bytes: int) -> bytes | None:
    """The best JPEG that fits; ``None`` where none of a quality that hides its loss does.

    All colours at a quality from ``FINE_QUALITY`` on come first, then those halved in both directions (4:2:0) at any
    quality: that saves a third of the bytes, and the eye does not see it.
    """
    for subsampled, least in ((False, FINE_QUALITY), (True, LEAST_QUALITY)):
        low, high, best = least, BEST_QUALITY, None
        while low <= high:
            quality = high if best is None and high == BEST_QUALITY else (low + high + 1) // 2
            encoded = _jpeg(work, quality, subsampled=subsampled)
            if len(encoded) <= max_bytes:
                best, low = (quality, encoded), quality + 1
            else:
                high = quality - 1
        if best is not None:
            work.done.append(f"encoded as JPEG of quality {best[0]}{', 4:2:0' if subsampled else ''}")
            return best[1]
    return None


def _jpeg(work: _Work, quality: int, *, subsampled: bool) -> bytes:
    data, tags = io.BytesIO(), _exif(work)
    # With ``optimize``, Pillow writes the picture into one buffer, and guesses too little for one full of detail.
    pixels = work.image.width * work.image.height
    beside = len(work.profile or b"") + sum(map(len, tags.values()))
    ImageFile.MAXBLOCK = max(ImageFile.MAXBLOCK, _JPEG_BYTES_A_PIXEL * pixels + beside + 2**16)
    work.image.save(
        data,
        "JPEG",
        quality=quality,
        subsampling=2 if subsampled else 0,
        optimize=True,
        icc_profile=work.profile,
        **tags,
    )
    return data.getvalue()


def _exif(work: _Work) -> dict[str, bytes]:
    return {"exif": work.exif.tobytes()} if work.exif else {}
