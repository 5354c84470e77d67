"""The counts of parts: what rows cannot tell is kept, they are made once, and no part is read twice for them."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from io import BufferedReader
from pathlib import Path
from typing import Any

import pytest

from preflight import Options
from preflight.runs.carry_out import Finished, Order, RowsOf, State, carry_out
from preflight.runs.engines.checker import Headway, PartChecker, PartDone, PartFailed, Retry, Task
from preflight.runs.engines.local_engine import Watcher
from preflight.runs.manifests.rows import PartRows
from preflight.runs.on_disk.store import FolderStore
from preflight.runs.on_disk.tally import Tally
from tests.runs.running import run, write_rows
from tests.servers.many_hosts import Behaviour, many_hosts
from tests.support.command import CLIP, PICTURE, here

ROWS = 30


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of three parts whose rows share a picture and a clip at URLs, its manifest and its options beside it."""
    folder = tmp_path_factory.mktemp("finished")
    with many_hosts(Path(PICTURE), Path(CLIP), Behaviour(late_s=0.01)) as server:
        media = server.url(0, "a.png"), server.url(0, "a.mp4")
        manifest = write_rows(folder / "jobs.jsonl", ROWS, lambda _: media)
        ran = run(manifest, folder / "run", *server.allow, parts_of=10)
        assert ran.code == 0, ran
        (folder / "options.json").write_text(json.dumps(server.allow))
    return folder


