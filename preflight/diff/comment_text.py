"""The comment on a pull request, as an untrusted file holds it: made into text that links, shows and calls nobody.

A workflow that runs on a pull request from a fork writes the file, and its author decides what that workflow does. The
workflow that posts the comment may write to the repository, so it lets pass what ``diff --format markdown`` writes and
nothing more: bold text, tables with breaks, and the tags that fold a table away.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import pairwise
from typing import Final

from preflight.errors import ConfigurationError

MARKER: Final = "<!-- preflight-diff -->"
"""The first line of the comment, by which the next run finds it."""
LIMIT: Final = 65_536
"""GitHub's bound on a comment, in characters."""
NO_LINK: Final = "\u200b"
"""A character without width. Between the parts of a name it keeps GitHub from making a mention or a link of it."""

LINKED: Final = re.compile(
    r"(?<=@)(?!\u200b)|(?<=[a-z]:)(?=//)|(?<=www)(?=\.)|(?<=#)(?=\d)|(?<=\bGH)(?=-\d)"
    r"|(?<=\b[0-9a-f]{20})(?=[0-9a-f]{20}\b)",
    re.IGNORECASE,
)
"""The places at which a name, an address, a number or a hash becomes a mention or a link."""

_TITLE = "### preflight"
_FOLD, _END_OF_FOLD = "<details>", "</details>"
_SUMMARY = re.compile(r"<summary>\d{1,9} changes</summary>")
_BREAK = "<br>"
_TOKEN = re.compile(r"<br>|&[lg]t;|\\.|[<>&`\[\]$!#]", re.DOTALL)
_ENTITIES = {"<": "&lt;", ">": "&gt;"}
_RULER = re.compile(r"[-=*_+ ]+")


def plain_comment(data: bytes) -> str:
    """The text of the comment in ``data``, of which at most ``LIMIT`` characters are taken.

    Raises ``ConfigurationError`` for data that is too long, is not UTF-8, or does not begin as our comment does.
    """
    if len(data) > 4 * LIMIT:
        raise ConfigurationError(f"the comment has {len(data)} bytes: more than a comment can hold")
    try:
        text = data.decode("utf-8").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise ConfigurationError("the comment is not UTF-8 text") from error
    if not text.startswith(f"{MARKER}\n"):
        raise ConfigurationError(f"not a comment of preflight: its first line is not {MARKER}")
    if len(text) > LIMIT:
        raise ConfigurationError(f"the comment has {len(text)} characters; at most {LIMIT} are allowed")
    whole = f"{MARKER}\n" + "\n".join(_plain(text.splitlines()[1:])) + "\n"
    if len(whole) > LIMIT:
        raise ConfigurationError(f"the comment has {len(whole)} characters with its marks escaped")
    return whole


def _plain(lines: Sequence[str]) -> Iterator[str]:
    """``lines`` as text. A line that begins with a tag is HTML up to the next blank one, so that it stands alone."""
    folds = {at for at, (one, other) in enumerate(pairwise(lines)) if one == _FOLD and _SUMMARY.fullmatch(other)}
    last = ""
    for at, line in enumerate(lines):
        if at in folds:
            shown = [*([""] if last else []), line]
        elif at - 1 in folds:
            shown = [line, *([""] if lines[at + 1 : at + 2] != [""] else [])]
        elif line == _END_OF_FOLD:
            shown = [*([""] if last else []), line, *([""] if lines[at + 1 : at + 2] not in ([], [""]) else [])]
        else:
            shown = [line if line == _TITLE else _plain_line(line)]
        yield from shown
        last = shown[-1]


def _plain_line(line: str) -> str:
    printed = "".join(char if char.isprintable() or char == NO_LINK else " " for char in line).strip()
    if _RULER.fullmatch(printed) or printed.startswith("~"):
        printed = f"\\{printed}"
    in_table = printed.startswith("|")
    return LINKED.sub(NO_LINK, _TOKEN.sub(partial(_escape, in_table=in_table), printed))


def _escape(found: re.Match[str], *, in_table: bool) -> str:
    """Keep a pair that is escaped already, and a break in a table; escape any other mark."""
    token = found[0]
    if token == _BREAK:
        return token if in_table else "&lt;br&gt;"
    if token.startswith("&") and len(token) > 1:
        return token
    mark = token.removeprefix("\\") or token
    return _ENTITIES.get(mark, token if len(token) == 2 else f"\\{token}")
