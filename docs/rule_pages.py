"""``docs/rules``: a page for each rule, made of its text in the package and of a report on a file that breaks it.

The report is what the command line prints on a terminal of 100 columns, about a fixture in a folder of its own, perhaps
behind the tests' own server. Only what differs from run to run is changed: the address of that server, and times.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, chdir, contextmanager, redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import tables

from preflight.cli.run import run
from preflight.rules import RULES, Area, Rule
from preflight.rules.pages import SECTIONS, RulePage, help_of

DOCS = Path(__file__).parent
PAGES = DOCS / "rules"
FIXTURES = DOCS.parent / "fixtures"
COLUMNS = 100

sys.path.append(str(DOCS.parent))

from tests.servers.lying import CERTIFICATE, serving  # noqa: E402 - found from the root

SHOWN = {
    "callback-not-public": "localhost.yaml",
    "field-unknown": "promt.yaml",
    "field-type": "prompt-is-a-number.yaml",
    "field-missing": "no-image.yaml",
    "id-duplicate": "second-row.csv",
    "image-format": "webp-named.png",
    "image-truncated": "truncated.jpg",
    "http-status": "403.scene.toml",
    "mode-invalid": "4k.yaml",
    "model-unknown": "misspelt.yaml",
    "not-media": "page.scene.toml",
    "orientation-invalid": "portrait.yaml",
    "over-budget": "480-of-360.scene.toml",
    "prompt-too-long": "2501-characters.yaml",
    "price-ambiguous": "mvhd-longer-than-tracks.scene.toml",
    "unreachable": "connection-refused.scene.toml",
    "url-expiring": "s3.yaml",
    "url-not-public": "private-address.yaml",
    "video-over-orientation-cap": "12-seconds-by-image.scene.toml",
    "video-container": "matroska-named.mp4",
    "video-corrupt": "child-beyond-parent.mp4",
    "video-incomplete": "no-moov.mp4",
    "video-truncated": "truncated-fast-start.mp4",
}
"""The fixture that says most about its rule; of a rule that is not here, the first."""

PLACEHOLDERS = {"https://example.com/character.png": "character.png", "https://example.com/dance.mp4": "dance.mp4"}
"""URLs of fixtures that lead nowhere, and the demo's files that stand for them."""

_INTRODUCTION = """\
What `preflight check` looks for. The source says who asks for it: a line of the service's API docs, services of the
same family (advisory), or preflight itself. `preflight explain RULE` prints the text of a page, `--select` and
`--ignore` take the names. Every limit with the place where it stands: [limits](../limits.md).

Examples are real reports on the files of `fixtures/rules`. Where one came from a server, it was a server on the machine
that made the page, and `files.example.com` stands for it; times are left out."""

_HOST = "https://files.example.com"
_CLIPS = frozenset({".mp4", ".mov", ".mkv", ".webm", ".avi", ".ts"})
_JOB_URL = re.compile(r"https?://[^\s\"'\],]+\.(?:mp4|png)[^\s\"'\],]*")
_LONG_LINE = 96


class Example(NamedTuple):
    """A command, what it prints and its exit code; ``job`` is the job file that it reads, if it does."""

    command: str
    printed: str
    code: int
    job: str | None = None


def rule_pages() -> dict[str, str]:
    """Every file of ``docs/rules`` by its name."""
    made = {f"{rule.id}.md": _page(rule, help_of(rule.id), example(rule)) for rule in RULES}
    return made | {"README.md": _index()}


def write_rule_pages() -> None:
    """Write ``docs/rules`` anew; a page whose rule is gone goes, too."""
    PAGES.mkdir(exist_ok=True)
    made = rule_pages()
    for path in PAGES.glob("*.md"):
        if path.name not in made:
            path.unlink()
    for name, text in made.items():
        (PAGES / name).write_text(text, "utf-8")


def _index() -> str:
    parts = [
        "# Rules",
        "<!-- made by docs/build.py from preflight/rules -->",
        _INTRODUCTION,
    ]
    for area in Area:
        rows = (
            (f"[`{rule.id}`]({rule.id}.md)", rule.severity.label, _source(rule), rule.summary)
            for rule in RULES
            if rule.area is area
        )
        parts += [f"## {area.value.capitalize()}", tables.table(("rule", "severity", "source", "what"), rows)]
    return "\n\n".join(parts) + "\n"


def _source(rule: Rule[Any]) -> str:
    return tables.source(rule.source) if rule.origin == "API page" else rule.origin


def _page(rule: Rule[Any], page: RulePage, shown: Example) -> str:
    def parts() -> Iterator[str]:
        yield f"# {page.id}"
        yield f"<!-- made by docs/build.py from preflight/rules/pages/{page.id}.md -->"
        yield page.summary
        yield tables.table(
            ("severity", "area", "source", "since"),
            [(page.severity.label, page.area.value, _source(rule), page.since)],
        )
        for section in page.sections:
            yield f"## {section.title}\n\n{_linked(section.body, page.id)}"
            if section.title == SECTIONS[1]:
                yield _shown(shown)
        yield "[All rules](README.md)"

    return "\n\n".join(parts()) + "\n"


def _linked(body: str, own: str) -> str:
    """``body`` with links to the pages of the rules that it names."""
    others = "|".join(rule.id for rule in RULES if rule.id != own)
    return re.sub(rf"`({others})`", r"[`\1`](\1.md)", body)


def _shown(shown: Example) -> str:
    kind = "csv" if shown.command.endswith(".csv") else "yaml"
    job = "" if shown.job is None else f"```{kind}\n{shown.job}```\n\n"
    return f"## Example\n\n{job}```text\n$ {shown.command}\n{shown.printed}```\n\nThe exit code is {shown.code}."


