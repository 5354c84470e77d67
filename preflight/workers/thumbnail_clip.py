"""Makes thumbnails of clips by FFmpeg (PyAV), in an isolated process that ``workers/mediainfo.py`` starts for it.

It runs in that process and under its limits, and imports nothing of the package. FFmpeg is told which container it
reads, so that no playlist can send it anywhere, and has given up opening anything before.
"""

from __future__ import annotations

from base64 import b64decode, b64encode  # noqa: F401 - loaded for the other script, while files can be opened
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from pkgutil import walk_packages
from typing import TYPE_CHECKING, Any, BinaryIO

if TYPE_CHECKING:
    from PIL import Image

_MOST_PIXELS = 8192 * 8192
_MOST_PACKETS = 2000
_HDR = (16, 18)
"""The brightness curves PQ and HLG (Rec. ITU-T H.273, table 3)."""
_TO_SDR = "out_transfer=bt709:out_primaries=bt709:out_color_matrix=bt709:out_range=tv:intent=saturation"
"""The other intents, made for whole clips, take FFmpeg ten seconds and more to prepare; this one half of one."""


def make_clip_thumbnailer(pictures: Mapping[str, Any]) -> Callable[[BinaryIO, Mapping[str, Any]], dict[str, Any]]:
    """Load everything that decoding opens. The result makes the thumbnail and the filmstrip of a clip, or says why not.

    ``pictures`` are the names of ``thumbnail_picture.py``.
    """
    pictures["make_thumbnailer"]()  # loads Pillow
    try:
        import av  # an extra
    except ImportError:
        return lambda _file, _wants: {"missing": "needs PyAV to be decoded: pip install 'media-preflight[fix]'"}
    for module in walk_packages(av.__path__, "av."):
        if not module.name.endswith(("__main__", "datasets")):
            import_module(module.name)
    av.logging.set_level(None)
    return lambda file, wants: pictures["answered"](lambda: _thumbnails(file, wants, pictures))


def _thumbnails(file: BinaryIO, wants: Mapping[str, Any], pictures: Mapping[str, Any]) -> dict[str, Any]:
    """The thumbnail in the keys of ``encoded``, and the filmstrip in ``frames``, each with the ``number`` of its
    sample."""
    frames: list[dict[str, Any]] = []
    answer: dict[str, Any] | None = None
    for number, image in _decoded(file, wants, pictures):
        if answer is None:
            answer = pictures["encoded"](image, wants["bytes"])
        if number in wants["frames"]:
            small = image.resize(pictures["fitted"](*image.size, wants["strip_side"]), reducing_gap=3.0)
            frames.append({"number": number, **pictures["encoded"](small, wants["strip_bytes"])})
    if answer is None:
        raise pictures["Refused"]("has a first key frame that does not decode")
    return {**answer, "frames": frames}


def _decoded(
    file: BinaryIO, wants: Mapping[str, Any], pictures: Mapping[str, Any]
) -> Iterator[tuple[int, Image.Image]]:
    """The first frame and those that are wanted, each with its number: small and upright."""
    import av  # loaded before

    try:
        clip = av.open(file, format=wants["container"], options={"protocol_whitelist": "", "enable_drefs": "0"})
    except av.FFmpegError as error:
        raise pictures["Refused"]("is not a clip that FFmpeg can read") from error
    with clip:
        if not clip.streams.video:
            raise pictures["Refused"]("has no video that FFmpeg finds")
        stream = clip.streams.video[0]
        context = stream.codec_context
        if context is None:
            raise pictures["Refused"]("has a codec that FFmpeg does not decode")
        context.thread_count = 1  # no further thread is allowed here
        draw = _Drawing(stream, wants, pictures)
        if context.width * context.height > _MOST_PIXELS:
            raise pictures["Refused"](f"has {context.width}x{context.height} pixels; {_MOST_PIXELS} are decoded")
        context.flags |= av.codec.context.Flags.output_corrupt
        wanted, seen = {0, *wants["frames"]}, False
        for frame in _frames(clip, stream, set(wants["starts"])):
            number = frame.pts or 0
            if not seen or number in wanted - {0}:
                seen = True
                yield number, draw.image(frame)
            if not wants["frames"]:
                return


