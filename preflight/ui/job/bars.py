"""Where each figure of a file lies between its limits: a bar for people who look, a sentence for those who read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import log

from preflight.model import ImageFacts, Subject, VideoFacts
from preflight.pricing import show_seconds
from preflight.render.texts import phrases
from preflight.specs import Limit, SizeLimit, Spec
from preflight.units import decimal_text

_WIDTH = 100
_ROOM = 1.6
"""A bar goes on beyond its limits by this factor, so that a figure outside can be seen there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One figure. ``limit`` says in words which values are allowed, advised or used.

    ``state`` is ``good``, ``warn`` or ``bad``; ``start``, ``end`` and ``at`` are per cent of the bar.
    """

    label: str
    measured: str
    limit: str
    state: str
    start: float
    end: float
    at: float

    @property
    def word(self) -> str:
        return {"good": "OK", "warn": "check", "bad": "not allowed"}[self.state]


def bars_of(subject: Subject, spec: Spec, orientation: str) -> tuple[Bar, ...]:
    """The bars of a file; none where it was not read."""
    match subject.facts:
        case ImageFacts() as image:
            return tuple(_of_image(image, spec))
        case VideoFacts() as video:
            return tuple(_of_video(video, spec, orientation))
        case _:
            return ()


def _of_image(facts: ImageFacts, spec: Spec) -> Iterator[Bar]:
    if facts.size_bytes is not None:
        yield _size(facts.size_bytes, spec.image.max_bytes)
    if facts.width and facts.height:
        short, long = sorted((facts.width, facts.height))
        least, advised = spec.image.min_side.value, spec.image.advised_min_side.value
        if spec.image.min_side.is_stated:
            yield _bar(
                "Shorter side",
                Fraction(short),
                low=least,
                shown=f"{short} px",
                limit=f"allowed: {least} px or more",
                state="bad" if short < least else "warn" if short < advised else "good",
            )
        most = spec.image.max_aspect.value
        if spec.image.max_aspect.is_stated:
            yield _bar(
                "Aspect ratio",
                Fraction(long, short),
                low=Fraction(1),
                high=most,
                shown=f"{float(Fraction(long, short)):.3g} : 1",
                limit=f"allowed: 1 : 1 to {decimal_text(most)} : 1, long side to short",
                state="bad" if Fraction(long, short) > most else "good",
            )


def _of_video(facts: VideoFacts, spec: Spec, orientation: str) -> Iterator[Bar]:
    limits = spec.video
    if facts.size_bytes is not None:
        yield _size(facts.size_bytes, limits.max_bytes)
    clocks = facts.durations.plausible
    if clocks and (limits.min_seconds.is_stated or limits.max_seconds.is_stated):
        least, most, seconds = limits.min_seconds.value, limits.max_seconds.value, clocks[0]
        inside = [least <= each <= most for each in clocks]
        yield _bar(
            "Length",
            seconds,
            low=least or None,
            high=most if limits.max_seconds.is_stated else None,
            shown=show_seconds(seconds),
            limit=f"allowed: {_between(limits.min_seconds, limits.max_seconds, show_seconds)}",
            state="good" if all(inside) else "warn" if any(inside) else "bad",
        )
    if clocks and (cap := spec.price.cap(orientation)) is not None:
        seconds = clocks[0]
        if cap < limits.max_seconds.value:
            yield _bar(
                f"Cap of orientation '{orientation}'" if orientation else "Length of the result",
                seconds,
                high=cap,
                shown=show_seconds(seconds),
                limit=f"used: at most {show_seconds(cap)}",
                state="warn" if seconds > cap else "good",
            )
    advised = limits.advised_min_side, limits.advised_max_side
    if facts.width and facts.height and any(each.is_stated for each in advised):
        low, high = (each.value for each in advised)
        for label, side in (("Width", facts.width), ("Height", facts.height)):
            yield _bar(
                label,
                Fraction(side),
                low=low or None,
                high=high if limits.advised_max_side.is_stated else None,
                shown=f"{side} px",
                limit=f"advised: {_between(*advised, _pixels)}",
                state="good" if low <= side <= high else "warn",
            )


def _between(least: Limit, most: Limit, show: Callable[[Fraction], str]) -> str:
    """The values that two limits leave, of which a spec may state only one."""
    if not least.is_stated:
        return f"at most {show(most.value)}"
    if not most.is_stated:
        return f"at least {show(least.value)}"
    return f"{show(least.value)} to {show(most.value)}"


def _pixels(number: Fraction) -> str:
    return f"{number} px"


def _size(size_bytes: int, limit: SizeLimit) -> Bar:
    return _bar(
        "File size",
        Fraction(size_bytes),
        high=Fraction(limit.safe_bytes),
        shown=phrases.size(size_bytes),
        limit=f"allowed: at most {limit.label}",
        state="good" if size_bytes <= limit.safe_bytes else "warn" if size_bytes <= limit.hard_bytes else "bad",
    )


def _bar(
    label: str,
    value: Fraction,
    *,
    shown: str,
    limit: str,
    state: str,
    low: Fraction | None = None,
    high: Fraction | None = None,
) -> Bar:
    """A bar on a logarithmic scale: sizes and sides differ by orders of magnitude."""
    first = float(low) if low else float(high or value or 1) / 30
    last = float(high) if high else first * 10
    left, right = log(first / _ROOM), log(last * _ROOM)

    def place(number: float) -> float:
        return round(_WIDTH * min(max((log(max(number, 1e-9)) - left) / (right - left), 0.0), 1.0), 2)

    start, end = place(first) if low else 0.0, place(last) if high else float(_WIDTH)
    return Bar(label=label, measured=shown, limit=limit, state=state, start=start, end=end, at=place(float(value)))
