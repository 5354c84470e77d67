"""Cold start: a whole ``preflight check`` of a small picture, against Python loading click and Pillow."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path

from rounds import cpu_ms, cpu_ratio, in_turns, wall_ms, wall_ratio
from section import Figure, Section, table
from started import PYTHON, SCRIPT, spent_by_process

_FIXTURES = Path(__file__).parents[2] / "fixtures"
_PICTURE = str(_FIXTURES / "pictures" / "plain.png")
_CLIP = str(_FIXTURES / "clips" / "fast-start.mp4")
_BASE = '`python -c "import click, PIL.Image"`'
_JUDGED = "`preflight check picture.png`"
_REACH = 2.0


def measure(*, quick: bool) -> Section:
    """Processes in turns, each started, waited for, and accounted for."""
    commands = {
        _BASE: [PYTHON, "-c", "import click, PIL.Image"],
        "`python -c pass`": [PYTHON, "-c", "pass"],
        "`python -m preflight check picture.png`": [PYTHON, "-m", "preflight", "check", _PICTURE],
    }
    if SCRIPT.exists():
        commands |= {
            _JUDGED: [str(SCRIPT), "check", _PICTURE],
            "`preflight check --format json picture.png`": [str(SCRIPT), "check", "--format", "json", _PICTURE],
            "`preflight check clip.mp4`, with its second opinion": [str(SCRIPT), "check", _CLIP],
        }
    if ffprobe := shutil.which("ffprobe"):
        commands["`ffprobe clip.mp4`"] = [ffprobe, "-v", "error", "-show_format", "-show_streams", _CLIP]
    cases = {name: partial(spent_by_process, command) for name, command in commands.items()}
    spent = in_turns(cases, rounds=3 if quick else 21)
    base = spent[_BASE]
    rows = [
        (
            name,
            f"{wall_ms(each):.0f}",
            f"{cpu_ms(each):.0f}",
            f"{wall_ratio(each, base):.2f}",
            f"{cpu_ratio(each, base):.2f}",
        )
        for name, each in spent.items()
    ]
    heads = ("process", "wall, ms:", "CPU, ms:", "× wall:", "× CPU:")
    missing = "" if SCRIPT.exists() else "\n\nMissing: the console script, beside the Python that ran this."
    judged = spent.get(_JUDGED, spent["`python -m preflight check picture.png`"])
    ratio = wall_ratio(judged, base)
    return Section(
        text=table(heads, rows) + missing,
        figures=(
            Figure(
                what="cold start, `check picture.png`",
                reach='≤ 2 × `python -c "import click, PIL.Image"`',
                measured=f"{ratio:.2f} × (processor time {cpu_ratio(judged, base):.2f} ×)",
                is_reached=ratio <= _REACH,
            ),
        ),
    )
