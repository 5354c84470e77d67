"""What a large manifest or a crafted movie may cost: memory that does not grow with rows, and questions not asked."""

from __future__ import annotations

import gc
import tracemalloc
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from struct import pack
from typing import Any

import pytest

from preflight.checking.engine import Engine
from preflight.checking.options import Options
from preflight.checking.second_opinion import with_second_opinion
from preflight.checking.verdict import outcome_of
from preflight.jobfiles import job_from_fields
from preflight.model import Job, JobReport, SparseBytes, Verdict, VideoFacts
from preflight.model.facts import Family
from preflight.probes import limits
from preflight.workers.pool import WorkerPool
from tests.support.command import here

ROW = "https://cdn.example.com/a.png,https://cdn.example.com/b.mp4,{}\n"


def peak_of_a_check(path: Path, rows: int, *options: str) -> int:
    path.write_text("image,video,id\n" + "".join(map(ROW.format, range(rows))))
    tracemalloc.start()
    try:
        assert here("check", str(path), "--offline", "--quiet", *options).code == 0
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("options", [(), ("--jobs-only",)], ids=["check", "hook"])
def test_a_quiet_check_takes_no_more_memory_for_more_rows(options: tuple[str, ...], tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    peak_of_a_check(path, 10, *options)  # what is loaded and compiled once
    few, many = peak_of_a_check(path, 400, *options), peak_of_a_check(path, 3200, *options)
    assert many < 1.5 * few


def test_no_report_is_kept_where_nothing_is_written() -> None:
    seen: list[int] = []

    def jobs() -> Iterator[Job]:
        for number in range(700):
            if number == 600:
                seen.append(sum(isinstance(each, JobReport) for each in gc.get_objects()))
            yield job_from_fields(model=None, images=[f"https://example.com/{number}.png"], videos=[])

    gc.collect()
    held = sum(isinstance(each, JobReport) for each in gc.get_objects())
    with Engine(Options(offline=True)) as engine:
        outcome = outcome_of(engine.check_each(jobs()))
    assert (outcome.jobs, outcome.verdict, outcome.over_budget) == (700, Verdict.FAIL, False)
    assert seen[0] - held < 3


@pytest.mark.parametrize("wanted", [True, False])
def test_a_job_is_identified_only_for_whoever_compares_jobs(wanted: bool) -> None:
    job = job_from_fields(model=None, images=["https://example.com/a.png"], videos=["https://example.com/b.mp4"])
    with Engine(Options(offline=True, identify=wanted)) as engine:
        (report,) = engine.check([job]).jobs
    assert (report.identity is not None) is wanted


@pytest.mark.parametrize("name", ["json", "jsonl"])
def test_formats_for_programs_hold_the_identity(name: str, tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("image,video,id\n" + ROW.format(1))
    assert '"identity":null' not in here("check", str(path), "--offline", "--format", name).out.replace(" ", "")


def test_an_exit_code_is_the_same_with_and_without_a_report(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("image,video,id\n" + ROW.format(1) + "missing.png,missing.mp4,2\n")
    assert here("check", str(path), "--offline").code == here("check", str(path), "--offline", "--quiet").code == 1


class CountingPool(WorkerPool):
    """A pool that starts no process and counts what it is asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0

    def ask(self, fetched: SparseBytes, size_bytes: int) -> list[Mapping[str, Any]] | None:
        del fetched, size_bytes
        self.asked += 1
        return None


def cmvd(stated: int) -> bytes:
    data = b"cmvd" + pack(">I", stated) + zlib.compress(bytes(1000))
    return pack(">I", 4 + len(data)) + data


@pytest.mark.parametrize(
    ("pieces", "asked"),
    [
        ([cmvd(limits.MAX_MOVIE_BYTES)], 1),
        ([cmvd(limits.MAX_MOVIE_BYTES + 1)], 0),
        ([cmvd(1 << 31)], 0),
        ([cmvd(limits.MAX_MOVIE_BYTES // 2 + 1) * 2], 0),  # each within the limit, not together
        ([cmvd(1 << 31)[:6], cmvd(1 << 31)[6:]], 0),  # parted within the name of the box
        ([cmvd(1 << 31)[:9], cmvd(1 << 31)[9:]], 0),  # and within the size that it states
        ([b"cmvd"], 1),
        ([b"no movie"], 1),
    ],
    ids=["limit", "above", "gigabytes", "together", "name-parted", "size-parted", "cut", "none"],
)
def test_mediainfo_is_not_asked_to_inflate_more_than_preflight_does(pieces: list[bytes], asked: int) -> None:
    fetched, at = SparseBytes(), 0
    for piece in pieces:
        fetched.add(at, piece)
        at += len(piece)
    facts = VideoFacts(container="MOV", family=Family.VIDEO, size_bytes=at)
    with CountingPool() as pool:
        assert with_second_opinion(facts, fetched, pool) == facts
        assert pool.asked == asked
