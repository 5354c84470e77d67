"""A reader's answer about a file, and whether it is right: ffprobe on the local file is the judge."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

TOLERANCE_S = 0.1
"""Readers may differ on which clock a clip's length is: container, picture or sound."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Length in seconds, ``None`` for pictures; size in pixels. ``error`` is the reader's message instead."""

    seconds: float | None = None
    size: tuple[int, int] | None = None
    error: str | None = None

    def is_right(self, truth: Answer) -> bool:
        if self.error is not None or self.size != truth.size:
            return False
        if truth.seconds is None:
            return True
        return self.seconds is not None and abs(self.seconds - truth.seconds) <= TOLERANCE_S

    def __str__(self) -> str:
        if self.error is not None:
            return " ".join(self.error.split())[:60]
        size = "no size" if self.size is None else f"{self.size[0]}×{self.size[1]}"
        return size if self.seconds is None else f"{self.seconds:.2f} s, {size}"


def ffprobe(target: str) -> Answer:
    """The answer of ffprobe, as a process, about a path or a URL."""
    entries = "format=duration:stream=codec_type,width,height"
    command = ["ffprobe", "-v", "error", "-show_entries", entries, "-of", "json", target]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        return Answer(error=done.stderr)
    said = json.loads(done.stdout)
    pictures = [stream for stream in said["streams"] if stream["codec_type"] == "video"]
    size = (pictures[0]["width"], pictures[0]["height"]) if pictures else None
    seconds = said["format"].get("duration")
    return Answer(seconds=float(seconds) if seconds else None, size=size)


def truth(path: Path) -> Answer:
    """The answer of ffprobe about a local file. It gives pictures the length of one frame, which does not count."""
    said = ffprobe(str(path))
    return Answer(size=said.size, error=said.error) if path.suffix in {".jpg", ".png"} else said
