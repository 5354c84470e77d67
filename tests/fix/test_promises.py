"""What a repair keeps and where it cuts, as FFmpeg's libraries read it (PyAV), never our own probes."""

from __future__ import annotations

import io
import json
import shutil
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import NamedTuple

import av
import pytest
from PIL import Image

from preflight.fix import images
from preflight.fix.recipe import ImageRecipe
from tests.support.command import FIXTURES, Ran, here

CLIPS = FIXTURES / "clips"
PQ, HLG, BT709 = 16, 18, 1


class Seen(NamedTuple):
    """A clip as FFmpeg sees it; times in seconds."""

    tag: str
    transfer: int
    pixels: str
    rotation: int
    created: str | None
    length: Fraction
    picture: Fraction
    sound: Fraction | None
    codec: str
    gaps: set[Fraction]


def seen(path: Path) -> Seen:
    with av.open(str(path)) as clip:
        video = clip.streams.video[0]
        audio = clip.streams.audio[0] if clip.streams.audio else None
        frames = [frame for frame in clip.decode(video) if frame.pts is not None]
        times = [frame.pts * video.time_base for frame in frames if frame.pts is not None and video.time_base]
        assert clip.duration is not None
        assert video.duration is not None
        assert video.time_base is not None
        sound = None
        if audio is not None and audio.duration is not None and audio.time_base is not None:
            sound = audio.duration * audio.time_base
        return Seen(
            tag=str(video.codec_context.codec_tag),
            transfer=int(frames[0].color_trc),
            pixels=frames[0].format.name,
            rotation=int(frames[0].rotation),
            created=clip.metadata.get("creation_time"),
            length=Fraction(clip.duration, av.time_base),
            picture=video.duration * video.time_base,
            sound=sound,
            codec=video.codec_context.name,
            gaps={after - before for before, after in pairwise(times)},
        )


def put(folder: Path, name: str) -> Path:
    return Path(shutil.copy(CLIPS / name, folder))


def fix(path: Path, *arguments: str) -> Ran:
    return here("fix", path, *arguments, "--format", "json")


def result(path: Path) -> Path:
    return path.with_name(f"{path.stem}.fixed.mp4")


# ── What is kept ──────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", ["phone-hevc-hlg.mov", "phone-dolby-vision.mov"])
def test_a_copy_keeps_tag_colours_rotation_date_and_sound(tmp_path: Path, name: str) -> None:
    clip = put(tmp_path, name)
    before = seen(clip)
    assert (before.tag, before.transfer, before.rotation) == ("hvc1", HLG, -90)
    ran = fix(clip, "--length", "3.5")
    assert ran.code == 0, ran.err
    assert "no re-encoding" in ran.json["files"][0]["done"][0]
    after = seen(result(clip))
    assert after[:5] == before[:5]
    assert after.created == "2023-05-06T07:08:09.000000Z"
    assert after.sound is not None
    assert after.sound <= after.picture <= Fraction(7, 2)


def test_the_box_of_dolby_vision_is_kept(tmp_path: Path) -> None:
    clip = put(tmp_path, "phone-dolby-vision.mov")
    assert fix(clip, "--length", "3.5").code == 0
    assert clip.read_bytes().count(b"dvvC") == result(clip).read_bytes().count(b"dvvC") == 1


@pytest.mark.parametrize(("name", "tag"), [("hevc.mp4", "hvc1"), ("hev1.mp4", "hev1"), ("fast-start.mp4", "avc1")])
def test_a_codec_tag_is_carried_over(tmp_path: Path, name: str, tag: str) -> None:
    clip = put(tmp_path, name)
    assert fix(clip, "--start", "0.1").code == 0
    assert seen(result(clip)).tag == tag


def test_hevc_of_another_container_gets_the_tag_that_all_players_take(tmp_path: Path) -> None:
    clip = tmp_path / "dance.mkv"
    with av.open(str(CLIPS / "hev1.mp4")) as given, av.open(str(clip), "w") as made:
        stream = made.add_stream_from_template(given.streams.video[0], opaque=True)
        for packet in given.demux(given.streams.video[0]):
            if packet.size:
                packet.stream = stream
                made.mux(packet)
    assert fix(clip).code == 0
    assert seen(result(clip)).tag == "hvc1"


