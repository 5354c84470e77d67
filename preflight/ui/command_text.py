"""The command that does on the command line what the page is about to do."""

from __future__ import annotations

from preflight.rules.shell_words import quoted
from preflight.ui.job.drafts import Draft


def command_of(draft: Draft) -> str:
    """``preflight submit --image a.png …``. A file that was brought here is named as in its own folder.

    Empty where the command line has no option for a field of the job: the job can be saved as a file.
    """
    length = draft.spec.find("duration")
    if length is not None and draft.choices.seconds not in ("", length.default):
        return ""
    words = ["preflight submit"]
    if draft.spec.path is not None:
        words.append(f"--spec {quoted(draft.spec.path)}")
    for kind, chosen in draft.files.items():
        words.append(f"--{kind.value} {quoted(chosen.name if chosen.is_own else chosen.target)}")
    if draft.choices.mode:
        words.append(f"--mode {quoted(draft.choices.mode)}")
    if draft.choices.orientation:
        words.append(f"--orientation {quoted(draft.choices.orientation)}")
    if draft.choices.prompt:
        words.append(f"--prompt {quoted(draft.choices.prompt)}")
    if any(each.path is not None for each in draft.files.values()):
        words.append("--upload s3://BUCKET/PREFIX")
    return " ".join([*words, "--wait"])
