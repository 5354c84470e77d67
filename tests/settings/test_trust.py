"""What a settings file, a job and a baseline may do that came with the folder: nothing that costs or opens anything."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from preflight.settings import SETTINGS, find_file, load_settings, read_file
from tests.servers.lying import serving
from tests.support.command import CLIP, KEY, PICTURE, preflight
from tests.support.jobs import MODEL, write_job
from tests.support.media import picture

FOUND_MAY_SAY = {
    "select", "ignore", "per-path-ignores", "severity", "fail-on", "strict", "baseline", "include", "exclude", "model",
    "mode", "orientation", "rounding", "max-credits", "budget-per-day", "timeout", "retries",
    "max-total", "max-increase", "max-increase-percent", "max-job-credits", "max-clip-seconds",
}  # fmt: skip


def write(folder: Path, text: str, name: str = "preflight.toml") -> Path:
    path = folder / name
    path.write_text(text, "utf-8")
    return path


def test_every_setting_that_a_found_file_may_say_was_decided_by_hand() -> None:
    """A setting that is new is not trusted before somebody has thought about it."""
    assert {setting.key for setting in SETTINGS if not setting.found.said.startswith("no: ")} == FOUND_MAY_SAY


REFUSED = {
    "allow-host": ('allow-host = ["127.0.0.1"]', "private addresses would be opened", "--allow-host"),
    "api-url": ('api-url = "https://collector.example"', "the API key would be sent there", "--api-url"),
    "api-url-of-this-machine": ('api-url = "http://127.0.0.1:8787"', "the API key would be sent there", "--api-url"),
    "ledger": ('ledger = "empty.db"', "looked up in another ledger", "PREFLIGHT_LEDGER"),
    "ignore": ('ignore = ["over-budget"]', "'over-budget' would switch a budget off", "--ignore"),
    "by-path": ('[per-path-ignores]\n"**" = ["over-budget"]', "would switch a budget off", "--config FILE"),
    "severity": ('[severity]\nover-budget = "note"', "would switch a budget off", "PREFLIGHT_SEVERITY"),
    "timeout": ("timeout = 3600", "longer than 60 s", "--timeout"),
}


@pytest.mark.parametrize("name", ["preflight.toml", "pyproject.toml"])
@pytest.mark.parametrize(("text", "reason", "instead"), REFUSED.values(), ids=REFUSED)
def test_a_found_file_is_refused_with_the_reason_and_a_named_one_is_trusted(
    text: str, reason: str, instead: str, name: str, tmp_path: Path
) -> None:
    table = text.replace("[", "[tool.preflight.", 1) if text.startswith("[") else f"[tool.preflight]\n{text}"
    path = write(tmp_path, table if name == "pyproject.toml" else text, name)
    for command in (["check", PICTURE], ["credits"]):
        ran = preflight(*command, cwd=tmp_path, env={"PREFLIGHT_API_KEY": KEY})
        assert (ran.code, ran.out) == (2, "")
        assert all(word in ran.err for word in (name, reason, "came with the folder", instead)), ran.err
    assert preflight("settings", "--config", path, cwd=tmp_path).code == 0
    assert preflight("settings", cwd=tmp_path, env={"PREFLIGHT_CONFIG": str(path)}).code == 0
    assert preflight("settings", "--isolated", cwd=tmp_path).code == 0


def test_no_private_address_is_asked_because_of_a_found_file(tmp_path: Path) -> None:
    with serving({"a.png": Path(PICTURE)}) as server:
        url = server.url("ok", "a.png")
        write(tmp_path, f'allow-host = ["{server.authority}"]')
        ran = preflight("check", url, cwd=tmp_path)
        assert (ran.code, server.log.connections) == (2, 0)
        assert preflight("check", url, cwd=tmp_path, env={"PREFLIGHT_ALLOW_HOST": server.authority}).code == 2
        (tmp_path / "preflight.toml").unlink()
        assert preflight("check", url, cwd=tmp_path, env={"PREFLIGHT_ALLOW_HOST": server.authority}).code == 0


# A clip of 12 s: 360 credits, where the user has 1.
NEVER_OFF = {
    "select": ('select = ["image"]', ""),
    "select-of-one-rule": ('select = ["price-ambiguous"]', ""),
    "area": ('ignore = ["price"]', ""),
    "area-by-path": ('[per-path-ignores]\n"**" = ["price", "video"]', ""),
    "fail-on": ('fail-on = "error"\nstrict = false', ""),
    "its-own-budget": ("max-credits = 1000000", ""),
    "comment": ("", "# preflight: ignore[over-budget]"),
    "comment-for-the-area": ("", "# preflight: ignore[price]"),
    "comment-for-everything": ("", "# preflight: ignore[job, address, transfer, image, video, price, over-budget]"),
}


@pytest.mark.parametrize("through", ["option", "variable"])
@pytest.mark.parametrize(("settings", "comment"), NEVER_OFF.values(), ids=NEVER_OFF)
def test_nothing_that_came_with_the_folder_switches_a_budget_off(
    settings: str, comment: str, through: str, tmp_path: Path
) -> None:
    if settings:
        write(tmp_path, settings)
    text = f"{comment}\nmodel: {MODEL}\ninput:\n  input_urls: [{PICTURE}]\n  video_urls: [{CLIP}]  {comment}\n"
    write(tmp_path, text, "job.yaml")
    options, env = (["--max-credits", "1"], {}) if through == "option" else ([], {"PREFLIGHT_MAX_CREDITS": "1"})
    ran = preflight("check", "--format", "json", "job.yaml", *options, cwd=tmp_path, env=env)
    assert (ran.code, ran.json["verdict"], "over-budget" in ran.rules) == (5, "fail", True), ran.err


def test_the_user_may_switch_a_budget_off(tmp_path: Path) -> None:
    write_job(tmp_path)
    over = ["check", "job.yaml", "--max-credits", "1"]
    assert preflight(*over, cwd=tmp_path).code == 5
    assert preflight(*over, "--ignore", "over-budget", cwd=tmp_path).code == 0
    assert preflight(*over, cwd=tmp_path, env={"PREFLIGHT_IGNORE": "price"}).code == 0
    named = write(tmp_path, 'ignore = ["over-budget"]', "mine.toml")
    assert preflight(*over, "--config", named, cwd=tmp_path).code == 0


def test_a_baseline_of_the_folder_holds_no_budget(tmp_path: Path) -> None:
    write_job(tmp_path)
    row = {"path": "job.yaml", "field": "input.video_urls[0]", "rule": "over-budget", "source": CLIP}
    rows = [row, {**row, "source": ""}, {**row, "field": ""}]
    write(tmp_path, json.dumps({"schema": "preflight.baseline/v1", "findings": rows}), "old.json")
    write(tmp_path, 'baseline = "old.json"')
    assert preflight("check", "job.yaml", "--max-credits", "1", cwd=tmp_path).code == 5


def test_a_comment_about_a_budget_is_said_to_do_nothing(tmp_path: Path) -> None:
    write(
        tmp_path,
        f"model: {MODEL}\ninput:\n  input_urls: [{PICTURE}]\n"
        f"  video_urls: [{CLIP}]  # preflight: ignore[over-budget]\n",
        "job.yaml",
    )
    ran = preflight("check", "job.yaml", "--max-credits", "1", cwd=tmp_path)
    assert "job.yaml:4: a comment cannot switch off a budget: over-budget still counts" in ran.err


def test_what_holds_of_a_found_file_is_shown(tmp_path: Path) -> None:
    path = write(tmp_path, 'select = ["video"]\nignore = ["price", "url-insecure"]\n')
    found, named = find_file(tmp_path), read_file(path)
    assert load_settings(found, {}).settings.select == ("video", "over-budget")
    assert load_settings(found, {}).settings.ignore == ("price-ambiguous", "url-insecure")
    assert load_settings(named, {}).settings.select == ("video",)
    assert load_settings(named, {}).settings.ignore == ("price", "url-insecure")


def test_other_rules_of_the_folder_hold_as_before(tmp_path: Path) -> None:
    (tmp_path / "small.png").write_bytes(picture(200, 200))
    assert preflight("check", "small.png", cwd=tmp_path).code == 1
    write(tmp_path, 'ignore = ["image-too-small"]')
    assert preflight("check", "small.png", cwd=tmp_path).code == 0
