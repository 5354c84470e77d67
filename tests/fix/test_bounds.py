"""Hostile files, interrupts, folders without permission: nothing is left behind, and nothing of the user's is lost."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest

from preflight.errors import ConfigurationError
from preflight.fix import destination as write
from preflight.fix import worker
from preflight.fix.recipe import (
    ImageRecipe,
    Recipe,
    VideoRecipe,
    WorkerOutcome,
    dump_outcome,
    dump_recipe,
    load_outcome,
    load_recipe,
)
from preflight.fix.run_worker import carry_out
from tests.support.command import command, environment, here
from tests.support.media import jpeg_of, png_of
from tests.support.privileges import NOBODY
from tests.support.processes import children, needs_proc
from tests.tools.probing import FIXTURES

PICTURES, CLIPS = FIXTURES / "pictures", FIXTURES / "clips"
PICTURE_ORDER = ImageRecipe(container="PNG", max_bytes=10**7)
HEIC_ORDER = ImageRecipe(container="PNG", max_bytes=10**7, heif=True)
CLIP_ORDER = VideoRecipe(max_seconds=Fraction(30))
LONG = 60.0
"""Seconds that no test waits for."""

needs_limits = pytest.mark.skipif(sys.platform != "linux", reason="limits are held to as Linux does")


def fresh(folder: Path) -> Path:
    target = folder / "target"
    target.touch()
    return target


# ── The process that decodes ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("recipe", "origin"),
    [(PICTURE_ORDER, PICTURES / "webp.webp"), (CLIP_ORDER, CLIPS / "matroska.mkv")],
    ids=["picture", "clip"],
)
def test_a_file_that_takes_too_long_is_given_up(recipe: Recipe, origin: Path, tmp_path: Path) -> None:
    answer = carry_out(recipe, origin, fresh(tmp_path), seconds=0.01)
    assert answer == WorkerOutcome(refused="it took more than 0.01 s")


@needs_proc
def test_no_process_is_left_after_an_answer_or_without_one(tmp_path: Path) -> None:
    before = children()
    carry_out(PICTURE_ORDER, PICTURES / "webp.webp", fresh(tmp_path))
    answer = carry_out(PICTURE_ORDER, tmp_path / "gone.png", fresh(tmp_path))
    assert answer == WorkerOutcome(refused="it ended the process that decoded it")
    assert children() == before


@needs_limits
def test_the_process_opens_nothing_takes_no_more_memory_and_writes_no_more_than_its_bounds(tmp_path: Path) -> None:
    target = fresh(tmp_path)
    script = f"""
import os
from preflight.workers.confine import confine
file = open({str(target)!r}, "wb", buffering=0)
confine({{"RLIMIT_AS": 2**30, "RLIMIT_FSIZE": 1000, "RLIMIT_CPU": 9}})
for attempt in (lambda: open(os.devnull), os.pipe, lambda: bytearray(2**31), lambda: file.write(bytes(2000))):
    try:
        print(attempt(), end=" ")
    except (OSError, MemoryError) as error:
        print(getattr(error, "errno", "memory"), end=" ")
try:
    file.write(b"more")
except OSError as error:
    print(error.errno)
