"""Git LFS pointers: what is not fetched is neither good nor broken, and CI may leave it out."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.servers.lying import serving
from tests.support.command import CLIP, FIXTURES, PICTURE, check, here

POINTER = FIXTURES / "clips" / "git-lfs-pointer.mp4"


def test_a_pointer_on_this_machine_could_not_be_examined() -> None:
    ran = check(POINTER)
    assert (ran.code, ran.json["verdict"]) == (3, "indeterminate")
    assert ran.rules == {"not-fetched"}
    assert ran.finding("not-fetched")["fix"] == "git lfs pull --include=git-lfs-pointer.mp4"


def test_a_pointer_in_a_job_leaves_the_other_file_judged() -> None:
    ran = check("--image", FIXTURES / "pictures" / "webp-named.png", "--video", POINTER)
    assert (ran.code, ran.rules) == (1, {"not-fetched", "image-format", "type-mismatch"})


@pytest.mark.parametrize("name", ["two words.mp4", "it's.mp4", "-i.mp4", "a,b.mp4", "a[1].mp4", "a*.mp4"])
def test_the_command_names_the_file_where_git_lfs_can_be_told_its_name(name: str, tmp_path: Path) -> None:
    path = shutil.copy(POINTER, tmp_path / name)
    commands = {
        "two words.mp4": "git lfs pull --include='two words.mp4'",
        "it's.mp4": "git lfs pull --include='it'\"'\"'s.mp4'",
        "-i.mp4": "git lfs pull --include=-i.mp4",
    }
    assert check(path).finding("not-fetched")["fix"] == commands.get(name, "git lfs pull")


@pytest.mark.parametrize("offline", [[], ["--offline"]], ids=["online", "offline"])
def test_ignoring_the_rule_leaves_pointers_out(offline: list[str]) -> None:
    ran = check(POINTER, PICTURE, "--ignore", "not-fetched", *offline)
    assert (ran.code, ran.rules) == (0, set())


def test_ignoring_the_rule_keeps_what_else_is_wrong() -> None:
    ran = check(POINTER, FIXTURES / "clips" / "30.1-seconds.mp4", "--ignore", "not-fetched")
    assert (ran.code, ran.rules) == (1, {"video-too-long"})


def test_a_pointer_at_a_url_is_what_the_service_would_get() -> None:
    with serving({"dance.mp4": POINTER, "a.png": Path(PICTURE)}) as server:
        url = server.url("ok", "dance.mp4")
        job = ("--image", PICTURE, "--video", url, "--allow-host", server.authority)
        ran, ignored = check(*job), check(*job, "--ignore", "not-fetched")
    assert (ran.code, ran.finding("not-fetched")["severity"]) == (1, "error")
    assert ran.finding("not-fetched")["fix"] == "git lfs pull --include=dance.mp4, then upload the file itself"
    assert ignored.code == 3, "what the service would get was not examined"


@pytest.mark.parametrize("suffix", [".yaml", ".json", ".csv", ".jsonl"])
def test_a_job_file_that_was_not_fetched_is_named_as_such(suffix: str, tmp_path: Path) -> None:
    path = shutil.copy(POINTER, tmp_path / f"jobs{suffix}")
    ran = check(path)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.endswith("not fetched: this is a Git LFS pointer; run: git lfs pull\n")
    assert here("check", "--jobs-only", path).code == 0, "a hook cannot know that it is a job"


def test_a_clip_that_is_there_says_nothing_of_git_lfs() -> None:
    assert check(CLIP).rules == set()
