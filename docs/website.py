"""Builds the site: stages the Markdown of the repository as the site builder reads it, and runs that.

``python docs/website.py`` writes ``build/site/``, whose ``index.html`` opens from a disk. The pages are written for
GitHub. Where the builder reads Markdown in another way, the staged copy is changed: links between files, names of code
blocks, bars inside of code in tables. A link or an anchor that leads nowhere fails the build.
"""

from __future__ import annotations

import posixpath
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import yaml

DOCS = Path(__file__).parent
ROOT = DOCS.parent
BUILD = ROOT / "build"
CONFIGURATION = DOCS / "site" / "mkdocs.yml"

TOP_PAGES = {
    "README.md": "index.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "reporting.md",
}
"""Pages outside of ``docs/``, and their names in the site."""
_SHIM = "https://unpkg.com/iframe-worker/shim"
"""From where the builder's pages load the program of the search from a disk; the site has its own copy."""
_ASSETS = ("docs/site/mark.svg", "docs/site/site.css", "docs/site/iframe-worker.js")
_RULES = "RULES"
_TIMEOUT_S = 300

_FENCED = re.compile(r"(^ *```.*?^ *```$)", re.DOTALL | re.MULTILINE)
_NAMED = re.compile(r"^( *```\w+) +(\S+)$", re.MULTILINE)
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_AREA_OR_RULE = re.compile(r"^## (.+)$|^\| \[`([\w-]+)`\]", re.MULTILINE)
_CODE = re.compile(r"`[^`\n]+`")


def main() -> int:
    shutil.rmtree(BUILD / "site", ignore_errors=True)
    done = build(BUILD)
    if done.returncode == 0:
        sys.stdout.write(f"{(BUILD / 'site').relative_to(ROOT)}/index.html\n")
    return done.returncode


def build(folder: Path, **how: Any) -> subprocess.CompletedProcess[str]:
    """Build the site into ``site`` below ``folder``; ``how`` is for ``subprocess.run``."""
    stage(folder)
    command = [sys.executable, "-m", "zensical", "build", "--clean", "--strict"]
    done = subprocess.run(command, cwd=folder, timeout=_TIMEOUT_S, check=False, text=True, **how)
    site = folder / "site"
    for page in site.rglob("*.html"):
        shim = f"{'../' * (len(page.relative_to(site).parts) - 1)}files/iframe-worker.js"
        page.write_text(page.read_text("utf-8").replace(_SHIM, shim), "utf-8")
    return done


def stage(folder: Path) -> None:
    """Write the pages, the files that they link to, and the configuration into ``folder``."""
    shutil.rmtree(folder / "pages", ignore_errors=True)
    pages = dict(_pages())
    places = pages | dict(_files(pages))
    for source, place in places.items():
        target = folder / "pages" / place
        target.parent.mkdir(parents=True, exist_ok=True)
        if source in pages:
            target.write_text(_staged(source, places), "utf-8")
        else:
            shutil.copyfile(ROOT / source, target)
    (folder / "mkdocs.yml").write_text(_configuration(), "utf-8")


def navigation() -> list[Any]:
    """The sections of the site with their pages, as the configuration has them, with every rule in its place."""
    return list(yaml.safe_load(_configuration().partition("\nnav:\n")[2]))


def pages_of(entry: Any) -> Iterator[str]:
    """The pages below an entry of the navigation."""
    match entry:
        case str():
            yield entry
        case dict():
            yield from (page for each in entry.values() for page in pages_of(each))
        case _:
            yield from (page for each in entry for page in pages_of(each))


def _pages() -> Iterator[tuple[str, str]]:
    """(file of the repository, its place in the site) for every page."""
    yield from TOP_PAGES.items()
    for page in sorted(DOCS.rglob("*.md")):
        place = page.relative_to(DOCS).as_posix()
        yield f"docs/{place}", place.replace("README.md", "index.md")


def _files(pages: Iterable[str]) -> Iterator[tuple[str, str]]:
    """The files that are no pages and that pages link to; text of any kind opens in a browser as text."""
    for asset in _ASSETS:
        yield asset, f"files/{Path(asset).name}"
    for source in pages:
        for link in _LINK.findall(_FENCED.sub("", (ROOT / source).read_text("utf-8"))):
            linked = _linked(source, link)
            if linked is not None and linked not in pages:
                name = Path(linked).name.removeprefix(".")
                yield linked, f"files/{name}" if name.endswith(".svg") else f"files/{name}.txt"


def _linked(source: str, link: str) -> str | None:
    """The file of the repository to which ``link`` leads from ``source``; ``None`` for other addresses."""
    path = unquote(link).partition("#")[0]
    if "://" in link or not path or link.startswith("mailto:"):
        return None
    return posixpath.normpath(posixpath.join(posixpath.dirname(source), path))


def _staged(source: str, places: Mapping[str, str]) -> str:
    """The text of a page as the builder reads it."""

    def link(found: re.Match[str]) -> str:
        linked = _linked(source, found[1])
        if linked not in places:
            return found[0]
        anchor = found[1].partition("#")[2]
        place = posixpath.relpath(places[linked], posixpath.dirname(places[source]) or ".")
        return f"]({place}{'#' if anchor else ''}{anchor})"

    text = (ROOT / source).read_text("utf-8")
    parts = _FENCED.split(text)  # every second one is a block of code
    parts[::2] = (_LINK.sub(link, _unescaped(part)) for part in parts[::2])
    parts[1::2] = (_NAMED.sub(r'\1 title="\2"', part) for part in parts[1::2])
    return "".join(parts)


def _unescaped(text: str) -> str:
    """``text`` without the backslashes before bars in code: GitHub needs them in tables, the builder shows them."""
    return "\n".join(
        _CODE.sub(lambda code: code[0].replace("\\|", "|"), line) if line.startswith("|") else line
        for line in text.split("\n")
    )


def _configuration() -> str:
    text = CONFIGURATION.read_text("utf-8")
    rules = "\n".join(f"      {line}" for line in yaml.safe_dump(_rule_sections(), sort_keys=False).splitlines())
    return "docs_dir: pages\n" + text.replace(f"- Rules: {_RULES}", f"- Rules:\n{rules}")


def _rule_sections() -> list[Any]:
    """The overview of the rules, then each area with its rules, in the order of the overview."""
    sections: list[Any] = ["rules/index.md"]
    for area, rule in _AREA_OR_RULE.findall((DOCS / "rules" / "README.md").read_text("utf-8")):
        if area:
            sections.append({area: []})
        else:
            next(iter(sections[-1].values())).append({rule: f"rules/{rule}.md"})
    return sections


if __name__ == "__main__":
    sys.exit(main())
