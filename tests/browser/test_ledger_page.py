"""The page "Ledger" in a browser: what was paid, what is in doubt, and settling it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser.chromium import LOOKS, Visit, visit
from tests.browser.served import Served, served
from tests.support.command import here
from tests.support.service import Service, service

if TYPE_CHECKING:
    from playwright.sync_api import Browser

PRICE = 360
_PAYLOAD = "<img src=x onerror=alert(1)>.yaml"


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Service]:
    with service(tmp_path, credits=Decimal(100_000)) as running:
        yield running


def paid(sandbox: Service, *prompts: str) -> None:
    """A submission that was accepted for each prompt."""
    for prompt in prompts:
        assert sandbox.submit(sandbox.job(prompt=prompt), "--yes").code == 0


def doubtful(sandbox: Service) -> None:
    """A submission that the service took, and whose answer never came."""
    sandbox.arm("drop-after-billing", operation="create")
    job = sandbox.job(prompt="in doubt").rename(sandbox.folder / _PAYLOAD)
    assert sandbox.submit(job, "--yes").code == 6


def state_of(sandbox: Service) -> str:
    """The state of the first entry, as the command line shows it."""
    return str(here("ledger", "show", "1", "--format", "json", *sandbox.ledger_options).json["entries"][0]["state"])


def opened(sandbox: Service) -> AbstractContextManager[Served]:
    return served(*sandbox.options, *sandbox.media_options, *sandbox.ledger_options, cwd=sandbox.folder)


def enter(seen: Visit, ui: Served) -> None:
    seen.open(ui.link)
    seen.page.wait_for_url(f"{ui.origin}/job")
    seen.open(f"{ui.origin}/ledger")


def test_an_empty_ledger_says_so(browser: Browser, sandbox: Service) -> None:
    with opened(sandbox) as ui, visit(browser) as seen:
        enter(seen, ui)
        assert "Nothing was submitted yet" in seen.page.inner_text("main")
        seen.require_sound()


def test_what_was_paid_is_shown_by_day_and_by_entry_at_every_width(browser: Browser, sandbox: Service) -> None:
    paid(sandbox, "a", "b")
    doubtful(sandbox)
    with opened(sandbox) as ui, visit(browser) as first:
        enter(first, ui)
        text = first.page.inner_text("main")
        assert f"{3 * PRICE} credits in 3 entries" in text
        assert "In doubt: 1 request" in text
        assert _PAYLOAD in text, "a hostile name is text"
        assert first.page.locator("svg .bar").count() == 1
        assert first.page.locator("#days ~ .wide tbody td").first.inner_text() == "3"
        for look in LOOKS:
            first.look = look
            first.page.set_viewport_size({"width": look.width, "height": 900})
            first.page.emulate_media(color_scheme="dark" if look.theme == "dark" else "light")
            first.picture("ledger")
            first.require_sound()


def test_the_balance_settles_what_is_in_doubt_by_one_button(browser: Browser, sandbox: Service) -> None:
    doubtful(sandbox)
    with opened(sandbox) as ui, visit(browser) as seen:
        enter(seen, ui)
        seen.page.get_by_role("button", name="Ask for the balance").dblclick()
        told = seen.page.get_by_text(f"the balance fell by {PRICE} credits: it was accepted; say here which task it is")
        told.wait_for()
        assert seen.page.get_by_role("button", name="Ask for the balance").count() == 0, "the balance has said it"
        seen.page.reload()
        told.wait_for()
        seen.require_sound()
    assert state_of(sandbox) == "accepted"
    assert sandbox.state["jobs_billed"] == 1


def test_two_pages_that_ask_for_the_balance_are_told_the_same(browser: Browser, sandbox: Service) -> None:
    doubtful(sandbox)
    with opened(sandbox) as ui, visit(browser) as seen:
        enter(seen, ui)
        other = seen.page.context.new_page()
        other.goto(f"{ui.origin}/ledger")
        for page in (seen.page, other):
            page.get_by_role("button", name="Ask for the balance").click()
            told = page.get_by_role("status").filter(has_text=f"the balance fell by {PRICE} credits: it was accepted")
            told.wait_for()
        other.close()
    assert sandbox.state["jobs_billed"] == 1


def test_a_task_settles_it_and_a_wrong_one_says_what_to_do(browser: Browser, sandbox: Service) -> None:
    doubtful(sandbox)
    task = next(iter(sandbox.state["tasks"]))
    with opened(sandbox) as ui, visit(browser) as seen:
        enter(seen, ui)
        seen.page.get_by_label("It is this task").fill("<script>alert(1)</script>")
        seen.page.keyboard.press("Enter")
        seen.page.get_by_role("status").wait_for()
        assert "Entry 1:" in seen.page.get_by_role("status").inner_text()
        seen.page.get_by_label("It is this task").fill(task["id"])
        seen.page.get_by_role("button", name="Settle by task").press("Enter")
        seen.page.get_by_text("Entry 1: it is task").wait_for()
        assert seen.page.locator("#doubt").count() == 0
        seen.require_sound()


def test_nothing_was_charged_needs_a_tick_and_is_said_once(browser: Browser, sandbox: Service) -> None:
    doubtful(sandbox)
    with opened(sandbox) as ui, visit(browser) as seen:
        enter(seen, ui)
        button = seen.page.get_by_role("button", name="Nothing was charged")
        button.click()
        assert seen.page.url.endswith("/ledger"), "the browser asks for the tick"
        seen.page.get_by_label("I looked at my tasks and my balance").check()
        button.click()
        seen.page.get_by_text("nothing was charged, as you say").wait_for()
        seen.require_sound()
    assert (
        here("ledger", "show", "1", "--format", "json", *sandbox.ledger_options).json["entries"][0]["state"]
        == "refused"
    )
