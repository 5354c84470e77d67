"""A difference examines the files that it touches, however many the repository has."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.servers.lying import serving
from tests.support.changed_repository import MEDIA, SECONDS, Worktree, body, clip, picture
from tests.support.command import FIXTURES, preflight
from tests.support.hook_runs import ROOT, git
from tests.support.jobs import MODEL

_OPENS = """
import sys
opened = []
sys.addaudithook(lambda event, given: opened.append(str(given[0])) if event == "open" else None)
from preflight.cli.run import run
code = run(["diff", *sys.argv[1:], "--output", "difference.txt"])
print("\\n".join(sorted(set(opened))))
"""


def opened(folder: Path, *arguments: str) -> list[str]:
    """The names of the media, and of the copies of Git's blobs, that a difference opens."""
    done = subprocess.run(
        [sys.executable, "-c", _OPENS, *arguments], cwd=folder, env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
        capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    names = {Path(line) for line in done.stdout.splitlines()}
    in_tree = {path for path in names if path.suffix in (".mp4", ".png")}
    return sorted(map(str, in_tree | {path for path in names if "preflight-" in str(path.parent) and not path.suffix}))


@pytest.fixture
def tree(tmp_path: Path) -> Worktree:
    tree = Worktree(tmp_path)
    for number in range(MEDIA):
        tree.write(f"media/clips/{number:03}.mp4", clip(SECONDS[number % 6], number))
    tree.write("media/pictures/000.png", picture(0))
    return tree


def test_five_changed_clips_are_ten_files(tree: Worktree) -> None:
    tree.commit("Before")
    for number in range(5):
        tree.write(f"media/clips/{number:03}.mp4", clip("20", 1000 + number))
    assert len(opened(tree.folder, "HEAD")) == 10
    tree.commit("After")
    assert len(opened(tree.folder, "HEAD~", "HEAD")) == 10


def test_a_file_that_both_sides_have_is_examined_once(tree: Worktree) -> None:
    for number in range(100):
        made = body(number)
        made["input"] |= {"input_urls": ["../media/pictures/000.png"]}  # type: ignore[operator]
        tree.job(f"jobs/{number:03}.json", made)
    tree.commit("Before")
    for number in range(5):
        tree.write(f"media/clips/{number:03}.mp4", clip("20", 1000 + number))
    assert len(opened(tree.folder, "HEAD")) == 11  # the picture of all five jobs, too
    tree.commit("After")
    assert len(opened(tree.folder, "HEAD~", "HEAD")) == 11


def test_a_url_of_both_sides_is_read_once(tmp_path: Path) -> None:
    tree = Worktree(tmp_path)
    media = {"a.png": FIXTURES / "pictures/plain.png", "b.mp4": FIXTURES / "clips/12-seconds.mp4"}
    with serving(media) as server:
        files = {"input_urls": [server.url("ok", "a.png")], "video_urls": [server.url("ok", "b.mp4")]}
        for mode in ("720p", "1080p"):
            tree.job("job.json", {"model": MODEL, "input": {**files, "mode": mode}})
            tree.commit(mode)
        arguments = ("diff", "HEAD~", "HEAD", "--format", "json", "--allow-host", "127.0.0.1")
        offline = preflight(*arguments, cwd=tmp_path)
        assert server.log.requests == []
        online = preflight(*arguments, "--network", cwd=tmp_path)
        alone = len(server.log.requests)
        server.log.requests.clear()
        preflight("check", "job.json", "--format", "json", "--allow-host", "127.0.0.1", cwd=tmp_path)
        assert alone == len(server.log.requests)
    (before,) = json.loads(offline.out)["jobs"]
    (after,) = json.loads(online.out)["jobs"]
    assert before["quote"]["before"] is None
    assert (after["quote"]["before"]["credits"], after["quote"]["after"]["credits"]) == (360, 480)


def test_nothing_changed_is_said(tree: Worktree) -> None:
    tree.commit("All")
    git(tree.folder, "switch", "--quiet", "--create", "feature")
    ran = preflight("diff", cwd=tree.folder)
    assert (ran.code, ran.out) == (0, "no job or media file changed\n"), ran.err
