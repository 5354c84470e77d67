"""The output of ``preflight diff`` in every format, over the made repository: kept in ``tests/snapshots/diff``.

``make snapshots`` takes them again. Of the page, the snapshot has the words and figures, without its style and script.
"""

from __future__ import annotations

from tests.support.changed_repository import Changed
from tests.support.snapshots import SNAPSHOTS, settled

FOLDER = SNAPSHOTS / "diff"
SUFFIXES = {
    "text": "txt", "json": "json", "jsonl": "jsonl", "markdown": "md", "sarif": "sarif", "github": "log",
    "gitlab": "gitlab.json", "html": "html",
}  # fmt: skip


def taken(format_: str, changed: Changed) -> str:
    """The output of a format, without the hashes of the commits and the parts that change from run to run."""
    text = changed.diff("--format", format_).out
    for commit, name in ((changed.base, "BASE"), (changed.head, "HEAD")):
        text = text.replace(commit, name).replace(commit[:12], name).replace(commit[:7], name)
    return settled(text, format_)


def write(changed: Changed) -> None:
    """Take every snapshot again."""
    FOLDER.mkdir(exist_ok=True)
    for format_, suffix in SUFFIXES.items():
        (FOLDER / f"difference.{suffix}").write_text(taken(format_, changed), "utf-8", newline="\n")
