"""What the documents say is so: generated parts are up to date, links lead somewhere, examples run as shown."""

from __future__ import annotations

import os
import re
import runpy
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from html import unescape
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

import click
import pytest

from preflight.cli.app import commands
from preflight.sandbox import Options, serve
from preflight.sandbox.measure import probe_image, probe_seconds

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
MEDIA = ROOT / "preflight" / "sandbox" / "media"
PAGES = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *DOCS.rglob("*.md")])

sys.path.append(str(DOCS))  # docs/ is no package, and "build" is the name of another script on pytest's path
BUILD = runpy.run_path(str(DOCS / "build.py"))

FENCE = re.compile(r"^```(\w*) ?(\S*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
TASK_ID = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")
SHOWN_ID = "8b6a5162-5c91-4a42-8e80-4c8ef5486f24"
SHOWN_FILES, SHOWN_API = "127.0.0.1:8000", "127.0.0.1:8787"


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def pages_with_commands() -> list[Path]:
    """The pages that show commands and what they print."""
    return [page for page in PAGES if "\n```console\n" in page.read_text("utf-8")]


# ── Generated parts ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_the_generated_parts_of_a_page_are_up_to_date(page: Path) -> None:
    text = page.read_text("utf-8")
    assert BUILD["renewed"](text) == text, "run: python docs/build.py"


def test_every_generated_part_stands_on_a_page() -> None:
    used = re.findall(r"<!-- generated: ([\w-]+) -->", "".join(page.read_text("utf-8") for page in PAGES))
    assert sorted(used) == sorted(BUILD["PARTS"])


def test_the_picture_shows_the_report_of_the_readme_job() -> None:
    drawn = re.findall(r"<text [^>]*-line-\d+\)\">(.*?)</text>", BUILD["PICTURE"].read_text("utf-8"))
    shown = unescape("".join(drawn))
    expected = "$ preflight check job.yaml" + BUILD["report"](colours=False)
    assert "".join(shown.split()) == "".join(expected.split()), "run: python docs/build.py"


# ── Links and names ───────────────────────────────────────────────────────────────────────────────────────────────


def anchors(page: Path) -> set[str]:
    """The anchors that a forge makes of a page's headings."""
    text = FENCE.sub("", page.read_text("utf-8"))
    heads = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    text = FENCE.sub("", page.read_text("utf-8"))
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        if "://" in link:
            continue
        path, _, anchor = unquote(link).partition("#")
        target = (page.parent / path) if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_no_page_names_a_place_on_the_machine_it_was_written_on(page: Path) -> None:
    assert not re.search(r"(?<![\w.])/(?:work|root|tmp|home|opt)/", page.read_text("utf-8"))


# ── The command line ──────────────────────────────────────────────────────────────────────────────────────────────

COMMANDS = [
    (context.command_path.strip(), command) for command, context in BUILD["walk"](commands, click.Context(commands))
]


@pytest.mark.parametrize(("name", "command"), COMMANDS, ids=[name for name, _ in COMMANDS])
def test_a_command_and_its_options_are_documented(name: str, command: click.Command) -> None:
    section = (DOCS / "cli.md").read_text("utf-8").partition(f"\n## preflight {name}\n")[2].partition("\n## ")[0]
    options = [param for param in command.params if isinstance(param, click.Option)]
    assert section
    for option in options:
        assert all(re.search(rf"`[^`]*{re.escape(spelling)}\b", section) for spelling in option.opts), option.name


# ── Examples ──────────────────────────────────────────────────────────────────────────────────────────────────────


class Quiet(SimpleHTTPRequestHandler):
    """Python's own file server, without its log."""

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def workshop(tmp_path: Path) -> Iterator[Workshop]:
    """The demo's media in a folder, a server over it, and a sandbox: what the pages tell their reader to set up."""
    shutil.copytree(MEDIA, tmp_path, dirs_exist_ok=True)
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path))) as files:
        thread = threading.Thread(target=files.serve_forever, args=(0.01,))
        thread.start()
        try:
            with serve(Options(prober=probe_seconds, image_prober=probe_image, speed=200)) as api:
                yield Workshop(tmp_path, f"127.0.0.1:{files.server_port}", api.removeprefix("http://"))
        finally:
            files.shutdown()
            thread.join()


