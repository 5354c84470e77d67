"""Engines: a Ray cluster of two nodes gives the parts that processes on this machine give, also when a node dies."""

from __future__ import annotations

import socketserver
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.runs.running import parts_of, rows_of, run, verdicts_of, write_rows
from tests.runs.test_resume import some_fail, started
from tests.support.command import here, preflight

pytestmark = pytest.mark.usefixtures("measured_children")

ROWS = 600


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Two nodes with a processor each, small ones, which report to nobody."""
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    from ray.cluster_utils import Cluster  # noqa: PLC0415 - takes seconds, which only this test needs

    node = {"num_cpus": 1, "object_store_memory": 80 << 20, "include_dashboard": False}
    found = Cluster(initialize_head=True, head_node_args=node)
    try:
        found.add_node(num_cpus=1, object_store_memory=80 << 20)
        found.wait_for_nodes(60)
        yield found
    finally:
        found.shutdown()


@pytest.mark.filterwarnings("ignore")  # of Ray's own code
def test_a_cluster_that_loses_a_node_gives_the_same_parts(tmp_path: Path, cluster: Any) -> None:
    manifest = write_rows(tmp_path / "jobs.jsonl", ROWS, some_fail, name=lambda row: f"r{row % 500}")
    local = run(manifest, tmp_path / "local", parts_of=30)
    to = tmp_path / "ray"
    arguments = ("--part-rows", "30", "--engine", "ray", "--address", cluster.address)
    with started(manifest, to, *arguments) as process:
        while not list(to.glob("part-*")) and process.poll() is None:
            time.sleep(0.05)
        cluster.remove_node(next(node for node in cluster.list_all_nodes() if not node.head))
        out, err = process.communicate(timeout=240)
    assert process.returncode == local.code, err
    assert b"600 rows" in out
    assert b"Traceback" not in err
    assert sorted(verdicts_of(to)) == list(range(1, ROWS + 1))
    assert parts_of(to) == parts_of(tmp_path / "local")
    repeated = [row["row"] for row in rows_of(to) if "id-duplicate" in [each["rule"] for each in row["findings"]]]
    assert repeated == list(range(501, ROWS + 1))


def test_a_cluster_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    manifest = write_rows(tmp_path / "jobs.jsonl", 3)
    refused = preflight("check", manifest, "--to", tmp_path / "run", "--engine", "ray", "--address", "127.0.0.1:9")
    assert refused.code == 2
    assert "no Ray cluster at 127.0.0.1:9: nothing answers there" in refused.err
    assert run(manifest, tmp_path / "run", parts_of=1000).code == 0, "the run goes on with another engine"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (None, "nothing answers there"),
        (b"", "something else answers there"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "something else answers there"),
    ],
    ids=["silent", "hangs up", "HTTP"],
)
def test_a_server_that_is_not_a_cluster_is_an_error_in_seconds(answer: bytes | None, said: str, tmp_path: Path) -> None:
    manifest = write_rows(tmp_path / "jobs.jsonl", 3)

    ended = threading.Event()

    class Answers(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            if answer is None:
                ended.wait(60)
            else:
                self.request.sendall(answer)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Answers) as server:
        threading.Thread(target=server.serve_forever).start()
        address = f"127.0.0.1:{server.server_address[1]}"
        ran = preflight("check", manifest, "--to", tmp_path / "run", "--engine", "ray", "--address", address)
        ended.set()
        server.shutdown()
    assert ran.code == 2
    assert ran.err == f"preflight: no Ray cluster at {address}: {said}\n"


def test_parquet_holds_the_same_rows(tmp_path: Path) -> None:
    from pyarrow import parquet  # noqa: PLC0415 - takes long to load

    manifest = write_rows(tmp_path / "jobs.jsonl", 45, some_fail)
    lines, columns = run(manifest, tmp_path / "lines"), run(manifest, tmp_path / "columns", "--results", "parquet")
    assert lines.code == columns.code
    table = parquet.read_table([str(part) for part in sorted((tmp_path / "columns").glob("*.parquet"))])
    verdicts = verdicts_of(tmp_path / "lines")
    assert dict(zip(table["row"].to_pylist(), table["verdict"].to_pylist(), strict=True)) == verdicts
    again = run(manifest, tmp_path / "columns", "--results", "parquet", "--retry", "fail")
    assert again.code in (1, 2, 3)
    assert "45 rows" in again.out


def test_a_url_that_fsspec_knows_holds_a_run(tmp_path: Path) -> None:
    manifest = write_rows(tmp_path / "jobs.jsonl", 45, some_fail)
    run(manifest, tmp_path / "folder")
    there = here(
        "check", manifest, "--part-rows", "20", "--workers", "1", "--to", f"local://{tmp_path / 'url'}"
    )  # fsspec's own file system
    assert there.code in (1, 3), there.err
    assert parts_of(tmp_path / "url") == parts_of(tmp_path / "folder")
    assert not (tmp_path / "url" / "lock").exists()
    (tmp_path / "url" / "part-00001.jsonl").unlink()
    again = here("check", manifest, "--part-rows", "20", "--workers", "1", "--to", f"local://{tmp_path / 'url'}")
    assert "2 of 3 parts are there" in again.err
    assert parts_of(tmp_path / "url") == parts_of(tmp_path / "folder")


def test_a_lock_at_a_url_counts_as_long_as_it_is_renewed(tmp_path: Path) -> None:
    manifest = write_rows(tmp_path / "jobs.jsonl", 3)
    (tmp_path / "url").mkdir()
    lock = tmp_path / "url" / "lock"
    for seconds, code in ((0, 2), (1000, 0)):
        lock.write_text(f'{{"process": "7 on elsewhere", "at": {time.time() - seconds}}}')
        ran = here("check", manifest, "--workers", "1", "--to", f"local://{tmp_path / 'url'}")
        assert ran.code == code, ran.err
        assert ("another process works on" in ran.err) == (code == 2)


@pytest.mark.parametrize(
    "url",
    ["nothing://bucket/run", "s3:///", "memory://", "memory://run"],
    ids=["unknown", "no-bucket", "no-path", "not-shared"],
)
def test_a_url_that_cannot_hold_a_run_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    manifest = write_rows(tmp_path / "jobs.jsonl", 3)
    monkeypatch.chdir(tmp_path)
    refused = here("check", manifest, "--to", url)
    assert refused.code == 2
    assert refused.err.startswith("preflight: ")
    assert [path.name for path in tmp_path.iterdir()] == ["jobs.jsonl"]
