"""The progress of uploads: what, how much of it, how fast, how long still."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from preflight.redact import shown_path
from preflight.render.texts import phrases

if TYPE_CHECKING:
    from preflight.upload.content import Content
    from preflight.upload.uploader import Stage

_SOON = 0.5
"""Seconds before a rate means anything."""


class UploadProgress:
    """Turns byte counts into messages. ``show`` gets each; it is set when there is something to show them."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.show: Callable[[str], object] = lambda _: None
        self._clock = clock
        self._about: tuple[Stage, str] | None = None
        self._began = 0.0

    def __call__(self, stage: Stage, content: Content, done: int) -> None:
        if self._about != (stage, content.name):
            self._about, self._began = (stage, content.name), self._clock()
        name = shown_path(content.path.name)
        self.show(f"{stage} {name}: {pace(done, content.size_bytes, self._clock() - self._began)}")


def pace(done: int, total: int, seconds: float) -> str:
    """``12 MB of 45 MB, 1.2 MB/s, 27 s left``; only the first part while the rate is unknown."""
    text = f"{phrases.size(min(done, total))} of {phrases.size(total)}"
    if done <= 0 or seconds < _SOON:
        return text
    rate = done / seconds
    left = round((total - min(done, total)) / rate)
    return f"{text}, {phrases.size(round(rate))}/s, {_clock_time(left)} left"


def _clock_time(seconds: int) -> str:
    return f"{seconds} s" if seconds < 100 else f"{seconds // 60}:{seconds % 60:02} min"
