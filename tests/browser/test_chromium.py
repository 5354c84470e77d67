"""The demands on pages: each of them is seen to fail on a page that breaks it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser.chromium import LOOKS, Look, visit

if TYPE_CHECKING:
    from playwright.sync_api import Browser

_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>A page</title>
<meta name="viewport" content="width=device-width"><main><h1>A page</h1>%s</main></html>"""


def _page(folder: Path, body: str) -> Path:
    path = folder / "page.html"
    path.write_text(_PAGE % body, encoding="utf-8")
    return path


def test_a_plain_page_is_sound(browser: Browser, tmp_path: Path) -> None:
    with visit(browser) as seen:
        seen.open(_page(tmp_path, "<p>Text</p>"))
        seen.require_sound()


@pytest.mark.parametrize(
    ("body", "broken"),
    [
        pytest.param("<script>console.error('x')</script>", "complaints", id="console-error"),
        pytest.param("<script>throw Error('x')</script>", "complaints", id="exception"),
        pytest.param("<img alt='' src='http://127.0.0.1:9/a.png'>", "foreign_requests", id="another-origin"),
        pytest.param("<img src='data:image/gif;base64,R0lGODlhAQABAAAAACw='>", "violations", id="no-alternative-text"),
        pytest.param("<p style='width:2000px'>x</p>", "overflow", id="too-wide"),
    ],
)
def test_a_page_that_breaks_a_demand_is_not_sound(browser: Browser, tmp_path: Path, body: str, broken: str) -> None:
    with visit(browser) as seen:
        seen.open(_page(tmp_path, body))
        found = getattr(seen, broken)
        assert found() if callable(found) else found
        with pytest.raises(AssertionError):
            seen.require_sound()


@pytest.mark.parametrize("look", LOOKS, ids=str)
def test_a_look_has_its_width_and_theme(browser: Browser, tmp_path: Path, look: Look) -> None:
    with visit(browser, look) as seen:
        page = seen.open(_page(tmp_path, "<p>Text</p>"))
        assert page.evaluate("innerWidth") == look.width
        assert page.evaluate(f"matchMedia('(prefers-color-scheme: {look.theme})').matches")
