"""Driving a probe over bytes, for tests: what a driver does, without a source."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from preflight.model import ImageFacts, Kind, Probe, Span, VideoFacts
from preflight.probes.probe import probe_media

FIXTURES = Path(__file__).parents[2] / "fixtures"


@dataclass
class Drive:
    """The facts of one run, and the spans that were asked for."""

    facts: ImageFacts | VideoFacts
    spans: list[Span] = field(default_factory=list)

    @property
    def required(self) -> list[Span]:
        """The windows that were asked for, each a request of a driver; the steps within one cost none."""
        return [Span(span.start, span.ahead) for span in self.spans if span.ahead]


def drive(data: bytes, kind: Kind | None = None, *, free: bool = True, size: int | None = -1) -> Drive:
    """Run the probe over ``data``. ``free`` answers optional spans, as a local file does; ``size`` may be hidden."""
    known = len(data) if size == -1 else size
    probe: Probe[ImageFacts | VideoFacts] = probe_media(known, kind)
    spans: list[Span] = []
    try:
        span = next(probe)
        while True:
            spans.append(span)
            assert known is None or span.end <= known, f"asks past the end: {span}"
            span = probe.send(data[span.start : span.end] if free or not span.optional else b"")
    except StopIteration as stop:
        return Drive(stop.value, spans)


def drive_file(path: Path, kind: Kind | None = None, *, free: bool = True) -> Drive:
    return drive(path.read_bytes(), kind, free=free)
