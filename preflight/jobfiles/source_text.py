"""Text of a job file, and the line and column of each of its characters."""

from __future__ import annotations

import codecs
import io
import re
from io import BufferedReader
from typing import Any

from preflight.bounded_file import why
from preflight.errors import JobUnreadable
from preflight.jobfiles import limits
from preflight.jobfiles.open import require_fetched
from preflight.model import Place

_HEAD_BYTES = 100
_SURROGATE = re.compile("[\ud800-\udfff]")
_UNUSABLE = re.compile("[\x00\ud800-\udfff]")
HALF_A_PAIR = "half of a surrogate pair is not text: write the character itself, or both halves"


class Text:
    """The text of a document, of one line or of one row, and where it comes from.

    Lines end with LF, CRLF or CR; columns count code points. ``first_line`` is the line on which ``string``
    starts in its file.
    """

    __slots__ = ("_line", "_line_start", "_seen", "first_line", "path", "string")

    def __init__(self, string: str, *, path: str, first_line: int = 1) -> None:
        self.string = string
        self.path = path
        self.first_line = first_line
        self._seen = 0
        self._line = first_line
        self._line_start = 0

    def place(self, index: int) -> Place:
        """The place of ``string[index]``. Cheap when asked in rising order: only new characters are counted."""
        if index < self._seen:
            self._seen, self._line, self._line_start = 0, self.first_line, 0
        string, seen = self.string, self._seen
        lf, cr = string.count("\n", seen, index), string.count("\r", seen, index)
        if lf or cr:
            self._line += lf + cr - string.count("\r\n", seen, index)
            self._line_start = 1 + max(string.rfind("\n", seen, index), string.rfind("\r", seen, index))
        self._seen = index
        return Place(self._line, index - self._line_start + 1)

    def unreadable(self, message: str, place: Place) -> JobUnreadable:
        """The error that says ``message`` of ``place``."""
        return JobUnreadable(message, path=self.path, line=place.line, column=place.column)

    def require_characters(self) -> None:
        """Raise ``JobUnreadable`` for the first NUL, and the first byte that ``decoding`` could not decode."""
        if self.string.isascii() and "\x00" not in self.string:
            return
        if found := _UNUSABLE.search(self.string):
            raise self.unreadable(_what_is_wrong(found.group()), self.place(found.start()))


def has_surrogate(string: str) -> bool:
    """Whether half of a surrogate pair is in ``string``, which no encoding can write."""
    return not string.isascii() and _SURROGATE.search(string) is not None


def is_wide(head: bytes) -> bool:
    """Whether a file that starts with ``head`` is UTF-16, by its mark."""
    return head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))


def is_text(head: bytes) -> bool:
    """Whether ``head`` can begin a text: nothing in UTF-8 holds a NUL, and UTF-16 has its mark."""
    return b"\x00" not in head or is_wide(head)


def read_head(data: bytes) -> str:
    """The text that ``data`` begins, as far as it goes: what cannot be decoded is replaced."""
    return data.decode(decoding(data[:2])[0], "replace")


def decoding(head: bytes) -> tuple[str, str]:
    """Encoding and error handler for a file that starts with ``head``: UTF-16 after its mark, else UTF-8.

    The handlers let undecodable bytes through as surrogates, so that ``require_characters`` can say where.
    """
    if is_wide(head):
        return "utf-16", "surrogatepass"
    return "utf-8-sig", "surrogateescape"


def decode(data: bytes, *, path: str) -> Text:
    """The text of a whole file, its byte order mark removed.

    Raises ``JobUnreadable`` at the first NUL or byte that is not text.
    """
    encoding, errors = decoding(data[:2])
    try:
        string = data.decode(encoding, errors)
    except UnicodeDecodeError as exc:  # UTF-16 that ends within a character
        text = Text(data[: exc.start].decode(encoding, errors), path=path)
        raise text.unreadable("the last character is cut short", text.place(len(text.string))) from exc
    text = Text(string, path=path)
    text.require_characters()
    return text


def _what_is_wrong(char: str) -> str:
    if char == "\x00":
        return "a NUL byte: this is not a text file in UTF-8, nor in UTF-16 with a byte order mark"
    if "\udc80" <= char <= "\udcff":
        return f"the byte 0x{ord(char) - 0xDC00:02x} is not UTF-8: save the file as UTF-8"
    return HALF_A_PAIR


class Lines:
    """An iterator over the lines of a file (UTF-8, or UTF-16 with a byte order mark), their ends kept.

    ``number`` is that of the line last returned, from 1. Raises ``JobUnreadable`` for a line above
    ``limits.LINE_CHARS``, and goes on behind it when asked again; also when the file cannot be read any
    further, which is the end. Bytes that are not text come as surrogates.
    """

    def __init__(self, stream: BufferedReader[Any], *, path: str) -> None:
        self.number = 0
        self.path = path
        try:
            head = stream.peek(_HEAD_BYTES)[:_HEAD_BYTES]
        except OSError as exc:
            raise JobUnreadable(why(exc), path=path) from exc
        require_fetched(head, path=path)
        encoding, errors = decoding(head[:2])
        self._stream = io.TextIOWrapper(stream, encoding=encoding, errors=errors, newline="")
        self._ended = False

    @property
    def has_ended(self) -> bool:
        """Whether nothing more is read, because the file breaks off or a line does not end."""
        return self._ended

    def __iter__(self) -> Lines:
        return self

    def __next__(self) -> str:
        line = self._read()
        if not line:
            raise StopIteration
        self.number += 1
        if len(line) <= limits.LINE_CHARS:
            return line
        skipped = 0
        while line and not line.endswith(("\n", "\r")):
            skipped += len(line)
            if skipped > limits.SKIPPED_CHARS:
                self._ended = True
            line = self._read()
        message = f"a line of more than {limits.LINE_CHARS} characters: this is not a job"
        raise JobUnreadable(message, path=self.path, line=self.number, column=1)

    def release(self) -> None:
        """Leave the stream open, for the caller that opened it."""
        self._stream.detach()

    def _read(self) -> str:
        if self._ended:
            return ""
        try:
            return self._stream.readline(limits.LINE_CHARS + 1)
        except UnicodeDecodeError as exc:
            self._ended = True
            raise self._broken("the text ends within a character") from exc
        except OSError as exc:
            self._ended = True
            raise self._broken(why(exc)) from exc

    def _broken(self, message: str) -> JobUnreadable:
        return JobUnreadable(message, path=self.path, line=self.number + 1, column=1)
