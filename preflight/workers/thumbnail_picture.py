"""Makes thumbnails of pictures, in an isolated process that ``workers/mediainfo.py`` starts for it.

It runs in that process and under its limits, and imports nothing of the package. A decoder that reads hostile bytes can
at worst end this process; the parent then says that there is no thumbnail.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping
from contextlib import suppress
from io import BytesIO
from typing import TYPE_CHECKING, Any, TypeAlias, cast

if TYPE_CHECKING:
    from PIL import Image

Answer: TypeAlias = dict[str, Any]

MOST_PIXELS = 52_428_800
"""Pixels that are decoded: up to 12 bytes each fit into the memory of the process."""
MOST_JPEG_PIXELS = 178_956_970
"""The same of a JPEG, which is decoded at an eighth of its sides where it is large."""

_FORMATS = ("JPEG", "MPO", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "JPEG2000", "ICO")
_QUALITIES = (72, 60, 48, 36, 24, 12, 4)
_ORIENTATION = 0x0112
_TEXT_BYTES = 64 * 1024 * 1024
"""Metadata of a PNG, which nobody sees: Pillow's own limit would refuse pictures that everybody can see."""
_WIDE = ("I", "I;16", "I;16B", "I;16L", "I;16N")
_CLEAR = ("LA", "La", "PA", "RGBa", "RGBA")


def make_thumbnailer() -> Callable[[bytes, Mapping[str, Any]], Answer]:
    """Load everything that decoding opens. The result makes a thumbnail of a picture's bytes, or says why not."""
    from PIL import Image, ImageCms, PngImagePlugin  # this process is started for them

    Image.init()
    Image.MAX_IMAGE_PIXELS = None  # checked in _opened, with words of our own
    PngImagePlugin.MAX_TEXT_CHUNK = PngImagePlugin.MAX_TEXT_MEMORY = _TEXT_BYTES
    with suppress(ImportError):
        from pillow_heif import register_heif_opener  # an extra

        register_heif_opener(thumbnails=False)
    plain = ImageCms.createProfile("sRGB")
    for form in ("JPEG", "PNG", "WEBP"):  # loads the rest, while files can still be opened
        sample = BytesIO()
        Image.new("RGB", (8, 8)).save(sample, form)
        _picture(sample.getvalue(), 8, plain)
    return lambda data, wants: answered(lambda: encoded(_picture(data, wants["side"], plain), wants["bytes"]))


def answered(make: Callable[[], Answer]) -> Answer:
    """The answer that ``make`` gives, or the reason why there is none: decoders raise anything at bad bytes."""
    try:
        return make()
    except Refused as refused:
        return {"missing": str(refused)}
    except MemoryError:
        return {"missing": "takes more memory to decode than it is given"}
    except Exception as error:  # noqa: BLE001 - see above
        return {"missing": f"cannot be decoded ({type(error).__name__})"}


class Refused(Exception):
    """A file that gets no thumbnail. The text says why, in words that follow "it"."""


