"""Writes text of any script on a contact sheet, as far as the system's fonts go: for ``workers/thumbnail_sheet.py``.

Pillow brings one font, which knows English. Every character that it does not know is written in the first font of the
system that does, and where none does, as its number: ``\\u6f22``. Nothing is downloaded, and nothing else is opened.
"""

from __future__ import annotations

import os
import sys
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PIL import ImageDraw

_NAMES = (
    *("dejavusans.ttf", "notosans-regular.ttf", "liberationsans-regular.ttf", "segoeui.ttf", "arial.ttf"),
    *("notosanscjk-regular.ttc", "sourcehansans-regular.ttc", "droidsansfallbackfull.ttf", "wqy-microhei.ttc"),
    *("wqy-zenhei.ttc", "pingfang.ttc", "hiragino sans gb.ttc", "msyh.ttc", "yugothr.ttc", "malgun.ttf", "meiryo.ttc"),
    *("nanumgothic.ttf", "unbatang.ttf", "applesdgothicneo.ttc", "notosansarabic-regular.ttf", "geezapro.ttc"),
    *("notosanshebrew-regular.ttf", "notosansdevanagari-regular.ttf", "notosansthai-regular.ttf", "nirmala.ttf"),
    *("lohit-devanagari.ttf", "loma.ttf", "leelawui.ttf", "freesans.ttf", "freeserif.ttf", "arial unicode.ttf"),
    *("notoemoji-regular.ttf", "symbola.ttf", "seguisym.ttf", "unifont.otf", "unifont.ttf"),
)
"""Fonts that systems come with, in the order in which they are asked."""
_FOLDERS = {
    "darwin": ("/System/Library/Fonts", "/Library/Fonts", "~/Library/Fonts"),
    "win32": ("%WINDIR%/Fonts", "%LOCALAPPDATA%/Microsoft/Windows/Fonts"),
}
_ELSEWHERE = ("/usr/share/fonts", "/usr/local/share/fonts", "~/.local/share/fonts", "~/.fonts")
_MOST_ENTRIES = 20_000
_MOST_FONTS = 16
_NEVER = "\uffff"
"""Not a character: every font shows it as it shows what it does not know."""
_MOST_CHARACTERS = 400
_SELECTORS = frozenset(map(chr, range(0xFE00, 0xFE10)))


class Writer:
    """Writes single lines in the sizes it was made for. Texts are cut to a length that can be measured quickly."""

    def __init__(self, sizes: Sequence[int]) -> None:
        """Open the fonts: nothing is opened later."""
        from PIL import ImageFont  # this process is started for it

        self._fonts: dict[int, list[Any]] = {size: [ImageFont.load_default(size)] for size in sizes}
        for path in _found():
            with suppress(OSError, ValueError):  # not a font that this FreeType reads
                faces = {size: ImageFont.truetype(path, size) for size in sizes}
                for size, face in faces.items():
                    face.getbbox("x")
                    self._fonts[size].append(face)
        self._unknown = [_look(font, _NEVER) for font in self._fonts[sizes[0]]]
        self._size = sizes[0]
        self._places: dict[str, int | None] = {}

    def written(self, text: str) -> str:
        """``text`` in characters that some font has: any other one as its number."""
        return "".join(map(self._written, _clusters(unicodedata.normalize("NFC", text[:_MOST_CHARACTERS]))))

    def _written(self, cluster: str) -> str:
        if self._place(cluster) is not None:
            return cluster
        parts = (each if self._place(each) is not None and not _is_mark(each) else _number(each) for each in cluster)
        return "".join(parts)

    def length(self, text: str, size: int) -> float:
        """Pixels that ``text`` takes, which is as ``written`` makes it."""
        return sum(float(self._fonts[size][place].getlength(part)) for place, part in self._parts(text))

    def write(self, draw: ImageDraw.ImageDraw, place: tuple[float, float], text: str, *, size: int, fill: str) -> None:
        """Draw ``text``, which is as ``written`` makes it, on one baseline."""
        left, top = place
        base = top + self._fonts[size][0].getmetrics()[0]
        for font, part in self._parts(text):
            draw.text((left, base), part, fill=fill, font=self._fonts[size][font], anchor="ls")
            left += float(self._fonts[size][font].getlength(part))

    def _parts(self, text: str) -> Iterator[tuple[int, str]]:
        """The parts that are in one font each. A space is in the font of the character before it."""
        parts = list[tuple[int, str]]()
        for cluster in _clusters(text):
            is_space = cluster.isspace() and bool(parts)
            parts.append((parts[-1][0] if is_space else self._place(cluster) or 0, cluster))
        for place, group in groupby(parts, key=lambda part: part[0]):
            yield place, "".join(cluster for _, cluster in group)

    def _place(self, cluster: str) -> int | None:
        """The first font that has all characters of the cluster."""
        if cluster.isascii() or cluster.isspace():
            return 0
        if cluster not in self._places:
            self._places[cluster] = next(
                (place for place in range(len(self._unknown)) if all(self._has(place, each) for each in cluster)), None
            )
        return self._places[cluster]

    def _has(self, place: int, character: str) -> bool:
        return _look(self._fonts[self._size][place], character) != self._unknown[place]


def _clusters(text: str) -> Iterator[str]:
    """Characters, each with the marks on it. What only asks for a look of them is left out."""
    cluster = ""
    for each in text:
        if each in _SELECTORS:
            continue
        if cluster and not _is_mark(each):
            yield cluster
            cluster = ""
        cluster += each
    if cluster:
        yield cluster


def _is_mark(character: str) -> bool:
    return unicodedata.category(character).startswith("M")


def _number(character: str) -> str:
    return f"\\u{ord(character):04x}"


def _look(font: Any, character: str) -> tuple[object, bytes]:
    with suppress(OSError, ValueError):
        mask = font.getmask(character)
        return mask.size, bytes(mask)
    return (0, 0), b""


def _found() -> list[Path]:
    """The fonts of the system among those that are known, in their order."""
    found, entries = dict[str, Path](), 0
    for folder in _FOLDERS.get(sys.platform, _ELSEWHERE):
        for where, _, files in os.walk(os.path.expandvars(_at_home(folder))):
            entries += 1 + len(files)
            for file in files:
                found.setdefault(file.lower(), Path(where, file))
            if entries > _MOST_ENTRIES:
                break
    return [found[name] for name in _NAMES if name in found][:_MOST_FONTS]


def _at_home(folder: str) -> Path:
    try:
        return Path(folder).expanduser()
    except RuntimeError:  # nobody's home
        return Path(folder)
