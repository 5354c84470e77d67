"""What the page of a job tells while its files are read from URLs."""

from __future__ import annotations

import re
from pathlib import Path

from tests.support.page import page_server
from tests.support.service import service


def test_the_bytes_that_arrive_from_a_url_are_told(tmp_path: Path) -> None:
    with service(tmp_path) as sandbox, page_server(tmp_path, "--api-url", sandbox.url, *sandbox.media_options) as page:
        image, video = sandbox.media.url("ok", "a.png"), sandbox.media.url("drips-body", "12.mp4")
        job = page.enter().post("/job", image=image, video=video).headers["location"]
        text = page.text_once(job, lambda text: " %) read" in text or "Reading and checking" not in text)
        assert re.search(
            r'value="\d+"></progress>\s*<span class="small soft">[\d.]+ K?B of [\d.]+ KB \(\d+ %\) read', text
        )
        assert page.post("/job", image="/no/such", video="file:///etc/passwd").status_code == 303
