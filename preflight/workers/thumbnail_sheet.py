"""Draws contact sheets from thumbnails, in an isolated process that ``workers/mediainfo.py`` starts for it.

It runs in that process and under its limits, and imports nothing of the package: a thumbnail of a run folder may be
anybody's bytes. ``thumbnail_fonts.py`` writes the texts.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping
from contextlib import suppress
from io import BytesIO
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PIL import Image, ImageDraw

_CELL, _PICTURES, _GAP, _MARGIN = 248, 150, 20, 28
_HEADING, _LABELS = 56, 78
_MOST_THUMBNAIL_SIDE = 320
_PAPER, _INK, _PALE, _FRAME = "#ffffff", "#1f2328", "#59636e", "#f0f2f4"
_COLOURS = {"pass": "#1a7f37", "fail": "#c1121f", "indeterminate": "#9a5b00"}
"""On white each has a contrast of 5 and more; a shape beside it says the same without colour."""
_FORMS = {"png": "PNG", "jpg": "JPEG", "webp": "WEBP"}


def make_sheet_composer(pictures: Mapping[str, Any]) -> Callable[[bytes, Mapping[str, Any]], dict[str, Any]]:
    """Load everything that drawing opens. The result draws one sheet, from thumbnails that follow each other."""
    from PIL import Image, ImageDraw  # noqa: F401 - this process is started for them

    pictures["make_thumbnailer"]()  # loads the decoders
    writer = pictures["Writer"]((14, 12, 20))
    Image.new("RGB", (8, 8)).save(BytesIO(), "JPEG")
    return lambda data, wants: pictures["answered"](lambda: _Sheet(writer, pictures).drawn(data, wants))


class _Sheet:
    """One sheet. Lines that are too long are cut in the middle: the ends of names tell them apart."""

    def __init__(self, writer: Any, pictures: Mapping[str, Any]) -> None:
        self._writer = writer
        self._pictures = pictures

    def drawn(self, data: bytes, wants: Mapping[str, Any]) -> dict[str, Any]:
        """The sheet of ``wants["cells"]`` as an encoded picture of the form that is wanted."""
        from PIL import Image, ImageDraw  # loaded before

        cells, columns = wants["cells"], max(1, min(wants["columns"], len(wants["cells"])))
        rows = -(-len(cells) // columns)
        width = 2 * _MARGIN + columns * _CELL + (columns - 1) * _GAP
        height = 2 * _MARGIN + _HEADING + rows * (_PICTURES + _LABELS + _GAP) - _GAP
        width = max(width, 2 * _MARGIN + 2 * _CELL + _GAP)  # room for the heading
        sheet = Image.new("RGB", (width, height), _PAPER)
        draw = ImageDraw.Draw(sheet)
        self._text(draw, (_MARGIN, _MARGIN), wants["heading"], width - 2 * _MARGIN, size=20, colour=_INK)
        for number, cell in enumerate(cells):
            row, column = divmod(number, columns)
            left = _MARGIN + column * (_CELL + _GAP)
            top = _MARGIN + _HEADING + row * (_PICTURES + _LABELS + _GAP)
            self._cell(sheet, draw, (left, top), cell, data)
        file = BytesIO()
        sheet.save(file, _FORMS[wants["form"]], quality=88)
        return {"data": b64encode(file.getvalue()).decode("ascii"), "width": width, "height": height}

    def _cell(
        self,
        sheet: Image.Image,
        draw: ImageDraw.ImageDraw,
        place: tuple[int, int],
        cell: Mapping[str, Any],
        data: bytes,
    ) -> None:
        left, top = place
        shown = cell["pictures"][:2] or [{"missing": "no file"}]
        share = (_CELL - (len(shown) - 1) * 6) // len(shown)
        for number, picture in enumerate(shown):
            box = (left + number * (share + 6), top, left + number * (share + 6) + share, top + _PICTURES)
            draw.rectangle((box[0], box[1], box[2] - 1, box[3] - 1), fill=_FRAME)
            image = self._opened(picture, data)
            if image is None:
                self._missing(draw, box, picture.get("missing") or "not a thumbnail")
                continue
            size = self._fit(image.size, (share, _PICTURES))
            image = image.resize(size)
            at = (box[0] + (share - size[0]) // 2, box[1] + (_PICTURES - size[1]) // 2)
            sheet.paste(image, at, image if image.mode == "RGBA" else None)
        colour = _COLOURS.get(cell["verdict"], _INK)
        self._text(draw, (left, top + _PICTURES + 8), cell["name"], _CELL, size=14, colour=_INK)
        self._mark(draw, (left, top + _PICTURES + 33), cell["verdict"], colour)
        self._text(draw, (left + 20, top + _PICTURES + 30), cell["verdict"], _CELL - 20, size=14, colour=colour)
        self._text(draw, (left, top + _PICTURES + 54), cell["price"], _CELL, size=12, colour=_PALE)

    def _opened(self, picture: Mapping[str, Any], data: bytes) -> Image.Image | None:
        """A thumbnail, if it is one: nothing larger is decoded."""
        from PIL import Image  # loaded before

        if picture.get("bytes") is None:
            return None
        start, end = picture["bytes"]
        with suppress(Exception):
            image: Image.Image = Image.open(BytesIO(data[start:end]), formats=("WEBP", "JPEG"))
            if max(image.size) <= _MOST_THUMBNAIL_SIDE:
                return image.convert("RGBA" if image.mode in ("RGBA", "LA", "P") else "RGB")
        return None

    @staticmethod
    def _fit(size: tuple[int, int], room: tuple[int, int]) -> tuple[int, int]:
        scale = min(room[0] / size[0], room[1] / size[1], 1)
        return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))

    def _missing(self, draw: ImageDraw.ImageDraw, box: tuple[int, int, int, int], reason: str) -> None:
        """The reason why there is no picture, in at most six lines."""
        room = box[2] - box[0] - 16
        lines, line = [], "no picture: it"
        for word in reason.split():
            if self._writer.length(f"{line} {word}", 12) > room:
                lines.append(line)
                line = word
            else:
                line = f"{line} {word}"
        for number, text in enumerate([*lines, line][:6]):
            self._text(draw, (box[0] + 8, box[1] + 10 + 20 * number), text, room, size=12, colour=_PALE)

    @staticmethod
    def _mark(draw: ImageDraw.ImageDraw, place: tuple[int, int], verdict: str, colour: str) -> None:
        """A disc, a cross or a triangle: the verdict without its colour."""
        left, top = place
        if verdict == "pass":
            draw.ellipse((left, top, left + 12, top + 12), fill=colour)
        elif verdict == "fail":
            draw.line((left, top, left + 12, top + 12), fill=colour, width=4)
            draw.line((left, top + 12, left + 12, top), fill=colour, width=4)
        else:
            draw.polygon(((left + 6, top), (left + 13, top + 12), (left, top + 12)), fill=colour)

    def _text(
        self, draw: ImageDraw.ImageDraw, place: tuple[int, int], text: str, room: int, *, size: int, colour: str
    ) -> None:
        text = self._writer.written(text)
        kept = len(text)
        shown = text
        while kept > 4 and self._writer.length(shown, size) > room:
            kept -= 1
            shown = f"{text[: (kept + 1) // 2]}…{text[len(text) - kept // 2 :]}"
        self._writer.write(draw, place, shown, size=size, fill=colour)