# ── The report on a fixture ───────────────────────────────────────────────────────────────────────────────────────


def example(rule: Rule[Any]) -> Example:
    """What the command line says of the fixture that stands for ``rule``."""
    files = sorted(path for path in (FIXTURES / "rules" / rule.id / "fail").iterdir() if path.is_file())
    fixture = next((path for path in files if path.name == SHOWN.get(rule.id)), files[0])
    with tempfile.TemporaryDirectory() as folder, chdir(folder), ExitStack() as stack:
        if fixture.suffix == ".yaml":
            return _of_job(rule, fixture, stack)
        if fixture.suffix == ".csv":
            return _of_table(fixture)
        if fixture.name.endswith(".scene.toml"):
            return _of_scene(rule, fixture, stack)
        name = shutil.copyfile(fixture, fixture.name)
        is_clip = fixture.suffix in _CLIPS
        return _printed(["check", "--video" if is_clip else "--image", name])


def _of_job(rule: Rule[Any], fixture: Path, stack: ExitStack) -> Example:
    job, real, replaced = fixture.read_text("utf-8"), "", {}
    for placeholder, name in PLACEHOLDERS.items():
        shutil.copyfile(tables.PACKAGE / "sandbox" / "media" / name, name)
        job = job.replace(placeholder, name)
    real = job
    if rule.id in ("url-insecure", "url-long", "url-expiring"):  # the URL is read, from a server of ours
        (url,) = _JOB_URL.findall(job)
        parts = urlsplit(url)
        name = Path(parts.path).name
        server = stack.enter_context(serving({name: tables.PACKAGE / "sandbox" / "media" / name}, tls=_is_tls(url)))
        ours = server.url("ok", name, parts.query)
        real = job.replace(url, ours)
        replaced = {ours.partition("?")[0]: url.partition("?")[0]}
        arguments = ["check", "job.yaml", "--allow-host", server.authority]
    else:
        arguments = ["check", "job.yaml"]
    Path("job.yaml").write_text(real, "utf-8")
    lines = [line if len(line) <= _LONG_LINE else f"{line[:_LONG_LINE]}…" for line in job.splitlines()]
    shown = _printed(arguments, replaced, command="preflight check job.yaml")
    return shown._replace(job="".join(f"{line}\n" for line in lines))


def _of_table(fixture: Path) -> Example:
    table = fixture.read_text("utf-8")
    for placeholder, name in PLACEHOLDERS.items():
        shutil.copyfile(tables.PACKAGE / "sandbox" / "media" / name, name)
        table = table.replace(placeholder, name)
    Path("jobs.csv").write_text(table, "utf-8")
    return _printed(["check", "jobs.csv"])._replace(job=table)


def _is_tls(url: str) -> bool:
    return url.startswith("https:")


def _of_scene(rule: Rule[Any], fixture: Path, stack: ExitStack) -> Example:
    scene = tomllib.loads(fixture.read_text("utf-8"))
    origin = (fixture.parent / scene["file"]).resolve()
    name = scene.get("name", origin.name)
    shutil.copyfile(origin, name)
    if size := scene.get("size_bytes") or scene.get("truncate_bytes"):
        os.truncate(name, size)
    options = [
        word for key, value in scene.get("options", {}).items() for word in (f"--{key.replace('_', '-')}", str(value))
    ]
    if rule.area is Area.PRICE:
        picture = shutil.copyfile(FIXTURES / "pictures" / "plain.png", "character.png")
        return _printed(["check", "--image", picture, "--video", name, *options])
    if "server" not in scene:
        return _printed(["check", f"--{scene['kind']}", name, *options])
    types = {name: scene["server"]["content_type"]} if "content_type" in scene["server"] else {}
    server = stack.enter_context(serving({name: Path(name)}, types=types, tls=True))
    url = server.url(scene["server"]["behaviour"], name)
    shown = f"{_HOST}/{name}"
    return _printed(
        ["check", f"--{scene['kind']}", url, "--allow-host", server.host],
        {url: shown, urlsplit(url).netloc: urlsplit(shown).netloc, server.host: urlsplit(shown).netloc},
        command=shlex.join(["preflight", "check", f"--{scene['kind']}", shown]),
    )


def _printed(arguments: list[str], replaced: Mapping[str, str] | None = None, *, command: str | None = None) -> Example:
    """What ``preflight`` prints on a terminal without colours. ``replaced`` says what to show in place of what."""
    screen = _Screen()
    with _environment(), redirect_stdout(screen), redirect_stderr(StringIO()):
        code = run(arguments)
    text = screen.getvalue()
    for ours, shown in (replaced or {}).items():
        text = text.replace(ours, shown)
    # How much of an answer has come when it is left off, and how long that took, differ from run to run.
    lines = (re.sub(r" · \d+ ms$", "", line.rstrip()) for line in text.splitlines())
    lines = (re.sub(r"(\d requests?) · [\d.]+ [KMG]?B read$", r"\1", line) for line in lines)
    return Example(command or shlex.join(["preflight", *arguments]), "".join(f"{line}\n" for line in lines), code)


class _Screen(StringIO):
    """Standard output that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@contextmanager
def _environment() -> Iterator[None]:
    """A terminal of ``COLUMNS`` without colours, no settings of the user's, and trust in the test server."""
    kept = dict(os.environ)
    ours = {"COLUMNS": str(COLUMNS), "NO_COLOR": "1", "TERM": "xterm", "SSL_CERT_FILE": str(CERTIFICATE)}
    for name in [name for name in kept if name.startswith("PREFLIGHT_")]:
        del os.environ[name]
    os.environ.update(ours)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(kept)
