"""Ancillary chunks of a PNG (W3C PNG third edition §11.3): orientation, and what Pillow refuses that libpng leaves out.

libpng skips a broken ancillary chunk. Pillow refuses the file: for a checksum before the pixels, for a
chunk too short for what it is, and for text that inflates to too much, wherever they are.
"""

from __future__ import annotations

from collections.abc import Generator
from zlib import crc32

from preflight.model import Defect, DefectKind, Span
from preflight.model.facts import MediaError
from preflight.probes import limits, png_text, tiff
from preflight.probes.cursor import Cursor
from preflight.probes.pillow import identify_png

_CONTROLS = frozenset({"acTL", "fcTL"})
_ANIMATION = {"acTL": 8, "fcTL": 26, "fdAT": 4}
"""Chunks of an animation, and how many bytes Pillow needs of each."""
_PARSED = _CONTROLS | {"tRNS", "gAMA", "cHRM", "sRGB", "pHYs"}
"""Chunks that Pillow takes apart when it opens a file; its refusals of text and profiles are known here."""
_MAX_PARSED_BYTES = 4096
_MAX_SKELETON_BYTES = 256 * limits.KIB


class Ancillary:
    """The facts in the ancillary chunks of one file so far."""

    def __init__(self) -> None:
        self.refusals: list[Defect] = []
        self.before = bytearray()
        self.after = bytearray()
        self.is_animated = False
        self.has_frames = False
        self.sequence: int | None = None
        """The number of the last frame chunk, as Pillow counts them."""
        self.is_next_frame = False
        """Whether the first frame of an animation has ended: Pillow reads no further when it opens the file."""
        self.exif_orientation: int | None = None
        self.text_orientation: int | None = None
        self.text_characters = 0
        self.inflated_bytes = 0

    @property
    def orientation(self) -> int | None:
        """Of ``eXIf``; of Exif in a text only where that says nothing."""
        return self.exif_orientation or self.text_orientation

    def visit(self, cursor: Cursor, name: str, offset: int, length: int, *, data: bool) -> Generator[Span, bytes, None]:
        """Take a chunk; ``data``: pixels have begun."""
        if self.is_next_frame and name in _ANIMATION:
            return
        chunk = yield from self._read(cursor, name, offset, length, data=data)
        if chunk is None:
            return
        body = chunk[8:-4]
        if crc32(chunk[4:-4]) != int.from_bytes(chunk[-4:], "big"):
            if not data:
                message = f"has a chunk {name} at byte {offset} whose checksum does not match"
                self._refuse(f"{message}; libpng skips the chunk, Pillow refuses the file", offset, name)
            return
        if name in _ANIMATION and (data or name == "fdAT"):
            self._visit_frame(name, body, offset, data=data)
        elif name == "eXIf":
            self.exif_orientation = tiff.orientation(body.removeprefix(b"Exif\0\0")) or self.exif_orientation
        elif name in png_text.NAMES:
            self._visit_text(name, body, offset)
        elif name in _PARSED and length <= _MAX_PARSED_BYTES:
            self._keep(name, chunk, self.after if data else self.before)
            if name == "fcTL" and len(body) >= 4:
                self.sequence = int.from_bytes(body[:4], "big")

    def judge(self, head: bytes, end: bytes) -> None:
        """Have Pillow take the chunks apart: ``head`` is what comes before them and ``end`` what comes after."""
        for chunks, where in ((self.before, "before"), (self.after, "after")):
            if not chunks:
                continue
            try:
                identify_png(head + bytes(chunks) + end)
            except MediaError as error:
                reason = error.defect.message.partition(": ")[2]
                if error.defect.kind is DefectKind.CORRUPT:
                    message = f"has a chunk {where} its pixels for which Pillow refuses the file; libpng skips it"
                    self._refuse(f"{message}: {reason}" if reason else message, None, None)

    def _read(
        self, cursor: Cursor, name: str, offset: int, length: int, *, data: bool
    ) -> Generator[Span, bytes, bytes | None]:
        """The whole chunk where it is free, and a small one that may decide; ``None`` for others.

        Before the pixels the walk goes past it in any case, and waits for the bytes of a request that was made.
        """
        whole = length + 12
        is_wanted = name == "eXIf" or name in png_text.COMPRESSED or (name in _PARSED and length <= _MAX_PARSED_BYTES)
        if (cursor.offers(offset, whole) and not data) or (is_wanted and length <= limits.FIRST_SPAN_BYTES):
            return (yield from cursor.read(offset, whole))
        chunk = yield from cursor.read_optional(offset, whole)
        return chunk if chunk is not None and len(chunk) == whole else None

    def _visit_frame(self, name: str, body: bytes, offset: int, *, data: bool) -> None:
        """A chunk of an animation outside the order of one, which Pillow reads as if it belonged to the first frame."""
        if self.has_frames and name == "fcTL":
            self.is_next_frame = True
            return
        where = f"has a chunk {name} at byte {offset}"
        if len(body) < _ANIMATION[name]:
            self._refuse(f"{where} of {len(body)} bytes; Pillow refuses the file, libpng does not", offset, name)
        elif name != "acTL":
            number = int.from_bytes(body[:4], "big")
            is_next = number == (-1 if self.sequence is None else self.sequence) + 1
            if not is_next or (name == "fdAT" and self.sequence is None):
                out_of_order = f"{where}, {'after' if data else 'before'} its pixels and out of order"
                self._refuse(f"{out_of_order}; Pillow refuses the file, libpng does not", offset, name)
            self.sequence = number

    def _visit_text(self, name: str, body: bytes, offset: int) -> None:
        if self.inflated_bytes > png_text.MAX_TEXT_BYTES:
            return
        text = png_text.read_text(name, body)
        self.inflated_bytes += len(text.data)
        was_too_much = self.text_characters > png_text.MAX_TEXT_BYTES
        self.text_characters += png_text.characters(name, text)
        refusal = text.refusal
        if refusal is None and self.text_characters > png_text.MAX_TEXT_BYTES and not was_too_much:
            refusal = f"makes more than {png_text.MAX_TEXT_BYTES} characters of text, all together"
        if refusal is not None:
            message = f"has a chunk {name} at byte {offset} that {refusal}"
            self._refuse(f"{message}; Pillow refuses the file, libpng does not", offset, name)
        self.text_orientation = self.text_orientation or png_text.orientation(text)

    def _keep(self, name: str, chunk: bytes, chunks: bytearray) -> None:
        if name == "acTL":
            is_usual = len(chunk) >= 20 and 0 < int.from_bytes(chunk[8:12], "big") < 0x80000000
            if len(chunk) >= 20 and (self.is_animated or not is_usual):
                return  # Pillow does not take it for an animation, and warns
            self.is_animated = True
            self.has_frames = int.from_bytes(chunk[8:12], "big") > 1
        if len(chunks) < _MAX_SKELETON_BYTES:
            chunks += chunk

    def _refuse(self, message: str, offset: int | None, where: str | None) -> None:
        if len(self.refusals) < limits.MAX_DEFECTS:
            self.refusals.append(Defect(kind=DefectKind.DISPUTED, message=message, offset=offset, where=where))
