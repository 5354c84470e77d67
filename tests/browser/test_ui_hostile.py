"""A page elsewhere, in the same browser, reads nothing of ``preflight ui`` and drives nothing."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

import pytest

from tests.browser.chromium import launched, visit
from tests.browser.ui_states import States
from tests.support.page import page_server

if TYPE_CHECKING:
    from playwright.sync_api import Browser

HOSTILE = """<!doctype html><title>hostile</title><body><script>
const target = "%s", job = "%s";
const form = (path, fields, frame) => {
  const made = document.createElement("form");
  made.method = "post"; made.action = target + path; made.target = frame;
  for (const [name, value] of Object.entries(fields)) {
    const input = document.createElement("input"); input.name = name; input.value = value; made.append(input);
  }
  document.body.append(made); made.submit();
};
const frame = (name, src) => {
  const made = document.createElement("iframe");
  made.name = name; if (src) made.src = target + src; document.body.append(made); return made;
};
(async () => {
  const read = [];
  const attempt = async (name, work) => {
    try { read.push([name, await work()]); } catch (error) { read.push([name, null]); }
  };
  const fields = {orientation: "image", mode: "1080p", prompt: "owned", csrf: "guess"};
  for (const mode of ["cors", "no-cors"]) for (const path of [job, job + "/job.yaml", "/job", "/ledger", "/paid/1"])
    await attempt(mode + path, async () => (await (await fetch(target + path, {mode, credentials: "include"})).text()));
  for (const mode of ["cors", "no-cors"]) for (const path of ["/choices", "/prepare", "/pay", "/repair/image"])
    await attempt(mode + path, async () => (await (await fetch(target + job + path,
      {method: "POST", mode, credentials: "include", body: new URLSearchParams(fields)})).text()));
  await attempt("header", async () => (await (await fetch(target + job + "/choices",
    {method: "POST", credentials: "include", headers: {"X-CSRF-Token": "guess"}, body: "a=b"})).text()));
  const framed = frame("framed", job);
  await new Promise((done) => { framed.onload = done; setTimeout(done, 2000); });
  await attempt("frame", async () => framed.contentDocument.body.innerText);
  for (const path of ["/choices", "/prepare", "/repair/image"]) {
    frame("f" + path); form(job + path, fields, "f" + path);
  }
  frame("fn"); form("/job/example", fields, "fn");
  await attempt("script", () => new Promise((done, failed) => {
    const made = document.createElement("script"); made.src = target + job + "/job.yaml";
    made.onload = () => done("loaded"); made.onerror = failed; document.body.append(made); }));
  await attempt("picture", () => new Promise((done, failed) => {
    const made = new Image(); made.onload = () => done("loaded"); made.onerror = failed;
    made.src = target + job + "/media/image"; }));
  await new Promise((done) => setTimeout(done, 1000));
  document.title = "done " + JSON.stringify(read.filter(([, text]) => text));
})();
</script></body>"""


@pytest.fixture(scope="module")
def states(tmp_path_factory: pytest.TempPathFactory) -> Iterator[States]:
    with page_server(tmp_path_factory.mktemp("states"), "--sandbox") as visitor:
        yield States(visitor)


@pytest.fixture(scope="module")
def hostile_browser() -> Iterator[Browser]:
    with launched("--host-resolver-rules=MAP evil.example 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1") as browser:
        yield browser


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1"])
def test_a_page_elsewhere_reads_and_drives_nothing(
    hostile_browser: Browser, states: States, tmp_path: Path, host: str
) -> None:
    job = states.paths["bad"]
    (tmp_path / "page.html").write_text(HOSTILE % (states.page.origin, job))
    with visit(hostile_browser) as seen, served(tmp_path) as port:
        states.open(seen, job)  # the victim's browser is logged in
        before = states.page.get(job).text
        seen.page.goto(f"http://{host}:{port}/page.html")
        ends_at = time.monotonic() + 30
        while not seen.page.title().startswith("done") and time.monotonic() < ends_at:
            seen.page.wait_for_timeout(100)
        assert seen.page.title() == "done []"
        assert states.page.get(job).text == before
        assert states.page.get(f"{job}/pay").headers["location"] == job  # nobody began to pay


def test_a_name_that_was_pointed_here_shows_nothing(hostile_browser: Browser, states: States) -> None:
    port = states.page.origin.rpartition(":")[2]
    with visit(hostile_browser) as seen:
        for path in ("/job", states.paths["bad"], "/enter?token=x"):
            answer = seen.page.goto(f"http://evil.example:{port}{path}")
            assert answer is not None
            assert (answer.status, "this page is at http://127.0.0.1" in answer.text()) == (421, True)


@contextmanager
def served(folder: Path) -> Iterator[int]:
    """The files of a folder, on a port of 127.0.0.1."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass
