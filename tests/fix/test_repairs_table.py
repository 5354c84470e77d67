"""The table of repairs, walked over the files that fail: what it claims to repair passes, and looks the same.

Pixels and lengths are compared through Pillow and FFmpeg, not through our own probes.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tomllib
from collections.abc import Iterator
from contextlib import ExitStack
from fractions import Fraction
from math import inf
from pathlib import Path
from typing import NamedTuple

import pytest

from preflight.checking.engine import Engine
from preflight.checking.options import Options
from preflight.fix.fixer import Fixer, FixOptions
from preflight.fix.inputs import FixInput
from preflight.fix.outcome import FixState, Outcome
from preflight.fix.plan import NOTES, plan
from preflight.fix.repairs import REPAIRS, Safety, Step
from preflight.model import JobReport, Kind, Severity
from preflight.model.target import Media
from preflight.specs import load_spec
from tests.support.pixels import frames_of, lengths_of, picture_of, psnr
from tests.tools.probing import FIXTURES

ROOT = FIXTURES / "rules"
SPEC = load_spec()
RULES = sorted({row.rule for row in REPAIRS})
CLIPS = {".mp4", ".mov", ".mkv", ".webm", ".avi", ".ts", ".flv", ".wmv", ".mpg", ".ogv", ".3gp", ".m4v"}

NEVER_OPENED = {
    Path(each["path"]).name
    for each in map(json.loads, (FIXTURES / "decoders.jsonl").read_text("utf-8").splitlines())
    if each["pillow"] and each["pillow"]["error"]
}
"""Pictures that Pillow does not open, as ``fixtures/decoders.py`` found: nothing can convert them."""

SEEN_DB = 38
"""Peak signal to noise from which on an encoder's loss is not seen."""

KEPT = {Step.REWRAP, Step.TRIM, Step.LOOP, Step.RENAME, Step.FIRST_PICTURE}
"""Steps after which every pixel is what it was."""

SCALED = {Step.CROP, Step.ENLARGE, Step.SHRINK, Step.RESIZE}
"""Steps after which pixels cannot be compared one by one."""

MEANT = {Step.SDR, Step.EVEN_RATE}
"""Steps that are asked for so that colours or times change; ``test_promises.py`` says how."""


class Case(NamedTuple):
    """A file of a rule, on disk under the name that it is checked by."""

    rule: str
    origin: Path
    name: str
    kind: Kind
    orientation: str = "video"
    size_bytes: int | None = None

    def at(self, folder: Path) -> Path:
        path = folder / self.name
        shutil.copyfile(self.origin, path)
        if self.size_bytes is not None:
            with path.open("r+b") as file:
                file.truncate(self.size_bytes)
        return path


def cases() -> list[Case]:
    found = [
        each for rule in RULES for each in (_case(path) for path in sorted((ROOT / rule / "fail").iterdir())) if each
    ]
    pictures, clips = FIXTURES / "pictures", FIXTURES / "clips"
    more = [
        Case("image-format", pictures / "animated.gif", "animated.gif", Kind.IMAGE),
        Case("image-format", pictures / "animated.webp", "animated.webp", Kind.IMAGE),
        Case("video-fragmented", clips / "fragmented-with-audio.mp4", "fragmented-with-audio.mp4", Kind.VIDEO),
        Case("video-container", clips / "3gp.3gp", "3gp.3gp", Kind.VIDEO),
    ]
    return found + more


def _case(path: Path) -> Case | None:
    rule = path.parts[-3]
    if not path.name.endswith(".scene.toml"):
        return Case(rule, path, path.name, Kind.VIDEO if path.suffix in CLIPS else Kind.IMAGE)
    scene = tomllib.loads(path.read_text("utf-8"))
    if "server" in scene:
        return None
    origin = (path.parent / scene["file"]).resolve()
    orientation = scene.get("options", {}).get("orientation", "video")
    return Case(rule, origin, origin.name, Kind(scene["kind"]), orientation, scene.get("size_bytes"))


def case_id(case: Case) -> str:
    return f"{case.rule}/{case.name}-{case.orientation}"


@pytest.fixture(scope="module")
def tools() -> Iterator[Tools]:
    with ExitStack() as stack:
        yield Tools(
            {each: stack.enter_context(Engine(_options(each))) for each in ("image", "video")},
            {
                (unsafe, also): stack.enter_context(Fixer(FixOptions(unsafe=unsafe, also=also)))
                for unsafe in (False, True)
                for also in {also_of(rule) for rule in RULES}
            },
        )


def also_of(rule: str) -> frozenset[str]:
    """The notes that are named for a file of ``rule``: a note is repaired only where it is asked for."""
    return frozenset({rule} & set(NOTES))


class Tools(NamedTuple):
    """Engines by orientation and fixers by safety and notes, which keep their processes from one file to the next."""

    engines: dict[str, Engine]
    fixers: dict[tuple[bool, frozenset[str]], Fixer]

    def check(self, path: Path, kind: Kind, orientation: str) -> JobReport:
        return self.engines[orientation].check([Media(source=str(path), kind=kind)]).jobs[0]

    def fix(self, case: Case, path: Path, *, unsafe: bool) -> Outcome:
        given = FixInput(source=str(path), file=path, kind=case.kind, orientation=case.orientation)
        return self.fixers[unsafe, also_of(case.rule)].fix(given)


