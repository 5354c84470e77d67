"""Facts about a clip, without judgement."""

from __future__ import annotations

from fractions import Fraction

from preflight.model.codec_names import picture_codec, sound_codec
from preflight.model.facts import Defect, Family, shape_of
from preflight.model.frozen import frozen
from preflight.model.named_tuple import NamedTuple

CLOCKS = {
    "container": "container",
    "video": "video track",
    "streams": "all streams together",
    "video_stream": "video stream with its gaps",
    "track_header": "header of the video track",
    "longest_track": "longest track",
    "media_header": "media header",
    "span": "first to last sample",
    "headers": "headers",
    "media": "media without its edit list",
    "samples": "sample table",
    "movie_header": "movie header",
    "movie_extends": "movie extends header",
    "segment_index": "segment index",
    "mediainfo": "MediaInfo",
}
"""The names of the clocks of a clip. docs/price.md says which reader goes by which."""


@frozen
class Clock:
    """A length in seconds that a reader may take for the clip's. ``name`` is a key of ``CLOCKS``."""

    name: str
    seconds: Fraction

    @property
    def words(self) -> str:
        return CLOCKS[self.name]


@frozen
class Durations:
    """The clocks of a clip, in seconds. ``None`` where the file has no such clock or does not say.

    ``others`` holds what some known reader makes of the file where that differs from the first two. ``hints`` holds
    what the file states about its length and the samples contradict: it widens the price and decides no verdict.
    ``doubt`` says why the length is not certain even where all clocks agree.
    """

    container: Fraction | None = None
    video: Fraction | None = None
    audio: Fraction | None = None
    others: tuple[Clock, ...] = ()
    hints: tuple[Clock, ...] = ()
    doubt: str | None = None

    @property
    def clocks(self) -> tuple[Clock, ...]:
        """The clocks a service may go by, container first. The audio's alone decides nothing."""
        named = (("container", self.container), ("video", self.video))
        return (*(Clock(name=name, seconds=length) for name, length in named if length is not None), *self.others)

    @property
    def plausible(self) -> tuple[Fraction, ...]:
        """The lengths of ``clocks``."""
        # Many rules read them: so the clocks are not made.
        named = [length for length in (self.container, self.video) if length is not None]
        return (*named, *[clock.seconds for clock in self.others]) if self.others else tuple(named)


@frozen
class TrackTimes:
    """The length of a track by its boxes, in seconds; ``None`` where they do not say.

    ``header`` is ``tkhd``'s, ``media`` is ``mdhd``'s, ``samples`` is the sum of the sample table, ``edited`` the sum of
    all edits, empty ones included. ``start`` is when its first sample is shown, ``skipped`` how much media comes before
    the first edit.
    """

    header: Fraction | None = None
    media: Fraction | None = None
    samples: Fraction | None = None
    edited: Fraction | None = None
    start: Fraction = Fraction(0)
    skipped: Fraction = Fraction(0)


class FrameTimes(NamedTuple):
    """How long ``frames`` last: ``ticks`` in all, the ``shortest`` and the ``longest`` one, but for the last."""

    frames: int
    ticks: int
    shortest: int
    longest: int

    @property
    def vary(self) -> bool:
        """Whether they differ by more than rounding to a tick does."""
        return self.longest - self.shortest > 1


class Sound(NamedTuple):
    """The sound of a track, as a decoder puts it out. ``None`` where the file does not say.

    ``codec`` is that of the sample entry, ``object_type`` what ``esds`` says of ``mp4a``. ``sample_rate`` is in hertz.
    """

    codec: str
    channels: int | None = None
    sample_rate: int | None = None
    object_type: int | None = None

    @property
    def codec_name(self) -> str:
        return sound_codec(self.codec, self.object_type)


@frozen
class Track:
    """One track (ISO/IEC 14496-12 §8.3). ``ticks`` count in ``timescale`` a second and include no empty edit.

    ``descriptions`` counts the sample entries. ``duration`` is how much of it is shown, in seconds. ``data_end`` is the
    byte of the file at which its last samples end, ``samples`` how many there are, ``None`` where that was not read.
    ``flaw`` says why none can be read, ``aside`` what a video track is that is not the clip's moving picture.
    ``chapters`` are the ids of the tracks that hold its chapters. ``frames`` is ``None`` where the times of the samples
    were not read; ``bit_depth`` and ``hdr`` as in ``VideoFacts``.
    """

    id: int
    handler: str
    codec: str | None
    ticks: int | None
    timescale: int
    enabled: bool
    encrypted: bool = False
    descriptions: int = 0
    coded_size: tuple[int, int] | None = None
    display_size: tuple[int, int] | None = None
    rotation: int = 0
    duration: Fraction | None = None
    times: TrackTimes = TrackTimes()
    external: bool = False
    data_end: int | None = None
    samples: int | None = None
    flaw: str | None = None
    chapters: tuple[int, ...] = ()
    aside: str | None = None
    frames: FrameTimes | None = None
    bit_depth: int | None = None
    hdr: str | None = None
    sound: Sound | None = None

    @property
    def is_picture(self) -> bool:
        """Whether this is a moving picture, and the clip's own."""
        return self.handler == "vide" and self.aside is None


@frozen
class SecondOpinion:
    """What MediaInfo says of the same bytes. ``None`` where it says nothing."""

    container: str | None = None
    width: int | None = None
    height: int | None = None
    rotation: int | None = None
    codec: str | None = None
    duration: Fraction | None = None
    video_duration: Fraction | None = None
    audio_duration: Fraction | None = None


@frozen
class VideoFacts:
    """A clip. ``width`` and ``height`` are coded pixels; ``rotation`` is clockwise degrees to turn it for display.

    ``missing_bytes`` is how far boxes reach past the end of the file. ``fragmented`` and ``fast_start`` are ``None``
    for containers that have no such notion. ``oddities`` breaks the format and hinders no known reader. ``second`` is
    ``None`` where no second opinion was had.

    ``frame_rate`` is frames a second on average, ``frame_seconds`` how long the shortest and the longest frame last;
    ``variable_frame_rate`` is whether they differ. ``bit_depth`` is bits of brightness, ``hdr`` the kind of HDR:
    ``HLG``, ``PQ`` or ``Dolby Vision``. ``audio`` is the sound that players choose.
    """

    container: str | None
    family: Family
    size_bytes: int | None
    major_brand: str | None = None
    brands: tuple[str, ...] = ()
    width: int | None = None
    height: int | None = None
    display_size: tuple[int, int] | None = None
    rotation: int | None = None
    codec: str | None = None
    durations: Durations = Durations()
    tracks: tuple[Track, ...] = ()
    fragmented: bool | None = None
    fast_start: bool | None = None
    encrypted: bool = False
    missing_bytes: int = 0
    defects: tuple[Defect, ...] = ()
    oddities: tuple[Defect, ...] = ()
    second: SecondOpinion | None = None
    frame_rate: Fraction | None = None
    frame_seconds: tuple[Fraction, Fraction] | None = None
    variable_frame_rate: bool | None = None
    bit_depth: int | None = None
    hdr: str | None = None
    audio: Sound | None = None

    @property
    def codec_name(self) -> str | None:
        """``HEVC 10-bit HLG``: the codec as people call it."""
        if self.codec is None:
            return None
        return picture_codec(self.codec, bit_depth=self.bit_depth, hdr=self.hdr)

    @property
    def display_orientation(self) -> str | None:
        """``portrait``, ``landscape`` or ``square``, as it is displayed."""
        return shape_of(self.display_size)
