"""Text in pieces with styles, which a console prints: loading a layout library takes as long as a whole check.

A rich console lays these out by ``__rich__``. For one without colours ``plain`` is enough
(``cli/printing/plain_console.py``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from rich.console import RenderableType

Piece: TypeAlias = "str | tuple[str, str]"
"""A text, or a text and its style."""

_BETWEEN = 2
"""Columns between a label and its text."""


class Styled:
    """A paragraph, ``indent`` columns from the left."""

    __slots__ = ("_pieces", "indent")

    label: str = ""

    def __init__(self, *pieces: Piece, indent: int = 0) -> None:
        self._pieces = list(pieces)
        self.indent = indent

    def append(self, text: str, style: str = "") -> None:
        """Add a piece."""
        self._pieces.append((text, style))

    @property
    def plain(self) -> str:
        """The text without styles and indent."""
        return "".join(each if isinstance(each, str) else each[0] for each in self._pieces)

    def __rich__(self) -> RenderableType:
        from rich.padding import Padding  # only where it is laid out
        from rich.text import Text

        text = Text.assemble(*self._pieces)
        return Padding(text, (0, 0, 0, self.indent), expand=False) if self.indent else text


class Labelled(Styled):
    """A paragraph beside its ``label``."""

    __slots__ = ("label",)

    def __init__(self, label: str, text: str) -> None:
        super().__init__(text, indent=len(label) + _BETWEEN)
        self.label = label

    def __rich__(self) -> RenderableType:
        from rich.table import Table  # only where it is laid out
        from rich.text import Text

        line = Table.grid(padding=(0, _BETWEEN))
        line.add_row(Text(self.label, style="bold"), Text(self.plain))
        return line
