"""One file at a time over the network: the time of every reader, its cost to the server, and its answer."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import media
import peers
import readers
from answer import Answer, truth
from readers import OURS, Reader
from section import Figure, Section, kib, table
from served import Cost, Served
from server import Line

from preflight.checking.engine import Engine
from preflight.checking.options import Options
from preflight.jobfiles import job_from_fields
from preflight.sources.host import AllowedHost

_MEGABITS = 100
_NEAR = Line(round_trip_ms=0, megabits=_MEGABITS)
_FAR = Line(round_trip_ms=50, megabits=_MEGABITS)
_SLOW = Line(round_trip_ms=50, megabits=_MEGABITS, slow_start=True)
_LINES = {"0 ms": _NEAR, "50 ms": _FAR, "50 ms, slow start": _SLOW}
_JUDGED_LINES = {name: line for name, line in _LINES.items() if line.round_trip_ms}
_HOSTS = 64
_ALLOW = (AllowedHost("127.0.0.1"),)
_PATIENCE_S = 1.0
"""A reader that takes longer is asked once only."""

_LEAST_ROUND_TRIPS = {
    **dict.fromkeys(("fast-start.mp4", "fast-start.mov", "fragmented-sidx.mp4"), 2),
    **dict.fromkeys(("moov-last.mp4", "moov-last.mov"), 3),
    "fragmented.mp4": 4,
}
"""Connection, then one request; two where the first answer only says where to look; and three where the second is an
index at the end that says where the last fragment is."""
_MOST_REQUESTS = {
    **dict.fromkeys(media.CLIPS, 3),
    "fast-start.mp4": 1,
    "fast-start.mov": 1,
    "moov-last.mp4": 2,
    "moov-last.mov": 2,
}
_JUDGED = f"{OURS}: check, one opinion"
_IN_PROCESS = f"{OURS}: check"
_WHOLE = {_JUDGED: "whole check with one opinion", _IN_PROCESS: "whole check"}
_WALL_REACH = 1.15
_PEER_REACH = 1.05
_CLIP_BYTES = 128 * 1024
_PICTURE_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One reader on one file: median wall by line, and the cost and answer of its last call."""

    reader: Reader
    wall_ms: dict[str, float]
    cost: Cost
    answer: Answer
    is_right: bool


def measure(*, quick: bool) -> Section:
    """Every reader on every file it reads, then a job of two files."""
    folder = media.made(small=quick)
    measured: dict[str, list[Measured]] = {}
    with Served(folder, ports=_HOSTS) as served:
        with readers.opened(_ALLOW) as every:
            for name in (*media.CLIPS, *media.PICTURES):
                kind = "clip" if name in media.CLIPS else "picture"
                able = [reader for reader in every if kind in reader.reads]
                measured[name] = _file(served, name, able, truth(folder / name), rounds=2 if quick else 7)
        job = _job(served, rounds=2 if quick else 15)
    missing = [name for name, version in peers.versions().items() if version is None]
    parts = [f"Missing, and therefore not below: {', '.join(missing)}." if missing else ""]
    parts += [f"### `{name}`, {_megabytes(folder / name)}\n\n{_table(each)}" for name, each in measured.items()]
    parts.append(f"### A job of `5-mb.jpg` and `moov-last.mp4`\n\n{_job_table(job)}")
    return Section(text="\n\n".join(filter(None, parts)), figures=(*_figures(measured), _job_figure(job)))


def _file(served: Served, name: str, able: Sequence[Reader], right: Answer, *, rounds: int) -> list[Measured]:
    walls: dict[tuple[str, str], list[float]] = {}
    costs: dict[str, Cost] = {}
    answers: dict[str, Answer] = {}
    number = 0
    for line_name, line in _LINES.items():
        slow: set[str] = set()
        for turn in range(rounds + 1):
            for reader in able:
                if reader.name in slow:
                    continue
                number += 1
                served.begin(line)
                began = time.perf_counter()
                answers[reader.name] = reader.read(served.url(name, number))
                taken = time.perf_counter() - began
                if taken > _PATIENCE_S:
                    slow.add(reader.name)
                if turn or reader.name in slow:  # the first turn loads, and is only counted where it is the only one
                    own = reader.ms() if reader.ms else 1000 * taken
                    walls.setdefault((reader.name, line_name), []).append(own)
                costs[reader.name] = served.cost(name)
    return [
        Measured(
            reader=reader,
            wall_ms={line_name: median(walls[reader.name, line_name]) for line_name in _LINES},
            cost=costs[reader.name],
            answer=answers[reader.name],
            is_right=answers[reader.name].is_right(right),
        )
        for reader in able
    ]


def _job(served: Served, *, rounds: int) -> dict[str, float]:
    """Median wall in milliseconds of a job and of each of its files as a job of its own, in turns."""
    walls: dict[str, list[float]] = {"`5-mb.jpg` alone": [], "`moov-last.mp4` alone": [], "the job": []}
    served.begin(_FAR)
    with Engine(Options(allow=_ALLOW, thorough=False)) as engine:
        for turn in range(rounds + 1):
            image, video = served.url("5-mb.jpg", turn), served.url("moov-last.mp4", turn)
            for case, images, videos in zip(walls, ([image], [], [image]), ([], [video], [video]), strict=True):
                job = job_from_fields(
                    model="kling-v3-motion-control",
                    images=images,
                    videos=videos,
                    orientation=None,
                    mode=None,
                    prompt=None,
                )
                began = time.perf_counter()
                engine.check([job])
                if turn:
                    walls[case].append(1000 * (time.perf_counter() - began))
    return {case: median(each) for case, each in walls.items()}


