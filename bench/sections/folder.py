"""A folder of local files in one run, as a hook checks it, against ``ffprobe`` started once a file."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from rounds import cpu_ms, cpu_ratio, in_turns, wall_ms, wall_ratio
from section import Figure, Section, table
from started import PYTHON, SCRIPT, environment, spent_by_process

_FIXTURES = Path(__file__).parents[2] / "fixtures"
_PICTURES = ("plain.png", "palette.png", "progressive.jpg", "plain.jpg", "exif-orientation-6.jpg")
_CLIPS = ("12-seconds.mp4", "moov-after-mdat.mp4", "fast-start.mov", "fragmented.mp4", "rotated-90.mp4")
_PICTURE = str(_FIXTURES / "pictures" / "plain.png")
_BASE = '`python -c "import click, PIL.Image"`'
_HOOK = "`preflight check --offline picture.png`, as the hook calls it"
_FASTER, _START = 20.0, 1.6
_PROBED = 120
"""Files that ffprobe is started for: each takes it as long as the others."""


def measure(*, quick: bool) -> Section:
    """The folder once each way, by wall clock, then the hook's process for one picture."""
    pictures, clips = (40, 10) if quick else (1000, 200)
    with tempfile.TemporaryDirectory() as name:
        files = _planted(Path(name), pictures, clips)
        ours = _wall([[str(_script()), "check", "--offline", "--format", "json", name]], accept=(0, 1, 3))
        theirs = _probed(files[:: max(1, len(files) // _PROBED)], len(files))
    rows = [
        (f"`preflight check`, one process, {len(files)} files", f"{ours:.2f}", f"{1000 * ours / len(files):.2f}", "1")
    ]
    figures = []
    if theirs is not None:
        ratio = theirs / ours
        rows.append(
            (
                f"`ffprobe`, a process a file (by {_PROBED} of them)",
                f"{theirs:.1f}",
                f"{1000 * theirs / len(files):.1f}",
                f"{ratio:.0f}",
            )
        )
        figures.append(
            Figure(
                what=f"{pictures} pictures and {clips} clips in one run",
                reach=f"≥ {_FASTER:g} × as fast as `ffprobe` started once a file",
                measured=f"{ratio:.0f} ×",
                is_reached=ratio >= _FASTER,
            )
        )
    spent = in_turns(
        {
            _BASE: partial(spent_by_process, [PYTHON, "-c", "import click, PIL.Image"]),
            _HOOK: partial(spent_by_process, [str(_script()), "check", "--offline", _PICTURE]),
        },
        rounds=3 if quick else 21,
    )
    start = wall_ratio(spent[_HOOK], spent[_BASE])
    figures.append(
        Figure(
            what="one picture in a warm hook",
            reach='≤ 1.6 × `python -c "import click, PIL.Image"`',
            measured=f"{start:.2f} × (processor time {cpu_ratio(spent[_HOOK], spent[_BASE]):.2f} ×)",
            is_reached=start <= _START,
        )
    )
    text = table(("a folder", "wall, s:", "ms a file:", "× preflight:"), rows)
    hook = table(
        ("a hook", "wall, ms:", "CPU, ms:"),
        [(name, f"{wall_ms(each):.0f}", f"{cpu_ms(each):.0f}") for name, each in spent.items()],
    )
    missing = "" if theirs is not None else "\n\nMissing: ffprobe."
    return Section(text=f"{text}{missing}\n\n{hook}", figures=tuple(figures), peers=("ffprobe", "click", "Pillow"))


def _script() -> Path:
    if not SCRIPT.exists():
        raise RuntimeError("the console script is not beside the Python that runs this")
    return SCRIPT


def _planted(folder: Path, pictures: int, clips: int) -> list[Path]:
    """Copies under names of their own: no file is met twice."""
    files = []
    for kind, names, count in (("pictures", _PICTURES, pictures), ("clips", _CLIPS, clips)):
        sources = [path for path in (_FIXTURES / kind / name for name in names) if path.exists()]
        for number in range(count):
            source = sources[number % len(sources)]
            files.append(Path(shutil.copy(source, folder / f"{number:04}-{source.name}")))
    return files


def _probed(files: Sequence[Path], count: int) -> float | None:
    """How long ``count`` files take, by those."""
    ffprobe = shutil.which("ffprobe")
    if ffprobe is None:
        return None
    wall = _wall([[ffprobe, "-v", "error", "-show_format", "-show_streams", str(file)] for file in files])
    return wall * count / len(files)


def _wall(commands: Sequence[Sequence[str]], accept: Sequence[int] = (0,)) -> float:
    began = time.perf_counter()
    for command in commands:
        done = subprocess.run(command, env=environment(), capture_output=True, check=False)
        if done.returncode not in accept:
            raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}: {done.stderr.decode()[-500:]}")
        if "--format" in command:
            json.loads(done.stdout)
    return time.perf_counter() - began
