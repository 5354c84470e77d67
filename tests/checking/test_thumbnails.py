"""Thumbnails stand upright, in the right colours, and small, whatever the file. Truth is ImageMagick's and ffmpeg's."""

from __future__ import annotations

import io
import json
import struct
import zlib
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from boxes import Box, find, parse, serialise
from PIL import Image

from preflight.checking.engine import Engine
from preflight.checking.options import Options
from preflight.model import Subject
from preflight.model.target import Media
from preflight.model.thumbnail import MOST_BYTES, MOST_SIDE, STRIP_BYTES, STRIP_FRAMES, STRIP_SIDE, Thumbnail
from preflight.sources.host import AllowedHost
from preflight.workers.thumbnail_picture import fitted
from tests.servers.lying import Server, serving
from tests.tools.probing import FIXTURES

CLIPS, PICTURES = FIXTURES / "clips", FIXTURES / "pictures"
TRUTH = [json.loads(line) for line in (FIXTURES / "thumbnails.jsonl").read_text("utf-8").splitlines()]
GRID = 8
FAR = 40
"""Largest mean difference of a channel, of 255: WebP blurs edges, and readers round colours differently."""
MOVED = 0xFF - 2 * FAR


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with Engine(Options(thumbnails=True, thorough=False)) as engine:
        yield engine


def subject_of(engine: Engine, path: Path | str) -> Subject:
    (subject,) = engine.check([Media(source=str(path))]).jobs[0].subjects
    return subject


def shown(engine: Engine, path: Path | str) -> Thumbnail:
    thumbnail = subject_of(engine, path).thumbnail
    assert thumbnail is not None
    return thumbnail


def decoded(thumbnail: Thumbnail) -> Image.Image:
    image: Image.Image = Image.open(io.BytesIO(thumbnail.data))
    assert image.format == "WEBP"
    assert image.size == (thumbnail.width, thumbnail.height)
    return image


def grid(image: Image.Image) -> list[int]:
    return list(image.convert("RGB").resize((GRID, GRID), Image.Resampling.BOX).tobytes())


def difference(one: Sequence[int], other: Sequence[int]) -> float:
    return sum(abs(a - b) for a, b in zip(one, other, strict=True)) / len(one)


@pytest.mark.parametrize("truth", TRUTH, ids=lambda truth: truth["path"])
def test_a_thumbnail_shows_what_other_tools_show(engine: Engine, truth: dict[str, Any]) -> None:
    thumbnail = shown(engine, FIXTURES / truth["path"])
    assert thumbnail.missing is None
    assert (thumbnail.width, thumbnail.height) == fitted(truth["width"], truth["height"], MOST_SIDE)
    assert len(thumbnail.data) <= MOST_BYTES
    assert difference(grid(decoded(thumbnail)), bytes.fromhex(truth["grid"])) < 12, truth["tool"]
    if "seconds" in truth:
        assert thumbnail.seconds == Fraction(truth["seconds"])


def test_the_orientations_differ_so_that_the_truth_can_tell_them_apart() -> None:
    grids = [bytes.fromhex(each["grid"]) for each in TRUTH if "orientation-1" in each["path"]]
    others = [bytes.fromhex(each["grid"]) for each in TRUTH if each["path"].endswith("rotated-90.mp4")]
    assert len(grids) == len(others) == 1
    by_name = {each["path"]: bytes.fromhex(each["grid"]) for each in TRUTH}
    assert difference(by_name["clips/fast-start.mp4"], by_name["thumbnails/mirrored.mp4"]) > FAR
    assert difference(by_name["clips/rotated-90.mp4"], by_name["clips/rotated-270.mp4"]) > FAR


def test_transparency_is_kept(engine: Engine) -> None:
    image = decoded(shown(engine, PICTURES / "rgba.png"))
    assert image.mode == "RGBA"
    assert image.getextrema()[3] != (255, 255)


@pytest.mark.parametrize("name", ["phone-hdr10.mp4", "phone-hevc-hlg.mov", "vp9-hlg.mp4", "hevc-pq-in-stream.mp4"])
def test_hdr_is_shown_within_the_limits(engine: Engine, name: str) -> None:
    subject = subject_of(engine, CLIPS / name)
    assert subject.thumbnail is not None
    image = decoded(subject.thumbnail)
    brightest = max(high for _, high in image.convert("RGB").getextrema())
    assert brightest > MOVED, "not washed out into grey, as HDR without its brightness curve is"
    assert len(subject.filmstrip) == STRIP_FRAMES


