"""The whole way: a photo and a phone clip that nobody accepts become a completed task, with one question in between."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from random import Random

import av
import pytest
from clips_phones import turned
from PIL import Image
from surgery import edit

from tests.servers.object_store import BUCKET, Bucket
from tests.support.command import KEY, PICTURE, preflight
from tests.support.service import Service, service
from tests.support.terminal import Conversation

BUDGET = 400
LIMIT_BYTES = 10 * 1000 * 1000
SECONDS = Fraction(31)
RATE = 10


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Service]:
    with service(tmp_path) as running:
        yield running


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """19 MB, in all its colours."""
    path = tmp_path / "photo.jpg"
    noise = Random(1).randbytes(2500 * 1850 * 3)
    Image.frombytes("RGB", (2500, 1850), noise).save(path, "JPEG", quality=100, subsampling=0)
    return path


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """31 s of HEVC, tagged ``hvc1``, turned, and every third frame late: a key frame a second."""
    path = tmp_path / "clip.mov"
    with av.open(str(path), "w", options={"movflags": "use_metadata_tags"}) as made:
        stream = made.add_stream("libx265", rate=RATE)
        stream.width, stream.height, stream.pix_fmt = 640, 360, "yuv420p"
        stream.codec_tag = "hvc1"
        stream.options = {"preset": "ultrafast", "crf": "45", "x265-params": "log-level=none:bframes=0:keyint=10"}
        stream.codec_context.time_base = Fraction(1, 600)
        for number in range(int(SECONDS) * RATE):
            frame = av.VideoFrame.from_image(Image.new("RGB", (640, 360), (number * 7 % 256, 90, 120)))
            frame.time_base = Fraction(1, 600)
            frame.pts = number * 600 // RATE + (12 if number % 3 == 1 else 0)
            made.mux(stream.encode(frame))
        made.mux(stream.encode())
    path.write_bytes(edit(turned(360))(path.read_bytes()))
    return path


def environment_of(sandbox: Service, store: Bucket) -> dict[str, str]:
    return store.environment | {
        "PREFLIGHT_API_KEY": KEY,
        "PREFLIGHT_API_URL": sandbox.url,
        "PREFLIGHT_ALLOW_HOST": "127.0.0.1",
        "PREFLIGHT_LEDGER": str(sandbox.folder / "ledger.db"),
    }


def probed(path: Path) -> tuple[str, int, Fraction, set[Fraction]]:
    """Codec tag, rotation, length of the longest clock, and the gaps between frames, as FFmpeg tells them."""
    with av.open(str(path)) as container:
        (video,) = container.streams.video
        tag = str(video.codec_context.codec_tag)
        rotation = round(next(container.decode(video)).rotation)
        assert container.duration is not None
        assert video.duration is not None
        assert video.time_base is not None
        length = max(Fraction(container.duration, av.time_base), video.duration * video.time_base)
    with av.open(str(path)) as container:
        times = sorted(packet.pts * packet.time_base for packet in container.demux(video=0) if packet.pts is not None)
    return tag, rotation, length, {after - before for before, after in pairwise(times)}


def test_a_large_photo_and_a_long_phone_clip_become_a_completed_task(
    sandbox: Service, store: Bucket, photo: Path, clip: Path
) -> None:
    before = probed(clip)
    assert (before[0], before[1] % 180, before[2] > 30, len(before[3]) > 1) == ("hvc1", 90, True, True)
    originals = [sha256(path.read_bytes()).hexdigest() for path in (photo, clip)]
    files = ["--image", "photo.jpg", "--video", "clip.mov", "--fix", "--upload", f"s3://{BUCKET}/jobs"]
    arguments = ["submit", *files, "--max-credits", str(BUDGET), "--wait"]
    with Conversation(*arguments, env=environment_of(sandbox, store), cwd=sandbox.folder) as talk:
        asked = talk.until("[y/N]")
        assert (asked.count("[y/N]"), sandbox.paid_requests) == (1, 0)
        talk.type("y\n")
        text, code = talk.end()
    assert (code, text.count("[y/N]"), sandbox.state["jobs_billed"]) == (0, 1, 1), text
    assert "completed  task" in text
    assert [sha256(path.read_bytes()).hexdigest() for path in (photo, clip)] == originals

    small, cut = sandbox.folder / "photo.fixed.jpg", sandbox.folder / "clip.fixed.mp4"
    assert 9_000_000 < small.stat().st_size <= LIMIT_BYTES
    with Image.open(small) as picture, Image.open(photo) as given:
        assert picture.size == given.size
    tag, rotation, length, _ = probed(cut)
    assert (tag, rotation) == before[:2]
    assert 12 <= length <= 13

    hashes = {sha256(path.read_bytes()).hexdigest() for path in (small, cut)}
    (price,) = re.findall(r"Submit and pay up to (\d+) credits", asked)
    assert Decimal(price) <= BUDGET
    assert set(asked.split()) >= hashes
    shown = sandbox.run("ledger", "show", "1", "--format", "json").json["entries"][0]
    assert {each["sha256"] for each in shown["receipts"]} == hashes
    held = {key.rpartition("/")[2].partition(".")[0] for key in store.held()}
    assert held == hashes

    again = preflight(*arguments[:-1], "--yes", cwd=sandbox.folder, env=environment_of(sandbox, store))
    assert (again.code, sandbox.paid_requests) == (1, 1)
    assert "already repaired: photo.fixed.jpg" in again.err
    assert "already repaired: clip.fixed.mp4" in again.err
    assert "already submitted" in again.err


def test_another_budget_does_not_replace_the_cut_of_the_first(sandbox: Service, store: Bucket, clip: Path) -> None:
    arguments = ["submit", "--image", PICTURE, "--video", clip, "--fix", "--dry-run", "--max-credits"]
    environment = environment_of(sandbox, store)
    missing = preflight(*arguments, "400", "--upload", "s3://b", cwd=sandbox.folder, env=environment)
    assert (missing.code, list(sandbox.folder.glob("*.fixed.*"))) == (2, [])  # said before anything is repaired
    preflight(*arguments, "400", cwd=sandbox.folder, env=environment)
    cut = (sandbox.folder / "clip.fixed.mp4").read_bytes()
    ran = preflight(*arguments, "300", cwd=sandbox.folder, env=environment)
    assert "clip.fixed.mp4 already exists; name it in place of the original, or move it away" in ran.err
    assert (sandbox.folder / "clip.fixed.mp4").read_bytes() == cut
