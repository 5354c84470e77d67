"""Makes all consoles: they print text, never markup or control sequences for the terminal."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.padding import Padding
from rich.segment import Segment
from rich.text import Text

from preflight.redact import printable


class TextConsole(Console):
    """A console without markup, emoji codes and highlighting, which escapes characters that are not printable."""

    def __init__(self, **options: Any) -> None:
        super().__init__(markup=False, emoji=False, highlight=False, **options)
        is_plain = options.get("force_terminal") is False and options.get("color_system", "auto") is None
        self._plain = options.get("file") if is_plain else None
        self._columns = options.get("width") or 0

    def print(self, *objects: Any, **options: Any) -> None:
        """Print as ``rich`` does. A line without colours that fits is written as it is, in a tenth of the time."""
        line = _as_it_is(objects, options, self._columns) if self._plain is not None else None
        if line is None or self._plain is None:
            super().print(*objects, **options)
        else:
            self._plain.write(line + "\n")

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        for segment in super().render(renderable, options):
            if segment.control or segment.text == "\n" or segment.text.isprintable():
                yield segment
            else:
                text = "\n".join(map(printable, segment.text.split("\n")))
                yield Segment(text, segment.style)


def _as_it_is(objects: tuple[Any, ...], options: dict[str, Any], columns: int) -> str | None:
    """The line that printing ``objects`` comes to; ``None`` where that takes a layout."""
    if len(objects) != 1 or not options.keys() <= {"soft_wrap"}:
        return None if objects or options else ""
    text, indent = objects[0], 0
    if isinstance(text, Padding) and not (text.top or text.right or text.bottom or text.expand):
        indent, text = text.left, text.renderable
    if type(text) is not Text or not text.plain.isprintable() or not text.plain.strip():
        return None
    plain = text.plain
    cells = len(plain) if plain.isascii() else 2 * len(plain)  # no character takes more than two
    return " " * indent + plain if options.get("soft_wrap") or indent + cells <= columns else None
