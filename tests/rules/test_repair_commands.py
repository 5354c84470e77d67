"""The commands that repair a file: as pages show them, as findings propose them, as a shell reads them.

What they make of a file was tried by hand, with ffmpeg 5.1 and ImageMagick 6; these tests need neither.
"""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from fractions import Fraction
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from preflight.checking.engine import Engine
from preflight.checking.options import Options
from preflight.model import Kind
from preflight.model.target import Media, Target
from preflight.rules import shell_commands as repair
from preflight.rules.repair_command import together
from preflight.specs import load_spec
from tests.rules import test_rules_fixtures as fixtures
from tests.rules.test_rule_pages import REPAIRS, code_of, pages

MEDIA = re.compile(
    r"[^\s:]*\.(?:mp4|mov|mkv|webm|avi|ts|flv|wmv|mpg|ogv|3gp|jpe?g|png|webp|gif|bmp|tiff|heic)(?:\[0\])?$"
)


RECORDING = {"video-hdr", "video-bit-depth", "video-variable-frame-rate"}


def shape(command: str) -> tuple[str, ...]:
    """A command without what differs from file to file: names and numbers."""
    words = (MEDIA.sub("FILE", word) for word in shlex.split(command))
    return tuple(word if "FILE" in word else re.sub(r"\d+(?:\.\d+)?", "#", word) for word in words)


