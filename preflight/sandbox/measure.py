"""Measures the files of a job as the service would, without applying limits."""

from __future__ import annotations

from fractions import Fraction
from functools import partial

from preflight.errors import PreflightError, Unreachable
from preflight.model import ImageFacts, Kind, VideoFacts
from preflight.probes.probe import probe_media
from preflight.sandbox.billing import BilledClock
from preflight.sources.host import AllowedHost
from preflight.sources.remote import RemoteReader

LOOPBACK = tuple(AllowedHost.parse(host) for host in ("127.0.0.1", "localhost", "[::1]"))
"""The sandbox may be given files on this machine: it exists for that."""


async def probe_seconds(url: str, *, clock: BilledClock = BilledClock.CONTAINER) -> Fraction:
    """The length of the clip at ``url`` by ``clock``, or by the other where the file has only that.

    Raises ``PreflightError`` for a file that is not a clip.
    """
    facts = await _read(url, Kind.VIDEO)
    if not isinstance(facts, VideoFacts) or not facts.durations.plausible or facts.container not in ("MP4", "MOV"):
        raise Unreachable("unsupported video format")
    if clock is BilledClock.VIDEO and facts.durations.video is not None:
        return facts.durations.video
    return facts.durations.plausible[0]


async def probe_image(url: str) -> None:
    """Raises ``PreflightError`` when there is no JPEG or PNG at ``url``."""
    facts = await _read(url, Kind.IMAGE)
    if not isinstance(facts, ImageFacts) or facts.container not in ("JPEG", "PNG") or not facts.width:
        raise Unreachable("unsupported image format")


async def _read(url: str, kind: Kind) -> ImageFacts | VideoFacts | None:
    async with RemoteReader(allow=LOOPBACK) as reader:
        reading = await reader.read(url, partial(probe_media, kind=kind))
    fault: PreflightError | None = reading.fault
    if fault is not None:
        raise fault
    return reading.facts
