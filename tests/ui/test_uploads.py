"""Files that a browser brings: each within a limit, all within another, nothing left behind."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from preflight.ui.job.uploads import TooLarge, Uploads


async def pieces(count: int, *, size: int = 1000, breaks: bool = False) -> AsyncIterator[bytes]:
    for _ in range(count):
        yield b"x" * size
    if breaks:
        raise ConnectionError


def brought(uploads: Uploads, source: AsyncIterator[bytes]) -> tuple[str, Path, int]:
    return asyncio.run(uploads.add("a.png", source))


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_a_file_is_private(tmp_path: Path) -> None:
    token, path, size = brought(Uploads(tmp_path), pieces(3))
    assert (path.read_bytes(), size, len(token) > 20) == (b"x" * 3000, 3000, True)
    assert [each.stat().st_mode & 0o077 for each in (path.parent, path.parent.parent)] == [0, 0]


def test_a_file_beyond_the_limit_leaves_nothing(tmp_path: Path) -> None:
    uploads = Uploads(tmp_path, file_bytes=5000)
    assert brought(uploads, pieces(5))[2] == 5000
    with pytest.raises(TooLarge):
        brought(uploads, pieces(10**9))
    assert len(files(tmp_path)) == 1


def test_a_browser_that_leaves_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ConnectionError):
        brought(Uploads(tmp_path), pieces(2, breaks=True))
    assert files(tmp_path) == []


def test_the_oldest_files_make_room(tmp_path: Path) -> None:
    uploads = Uploads(tmp_path, total_bytes=5000)
    tokens = [brought(uploads, pieces(2))[0] for _ in range(4)]
    assert [uploads.path_of(token) is not None for token in tokens] == [False, False, True, True]
    assert sum(path.stat().st_size for path in files(tmp_path)) == 4000
