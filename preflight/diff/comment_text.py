"""The comment on a pull request, as an untrusted file holds it: made into text that links, shows and calls nobody.

A workflow that runs on a pull request from a fork writes the file, and its author decides what that workflow does. The
workflow that posts the comment may write to the repository, so it lets pass what ``diff --format markdown`` writes and
nothing more: bold text, tables, and the few tags of ``TAGS``.
"""

from __future__ import annotations

import re
from typing import Final

from preflight.errors import ConfigurationError

MARKER: Final = "<!-- preflight-diff -->"
"""The first line of the comment, by which the next run finds it."""
LIMIT: Final = 65_536
"""GitHub's bound on a comment, in characters."""
TAGS: Final = ("<br>", "<details>", "</details>", "<summary>", "</summary>")
"""All HTML that a comment has after its first line."""
NO_LINK: Final = "\u200b"
"""A character without width. Between the parts of a name it keeps GitHub from making a mention or a link of it."""

LINKED: Final = re.compile(r"(?<=@)(?!\u200b)|(?<=[a-z]:)(?=//)|(?<=www)(?=\.)|(?<=#)(?=\d)", re.IGNORECASE)
"""The places at which a name, an address or a number becomes a mention or a link."""

_TITLE = "### preflight"
_TOKEN = re.compile(rf"\\.|{'|'.join(map(re.escape, TAGS))}|[<>&`\[\]$!#]", re.DOTALL)


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
    lines = [_plain(line) for line in text.splitlines()[1:]]
    return f"{MARKER}\n" + "\n".join(lines) + "\n"


def _plain(line: str) -> str:
    if line == _TITLE:
        return line
    printed = "".join(char if char.isprintable() or char == NO_LINK else " " for char in line)
    escaped = _TOKEN.sub(_escape, printed)
    return LINKED.sub(NO_LINK, escaped)


def _escape(found: re.Match[str]) -> str:
    """Keep a pair that is escaped already and a tag of ours; escape any other mark."""
    token = found[0]
    return token if token in TAGS or len(token) == 2 else f"\\{token}"
