"""A shell command with places for a file: ``rclone copyto {file} remote:{name} && rclone link remote:{name}``.

The values go in quoted for a POSIX shell. Within quotes of the template, in backticks, in a here-document or behind a
``$`` that would not hold: a file called ``$(rm -rf ~).png`` would run. Such places are refused.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping

from preflight.errors import ConfigurationError

PLACES = ("file", "name", "type", "sha256")
_PLACE = re.compile(r"\{(" + "|".join(PLACES) + r")\}")
_MOST = 8192


def require_template(template: str) -> None:
    """Raise ``ConfigurationError`` for a command whose places cannot be filled safely, or that names no file."""
    if "\0" in template or len(template) > _MOST:
        raise ConfigurationError(f"--upload-command holds a NUL, or more than {_MOST} characters")
    places = list(_PLACE.finditer(template))
    if "file" not in {place[1] for place in places}:
        raise ConfigurationError("--upload-command must contain {file}, the path of the file to upload")
    quoted = _quoted(template)
    for place in places:
        if quoted[place.start()]:
            raise ConfigurationError(f"--upload-command has {place[0]} in quotes: leave them out, it is quoted already")
        if template[: place.start()].endswith(("$", "\\")):
            raise ConfigurationError(f"--upload-command has a sign before {place[0]} that changes its quotes")
    if "<<" in template:
        raise ConfigurationError("--upload-command holds a here-document, in which a path cannot be quoted")


def filled(template: str, values: Mapping[str, str]) -> str:
    """``template`` with each place filled, quoted."""
    return _PLACE.sub(lambda place: shlex.quote(values[place[1]]), template)


def _quoted(template: str) -> list[bool]:
    """For each character whether a shell reads it within quotes, within backticks, or as part of a comment."""
    state, marks, at = "", [], 0
    while at < len(template):
        sign = template[at]
        if state != "'" and sign == "\\":
            marks += [bool(state)] * 2
            at += 2
            continue
        marks.append(bool(state))
        if not state and sign in "'\"`":
            state = sign
        elif not state and sign == "#" and (at == 0 or template[at - 1] in " \t\n;&|()"):
            state = "\n"
        elif sign == state:
            state = ""
        at += 1
    return marks[: len(template)] + [False] * (len(template) - len(marks))
