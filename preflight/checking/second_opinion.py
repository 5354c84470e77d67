"""The policy of second opinions: when to ask MediaInfo or a decoder, and the effect of the answer."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

from preflight.checking.decoder_facts import judged
from preflight.model import Defect, DefectKind, Family, ImageFacts, SparseBytes
from preflight.probes import limits
from preflight.probes.limits import FIRST_SPAN_BYTES
from preflight.probes.probe import DECODED
from preflight.rules.length_rules import SAME_LENGTH
from preflight.specs import Spec

if TYPE_CHECKING:
    from fractions import Fraction

    from preflight.model import Durations, SecondOpinion, VideoFacts

_READ_HERE = frozenset({"MP4", "MOV"})
_NEAR_S = 1
_MOVIE_DATA = b"cmvd"
"""The box in a compressed movie box that states, in its first four bytes, how many it inflates to."""
_OPENED = frozenset({DefectKind.DISPUTED, DefectKind.TOLERATED})
"""Defects of files that some or all decoders still open."""


class Answers(Protocol):
    """A pool of processes, or one question to it."""

    def ask(self, fetched: SparseBytes, size_bytes: int) -> list[Mapping[str, Any]] | None:
        """As ``WorkerPool.ask``."""


def is_wanted(facts: VideoFacts, spec: Spec, *, thorough: bool) -> bool:
    """Whether a second opinion could change the verdict or the price; ``thorough`` asks about every clip.

    It could where our reader does not know the container, where clocks differ or a limit is near, and where a layout
    is rare enough for readers to differ.
    """
    if facts.family not in (Family.VIDEO, Family.AUDIO, Family.UNKNOWN):
        return False
    if thorough or facts.container not in _READ_HERE or facts.fragmented or facts.defects:
        return True
    clocks = facts.durations.plausible
    return (
        not clocks
        or any(clock != clocks[0] for clock in clocks)
        or bool(facts.durations.hints or facts.durations.doubt)
        or _is_near_a_bound(clocks[0], spec)
        or sum(track.is_picture for track in facts.tracks) != 1
    )


def _is_near_a_bound(seconds: Fraction, spec: Spec) -> bool:
    bounds = (spec.video.min_seconds.value, spec.video.max_seconds.value, *spec.price.cap_seconds.values())
    return any(_are_near(seconds, bound) for bound in bounds)


def _are_near(one: Fraction, other: Fraction) -> bool:
    """In whole numbers, which takes a fifth of the time: every clip is asked this for every bound."""
    apart = one.numerator * other.denominator - other.numerator * one.denominator
    return abs(apart) <= _NEAR_S * one.denominator * other.denominator


def with_second_opinion(facts: VideoFacts, fetched: SparseBytes, pool: Answers) -> VideoFacts:
    """``facts`` with MediaInfo's opinion of the same bytes, if it has one."""
    from preflight.checking.mediainfo_facts import (  # pictures do not need it
        family_of,
        named_by,
        second_opinion,
        tells_its_length,
        without_lengths,
    )

    if facts.size_bytes is None or _inflated_bytes(fetched) > limits.MAX_MOVIE_BYTES:
        return facts
    has_all = len(fetched) >= facts.size_bytes
    tracks = pool.ask(fetched, facts.size_bytes)
    opinion: SecondOpinion | None = second_opinion(tracks) if tracks else None
    if opinion is None:
        return facts
    if facts.container not in _READ_HERE:
        known = tells_its_length(opinion.container, fetched.between(0, FIRST_SPAN_BYTES))
        family = family_of(tracks or ())
        return named_by(facts, opinion if known or has_all else without_lengths(opinion), family, has_all=has_all)
    if facts.fragmented and not has_all:
        # MediaInfo needs every fragment for the length; it sums those that it gets.
        opinion = without_lengths(opinion)
    return replace(facts, second=opinion, durations=_widened(facts, opinion))


def _inflated_bytes(fetched: SparseBytes) -> int:
    """Bytes that the compressed movie boxes state they inflate to, wherever one seems to be.

    MediaInfo believes them: 240 KB would cost its process 240 MB. Whether our reader came as far does not matter.
    """
    places: set[int] = set()
    for start, data in fetched.pieces():
        places.update(start + found.start() for found in re.finditer(_MOVIE_DATA, data))
        seam = start + max(0, len(data) - len(_MOVIE_DATA) + 1)  # it may lie across two pieces that touch
        across = fetched.between(seam, start + len(data) + len(_MOVIE_DATA) - 1)
        places.update(seam + found.start() for found in re.finditer(_MOVIE_DATA, across))
    return sum(int.from_bytes(fetched.between(at + 4, at + 8), "big") for at in places)


def _widened(facts: VideoFacts, opinion: SecondOpinion) -> Durations:
    """The clocks, with what MediaInfo reads among the hints where that is another length: it widens the price."""
    from preflight.model import Clock  # pictures do not need it

    durations = facts.durations
    if facts.defects or not durations.plausible:
        return durations
    for length in (opinion.duration, opinion.video_duration):
        every = (*durations.clocks, *durations.hints)
        if length is not None and all(abs(clock.seconds - length) > SAME_LENGTH for clock in every):
            hint = Clock(name="mediainfo", seconds=length)
            durations = replace(durations, hints=(*durations.hints, hint))
    return durations


def is_decodable(facts: ImageFacts) -> bool:
    """Whether decoding could tell more: for a container that the service accepts, without a known defect."""
    is_broken = any(defect.kind not in _OPENED for defect in facts.defects)
    return facts.container in DECODED and not is_broken and facts.size_bytes is not None


def with_decoding(facts: ImageFacts, fetched: SparseBytes, pool: Answers) -> ImageFacts:
    """``facts`` with the decoders that read the picture, or with the defect that they found.

    ``pool`` is one of decoders. A picture that is too much for it, or was not fetched whole, could not be examined; one
    above the limits of fetching or decoding gets no worse finding than that.
    """
    assert facts.size_bytes is not None, "only what is_decodable is decoded"
    pixels = (facts.width or 0) * (facts.height or 0)
    if pixels > limits.MAX_DECODED_PIXELS:
        reason = f"has {facts.width}x{facts.height} pixels, and no more than {limits.MAX_DECODED_PIXELS} are decoded"
        return _undecoded(facts, reason, DefectKind.UNDECODED)
    if facts.size_bytes > limits.MAX_OPTIONAL_BYTES:
        reason = f"is larger than the {limits.MAX_OPTIONAL_BYTES // limits.MIB} MiB that are decoded"
        return _undecoded(facts, reason, DefectKind.UNDECODED)
    data = fetched.between(0, facts.size_bytes)
    if len(data) < facts.size_bytes:
        return _undecoded(facts, f"was fetched to byte {len(data)} of {facts.size_bytes}, which does not decode")
    whole = SparseBytes()
    whole.add(0, data)
    told = pool.ask(whole, facts.size_bytes)
    if not told:
        return _undecoded(facts, "needs more time or memory to decode than the limits allow")
    return judged(facts, told[0])


def _undecoded(facts: ImageFacts, reason: str, kind: DefectKind = DefectKind.UNREADABLE) -> ImageFacts:
    return replace(facts, defects=(*facts.defects, Defect(kind=kind, message=reason)))
