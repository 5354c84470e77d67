"""What commands print as JSON, held against the schemas that ``preflight schema`` prints."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from preflight.render.schema.shapes import SHAPES
from tests.support.command import CLIP, FIXTURES, PICTURE, here
from tests.support.service import Service, service


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with service(tmp_path_factory.mktemp("service"), credits=Decimal(100_000)) as running:
        yield running


@pytest.fixture(scope="module")
def paid(sandbox: Service) -> Path:
    """A run whose jobs were checked and paid for; one was not sent."""
    image, clip = sandbox.media.url("ok", "a.png"), sandbox.media.url("ok", "12.mp4")
    rows = "".join(f"r{row},{image},{clip},{row}\n" for row in range(3)) + f"bad,{image},{clip}.txt,3\n"
    (sandbox.folder / "jobs.csv").write_text(f"id,image,video,prompt\n{rows}", "utf-8")
    here("check", sandbox.folder / "jobs.csv", "--to", sandbox.folder / "run", "--workers", "1", *sandbox.media_options)
    said = sandbox.submit(sandbox.folder / "run", "--budget", "800", "--yes")
    (sandbox.folder / "paid.json").write_text(said.out)
    return sandbox.folder / "run"


def fits(name: str, value: Any) -> None:
    """``value`` fits its schema, which a caller gets from the command."""
    schema = here("schema", name).json
    Draft7Validator.check_schema(schema)
    Draft7Validator(schema).validate(value)
    assert schema["title"] == value["schema"]


def test_repairs(tmp_path: Path) -> None:
    for name in ("pictures/webp-named.png", "clips/too-long-to-fix.txt"):
        source = FIXTURES / name
        (tmp_path / source.name).write_bytes(source.read_bytes() if source.exists() else b"not a clip")
    shutil.copy(CLIP, tmp_path / "clip.mp4")
    (tmp_path / "job.yaml").write_text(
        "model: kling-v3-motion-control\ninput:\n  input_urls: [webp-named.png]\n  video_urls: [clip.mp4]\n"
    )
    shown = here("fix", tmp_path / "job.yaml", "--format", "json").json
    assert [job["state"] for job in shown["jobs"]] == ["written"]
    fits("fix", shown)
    alone = here("fix", tmp_path / "clip.mp4", tmp_path / "too-long-to-fix.txt", "--format", "json").json
    assert {file["state"] for file in alone["files"]} == {"unchanged", "not-fixed"}
    fits("fix", alone)


LEDGER: Mapping[str, tuple[str, ...]] = {
    "list": ("list",),
    "list by day": ("list", "--by", "day"),
    "show": ("show", "1"),
}


@pytest.mark.parametrize("case", LEDGER)
def test_the_ledger(case: str, sandbox: Service, paid: Path) -> None:
    assert paid.is_dir()
    shown = here("ledger", *LEDGER[case], "--format", "json", *sandbox.ledger_options).json
    assert shown["entries"] or "by" in case
    fits("ledger", shown)


def test_the_calibration(sandbox: Service, paid: Path) -> None:
    assert paid.is_dir()
    fits("calibration", here("ledger", "calibrate", "--format", "json", *sandbox.ledger_options).json)


def test_a_run_and_what_was_paid_for(sandbox: Service, paid: Path) -> None:
    fits("run", json.loads((paid / "run.json").read_text()))
    fits("summary", json.loads((paid / "summary.json").read_text()))
    rows = [json.loads(line) for line in (paid / "part-00000.jsonl").read_text().splitlines()]
    assert [row["verdict"] for row in rows] == ["pass", "pass", "pass", "fail"]
    for row in rows:
        fits("row", row)
    shown = json.loads((sandbox.folder / "paid.json").read_text())
    assert shown["states"] == {"accepted": 2, "not-sent": 1}
    fits("submissions", shown)
    fits("sandbox", sandbox.state)


def test_an_exact_request(sandbox: Service) -> None:
    fits("request", sandbox.submit(sandbox.job(), "--dry-run").json)


BY_COMMAND: Mapping[str, tuple[str, Callable[[Path], list[str]]]] = {
    "rules": ("rules", lambda _: ["rules", "--format", "json"]),
    "rules of a model": (
        "rules",
        lambda _: ["rules", "--model", "kling-v3-motion-control", "--format", "json"],
    ),
    "rules of a spec": (
        "rules",
        lambda _: ["rules", "--spec", str(next((FIXTURES / "specs").glob("*.toml"))), "--format", "json"],
    ),
    "settings": ("settings-values", lambda _: ["settings", "--format", "json"]),
    "doctor": ("doctor", lambda _: ["doctor", "--offline", "--json"]),
}


@pytest.mark.parametrize("case", BY_COMMAND)
def test_commands(case: str, tmp_path: Path) -> None:
    name, arguments = BY_COMMAND[case]
    fits(name, here(*arguments(tmp_path)).json)


def test_a_baseline(tmp_path: Path) -> None:
    target = tmp_path / "baseline.json"
    here("check", FIXTURES / "pictures" / "webp-named.png", PICTURE, "--write-baseline", target)
    found = json.loads(target.read_text())
    assert found["findings"]
    fits("baseline", found)


def test_every_shape_is_named_once_and_in_the_help() -> None:
    words = set(re.findall(r"[a-z-]+", here("schema", "--help").out))
    assert set(SHAPES) <= words
    titles = [shape()["properties"]["schema"]["const"] for shape in SHAPES.values()]
    assert len(set(titles)) == len(titles)
