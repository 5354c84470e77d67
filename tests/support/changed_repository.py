"""A Git repository of 200 jobs and 300 media with two commits, between which every kind of change is made.

``tests/diff/changes.toml`` says how they differ. It was reckoned by hand: clip N lasts ``SECONDS[N % 6]`` seconds, as
ffprobe measures it, and the service charges 30 credits a second begun in 720p, 40 in 1080p.
"""

from __future__ import annotations

import json
import os
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chunks import chunk

from tests.support.command import FIXTURES, Ran, preflight
from tests.support.hook_runs import git
from tests.support.jobs import MODEL

SECONDS = ("3", "8.5", "10", "10.5", "12", "20")
MEDIA = 150
NOT_UTF_8 = os.fsdecode(b"jobs/not-utf-8-\xff.json")
ODD_NAMES = ('jobs/two words, a "quote" and an apostrophe\'.json', "jobs/line\nbreak.json", NOT_UTF_8, "-dash.json")
_POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize 4096\n" % (b"ab" * 32)


def clip(seconds: str, number: int) -> bytes:
    """A clip of that length; ``number`` makes it another file."""
    data = (FIXTURES / "clips" / f"{seconds}-seconds.mp4").read_bytes()
    return data + struct.pack(">I4sI", 12, b"free", number)


def picture(number: int, name: str = "plain.png") -> bytes:
    """A picture; ``number`` makes it another file."""
    end = chunk(b"IEND", b"")
    data = (FIXTURES / "pictures" / name).read_bytes()
    return data.removesuffix(end) + chunk(b"paDd", struct.pack(">I", number)) + end


def body(number: int, *, mode: str = "720p", video: str = "", prompt: str = "", up: str = "../") -> dict[str, object]:
    """The job of picture and clip ``number``."""
    return {
        "model": MODEL,
        "input": {
            "input_urls": [f"{up}media/pictures/{number:03}.png"],
            "video_urls": [f"{up}media/clips/{video or f'{number:03}'}.mp4"],
            "mode": mode,
            **({"prompt": prompt} if prompt else {}),
        },
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """The repository, its two commits, and how they differ by a person's reckoning."""

    folder: Path
    base: str
    head: str
    truth: dict[str, Any]

    def diff(self, *arguments: str) -> Ran:
        """``preflight diff`` of the two commits."""
        return preflight("diff", *arguments, self.base, self.head, cwd=self.folder)


class Worktree:
    """Writes the files of a repository."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        git(folder, "init", "--quiet", "--initial-branch", "main")

    def write(self, name: str, data: bytes) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)

    def job(self, name: str, content: object) -> None:
        self.write(name, json.dumps(content, indent=1).encode())

    def rows(self, name: str, rows: dict[str, dict[str, object]], *, ids: bool) -> None:
        lines = [json.dumps({"id": key, **row} if ids else row) for key, row in rows.items()]
        self.write(name, "\n".join([*lines, ""]).encode())

    def commit(self, message: str) -> str:
        git(self.folder, "add", "--all")
        git(self.folder, "commit", "--quiet", "--message", message)
        return git(self.folder, "rev-parse", "HEAD").strip()


def build(folder: Path) -> tuple[str, str]:
    """Make the repository in ``folder``. Returns the commit before the changes and the one after."""
    tree = Worktree(folder)
    for number in range(MEDIA):
        tree.write(f"media/clips/{number:03}.mp4", clip(SECONDS[number % 6], number))
        tree.write(f"media/pictures/{number:03}.png", picture(number))
    tree.write("media/pictures/026.png", picture(26, "299-wide.png"))
    for number in range(100):
        tree.job(f"jobs/{number:03}.json", body(number))
    tree.write("jobs/014.json", b'{"model": "' + MODEL.encode() + b'", "input": {"mode": \n')
    with_ids = {f"row-{number:02}": body(100 + number) for number in range(50)}
    without = {str(number): body(number) for number in range(50, 100)}
    tree.rows("tables/with-ids.jsonl", with_ids, ids=True)
    tree.rows("tables/no-ids.jsonl", without, ids=False)
    tree.write("README.md", b"Jobs and media.\n")
    base = tree.commit("Before")

    tree.job("jobs/new.json", body(4))
    (folder / "jobs/001.json").unlink()
    tree.job("jobs/002.json", body(2, mode="1080p"))
    tree.job("jobs/003.json", body(3, prompt="The character dances."))
    tree.write("media/clips/006.mp4", clip("30", 6))
    (folder / "media/clips/008.mp4").rename(folder / "media/clips/renamed.mp4")
    tree.job("jobs/008.json", body(8, video="renamed"))
    (folder / "jobs/011.json").rename(folder / "jobs/eleven.json")
    (folder / "jobs/012.json").unlink()
    tree.job("jobs/twelve.json", body(12, mode="1080p"))
    tree.write("jobs/013.json", b'{"model": "' + MODEL.encode() + b'", "input": {"mode": \n')
    tree.job("jobs/014.json", body(14))
    tree.write("media/extra.mp4", clip("12", 999))
    tree.write("media/clips/016.mp4", _POINTER)
    (folder / "media/clips/018.mp4").unlink()
    (folder / "media/clips/018.mp4").symlink_to("022.mp4")
    for name in ODD_NAMES:
        tree.job(name, body(30, up="../" if name.startswith("jobs/") else ""))
    tree.write("media/pictures/024.png", picture(24, "299-wide.png"))
    tree.write("media/pictures/026.png", picture(26))
    tree.write("media/clips/060.mp4", clip("20", 60))
    (folder / "media/clips/148.mp4").unlink()
    with_ids["row-07"] = body(107, mode="1080p")
    del with_ids["row-05"]
    tree.rows("tables/with-ids.jsonl", with_ids | {"row-new": body(104, mode="1080p")}, ids=True)
    del without["70"]
    without["80"] = body(80, mode="1080p")
    tree.rows("tables/no-ids.jsonl", without, ids=False)
    git(folder, "update-index", "--add", "--cacheinfo", f"160000,{base},vendor")
    (folder / "vendor").mkdir()
    return base, tree.commit("After")