class Workshop:
    """Runs what a page shows, with the addresses and the task of this run in place of the page's."""

    def __init__(self, folder: Path, files: str, api: str) -> None:
        self._folder = folder
        self._ours = [(SHOWN_FILES, files), (SHOWN_API, api)]
        self._task = SHOWN_ID
        self._code = 0
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PREFLIGHT_", "COLUMNS"))}
        self._environment = {
            **kept,
            "XDG_DATA_HOME": str(folder / "data"),
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        }

    def write(self, name: str, text: str) -> None:
        (self._folder / name).write_text(self._to_ours(text), "utf-8")

    def export(self, settings: str) -> None:
        self._environment |= dict(setting.split("=", 1) for setting in self._to_ours(settings).split())

    def run(self, command: str) -> list[str]:
        """The lines that a shell shows of ``command``, errors included, in the page's own terms."""
        run = subprocess.run(
            ["sh", "-c", f"(exit {self._code}); {self._to_ours(command)}"],
            cwd=self._folder, env=self._environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, timeout=60, check=False,
        )  # fmt: skip
        self._code = run.returncode
        self._task = next(iter(TASK_ID.findall(run.stdout)), self._task)
        text = TASK_ID.sub(SHOWN_ID, run.stdout)
        for shown, ours in self._ours:
            text = text.replace(ours, shown)
        return text.splitlines()

    def _to_ours(self, text: str) -> str:
        for shown, ours in self._ours:
            text = text.replace(shown, ours)
        return text.replace(SHOWN_ID, self._task)


def steps(block: str) -> Iterator[tuple[str, list[str]]]:
    """(command, lines shown) of a console block."""
    for step in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        command, _, shown = step.partition("\n")
        yield command, shown.splitlines()


def plain(line: str) -> str:
    """A line without what differs from run to run: how long a transfer took, how its pieces fell."""
    return re.sub(r"[\d.]+ [KM]?B read · \d+ ms", "… read", line.rstrip())


def require_shown(shown: list[str], real: list[str], command: str) -> None:
    """Every line shown occurs, in the order shown. A line that ends with … may go on."""
    rest = iter(real)
    for line in shown:
        cut = line.endswith(" …")
        wanted = plain(line.removesuffix(" …"))
        found = any(plain(other).startswith(wanted) if cut else plain(other) == wanted for other in rest)
        assert found, f"{command}\nshows, and does not print:\n{line}\nit prints:\n" + "\n".join(real)


@pytest.mark.parametrize("page", pages_with_commands(), ids=name_of)
def test_the_commands_of_a_page_print_what_it_shows(page: Path, workshop: Workshop) -> None:
    for language, name, block in FENCE.findall(page.read_text("utf-8")):
        if name:
            workshop.write(name, block)
        elif language == "console":
            for command, shown in steps(block):
                if command.startswith("export "):
                    workshop.export(command.removeprefix("export "))
                else:
                    require_shown(shown, workshop.run(command), command)


def test_the_python_of_the_readme_prints_what_it_shows(workshop: Workshop) -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    for _, name, block in FENCE.findall(readme):
        if name:
            workshop.write(name, block)
    ((code, shown),) = re.findall(r"```python\n(.*?)```\n\n```text\n(.*?)```", readme, re.DOTALL)
    workshop.write("example.py", code)
    assert workshop.run("python3 example.py") == shown.splitlines()


PYTHON = re.findall(r"```python\n(.*?)```\n\n```text\n(.*?)```", (DOCS / "python.md").read_text("utf-8"), re.DOTALL)


@pytest.mark.parametrize(("code", "shown"), PYTHON)
def test_the_examples_of_the_python_page_print_what_it_shows(code: str, shown: str, workshop: Workshop) -> None:
    workshop.write("example.py", code)
    assert workshop.run("python3 example.py") == shown.splitlines()


def test_every_example_of_the_python_page_shows_its_output() -> None:
    assert len(PYTHON) == (DOCS / "python.md").read_text("utf-8").count("```python\n")
