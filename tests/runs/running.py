"""Manifests, runs and what is in their folders, for tests."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests.support.command import CLIP, PICTURE, Ran, here

MODEL = "kling-v3-motion-control"


def write_rows(
    path: Path,
    rows: int,
    media: Callable[[int], tuple[str, str]] = lambda _: (PICTURE, CLIP),
    *,
    name: Callable[[int], str] = "r{}".format,
) -> Path:
    """A manifest of JSON Lines whose row N is called ``name(N)`` and has the picture and the clip of ``media(N)``.

    Rows are counted from 0.
    """
    with path.open("w", encoding="utf-8") as file:
        for number in range(rows):
            picture, clip = media(number)
            body = {"id": name(number), "model": MODEL, "input": {"input_urls": [picture], "video_urls": [clip]}}
            file.write(json.dumps(body) + "\n")
    return path


def run(manifest: Path, to: Path, *arguments: str, parts_of: int = 20) -> Ran:
    """``preflight check MANIFEST --to RUN``, with one worker, which is a process of its own."""
    return here("check", manifest, "--to", to, "--part-rows", str(parts_of), "--workers", "1", *arguments)


def rows_of(folder: Path) -> list[dict[str, Any]]:
    """All rows of a run, in the order of its parts."""
    return list(_each_row(folder))


def parts_of(folder: Path) -> dict[str, bytes]:
    """The parts of a run, by name, without times and the costs that depend on them."""
    return {part.name: b"\n".join(timeless(part)) for part in sorted(folder.glob("part-*.jsonl"))}


def _each_row(folder: Path) -> Iterator[dict[str, Any]]:
    for part in sorted(folder.glob("part-*.jsonl")):
        with part.open(encoding="utf-8") as lines:
            yield from map(json.loads, lines)


def timeless(part: Path) -> Iterator[bytes]:
    """The rows of a part as JSON, without times and the costs that depend on them."""
    for line in part.read_text().splitlines():
        row = json.loads(line)
        for subject in row["subjects"]:
            subject["transfer"].update(elapsed_ms=0, bytes=0)
        yield json.dumps(row).encode()


def verdicts_of(folder: Path) -> dict[int, str]:
    """The verdict of every row, by number. Each row is there once."""
    verdicts: dict[int, str] = {}
    for row in _each_row(folder):
        assert row["row"] not in verdicts
        verdicts[row["row"]] = row["verdict"]
    return verdicts


def children_of(pid: int) -> list[int]:
    """The child processes of a process: of a run, its workers."""
    return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
