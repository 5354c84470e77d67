"""The generated tables: prices and limits from the spec, preflight's own bounds from the modules that hold them."""

from __future__ import annotations

import ast
import json
import re
import runpy
from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import preflight
from preflight.checking.thumbnails import MOST_KEY_FRAME_BYTES
from preflight.fix import run_worker as process
from preflight.fix import worker
from preflight.fix.repairs import REPAIRS
from preflight.pricing import show_seconds
from preflight.settings import SETTINGS
from preflight.sources.limits import RemoteLimits
from preflight.specs import Limit, SizeLimit, Spec, load_spec, model_names
from preflight.units import dollars
from preflight.workers import mediainfo as caged
from preflight.workers import pool as cage
from preflight.workers import thumbnail

PACKAGE = Path(preflight.__file__).parent

PRICED = (("12", "video"), ("8.5", "video"), ("10.02", "video"), ("10.02", "image"), ("20", "image"))
"""Reference lengths and orientations of the worked examples."""

Row = tuple[str, ...]


def table(heads: Row, rows: Iterable[Row]) -> str:
    """A Markdown table, without its last line break."""
    lines = (heads, ("---",) * len(heads), *rows)
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)


def source(text: str) -> str:
    """Where a number of the spec stands, for readers of these pages."""
    return re.sub(r"\bpage:(\d+)", r"API docs, line \1", text).removeprefix("advisory: ")


def settings() -> str:
    """Every setting, with its default and an example."""
    rows = (
        (
            f"`{row.key}`",
            row.help,
            row.unset or f"`{_toml(row.kind.show(row.default))}`",
            f"`{row.key} = {row.example}`",
            f"`{row.envvar}`" if row.envvar else "–",
        )
        for row in SETTINGS
    )
    return table(("key", "meaning", "default", "example", "variable"), rows)


def _toml(value: object) -> str:
    """A default as a settings file would write it."""
    return json.dumps(value)


def rates() -> str:
    """Credits a second, by model and mode."""
    rows = (
        (
            f"`{spec.model}`",
            mode,
            f"{rate:f}",
            f"${dollars(rate * spec.price.usd_per_credit)}",
            source(spec.price.source),
        )
        for spec in _specs()
        for mode, rate in spec.price.credits_per_second.items()
    )
    return table(("model", "mode", "credits a second", "dollars a second", "source"), rows)


def caps() -> str:
    """Where the output ends, by model and orientation."""
    rows = (
        (f"`{spec.model}`", f"`{orientation}`", show_seconds(cap), source(spec.price.cap_source))
        for spec in _specs()
        for orientation, cap in spec.price.cap_seconds.items()
    )
    return table(("model", "orientation", "the output ends at", "source"), rows)


def examples() -> str:
    """Prices of some lengths in every mode, with their ranges."""
    spec = load_spec()

    def price(clip: preflight.Durations, mode: str, orientation: str) -> str:
        quote = preflight.quote(spec, clip, mode=mode, orientation=orientation)
        assert quote is not None, "a clip with a length has a price"
        return f"{quote.credits:f}" if quote.exact else f"{quote.credits:f} ({quote.low:f} to {quote.high:f})"

    modes = tuple(spec.price.credits_per_second)
    rows = (
        (f"{seconds} s", f"`{orientation}`", *(price(clip, mode, orientation) for mode in modes))
        for seconds, orientation in PRICED
        for clip in [preflight.Durations(container=Fraction(seconds))]
    )
    return table(("reference", "orientation", *(f"credits, {mode}" for mode in modes)), rows)


def fields() -> str:
    """Every field of the request body, by model."""
    heads = ("field", "type", "required", "values", "default", "source")
    return "\n\n".join(f"### {spec.title} (`{spec.model}`)\n\n{table(heads, _fields(spec))}" for spec in _specs())


def files() -> str:
    """What the service's page asks of image and video."""

    def rows() -> Iterator[Row]:
        for image, video in ((spec.image, spec.video) for spec in _specs()):
            aspect = image.max_aspect.value
            ratio = f"{aspect.denominator}:{aspect.numerator} to {aspect.numerator}:{aspect.denominator}"
            length = f"{show_seconds(video.min_seconds.value)} to {show_seconds(video.max_seconds.value)}"
            side, sides = f"at least {_bound(image.min_side)}", image.min_side.source
            yield "image", "format", ", ".join(image.containers), "`image-format`", source(image.containers_source)
            yield "image", "size", _size(image.max_bytes), "`image-too-large`", source(image.max_bytes.source)
            yield "image", "each side", side, "`image-too-small`", source(sides)
            yield "image", "width to height", ratio, "`image-aspect-ratio`", source(image.max_aspect.source)
            yield (
                "video",
                "container",
                ", ".join(video.containers),
                "`video-container`",
                source(video.containers_source),
            )
            yield "video", "size", _size(video.max_bytes), "`video-too-large`", source(video.max_bytes.source)
            yield "video", "length", length, "`video-too-short`, `video-too-long`", source(video.max_seconds.source)

    return table(("file", "what", "limit", "rule", "source"), rows())


def advice() -> str:
    """What others of the family ask for, which warns."""

    def rows() -> Iterator[Row]:
        for image, video in ((spec.image, spec.video) for spec in _specs()):
            side, sides = image.advised_min_side, f"{video.advised_min_side.value} to {_bound(video.advised_max_side)}"
            yield "image", "each side", f"at least {_bound(side)}", "`image-too-small`", source(side.source)
            yield (
                "image",
                "colours",
                ", ".join(image.color_modes),
                "`image-color-mode`",
                source(image.color_modes_source),
            )
            yield "video", "each side", sides, "`video-dimensions`", source(video.advised_max_side.source)
            yield "video", "codec", ", ".join(video.codecs), "`video-codec`", source(video.codecs_source)

    return table(("file", "what", "advised", "rule", "source"), rows())


