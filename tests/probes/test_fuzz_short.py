"""A few hundred mutants on every run, and sources that do what sources do; ``make fuzz`` is the long run."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from itertools import product
from pathlib import Path
from random import Random

import pytest

from preflight.checking.engine import Engine
from preflight.checking.options import Options
from preflight.model import ImageFacts, Kind, VideoFacts
from tests.tools.probing import FIXTURES

ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT))  # fuzz/ belongs to the repository, not to the package

from fuzz.__main__ import keep  # noqa: E402 - see above
from fuzz.holding import Broken, Driver, hold_agreement, hold_check, hold_probe, require  # noqa: E402 - see above
from fuzz.mutants import mutant  # noqa: E402 - see above

SEED = 20
COUNT = 600
CHECKED_EVERY = 12
FILES = sorted([*(FIXTURES / "clips").iterdir(), *(FIXTURES / "pictures").iterdir()])
DRIVERS = [
    Driver(free=free, told=told, shrunk=shrunk)
    for free, told, shrunk in product((True, False), (True, False), (0, 1, 7, 500))
]


def test_every_mutant_is_held_by_the_probes() -> None:
    for index in range(COUNT):
        made = mutant(SEED, index)
        try:
            hold_probe(made)
            hold_agreement(made.data, None)
        except Exception as error:
            error.add_note(f"python -m fuzz --seed {SEED} --start {index} --count 1 --every 1")
            raise


def test_every_so_many_mutants_a_whole_check_holds(tmp_path: Path) -> None:
    verdicts: Counter[str] = Counter()
    with Engine(Options(thorough=True)) as engine:
        for index in range(0, COUNT, CHECKED_EVERY):
            made = mutant(SEED, index)
            try:
                report, _ = hold_check(engine, made, tmp_path)
            except Exception as error:
                error.add_note(f"python -m fuzz --seed {SEED} --start {index} --count 1 --every 1")
                raise
            verdicts[report.verdict.value] += 1
    assert verdicts["fail"] > verdicts["pass"] > 0


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_source_that_hides_its_size_refuses_what_is_optional_or_ends_early_is_no_trouble(path: Path) -> None:
    data = path.read_bytes()
    for driver, kind in product(DRIVERS, (None, Kind.IMAGE, Kind.VIDEO)):
        facts = driver.drive(data, kind)
        assert isinstance(facts, ImageFacts | VideoFacts)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_what_is_free_to_read_changes_nothing_that_is_decided(path: Path) -> None:
    for kind in (None, Kind.IMAGE, Kind.VIDEO):
        hold_agreement(path.read_bytes(), kind)


@pytest.mark.parametrize("path", [path for path in FILES if path.stat().st_size > 2000], ids=lambda path: path.name)
def test_a_file_that_became_shorter_after_its_size_was_told_is_not_called_complete(path: Path) -> None:
    """Most of it is gone, and so is the end of its first picture: what is claimed of it is not from its bytes."""
    data = path.read_bytes()
    facts = Driver(shrunk=len(data) * 3 // 4).drive(data, Kind.IMAGE)
    assert isinstance(facts, ImageFacts)
    assert not facts.complete or facts.container not in ("JPEG", "PNG")


def test_a_mutant_is_always_the_same() -> None:
    assert [mutant(1, index).data for index in range(50)] == [mutant(1, index).data for index in range(50)]
    assert mutant(1, 2).data != mutant(2, 2).data


def test_mutants_are_made_of_all_kinds_of_files_and_differ_from_them() -> None:
    made = [mutant(SEED, index) for index in range(COUNT)]
    changed = [each for each in made if each.data != (FIXTURES / each.name).read_bytes()]
    assert len(changed) > 0.75 * COUNT
    assert {".mp4", ".mov", ".png", ".jpg"} <= {Path(each.name).suffix for each in changed}
    assert max(len(each.data) for each in made) < 4 << 20


def test_what_does_not_hold_is_told_and_the_mutant_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = mutant(SEED, 3)
    with pytest.raises(Broken, match="too much"):
        require(1 > 2, "too much")  # noqa: PLR0133 - the point
    keep(made, SEED, Broken("too much"), tmp_path / "kept")
    kept = tmp_path / "kept" / f"{SEED}-3{Path(made.name).suffix}"
    assert kept.read_bytes() == made.data
    assert f"seed {SEED}, index 3" in capsys.readouterr().out


def test_the_command_tells_what_it_saw_and_gives_a_mutant_back(tmp_path: Path) -> None:
    def fuzz(*arguments: str) -> subprocess.CompletedProcess[bytes]:
        command = [sys.executable, "-m", "fuzz", "--seed", str(SEED), *arguments]
        return subprocess.run(command, cwd=ROOT, capture_output=True, check=False, timeout=60)

    ran = fuzz("--count", "12", "--every", "6", "--keep", str(tmp_path))
    assert ran.returncode == 0, ran.stdout
    assert b"12 mutants in" in ran.stdout
    assert b"checks: 2," in ran.stdout
    assert fuzz("--index", "5").stdout == mutant(SEED, 5).data


def test_a_driver_is_drawn_in_all_its_ways() -> None:
    drawn = {(each.free, each.told, each.shrunk > 0) for each in (Driver.drawn(Random(n), 100) for n in range(400))}
    assert len(drawn) == 8
