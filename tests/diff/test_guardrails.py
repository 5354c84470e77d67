"""Bounds on a difference: from options, the environment and found files, and the exit codes that follow."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.changed_repository import Changed, Worktree, body, clip, picture
from tests.support.command import preflight

# Of the truth: after 6620 credits, an increase of 2690 to 2720, before 4620, 900 for a clip of 30 s.
TRIPPED = {
    "max-total": ("6619", "6620", 6620),
    "max-increase": ("2719", "2720", 2720),  # the high end of the range
    "max-increase-percent": ("58.8", "58.9", 58.9),
    "max-job-credits": ("899", "900", 900),
    "max-clip-seconds": ("29.9", "30", 30),
}


@pytest.mark.parametrize("name", TRIPPED)
def test_a_bound_trips_beyond_its_value(changed: Changed, name: str) -> None:
    below, exactly, value = TRIPPED[name]
    over = changed.diff("--format", "json", f"--{name}", below)
    within = changed.diff("--format", "json", f"--{name}", exactly)
    told = changed.diff("--format", "json", f"--{name}", below, "--notify", name)
    assert (over.code, within.code, told.code) == (5, 1, 1)
    (guardrail,) = over.json["guardrails"]
    assert (guardrail["name"], guardrail["value"], guardrail["tripped"]) == (name, value, True)
    assert guardrail["at"] == ("jobs/006.json" if name in ("max-job-credits", "max-clip-seconds") else None)
    assert told.json["guardrails"][0]["level"] == "notify"


@pytest.mark.parametrize("format_", ["text", "markdown"])
def test_a_tripped_one_stands_first(changed: Changed, format_: str) -> None:
    out = changed.diff("--format", format_, "--max-increase", "100").out
    first = next(line for line in out.splitlines() if line and not line.startswith(("<!--", "#")))
    assert "locked" in first
    assert "2720 credits, at most 100 allowed" in first


def price_of(tree: Worktree, *arguments: str, **variables: str) -> int:
    return preflight("diff", *arguments, cwd=tree.folder, env=variables).code


@pytest.fixture
def tree(tmp_path: Path) -> Worktree:
    """A new job of 90 credits, in the working tree."""
    tree = Worktree(tmp_path)
    tree.write("media/clips/000.mp4", clip("3", 0))
    tree.write("media/pictures/000.png", picture(0))
    tree.commit("Before")
    tree.job("jobs/job.json", body(0))
    return tree


def test_settings_hold_and_a_found_file_cannot_switch_one_off(tree: Worktree) -> None:
    tree.write("preflight.toml", b"max-increase = 89\n")
    assert price_of(tree) == 5
    assert price_of(tree, "--isolated") == 0
    assert price_of(tree, PREFLIGHT_NOTIFY="max-increase") == 0
    assert price_of(tree, "--max-increase", "90") == 0
    assert price_of(tree, PREFLIGHT_MAX_INCREASE="90") == 0
    tree.write("preflight.toml", b'max-increase = 89\nnotify = ["max-increase"]\n')
    assert price_of(tree) == 2
    assert price_of(tree, "--config", "preflight.toml") == 0


def test_a_percentage_of_nothing_does_not_trip(tree: Worktree) -> None:
    ran = preflight("diff", "--max-increase-percent", "1", "--format", "json", cwd=tree.folder)
    assert (ran.code, ran.json["guardrails"][0]["value"]) == (0, None)


def test_a_job_without_a_price_leaves_a_bound_uncertain(tree: Worktree) -> None:
    urls = {"input_urls": ["https://example.com/a.png"], "video_urls": ["https://example.com/b.mp4"]}
    tree.job("jobs/remote.json", {**body(0), "input": urls})
    ran = preflight("diff", "--max-increase", "1000", "--format", "json", cwd=tree.folder)
    assert (ran.code, ran.json["guardrails"][0]["certain"]) == (3, False)
    assert price_of(tree) == 0


def test_subtotals_by_a_value_of_the_jobs(changed: Changed) -> None:
    groups = changed.diff("--by", "mode", "--format", "json").json["groups"]
    # 1080p: 400 + 400 + 800 + 400 + 120, those that are there now by their mode now
    assert {group["name"]: group["after"] for group in groups}["1080p"] == 2120


def test_subtotals_by_a_column_of_the_manifest(tree: Worktree) -> None:
    made = body(0)["input"]
    assert isinstance(made, dict)
    image, video = made["input_urls"][0], made["video_urls"][0]
    rows = [f"{image},{video},{who}" for who in ("Ada", "Ada", "Bob", "")]
    tree.write("jobs/rows.csv", "\n".join(["image,video,character", *rows, ""]).encode())
    (tree.folder / "jobs/job.json").unlink()
    ran = preflight("diff", "--by", "character", "--format", "json", cwd=tree.folder)
    assert {group["name"]: group["after"] for group in ran.json["groups"]} == {"Ada": 180, "Bob": 90, "none": 90}
