"""Small files in place of another: pointers to content that was not fetched, and files that macOS leaves beside one."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from shlex import quote

APPLE_DOUBLE = b"\x00\x05\x16\x07"
"""Begins an AppleDouble file (RFC 1740): attributes of ``clip.mp4`` in ``._clip.mp4``, never its content."""
APPLE_DOUBLE_NAME = "AppleDouble"

_LFS, _CONFLICT, _ANNEX = "Git LFS pointer", "Git LFS pointer with a merge conflict", "git-annex pointer"
_FAT, _DVC = "git-fat pointer", "DVC pointer"
_SAMPLE_BYTES = 4096
# Compiled where they are used: most files are not pointers, and need none of them.
_LFS_VERSION = rb"version https?://(?:git-lfs\.github\.com/spec/|hawser\.github\.com/spec/|git-media\.io/v/)"
"""Of the specification, and of the releases before it, which Git LFS still reads."""
_CONFLICT_MARK = rb"(?m)^<{7} "
_ANNEX_KEY = rb"(?:[^\s\x00]{0,1024}[/\\])?annex[/\\]objects[/\\][^\s\x00]+"
"""What an unlocked file of git-annex says, and where a locked one leads, which is a link or, without links, a text."""
_DVC_OUTPUT = rb"(?m)^outs:\s*\n(?:[- ].*\n)*?[- ]+(?:md5|etag|checksum): "
_LFS_PATTERN = frozenset("*?[]\\,!")
"""Characters by which ``--include`` of Git LFS means more than one name."""


def pointer_name(head: bytes) -> str | None:
    """The name of the pointer that a file beginning with ``head`` is; ``None`` for any other file."""
    sample = head[:_SAMPLE_BYTES].removeprefix(b"\xef\xbb\xbf")
    has_conflict = re.search(_CONFLICT_MARK, sample) is not None
    if re.match(_LFS_VERSION, sample):
        return _CONFLICT if has_conflict else _LFS
    if has_conflict and sample.startswith(b"<" * 7) and (re.search(_LFS_VERSION, sample) or b"\noid sha256:" in sample):
        return _CONFLICT
    if sample.startswith(b"#$# git-fat "):
        return _FAT
    if is_annex_key(sample):
        return _ANNEX
    return _DVC if b"\0" not in sample and re.search(_DVC_OUTPUT, sample.replace(b"\r\n", b"\n")) else None


def is_annex_key(text: bytes) -> bool:
    """Whether a file or the target of a link begins with a place in the store of git-annex."""
    return re.match(_ANNEX_KEY, text) is not None


def fetch_command(pointer: str | None, source: str) -> str:
    """The command that fetches the file behind a pointer.

    Git LFS is told its name alone, for it would take a path from the top of the repository.
    """
    name = PurePosixPath(source.removesuffix("?…")).name
    where = name if "://" in source else source
    given = f"-- {quote(where)}" if where.startswith("-") else quote(where)
    if pointer == _ANNEX:
        return f"git annex get {given}" if name else "git annex get ."
    if pointer == _FAT:
        return "git fat pull"
    if pointer == _DVC:
        return f"dvc pull {given}" if name else "dvc pull"
    is_plain = name and not any(char in _LFS_PATTERN for char in name)
    pull = f"git lfs pull --include={quote(name)}" if is_plain else "git lfs pull"
    if pointer == _CONFLICT:
        settle = f"git checkout --theirs {given} (or --ours)" if name else "settle the merge conflict"
        return f"{settle}, then {pull}"
    return pull


def original_name(source: str) -> str | None:
    """The name of the file that an AppleDouble file belongs to; ``None`` where its own name does not tell."""
    name = PurePosixPath(source.removesuffix("?…")).name
    return name[2:] if name.startswith("._") and len(name) > 2 else None
