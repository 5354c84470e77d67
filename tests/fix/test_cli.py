"""``preflight fix`` as a user meets it: names, places, exit codes, what it says."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import av
import pytest
from PIL import Image

from tests.support.command import CLIP, PICTURE, Ran, checked, environment, here
from tests.tools.probing import FIXTURES

PICTURES, CLIPS = FIXTURES / "pictures", FIXTURES / "clips"


def hold(folder: Path, *names: str) -> list[Path]:
    """Copies of fixtures in ``folder``."""
    held = []
    for name in names:
        origin = PICTURES / name if (PICTURES / name).exists() else CLIPS / name
        held.append(Path(shutil.copyfile(origin, folder / name)))
    return held


def fix(*arguments: str | Path) -> Ran:
    return here("fix", "--format", "json", *arguments)


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def listing(folder: Path) -> dict[str, str]:
    return {path.name: digest(path) for path in folder.rglob("*") if path.is_file()}


def test_a_repaired_file_stands_beside_the_old_one(tmp_path: Path) -> None:
    (clip,) = hold(tmp_path, "matroska.mkv")
    before = digest(clip)
    ran = fix(clip)
    (file,) = ran.json["files"]
    assert (ran.code, ran.json["schema"], file["state"]) == (0, "preflight.fix/v1", "fixed")
    assert file["target"] == str(tmp_path / "matroska.fixed.mp4")
    assert (file["steps"], file["repaired"], file["findings"]) == (["rewrap"], ["video-container"], [])
    assert digest(clip) == before
    assert sorted(listing(tmp_path)) == ["matroska.fixed.mp4", "matroska.mkv"]


def test_what_is_in_order_is_left_alone() -> None:
    ran = fix(PICTURE, CLIP)
    assert ran.code == 0
    assert [file["state"] for file in ran.json["files"]] == ["unchanged", "unchanged"]


def test_nothing_is_written_over_another_file_unless_forced(tmp_path: Path) -> None:
    (picture,) = hold(tmp_path, "webp.webp")
    taken = tmp_path / "webp.fixed.png"
    taken.write_bytes(b"mine")
    ran = fix(picture)
    assert ran.code == 1
    assert "already exists; --force replaces it" in ran.json["files"][0]["reason"]
    assert taken.read_bytes() == b"mine"
    assert fix("--force", picture).code == 0
    assert taken.read_bytes().startswith(b"\x89PNG")


def test_in_place_the_file_itself_is_replaced_and_stays_as_readable_as_it_was(tmp_path: Path) -> None:
    (clip,) = hold(tmp_path, "fragmented.mp4")
    clip.chmod(0o640)
    ran = fix("--in-place", clip)
    assert (ran.code, ran.json["files"][0]["target"]) == (0, str(clip))
    assert list(listing(tmp_path)) == ["fragmented.mp4"]
    assert stat.S_IMODE(clip.stat().st_mode) == 0o640
    assert here("check", "--strict", clip).code == 0


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("webp-named.png", "webp-named.png"),
        ("heic-named.jpg", "heic-named.jpg"),
        ("png-named.jpg", "png-named.png"),
        ("webp.webp", "webp.png"),
        ("fragmented-with-mehd.mp4", "fragmented-with-mehd.mp4"),
    ],
)
def test_in_place_a_name_that_cannot_be_true_is_not_used_and_its_file_is_kept(
    name: str, target: str, tmp_path: Path
) -> None:
    (given,) = hold(tmp_path, name)
    before = digest(given)
    ran = fix("--in-place", given)
    assert ran.code == 0
    assert ran.json["files"][0]["target"] == str(tmp_path / target)
    assert set(listing(tmp_path)) == {name, target}
    assert (digest(given) == before) is (name != target)
    assert here("check", tmp_path / target).code == 0


def test_in_place_a_link_stays_a_link(tmp_path: Path) -> None:
    (clip,) = hold(tmp_path, "fragmented.mp4")
    link = tmp_path / "link.mp4"
    link.symlink_to(clip)
    assert fix("--in-place", link).code == 0
    assert link.is_symlink()
    assert here("check", "--strict", clip).code == 0


def test_diff_says_what_would_be_done_and_writes_nothing(tmp_path: Path) -> None:
    given = hold(tmp_path, "webp.webp", "fragmented.mp4", "plain.png")
    before = listing(tmp_path)
    ran = here("fix", "--diff", *given)
    assert ran.code == 1
    assert ran.out.splitlines() == [
        f"would fix  {given[0]} → {tmp_path}/webp.fixed.png",
        "  convert it to PNG, or to JPEG where a PNG would be too large",
        f"would fix  {given[1]} → {tmp_path}/fragmented.fixed.mp4",
        "  remux its fragments to fast-start MP4 (no re-encoding)",
        f"nothing to fix  {given[2]}",
        "1 nothing to fix, 2 would fix",
    ]
    assert listing(tmp_path) == before


def test_what_changes_the_picture_is_done_only_where_it_is_asked_for(tmp_path: Path) -> None:
    (picture,) = hold(tmp_path, "299-wide.png")
    ran = here("fix", picture)
    assert ran.code == 1
    assert "--unsafe would enlarge it" in ran.out
    assert list(listing(tmp_path)) == ["299-wide.png"]
    assert here("fix", "--unsafe", picture).code == 0
    assert here("check", "--strict", tmp_path / "299-wide.fixed.png").code == 0


def test_a_file_that_nothing_repairs_is_said_with_what_helps(tmp_path: Path) -> None:
    (pointer,) = hold(tmp_path, "git-lfs-pointer.mp4")
    ran = here("fix", "--unsafe", pointer)
    assert ran.code == 3
    assert any(line.startswith("    fix: git lfs pull") for line in ran.out.splitlines())


def test_strict_keeps_nothing_that_would_still_warn(tmp_path: Path) -> None:
    (clip,) = hold(tmp_path, "webm.webm")
    ran = here("fix", "--strict", clip)
    assert ran.code == 1
    assert "the result was not kept, because it does not pass: video-codec" in ran.out
    assert list(listing(tmp_path)) == ["webm.webm"]
    assert here("fix", "--strict", "--unsafe", clip).code == 0
    assert here("check", "--strict", tmp_path / "webm.fixed.mp4").code == 0


def test_the_local_files_of_a_job_are_repaired_for_its_orientation_and_the_job_is_not_touched(tmp_path: Path) -> None:
    hold(tmp_path, "webp.webp", "12-seconds.mp4")
    job = tmp_path / "job.yaml"
    job.write_text(
        "# which picture?\nmodel: kling-v3-motion-control\ninput:\n  character_orientation: image\n"
        "  input_urls: [webp.webp]\n  video_urls: [12-seconds.mp4]\n"
    )
    before = digest(job)
    ran = fix(job)
    assert ran.code == 0
    files = ran.json["files"]
    assert [(file["field"], file["line"], Path(file["target"]).name) for file in files] == [
        ("input.input_urls[0]", 5, "webp.fixed.png"),
        ("input.video_urls[0]", 6, "12-seconds.fixed.mp4"),
    ]
    assert digest(job) == before
    assert here("check", "--strict", "--orientation", "image", files[1]["target"]).code == 0


def test_a_url_is_refused_on_the_command_line_and_could_not_be_told_of_in_a_job(tmp_path: Path) -> None:
    ran = here("fix", "https://example.com/dance.mkv?X-Amz-Signature=CANARY5c1f")
    assert ran.code == 2
    assert "only local files can be repaired" in ran.err
    job = tmp_path / "job.yaml"
    job.write_text(
        f"model: kling-v3-motion-control\ninput:\n  input_urls: [{PICTURE}]\n"
        "  video_urls: ['https://example.com/dance.mkv?X-Amz-Signature=CANARY5c1f']\n"
    )
    ran = here("fix", job)
    assert ran.code == 3
    assert "it is at a URL: download it, fix the copy, and upload that" in ran.out


def test_a_folder_is_walked_and_a_file_named_twice_is_repaired_once(tmp_path: Path) -> None:
    (picture, _) = hold(tmp_path, "webp.webp", "fragmented.mp4")
    ran = fix(tmp_path, picture)
    assert ran.code == 0
    assert [Path(file["target"]).name for file in ran.json["files"]] == ["fragmented.fixed.mp4", "webp.fixed.png"]


@pytest.mark.parametrize("arguments", [[], ["no-such-file.mp4"]], ids=["none", "missing"])
def test_nothing_to_look_at_is_a_usage_error(arguments: list[str]) -> None:
    assert here("fix", *arguments).code == 2


def test_an_empty_folder_is_nothing_to_fix(tmp_path: Path) -> None:
    ran = here("fix", tmp_path)
    assert (ran.code, "nothing to fix" in ran.err) == (2, True)


def test_a_file_that_cannot_be_read_is_could_not_tell(tmp_path: Path) -> None:
    (tmp_path / "pipe.mp4").mkdir()
    os.mkfifo(tmp_path / "clip.mp4")
    ran = here("fix", tmp_path / "clip.mp4")
    assert ran.code == 3
    assert ran.out.startswith("indeterminate  ")


def test_a_row_of_a_manifest_that_cannot_be_read_does_not_stop_the_others(tmp_path: Path) -> None:
    hold(tmp_path, "webp.webp")
    rows = tmp_path / "jobs.jsonl"
    good = '{"model": "kling-v3-motion-control", "input": {"input_urls": ["webp.webp"], "video_urls": []}}'
    rows.write_text(f"{{\n{good}\n")
    ran = fix(rows)
    assert ran.code == 3
    assert [(file["state"], file["line"]) for file in ran.json["files"]] == [("unexamined", 1), ("fixed", 2)]


@pytest.mark.parametrize(("library", "name"), [("av", "fragmented.mp4"), ("pillow_heif", "heic.heic")])
@pytest.mark.parametrize("option", ["--unsafe", "--diff"])
def test_without_the_extra_the_message_says_what_to_install(
    library: str, name: str, option: str, tmp_path: Path
) -> None:
    hold(tmp_path, name)
    script = f"""