def test_hdr_stays_hdr_when_it_is_encoded_again_unless_sdr_is_asked_for(tmp_path: Path) -> None:
    clip = put(tmp_path, "phone-hdr10.mp4")
    assert fix(clip, "--start", "0.3", "--exact").code == 0
    kept = seen(result(clip))
    assert (kept.codec, kept.tag, kept.pixels, kept.transfer) == ("hevc", "hvc1", "yuv420p10le", PQ)
    assert fix(clip, "--also", "video-hdr", "--force").code == 0
    mapped = seen(result(clip))
    assert (mapped.codec, mapped.pixels, mapped.transfer) == ("h264", "yuv420p", BT709)


def test_notes_are_repaired_only_on_request(tmp_path: Path) -> None:
    deep, uneven = put(tmp_path, "mirrorless-10-bit.mov"), put(tmp_path, "phone-variable-rate.mp4")
    assert {file["state"] for path in (deep, uneven) for file in fix(path).json["files"]} == {"unchanged"}
    assert fix(deep, "--also", "video-bit-depth").code == 0
    assert seen(result(deep)).pixels == "yuv420p"
    assert len(seen(uneven).gaps) > 1
    assert fix(uneven, "--also", "video-variable-frame-rate").code == 0
    assert seen(result(uneven)).gaps == {Fraction(1, 30)}


def test_a_photo_that_is_too_large_becomes_the_best_jpeg_that_fits() -> None:
    photo = io.BytesIO()
    Image.effect_noise((900, 700), 60).convert("RGB").save(photo, "JPEG", quality=100, subsampling=0)
    noise = Image.open(photo).convert("RGB")
    sizes = {}
    for quality in (95, 92, 85):
        for subsampling in (0, 2):
            data = io.BytesIO()
            noise.save(data, "JPEG", quality=quality, subsampling=subsampling, optimize=True)
            sizes[quality, subsampling] = len(data.getvalue())
    for most, expected in (
        (sizes[95, 0], "quality 95"),
        (sizes[92, 0], "quality 92"),
        (sizes[85, 2], "quality 85, 4:2:0"),
    ):
        source, made = io.BytesIO(photo.getvalue()), io.BytesIO()
        outcome = images.write_picture(source, made, ImageRecipe(container="JPEG", max_bytes=most))
        assert outcome.done[-1] == f"encoded as JPEG of {expected}"
        assert len(made.getvalue()) <= most


def test_a_photo_full_of_detail_is_searched_like_any_other() -> None:
    """It has more bytes than pixels, for which Pillow's own buffer is too small."""
    photo, made = io.BytesIO(), io.BytesIO()
    noise = Image.frombytes("RGB", (600, 500), Random(1).randbytes(600 * 500 * 3))
    noise.save(photo, "JPEG", quality=100, subsampling=0)
    most = 2 * 600 * 500
    outcome = images.write_picture(io.BytesIO(photo.getvalue()), made, ImageRecipe(container="JPEG", max_bytes=most))
    assert outcome.done[-1] in {f"encoded as JPEG of quality {quality}" for quality in (92, 93, 94)}
    assert 600 * 500 < len(made.getvalue()) <= most


# ── The right seconds ─────────────────────────────────────────────────────────────────────────────────────────────


def test_a_part_begins_at_a_key_frame_where_one_is_near_and_says_how_far_off(tmp_path: Path) -> None:
    clip = put(tmp_path, "20-seconds.mp4")
    ran = fix(clip, "--start", "5.2", "--length", "10")
    assert ran.code == 0
    assert ran.json["files"][0]["done"][:2] == [
        "remuxed to fast-start MP4 (no re-encoding)",
        "cut from 5 s to 15 s; it begins 0.2 s earlier than asked for, at a key frame",
    ]
    made = seen(result(clip))
    assert made.picture == made.length == 10
    assert made.sound is not None
    assert made.sound <= 10


