"""The page "Runs" in a browser: manifests and run folders, live, paused, resumed, and paid for once."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.chromium import LOOKS, Visit, visit
from tests.browser.served import Served, served
from tests.runs.running import rows_of
from tests.support.command import CLIP, PICTURE, here
from tests.support.service import Service, service

if TYPE_CHECKING:
    from playwright.sync_api import Browser

_PAYLOAD = "<img src=x onerror=alert(1)>"
_LONGEST_S = 60.0


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Service]:
    with service(tmp_path, credits=Decimal(100_000)) as running:
        yield running


def manifest(sandbox: Service, rows: int, *, name: str = "jobs.csv", unique: bool = False) -> Path:
    """A table of jobs at URLs, of which every fourth fails. ``unique``: no two rows name the same URL."""
    lines = ["id,image,video,prompt,shot"]
    for row in range(rows):
        clip = "too-long.mp4" if row % 4 == 3 else "12.mp4"
        query = f"?n={row}" if unique else ""
        image, video = sandbox.media.url("ok", "a.png") + query, sandbox.media.url("ok", clip) + query
        lines.append(f"r{row},{image},{video},{_PAYLOAD} {row},{_PAYLOAD if row % 4 == 3 else row % 2}")
    path = sandbox.folder / name
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def opened(sandbox: Service, *arguments: str) -> AbstractContextManager[Served]:
    given = [*sandbox.options, *sandbox.media_options, *sandbox.ledger_options]
    return served(*given, *arguments, cwd=sandbox.folder)


def enter(seen: Visit, ui: Served, path: str = "/runs") -> None:
    seen.open(ui.link)
    seen.page.wait_for_url(f"{ui.origin}/job")
    seen.open(f"{ui.origin}{path}")


def drop(seen: Visit, path: Path) -> None:
    seen.page.set_input_files("#manifest", path)
    seen.page.wait_for_url("**/runs/open**")


def until(happened: Callable[[], object]) -> None:
    end = time.monotonic() + _LONGEST_S
    while not happened():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.05)


def agree(seen: Visit) -> None:
    seen.page.get_by_role("button", name="Show the total").click()
    seen.page.get_by_role("button", name="Yes, submit and pay").wait_for()


def test_a_dropped_manifest_becomes_a_table_that_is_paid_for_once(browser: Browser, sandbox: Service) -> None:
    path = manifest(sandbox, 60)
    with opened(sandbox) as ui, visit(browser) as seen:
        enter(seen, ui)
        seen.require_sound()
        seen.picture("runs")
        drop(seen, path)
        seen.page.get_by_text("Checked: 60 of 60 rows").wait_for()
        seen.page.get_by_text("60 jobs, page 1 of 2").wait_for()
        until((sandbox.folder / "jobs.run" / "summary.json").exists)  # it comes after the last part
        summary = json.loads((sandbox.folder / "jobs.run" / "summary.json").read_text())
        figures = seen.page.locator(".figures").inner_text().replace("\n", " ")
        assert f"{summary['verdicts']['pass']} pass" in figures
        assert f"{summary['verdicts']['fail']} fail" in figures
        assert f"{summary['quote']['credits']:,} credits" in figures
        assert _PAYLOAD in seen.page.inner_text("#rows"), "a hostile column is text"
        for look in LOOKS:
            seen.look = look
            seen.page.set_viewport_size({"width": look.width, "height": 900})
            seen.page.emulate_media(color_scheme="dark" if look.theme == "dark" else "light")
            seen.picture("run", whole=False)
            seen.require_sound()
        agree(seen)
        assert seen.page.get_by_text("Submit 45 jobs and pay up to").count() == 1
        seen.picture("run-question", whole=False)
        seen.require_sound()
        second = seen.page.context.new_page()
        second.goto(seen.page.url)
        yes = "Yes, submit and pay"
        seen.page.get_by_role("button", name=yes).dblclick()
        second.get_by_role("button", name=yes).click()
        seen.page.get_by_text("45 completed.").wait_for(timeout=240_000)
        seen.page.reload()
        assert (sandbox.paid_requests, sandbox.state["jobs_billed"]) == (45, 45)
        seen.page.get_by_role("button", name="Show the total").click()
        seen.page.get_by_text("nothing is left to submit").wait_for()
        assert sandbox.paid_requests == 45
        seen.require_sound()


def test_the_same_manifest_again_opens_its_run_and_another_one_begins_a_run(browser: Browser, sandbox: Service) -> None:
    path = manifest(sandbox, 4)
    with opened(sandbox) as ui, visit(browser) as seen:
        enter(seen, ui)
        for rows, folder in ((4, "jobs.run"), (4, "jobs.run"), (5, "jobs-2.run")):
            manifest(sandbox, rows)
            seen.open(f"{ui.origin}/runs")
            drop(seen, path)
            seen.page.get_by_text(f"Checked: {rows} of {rows} rows").wait_for()
            assert seen.page.get_by_role("heading", level=1).inner_text() == folder
        (sandbox.folder / "notes.csv").write_text("a,b\n1,2\n")
        seen.open(f"{ui.origin}/runs")
        drop(seen, sandbox.folder / "notes.csv")
        seen.page.get_by_text("standard input: not a manifest of jobs").or_(
            seen.page.get_by_text("not a manifest of jobs")
        ).wait_for()
        seen.require_sound()


def test_rows_are_filtered_sorted_and_added_up_by_keyboard_alone(browser: Browser, sandbox: Service) -> None:
    path = manifest(sandbox, 12)
    here("check", path, "--to", sandbox.folder / "run", "--workers", "1", *sandbox.media_options)
    with opened(sandbox) as ui, visit(browser) as seen:
        enter(seen, ui)
        page = seen.page
        page.get_by_label("Folder of the run").focus()
        page.keyboard.type("run")
        page.keyboard.press("Enter")
        page.get_by_text("12 jobs").wait_for()
        page.get_by_label("Verdict").focus()
        page.keyboard.type("fail")
        for _ in range(12):
            page.keyboard.press("Tab")
            if seen.focused() == "Show":
                break
        page.keyboard.press("Enter")
        page.get_by_text("3 jobs").wait_for()
        assert page.locator("#rows tbody th").all_inner_texts() == ["4", "8", "12"]
        seen.open(f"{ui.origin}/runs/open?folder=run&by=shot&sort=row&way=down&verdict=pass")
        assert page.locator("#rows table").first.locator("tbody th").all_inner_texts() == ["0", "1"]
        assert page.locator("table.rows tbody th").first.inner_text() == "11"
        seen.open(f"{ui.origin}/runs/open?folder=run&column=shot&value=%3Cimg&rule=video-too-long&text=R3")
        assert page.locator("table.rows tbody th").all_inner_texts() == ["4"]
        seen.require_sound()


def test_a_run_is_paused_between_parts_and_goes_on(browser: Browser, sandbox: Service) -> None:
    path = manifest(sandbox, 800, unique=True)
    run = sandbox.folder / "jobs.run"
    with opened(sandbox) as ui, visit(browser) as seen:
        enter(seen, ui)
        drop(seen, path)
        seen.page.get_by_role("button", name="Pause").click()
        seen.page.get_by_role("heading", name="Paused").wait_for(timeout=240_000)
        parts = {part: part.read_bytes() for part in run.glob("part-*")}
        assert 0 <= len(parts) < 8
        assert not list(run.glob("**/.unfinished-*"))
        seen.require_sound()
        seen.page.get_by_role("button", name="Resume").dblclick()
        seen.page.get_by_text("Checked: 800 of 800 rows").wait_for(timeout=240_000)
        assert all(part.read_bytes() == data for part, data in parts.items()), "what was done stays"
    assert [row["row"] for row in rows_of(run)] == list(range(1, 801))


def test_a_killed_page_leaves_no_process_and_its_run_goes_on(browser: Browser, sandbox: Service) -> None:
    path = manifest(sandbox, 600, unique=True)
    run = sandbox.folder / "jobs.run"
    with opened(sandbox) as ui, visit(browser) as seen:
        enter(seen, ui)
        drop(seen, path)
        until((run / "run.json").exists)
        worker = int((run / "lock").read_text().split()[0])
        ui.kill()
        until(lambda: not Path(f"/proc/{worker}/exe").exists())
    with opened(sandbox) as ui, visit(browser) as seen:
        enter(seen, ui, "/runs/open?folder=jobs.run")
        seen.page.get_by_role("button", name="Resume").click()
        seen.page.get_by_text("Checked: 600 of 600 rows").wait_for(timeout=240_000)
    assert len(rows_of(run)) == 600


@pytest.mark.parametrize("rows", [12, 4])
def test_a_page_killed_while_it_pays_pays_nothing_twice(rows: int, browser: Browser, sandbox: Service) -> None:
    path, jobs = manifest(sandbox, rows), rows * 3 // 4
    under_way = min(jobs, 4)
    here("check", path, "--to", sandbox.folder / "run", "--workers", "1", *sandbox.media_options)
    # These answers never come: the page dies with so many requests under way, however fast it is.
    sandbox.arm("late-answer", operation="create", seconds=60.0, count=under_way)
    with opened(sandbox) as ui, visit(browser) as seen:
        enter(seen, ui, "/runs/open?folder=run")
        agree(seen)
        seen.page.get_by_role("button", name="Yes, submit and pay").click()
        until(lambda: sandbox.state["jobs_billed"] == under_way)
        ui.kill()
    settle = "Settle what is in doubt"
    with opened(sandbox) as ui, visit(browser) as seen:
        enter(seen, ui, "/runs/open?folder=run")
        seen.page.get_by_role("button", name="Show the total").click()
        seen.page.get_by_text(f"{under_way} jobs were sent, and no answer came").wait_for()
        assert seen.page.get_by_role("link", name=settle).count() == 1
        seen.require_sound()
        if jobs == under_way:
            seen.page.get_by_text("nothing is left to submit").wait_for()
            assert seen.page.get_by_role("button", name="Yes, submit and pay").count() == 0
        else:
            assert seen.page.get_by_text(f"Submit {jobs - under_way} jobs").count() == 1
            seen.page.get_by_role("button", name="Yes, submit and pay").click()
            seen.page.get_by_text(f"{jobs - under_way} completed, {under_way} unknown").wait_for(timeout=240_000)
        assert (sandbox.paid_requests, sandbox.state["jobs_billed"]) == (jobs, jobs)
        seen.page.get_by_role("link", name=settle).click()
        seen.page.get_by_role("heading", name="In doubt").wait_for()
        seen.require_sound()
    entries = here("ledger", "list", "--format", "json", *sandbox.ledger_options).json["entries"]
    states = sorted(each["state"] for each in entries)
    assert states == ["completed"] * (jobs - under_way) + ["unknown"] * under_way, "each job has one entry"


def test_a_budget_holds_jobs_back_and_says_so(browser: Browser, sandbox: Service) -> None:
    path = manifest(sandbox, 4)
    here("check", path, "--to", sandbox.folder / "run", "--workers", "1", *sandbox.media_options)
    with opened(sandbox) as ui, visit(browser) as seen:
        enter(seen, ui, "/runs/open?folder=run")
        assert seen.page.get_by_label("Budget for the run, in credits").input_value() == str(3 * 360)
        seen.page.get_by_label("Budget for the run, in credits").fill("800")
        agree(seen)
        assert "the budget may not cover every job" in seen.page.inner_text("#state")
        seen.page.get_by_role("button", name="No", exact=True).click()
        assert sandbox.paid_requests == 0
        agree(seen)
        seen.page.get_by_role("button", name="Yes, submit and pay").click()
        seen.page.get_by_text("2 completed, 1 not-sent").wait_for(timeout=240_000)
        assert sandbox.state["total_consumed"] == "720" or float(sandbox.state["total_consumed"]) == 720
        seen.require_sound()


def test_the_table_has_a_picture_of_each_file_or_says_why_not(browser: Browser, sandbox: Service) -> None:
    path = manifest(sandbox, 2)
    gone, clip = sandbox.media.url("status-404", "a.png"), sandbox.media.url("ok", "12.mp4")
    path.write_text(f"{path.read_text()}r2,{gone},{clip},,\n")
    with opened(sandbox) as ui, visit(browser) as seen:
        enter(seen, ui)
        seen.page.get_by_label("Show a picture of each file").check()
        drop(seen, path)
        seen.page.get_by_text("Checked: 3 of 3 rows").wait_for()
        seen.page.locator("img.thumb").nth(4).wait_for()
        for picture in seen.page.locator("img.thumb").all():
            expect(picture).not_to_have_js_property("naturalWidth", 0)  # the page's policy lets no test wait by eval
        assert seen.page.get_by_text("no picture: ").count() == 1
        seen.picture("run-pictures")
        seen.require_sound()
        source = seen.page.locator("img.thumb").first.get_attribute("src") or ""
        for wrong in ("file=9", "file=x", "row=²", "folder=elsewhere"):
            name = wrong.partition("=")[0]
            changed = "&".join(
                wrong if each.startswith(f"{name}=") else each for each in source.split("?")[1].split("&")
            )
            assert seen.page.request.get(f"{ui.origin}/runs/open/picture?{changed}").status in (400, 404)


def test_results_are_followed_and_saved_whatever_dies_meanwhile(browser: Browser, tmp_path: Path) -> None:
    later = [0.0]  # no task ends before the page was seen, reloaded and killed
    with service(tmp_path, credits=Decimal(100_000), speed=1.0, clock=lambda: time.time() + later[0]) as sandbox:
        path = manifest(sandbox, 4)
        here("check", path, "--to", tmp_path / "run", "--workers", "1", *sandbox.media_options)
        with opened(sandbox) as ui, visit(browser) as seen:
            enter(seen, ui, "/runs/open?folder=run")
            agree(seen)
            seen.page.get_by_role("button", name="Yes, submit and pay").click()
            seen.page.get_by_text("Waiting for 3 tasks.").wait_for()
            seen.page.reload()
            seen.page.get_by_role("heading", name="Submitted: 3 jobs").wait_for()
            rows = seen.page.locator("table.sent tbody th")
            assert sorted(rows.all_inner_texts()) == ["1", "2", "3"], "in the order in which they were sent"
            assert seen.page.locator("table.sent .badge").all_inner_texts() == ["accepted"] * 3
            for look in LOOKS:
                seen.look = look
                seen.page.set_viewport_size({"width": look.width, "height": 900})
                seen.page.emulate_media(color_scheme="dark" if look.theme == "dark" else "light")
                seen.picture("run-sent")
                seen.require_sound()
            ui.kill()
        later[0] = 3600.0
        with opened(sandbox) as ui, visit(browser) as seen:
            enter(seen, ui, "/runs/open?folder=run")
            seen.page.get_by_role("button", name="Wait for 3 tasks, and save the results").dblclick()
            seen.page.get_by_text("Every result is saved in run/results").wait_for()
            assert seen.page.get_by_role("link", name="completed 3").count() == 1
            shown = seen.page.locator("table.sent td:last-child div").all_inner_texts()
            assert sorted(shown) == sorted(each.name for each in (tmp_path / "run" / "results").iterdir())
            assert len(shown) == 3
            seen.require_sound()
            assert sandbox.paid_requests == 3
        lines = [json.loads(line) for line in (tmp_path / "run" / "submissions.jsonl").read_text().splitlines()]
        assert [(line["row"], line["state"], len(line["files"])) for line in lines] == [
            (row, "completed", 1) for row in (1, 2, 3)
        ]


@pytest.mark.parametrize("name", ["../elsewhere", "/etc", "link", "nothing", "%00", _PAYLOAD, "a" * 5000])
def test_only_runs_below_the_folders_of_the_operator_are_opened(name: str, browser: Browser, tmp_path: Path) -> None:
    inside, outside = tmp_path / "inside", tmp_path / "elsewhere"
    inside.mkdir()
    (tmp_path / "jobs.csv").write_text(f"image,video\n{PICTURE},{CLIP}\n")
    here("check", tmp_path / "jobs.csv", "--to", outside, "--workers", "1")
    (inside / "link").symlink_to(outside)
    with served("--ledger", tmp_path / "ledger.db", cwd=inside) as ui, visit(browser) as seen:
        enter(seen, ui)
        answer = seen.page.request.get(f"{ui.origin}/runs/open", params={"folder": name.replace("%00", "\0")})
        assert answer.status == 400
        assert "1 pass" not in answer.text()
        assert _PAYLOAD not in answer.text()
    assert (outside / "run.json").exists(), "it is there all the same"
