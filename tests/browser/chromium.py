"""Debian's Chromium, driven by Playwright: pages as people see them, by width and theme, and the demands on each page.

A test takes the fixture ``browser`` and opens pages in ``visit``. A screenshot is a build product, in
``build/screenshots/``, which Git ignores.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect, sync_playwright

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage, Page, Request

ROOT = Path(__file__).parents[2]
SCREENSHOTS = ROOT / "build" / "screenshots"
NAMES = ("chromium", "chromium-browser")
MISSING = "Chromium is missing: apt-get install chromium"
WIDTHS = (360, 768, 1440)
THEMES = ("light", "dark")
PATIENCE_MS = 60_000
"""How long a page may take for anything that a test waits for."""
_HEIGHT = 900
_FLAGS = (
    "--disable-gpu",
    "--disable-background-networking",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",  # no test leaves this machine, whatever a page says
)

expect.set_options(timeout=PATIENCE_MS)


class Look(NamedTuple):
    """How a page is looked at."""

    width: int = 1440
    theme: str = "light"

    def __str__(self) -> str:
        return f"{self.width}-{self.theme}"


WIDE = Look()
LOOKS = tuple(Look(width, theme) for width in WIDTHS for theme in THEMES)


class Visit:
    """One page in a window of its own, which notes every request and every complaint."""

    def __init__(self, page: Page, look: Look) -> None:
        self.page = page
        self.look = look
        self.complaints: list[str] = []
        self.requests: list[str] = []
        page.set_default_timeout(PATIENCE_MS)
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", self._note)

    def open(self, address: str | Path) -> Page:
        """Go to a URL or a file."""
        self.page.goto(address.resolve().as_uri() if isinstance(address, Path) else address)
        return self.page

    def picture(self, name: str, *, whole: bool = True) -> Path:
        """Keep a screenshot as ``NAME-WIDTH-THEME.png``: of the whole page, or of what is in view."""
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        path = SCREENSHOTS / f"{name}-{self.look}.png"
        self.page.screenshot(path=path, full_page=whole)
        return path

    def require_sound(self) -> None:
        """Fails unless axe has nothing to say, no error is in the console, the page asks its own origin alone, and
        nothing is wider than the window."""
        assert self.complaints == []
        assert self.foreign_requests() == []
        assert self.violations() == []
        assert self.overflow() <= 0

    def foreign_requests(self) -> list[str]:
        """The requests to another origin than the page's; ``data:`` and ``blob:`` are not requests."""
        own = urlsplit(self.page.url)
        return [
            url
            for url in self.requests
            if (parts := urlsplit(url)).scheme not in ("data", "blob")
            and (parts.scheme, parts.netloc) != (own.scheme, own.netloc)
        ]

    def violations(self) -> list[str]:
        """What axe finds: the rule, its help, and the elements."""
        found = Axe().run(self.page).response["violations"]
        return [f"{each['id']}: {each['help']}: {[node['html'][:200] for node in each['nodes'][:5]]}" for each in found]

    def overflow(self) -> int:
        """By how many pixels the page is wider than the window."""
        return int(self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))

    def focused(self) -> str:
        """The text of the element that has the focus, else its label or its tag."""
        name = "element.innerText?.trim() || element.ariaLabel || element.id || element.tagName"
        return str(self.page.evaluate(f"(element => {name})(document.activeElement)"))

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def _note(self, request: Request) -> None:
        self.requests.append(request.url)


@contextmanager
def launched(*flags: str) -> Iterator[Browser]:
    """The system's Chromium without a window. Fails with the command that installs it where there is none.

    Playwright's event loop runs in this thread until the end: no test may call ``asyncio.run`` meanwhile.
    """
    program = next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        raise AssertionError(MISSING)
    # Without its own sandbox, which root may not use: the pages are ours, and on loopback.
    with (
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=program, args=[*_FLAGS, *flags]) as browser,
    ):
        yield browser


@contextmanager
def visit(
    browser: Browser, look: Look = WIDE, *, scripts: bool = True, offline: bool = False, downloads: bool = False
) -> Iterator[Visit]:
    """A window of its own, without cookies or a cache."""
    with browser.new_context(
        viewport={"width": look.width, "height": _HEIGHT},
        color_scheme="dark" if look.theme == "dark" else "light",
        reduced_motion="reduce",
        java_script_enabled=scripts,
        offline=offline,
        accept_downloads=downloads,
    ) as context:
        yield Visit(context.new_page(), look)
