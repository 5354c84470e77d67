"""Notes on how a clip was recorded, where that may change its look: HDR, many bits a channel, uneven frame times.

All of them are notes: the service states nothing about them, and phones record all three.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from preflight.rules import shell_commands as repair
from preflight.rules.length_rules import ISO_MEDIA
from preflight.rules.rule import Flaw, VideoCase
from preflight.units import decimal_text

_COMMON_BITS = 8
_COMMON_RATES = (24, 25, 30, 50, 60)
_UNEVEN = Fraction(3, 2)
"""A frame this many times as long as another is a dropped or a held one. Cameras vary by less all the time."""


def video_hdr(case: VideoCase) -> Iterator[Flaw]:
    if case.facts.hdr is not None and case.facts.container in ISO_MEDIA:
        yield Flaw(
            message=f"the clip is HDR ({case.facts.hdr}); a service that takes it for SDR sees pale or wrong colours",
            measured=case.facts.hdr,
            allowed="SDR (BT.709)",
            fix=repair.to_sdr(case.name),
        )


def video_bit_depth(case: VideoCase) -> Iterator[Flaw]:
    """HDR and editors' codecs have more than 8 bits in any case, and a finding of their own."""
    facts = case.facts
    if facts.bit_depth is None or facts.bit_depth <= _COMMON_BITS or facts.hdr is not None:
        return
    if facts.container in ISO_MEDIA and facts.codec in case.spec.video.codecs:
        yield Flaw(
            message=f"the clip is {facts.codec_name}; some decoders take {_COMMON_BITS} bits a channel only",
            measured=f"{facts.bit_depth} bits a channel",
            allowed=f"{_COMMON_BITS} bits a channel",
            fix=repair.to_h264(case.name),
        )


def video_variable_frame_rate(case: VideoCase) -> Iterator[Flaw]:
    facts = case.facts
    if not facts.variable_frame_rate or facts.container not in ISO_MEDIA:
        return
    if facts.frame_seconds is None or facts.frame_rate is None:
        return
    shortest, longest = facts.frame_seconds
    if longest < shortest * _UNEVEN:
        return
    times = " to ".join(decimal_text(round(seconds, 3)) for seconds in (shortest, longest))
    yield Flaw(
        message=f"the frame rate varies: a frame lasts {times} s; motion may be read at the wrong speed",
        measured=f"{times} s a frame",
        allowed="a constant frame rate",
        fix=repair.even_rate(case.name, _nearest_rate(facts.frame_rate)),
    )


def _nearest_rate(average: Fraction) -> int:
    """The common frame rate that is nearest to the average one."""
    return min(_COMMON_RATES, key=lambda rate: abs(rate - average))