import sys
sys.modules[{library!r}] = None
from preflight.cli import main
main(["fix", {option!r}, {name!r}])
"""
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, env=environment(), capture_output=True, text=True, check=False
    )
    ran = checked([], Ran(code=done.returncode, out=done.stdout, err=done.stderr))
    assert ran.code == 2
    assert "pip install 'media-preflight[fix]'" in ran.out
    assert list(listing(tmp_path)) == [name]


def test_each_file_is_a_line_of_json_lines(tmp_path: Path) -> None:
    given = hold(tmp_path, "webp.webp", "plain.png")
    ran = here("fix", "--format", "jsonl", *given)
    assert ran.out.count("\n") == 2


def test_checking_loads_no_library_that_only_repairs() -> None:
    code = (
        "import sys\nfrom preflight.cli.run import run\n"
        f"run(['check', '-q', {PICTURE!r}])\nrun(['fix', '-q', {PICTURE!r}])\n"
        "print(*(set(sys.modules) & {'av', 'pillow_heif', 'httpx2', 'pymediainfo'}))"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True, env=environment()).strip() == ""


COLLIDING = ("ok.heic", "ok.webp", "ok.png")


def colliding(folder: Path) -> list[Path]:
    origins = ("heic.heic", "webp.webp", "webp-named.png")
    return [
        Path(shutil.copyfile(PICTURES / origin, folder / name)) for origin, name in zip(origins, COLLIDING, strict=True)
    ]


@pytest.mark.parametrize("force", [[], ["--force"]], ids=["plain", "forced"])
def test_no_result_of_a_run_takes_the_name_of_another(force: list[str], tmp_path: Path) -> None:
    given = colliding(tmp_path)
    named = ["ok.fixed.png", "ok.webp.fixed.png", "ok.png.fixed.png"]
    for _ in range(1 + len(force)):  # a run that is forced replaces what the last one wrote, and nothing else
        planned = [Path(file["target"]).name for file in fix("--diff", *force, *given).json["files"]]
        ran = fix(*force, *given)
        assert ran.code == 0
        assert [Path(file["target"]).name for file in ran.json["files"]] == planned == named
    assert set(listing(tmp_path)) == {*COLLIDING, *named}
    assert digest(tmp_path / named[0]) != digest(tmp_path / named[1])


def test_in_place_no_result_of_a_run_takes_the_name_of_another(tmp_path: Path) -> None:
    given = colliding(tmp_path)[:2]
    ran = fix("--in-place", "--force", *given)
    assert [Path(file["target"]).name for file in ran.json["files"]] == ["ok.png", "ok.webp.png"]


def test_a_file_that_is_replaced_for_one_orientation_is_not_replaced_again_for_another(tmp_path: Path) -> None:
    (clip,) = hold(tmp_path, "30.1-seconds.mp4")
    head, tail = "model: kling-v3-motion-control\ninput:\n  character_orientation: ", f"\n  video_urls: [{clip.name}]\n"
    jobs = []
    for orientation in ("video", "image"):
        jobs.append(tmp_path / f"{orientation}.yaml")
        jobs[-1].write_text(f"{head}{orientation}{tail}")
    ran = here("fix", "--in-place", *jobs)
    assert ran.code == 1
    assert "this run already wrote it" in ran.out
    assert here("check", "--orientation", "video", clip).code == 0


@pytest.mark.parametrize("name", ["", "  "], ids=["nothing", "blanks"])
def test_an_empty_name_is_not_the_current_folder(name: str, tmp_path: Path) -> None:
    hold(tmp_path, "webp.webp")
    done = subprocess.run(
        [sys.executable, "-m", "preflight", "fix", name, "--in-place"],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, "a name is empty" in done.stderr) == (2, True)
    assert list(listing(tmp_path)) == ["webp.webp"]


def stored(folder: Path) -> Path:
    """A good PNG that is larger than what a check decodes."""
    path = folder / "big.png"
    Image.linear_gradient("L").resize((3400, 3400)).convert("RGB").save(path, compress_level=0)
    assert path.stat().st_size > 32 << 20
    return path


def test_a_picture_that_is_too_large_to_be_decoded_is_repaired_and_not_called_corrupt(tmp_path: Path) -> None:
    big = stored(tmp_path)
    ran = here("check", "--deep", big)
    assert ran.code == 1
    assert "the picture was not decoded, because it is larger than the 32 MiB" in ran.out
    assert "again" not in ran.out
    assert "encode it again, as JPEG of quality 75 or more if necessary" in here("fix", "--diff", big).out
    ran = fix(big)
    (file,) = ran.json["files"]
    assert (ran.code, file["state"], file["findings"]) == (0, "fixed", [])
    assert here("check", "--deep", "--strict", tmp_path / "big.fixed.png").code == 0


def filmed(folder: Path, name: str, codec: str, *, size: tuple[int, int] = (640, 360)) -> Path:
    """A clip of four seconds in the container that its name says, with one codec."""
    path = folder / name
    with av.open(str(path), "w") as clip:
        stream = clip.add_stream(codec, rate=10)
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        for _ in range(40):
            clip.mux(stream.encode(av.VideoFrame(*size, "yuv420p")))
        clip.mux(stream.encode(None))
    return path


def test_diff_does_not_promise_to_move_what_mp4_does_not_hold(tmp_path: Path) -> None:
    clip = filmed(tmp_path, "vp8.webm", "libvpx")
    for option in ("--diff", "--quiet"):
        assert here("fix", option, clip).code == 1
    ran = here("fix", "--diff", clip)
    assert ran.out.startswith("not fixed  ")
    assert "--unsafe would encode it as H.264" in ran.out
    assert "untouched" not in ran.out
    assert fix("--unsafe", clip).code == 0


@pytest.mark.parametrize("name", ["animated.gif", "animated.webp"])
def test_diff_knows_of_the_choice_between_pictures(name: str, tmp_path: Path) -> None:
    (picture,) = hold(tmp_path, name)
    planned, ran = fix("--diff", picture), fix(picture)
    assert planned.json == ran.json
    assert "--unsafe takes the first" in planned.json["files"][0]["reason"]
    assert list(listing(tmp_path)) == [name]
    assert fix("--diff", "--unsafe", picture).json["files"][0]["state"] == "would-fix"


@pytest.mark.parametrize(("name", "codec"), [("clip.avi", "mpeg4"), ("clip.webm", "libvpx-vp9")], ids=["avi", "webm"])
def test_one_unsafe_run_leaves_nothing_that_another_would_repair(name: str, codec: str, tmp_path: Path) -> None:
    clip = filmed(tmp_path, name, codec)
    assert fix("--diff", "--unsafe", clip).json["files"][0]["steps"] == ["recode"]
    (file,) = fix("--unsafe", clip).json["files"]
    assert (file["state"], file["findings"]) == ("fixed", [])
    assert here("check", "--strict", tmp_path / "clip.fixed.mp4").code == 0


def test_what_only_a_result_shows_is_repaired_in_the_same_run(tmp_path: Path) -> None:
    """A check does not read the size of a picture behind more boxes than it walks over; Pillow does."""
    picture = tmp_path / "small.jp2"
    Image.linear_gradient("L").convert("RGB").save(picture)
    data = picture.read_bytes()
    start = data.index(b"ftyp") - 4
    end = start + int.from_bytes(data[start : start + 4])
    picture.write_bytes(data[:end] + 2000 * b"\0\0\0\x08free" + data[end:])
    assert "image-too-small" in fix(picture).json["files"][0]["reason"]
    (file,) = fix("--unsafe", picture).json["files"]
    assert (file["state"], file["steps"], file["findings"]) == ("fixed", ["convert", "enlarge"], [])


def test_what_could_not_be_told_is_not_called_an_error(tmp_path: Path) -> None:
    (picture,) = hold(tmp_path, "40000-wide.png")
    assert "  indeterminate: image-corrupt: " in here("fix", picture).out


def test_a_job_with_its_files_in_each_others_place_is_told_to_exchange_them(tmp_path: Path) -> None:
    shutil.copy(CLIP, tmp_path / "dance.mp4")
    shutil.copy(PICTURE, tmp_path / "photo.jpg")
    job = tmp_path / "job.yaml"
    job.write_text("model: kling-v3-motion-control\ninput: {input_urls: [dance.mp4], video_urls: [photo.jpg]}\n")
    ran = fix(job, "--unsafe")
    assert (ran.code, ran.out.count("exchange the two in the job")) == (1, 2)
    assert "fix: ffmpeg" not in ran.out, "a frame of the clip is not what the job is about"
    assert {path.name for path in tmp_path.iterdir()} == {"dance.mp4", "photo.jpg", "job.yaml"}
    job.write_text("model: kling-v3-motion-control\ninput: {input_urls: [dance.mp4], video_urls: [dance.mp4]}\n")
    assert "exchange" not in fix(job).out
