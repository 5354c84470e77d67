"""One URL in many rows is read once in a run, whichever worker has the rows, and whichever worker dies."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import time
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.runs.running import children_of, rows_of, run, verdicts_of, write_rows
from tests.servers.many_hosts import Behaviour, ManyHosts, many_hosts
from tests.support.command import CLIP, PICTURE, command, environment

FILES = Path(PICTURE), Path(CLIP)
URLS = 20


def over(server: ManyHosts, path: Path, rows: int, urls: int = URLS) -> Path:
    """Rows over ``urls`` pictures and as many clips."""
    return write_rows(
        path, rows, lambda row: (server.url(row, f"{row % urls}.png"), server.url(row, f"{row % urls}.mp4"))
    )


def asked_of(server: ManyHosts) -> Counter[str]:
    return Counter(server.counts()["paths"])


def test_two_workers_ask_as_often_as_one(tmp_path: Path) -> None:
    asked, cost = [], []
    for workers in ("1", "2"):
        with many_hosts(*FILES, Behaviour(hosts=URLS, late_s=0.01)) as server:
            manifest = over(server, tmp_path / f"{workers}.jsonl", 300)
            ran = run(manifest, tmp_path / workers, *server.allow, "--workers", workers, parts_of=10)
            assert ran.code == 0, ran.err
            asked.append(sorted(asked_of(server).values()))
        summary = json.loads((tmp_path / workers / "summary.json").read_text())
        cost.append((summary["requests"], summary["bytes"]))
        assert sum(asked[-1]) == summary["requests"], "each reading is counted once"
    assert asked == [[1] * 2 * URLS] * 2
    assert cost[0] == cost[1]


def test_rows_have_the_results_of_the_worker_that_read(tmp_path: Path) -> None:
    """A refusal by the server and a clip that is not one are shared as well, each with its finding."""
    with many_hosts(*FILES, Behaviour(hosts=2, late_s=0.01)) as server:
        media = [("a.png", "a.mp4"), ("a.png", "b.png"), ("nobody.png", "a.mp4")]
        found = []
        for workers in ("1", "2"):
            manifest = write_rows(
                tmp_path / f"{workers}.jsonl",
                60,
                lambda row: (
                    server.url(0, media[row % 3][0]).replace("nobody", "%zz"),
                    server.url(1, media[row % 3][1]),
                ),
            )
            run(manifest, tmp_path / workers, *server.allow, "--workers", workers, parts_of=5)
            rows = rows_of(tmp_path / workers)
            for row in rows:
                for subject in row["subjects"]:
                    subject["transfer"].update(elapsed_ms=0)
            found.append([(row["verdict"], row["subjects"], row["findings"], row["quote"]) for row in rows])
    for one, two in zip(*found, strict=True):
        assert json.dumps(one).replace("/1.jsonl", "") == json.dumps(two).replace("/2.jsonl", "")


def test_a_url_that_comes_again_after_thousands_of_others_is_not_read_again(tmp_path: Path) -> None:
    """One worker forgets after 1024 files."""
    with many_hosts(*FILES, Behaviour(hosts=50)) as server:
        manifest = write_rows(
            tmp_path / "jobs.jsonl",
            2400,
            lambda row: (server.url(row, f"{row % 1200}.png"), CLIP),
        )
        run(manifest, tmp_path / "run", *server.allow, "--per-host", "16", parts_of=400)
        assert set(asked_of(server).values()) == {1}


@pytest.mark.parametrize("kind", ["csv", "parquet", "escaped"])
def test_repeated_urls_are_found_in_every_kind_of_manifest(kind: str, tmp_path: Path) -> None:
    with many_hosts(*FILES, Behaviour(hosts=4, late_s=0.01)) as server:
        rows = [{"image": server.url(n, f"{n % 4}.png"), "video": server.url(n, f"{n % 4}.mp4?a=1&b=2")}
                for n in range(80)]  # fmt: skip
        manifest = tmp_path / f"jobs.{'jsonl' if kind == 'escaped' else kind}"
        if kind == "parquet":
            pq.write_table(pa.Table.from_pylist(rows), manifest)
        elif kind == "escaped":
            text = "".join(json.dumps(row) + "\n" for row in rows)
            manifest.write_text(text.replace("/", "\\/").replace("&", "\\u0026"))
        else:
            with manifest.open("w", newline="") as file:
                writer = csv.DictWriter(file, ["image", "video"])
                writer.writeheader()
                writer.writerows(rows)
        run(manifest, tmp_path / "run", *server.allow, "--workers", "2", parts_of=5)
        assert set(asked_of(server).values()) == {1}
        assert len(asked_of(server)) == 8


def test_a_worker_that_is_killed_costs_at_most_one_further_reading_of_its_urls(tmp_path: Path) -> None:
    with many_hosts(*FILES, Behaviour(hosts=URLS, late_s=0.4)) as server:
        manifest = over(server, tmp_path / "jobs.jsonl", 300)
        arguments = ["--workers", "2", "--part-rows", "10", *server.allow]
        with subprocess.Popen(
            command("check", manifest, "--to", tmp_path / "run", *arguments),
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as process:
            end = time.monotonic() + 60
            while server.counts()["requests"] < 5:
                assert time.monotonic() < end, "nothing is read"
                time.sleep(0.02)
            os.kill(children_of(process.pid)[0], signal.SIGKILL)
            _, err = process.communicate(timeout=120)
        asked = asked_of(server)
    assert process.returncode == 0, err
    assert sorted(verdicts_of(tmp_path / "run")) == list(range(1, 301))
    assert len(asked) == 2 * URLS
    assert max(asked.values()) <= 2


def test_urls_that_stand_in_one_row_are_not_asked_about(tmp_path: Path) -> None:
    """No worker waits for another one's answer: the first reading of a URL is known to be the only one."""
    from preflight.runs.manifests.open_manifest import open_manifest  # noqa: PLC0415

    manifest = write_rows(tmp_path / "jobs.jsonl", 500, lambda row: (f"https://a.test/{row}.png", CLIP))
    with open_manifest(str(manifest), 100) as opened:
        assert (
            opened.repeated is None or sum(opened.repeated.has(f"https://a.test/{row}.png") for row in range(500)) < 5
        )