def _frames(clip: Any, stream: Any, starts: set[int]) -> Iterator[Any]:
    """Frames in the order in which they are shown. At ``starts`` decoding begins again: samples before were left out.

    A packet that does not decode is passed over.
    """
    from av import FFmpegError  # loaded before

    context, number = stream.codec_context, 0
    for packet in clip.demux(stream):
        if packet.pts in starts and number:
            yield from _drained(context)
            context.flush_buffers()
        number += 1
        if packet.size == 0 or number > _MOST_PACKETS:
            break
        try:
            yield from context.decode(packet)
        except FFmpegError:
            continue
    yield from _drained(context)


def _drained(context: Any) -> list[Any]:
    from av import FFmpegError  # loaded before

    try:
        return list(context.decode(None))
    except (FFmpegError, EOFError):
        return []


class _Drawing:
    """Makes pictures of the frames of a clip. What FFmpeg prepares for that is kept from one frame to the next."""

    def __init__(self, stream: Any, wants: Mapping[str, Any], pictures: Mapping[str, Any]) -> None:
        self._stream = stream
        self._wants = wants
        self._pictures = pictures
        self._graph: Any = None
        self._made_for: tuple[Any, ...] = ()

    def image(self, frame: Any) -> Image.Image:
        """``frame`` with square pixels, in sRGB, small, and upright."""
        kind = (frame.width, frame.height, frame.format.name, frame.color_trc)
        if kind != self._made_for:
            self._graph, self._made_for = self._new_graph(frame), kind
        self._graph.push(frame)
        image = self._graph.pull().to_image()
        turned: Image.Image = self._pictures["turned"](image, _orientation(self._wants["matrix"] or _matrix_of(frame)))
        return turned

    def _new_graph(self, frame: Any) -> Any:
        from av.filter import Graph  # loaded before

        width, height = self._wants["shown"] or _shown_size(frame, self._stream)
        width, height = self._pictures["fitted"](width, height, self._wants["side"])
        steps = [("scale", f"{width}:{height}:flags=area"), ("format", "rgb24")]
        if frame.color_trc in _HDR:
            steps.insert(0, ("scale", _TO_SDR))
        graph = Graph()
        graph.threads = 1
        source = graph.add_buffer(
            template=self._stream,
            width=frame.width,
            height=frame.height,
            format=frame.format,
            time_base=self._stream.time_base,
        )
        graph.link_nodes(source, *(graph.add(*step) for step in steps), graph.add("buffersink")).configure()
        return graph


def _shown_size(frame: Any, stream: Any) -> tuple[int, int]:
    aspect = stream.sample_aspect_ratio or stream.codec_context.sample_aspect_ratio or 1
    return max(1, round(frame.width * aspect)) if 0 < aspect < 100 else frame.width, frame.height


def _matrix_of(frame: Any) -> tuple[int, int, int, int]:
    """The display matrix of a container other than MP4, from its angle: counter-clockwise degrees."""
    quarter = round(-frame.rotation / 90) % 4
    return ((1, 0, 0, 1), (0, 1, -1, 0), (-1, 0, 0, -1), (0, -1, 1, 0))[quarter]


def _orientation(matrix: tuple[int, int, int, int]) -> int:
    """EXIF's orientation for ``a b c d``, which maps (x, y) to (ax + cy, bx + dy): that of the nearest quarter."""
    a, b, c, d = matrix
    if abs(a) + abs(d) >= abs(b) + abs(c):
        return {(False, False): 1, (True, False): 2, (True, True): 3, (False, True): 4}[a < 0, d < 0]
    return {(False, False): 5, (False, True): 6, (True, True): 7, (True, False): 8}[b < 0, c < 0]
