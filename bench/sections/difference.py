"""What a change costs in a repository of many media: ``preflight diff`` against Git's own difference and the checks."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
import tempfile
from functools import partial
from pathlib import Path

from rounds import Spent, cpu_ms, cpu_ratio, in_turns, wall_ms, wall_ratio
from section import Figure, Section, table
from started import SCRIPT, spent_by_process

_FIXTURES = Path(__file__).parents[2] / "fixtures"
_GIT = "`git diff --stat` and `preflight check` of the 10 files"
_DIFF = "`preflight diff`"
_MOST = 2.0
_TOUCHED = 5
_SOMEBODY = {
    f"GIT_{role}_{what}": value
    for role in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "Somebody"), ("EMAIL", "somebody@example.com"))
}


def measure(*, quick: bool) -> Section:
    """The difference of two commits that touch five clips, and what it is made of, by processor time."""
    media = 200 if quick else 5000
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "repository"
        examined = Path(name) / "examined"
        _repository(folder, media, examined)
        files = sorted(map(str, examined.iterdir()))
        spent = in_turns(
            {
                _GIT: partial(_apart, folder, files),
                _DIFF: partial(_compared, folder),
            },
            rounds=3 if quick else 11,
        )
    ratio = cpu_ratio(spent[_DIFF], spent[_GIT])
    rows = [(name, f"{wall_ms(each):.0f}", f"{cpu_ms(each):.0f}") for name, each in spent.items()]
    figure = Figure(
        what=f"a difference that touches {_TOUCHED} of {media:,} media",
        reach="< 2 × `git diff --stat` and a check of the 10 files, processor time",
        measured=f"{ratio:.2f} × (wall {wall_ratio(spent[_DIFF], spent[_GIT]):.2f} ×)",
        is_reached=ratio < _MOST,
    )
    return Section(text=table(("a difference", "wall, ms:", "CPU, ms:"), rows), figures=(figure,))


def _repository(folder: Path, media: int, examined: Path) -> None:
    """Two commits, of which the second replaces five clips. Both versions of these go into ``examined``, too."""
    folder.mkdir()
    examined.mkdir()
    for number in range(media):
        kind, fixture = ("clips", "3-seconds.mp4") if number % 2 else ("pictures", "plain.png")
        path = folder / f"{number:05}{Path(fixture).suffix}"
        path.write_bytes((_FIXTURES / kind / fixture).read_bytes() + struct.pack(">I4sI", 12, b"free", number))
    _commit(folder)
    for number in range(1, 2 * _TOUCHED, 2):
        clip = folder / f"{number:05}.mp4"
        shutil.copy(clip, examined / f"before-{clip.name}")
        longer = (_FIXTURES / "clips" / "12-seconds.mp4").read_bytes()
        clip.write_bytes(longer + struct.pack(">I4sI", 12, b"free", number))
        shutil.copy(clip, examined / f"after-{clip.name}")
    _commit(folder)


def _commit(folder: Path) -> None:
    for arguments in (["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "--message", "Media"]):
        subprocess.run(["git", "-C", str(folder), *arguments], env=os.environ | _SOMEBODY, check=True, timeout=300)


def _apart(folder: Path, files: list[str]) -> Spent:
    """Git's difference, then a check of the files on both sides, one process each."""
    listed = spent_by_process(["git", "-C", str(folder), "diff", "--stat", "HEAD~", "HEAD"])
    checked = spent_by_process([str(SCRIPT), "check", "--offline", "--format", "json", *files])
    return Spent(wall_s=listed.wall_s + checked.wall_s, cpu_s=listed.cpu_s + checked.cpu_s)


def _compared(folder: Path) -> Spent:
    return spent_by_process(["env", "-C", str(folder), str(SCRIPT), "diff", "HEAD~", "HEAD", "--format", "json"])