@pytest.mark.parametrize("options", [["--start", "4.2"], ["--start", "5.2", "--exact"]], ids=["needed", "asked-for"])
def test_a_part_is_encoded_where_no_key_frame_is_near_or_the_very_frame_is_asked_for(
    tmp_path: Path, options: list[str]
) -> None:
    clip = put(tmp_path, "20-seconds.mp4")
    ran = fix(clip, *options, "--length", "10")
    assert ran.code == 0
    done = ran.json["files"][0]["done"]
    assert done[0].startswith("picture encoded as H.264")
    assert ("the nearest key frame is 0.8 s off" in done[0]) is ("--exact" not in options)
    assert done[1] == f"cut from {options[1]} s to {float(options[1]) + 10:g} s"
    made = seen(result(clip))
    assert made.picture == made.length == 10


def test_frames_of_a_part_are_those_that_the_clip_shows_there(tmp_path: Path) -> None:
    clip = put(tmp_path, "20-seconds.mp4")
    assert fix(clip, "--start", "5.25", "--length", "4", "--exact").code == 0
    with av.open(str(clip)) as whole, av.open(str(result(clip))) as part:
        original = {frame.time: frame.to_ndarray(format="gray") for frame in whole.decode(video=0)}
        frames = [(frame.time, frame.to_ndarray(format="gray")) for frame in part.decode(video=0)]
    for time, picture in frames:
        assert time is not None
        at = max(each for each in original if each is not None and each <= time + 5.25 + 1e-3)
        apart = abs(picture.astype(int) - original[at].astype(int)).mean()
        assert apart < 3, (time, at)


@pytest.mark.parametrize(("budget", "mode", "longest"), [(200, "720p", 6), (200, "1080p", 5), (90, "720p", 3)])
def test_a_budget_buys_the_longest_part_whose_high_end_fits(
    tmp_path: Path, budget: int, mode: str, longest: int
) -> None:
    clip = put(tmp_path, "20-seconds.mp4")
    assert fix(clip, "--start", "5", "--max-credits", str(budget), "--mode", mode).code == 0
    assert seen(result(clip)).length == longest
    quote = here("check", result(clip), "--mode", mode, "--format", "json").json["jobs"][0]["quote"]
    assert int(quote["high"]) <= budget


BAD = {
    "beyond-the-end": (["--start", "25"], "it lasts 20 s, and the part would begin at 25 s"),
    "too-little-left": (["--start", "18.5"], "1.5 s are left, and the service takes 3 s or more"),
    "too-short": (["--length", "2"], "the part would last 2 s; the service takes 3 s to 30 s"),
    "too-long": (["--length", "31"], "the part would last 31 s; the service takes 3 s to 30 s"),
    "two-ends": (["--length", "5", "--end", "9"], "--length and --end both say where the part ends"),
    "backwards": (["--start", "3", "--end", "2"], "--end 2 does not come after --start 3"),
    "negative": (["--start", "-1"], "'-1' is not between 0 and"),
    "not-a-number": (["--start", "nan"], "'nan' is not between 0 and"),
    "too-little-money": (["--max-credits", "20"], "cost up to 90 credits in 720p; 20 credits are not enough"),
    "exact-what": (["--exact"], "--exact needs the part to cut"),
}


@pytest.mark.parametrize(("options", "message"), BAD.values(), ids=BAD)
def test_a_part_that_cannot_be_is_an_error_and_nothing_is_written(
    tmp_path: Path, options: list[str], message: str
) -> None:
    clip = put(tmp_path, "20-seconds.mp4")
    ran = here("fix", clip, *options)
    assert ran.code in (1, 2)
    assert message in " ".join((ran.out + ran.err).split())
    assert [path.name for path in tmp_path.iterdir()] == [clip.name]


def test_sound_never_makes_an_export_longer_than_its_picture(tmp_path: Path) -> None:
    clip = put(tmp_path, "editors-export.mp4")
    assert seen(clip).length > 10
    assert fix(clip, "--end", "10").code == 0
    made = seen(result(clip))
    assert made.length == made.picture == 10


