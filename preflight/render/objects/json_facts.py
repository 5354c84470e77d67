"""The facts about a file as a JSON object. We add keys and never rename them."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from preflight.model import ImageFacts
from preflight.units import decimal_text

if TYPE_CHECKING:
    from preflight.model import VideoFacts


def facts_of_file(facts: ImageFacts | VideoFacts | None) -> dict[str, Any] | None:
    """The facts about one file; ``None`` for one that could not be read."""
    match facts:
        case ImageFacts():
            return {
                "container": facts.container,
                "family": facts.family.key,
                "size_bytes": facts.size_bytes,
                "width": facts.width,
                "height": facts.height,
                "orientation": facts.orientation,
                **_displayed(facts),
                "color_mode": facts.color_mode,
                "bit_depth": facts.bit_depth,
                "frames": facts.frames,
                "complete": facts.complete,
                "decoders": list(facts.decoders),
            }
        case None:
            return None
        case _:
            return _video(facts)


def _displayed(facts: ImageFacts | VideoFacts) -> dict[str, Any]:
    """The size at which programs show it."""
    width, height = facts.display_size or (None, None)
    return {"display_width": width, "display_height": height, "display_orientation": facts.display_orientation}


def _video(facts: VideoFacts) -> dict[str, Any]:
    durations = facts.durations
    return {
        "container": facts.container,
        "family": facts.family.key,
        "major_brand": facts.major_brand,
        "size_bytes": facts.size_bytes,
        "width": facts.width,
        "height": facts.height,
        **_displayed(facts),
        "rotation": facts.rotation,
        "codec": facts.codec,
        "codec_name": facts.codec_name,
        "frame_rate": None if facts.frame_rate is None else str(facts.frame_rate),
        "variable_frame_rate": facts.variable_frame_rate,
        "bit_depth": facts.bit_depth,
        "hdr": facts.hdr,
        "audio": {
            "codec": facts.audio.codec,
            "codec_name": facts.audio.codec_name,
            "channels": facts.audio.channels,
            "sample_rate": facts.audio.sample_rate,
        }
        if facts.audio
        else None,
        "duration_s": _seconds(next(iter(durations.plausible), None)),
        "durations_s": {
            "container": _seconds(durations.container),
            "video": _seconds(durations.video),
            "audio": _seconds(durations.audio),
            **{clock.name: _seconds(clock.seconds) for clock in (*durations.others, *durations.hints)},
        },
        "fragmented": facts.fragmented,
        "fast_start": facts.fast_start,
        "encrypted": facts.encrypted,
        "tracks": [
            {
                "id": track.id,
                "handler": track.handler,
                "codec": track.codec,
                "ticks": track.ticks,
                "timescale": track.timescale,
                "enabled": track.enabled,
            }
            for track in facts.tracks
        ],
        "second_opinion": {
            "container": facts.second.container,
            "width": facts.second.width,
            "height": facts.second.height,
            "duration_s": _seconds(facts.second.duration),
        }
        if facts.second
        else None,
    }


def _seconds(value: Fraction | None) -> str | None:
    return None if value is None else decimal_text(value)