def test_a_picture_of_1_by_60000_is_shown_as_long_and_thin(engine: Engine, tmp_path: Path) -> None:
    path = tmp_path / "thin.png"
    Image.new("RGB", (1, 60_000), "red").save(path)
    thumbnail = shown(engine, path)
    assert (thumbnail.width, thumbnail.height) == (1, MOST_SIDE)


def test_grey_of_16_bits_keeps_its_brightness(engine: Engine, tmp_path: Path) -> None:
    path = tmp_path / "grey.png"
    Image.frombytes("I;16", (300, 300), struct.pack("<H", 0x8000) * 90_000).save(path)
    assert grid(decoded(shown(engine, path))) == pytest.approx([128] * 3 * GRID * GRID, abs=3)


def test_noise_is_made_to_fit(engine: Engine, tmp_path: Path) -> None:
    path = tmp_path / "noise.png"
    Image.effect_noise((640, 640), 200).convert("RGB").save(path)
    thumbnail = shown(engine, path)
    assert 0 < len(thumbnail.data) <= MOST_BYTES


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("40000-wide.png", "has 40000x40000 pixels"),
        ("html-named.png", "is not a picture"),
        ("zero-bytes.png", "is not a picture"),
        ("truncated-in-header.jpg", "is not a picture that can be decoded here"),
        ("psd.psd", "is not a picture that can be decoded here"),
    ],
)
def test_where_there_is_no_picture_there_is_a_reason(engine: Engine, name: str, reason: str) -> None:
    thumbnail = shown(engine, PICTURES / name)
    assert thumbnail.data == b""
    assert thumbnail.missing is not None
    assert reason in thumbnail.missing


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("encrypted-cenc.mp4", "is encrypted"),
        ("no-moov.mp4", "has no 'moov' box"),
        ("mdat-empty.mp4", "is cut short before the end of its first key frame"),
        ("stco-empty.mp4", "has no video track"),
        ("systems-stream.mp4", "has a codec that FFmpeg does not decode"),
        ("wmv.wmv", "of which no frame is decoded"),
        ("git-lfs-pointer.mp4", "is not a picture or a clip"),
    ],
)
def test_where_there_is_no_frame_there_is_a_reason(engine: Engine, name: str, reason: str) -> None:
    subject = subject_of(engine, CLIPS / name)
    assert subject.thumbnail is not None
    assert (subject.thumbnail.data, subject.filmstrip) == (b"", ())
    assert reason in (subject.thumbnail.missing or "")


def test_a_file_that_is_not_there_has_a_reason(engine: Engine, tmp_path: Path) -> None:
    assert shown(engine, tmp_path / "absent.mp4").missing == "cannot be read"


@pytest.mark.parametrize("name", ["truncated.jpg", "truncated.png", "bad-crc-gamma.png", "itxt-2-mib.png"])
def test_a_damaged_picture_is_shown_as_far_as_it_goes(engine: Engine, name: str) -> None:
    assert shown(engine, PICTURES / name).missing is None


def test_a_small_file_that_inflates_to_a_giant_is_refused_by_its_size(engine: Engine, tmp_path: Path) -> None:
    side = 12_000

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", side, side, 8, 6, 0, 0, 0)
    png = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(4 * side * 64)))
    path = tmp_path / "bomb.png"
    path.write_bytes(png + chunk(b"IEND", b""))
    assert "has 12000x12000 pixels" in (shown(engine, path).missing or "")


@pytest.mark.parametrize("name", ["12-seconds.mp4", "fragmented-15-seconds.mp4", "rotated-90.mp4"])
def test_a_local_clip_has_a_filmstrip_of_five_frames(engine: Engine, name: str) -> None:
    subject = subject_of(engine, CLIPS / name)
    video = subject.video
    assert video is not None
    length = video.durations.container
    assert length is not None
    strip = subject.filmstrip
    assert len(strip) == STRIP_FRAMES
    for number, frame in enumerate(strip):
        assert max(decoded(frame).size) <= STRIP_SIDE
        assert len(frame.data) <= STRIP_BYTES
        assert frame.seconds is not None
        assert number * length / STRIP_FRAMES <= frame.seconds <= (number + 1) * length / STRIP_FRAMES
    assert strip[0].width < strip[0].height if name == "rotated-90.mp4" else strip[0].width > strip[0].height  # type: ignore[operator]


def test_a_frame_of_a_filmstrip_is_the_one_of_its_second(engine: Engine) -> None:
    """Frames between key frames are decoded from the key frame before them: compared with all frames, in order."""
    from tests.support.pixels import frames_of  # noqa: PLC0415 - loads FFmpeg

    path = CLIPS / "12-seconds.mp4"
    known = {frame.at: frame.picture for frame in frames_of(path)}
    for frame in subject_of(engine, path).filmstrip:
        assert frame.seconds is not None
        assert difference(grid(decoded(frame)), grid(known[frame.seconds])) < 6
        others = [picture for at, picture in known.items() if abs(at - frame.seconds) > 2]
        assert min(difference(grid(decoded(frame)), grid(other)) for other in others) > 0.5