# ── A job and a second run ────────────────────────────────────────────────────────────────────────────────────────

YAML = """\
# my job
model: kling-v3-motion-control   # the only one
input:
  mode: 1080p
  input_urls: [./webp.webp]  # the character
  video_urls:
    - '30.1-seconds.mp4'
"""
JOBS = {
    "job.yaml": YAML,
    "job.json": json.dumps(
        {
            "input": {"video_urls": ["30.1-seconds.mp4"], "input_urls": ["./webp.webp"]},
            "model": "kling-v3-motion-control",
        },
        indent=3,
    ),
    "jobs.jsonl": '{"model": "kling-v3-motion-control",  "input": {"input_urls": ["./webp.webp"], '
    '"video_urls": ["30.1-seconds.mp4"]}}\n' * 2,
    "jobs.csv": 'model,image,video,id\nkling-v3-motion-control,./webp.webp,"30.1-seconds.mp4","keep, this"\n'
    "kling-v3-motion-control,./webp.webp,30.1-seconds.mp4,x\n",
}


def expected(text: str) -> str:
    return text.replace("webp.webp", "webp.fixed.png").replace("30.1-seconds.mp4", "30.1-seconds.fixed.mp4")


@pytest.mark.parametrize(("name", "text"), JOBS.items(), ids=JOBS)
def test_a_job_is_copied_with_the_paths_of_its_repaired_files_and_nothing_else(
    tmp_path: Path, name: str, text: str
) -> None:
    put(tmp_path, "30.1-seconds.mp4")
    shutil.copy(FIXTURES / "pictures" / "webp.webp", tmp_path)
    job = tmp_path / name
    job.write_text(text)
    copy = job.with_name(f"{job.stem}.fixed{job.suffix}")
    ran = here("fix", job)
    assert ran.code == 0, ran.out
    assert f"wrote  {copy}" in ran.out
    assert copy.read_text() == expected(text)
    assert job.read_text() == text
    assert here("check", copy).code == 0
    again = here("fix", job)
    assert again.code == 0
    for each in (copy, tmp_path / "webp.fixed.png", tmp_path / "30.1-seconds.fixed.mp4"):
        assert f"already repaired: {each}" in again.out
    assert here("fix", job, "--format", "json").json["jobs"][0]["state"] == "already-fixed"


def test_a_job_copy_of_another_text_is_not_replaced(tmp_path: Path) -> None:
    shutil.copy(FIXTURES / "pictures" / "webp.webp", tmp_path)
    put(tmp_path, "12-seconds.mp4")
    job, copy = tmp_path / "job.yaml", tmp_path / "job.fixed.yaml"
    job.write_text(YAML.replace("30.1", "12"))
    copy.write_text("mine")
    ran = here("fix", job)
    assert ran.code == 1
    assert "job.fixed.yaml already exists; --force replaces it" in ran.out
    assert copy.read_text() == "mine"
    assert here("fix", job, "--force").code == 0
    assert "webp.fixed.png" in copy.read_text()


def test_a_result_that_is_older_than_its_source_is_not_taken_for_its_repair(tmp_path: Path) -> None:
    picture = Path(shutil.copy(FIXTURES / "pictures" / "webp.webp", tmp_path))
    assert here("fix", picture).code == 0
    picture.write_bytes((FIXTURES / "pictures" / "gif.gif").read_bytes())
    ran = here("fix", picture)
    assert "already repaired" not in ran.out
    assert ran.code == 1


def test_the_suggested_command_repairs_and_does_not_lead_back_to_the_finding(tmp_path: Path) -> None:
    clip = put(tmp_path, "20-seconds.mp4")
    report = here("check", clip, "--orientation", "image", "--strict").out
    (suggested,) = [line.partition("next: ")[2] for line in report.splitlines() if line.startswith("next: ")]
    words = suggested.partition("  #")[0].split()
    assert words[:2] == ["preflight", "fix"]
    assert {"--orientation", "image", "--strict"} <= set(words)
    assert here(*words[1:]).code == 0
    assert here("check", result(clip), "--orientation", "image", "--strict").code == 0
