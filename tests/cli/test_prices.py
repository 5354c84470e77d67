"""What a job costs, through ``check`` and ``estimate``: headline, range, and the reasons for the range."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.servers.lying import serving
from tests.support.command import FIXTURES, PICTURE, Ran, check, here, preflight
from tests.support.jobs import job, write_job

CLIPS = FIXTURES / "clips"

# seconds, mode, orientation: credits, low, high, billed seconds
PRICES = {
    "12-720p-video": (360, "360", "360", "12"),
    "12-1080p-video": (480, "480", "480", "12"),
    "30-720p-video": (900, "900", "900", "30"),
    "30-1080p-video": (1200, "1200", "1200", "30"),
    "8.5-720p-video": (270, "255", "270", "9"),
    "8.5-1080p-video": (360, "340", "360", "9"),
    "20-1080p-image": (400, "400", "800", "10"),
    "20-720p-image": (300, "300", "600", "10"),
    "20-1080p-video": (800, "800", "800", "20"),
    "10-720p-image": (300, "300", "300", "10"),
    "10.5-720p-image": (300, "300", "330", "10"),
    "8.5-720p-image": (270, "255", "270", "9"),
    "3-720p-video": (90, "90", "90", "3"),
}


def priced(quote: dict[str, Any], case: str) -> None:
    headline, low, high, billed = PRICES[case]
    seconds, mode, _ = case.split("-")
    assert (quote["credits"], quote["low"], quote["high"]) == (headline, low, high)
    assert quote["exact"] is (low == high)
    assert bool(quote["reasons"]) is (low != high)
    assert (quote["seconds"], quote["billed_seconds"], quote["mode"]) == (seconds, billed, mode)
    assert (quote["credits_per_second"], quote["rounding"]) == ({"720p": "30", "1080p": "40"}[mode], "ceil")


def estimate(*arguments: str | Path) -> Ran:
    return here("estimate", "--format", "json", *arguments)


@pytest.fixture(scope="module")
def jobs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A job file for each of them."""
    paths = {}
    for case in PRICES:
        seconds, mode, orientation = case.split("-")
        body = job(video=CLIPS / f"{seconds}-seconds.mp4", mode=mode, character_orientation=orientation)
        paths[case] = write_job(tmp_path_factory.getbasetemp(), body, f"{case}.yaml")
    return paths


@pytest.fixture(scope="module")
def checked(jobs: dict[str, Path]) -> Ran:
    """All of them checked at once."""
    ran = check(*jobs.values())
    assert ran.code == 0
    return ran


@pytest.mark.parametrize("case", PRICES)
def test_check_prices_a_job(case: str, checked: Ran, jobs: dict[str, Path]) -> None:
    priced(checked.job_of(jobs[case])["quote"], case)


def test_check_adds_up_the_prices_of_all_jobs(checked: Ran) -> None:
    total = checked.json["quote"]
    credits_of = [headline for headline, *_ in PRICES.values()]
    assert (total["credits"], total["exact"], total["unpriced"]) == (sum(credits_of), False, 0)
    assert total["low"] == str(sum(int(low) for _, low, _, _ in PRICES.values()))
    assert total["high"] == str(sum(int(high) for _, _, high, _ in PRICES.values()))
    assert total["usd"] == f"{sum(credits_of) / 200:.2f}"


def test_the_price_of_one_job_is_the_price_of_all(jobs: dict[str, Path]) -> None:
    ran = check(jobs["8.5-720p-video"])
    total = ran.json["quote"]
    assert {
        name: ran.job["quote"][name] for name in ("credits", "low", "high", "exact", "usd")
    }.items() <= total.items()


@pytest.mark.parametrize("case", PRICES)
def test_estimate_prices_a_length_without_a_file(case: str) -> None:
    seconds, mode, orientation = case.split("-")
    ran = estimate("--seconds", seconds, "--mode", mode, "--orientation", orientation)
    assert ran.code == 0
    priced(ran.job["quote"], case)


DOLLARS = {"12-720p": "1.80", "30-1080p": "6.00", "8.5-720p": "1.35", "3.000000001-720p": "0.60", "5-1080p": "1.00"}


@pytest.mark.parametrize("case", DOLLARS)
def test_a_price_in_dollars_has_two_decimals(case: str) -> None:
    seconds, mode = case.split("-")
    ran = estimate("--seconds", seconds, "--mode", mode)
    assert (ran.job["quote"]["usd"], ran.json["quote"]["usd"]) == (DOLLARS[case], DOLLARS[case])