def remote_bounds() -> str:
    """What reading one URL may cost, from the docstring that names each limit."""
    limits = RemoteLimits()
    documented = re.findall(r"^\s*((?:``\w+``(?:, )?)+): (.+)$", RemoteLimits.__doc__ or "", re.MULTILINE)
    rows = (
        (
            _code(names),
            " and ".join(_amount(name, getattr(limits, name)) for name in re.findall(r"\w+", names)),
            _code(said),
        )
        for names, said in documented
    )
    return table(("limit", "value", "what it bounds"), rows)


def probe_bounds() -> str:
    """What a probe may ask for."""
    return _constants(PACKAGE / "probes" / "limits.py")


def job_bounds() -> str:
    """How much of a job file is read."""
    return _constants(PACKAGE / "jobfiles" / "limits.py")


def repairs() -> str:
    """What ``preflight fix`` does about which rule."""
    rows = ((f"`{row.rule}`", row.what, f"`{row.step.value}`", row.safety.value) for row in REPAIRS)
    return table(("rule", "what is done", "step", "safe or unsafe"), rows)


def fix_bounds() -> str:
    """What one file may cost to repair."""
    rows = (
        (
            name,
            f"{bounds['RLIMIT_AS'] // 2**30} GiB",
            f"{bounds['RLIMIT_CPU']} s",
            f"{seconds:g} s",
            f"{bounds['RLIMIT_FSIZE'] // 2**20} MiB",
        )
        for name, bounds, seconds in (
            ("picture", worker.PICTURE, process.PICTURE_SECONDS),
            ("clip", worker.CLIP, process.CLIP_SECONDS),
        )
    )
    return table(("file", "memory", "processor time", "time", "written"), rows)


def cage_bounds() -> str:
    """What MediaInfo or a decoder may use up."""
    rows = (
        (
            "memory",
            _amount("bytes", caged.MEMORY_BYTES),
            "address space of the process, where the platform can bound it",
        ),
        ("processor time", f"{caged.CPU_SECONDS} s", "for one file, where the platform can bound it"),
        ("time", f"{cage.WALL_SECONDS:g} s", "for one file, on every platform; then the process is killed"),
        ("answer", _amount("bytes", cage.ANSWER_BYTES), "longest answer that is read"),
        ("files", f"{cage.REQUESTS_PER_WORKER}", "then the process is replaced"),
    )
    return table(("limit", "value", "what it bounds"), rows)


def thumbnail_bounds() -> str:
    """What making a thumbnail may use up."""
    rows = (
        (
            "memory",
            _amount("bytes", caged.THUMBNAIL_MEMORY_BYTES),
            "address space of the process, where the platform can bound it",
        ),
        ("processor time", f"{caged.THUMBNAIL_CPU_SECONDS} s", "for one file, where the platform can bound it"),
        ("time", f"{cage.THUMBNAIL_SECONDS:g} s", "for one file, on every platform; then the process is killed"),
        ("answer", _amount("bytes", cage.ANSWER_BYTES), "longest answer that is read"),
        ("pixels", f"{thumbnail.MOST_PIXELS:,}".replace(",", " "), "of a picture that is decoded"),
        (
            "pixels of a JPEG",
            f"{thumbnail.MOST_JPEG_PIXELS:,}".replace(",", " "),
            "which is decoded at a fraction of its size",
        ),
        ("key frame", _amount("bytes", MOST_KEY_FRAME_BYTES), "of a clip that is fetched and decoded"),
    )
    return table(("limit", "value", "what it bounds"), rows)


def _specs() -> Iterator[Spec]:
    return map(load_spec, model_names())


def _fields(spec: Spec) -> Iterator[Row]:
    for field in spec.fields:
        values = " or ".join(f"`{choice}`" for choice in field.choices)
        if field.max_length is not None:
            values = f"at most {field.max_length} characters"
        if field.expected is not None:
            values = f"{field.expected} URL"
        default = f"`{field.default}`" if field.default else "–"
        required = "yes" if field.required else "no"
        yield f"`{field.name}`", field.type, required, values or "–", default, source(field.source)
    for ruled_out in spec.unsupported:
        yield f"`{ruled_out.name}`", "–", "not supported", ruled_out.message, "–", source(ruled_out.source)


def _bound(limit: Limit) -> str:
    return f"{limit.value} {limit.unit}"


def _size(limit: SizeLimit) -> str:
    safe, hard = (f"{count:,}".replace(",", " ") for count in (limit.safe_bytes, limit.hard_bytes))
    return f"{limit.label}: up to {safe} bytes passes, up to {hard} warns, more fails"


def _constants(path: Path) -> str:
    """The constants of a module that have a string below them to say what they are."""
    values, nodes = runpy.run_path(str(path)), ast.parse(path.read_text("utf-8")).body
    rows = []
    for node, below in pairwise(nodes):
        target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
        said = getattr(getattr(below, "value", None), "value", None)
        if isinstance(target, ast.Name) and isinstance(said, str):
            rows.append((f"`{target.id}`", _amount(target.id, values[target.id]), _code(" ".join(said.split()))))
    return table(("limit", "value", "what it bounds"), rows)


def _code(text: str) -> str:
    return text.replace("``", "`")


def _amount(name: str, value: float) -> str:
    if "bytes" in name.lower():
        return next(
            f"{value / unit:g} {word}"
            for unit, word in ((1 << 20, "MiB"), (1 << 10, "KiB"), (1, "bytes"))
            if value >= unit
        )
    return f"{value:g} s" if name.endswith("_s") else f"{value:,}".replace(",", " ")
