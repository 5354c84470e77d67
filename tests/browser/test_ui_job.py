"""The page "One job" in a real browser: by mouse alone, by keyboard alone, at every width and in both themes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.chromium import LOOKS, PATIENCE_MS, WIDE, Look, Visit, visit
from tests.browser.ui_states import BAD_IMAGE, BAD_VIDEO, States
from tests.support.page import Visitor, page_server

if TYPE_CHECKING:
    from playwright.sync_api import Browser

expect.set_options(timeout=PATIENCE_MS)
PLAYED = """video => video.ended || new Promise((done, failed) => {
    video.ontimeupdate = () => video.currentTime && done();
    setTimeout(() => video.currentTime ? done() : failed("it does not play"), 20000);
})"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Visitor]:
    with page_server(tmp_path, "--sandbox") as visitor:
        yield visitor


@pytest.fixture(scope="module")
def states(tmp_path_factory: pytest.TempPathFactory) -> Iterator[States]:
    with page_server(tmp_path_factory.mktemp("states"), "--sandbox") as visitor:
        yield States(visitor)


def test_from_two_bad_files_to_a_result_that_plays_by_mouse_alone(browser: Browser, server: Visitor) -> None:
    with visit(browser) as seen:
        page = seen.open(server.link)
        for kind, path in (("image", BAD_IMAGE), ("video", BAD_VIDEO)):
            with page.expect_file_chooser() as chooser:
                page.get_by_text(f"Choose the {kind}", exact=True).click()
            chooser.value.set_files(path)
            expect(page.locator(f"[data-kind={kind}] .chosen")).to_contain_text(f"{path.name}, ")
        page.get_by_role("button", name="Check these files").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("The service would refuse this job: 2 problems.")
        seen.require_sound()
        page.get_by_role("button", name="Repair the image").click()
        expect(page.locator("#about-image")).to_contain_text("Repaired: converted from WebP")
        page.get_by_label("Length", exact=True).click()  # in its middle, once it stands still
        expect(page.locator(".window-text")).to_contain_text("from 0.0 s, 16.")
        page.get_by_role("button", name="Repair the video").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("This job passes its check.")
        seen.require_sound()
        page.get_by_text("1080p").first.click()
        expect(page.locator("#price")).to_contain_text("× 40 credits a second, 1080p")
        page.get_by_role("button", name="Submit for").click()
        expect(page.get_by_role("heading", level=2).first).to_contain_text("Submit and pay up to")
        seen.require_sound()
        page.get_by_role("button", name="Yes, submit and pay").dblclick()
        expect(page.get_by_role("heading", level=1)).to_have_text("The result is ready")
        result = page.locator("video.result")
        expect(result).to_be_visible()
        result.evaluate(PLAYED)
        assert int(result.evaluate("video => video.videoWidth")) > 0
        seen.require_sound()


def test_files_can_be_dropped(browser: Browser, server: Visitor) -> None:
    with visit(browser) as seen:
        page = seen.open(server.link)
        page.wait_for_url("**/job")
        dropped = page.evaluate_handle(
            """([one, two]) => { const data = new DataTransfer();
            data.items.add(new File([one], "b.mp4", {type: "video/mp4"}));
            data.items.add(new File([two], "a.png", {type: "image/png"})); return data; }""",
            ["not a clip", "not a picture"],
        )
        page.dispatch_event("[data-kind=image] .drop", "drop", {"dataTransfer": dropped})
        expect(page.locator("[data-kind=image] .chosen")).to_contain_text("a.png, ")
        expect(page.locator("[data-kind=video] .chosen")).to_contain_text("b.mp4, ")
        page.get_by_role("button", name="Check these files").click()
        expect(page.get_by_role("heading", level=1)).to_contain_text("The service would refuse this job")
        expect(page.locator("#verdict")).to_contain_text("Choose another image")


def test_the_whole_way_by_keyboard_alone(browser: Browser, server: Visitor) -> None:
    with visit(browser) as seen:
        page = seen.open(server.link)
        page.wait_for_url("**/job")
        press(seen, "Try it with two bad files")
        expect(page.locator("#verdict")).to_contain_text("2 problems")
        press(seen, "Repair the image")
        expect(page.locator("#about-image")).to_contain_text("Repaired")
        press(seen, "Repair the video")
        expect(page.locator("#verdict")).to_contain_text("passes its check")
        press(seen, "Submit for")
        expect(page.get_by_role("button", name="Yes, submit and pay")).to_be_visible()
        press(seen, "Yes, submit and pay")
        expect(page.locator("video.result")).to_be_visible()


def press(seen: Visit, text: str) -> None:
    """Go to the button of that text with the tabulator, and press it."""
    for _ in range(80):
        seen.page.keyboard.press("Tab")
        if seen.focused().startswith(text):
            seen.page.keyboard.press("Enter")
            return
    raise AssertionError(f"the tabulator never came to {text!r}")


@pytest.mark.parametrize("look", LOOKS, ids=str)
def test_every_state_is_sound_at_every_width_and_theme(browser: Browser, states: States, look: Look) -> None:
    with visit(browser, look) as seen:
        for name, path in states.paths.items():
            states.open(seen, path)
            seen.picture(f"ui-{name}")
            seen.require_sound()


def test_a_price_follows_the_choices(browser: Browser, states: States) -> None:
    with visit(browser, WIDE, downloads=True) as seen:
        states.open(seen, states.paths["bad"])
        page = seen.page
        page.get_by_label("image up to 10 s").check()
        expect(page.locator("#price")).to_contain_text("10 s (31.2 s capped)")
        expect(page.locator("#about-video")).to_contain_text("Cap of orientation")
        page.get_by_label("Prompt").fill("x" * 2501)
        expect(page.locator("#price")).to_contain_text("2501")
        page.get_by_label("Prompt").fill("")
        page.get_by_label("video up to 30 s").check()
        expect(page.locator("#price")).to_contain_text("30 s (31.2 s capped)")
        page.get_by_text("Copy as command, save the job").click()
        expect(page.locator("#command")).to_contain_text("preflight submit --image")
        with page.expect_download() as saved:
            page.get_by_role("link", name="Save job").click()
        assert "kling-v3-motion-control" in saved.value.path().read_text()
        seen.require_sound()
