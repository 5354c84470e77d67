"""What hosts see of a run: how many connections, how fast, and what happens when one asks for time."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path

import pytest

from preflight.sources.url import AllowedHost, locate
from tests.runs.running import rows_of, run, verdicts_of, write_rows
from tests.servers.many_hosts import Behaviour, ManyHosts, many_hosts
from tests.support.command import CLIP, PICTURE, Ran, here

FILES = Path(PICTURE), Path(CLIP)


def over(server: ManyHosts, path: Path, rows: int, *, shared: bool = False) -> Path:
    """A manifest with a picture and a clip a row, of their own unless ``shared``."""
    name = "all" if shared else "{row}"
    return write_rows(
        path,
        rows,
        lambda row: (
            server.url(row, f"{name.format(row=row)}.png"),
            server.url(row, f"{name.format(row=row)}.mp4"),
        ),
    )


def checked(server: ManyHosts, folder: Path, rows: int, *arguments: str, shared: bool = False) -> Ran:
    manifest = over(server, folder / "jobs.jsonl", rows, shared=shared)
    return run(manifest, folder / "run", *server.allow, *arguments, parts_of=max(1, rows // 4))


def test_no_host_has_more_connections_than_per_host_allows_over_all_workers(tmp_path: Path) -> None:
    with many_hosts(*FILES, Behaviour(hosts=2, late_s=0.02)) as server:
        ran = checked(server, tmp_path, 80, "--workers", "2", "--per-host", "3")
        counts = server.counts()
    assert ran.code == 0, ran.err
    assert counts["requests"] == 160
    assert max(counts["most_connected"].values()) == 3


def test_more_workers_than_places_at_a_host_are_not_started(tmp_path: Path) -> None:
    with many_hosts(*FILES, Behaviour(late_s=0.02)) as server:
        ran = checked(server, tmp_path, 20, "--workers", "4", "--per-host", "1")
        counts = server.counts()
    assert ran.code == 0, ran.err
    assert "1 workers instead of 4" in ran.err
    assert max(counts["most_connected"].values()) == 1


def test_a_check_without_a_run_has_the_same_manners(tmp_path: Path) -> None:
    with many_hosts(*FILES, Behaviour(late_s=0.02)) as server:
        manifest = over(server, tmp_path / "jobs.jsonl", 30)
        ran = here("check", manifest, *server.allow, "--per-host", "2", "--user-agent", "studio (ops@example.com)")
        counts = server.counts()
    assert ran.code == 0, ran.err
    assert max(counts["most_connected"].values()) == 2
    assert counts["agents"] == ["studio (ops@example.com)"]


def test_hosts_take_turns_although_the_manifest_has_one_after_the_other(tmp_path: Path) -> None:
    rows = 60
    with many_hosts(*FILES, Behaviour(hosts=4, late_s=0.02)) as server:
        manifest = write_rows(
            tmp_path / "jobs.jsonl",
            rows,
            lambda row: (server.url(4 * row // rows, f"{row}.png"), server.url(4 * row // rows, f"{row}.mp4")),
        )
        ran = run(manifest, tmp_path / "run", *server.allow, "--per-host", "2")
        order = server.counts()["order"]
    assert ran.code == 0, ran.err
    assert len(set(order[: len(order) // 2])) == 4, "half of the requests are over before the last host has one"


def test_one_file_in_many_rows_is_read_once(tmp_path: Path) -> None:
    with many_hosts(*FILES, Behaviour()) as server:
        ran = checked(server, tmp_path, 200, shared=True)
        counts = server.counts()
    assert ran.code == 0, ran.err
    assert counts["requests"] == 2
    assert len(rows_of(tmp_path / "run")) == 200


def test_a_host_that_asks_for_time_gets_it_and_nothing_stays_undecided(tmp_path: Path) -> None:
    with many_hosts(*FILES, Behaviour(hosts=2, refusing=0.3, seconds=4, seed=1)) as server:
        ran = checked(server, tmp_path, 60, "--per-host", "4")
        counts = server.counts()
    assert counts["refused"] > 0
    assert set(verdicts_of(tmp_path / "run").values()) == {"pass"}
    assert ran.code == 0
    assert max(counts["most_connected"].values()) <= 4
    assert f"{counts['refused']} sent again" in ran.out


def test_a_host_rate_is_kept(tmp_path: Path) -> None:
    with many_hosts(*FILES, Behaviour()) as server:
        ran = checked(server, tmp_path, 10, "--host-rate", "20")
    assert ran.code == 0, ran.err
    (rate,) = [line for line in ran.out.splitlines() if line.startswith("Read:")]
    assert "20 requests" in rate


def test_one_host_has_one_name_in_a_summary_and_a_report_and_a_url_without_one_ends_no_run(tmp_path: Path) -> None:
    hosts = (
        "bücher.example",
        "BÜCHER.example.",
        "xn--bcher-kva.example:80",
        "[::1",
        f"{'x' * 64}.example",
        "a..example",
    )
    manifest = write_rows(
        tmp_path / "jobs.jsonl",
        len(hosts),
        lambda row: (f"http://{hosts[row]}/{row}.png", f"http://{hosts[row]}/{row}.mp4"),
    )
    ran = run(manifest, tmp_path / "run", "--offline")
    assert ran.code == 1, ran.err
    summary = json.loads((tmp_path / "run" / "summary.json").read_text())
    assert summary["histograms"]["hosts"] == {"?": {"fail": 3}, "xn--bcher-kva.example": {"pass": 3}}
    report = here("report", tmp_path / "run", "--by", "host", "--format", "json")
    assert {group["name"]: group["jobs"] for group in report.json["groups"]} == {"?": 3, "xn--bcher-kva.example": 3}
    for name, words in {"check": ("check", manifest, "--offline"), "report": ("report", tmp_path / "run")}.items():
        here(*words, "--format", f"html:{tmp_path / name}.html")
        named = re.findall(r'data-host="([^"]*)"', (tmp_path / f"{name}.html").read_text("utf-8"))
        assert Counter(named) == {"?": 3, "xn--bcher-kva.example": 3}, name


@pytest.mark.parametrize("written", ["bücher.local", "BÜCHER.LOCAL.", "xn--bcher-kva.local"])
def test_a_host_is_allowed_however_it_is_written(written: str) -> None:
    allowed = {AllowedHost.parse(f"{written}:8000")}
    for other in ("bücher.local", "Bücher.local.", "xn--bcher-kva.local"):
        assert locate(f"http://{other}:8000/a.png", allowed).host == "xn--bcher-kva.local"