def encoded(image: Image.Image, most_bytes: int) -> Answer:
    """``image`` as WebP of at most ``most_bytes``: of less quality where it needs to be, and then smaller."""
    from PIL import features  # loaded before

    form = "WEBP" if features.check("webp") else "JPEG"
    if form == "JPEG" and image.mode == "RGBA":
        image = _on_white(image)
    while True:
        for quality in _QUALITIES:
            file = BytesIO()
            image.save(file, form, quality=quality, method=4)
            if file.tell() <= most_bytes:
                return {
                    "media_type": f"image/{form.lower()}",
                    "width": image.width,
                    "height": image.height,
                    "data": b64encode(file.getvalue()).decode("ascii"),
                }
        image = image.resize((max(1, image.width // 2), max(1, image.height // 2)))


def fitted(width: int, height: int, side: int) -> tuple[int, int]:
    """The size of a picture within ``side`` pixels: never larger than it was, and at least one pixel wide and high."""
    longest = max(width, height, 1)
    if longest <= side:
        return max(width, 1), max(height, 1)
    return max(1, round(width * side / longest)), max(1, round(height * side / longest))


def _picture(data: bytes, side: int, plain: Any) -> Image.Image:
    """The first picture in ``data``: small, upright, in eight bits of RGB or RGBA. A picture cut short is filled up."""
    from PIL import ImageFile  # loaded before

    try:
        image = _opened(data, side)
        image.load()
    except (OSError, Refused, SyntaxError, ValueError):  # cut short, or damaged beside its pixels: what is there shows
        ImageFile.LOAD_TRUNCATED_IMAGES = True
        try:
            image = _opened(data, side)
            image.load()
        finally:
            ImageFile.LOAD_TRUNCATED_IMAGES = False
    orientation = _orientation(image)
    profile = image.info.get("icc_profile")
    image = _eight_bits(image)
    image = image.resize(fitted(*image.size, side), reducing_gap=3.0)
    return turned(_in_srgb(image, profile, plain), orientation)


def _opened(data: bytes, side: int) -> Image.Image:
    from PIL import Image, UnidentifiedImageError  # loaded before

    formats = [each for each in (*_FORMATS, "HEIF") if each in Image.OPEN]
    try:
        image: Image.Image = Image.open(BytesIO(data), formats=formats)
    except UnidentifiedImageError:
        raise Refused("is not a picture that can be decoded here") from None
    most = MOST_JPEG_PIXELS if image.format in ("JPEG", "MPO") else MOST_PIXELS
    if image.width * image.height > most:
        raise Refused(f"has {image.width}x{image.height} pixels, and no more than {most} are decoded")
    image.draft("RGB", (2 * side, 2 * side))  # a JPEG is decoded at a fraction of its size
    return image


def _orientation(image: Image.Image) -> int:
    """EXIF's orientation; 1 where there is none, and where the metadata is broken."""
    with suppress(Exception):  # anything may stand there, and the picture can be shown without it
        return int(image.getexif().get(_ORIENTATION, 1))
    return 1


def turned(image: Image.Image, orientation: int) -> Image.Image:
    """``image`` upright (Exif 2.32, tag 0x0112)."""
    from PIL.Image import Transpose  # loaded before

    turns = {
        2: Transpose.FLIP_LEFT_RIGHT,
        3: Transpose.ROTATE_180,
        4: Transpose.FLIP_TOP_BOTTOM,
        5: Transpose.TRANSPOSE,
        6: Transpose.ROTATE_270,
        7: Transpose.TRANSVERSE,
        8: Transpose.ROTATE_90,
    }
    return image.transpose(turns[orientation]) if orientation in turns else image


def _eight_bits(image: Image.Image) -> Image.Image:
    """Grey of more bits as eight, and a palette as its colours: neither can be resized as it is."""
    if image.mode in _WIDE:
        return _scaled(image.convert("I"))
    if image.mode == "F":
        return _scaled(image)
    if image.mode in _CLEAR or "transparency" in image.info:
        return image.convert("RGBA")
    return image if image.mode in ("RGB", "CMYK", "LAB") else image.convert("RGB")


def _scaled(image: Image.Image) -> Image.Image:
    """Numbers of any range as grey: of 16 bits where they fit, else between the least and the greatest."""
    low, high = cast("tuple[float, float]", image.getextrema())
    if image.mode == "I" and low >= 0 and high < 1 << 16:
        low, high = 0, (1 << 16) - 1
    scale = 255 / (high - low) if high > low else 1
    return image.point(lambda value: value * scale - low * scale).convert("L")


def _in_srgb(image: Image.Image, profile: bytes | None, plain: Any) -> Image.Image:
    """``image`` in sRGB. A profile that does not fit or is broken is ignored, as viewers do."""
    from PIL import ImageCms  # loaded before

    wanted = "RGBA" if image.mode == "RGBA" else "RGB"
    if profile and image.mode in ("RGB", "RGBA", "CMYK"):
        with suppress(Exception):
            source = ImageCms.ImageCmsProfile(BytesIO(profile))
            converted = ImageCms.profileToProfile(image, source, plain, outputMode=wanted)
            if converted is not None:
                return converted
    return image.convert(wanted)


def _on_white(image: Image.Image) -> Image.Image:
    from PIL import Image as images  # noqa: N813 - loaded before

    white = images.new("RGB", image.size, "white")
    white.paste(image, mask=image.getchannel("A"))
    return white
