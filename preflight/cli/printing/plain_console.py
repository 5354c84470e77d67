"""A console without colours, which loads the layout library only for what needs it: tables, and unusual characters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TextIO

from preflight.render.texts.styled import Styled

if TYPE_CHECKING:
    from preflight.cli.printing.console import TextConsole

_NARROW: Final = str.maketrans("", "", "°·×–—’“”…→≤≥")
"""Characters beyond ASCII of which each takes one column."""


class PlainConsole:
    """Prints what renderers print on a ``TextConsole`` of that ``width``, and comes to the same text."""

    def __init__(self, file: TextIO, width: int) -> None:
        self.width = width
        self.encoding = (file.encoding or "utf-8").lower()
        self._file = file
        self._laid_out: TextConsole | None = None

    def print(self, *objects: Any, **options: Any) -> None:
        """Print as ``rich`` does."""
        text = _as_it_is(objects, options, self.width)
        if text is None:
            self._console().print(*objects, **options)
        else:
            self._file.write(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._console(), name)

    def _console(self) -> TextConsole:
        if self._laid_out is None:
            from preflight.cli.printing.console import TextConsole  # rich takes 40 ms to load

            self._laid_out = TextConsole(file=self._file, width=self.width, force_terminal=False, color_system=None)
        return self._laid_out


def _as_it_is(objects: tuple[Any, ...], options: dict[str, Any], columns: int) -> str | None:
    """The lines that printing ``objects`` comes to; ``None`` where that takes a layout."""
    if not objects and not options:
        return "\n"
    if len(objects) != 1 or not isinstance(objects[0], Styled) or not options.keys() <= {"soft_wrap"}:
        return None
    text = objects[0]
    if not text.plain.isprintable() or not text.plain.strip():
        return None
    lines = [text.plain] if options.get("soft_wrap") else _wrapped(text.plain, columns - text.indent)
    if lines is None or len(text.label) > text.indent:
        return None
    margins = [text.label.ljust(text.indent), *[" " * text.indent] * (len(lines) - 1)]
    return "".join(f"{margin}{line}\n" for margin, line in zip(margins, lines, strict=True))


def _wrapped(text: str, columns: int) -> list[str] | None:
    """The lines of at most ``columns`` that ``text`` is broken into between words; ``None`` where that is not enough.

    A line keeps the blanks at its end only where they fit, as in a layout; what is written has none.
    """
    if not text.translate(_NARROW).isascii():
        return [text] if 2 * len(text) <= columns else None  # no character takes more than two columns
    if len(text) <= columns:
        return [text]
    words = text.split(" ")
    if "" in words or len(max(words, key=len)) > columns:
        return None
    lines = [words[0]]
    for word in words[1:]:
        if len(lines[-1]) + 1 + len(word) <= columns:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines
