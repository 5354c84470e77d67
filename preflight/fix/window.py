"""The part of a clip that the user chooses: from when, how long, and what it may cost at most. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction

from preflight.errors import ConfigurationError
from preflight.model import Durations
from preflight.pricing import quote, show_seconds
from preflight.specs import Spec

_STEP = Fraction(1, 1000)
"""The window that a budget allows is found to the millisecond."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A part of a clip, in seconds of its picture. Without ``length`` it goes on to the end, or as long as is allowed.

    ``max_credits`` bounds the high end of its price. ``exact`` asks for the very frame, which needs encoding again.
    """

    start: Fraction = Fraction(0)
    length: Fraction | None = None
    max_credits: Decimal | None = None
    exact: bool = False


def priced(window: Window, spec: Spec, *, mode: str, orientation: str) -> Window:
    """The window with the length that its budget allows.

    Raises ``ConfigurationError`` where that is less than the service takes.
    """
    if window.max_credits is None:
        return window
    least, most = spec.video.min_seconds.value, spec.video.max_seconds.value
    steps = (most - least) / _STEP
    if not _fits(least, window.max_credits, spec, mode, orientation):
        high = _high(least, spec, mode, orientation)
        raise ConfigurationError(
            f"{show_seconds(least)}, the least that the service takes, cost up to {high:f} credits in {mode}; "
            f"{window.max_credits:f} credits are not enough"
        )
    low, high_steps = 0, int(steps)
    while low < high_steps:
        middle = (low + high_steps + 1) // 2
        if _fits(least + middle * _STEP, window.max_credits, spec, mode, orientation):
            low = middle
        else:
            high_steps = middle - 1
    affordable = least + low * _STEP
    return replace(window, length=affordable if window.length is None else min(window.length, affordable))


def checked(window: Window, clip_seconds: Fraction | None, spec: Spec) -> str | None:
    """Why a clip has no such part; ``None`` where it has, or where its length is not known."""
    least = spec.video.min_seconds.value
    if clip_seconds is None:
        return None
    if window.start >= clip_seconds:
        return f"it lasts {show_seconds(clip_seconds)}, and the part would begin at {show_seconds(window.start)}"
    if clip_seconds - window.start < least:
        return (
            f"it lasts {show_seconds(clip_seconds)}: from {show_seconds(window.start)} on, "
            f"{show_seconds(clip_seconds - window.start)} are left, and the service takes {show_seconds(least)} or more"
        )
    return None


def _fits(seconds: Fraction, budget: Decimal, spec: Spec, mode: str, orientation: str) -> bool:
    return _high(seconds, spec, mode, orientation) <= budget


def _high(seconds: Fraction, spec: Spec, mode: str, orientation: str) -> Decimal:
    price = quote(spec, Durations(container=seconds, video=seconds), mode=mode, orientation=orientation)
    assert price is not None, "it has a length"
    return price.high