def test_a_clip_of_1000_tracks_costs_its_decoder_one(engine: Engine, tmp_path: Path) -> None:
    boxes = parse((CLIPS / "moov-after-mdat.mp4").read_bytes())
    moov = find(boxes, "moov")[0]
    trak = find(boxes, "moov/trak")[0]
    moov.children += [trak] * 998
    path = tmp_path / "tracks.mp4"
    path.write_bytes(serialise(boxes))
    thumbnail = shown(engine, path)
    assert (thumbnail.width, thumbnail.height, thumbnail.missing) == (320, 180, None)


class TestAtAUrl:
    """The requests and bytes of a thumbnail, by the server's own count."""

    @pytest.fixture
    def server(self, tmp_path: Path) -> Iterator[Server]:
        files = {
            "first.mp4": CLIPS / "fast-start.mp4",
            "far.mp4": CLIPS / "moov-far-after-mdat.mp4",
            "late.mp4": FIXTURES / "thumbnails" / "first-key-frame-late.mp4",
            "fragments.mp4": CLIPS / "fragmented.mp4",
            "plain.png": _large_picture(tmp_path / "large.png"),
            "head.mp4": _key_frame_far_away(tmp_path / "head.mp4"),
        }
        with serving({name: path.read_bytes() for name, path in files.items()}) as server:
            yield server

    def ask(self, server: Server, name: str, behaviour: str = "ok", **options: Any) -> tuple[Subject, int]:
        host, _, port = server.authority.rpartition(":")
        allow = (AllowedHost(host, int(port)),)
        before = len(server.log.requests)
        with Engine(Options(allow=allow, thorough=False, **options)) as engine:
            subject = subject_of(engine, server.url(behaviour, name))
        return subject, len(server.log.requests) - before

    @pytest.mark.parametrize("name", ["first.mp4", "far.mp4", "late.mp4", "fragments.mp4", "head.mp4", "plain.png"])
    def test_it_costs_at_most_one_more_request_and_changes_nothing_else(self, server: Server, name: str) -> None:
        plain, requests = self.ask(server, name)
        with_thumbnail, more = self.ask(server, name, thumbnails=True)
        assert with_thumbnail.thumbnail is not None
        assert with_thumbnail.thumbnail.missing is None
        assert with_thumbnail.filmstrip == ()
        assert more <= requests + 1
        assert with_thumbnail.transfer.requests == more
        assert (with_thumbnail.facts, with_thumbnail.receipt) == (plain.facts, plain.receipt)
        assert with_thumbnail.transfer.bytes >= plain.transfer.bytes

    def test_a_key_frame_far_away_is_fetched_alone(self, server: Server) -> None:
        plain, requests = self.ask(server, "head.mp4")
        subject, more = self.ask(server, "head.mp4", thumbnails=True)
        assert more == requests + 1
        assert 0 < subject.transfer.bytes - plain.transfer.bytes < 40_000

    def test_a_server_without_ranges_gives_what_comes_by(self, server: Server) -> None:
        subject, requests = self.ask(server, "first.mp4", "ignores-range", thumbnails=True)
        assert requests == 1
        assert subject.thumbnail is not None
        assert subject.thumbnail.missing is None

    def test_bytes_that_do_not_come_leave_the_facts(self, server: Server) -> None:
        subject, _ = self.ask(server, "head.mp4", "refuses-later-ranges", thumbnails=True)
        assert subject.facts is not None
        assert subject.fault is None

    def test_an_offline_check_says_so(self, server: Server) -> None:
        subject, requests = self.ask(server, "first.mp4", offline=True, thumbnails=True)
        assert requests == 0
        assert subject.thumbnail is not None
        assert subject.thumbnail.missing == "is not read by an offline check"


def _large_picture(path: Path) -> Path:
    Image.effect_noise((400, 400), 90).save(path)
    assert path.stat().st_size > 100_000
    return path


def _key_frame_far_away(path: Path) -> Path:
    """A fast-start clip whose first frame comes after 200 000 bytes of media."""
    boxes = parse((CLIPS / "fast-start.mp4").read_bytes())
    at = next(index for index, box in enumerate(boxes) if box.fourcc == "mdat")
    boxes.insert(at, Box("mdat", bytes(200_000)))
    path.write_bytes(serialise(boxes))
    return path
