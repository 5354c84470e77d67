"""The result of one part of the benchmark: tables for the docs, and the figures with their goals."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One figure: its name, its goal, the measured value, and whether that is enough."""

    what: str
    reach: str
    measured: str
    is_reached: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """``text`` is Markdown. ``peers`` are the names in ``peers.py`` of those that it is about."""

    text: str
    figures: tuple[Figure, ...]
    peers: tuple[str, ...] = ()


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; columns after the first are set to the right if their head ends in a colon."""
    marks = ["---:" if head.endswith(":") else "---" for head in heads]
    lines = ([head.rstrip(":") for head in heads], marks, *rows)
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def kib(count: int) -> str:
    """Bytes in KiB, to one place below 1000."""
    return f"{count / 1024:,.1f}" if count < 1000 * 1024 else f"{count / 1024:,.0f}"
