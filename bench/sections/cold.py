"""Cold start: whole processes of ``preflight``, each against the process that does the least of the same."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from rounds import Spent, cpu_ms, cpu_ratio, in_turns, wall_ms, wall_ratio
from section import Figure, Section, table
from served import Served
from started import PYTHON, SCRIPT, spent_by_process

_FIXTURES = Path(__file__).parents[2] / "fixtures"
_PICTURE = str(_FIXTURES / "pictures" / "plain.png")
_CLIP = str(_FIXTURES / "clips" / "fast-start.mp4")
_CLICK = '`python -c "import click"`'
_LIBRARIES = '`python -c "import click, PIL.Image"`'
_FFPROBE = "`ffprobe clip.mp4`"
_FFPROBE_URL = "`ffprobe http://…/clip.mp4`"
_COMPLETION = "completion of `preflight check --f`"
_GOALS = {
    "`preflight check picture.png`": (_LIBRARIES, 1.6),
    "`preflight check clip.mp4`, with its second opinion": (_FFPROBE, 1.8),
    "`preflight check http://…/clip.mp4`": (_FFPROBE_URL, 1.5),
    "`preflight --version`": (_CLICK, 1.3),
    "`preflight --help`": (_CLICK, 1.3),
    "completion of `preflight ch`": (_CLICK, 1.3),
    _COMPLETION: (_CLICK, 1.3),
}
"""What each process is compared with, and how many times as long it may take."""


def measure(*, quick: bool) -> Section:
    """Processes in turns, each started, waited for, and accounted for."""
    with TemporaryDirectory() as folder, Served(Path(shutil.copy(_CLIP, folder)).parent) as served:
        served.begin()
        cases = _cases(served.url("fast-start.mp4"))
        spent = in_turns(cases, rounds=3 if quick else 21)
    rows = []
    for name, each in spent.items():
        base, _ = _GOALS.get(name, (_LIBRARIES, 0))
        ratios = ("", "", "")
        if base in spent:
            ratios = (f"{wall_ratio(each, spent[base]):.2f}", f"{cpu_ratio(each, spent[base]):.2f}", base)
        rows.append((name, f"{wall_ms(each):.0f}", f"{cpu_ms(each):.0f}", *ratios))
    missing = [] if SCRIPT.exists() else ["the console script, beside the Python that ran this"]
    missing += [] if shutil.which("ffprobe") else ["ffprobe"]
    return Section(
        text=table(("process", "wall, ms:", "CPU, ms:", "× wall:", "× CPU:", "of"), rows)
        + (f"\n\nMissing: {', '.join(missing)}." if missing else ""),
        figures=tuple(
            Figure(
                what=f"cold start, {name}",
                reach=f"≤ {most:g} × {base}",
                measured=f"{wall_ratio(spent[name], spent[base]):.2f} × "
                f"(processor time {cpu_ratio(spent[name], spent[base]):.2f} ×)",
                is_reached=wall_ratio(spent[name], spent[base]) <= most,
            )
            for name, (base, most) in _GOALS.items()
            if name in spent and base in spent
        ),
        peers=("click", "Pillow", "ffprobe"),
    )


def _cases(url: str) -> dict[str, partial[Spent]]:
    commands: dict[str, tuple[Sequence[str], Mapping[str, str]]] = {
        _LIBRARIES: ([PYTHON, "-c", "import click, PIL.Image"], {}),
        _CLICK: ([PYTHON, "-c", "import click"], {}),
        "`python -c pass`": ([PYTHON, "-c", "pass"], {}),
    }
    if SCRIPT.exists():
        script = str(SCRIPT)
        commands |= {
            "`preflight check picture.png`": ([script, "check", _PICTURE], {}),
            "`preflight check --format json picture.png`": ([script, "check", "--format", "json", _PICTURE], {}),
            "`preflight check clip.mp4`, with its second opinion": ([script, "check", _CLIP], {}),
            "`preflight check http://…/clip.mp4`": ([script, "check", "--allow-host", "127.0.0.1", url], {}),
            "`preflight --version`": ([script, "--version"], {}),
            "`preflight --help`": ([script, "--help"], {}),
            "completion of `preflight ch`": ([script], _completing("preflight ch")),
            _COMPLETION: ([script], _completing("preflight check --f")),
        }
    if ffprobe := shutil.which("ffprobe"):
        described = [ffprobe, "-v", "error", "-show_format", "-show_streams"]
        commands |= {_FFPROBE: ([*described, _CLIP], {}), _FFPROBE_URL: ([*described, url], {})}
    return {name: partial(spent_by_process, command, extra) for name, (command, extra) in commands.items()}


def _completing(line: str) -> dict[str, str]:
    """The variables by which bash asks for what may follow ``line``."""
    return {
        "_PREFLIGHT_COMPLETE": "bash_complete",
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(line.split()) - 1),
        "PATH": os.environ.get("PATH", ""),
    }
