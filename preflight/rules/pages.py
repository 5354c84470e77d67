"""The page of a rule: one text in ``rules/pages/`` for ``explain``, SARIF and the docs.

``preflight explain``, SARIF and ``docs/rules`` all say it. Limits, their sources and repair commands are not typed
there: ``{…}`` takes them from the spec and from ``shell_commands.py``. A page begins with the version that brought the
rule (``Since 0.1.0.``), then come ``SECTIONS``, in this order.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from fractions import Fraction
from functools import cache
from importlib.resources import files
from string import Formatter
from textwrap import fill, indent
from typing import Any, Literal

from preflight.model import Severity
from preflight.model.frozen import frozen
from preflight.rules import shell_commands as repair
from preflight.rules.catalogue import RULES
from preflight.rules.rule import Area
from preflight.specs import Spec, load_spec

DOCS = "docs/rules"
"""Where the pages are published: the one place that knows."""

SECTIONS = ("What it checks", "Why it matters", "How to fix it", "Options", "What it cannot see")

_SINCE = re.compile(r"Since (\d+(?:\.\d+)+)\.\n")
_HEADING = re.compile(r"^## (.+)\n", re.MULTILINE)


_CODE = re.compile(r"^```\w*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[([^\]]+)\]\([^()\s]+\)")
"""A link to another page of ``docs``: only those pages can follow it."""


@frozen
class Block:
    """A paragraph, one item of a list, or lines of code. ``text`` has no marks around it; prose is one line."""

    kind: Literal["paragraph", "item", "code"]
    text: str


@frozen
class Section:
    """A part of a page. ``body`` is Markdown: paragraphs, lists, code and links, without headings."""

    title: str
    body: str

    def blocks(self) -> Iterator[Block]:
        """The body, taken apart."""
        for index, part in enumerate(_CODE.split(self.body)):
            if index % 2:
                yield Block(kind="code", text=part.rstrip())
                continue
            for piece in re.split(r"\n\s*\n|\n(?=- )", part.strip()):
                text = _unlinked(" ".join(piece.split()))
                if text:
                    kind: Literal["item", "paragraph"] = "item" if text.startswith("- ") else "paragraph"
                    yield Block(kind=kind, text=text.removeprefix("- "))


@frozen
class RulePage:
    """A rule, explained. ``source`` says in words where its requirement stands; ``since`` is a version."""

    id: str
    area: Area
    severity: Severity
    summary: str
    source: str
    since: str
    sections: tuple[Section, ...]

    @property
    def url(self) -> str:
        """Where the page is published."""
        return f"{DOCS}/{self.id}.md"

    @property
    def standing(self) -> str:
        """``error · video · the service's API docs, line 26 · since 0.1.0``"""
        return f"{self.severity.label} · {self.area.value} · {self.source} · since {self.since}"

    @property
    def markdown(self) -> str:
        """The whole page in Markdown, without a title of its own: who reads it has the rule before them."""
        parts = (f"## {section.title}\n\n{_unlinked(section.body)}" for section in self.sections)
        return "\n\n".join((self.summary, self.standing, *parts)) + "\n"

    @property
    def text(self) -> str:
        """The whole page as plain text, in lines of at most 80 columns but for commands."""
        parts = [self.summary, fill(self.standing, 80)]
        for section in self.sections:
            parts += [section.title, *map(_plain, section.blocks())]
        return "\n\n".join(parts) + "\n"


def _unlinked(markdown: str) -> str:
    return _LINK.sub(r"\1", markdown)


def _plain(block: Block) -> str:
    match block.kind:
        case "code":
            return indent(block.text, "    ")
        case "item":
            return fill(block.text, 80, initial_indent="- ", subsequent_indent="  ", break_on_hyphens=False)
        case "paragraph":
            return fill(block.text, 80, break_on_hyphens=False)


@cache
def help_of(rule_id: str) -> RulePage:
    """The page of a rule. Raises ``LookupError`` for one that does not exist or has no page."""
    rule = next((rule for rule in RULES if rule.id == rule_id), None)
    path = files("preflight.rules") / "pages" / f"{rule_id}.md"
    if rule is None or not path.is_file():
        raise LookupError(f"no page about a rule {rule_id!r}")
    text = path.read_text("utf-8")
    since = _SINCE.match(text)
    if since is None:
        raise LookupError(f"the page about {rule_id!r} does not say since when")
    spec = load_spec()
    filled = _Filled().vformat(
        text[since.end() :], (), spec._asdict() | {"prompt": spec.field("prompt"), "command": commands(spec)}
    )
    _, *parts = _HEADING.split(filled)
    return RulePage(
        id=rule.id,
        area=rule.area,
        severity=rule.severity,
        summary=rule.summary,
        source=rule.source_text,
        since=since[1],
        sections=tuple(
            Section(title=title, body=body.strip()) for title, body in zip(parts[::2], parts[1::2], strict=True)
        ),
    )


def commands(spec: Spec) -> Mapping[str, str]:
    """The commands that findings propose, by name, for a file of a plain name and a plain size."""
    image, video = spec.image, spec.video
    cap = min(spec.price.cap_seconds.values())
    low, least = int(video.advised_min_side.value), video.min_seconds.value
    return {
        "to-picture": repair.to_picture("character.webp"),
        "frame": repair.frame("dance.mp4"),
        "to-small-jpeg": repair.to_small_jpeg("character.png", image.max_bytes.safe_bytes),
        "enlarge": repair.enlarge("character.png", int(image.advised_min_side.value), ".png"),
        "crop": repair.crop("character.png", 750, 300, ".png"),
        "first-picture": repair.first_picture("character.png", ".png"),
        "usual-colours": repair.to_picture("character.jpg", ".jpg"),
        "repackage": repair.repackage("dance.mkv"),
        "to-h264": repair.to_h264("dance.webm"),
        "mov-to-h264": repair.to_h264("dance.mov"),
        "remux": repair.remux("dance.mp4"),
        "squeeze": repair.squeeze("dance.mp4", video.max_seconds.value, video.max_bytes.safe_bytes),
        "trim": repair.trim("dance.mp4", video.max_seconds.value),
        "to-sdr": repair.to_sdr("dance.mov"),
        "even-rate": repair.even_rate("dance.mp4", 30),
        "trim-to-cap": repair.trim("dance.mp4", cap),
        "trim-to-12": repair.trim("dance.mp4", 12 + repair.LAST_FRAME),
        "loop": repair.loop("dance.mp4", least),
        "fill-gap": repair.loop("dance.mp4", least + Fraction(12, 100)),
        "scale": repair.scale("dance.mp4", round(Fraction(low * 2, 3)) * 2, low),
    }


class _Filled(Formatter):
    """Numbers in groups of three digits, lists in a row."""

    def format_field(self, value: Any, format_spec: str) -> str:
        if isinstance(value, int) and value >= 10_000:
            return f"{value:,}".replace(",", " ")
        if isinstance(value, tuple):
            return ", ".join(str(each) for each in value)
        return str(super().format_field(value, format_spec))
