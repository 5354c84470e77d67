"""The processes that make thumbnails: they may die, hang or lie, and the check goes on with a reason."""

from __future__ import annotations

import json
import sys
from base64 import b64encode
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import pytest

from preflight.checking.thumbnail_material import Material
from preflight.checking.thumbnails import pictures
from preflight.model import SparseBytes
from preflight.model.thumbnail import MOST_BYTES
from preflight.workers.pool import CLIPS, PICTURES, WorkerPool
from tests.tools.probing import FIXTURES

LONG = 60.0
"""A wall clock that no test waits for."""
PICTURE = Material(data=(FIXTURES / "pictures" / "plain.jpg").read_bytes())
GOOD = {"media_type": "image/webp", "width": 8, "height": 8, "data": b64encode(b"RIFF....WEBPVP8 ").decode()}


def answering(told: Any) -> tuple[str, ...]:
    """A worker that gives this answer to every question."""
    script = f"""
import json, sys
while line := sys.stdin.buffer.readline():
    request = json.loads(line)
    sys.stdin.buffer.read(sum(length for _, length in request["pieces"]))
    print(json.dumps({{"id": request["id"], "told": {told!r}}}), flush=True)
"""
    return sys.executable, "-c", script


def made_by(*command: str, seconds: float = LONG, material: Material = PICTURE) -> tuple[Any, ...]:
    with WorkerPool(seconds, command=command) as pool:
        return pictures(material, pool)


def test_a_worker_that_dies_leaves_a_reason_and_the_next_file_its_thumbnail() -> None:
    thumbnail, strip = made_by(sys.executable, "-c", "raise SystemExit")
    assert (thumbnail.data, strip) == (b"", ())
    assert thumbnail.missing == "needs more time or memory to decode than the limits allow"
    with WorkerPool(LONG, command=PICTURES) as pool:
        pool.warm()
        assert pictures(PICTURE, pool)[0].missing is None


def test_a_worker_that_hangs_is_ended() -> None:
    thumbnail, _ = made_by(sys.executable, "-c", "import time; time.sleep(600)", seconds=0.2)
    assert thumbnail.missing == "needs more time or memory to decode than the limits allow"


@pytest.mark.parametrize(
    "change",
    [
        {"media_type": "text/html"},
        {"media_type": "image/svg+xml"},
        {"media_type": ["image/webp"]},
        {"width": 321},
        {"width": 0},
        {"width": True},
        {"height": "8"},
        {"data": "no base64!"},
        {"data": b64encode(b"<svg onload=alert(1)>").decode()},
        {"data": b64encode(b"RIFF....WEBP" + bytes(MOST_BYTES)).decode()},
        {"data": None},
    ],
    ids=str,
)
def test_a_worker_that_lies_is_not_believed(change: Mapping[str, Any]) -> None:
    thumbnail, strip = made_by(*answering([{**GOOD, **change}]))
    assert (thumbnail.data, thumbnail.missing, strip) == (b"", "makes its decoder fail", ())


@pytest.mark.parametrize("frames", [None, 5, [None], [{}], [{"number": "1", **GOOD}], [[]]], ids=str)
def test_frames_that_nobody_asked_for_are_left_out(frames: Any) -> None:
    thumbnail, strip = made_by(*answering([{**GOOD, "frames": frames}]))
    assert (thumbnail.missing, strip) == (None, ())


def test_more_frames_than_were_asked_for_are_left_out() -> None:
    material = PICTURE._replace(seconds={0: Fraction(0), 1: Fraction(1)})
    answer = {**GOOD, "frames": [{"number": 1, **GOOD}] * 50}
    assert len(made_by(*answering([answer]), material=material)[1]) == 2


def test_a_reason_from_a_worker_is_one_short_line() -> None:
    thumbnail, _ = made_by(*answering([{"missing": "is \x1b[31mred\n" + "x" * 5000}]))
    assert thumbnail.missing is not None
    assert len(thumbnail.missing) <= 200
    assert thumbnail.missing.isprintable()


@pytest.mark.parametrize(
    "junk", [b"", b"\0" * 1000, b"#EXTM3U\nhttp://127.0.0.1:1/x.ts\n", b"ffconcat version 1.0\nfile /etc/passwd\n"]
)
@pytest.mark.parametrize("command", [CLIPS, PICTURES], ids=["clips", "pictures"])
def test_junk_gets_a_reason_and_the_worker_goes_on(command: tuple[str, ...], junk: bytes) -> None:
    wants = {"container": "mov", "frames": [], "starts": [], "shown": None, "matrix": None}
    with WorkerPool(LONG, command=command) as pool:
        for _ in range(2):
            thumbnail, _ = pictures(Material(data=junk, wants=wants), pool)
            assert thumbnail.missing is not None
            assert "limits" not in thumbnail.missing


def test_a_worker_is_told_what_is_wanted() -> None:
    whole = SparseBytes()
    whole.add(0, PICTURE.data)
    with WorkerPool(LONG, command=PICTURES) as pool:
        (answer,) = pool.ask(whole, len(PICTURE.data), wants={"side": 32, "bytes": 1000}) or ()
    assert (answer["width"], answer["height"]) == (24, 32)
    assert len(json.dumps(answer)) < 1500
