"""The table of repairs: which step repairs which rule, and whether that is safe.

A safe repair leaves no doubt: a viewer sees the same, except for an encoder's invisible loss, or for parts that no
service accepts. An unsafe repair changes the picture or makes a choice for the user.
"""

from __future__ import annotations

from enum import Enum

from preflight.model.named_tuple import NamedTuple


class Safety(Enum):
    """Whether a step runs without ``--unsafe``."""

    SAFE = "safe"
    UNSAFE = "unsafe"


class Step(Enum):
    """A change to a file. The value is the word in JSON."""

    CONVERT = "convert"
    COLOURS = "colours"
    FIRST_PICTURE = "first-picture"
    COMPRESS = "compress"
    RENAME = "rename"
    CHOOSE_FRAME = "choose-frame"
    CROP = "crop"
    ENLARGE = "enlarge"
    SHRINK = "shrink"
    REWRAP = "rewrap"
    TRIM = "trim"
    LOOP = "loop"
    RECODE = "recode"
    RESIZE = "resize"
    SQUEEZE = "squeeze"
    SDR = "sdr"
    EVEN_RATE = "even-rate"
    CUT = "cut"


class Repair(NamedTuple):
    """One row: the rule, the step that repairs it, and a description of the step for a plan."""

    rule: str
    step: Step
    safety: Safety
    what: str


_SAFE, _UNSAFE = Safety.SAFE, Safety.UNSAFE

MOVED = Repair("video-container", Step.REWRAP, _SAFE, "remux it to fast-start MP4 (no re-encoding)")
"""For a clip in another container, where an MP4 may hold its tracks without encoding them again."""

CHOSEN_PART = Repair("", Step.CUT, _SAFE, "keep the chosen part")
"""Of a clip, by ``--start`` and its like: it repairs no rule."""

REPAIRS: tuple[Repair, ...] = (
    Repair("image-format", Step.CONVERT, _SAFE, "convert it to PNG, or to JPEG where a PNG would be too large"),
    Repair("image-format", Step.CHOOSE_FRAME, _UNSAFE, "convert the first of its pictures"),
    Repair("image-color-mode", Step.COLOURS, _SAFE, "convert its colours to 8 bits a channel of RGB or grey"),
    Repair("image-animated", Step.FIRST_PICTURE, _SAFE, "keep the picture that every viewer shows, drop the others"),
    Repair("image-too-large", Step.COMPRESS, _SAFE, "encode it again, as JPEG of quality 75 or more if necessary"),
    Repair("image-too-large", Step.SHRINK, _UNSAFE, "scale it down until it fits, on white where it is transparent"),
    Repair("image-aspect-ratio", Step.CROP, _UNSAFE, "crop it to its middle"),
    Repair("image-too-small", Step.ENLARGE, _UNSAFE, "enlarge it"),
    Repair("type-mismatch", Step.RENAME, _SAFE, "give it the suffix of its container"),
    MOVED,
    Repair("video-container", Step.RECODE, _UNSAFE, "encode it as H.264"),
    Repair("video-fragmented", Step.REWRAP, _SAFE, "remux its fragments to fast-start MP4 (no re-encoding)"),
    Repair("probe-disagreement", Step.REWRAP, _SAFE, "write the movie box again (no re-encoding)"),
    Repair("video-too-large", Step.REWRAP, _SAFE, "drop tracks that are neither picture nor sound"),
    Repair("video-too-large", Step.SQUEEZE, _UNSAFE, "encode it at the bit rate that fits"),
    Repair("video-too-long", Step.TRIM, _SAFE, "cut it after the last whole group of frames that fits"),
    Repair("video-over-orientation-cap", Step.TRIM, _SAFE, "cut it after the last whole group of frames that fits"),
    Repair("video-duration-ambiguous", Step.TRIM, _SAFE, "cut picture and sound together, within the limit"),
    Repair("video-duration-ambiguous", Step.LOOP, _UNSAFE, "repeat it until it is long enough"),
    Repair("video-too-short", Step.LOOP, _UNSAFE, "repeat it until it is long enough"),
    Repair("video-dimensions", Step.RESIZE, _UNSAFE, "scale it, and encode it as H.264"),
    Repair("video-codec", Step.RECODE, _UNSAFE, "encode it as H.264"),
    Repair("video-hdr", Step.SDR, _UNSAFE, "map its colours to SDR, and encode it as H.264"),
    Repair("video-bit-depth", Step.RECODE, _UNSAFE, "encode it as H.264 of 8 bits"),
    Repair("video-variable-frame-rate", Step.EVEN_RATE, _UNSAFE, "encode it with frames of equal length"),
)