"""
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=LONG)
    assert (ran.stdout, ran.stderr) == ("24 24 memory 1000 27\n", "")


@pytest.mark.parametrize(
    ("recipe", "libraries"),
    [
        (CLIP_ORDER, {"av.filter.graph", "av.subtitles.codeccontext"}),
        (HEIC_ORDER, {"PIL.WebPImagePlugin", "pillow_heif"}),
    ],
    ids=["clip", "picture"],
)
def test_libraries_are_loaded_before_nothing_can_be_opened_any_more(recipe: Recipe, libraries: set[str]) -> None:
    worker._load(recipe)
    assert libraries <= set(sys.modules)


class Greedy(io.BytesIO):
    """A file that more memory is needed for than there is."""

    def read(self, *_: object) -> bytes:
        raise MemoryError


def test_a_file_that_memory_ends_at_is_refused() -> None:
    answer = worker.carry_out(PICTURE_ORDER, Greedy(), io.BytesIO(), io.BytesIO())
    assert answer == WorkerOutcome(refused="it needs more memory than one file may use")


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize(
    ("recipe", "origin"),
    [(PICTURE_ORDER, PICTURES / "webp.webp"), (CLIP_ORDER, CLIPS / "fragmented-with-audio.mp4")],
    ids=["picture", "clip"],
)
def test_a_file_with_noise_in_it_gets_an_answer(recipe: Recipe, origin: Path, seed: int, tmp_path: Path) -> None:
    random, data = Random(seed), bytearray(origin.read_bytes())
    for _ in range(random.randint(1, 40)):
        data[random.randrange(len(data))] = random.randrange(256)
    given = tmp_path / origin.name
    given.write_bytes(data[: random.randint(len(data) // 2, len(data))])
    answer = carry_out(recipe, given, fresh(tmp_path))
    assert (answer.container is None) is not (answer.refused is None)
    assert "\n" not in (answer.refused or "")


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{",
        b"[]",
        b'"done"',
        b'{"done": "yes", "container": "PNG", "refused": null}',
        b'{"done": [1], "container": "PNG", "refused": null}',
        b'{"done": [], "container": "../../etc", "refused": null}',
        b'{"done": [], "container": "PNG", "refused": "both"}',
        b'{"done": [], "container": null, "refused": 1}',
        b'{"done": []}',
        b"[" * 100_000,
    ],
    ids=["nothing", "cut", "list", "text", "done-text", "done-number", "path", "both", "reason", "neither", "deep"],
)
def test_an_answer_that_is_none_is_not_believed(line: bytes) -> None:
    assert load_outcome(line) is None


@pytest.mark.parametrize(
    "recipe",
    [
        ImageRecipe(container="JPEG", max_bytes=1, max_aspect=Fraction(5, 2), min_side=340),
        VideoRecipe(max_seconds=Fraction(30), min_seconds=Fraction(7, 3), sides=(340, 3850), max_bytes=9),
    ],
    ids=["picture", "clip"],
)
def test_orders_and_answers_arrive_as_they_were_sent(recipe: Recipe) -> None:
    assert load_recipe(dump_recipe(recipe)) == recipe
    answer = WorkerOutcome(container="PNG", done=("a", "b"))
    assert load_outcome(dump_outcome(answer)) == answer


# ── Whole runs ────────────────────────────────────────────────────────────────────────────────────────────────────


@contextmanager
def running(folder: Path, *arguments: str | Path) -> Iterator[subprocess.Popen[str]]:
    """``preflight fix`` in ``folder``, at the moment when it has begun to write."""
    with subprocess.Popen(
        command("fix", *arguments),
        cwd=folder,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        while not list(folder.glob(".preflight-fix-*")):
            assert process.poll() is None, process.communicate()
            time.sleep(0.002)
        yield process


@pytest.mark.parametrize("interrupt", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "told-to-end"])
def test_an_interrupt_leaves_the_file_as_it_was_and_nothing_beside_it(
    interrupt: signal.Signals, tmp_path: Path
) -> None:
    clip = tmp_path / "wide.mp4"
    shutil.copyfile(CLIPS / "3852-wide.mp4", clip)
    before = hashlib.sha256(clip.read_bytes()).digest()
    with running(tmp_path, "--unsafe", "--in-place", "wide.mp4") as process:
        process.send_signal(interrupt)
        out, err = process.communicate(timeout=LONG)
    assert (process.returncode, out, err.strip()) == (130, "", "interrupted")
    assert list(tmp_path.iterdir()) == [clip]
    assert hashlib.sha256(clip.read_bytes()).digest() == before


def test_a_file_that_changes_meanwhile_is_not_replaced_by_the_repair_of_what_it_was(tmp_path: Path) -> None:
    clip = tmp_path / "wide.mp4"
    shutil.copyfile(CLIPS / "3852-wide.mp4", clip)
    with running(tmp_path, "--unsafe", "--in-place", "wide.mp4") as process:
        with clip.open("ab") as file:
            file.write(bytes(8))
        out, err = process.communicate(timeout=LONG)
    assert (process.returncode, err) == (1, "")
    assert "it changed while it was repaired; nothing was written" in out
    assert clip.read_bytes()[-8:] == bytes(8)
    assert list(tmp_path.iterdir()) == [clip]


def test_a_folder_that_may_not_be_written_to_is_said_in_a_sentence() -> None:
    with TemporaryDirectory() as folder:
        picture = Path(folder, "webp.webp")
        shutil.copyfile(PICTURES / "webp.webp", picture)
        here("fix", "--diff", picture)  # loads the libraries, which the other user may not be allowed to read
        Path(folder).chmod(0o555)
        was_root = os.geteuid() == 0
        if was_root:
            os.seteuid(NOBODY)
        try:
            ran = here("fix", picture)
        finally:
            if was_root:
                os.seteuid(0)
            Path(folder).chmod(0o755)
    assert ran.code == 1
    assert "cannot write beside" in ran.out


def test_a_name_that_is_free_is_taken_only_once(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    source.touch(mode=0o600)
    for text in ("one", "two"):
        made = tmp_path / "made"
        made.write_text(text)
        if text == "two":
            with pytest.raises(write.Occupied):
                write.place(made, target, source, replace=False)
            write.place(made, target, source, replace=True)
        else:
            write.place(made, target, source, replace=False)
            assert target.read_text() == "one"
            made.unlink()
    assert target.read_text() == "two"
    assert target.stat().st_mode & 0o777 == 0o600


def test_a_place_that_cannot_be_written_to_is_a_configuration_error(tmp_path: Path) -> None:
    (tmp_path / "made").touch()
    with pytest.raises(ConfigurationError, match="cannot write"):
        write.place(tmp_path / "made", tmp_path / "no-folder" / "x", tmp_path / "made", replace=True)
    with pytest.raises(ConfigurationError, match="cannot write beside"), write.temporary(tmp_path / "no" / "x"):
        pass


@pytest.mark.parametrize("name", ["a\nb.webp", "-q.webp", "a:b.webp", "\x1b[31m.webp", "über größe.webp", "100%.webp"])
def test_a_file_may_be_called_anything(name: str, tmp_path: Path) -> None:
    shutil.copyfile(PICTURES / "webp.webp", tmp_path / name)
    ran = here("fix", tmp_path)
    assert ran.code == 0
    assert "\x1b" not in ran.out
    assert ran.out.count("\n") == 2
    assert (tmp_path / name.replace(".webp", ".fixed.png")).exists()


@pytest.mark.parametrize(
    ("name", "data"), [("large.jpg", jpeg_of(10_600_000)), ("large.png", png_of(10_600_000))], ids=["jpeg", "png"]
)
def test_a_picture_of_more_than_ten_megabytes_is_brought_below_without_being_asked(
    name: str, data: bytes, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(data)
    assert here("fix", tmp_path / name).code == 0
    (made,) = tmp_path.glob("*.fixed.*")
    assert made.stat().st_size <= 10_000_000
    assert made.suffix == Path(name).suffix
