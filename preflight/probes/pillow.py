"""Pillow's answer on a JPEG or PNG, which decides size and colour mode.

It is shown a skeleton: the few segments or chunks that say these things, cut out by the walks of ``jpeg.py`` and
``png.py``. So its parse is bounded whatever the file holds (a JPEG of fill bytes costs it 0.8 s a megabyte), and
warnings about metadata never arise. The plug-in's class is called, not ``Image.open``, which would load the others.
"""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from typing import TYPE_CHECKING

from preflight.model import Defect, DefectKind
from preflight.model.facts import MediaError
from preflight.model.named_tuple import NamedTuple
from preflight.probes import limits
from preflight.redact.object_addresses import without_addresses

if TYPE_CHECKING:
    from PIL.ImageFile import ImageFile


class Picture(NamedTuple):
    """Size in stored pixels, and Pillow's name of the colour mode (``RGB``, ``L``, ``CMYK``, ``P`` …)."""

    width: int
    height: int
    mode: str


def identify_jpeg(skeleton: bytes) -> Picture:
    """Raises ``MediaError`` when Pillow would not open it, for its header or for its number of pixels."""
    from PIL.JpegImagePlugin import JpegImageFile  # checking a clip must not load Pillow

    return _identify(JpegImageFile, skeleton)


def identify_png(skeleton: bytes) -> Picture:
    """Raises ``MediaError`` when Pillow would not open it, for its header or for its number of pixels."""
    from PIL.PngImagePlugin import PngImageFile  # checking a clip must not load Pillow

    return _identify(PngImageFile, skeleton)


def _identify(plugin: Callable[[BytesIO], ImageFile], skeleton: bytes) -> Picture:
    try:
        with plugin(BytesIO(skeleton)) as image:
            picture = Picture(image.width, image.height, image.mode)
    except (OSError, SyntaxError, ValueError, KeyError, IndexError, EOFError, OverflowError) as error:
        # Pillow's plug-ins say "not this format" with whatever their parsing ran into.
        raise MediaError(
            Defect(kind=DefectKind.CORRUPT, message=f"has a header that Pillow refuses{_reason(error)}")
        ) from error
    if picture.width * picture.height > limits.MAX_PICTURE_PIXELS:
        message = (
            f"has {picture.width}x{picture.height} pixels; image libraries refuse more than {limits.MAX_PICTURE_PIXELS}"
        )
        raise MediaError(Defect(kind=DefectKind.UNREADABLE, message=message))
    return picture


def _reason(error: Exception) -> str:
    text = without_addresses(" ".join(str(error).split()))[:120]
    return f": {text}" if text and text != "not identified by this driver" else ""
