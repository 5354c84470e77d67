"""The command that does on the command line what the page is about to do."""

from __future__ import annotations

from preflight.model import Kind
from preflight.rules.shell_words import quoted
from preflight.ui.drafts import Draft


def command_of(draft: Draft) -> str:
    """``preflight submit --image a.png …``. A file that was brought here is named as in its own folder."""
    words = ["preflight submit"]
    for kind in (Kind.IMAGE, Kind.VIDEO):
        chosen = draft.files[kind]
        words.append(f"--{kind.value} {quoted(chosen.name if chosen.is_own else chosen.target)}")
    words.append(f"--mode {quoted(draft.choices.mode)} --orientation {quoted(draft.choices.orientation)}")
    if draft.choices.prompt:
        words.append(f"--prompt {quoted(draft.choices.prompt)}")
    if any(each.path is not None for each in draft.files.values()):
        words.append("--upload s3://BUCKET/PREFIX")
    return " ".join([*words, "--wait"])