def _table(measured: Sequence[Measured]) -> str:
    heads = ("reader", *(f"{line_name}:" for line_name in _LINES))
    rows = [
        (
            f"**{each.reader.name}**" if each.reader.name.startswith(OURS) else each.reader.name,
            *(f"{each.wall_ms[line_name]:,.0f} ms" for line_name in _LINES),
            str(each.cost.requests),
            str(each.cost.connections),
            kib(each.cost.bytes),
            str(each.answer),
            "right" if each.is_right else "**wrong**",
        )
        for each in measured
    ]
    return table((*heads, "requests:", "connections:", "KiB:", "answer", ""), rows)


def _job_table(job: dict[str, float]) -> str:
    slower = max(wall for case, wall in job.items() if case != "the job")
    rows = [(case, f"{wall:.0f} ms", f"{wall / slower:.2f}") for case, wall in job.items()]
    return table(("", f"wall at {_FAR.round_trip_ms:g} ms:", "× the slower file:"), rows)


def _figures(measured: dict[str, list[Measured]]) -> list[Figure]:
    ours = {name: next(each for each in every if each.reader.name == _JUDGED) for name, every in measured.items()}
    clips = {name: ours[name] for name in media.CLIPS}
    requests = {name: each.cost.requests for name, each in clips.items()}
    sizes = {name: each.cost.bytes for name, each in clips.items()}
    pictures = {name: ours[name].cost.bytes for name in media.PICTURES}
    return [
        Figure(
            what="requests: fast start / moov last / MOV / fragmented",
            reach="1 / 2 / 2 / ≤ 3, on one connection",
            measured=", ".join(f"`{name}` {count}" for name, count in requests.items())
            + f"; connections at most {max(each.cost.connections for each in clips.values())}",
            is_reached=all(requests[name] <= most for name, most in _MOST_REQUESTS.items())
            and all(each.cost.connections == 1 for each in clips.values()),
        ),
        Figure(
            what="bytes of a clip",
            reach="≤ 128 KiB",
            measured=f"{kib(min(sizes.values()))}–{kib(max(sizes.values()))} KiB",
            is_reached=max(sizes.values()) <= _CLIP_BYTES,
        ),
        Figure(
            what="bytes of a picture of 5 MB",
            reach="≤ 64 KiB",
            measured=f"{kib(max(pictures.values()))} KiB",
            is_reached=max(pictures.values()) <= _PICTURE_BYTES,
        ),
        *(_wall_figure(measured, case, line) for line in _JUDGED_LINES for case in _WHOLE),
        *(_peer_figure(measured, line) for line in _JUDGED_LINES),
    ]


def _wall_figure(measured: dict[str, list[Measured]], case: str, line: str) -> Figure:
    ratios = {
        name: next(each for each in measured[name] if each.reader.name == case).wall_ms[line]
        / (least * _JUDGED_LINES[line].round_trip_ms)
        for name, least in _LEAST_ROUND_TRIPS.items()
    }
    return Figure(
        what=f"wall at a round trip of {line}, in process, {_WHOLE[case]}",
        reach=f"≤ {_WALL_REACH} × 2 round trips (fast start, `sidx`), 3 (moov last), 4 (fragmented)",
        measured=", ".join(f"`{name}` {ratio:.2f} ×" for name, ratio in ratios.items()),
        is_reached=max(ratios.values()) <= _WALL_REACH,
    )


def _peer_figure(measured: dict[str, list[Measured]], line: str) -> Figure:
    """Our time over that of the fastest peer that is right, for each file."""
    ratios: dict[str, tuple[float, str]] = {}
    for name, every in measured.items():
        ours = next(each for each in every if each.reader.name == _JUDGED).wall_ms[line]
        peers_here = [each for each in every if not each.reader.name.startswith(OURS) and each.is_right]
        if peers_here:
            best = min(peers_here, key=lambda each: each.wall_ms[line])
            ratios[name] = ours / best.wall_ms[line], best.reader.name
    return Figure(
        what=f"against the fastest peer at {line}, on every layout and picture",
        reach=f"≤ {_PEER_REACH} ×",
        measured=", ".join(f"`{name}` {ratio:.2f} × {peer}" for name, (ratio, peer) in ratios.items()),
        is_reached=all(ratio <= _PEER_REACH for ratio, _ in ratios.values()),
    )


def _job_figure(job: dict[str, float]) -> Figure:
    (image, video, both) = job.values()
    ratio = both / max(image, video)
    return Figure(
        what="a job (image and video)",
        reach="the slower of the two, not the sum",
        measured=f"{both:.0f} ms; alone {image:.0f} and {video:.0f} ms: {ratio:.2f} × the slower",
        is_reached=ratio <= 1.1,
    )


def _megabytes(path: Path) -> str:
    return f"{path.stat().st_size / 1e6:.1f} MB"
