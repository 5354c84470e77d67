"""The report for people: what is indeterminate, what a total holds, and how it looks when it is narrow."""

from __future__ import annotations

import json
import re
from fractions import Fraction
from io import StringIO
from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.console import Console

import preflight as library
from preflight.checking.engine import Engine
from preflight.render.texts.phrases import reckoning
from preflight.render.texts.text import render_quotes, render_report
from tests.support.command import CLIP, FIXTURES, PICTURE, preflight
from tests.support.jobs import job, write_job

PICTURES, CLIPS = FIXTURES / "pictures", FIXTURES / "clips"
LONG = "a-folder-with-a-long-name/" * 4 + "漢字と長い名前.png"


def test_what_could_not_be_told_is_not_called_an_error() -> None:
    text = preflight("check", CLIPS / "moov-compressed-by-lzw.mov").out
    assert "\nindeterminate  video-corrupt\n" in text
    assert "error" not in text


def test_errors_come_before_what_could_not_be_told(tmp_path: Path) -> None:
    path = write_job(tmp_path, job(image=PICTURES / "299-wide.png", video=CLIPS / "moov-compressed-by-lzw.mov"))
    text = preflight("check", path).out
    assert 0 < text.index("error  image-too-small") < text.index("indeterminate  video-corrupt")


def test_an_image_and_a_video_that_are_swapped_are_called_so(tmp_path: Path) -> None:
    for words in (["--image", CLIP, "--video", PICTURE], [write_job(tmp_path, job(image=CLIP, video=PICTURE))]):
        found = preflight("check", *words, "--format", "json").json["jobs"][0]["findings"]
        assert {each["rule"] for each in found} >= {"image-format", "video-container"}
        told = [each for each in found if each["rule"] in {"image-format", "video-container"}]
        assert all("the two look swapped" in each["message"] for each in told)
        assert all(each["fix"].startswith("exchange the two: give this file as the ") for each in told)
    alone = preflight("check", "--image", PICTURE, "--video", PICTURE, "--format", "json").out
    assert "swapped" not in alone


def test_a_local_file_gets_no_advice_about_servers(tmp_path: Path) -> None:
    (tmp_path / "empty.png").touch()
    (tmp_path / "page.png").write_text("<!doctype html><html></html>")
    (tmp_path / "paper.mp4").write_bytes(b"%PDF-1.4\n")
    (tmp_path / "cut.mp4").write_bytes(Path(CLIP).read_bytes()[:-500])
    (tmp_path / "cut.png").write_bytes((PICTURES / "299-wide.png").read_bytes()[:-500])
    (tmp_path / "picture.mp4").write_bytes(Path(PICTURE).read_bytes())
    names = [str(path) for path in sorted(tmp_path.iterdir())]
    jobs = preflight("check", *names, "--video", tmp_path / "picture.mp4", "--format", "json").json["jobs"]
    fixes = [each["fix"] for each in (finding for one in jobs for finding in one["findings"]) if each["fix"]]
    assert len(fixes) >= len(names)
    assert not [fix for fix in fixes if "upload" in fix or "URL" in fix or "serve" in fix]


def test_a_job_over_its_budget_fails_and_its_clip_does_not() -> None:
    ran = preflight("check", "--image", PICTURE, "--video", CLIP, "--max-credits", "1")
    assert ran.code == 5
    assert ran.out.startswith("FAIL  job\n")
    assert re.search(r"video  .+\n +pass  MP4", ran.out)
    assert re.search(r"^price .+\n +fail  over the budget: at most 1 credits$", ran.out, re.MULTILINE)


def manifest(folder: Path, *modes: str) -> str:
    (folder / "rows.jsonl").write_text("".join(json.dumps(job(mode=mode)) + "\n" for mode in modes))
    return "rows.jsonl"


TOTALS = {
    "all-pass": (["720p", "720p"], "2 pass  total 720 credits ($3.60)"),
    "one-fails": (["720p", "4k"], "1 pass  1 fail  total 720 credits ($3.60), of which 360 for 1 job that fails"),
    "all-fail": (["4k", "4k"], "2 fail  total 720 credits ($3.60), of which 720 for 2 jobs that fail"),
}


@pytest.mark.parametrize(("modes", "line"), TOTALS.values(), ids=TOTALS)
@pytest.mark.parametrize("name", ["check", "estimate"])
def test_a_total_says_how_much_of_it_is_for_jobs_that_fail(
    name: str, modes: list[str], line: str, tmp_path: Path
) -> None:
    assert preflight(name, manifest(tmp_path, *modes), cwd=tmp_path).out.splitlines()[-1] == line


def test_the_total_of_the_json_report_is_the_sum_of_its_jobs(tmp_path: Path) -> None:
    report = preflight("check", manifest(tmp_path, "720p", "4k"), "--format", "json", cwd=tmp_path).json
    assert report["quote"]["credits"] == sum(each["quote"]["credits"] for each in report["jobs"]) == 720


def test_files_beside_a_job_are_not_paid_for_on_their_own(tmp_path: Path) -> None:
    path = write_job(tmp_path, job())
    bad = CLIPS / "30.1-seconds.mp4"
    assert "2 pass  1 fail  total 360 credits ($1.80)" in preflight("check", path, CLIP, bad).out.splitlines()


