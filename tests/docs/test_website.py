"""The site: every page has its place and can be reached, links and anchors lead somewhere, and it opens from a disk."""

from __future__ import annotations

import re
import runpy
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path, PurePosixPath
from posixpath import normpath
from subprocess import PIPE, STDOUT
from urllib.parse import unquote, urlsplit

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
sys.path.append(str(DOCS))
WEBSITE = runpy.run_path(str(DOCS / "website.py"))
PAGES = dict(WEBSITE["_pages"]())
BLOCK = re.compile(r"^( *)```\w* ?\S*\n(.*?)^\1```$", re.DOTALL | re.MULTILINE)
OUTSIDE = {"script", "img", "iframe", "source"}


@dataclass(slots=True, kw_only=True)
class Read(HTMLParser):
    """The links, anchors, loaded files and blocks of code of a page of the site."""

    links: list[str] = field(default_factory=list)
    anchors: set[str] = field(default_factory=lambda: {""})
    loaded: list[str] = field(default_factory=list)
    blocks: list[str] = field(default_factory=list)
    is_code: bool = False

    def __post_init__(self) -> None:
        HTMLParser.__init__(self)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.anchors.add(given.get("id", ""))
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        if tag in OUTSIDE and "src" in given:
            self.loaded.append(given["src"])
        if tag == "link" and given.get("rel") in ("stylesheet", "icon"):
            self.loaded.append(given["href"])
        if tag == "pre":
            self.is_code = True
            self.blocks.append("")

    def handle_endtag(self, tag: str) -> None:
        self.is_code = self.is_code and tag != "pre"

    def handle_data(self, data: str) -> None:
        if self.is_code:
            self.blocks[-1] += data


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("website")
    done = WEBSITE["build"](folder, stdout=PIPE, stderr=STDOUT)
    assert done.returncode == 0, done.stdout
    return folder / "site"


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[str, Read]:
    """Every page of the site, by its place."""
    found = {}
    for path in site.rglob("*.html"):
        page = found[path.relative_to(site).as_posix()] = Read()
        page.feed(path.read_text("utf-8"))
    return found


def inside(place: str, address: str) -> tuple[str, str] | None:
    """(file of the site, anchor) behind an address on the page at ``place``; ``None`` for other hosts."""
    parts = urlsplit(address)
    if parts.scheme or parts.netloc:
        return None
    path = unquote(parts.path)
    file = normpath(str(PurePosixPath(place).parent / path)) if path else place
    return file if file != "." else "index.html", unquote(parts.fragment)


def test_every_page_is_in_a_section() -> None:
    placed = list(WEBSITE["pages_of"](WEBSITE["navigation"]()))
    for source, place in PAGES.items():
        assert place in placed, f"{source} is in no section of the site: add it to 'nav' in docs/site/mkdocs.yml"
    for place in placed:
        assert place in PAGES.values(), f"docs/site/mkdocs.yml has {place} below 'nav': there is no such page"
        assert placed.count(place) == 1, f"docs/site/mkdocs.yml has {place} twice below 'nav'"


def test_every_link_and_anchor_of_the_site_leads_somewhere(site: Path, pages: dict[str, Read]) -> None:
    broken = []
    for place, page in pages.items():
        for address in (*page.links, *page.loaded):
            led = inside(place, address) if place != "404.html" else None
            if led is None:
                continue
            file, anchor = led
            if not (site / file).is_file() or (file in pages and anchor not in pages[file].anchors):
                broken.append(f"{place}: {address}")
    assert broken == []


def test_every_page_can_be_reached_from_the_first(pages: dict[str, Read]) -> None:
    seen, left = set(), ["index.html"]
    while left:
        place = left.pop()
        if place not in seen and place in pages:
            seen.add(place)
            left += [led[0] for address in pages[place].links if (led := inside(place, address))]
    assert set(pages) - seen == {"404.html"}


def test_a_page_loads_nothing_from_elsewhere(site: Path, pages: dict[str, Read]) -> None:
    assert [address for page in pages.values() for address in page.loaded if urlsplit(address).netloc] == []
    assert not [
        path for path in site.rglob("*.css") if re.search(r"url\(['\"]?(?:https?:)?//", path.read_text("utf-8"))
    ]


def test_the_search_has_its_index_and_its_program_on_the_disk(site: Path, pages: dict[str, Read]) -> None:
    """A browser lets a page on a disk fetch nothing, so that the index is a script, and the worker a frame."""
    assert "field-missing" in (site / "search.js").read_text("utf-8")
    for place, page in pages.items():
        if place != "404.html":
            assert any(address.endswith("files/iframe-worker.js") for address in page.loaded), place
    assert 'location.protocol==="file:"' in (site / "files/iframe-worker.js").read_text("utf-8")


def blocks_of(source: str) -> Iterator[str]:
    for indent, code in BLOCK.findall((ROOT / source).read_text("utf-8")):
        yield re.sub(rf"^{indent}", "", code, flags=re.MULTILINE).strip()


@pytest.mark.parametrize("source", PAGES)
def test_the_site_shows_the_blocks_of_code_that_the_tests_run(source: str, pages: dict[str, Read]) -> None:
    shown = [block.strip() for block in pages[str(PurePosixPath(PAGES[source]).with_suffix(".html"))].blocks]
    for code in blocks_of(source):
        assert code in shown


def test_bars_in_the_code_of_a_table_have_no_backslash(site: Path) -> None:
    assert r"(?i)\.(jpe?g|png|mp4|mov)$" in (site / "hooks.html").read_text("utf-8")