@dataclass(frozen=True)
class Copy:
    """A copy of the run, as the value of ``--to``, and its folder."""

    finished: Path
    folder: Path
    to: str

    def start(self, *more: str) -> Any:
        """Start the run again. The server is gone: nothing can be read again. Returns its summary."""
        allow = json.loads((self.finished / "options.json").read_text())
        ran = here("check", self.finished / "jobs.jsonl", "--to", self.to, "--part-rows", "10", *allow, *more)
        assert ran.code == 0, ran
        return self.summary

    @property
    def summary(self) -> Any:
        return json.loads((self.folder / "summary.json").read_text())

    def counts(self, number: int) -> Path:
        return self.folder / "counts" / f"part-{number:05d}.json"

    def change_counts(self, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        for number in range(3):
            counts = self.counts(number)
            counts.write_text(json.dumps(change(json.loads(counts.read_text()))))


@pytest.fixture(params=["folder", "URL"])
def copy(request: pytest.FixtureRequest, finished: Path, tmp_path: Path) -> Copy:
    folder = tmp_path / "run"
    shutil.copytree(finished / "run", folder)
    return Copy(finished, folder, str(folder) if request.param == "folder" else folder.as_uri())


def without(*starts: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Counts as an earlier version wrote them, which did not have keys that begin like that."""
    return lambda value: {key: each for key, each in value.items() if not key.startswith(starts)}


def other_bins(value: dict[str, Any]) -> dict[str, Any]:
    return {**value, "histograms": {name: [len(counts)] for name, counts in value["histograms"].items()}}


def of_the_part_to_come(value: dict[str, Any]) -> dict[str, Any]:
    """``--retry`` writes the counts of a part before its file, and may die in between."""
    return {**value, "part_bytes": 1, "part_sha256": "0" * 64, "replaced_sha256": value["part_sha256"]}


EARLIER = {
    "without prices of rows that pass": without("passing_", "hidden"),
    "without digests": without("passing_", "hidden", "swapped", "part_"),
    "with other bins": other_bins,
    "of a part that was not written": of_the_part_to_come,
}


@pytest.mark.parametrize("earlier", EARLIER.values(), ids=EARLIER.keys())
def test_a_finished_run_of_an_earlier_version_keeps_its_figures(
    earlier: Callable[[dict[str, Any]], dict[str, Any]], copy: Copy
) -> None:
    before = {**copy.summary, "elapsed_s": 2.5}
    assert before["requests"] == 2, "all rows share two readings"
    copy.change_counts(earlier)
    old = {key: value for key, value in before.items() if key not in ("passing", "hidden")}
    (copy.folder / "summary.json").write_text(json.dumps(old))
    assert copy.start() == before
    counts = [copy.counts(number) for number in range(3)]
    assert all(json.loads(each.read_text())["passing_priced"] == 10 for each in counts)
    times = [each.stat().st_mtime_ns for each in (*counts, copy.folder / "summary.json")]
    assert copy.start() == before
    assert [each.stat().st_mtime_ns for each in (*counts, copy.folder / "summary.json")] == times


def test_renewed_counts_still_tell_a_part_that_is_changed_later(copy: Copy) -> None:
    copy.change_counts(of_the_part_to_come)
    copy.start()
    part = copy.folder / "part-00001.jsonl"
    text = part.read_bytes()
    part.write_bytes(text.replace(b'"high": "360"', b'"high": "160"'))
    assert part.read_bytes() != text
    refused = here("report", copy.folder)
    assert (refused.code, f"{part.name} was changed" in refused.err) == (2, True), refused


def test_a_report_leaves_the_counts_of_an_earlier_version_as_they_are(copy: Copy) -> None:
    copy.change_counts(without("passing_", "hidden"))
    before = copy.counts(1).read_bytes()
    assert here("report", copy.folder).code == 0
    assert copy.counts(1).read_bytes() == before


def test_counts_are_taken_as_they_were_written(copy: Copy) -> None:
    copy.change_counts(lambda value: {**value, "requests": 5, "sent_again": 3})
    summary = copy.start()
    assert (summary["requests"], summary["sent_again"]) == (15, 9)


@pytest.mark.parametrize("cost", ["5", True, -1, 1.5, None], ids=repr)
def test_a_cost_that_is_not_a_count_is_not_taken(cost: object, copy: Copy) -> None:
    copy.change_counts(lambda value: {**value, "requests": cost, "bytes": 10**9})
    summary = copy.start()
    assert (summary["requests"], summary["bytes"] < 10**9) == (6, True)


def test_without_counts_rows_that_share_a_reading_count_it_once_a_part(copy: Copy) -> None:
    before = copy.summary
    shutil.rmtree(copy.folder / "counts")
    summary = copy.start()
    assert (summary["requests"], summary["bytes"]) == (3 * 2, 3 * before["bytes"])


@pytest.mark.parametrize("elapsed", ["2.5", True, -1, 1e400, None, []], ids=repr)
def test_a_time_that_is_none_is_not_kept(elapsed: object, copy: Copy) -> None:
    (copy.folder / "summary.json").write_text(json.dumps({**copy.summary, "elapsed_s": elapsed}))
    assert copy.start()["elapsed_s"] == 0


@dataclass(frozen=True)
class CountingStore:
    """A run in a folder that counts how often each file is opened. Its files have no sizes, as those at a URL."""

    folder: FolderStore
    opened: Counter[str] = field(default_factory=Counter)

    @property
    def shown(self) -> str:
        return self.folder.shown

    def prepare(self) -> None:
        self.folder.prepare()

    def names(self) -> set[str]:
        return self.folder.names()

    def open(self, name: str) -> BufferedReader:
        self.opened[name] += 1
        return self.folder.open(name)

    def size(self, name: str) -> int | None:  # noqa: ARG002 - of the interface
        return None

    def write(self, name: str, data: bytes) -> None:
        self.folder.write(name, data)

    def lock(self) -> AbstractContextManager[None]:
        return self.folder.lock()


class Listener:
    """Hears of a run, and remembers how many parts were read at its start."""

    def __init__(self) -> None:
        self.heard: list[tuple[int, int]] = []

    def counted(self, parts: int, there: int) -> None:
        self.heard.append((parts, there))

    def indexed(self, rows: int, part: float) -> None: ...

    def began(self, state: State, before: Tally) -> None: ...

    def progressed(self, progress: Headway) -> None: ...

    def part_done(self) -> None: ...

    def tick(self) -> None: ...


def work_here(task: Task, parts: Sequence[int], rows_of: RowsOf, watcher: Watcher) -> None:
    """An engine in this process."""

    def heard(of: PartDone | PartFailed) -> None:
        assert isinstance(of, PartDone), of
        watcher.done(of.number, of.tally)

    async def work() -> None:
        waiting: asyncio.Queue[PartRows | None] = asyncio.Queue()
        for number in parts:
            waiting.put_nowait(rows_of(number))
        waiting.put_nowait(None)
        await PartChecker(task, heard=heard).check(waiting)

    asyncio.run(work())


def carried_out(
    manifest: Path, store: CountingStore, retry: Retry | None = None, listener: Listener | None = None
) -> Finished:
    store.opened.clear()
    order = Order(manifest=str(manifest), store=store, options=Options(), retry=retry, rows_a_part=10)
    return carry_out(order, work_here, listener or Listener())


def parts_opened(store: CountingStore) -> dict[str, int]:
    return {name: times for name, times in sorted(store.opened.items()) if name.startswith("part-")}


def test_a_part_is_read_once_at_the_start_and_not_again_at_the_end(tmp_path: Path) -> None:
    manifest = write_rows(tmp_path / "jobs.jsonl", ROWS)
    store = CountingStore(FolderStore(str(tmp_path / "run")))
    first = carried_out(manifest, store)
    assert (first.summary["rows"], parts_opened(store)) == (ROWS, {}), "parts that were just written are known"
    (tmp_path / "run" / "part-00001.jsonl").unlink()
    listener = Listener()
    again = carried_out(manifest, store, listener=listener)
    assert listener.heard == [(1, 2), (2, 2)]
    assert again.summary["histograms"] == first.summary["histograms"]
    assert parts_opened(store) == {"part-00000.jsonl": 1, "part-00002.jsonl": 1}
    carried_out(manifest, store)
    assert parts_opened(store) == {f"part-0000{number}.jsonl": 1 for number in range(3)}


def test_retry_reads_only_parts_with_rows_to_examine_again(tmp_path: Path) -> None:
    manifest = write_rows(tmp_path / "jobs.jsonl", ROWS, lambda row: (PICTURE if row else "lost.png", CLIP))
    store = CountingStore(FolderStore(str(tmp_path / "run")))
    first = carried_out(manifest, store)
    retried = carried_out(manifest, store, "fail")
    assert retried.summary["verdicts"] == first.summary["verdicts"]
    assert parts_opened(store) == {"part-00000.jsonl": 3, "part-00001.jsonl": 1, "part-00002.jsonl": 1}


def test_a_part_that_is_gone_at_the_end_is_named(tmp_path: Path) -> None:
    manifest = write_rows(tmp_path / "jobs.jsonl", ROWS)
    store = CountingStore(FolderStore(str(tmp_path / "run")))
    carried_out(manifest, store)
    (tmp_path / "run" / "part-00001.jsonl").unlink()

    def work(task: Task, parts: Sequence[int], rows_of: RowsOf, watcher: Watcher) -> None:
        work_here(task, parts, rows_of, watcher)
        (tmp_path / "run" / "part-00002.jsonl").unlink()

    order = Order(manifest=str(manifest), store=store, options=Options(), rows_a_part=10)
    with pytest.raises(Exception, match=r"part-00002\.jsonl is missing"):
        carry_out(order, work, Listener())