def _options(orientation: str) -> Options:
    return Options(orientation=orientation, thorough=True, deep=True)


def steps_of(tools: Tools, case: Case, path: Path, *, unsafe: bool) -> list[tuple[str, Step]]:
    """The rows that would be tried."""
    report = tools.check(path, case.kind, case.orientation)
    made = plan(report.subjects[0].facts, report.findings, SPEC, unsafe=unsafe, also=also_of(case.rule))
    return [(row.rule, row.step) for rows in made.tries for row in rows]


def is_a_matter_of_choice(outcome: Outcome) -> bool:
    """Whether a file that the plan takes on turned out, once it was open, to need what only the user can allow."""
    return outcome.state is FixState.UNREPAIRED and "--unsafe" in (outcome.reason or "")


@pytest.mark.parametrize("unsafe", [False, True], ids=["safe", "unsafe"])
@pytest.mark.parametrize("case", cases(), ids=case_id)
def test_what_the_table_claims_to_repair_passes_and_looks_the_same(
    tools: Tools, case: Case, tmp_path: Path, *, unsafe: bool
) -> None:
    path = case.at(tmp_path)
    before = hashlib.sha256(path.read_bytes()).digest()
    claimed = steps_of(tools, case, path, unsafe=unsafe)
    if unsafe and claimed == steps_of(tools, case, path, unsafe=False):
        return  # the case above
    outcome = tools.fix(case, path, unsafe=unsafe)
    assert hashlib.sha256(path.read_bytes()).digest() == before, "the original was touched"
    if outcome.target is None:
        assert [each for each in tmp_path.iterdir() if each != path] == [], "something was left behind"
        opened = case.name not in NEVER_OPENED
        assert not claimed or not opened or (is_a_matter_of_choice(outcome) and not unsafe), outcome.reason
        return
    assert outcome.state is FixState.FIXED
    assert claimed
    assert outcome.done
    target = Path(outcome.target)
    assert sorted(each.name for each in tmp_path.iterdir()) == sorted({path.name, target.name})
    require_passes(tools, case, target)
    steps = {row.step for row in outcome.repairs}
    if case.kind is Kind.IMAGE and target.suffix in (".png", ".jpg"):
        require_same_picture(path, target, steps)
    else:
        require_same_clip(path, target, steps, case.orientation)


def require_passes(tools: Tools, case: Case, target: Path) -> None:
    report = tools.check(target, Kind.VIDEO if target.suffix == ".mp4" else case.kind, case.orientation)
    assert report.verdict.value == "pass"
    left = [each for each in report.findings if each.rule == case.rule]
    assert [each for each in left if each.severity > Severity.NOTE or case.rule in NOTES] == []


def require_same_picture(path: Path, target: Path, steps: set[Step]) -> None:
    given, made = picture_of(path), picture_of(target)
    if Step.CROP in steps:
        assert made.width * 5 >= made.height * 2
        assert made.height * 5 >= made.width * 2
        left, top = (given.width - made.width) // 2, (given.height - made.height) // 2
        given = given.crop((left, top, left + made.width, top + made.height))
    elif Step.ENLARGE in steps:
        assert min(made.size) >= 340
        given = given.resize(made.size, 1)
    least = inf if target.suffix == ".png" and not steps & SCALED else SEEN_DB
    assert psnr(given, made) >= (30 if Step.ENLARGE in steps else least)


def require_same_clip(path: Path, target: Path, steps: set[Step], orientation: str) -> None:
    given, made = frames_of(path), frames_of(target)
    lengths = lengths_of(target)
    length = given[-1].at + lengths.frame
    wanted = min(length, SPEC.price.cap_seconds[orientation]) if Step.TRIM in steps else length
    if Step.LOOP in steps:
        wanted = max(length, SPEC.video.min_seconds.value)
    assert abs(lengths.container - wanted) <= lengths.frame
    for clock in (lengths.container, *lengths.tracks):
        assert SPEC.video.min_seconds.value - lengths.frame <= clock
        assert clock <= (SPEC.price.cap_seconds[orientation] if Step.TRIM in steps else SPEC.video.max_seconds.value)
    if steps & (SCALED | MEANT):
        return
    for index, frame in enumerate(made):
        nth = given[index % len(given)]
        assert abs(frame.at - (nth.at + length * (index // len(given)))) <= Fraction(1, 100)
        assert psnr(nth.picture, frame.picture) >= (inf if steps <= KEPT else SEEN_DB)


def test_every_row_of_the_table_is_tried_on_a_file(tools: Tools, tmp_path: Path) -> None:
    tried: set[tuple[str, Step]] = set()
    for case in cases():
        folder = tmp_path / case_id(case).replace("/", "-")
        folder.mkdir()
        tried.update(steps_of(tools, case, case.at(folder), unsafe=True))
    assert {(row.rule, row.step) for row in REPAIRS} - tried == set()


def test_a_safe_step_is_never_the_unsafe_step_of_another_rule() -> None:
    safe = {row.step for row in REPAIRS if row.safety is Safety.SAFE}
    assert safe & {row.step for row in REPAIRS if row.safety is Safety.UNSAFE} == set()