def test_a_file_in_order_takes_one_line_beside_one_that_fails() -> None:
    names = ["pictures/plain.png", "pictures/299-wide.png", "clips/12-seconds.mp4"]
    out = preflight("check", *names, cwd=FIXTURES).out.splitlines()
    (first,) = (number for number, line in enumerate(out) if line.startswith("pass  pictures/plain.png  PNG · "))
    (failing,) = (number for number, line in enumerate(out) if line.startswith("FAIL  pictures/299-wide.png  PNG · "))
    (last,) = (number for number, line in enumerate(out) if line.startswith("pass  clips/12-seconds.mp4  MP4 · "))
    assert first == 0 < failing < last
    assert [line for line in out if "plain.png" in line or "12-seconds.mp4" in line] == [out[first], out[last]]


REMEDIES = {
    "several-findings": (["webp-named.png"], "next: preflight fix webp-named.png  # repairs each file in one go"),
    "one-finding": (["webp.webp"], "next: preflight fix webp.webp"),
    "unsafe": (["299-wide.png", "plain.png"], "next: preflight fix --unsafe 299-wide.png"),
    "many": (
        ["webp.webp", "bmp.bmp", "gif.gif", "tiff.tiff"],
        "next: preflight fix webp.webp bmp.bmp gif.gif  # and 1 more",
    ),
    "many-of-which-one-has-several-findings": (
        ["webp-named.png", "bmp.bmp", "gif.gif", "tiff.tiff", "webp.webp"],
        "next: preflight fix webp-named.png bmp.bmp gif.gif  # and 2 more; repairs each file in one go",
    ),
}


@pytest.mark.parametrize(("names", "line"), REMEDIES.values(), ids=REMEDIES)
def test_a_report_offers_the_command_that_repairs_its_files(names: list[str], line: str) -> None:
    out = preflight("check", *names, cwd=PICTURES).out.splitlines()
    if len(names) == 1:  # before any other remedy
        assert out.index(line) == next(number for number, each in enumerate(out) if "fix" in each)
    else:  # below all jobs
        assert out[-1] == line


def test_a_job_is_repaired_by_its_name_and_what_needs_unsafe_has_its_own_line(tmp_path: Path) -> None:
    write_job(tmp_path, job(image=PICTURES / "299-wide.png", video=CLIPS / "30.1-seconds.mp4"))
    out = preflight("check", "job.yaml", cwd=tmp_path).out
    assert "\n\nnext: preflight fix job.yaml\n      preflight fix --unsafe job.yaml\n\nerror" in out


def test_what_no_run_repairs_gets_no_command() -> None:
    assert "preflight fix" not in preflight("check", CLIPS / "audio-only.mp4", PICTURES / "plain.png").out


RECKONINGS = {
    "whole": ("12", "12 s × 30 credits a second, 720p"),
    "rounded": ("5.023", "6 s (5.023 s rounded up) × 30 credits a second, 720p"),
    "capped": ("30.5", "30 s (30.5 s capped) × 30 credits a second, 720p"),
}


@pytest.mark.parametrize(("seconds", "words"), RECKONINGS.values(), ids=RECKONINGS)
def test_a_price_says_how_its_seconds_were_reckoned(seconds: str, words: str) -> None:
    with Engine() as engine:
        quote = engine.estimate(Fraction(seconds)).jobs[0].quote
    assert quote is not None
    assert reckoning(quote) == words


@pytest.mark.parametrize("columns", [60, 80, 100, 200])
def test_a_report_fits_its_columns_but_for_what_is_copied_whole(columns: int, tmp_path: Path) -> None:
    picture = tmp_path / LONG
    picture.parent.mkdir(parents=True)
    picture.write_bytes((PICTURES / "webp-named.png").read_bytes())
    path = write_job(tmp_path, job(image=LONG, video=CLIPS / "8.5-seconds.mp4", mode="4k", promt="x"))
    report = library.check(str(path))
    console = Console(width=columns, file=StringIO(), highlight=False, emoji=False)
    with console.capture() as captured:
        render_report(report, console)
        render_quotes(report, console)
    text = captured.get()
    assert "…" not in text.replace("?…", "")
    whole = ("fix: ", "next: ", LONG, str(path), str(CLIPS))
    for line in text.splitlines():
        assert cell_len(line) <= columns or any(part in line for part in whole), line


def test_the_price_hangs_below_itself_where_it_is_broken(tmp_path: Path) -> None:
    console = Console(width=60, file=StringIO(), highlight=False, emoji=False)
    with console.capture() as captured:
        render_report(library.check(str(write_job(tmp_path, job(video=CLIPS / "8.5-seconds.mp4")))), console)
    lines = captured.get().splitlines()
    first = next(index for index, line in enumerate(lines) if line.startswith("price  "))
    assert lines[first + 1].startswith("       ")


def test_a_file_by_itself_is_named_once_in_text() -> None:
    text = preflight("check", PICTURES / "299-wide.png").out
    assert ":1:1" not in text
    assert preflight("check", PICTURE).out.count(PICTURE) == 1
