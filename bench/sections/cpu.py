"""Processor time of the parsers alone: the whole file in memory, or on a disk that has it cached; no network."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from io import BytesIO
from pathlib import Path

import media
import peers
from rounds import Spent, cpu_ms, in_turns, spent_by, wall_ms
from section import Figure, Section, table

from preflight.checking.engine import Engine
from preflight.checking.options import Options
from preflight.model import ImageFacts, VideoFacts
from preflight.model.target import Media
from preflight.probes.probe import probe_media

_READER = "own reader"
_CHECK = "check, one opinion"
_OPINION = "check, second opinion"


def measure(*, quick: bool) -> Section:
    """Every parser on every file it reads, in turns."""
    peers.use_python_peers()
    versions = peers.versions()
    folder = media.made(small=quick)
    rounds, times = (3, 3) if quick else (9, 10)
    spent: dict[str, dict[str, tuple[Spent, ...]]] = {}
    with Engine(Options(thorough=False)) as quick_engine, Engine() as thorough:
        for name in (*media.CLIPS, *media.PICTURES):
            ours: dict[str, Callable[[], object]] = {
                _READER: partial(_read, (folder / name).read_bytes()),
                _CHECK: partial(_check, quick_engine, folder / name),
                _OPINION: partial(_check, thorough, folder / name),
            }
            parsers = ours | _peers_for(name, (folder / name).read_bytes(), versions)
            cases = {parser: partial(spent_by, work, times) for parser, work in parsers.items()}
            spent[name] = in_turns(cases, rounds)
    return _section(spent, [name for name in ("PyAV", "pymediainfo", "Pillow", "imagesize") if not versions[name]])


def _peers_for(name: str, data: bytes, versions: dict[str, str | None]) -> dict[str, Callable[[], object]]:
    found: dict[str, Callable[[], object]] = {}
    is_clip = name in media.CLIPS
    if is_clip and versions["PyAV"]:
        found["PyAV"] = partial(_pyav, data)
    if versions["pymediainfo"]:
        found["pymediainfo, `parse_speed=0`"] = partial(_pymediainfo, data)
    if not is_clip and versions["Pillow"]:
        found["Pillow"] = partial(_pillow, data)
    if not is_clip and versions["imagesize"]:
        found["imagesize"] = partial(_imagesize, data)
    return found


def _read(data: bytes) -> ImageFacts | VideoFacts:
    """The probe, driven over bytes in memory. Optional spans are answered, as for a local file."""
    probe = probe_media(len(data), None)
    try:
        span = next(probe)
        while True:
            span = probe.send(data[span.start : span.end])
    except StopIteration as end:
        facts: ImageFacts | VideoFacts = end.value
        return facts


def _check(engine: Engine, path: Path) -> object:
    return next(engine.check_each([Media(source=str(path))]))


def _pyav(data: bytes) -> object:
    import av  # type: ignore[import-not-found]  # noqa: PLC0415 - a peer, perhaps not installed

    with av.open(BytesIO(data)) as container:
        return container.duration


def _pymediainfo(data: bytes) -> object:
    from pymediainfo import MediaInfo  # noqa: PLC0415 - for the others nothing should be loaded

    return MediaInfo.parse(BytesIO(data), parse_speed=0)


def _pillow(data: bytes) -> object:
    from PIL import Image  # noqa: PLC0415 - for the others nothing should be loaded

    with Image.open(BytesIO(data)) as image:
        return image.size


def _imagesize(data: bytes) -> object:
    import imagesize  # type: ignore[import-not-found]  # noqa: PLC0415 - a peer, perhaps not installed

    return imagesize.get(BytesIO(data))


def _section(spent: dict[str, dict[str, tuple[Spent, ...]]], missing: list[str]) -> Section:
    tables = []
    for names in (media.CLIPS, media.PICTURES):
        parsers = list(dict.fromkeys(parser for name in names for parser in spent[name]))
        rows = [
            (
                f"`{name}`",
                *(f"{cpu_ms(spent[name][parser]):.3f}" for parser in parsers),
                f"{wall_ms(spent[name][_OPINION]):.1f}",
            )
            for name in names
        ]
        heads = ("CPU, ms", *(f"{parser}:" for parser in parsers), f"{_OPINION}, wall:")
        tables.append(table(heads, rows))
    reader = {name: cpu_ms(spent[name][_READER]) for name in media.CLIPS}
    check = {name: cpu_ms(spent[name][_CHECK]) for name in media.CLIPS if not name.startswith("fragmented")}
    said = [f"Missing: {', '.join(missing)}." if missing else ""]
    return Section(
        text="\n\n".join([*tables, *filter(None, said)]),
        figures=(
            Figure(
                what="own reader, processor time a clip",
                reach="≤ 1 ms",
                measured=_spread(reader),
                is_reached=max(reader.values()) <= 1,
            ),
            Figure(
                what="check of a local MP4 without second opinion, in process",
                reach="≤ 2 ms",
                measured=_spread(check),
                is_reached=max(check.values()) <= 2,
            ),
        ),
        peers=("PyAV", "pymediainfo", "Pillow", "imagesize"),
    )


def _spread(measured: dict[str, float]) -> str:
    return f"{min(measured.values()):.2f}–{max(measured.values()):.2f} ms"