@cache
def proposed() -> set[tuple[str, ...]]:
    """The shapes of all commands that findings propose on the fixtures that need no server."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        by_options: dict[Options, list[Target]] = {}
        for path in fixtures.cases("fail"):
            is_served = path.name.endswith(".scene.toml") and "[server]" in path.read_text("utf-8")
            if path.suffix != ".yaml" and not is_served:
                own = folder / path.parts[-3] / f"{path.name}.d"
                own.mkdir(parents=True)
                target, options = stack.enter_context(fixtures.opened(path, own))
                if path.parts[-3] in RECORDING:  # small clips, to keep them few bytes: their size is not the matter
                    options = replace(options, ignore=frozenset({"video-dimensions"}))
                by_options.setdefault(options, []).append(target)
        reports = [stack.enter_context(Engine(options)).check(targets).jobs for options, targets in by_options.items()]
    fixes = {finding.fix or "" for jobs in reports for job in jobs for finding in job.findings}
    return {shape(fix) for fix in fixes if fix.startswith(REPAIRS)}


def test_every_repair_that_a_page_shows_is_one_that_a_finding_proposes() -> None:
    shown_repairs = [
        line
        for page in pages()
        for block in code_of(page, "sh")
        for line in block.splitlines()
        if line.startswith(REPAIRS)
    ]
    assert len(shown_repairs) > 20
    assert [line for line in shown_repairs if shape(line) not in proposed()] == []


def test_a_trim_leaves_room_for_the_last_frame_and_a_loop_never_ends_early() -> None:
    video = load_spec().video
    assert "-t 29.9 " in repair.trim("dance.mp4", video.max_seconds.value)
    assert "-stream_loop -1 -i dance.mp4 -t 3 " in repair.loop("dance.mp4", video.min_seconds.value)


def test_no_repair_leaves_pixels_that_are_not_square_or_a_png_of_one_bit() -> None:
    assert any("setsar=#" in word for words in proposed() for word in words)
    for words in proposed():
        assert not any(word.startswith("scale=") and "setsar=#" not in word for word in words)
        if words[0] == "magick" and "jpeg:extent" not in " ".join(words):
            assert words[-1] in ("FILE", "PNG24:FILE", "PNG32:FILE")
    assert repair.to_picture("two-colours.png", alpha=False).endswith(" PNG24:two-colours.fixed.png")


@pytest.mark.parametrize("seconds", [3, 12, 30])
def test_what_is_squeezed_fits_whatever_the_encoder_makes_of_its_allowance(seconds: int) -> None:
    limit = load_spec().video.max_bytes.safe_bytes
    words = repair.squeeze("dance.mp4", Fraction(seconds), limit).split()
    rate, buffer, sound = (int(words[words.index(name) + 1][:-1]) for name in ("-maxrate", "-bufsize", "-b:a"))
    bits = (rate * seconds + buffer + sound * seconds) * 1000
    assert limit * 8 // 2 < bits < limit * 8 * 97 // 100


NAMES = {
    "plain": "dance.mp4",
    "spaces": "my dance.mp4",
    "quotes": 'it\'s "mine".mp4',
    "a-leading-dash": "-i.mp4",
    "only-a-dash": "-",
    "a-line-break": "two\nlines.mp4",
    "a-tab-and-a-quote": "tab\t'.mp4",
    "a-substitution": "$(touch harm)`touch harm`.mp4",
    "a-semicolon": "a; touch harm #.mp4",
    "a-protocol": "http:x.mp4",
    "a-protocol-of-ffmpeg": "concat:a|b.mp4",
    "a-pattern": "frame%03d[1]*?.mp4",
    "a-home": "~root.mp4",
    "other-letters": "舞 é.mp4",
    "no-letters": "bad-\udcff.mp4",
    "a-backslash": "back\\slash\n.mp4",
    "a-folder": "my clips/-dance.mp4",
}

TRIM = partial(repair.trim, limit=Fraction(30))


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
@pytest.mark.parametrize("make", [repair.remux, TRIM, repair.to_picture], ids=["copy", "trim", "picture"])
def test_a_name_stays_one_word_of_the_shell_whatever_it_holds(
    make: Callable[[str], str], name: str, tmp_path: Path
) -> None:
    command = make(name)
    script = 'ffmpeg() { for word; do printf "%s\\0" "$word"; done; cat >&2; }; magick() { ffmpeg "$@"; }\n' + command
    (tmp_path / "my clips").mkdir()
    if "<" in shlex.split(command):
        (tmp_path / name).write_bytes(b"the picture")
    ran = subprocess.run(
        ["bash", "-c", script], cwd=tmp_path, stdin=subprocess.DEVNULL, capture_output=True, check=True
    )
    assert not list(tmp_path.rglob("harm"))
    if ran.stderr:
        assert ran.stderr == b"the picture"
        return
    words = [word.decode("utf-8", "surrogateescape") for word in ran.stdout.split(b"\0")]
    assert [word for word in words if word.removeprefix("./") in (name, f"{name}[0]")]
    assert not name.startswith("-") or not {name, f"{name}[0]"} & set(words), "it would be taken for an option"


def test_several_findings_about_one_file_have_one_command_that_repairs_them_together(tmp_path: Path) -> None:
    clip = tmp_path / "dance.mp4"
    clip.write_bytes((fixtures.FIXTURES / "clips" / "browser-recording.mp4").read_bytes())
    with Engine(Options()) as engine:
        job = engine.check([Media(source=str(clip), kind=Kind.VIDEO)]).jobs[0]
    fixes = {finding.rule: finding.fix or "" for finding in job.findings if finding.rule.startswith("video-")}
    serious = {fixes[rule] for rule in ("video-fragmented", "video-dimensions", "video-codec")}
    assert len(serious) == 1
    (command,) = serious
    assert "-vf scale=604:340:flags=lanczos,setsar=1 -c:v libx264" in command
    assert command.endswith("dance.fixed.mp4")
    note = fixes["video-variable-frame-rate"]
    assert "setsar=1,fps=30" in note, "what a note proposes does the rest, too"


def test_a_stronger_repair_replaces_a_gentler_one() -> None:
    copy, cut = repair.remux("a.mov", ".mov"), repair.trim("a.mov", Fraction(30))
    loop, sized = repair.loop("a.mov", Fraction(3)), repair.squeeze("a.mov", Fraction(30), 100_000_000)
    assert together([copy]) == copy
    assert together([copy, cut]) == cut == together([cut, copy])
    assert together([cut, sized]) == sized.replace("-c:v", "-t 29.9 -c:v")
    assert together([loop, repair.scale("a.mov", 604, 340)]) == (
        "ffmpeg -stream_loop -1 -i a.mov -t 3 -vf scale=604:340:flags=lanczos,setsar=1 -c:v libx264 -crf 18 "
        "-pix_fmt yuv420p -c:a aac -movflags +faststart a.fixed.mp4"
    )


def test_two_repairs_of_a_picture_are_one_command() -> None:
    small, cropped = repair.enlarge("a.png", 340, ".png"), repair.crop("a.png", 750, 300, ".png")
    assert together([cropped, small]) == (
        "magick 'a.png[0]' -gravity center -crop 750x300+0+0 +repage -resize '340x340^' PNG32:a.fixed.png"
    )
    light = repair.to_small_jpeg("a.png", 10_000_000)
    assert (together([cropped, light]) or "").endswith("KB a.fixed.jpg")


def test_prose_is_no_command() -> None:
    assert together(["export or upload the file again", None]) is None
