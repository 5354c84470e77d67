"""``preflight ui`` in a process of its own, and a visitor that sends what its pages send."""

from __future__ import annotations

import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2

from tests.support.command import KEY, command, environment

_SECONDS = 60.0
"""Far more than a page takes: it only ends a test that would wait for ever."""


class Visitor:
    """A browser's cookie jar and the tokens of the page's forms, without the browser."""

    def __init__(self, link: str, process: subprocess.Popen[str]) -> None:
        self.link = link
        self.origin = link.partition("/enter")[0]
        self.process = process
        self.http = httpx2.Client(base_url=self.origin, trust_env=False, timeout=_SECONDS)
        self.csrf = ""

    def enter(self) -> Visitor:
        """Open the link, and read the token of the forms."""
        assert self.http.get(self.link).status_code == 200
        found = re.search(r'"X-CSRF-Token": "([\w-]+)"', self.http.get("/job").text)
        assert found is not None
        self.csrf = found.group(1)
        return self

    def get(self, path: str, **headers: str) -> httpx2.Response:
        return self.http.get(path, headers=headers)

    def post(self, path: str, **fields: str) -> httpx2.Response:
        """Send a form of the page's own."""
        return self.http.post(path, data={"csrf": self.csrf, **fields}, headers={"Origin": self.origin})

    def bring(self, name: str, content: bytes) -> httpx2.Response:
        """Drop a file."""
        headers = {"Origin": self.origin, "X-CSRF-Token": self.csrf}
        return self.http.post("/job/files", params={"name": name}, content=content, headers=headers)

    def start(self, image: str | Path, video: str | Path) -> str:
        """The address of a job with these files, once it was checked."""
        answer = self.post("/job", image=str(image), video=str(video))
        assert answer.status_code == 303, answer.text
        job = answer.headers["location"]
        self.text_once(job, lambda text: "Reading and checking" not in text)
        return str(job)

    def text_once(self, path: str, wanted: Callable[[str], bool]) -> str:
        """The text of the page at ``path`` once it is as ``wanted``, redirects followed."""
        ends_at, text = time.monotonic() + _SECONDS, ""
        while time.monotonic() < ends_at:
            text = self.http.get(path, follow_redirects=True).text
            if wanted(text):
                return text
            time.sleep(0.05)
        raise AssertionError(f"{path} never came to that: {text}")

    def asked(self, job: str) -> str:
        """The name of the question about ``job``, once it is asked."""
        self.post(f"{job}/prepare")
        text = self.text_once(f"{job}/pay", lambda text: 'name="question"' in text or "Not submitted" in text)
        return self.question_in(text)

    def question_in(self, text: str) -> str:
        """The name of the question that a page asks."""
        found = re.search(r'name="question" value="([\w-]+)"', text)
        assert found is not None, text
        return found.group(1)


@contextmanager
def page_server(folder: Path, *arguments: str, key: str | None = KEY) -> Iterator[Visitor]:
    """``preflight ui`` with ``arguments``, its ledger in ``folder``."""
    given = ["ui", "--no-browser", *arguments]
    with subprocess.Popen(
        command(*given),
        env=environment(
            {
                "PYTHONUNBUFFERED": "1",
                "PREFLIGHT_LEDGER": str(folder / "ledger.db"),
                "PREFLIGHT_CONFIG": "preflight.toml",
            }
            | ({} if key is None else {"PREFLIGHT_API_KEY": key}),
            measured=True,
        ),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=settled(folder),
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        found = re.search(r"http://\S+", line)
        if found is None:
            process.wait(30)
            assert process.stderr is not None
            raise AssertionError(process.stderr.read())
        visitor = Visitor(found.group(), process)
        try:
            yield visitor
        finally:
            visitor.http.close()
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
            process.wait(60)


def settled(folder: Path) -> Path:
    """``folder`` with settings of its own, so that nobody's else count."""
    (folder / "preflight.toml").touch()
    return folder
