"""MediaInfo: that its library loads, and that a clip can be read in the cage."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from preflight.doctor.check import Check, State

CLIP = Path(__file__).parent.parent / "sandbox" / "media" / "dance.mp4"
"""A small clip that comes with preflight."""

_ASK = (
    "import io, json, pymediainfo; "
    "said = pymediainfo.MediaInfo.parse(io.BytesIO(b''), output='JSON'); "
    "print(json.loads(said)['creatingLibrary']['version'])"
)
_SECONDS = 8.0
_FIX = "install its package again: pip install --force-reinstall pymediainfo"


def library(command: Sequence[str] = (sys.executable, "-P", "-c", _ASK)) -> Iterator[Check]:
    """Load libmediainfo, in a process of its own: a broken library may end the one that loads it."""
    try:
        run = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        yield Check(name="mediainfo", state=State.FAIL, found=f"not loaded: {type(error).__name__}", fix=_FIX)
        return
    if run.returncode == 0:
        yield Check(name="mediainfo", state=State.OK, found=f"libmediainfo {run.stdout.strip()[:40]}")
    else:
        last = (run.stderr.strip().splitlines() or [f"exit code {run.returncode}"])[-1]
        yield Check(name="mediainfo", state=State.FAIL, found=f"not loaded: {last[:200]}", fix=_FIX)


def cage(clip: Path = CLIP) -> Iterator[Check]:
    """Have a real clip read in the cage, as a check would."""
    from preflight.model import SparseBytes  # noqa: PLC0415 - only this check needs it
    from preflight.probes.cage import Cage  # noqa: PLC0415 - the same
    from preflight.probes.mediainfo import second_opinion  # noqa: PLC0415 - the same

    data, fetched, began = clip.read_bytes(), SparseBytes(), time.monotonic()
    fetched.add(0, data)
    with Cage() as started:
        tracks = started.ask(fetched, len(data))
    opinion = second_opinion(tracks) if tracks else None
    if opinion is None or opinion.duration is None:
        found = "a clip that comes with preflight could not be read in it: clips get no second opinion"
        yield Check(name="cage", state=State.FAIL, found=found, fix=_FIX)
        return
    spent = round((time.monotonic() - began) * 1000)
    yield Check(name="cage", state=State.OK, found=f"read a clip ({opinion.container}) in {spent} ms, start included")
