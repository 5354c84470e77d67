"""Pointers: what is not fetched is neither good nor broken, and CI may leave it out. And attributes kept by macOS."""

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


CLIPS = FIXTURES / "clips"
LFS, CONFLICT = "Git LFS pointer", "Git LFS pointer with a merge conflict"
KEY = "SHA256E-s12345--4d7a.mp4"
IN_STORE = f"annex/objects/zJ/1v/{KEY}/{KEY}"


@pytest.mark.parametrize(
    ("name", "pointer", "command"),
    [
        ("hawser-pointer.mp4", LFS, "git lfs pull --include=dance.mp4"),
        ("lfs-pointer-with-extension.mp4", LFS, "git lfs pull --include=dance.mp4"),
        ("lfs-pointer-in-conflict.mp4", CONFLICT, "git checkout --theirs dance.mp4 (or --ours), then git lfs pull"),
        ("lfs-pointers-in-conflict.mp4", CONFLICT, "git checkout --theirs dance.mp4 (or --ours), then git lfs pull"),
        ("annex-pointer.mp4", "git-annex pointer", "git annex get dance.mp4"),
        ("annex-link-as-text.mp4", "git-annex pointer", "git annex get dance.mp4"),
        ("git-fat-pointer.mp4", "git-fat pointer", "git fat pull"),
        ("dvc-pointer.mp4", "DVC pointer", "dvc pull dance.mp4"),
    ],
)
def test_every_pointer_is_named_with_the_command_that_fetches_its_file(
    name: str, pointer: str, command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(CLIPS / name, tmp_path / "dance.mp4")
    monkeypatch.chdir(tmp_path)
    ran = check("dance.mp4")
    assert (ran.code, ran.rules) == (3, {"not-fetched"})
    assert ran.finding("not-fetched")["measured"] == pointer
    assert ran.finding("not-fetched")["fix"].startswith(command)


@pytest.mark.parametrize(
    "text",
    [
        b"version http://git-media.io/v/2\noid sha256:4d7a\nsize 1\n",
        b"\xef\xbb\xbfversion https://git-lfs.github.com/spec/v1\r\noid sha256:4d7a\r\nsize 1\r\n",
        b"<<<<<<< ours\noid sha256:4d7a\nsize 1\n=======\noid sha256:a7d4\nsize 2\n>>>>>>> theirs\n",
        f"\\annex\\objects\\{KEY}\n".encode(),
        f".git/{IN_STORE}".encode(),
        f"../../.git/modules/assets/{IN_STORE}\n".encode(),
        f"/annex/objects/{KEY}\nwith a second line\n".encode(),
    ],
)
def test_other_spellings_of_pointers_are_pointers(text: bytes, tmp_path: Path) -> None:
    (tmp_path / "dance.mp4").write_bytes(text)
    assert check(tmp_path / "dance.mp4").rules == {"not-fetched"}


@pytest.mark.parametrize(
    "text",
    [
        b"a text about /annex/objects/ and git-annex\n",
        b"<<<<<<< ours\nany text\n=======\nany other\n>>>>>>> theirs\n",
        b"version 2 of https://git-lfs.github.com/spec/\n",
        b"outs: none\n",
        b"annex/objects\n",
    ],
)
def test_other_texts_are_no_pointers(text: bytes, tmp_path: Path) -> None:
    (tmp_path / "dance.mp4").write_bytes(text)
    assert check(tmp_path / "dance.mp4").rules == {"not-media"}


@pytest.mark.parametrize("target", [f".git/{IN_STORE}", f"../.git/{IN_STORE}", f"/srv/repository/.git/{IN_STORE}"])
def test_a_link_into_the_store_of_git_annex_is_a_pointer_where_it_leads_nowhere(target: str, tmp_path: Path) -> None:
    (tmp_path / "dance.mp4").symlink_to(target)
    for named in (tmp_path / "dance.mp4", tmp_path):
        ran = check(named)
        assert (ran.code, ran.rules) == (3, {"not-fetched"})


def test_a_link_that_leads_elsewhere_is_no_pointer(tmp_path: Path) -> None:
    (tmp_path / "dance.mp4").symlink_to("nowhere.mp4")
    assert check(tmp_path / "dance.mp4").code == 2
    (tmp_path / "dance.mp4").unlink()
    (tmp_path / "annex" / "objects").mkdir(parents=True)
    shutil.copy(CLIP, tmp_path / "annex" / "objects" / KEY)
    (tmp_path / "dance.mp4").symlink_to(f"annex/objects/{KEY}")
    assert check(tmp_path / "dance.mp4").rules == set(), "a file that was fetched is read"


def test_a_job_file_that_git_annex_has_not_fetched_is_named_as_such(tmp_path: Path) -> None:
    (tmp_path / "jobs.yaml").symlink_to(f".git/{IN_STORE}")
    ran = check(tmp_path / "jobs.yaml")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.endswith("not fetched: this is a git-annex pointer; run: git annex get .\n")


def test_what_macos_leaves_beside_files_is_passed_over_in_folders(tmp_path: Path) -> None:
    shutil.copy(CLIP, tmp_path / "dance.mp4")
    for name in ("._dance.mp4", "__MACOSX/._dance.mp4", "__MACOSX/dance.mp4", "in/._a.png", "in/__MACOSX/b.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(CLIPS / "apple-double.mp4", tmp_path / name)
    assert [Path(job["path"]).name for job in check(tmp_path).json["jobs"]] == ["dance.mp4"]


def test_a_real_clip_under_such_a_name_is_looked_at(tmp_path: Path) -> None:
    shutil.copy(CLIP, tmp_path / "._dance.mp4")
    assert len(check(tmp_path).json["jobs"]) == 1


@pytest.mark.parametrize(
    ("name", "fix"),
    [("._dance.mp4", "use dance.mp4"), ("._a.png", "use a.png"), ("dance.mp4", "use the file that it belongs to")],
)
def test_what_macos_leaves_beside_files_is_named_where_it_is_given(name: str, fix: str, tmp_path: Path) -> None:
    shutil.copy(CLIPS / "apple-double.mp4", tmp_path / name)
    ran = check(tmp_path / name)
    assert (ran.code, ran.rules) == (1, {"not-media"})
    assert "attributes that macOS keeps beside a file" in ran.finding("not-media")["message"]
    assert ran.finding("not-media")["fix"] == fix
