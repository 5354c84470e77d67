"""The invariants of every mutant: first of the probe by itself, then of a whole check."""

from __future__ import annotations

import io
import json
import time
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from random import Random

from rich.console import Console

from fuzz.mutants import Mutant
from preflight.checking.engine import Engine
from preflight.model import ImageFacts, Kind, Probe, Report, Span, Verdict, VideoFacts
from preflight.model.target import Media
from preflight.probes import limits
from preflight.probes.probe import probe_media
from preflight.render.objects.json_objects import facts_object, quotes_object, report_object
from preflight.render.texts.text import render_quotes, render_report
from preflight.workers.pool import WALL_SECONDS

CPU_SECONDS = 2.0
"""Of one probe. Real files take a thousandth; the rest is for a busy machine."""
SETTLED_SECONDS = WALL_SECONDS + 4.0
"""Of one check: the clock of a worker, and the same again for a worker's start and a busy machine."""
_MOST_DEFECTS = 64
"""Of one file: each becomes a finding, and thousands take longer to print than the file to read."""
_LARGEST_BITS = 256
"""Of the parts of an exact number: beyond them a report would be long before it is wrong."""


class Broken(AssertionError):
    """An invariant did not hold."""


def require(holds: bool, message: str) -> None:  # noqa: FBT001 - reads as an assertion, and holds under -O
    """Raise ``Broken`` unless it holds."""
    if not holds:
        raise Broken(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Driver:
    """A source that behaves in one of the ways that sources do.

    ``free``: optional spans are answered. ``told``: the size is known. ``shrunk``: bytes that are missing at the end,
    of a file that became shorter after its size was asked for.
    """

    free: bool = True
    told: bool = True
    shrunk: int = 0

    @classmethod
    def drawn(cls, rng: Random, size: int) -> Driver:
        shrunk = rng.randint(0, size) if rng.random() < 0.1 else 0
        return cls(free=rng.random() < 0.5, told=rng.random() < 0.9, shrunk=shrunk)

    def drive(self, data: bytes, kind: Kind | None) -> ImageFacts | VideoFacts:
        """The facts of the probe over ``data``. Raises ``Broken`` for a probe that does not keep to its limits."""
        size = len(data) if self.told else None
        there = data[: len(data) - self.shrunk]
        probe: Probe[ImageFacts | VideoFacts] = probe_media(size, kind)
        required, optional, reads = 0, 0, 0
        began = time.process_time()
        try:
            span = next(probe)
            while True:
                require(size is None or span.end <= size, f"asks past the end: {span}")
                reads += not span.optional
                required += 0 if span.optional else len(span)
                optional += len(span) if span.optional else 0
                require(reads <= limits.MAX_SPANS, f"asks for {reads} spans")
                require(required <= limits.MAX_BYTES, f"asks for {required} bytes")
                require(optional <= limits.MAX_OPTIONAL_BYTES, f"asks for {optional} optional bytes")
                require(time.process_time() - began <= CPU_SECONDS, "does not come to an end")
                span = probe.send(self._answer(there, span))
        except StopIteration as stop:
            facts: ImageFacts | VideoFacts = stop.value
        require(
            time.process_time() - began <= CPU_SECONDS, f"takes {time.process_time() - began:.1f} s of the processor"
        )
        return facts

    def _answer(self, there: bytes, span: Span) -> bytes:
        return b"" if span.optional and not self.free else there[span.start : span.end]


def hold_probe(made: Mutant) -> ImageFacts | VideoFacts:
    """Run the probe over a mutant as some source would. Raises ``Broken``, or any error of the probe."""
    data, rng = made.data, Random(made.index)
    kind = rng.choice((None, Kind.IMAGE, Kind.VIDEO))
    driver = Driver.drawn(rng, len(data))
    facts = driver.drive(data, kind)
    require(
        isinstance(facts, VideoFacts if kind is Kind.VIDEO else ImageFacts) or kind is None, "facts of another kind"
    )
    require(facts.size_bytes == (len(data) if driver.told else None), f"says {facts.size_bytes} bytes")
    require(len(facts.defects) <= _MOST_DEFECTS, f"has {len(facts.defects)} defects")
    if isinstance(facts, VideoFacts):
        _hold_video(facts)
    else:
        require(len(facts.sizes) <= _MOST_DEFECTS, f"has {len(facts.sizes)} sizes")
        require(facts.orientation in (None, *range(1, 9)), f"has orientation {facts.orientation}")
    return facts


def hold_agreement(data: bytes, kind: Kind | None) -> None:
    """Bytes that are read where reading is free may show a file to be broken; else they change nothing that counts."""
    whole, spare = Driver().drive(data, kind), Driver(free=False).drive(data, kind)
    require(bool(whole.defects) or not spare.defects, "takes a defect back")
    if not whole.defects:
        require(_decided(whole) == _decided(spare), f"decides {_decided(spare)} by itself, {_decided(whole)} with more")


def _decided(facts: ImageFacts | VideoFacts) -> tuple[object, ...]:
    """The facts that decide verdict and price."""
    if isinstance(facts, VideoFacts):
        return facts.container, facts.family, facts.durations, facts.tracks, facts.width, facts.height, facts.rotation
    return facts.container, facts.family, facts.width, facts.height, facts.orientation, facts.color_mode


def _hold_video(facts: VideoFacts) -> None:
    durations = facts.durations
    clocks = (durations.audio, *durations.plausible, *(clock.seconds for clock in durations.hints))
    for clock in (*clocks, *(track.duration for track in facts.tracks)):
        require(clock is None or _is_sane(clock), f"has a clock of {clock} s")
    require(len(facts.tracks) <= limits.MAX_TRACKS, f"has {len(facts.tracks)} tracks")
    require(facts.missing_bytes >= 0, f"misses {facts.missing_bytes} bytes")
    require(facts.rotation in (None, *range(360)), f"has rotation {facts.rotation}")


def _is_sane(clock: Fraction) -> bool:
    return clock >= 0 and max(clock.numerator.bit_length(), clock.denominator.bit_length()) <= _LARGEST_BITS


def hold_check(engine: Engine, made: Mutant, folder: Path) -> tuple[Report, float]:
    """Check a mutant as a file in ``folder``, and print the report in every way. Raises ``Broken``, or any error of it.

    The report, and the seconds it took.
    """
    path = folder / f"mutant{Path(made.name).suffix}"
    path.write_bytes(made.data)
    kind = Random(made.index).choice((None, None, Kind.IMAGE, Kind.VIDEO))
    began = time.monotonic()
    report = engine.check([Media(source=str(path), kind=kind)])
    seconds = time.monotonic() - began
    require(seconds <= SETTLED_SECONDS, f"took {seconds:.1f} s to settle")
    require(isinstance(report.verdict, Verdict), f"has the verdict {report.verdict}")
    for make in (report_object, facts_object, quotes_object):
        json.loads(json.dumps(make(report), allow_nan=False))
    for render in (render_report, render_quotes):
        shown = io.StringIO()
        render(report, Console(file=shown, width=100))
        text = shown.getvalue()
        require(all(character.isprintable() or character == "\n" for character in text), "prints unprintable text")
        require(len(text) < 1 << 20, f"prints {len(text)} characters")
    return report, seconds