def test_estimate_prices_both_modes_of_a_served_clip_and_of_a_local_one_alike(tmp_path: Path) -> None:
    with serving({"a.mp4": CLIPS / "8.5-seconds.mp4"}) as server:
        served = estimate("--video", server.url("ok", "a.mp4"), "--allow-host", server.authority)
    local = estimate(CLIPS / "8.5-seconds.mp4")
    whole = estimate(write_job(tmp_path, job(video=CLIPS / "8.5-seconds.mp4")))
    assert served.job["quotes"] == local.job["quotes"] == whole.job["quotes"]
    assert {mode: quote["credits"] for mode, quote in local.job["quotes"].items()} == {"720p": 270, "1080p": 360}
    priced(local.job["quotes"]["1080p"], "8.5-1080p-video")


def test_a_real_process_estimates_offline() -> None:
    ran = preflight("estimate", "--seconds", "8.5", "--format", "json")
    assert (ran.code, ran.err) == (0, "")
    priced(ran.job["quote"], "8.5-720p-video")


def test_text_says_the_price_the_range_and_the_reason() -> None:
    text = here("estimate", "--seconds", "8.5").out
    for said in ("720p", "1080p", "270", "255", "1.35", "does not document how it rounds"):
        assert said in text


@pytest.mark.parametrize(("seconds", "rule"), [("2.9", "video-too-short"), ("30.1", "video-too-long")])
def test_a_length_that_the_service_refuses_fails(seconds: str, rule: str) -> None:
    ran = estimate("--seconds", seconds)
    assert (ran.code, ran.severities(rule)) == (1, {rule: "error"})


@pytest.mark.parametrize("seconds", ["0", "-1", "nan", "inf", "1e999999", "twelve", "", "1/0", "12s", "0x10"])
def test_a_length_that_is_none_is_a_usage_error(seconds: str) -> None:
    ran = estimate(f"--seconds={seconds}")
    assert (ran.code, ran.out) == (2, "")


def test_an_estimate_over_budget_has_exit_code_5() -> None:
    assert [estimate("--seconds", "8.5", "--max-credits", most).code for most in ("270", "269")] == [0, 5]


def test_jobs_without_a_price_are_counted_and_never_free(tmp_path: Path) -> None:
    good = write_job(tmp_path)
    lost = write_job(tmp_path, job(video="http://10.0.0.1/a.mp4"), "lost.yaml")
    ran = check(good, good, lost)
    assert [job["quote"] and job["quote"]["credits"] for job in ran.json["jobs"]] == [360, 360, None]
    total = ran.json["quote"]
    assert (total["credits"], total["usd"], total["exact"], total["unpriced"]) == (720, "3.60", False, 1)


def test_a_picture_alone_has_no_price() -> None:
    ran = check(PICTURE)
    assert (ran.json["quote"], ran.job["quote"]) == (None, None)


def test_sound_alone_has_no_price() -> None:
    ran = check(CLIPS / "audio-only.mp4")
    assert (ran.code, ran.json["quote"], ran.json["jobs"][0]["quote"]) == (1, None, None)


@pytest.mark.parametrize("name", ["matroska-named.mp4", "box-of-4-bytes.mp4", "audio-only.mp4", "apple-double.mp4"])
def test_estimate_says_how_a_length_without_a_file_is_priced(name: str) -> None:
    ran = here("estimate", CLIPS / name)
    assert "no price" in ran.out
    assert "--seconds N prices a length without a file" in ran.err
    assert "--seconds" not in here("estimate", CLIPS / name, "-q").err


def test_estimate_says_so_of_a_clip_that_its_server_does_not_give() -> None:
    with serving({"a.mp4": CLIPS / "8.5-seconds.mp4"}) as server:
        ran = here("estimate", "--video", server.url("status-404", "a.mp4"), "--allow-host", server.authority)
    assert "--seconds N prices" in ran.err


def test_nothing_is_said_of_lengths_where_they_are_known_or_not_at_fault(tmp_path: Path) -> None:
    assert "--seconds" not in here("estimate", CLIPS / "30.1-seconds.mp4").err
    assert "--seconds" not in here("estimate", PICTURE).err, "no video was given"
    assert "--seconds" not in here("estimate", write_job(tmp_path, job(video=CLIPS / "12-seconds.mp4", mode="4k"))).err
