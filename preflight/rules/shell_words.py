"""File names as words of a shell.

A name becomes one word of a POSIX shell; only one with a line break in it needs a shell that knows ``$'…'`` (bash, zsh,
ksh).
"""

from __future__ import annotations

from shlex import quote

from preflight.lazy import pattern

MEANS_MORE_TO_IMAGEMAGICK = frozenset("%:[]{}*?~@")

_SCHEME = pattern(r"[A-Za-z][A-Za-z0-9+.\-]+:")

quoted = quote
"""Any text as one word of a POSIX shell."""


def safe(name: str) -> str:
    """A file name as one word of a shell, never as an option, and never as a protocol of ffmpeg."""
    path = f"./{name}" if name.startswith("-") or _SCHEME.match(name) else name
    if path.isprintable():
        return quote(path)
    return "$'" + "".join(c if c.isprintable() and c not in "'\\" else _octal(c) for c in path) + "'"


def _octal(character: str) -> str:
    return "".join(f"\\{byte:03o}" for byte in character.encode("utf-8", "surrogateescape"))
