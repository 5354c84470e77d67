"""A server of ``preflight ui`` with a job in each state, made without a browser."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.browser.chromium import Visit
    from tests.support.page import Visitor

MEDIA = Path(__file__).parents[2] / "preflight" / "sandbox" / "media"
BAD_IMAGE, BAD_VIDEO = MEDIA / "renamed.png", MEDIA / "too-long.mp4"


class States:
    """``paths`` leads to each state by its name."""

    def __init__(self, page: Visitor) -> None:
        self.page = page.enter()
        good = (str(MEDIA / "character.png"), str(MEDIA / "dance.mp4"))
        bad = page.start(BAD_IMAGE, BAD_VIDEO)
        asking, paid = page.start(*good), page.start(*good)
        page.post(f"{paid}/choices", orientation="video", mode="1080p")
        page.post(f"{paid}/pay", question=page.asked(paid))
        page.text_once(f"{paid}/pay", lambda text: "In the ledger" in text)
        page.text_once("/paid/1", lambda text: '<video class="result"' in text)
        page.asked(asking)
        self.paths = {"new": "/job", "bad": bad, "good": asking, "asking": f"{asking}/pay", "result": "/paid/1"}

    def open(self, seen: Visit, path: str) -> None:
        """Open ``path`` as the browser that used the link."""
        for each in self.page.http.cookies.jar:
            seen.page.context.add_cookies([{"name": each.name, "value": each.value or "", "url": self.page.origin}])
        seen.open(f"{self.page.origin}{path}")
        seen.page.wait_for_load_state("networkidle")
