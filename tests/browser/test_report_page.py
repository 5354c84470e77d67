"""The report of a run as people use it: by looking, by filters, by keyboard, without scripts, and on paper."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.chromium import LOOKS, Look, visit
from tests.support.command import CLIP, FIXTURES, PICTURE, here
from tests.support.hostile_report import hostile_report

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

_LONG = str(FIXTURES / "clips" / "30.1-seconds.mp4")
_CUT = str(FIXTURES / "clips" / "no-moov.mp4")
_SMALL = str(FIXTURES / "pictures" / "299-wide.png")
_PAIRS = ((PICTURE, CLIP), (_SMALL, CLIP), (PICTURE, _LONG), (PICTURE, _CUT))


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of 12 jobs: 3 pass, 3 have a picture too small, 3 a clip too long, 3 a clip that is cut short."""
    folder = tmp_path_factory.mktemp("report")
    with (folder / "rows.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["id", "image", "video", "mode", "character"])
        for number in range(12):
            rows.writerow(
                [f"s{number}", *_PAIRS[number % 4], ("720p", "1080p")[number // 6], ("Ann", "Bob")[number % 2]]
            )
    here("check", folder / "rows.csv", "--format", f"html:{folder / 'report.html'}", "-qq")
    return folder / "report.html"


def shown(page: Page) -> list[str]:
    """The jobs that can be seen, by their ids."""
    return [text.strip("· ") for text in page.locator("#rows tr .id:visible").all_inner_texts()]


@pytest.mark.parametrize("look", LOOKS, ids=str)
def test_the_page_is_sound_in_every_width_and_theme(browser: Browser, report: Path, look: Look) -> None:
    with visit(browser, look, offline=True) as seen:
        page = seen.open(report)
        assert page.locator("h2").first.inner_text() == "12 jobs: 9 fail, 3 pass"
        for summary in page.locator("figure summary").all():
            summary.click()
        seen.require_sound()
        page.reload()
        seen.picture("report")


def test_text_as_an_attack_stays_text(browser: Browser, tmp_path: Path) -> None:
    (tmp_path / "hostile.jsonl").write_text(hostile_report(), "utf-8")
    here("report", tmp_path / "hostile.jsonl", "--format", f"html:{tmp_path / 'hostile.html'}")
    with visit(browser, Look(360, "dark")) as seen:
        page = seen.open(tmp_path / "hostile.html")
        page.select_option("#group", "own:0")
        page.select_option("#column", "own:0")
        assert page.evaluate("window.attacked") is None
        assert seen.complaints == []
        assert seen.foreign_requests() == []
        assert seen.overflow() <= 0
        seen.picture("hostile", whole=False)


def test_jobs_are_filtered_sorted_and_grouped(browser: Browser, report: Path) -> None:
    with visit(browser) as seen:
        page = seen.open(report)
        page.select_option("#by-verdict", "pass")
        assert shown(page) == ["s0", "s4", "s8"]
        assert page.inner_text("#shown") == "3 of 12 jobs: 3 pass · 1,200 credits"
        page.click("#reset")
        page.select_option("#by-rule", "video-incomplete")
        assert shown(page) == ["s3", "s7", "s11"]
        page.click("#reset")
        page.fill("#by-text", "30.1 s")
        expect(page.locator("#rows tr")).to_have_count(3)
        assert shown(page) == ["s2", "s6", "s10"]
        page.click("#reset")
        page.select_option("#column", label="character")
        page.fill("#by-column", "ann")
        expect(page.locator("#rows tr")).to_have_count(6)
        page.select_option("#sort", "credits")
        assert shown(page)[:2] == ["s6", "s10"]
        page.click("#reset")
        page.select_option("#group", label="character")
        groups = page.locator("tr.group").all_inner_texts()
        assert groups == [
            "Ann 6 jobs: 3 fail · 3 pass · 4,500 credits",
            "Bob 6 jobs: 6 fail · 1,200 credits · 3 without a price",
        ]
        assert len(shown(page)) == 12
        seen.picture("report-grouped")
        seen.require_sound()


def test_the_keyboard_alone_is_enough(browser: Browser, report: Path) -> None:
    with visit(browser) as seen:
        page = seen.open(report)
        page.keyboard.press("Tab")
        assert seen.focused() == "Verdicts and credits"
        page.keyboard.press("Tab")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        page.keyboard.type("pass")
        assert page.evaluate("document.activeElement.id") == "by-verdict"
        assert shown(page) == ["s0", "s4", "s8"]
        for _ in range(2):
            page.keyboard.press("Tab")
        page.keyboard.type("s4")
        expect(page.locator("#rows tr")).to_have_count(1)
        assert shown(page) == ["s4"]


def test_a_fix_is_copied(browser: Browser, report: Path) -> None:
    with visit(browser) as seen:
        page = seen.open(report)
        fix = page.locator(".fix").first
        command = fix.locator("code").inner_text()
        fix.get_by_role("button").click()
        expect(page.locator(".copy").first).to_have_text("Copied")
        page.focus("#by-text")
        page.keyboard.press("Control+v")
        assert page.input_value("#by-text") == command


def test_without_scripts_everything_is_there_but_the_filters(browser: Browser, report: Path) -> None:
    with visit(browser, scripts=False) as seen:
        page = seen.open(report)
        assert page.locator("#rows tr:visible").count() == 12
        assert not page.locator("#tools").is_visible()
        assert page.locator(".copy").count() == 0
        assert page.locator("figure svg").count() >= 6


def test_paper_holds_every_job_and_no_filters(browser: Browser, report: Path) -> None:
    with visit(browser, Look(1440, "dark")) as seen:
        page = seen.open(report)
        page.emulate_media(media="print")
        assert not page.locator("#tools").is_visible()
        assert page.locator("#rows tr:visible").count() == 12
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        seen.picture("report-print")
        assert page.pdf().startswith(b"%PDF")
