"""Renders one model: its fields, limits and prices, each with its source and the day of its API docs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from rich.console import Console
from rich.table import Table
from rich.text import Text

from preflight.pricing import show_seconds
from preflight.redact import printable
from preflight.specs import Limit, SizeLimit, Spec
from preflight.specs.values import allowed_values
from preflight.units import decimal_text


class _Row(NamedTuple):
    area: str
    name: str
    value: str
    source: str
    advisory: bool = False


def spec_object(spec: Spec) -> dict[str, Any]:
    """``spec`` of ``rules --model``: the same rows as the text."""
    return {
        "model": spec.model,
        "title": spec.title,
        "since": spec.since,
        "base_url": spec.base_url,
        "path": spec.path,
        "basis": spec.price.basis,
        "rows": [row._asdict() for row in _rows(spec)],
    }


def render_spec(spec: Spec, console: Console) -> None:
    """A line a field, a limit and a price."""
    console.print(Text(printable(f"{spec.title} ({spec.model})"), style="bold"))
    console.print(Text(f"as its API docs described it on {spec.since}", style="dim"))
    if spec.path is not None:
        console.print(Text(f"from {spec.path}", style="dim"))
    console.print()
    table = Table(box=None, header_style="dim", pad_edge=False)
    table.add_column("what", style="bold", overflow="fold")
    table.add_column("value", overflow="fold")
    table.add_column("source", overflow="fold")
    area = ""
    for row in _rows(spec):
        if row.area != area:
            if area:
                table.add_row()
            area = row.area
            table.add_row(Text(area, style="dim not bold"))
        table.add_row(*(Text(printable(each)) for each in (f"  {row.name}", row.value, row.source)))
    console.print(table)
    console.print()
    console.print(Text(f"{where_pages_are(spec)} 'preflight rules' lists the rules."), style="dim")


def where_pages_are(spec: Spec) -> str:
    """What ``page:N`` means in a table of sources."""
    return f"page:N is line N of the API docs of {printable(spec.title)}, as plain text, read on {spec.since}."


def _rows(spec: Spec) -> Iterator[_Row]:
    for field in spec.fields:
        values = allowed_values(field) if field.choices or field.type != "string" else "text"
        if field.type == "string[]":
            values = _items(field.expected, field.min_items, field.max_items)
        if field.type == "object":
            values = "the fields below"
        if field.max_length is not None:
            values = f"at most {field.max_length} characters"
        default = f", default {field.default}" if field.default is not None and field.max_length is None else ""
        yield _Row("fields", field.name, f"{values}{default}{', required' if field.required else ''}", field.source)
    for ruled_out in spec.unsupported:
        yield _Row("fields", ruled_out.name, f"not supported: {ruled_out.message}", ruled_out.source)
    yield from _image(spec)
    yield from _video(spec)
    yield from _price(spec)


def _items(expected: int | None, least: int | None, most: int | None) -> str:
    if expected is not None:
        return f"a list of {expected}"
    if least is None and most is None:
        return "a list"
    return f"a list of {least or 0} to {most}" if most is not None else f"a list of {least} or more"


def _image(spec: Spec) -> Iterator[_Row]:
    image = spec.image
    if not spec.takes_image:
        return
    yield _Row("image", "format", ", ".join(image.containers), image.containers_source)
    yield _size("image", image.max_bytes)
    yield from _limit("image", "each side", image.min_side, "at least ")
    if image.advised_min_side != image.min_side:
        yield from _limit("image", "each side", image.advised_min_side, "at least ")
    yield from _limit("image", "long side to short side", image.max_aspect, "at most ")
    if image.color_modes:
        yield _Row("image", "colours", ", ".join(image.color_modes), image.color_modes_source, advisory=True)


def _video(spec: Spec) -> Iterator[_Row]:
    video = spec.video
    if not spec.takes_video:
        return
    yield _Row("video", "container", ", ".join(video.containers), video.containers_source)
    yield _size("video", video.max_bytes)
    yield from _limit("video", "length", video.min_seconds, "at least ")
    yield from _limit("video", "length", video.max_seconds, "at most ")
    yield from _limit("video", "each side", video.advised_min_side, "at least ")
    yield from _limit("video", "each side", video.advised_max_side, "at most ")
    if video.codecs:
        yield _Row("video", "codec", ", ".join(video.codecs), video.codecs_source, advisory=True)


def _price(spec: Spec) -> Iterator[_Row]:
    price = spec.price
    what = {"reference": "of the reference video", "requested": "that the job requests"}.get(price.basis, "")
    for mode, rate in price.credits_per_second.items():
        yield _Row("price", mode or "rate", f"{rate:f} credits a second {what}", price.source)
    for clip in price.clips:
        length = f" of {show_seconds(clip.seconds)}" if clip.seconds is not None else ""
        yield _Row(
            "price", clip.mode or "clip", f"{clip.credits:f} credits a clip{length}", clip.source or price.source
        )
    for orientation, cap in price.cap_seconds.items():
        named = f"orientation {orientation}" if orientation else "cap"
        yield _Row("price", named, f"at most {show_seconds(cap)} are made and charged", price.cap_source)
    if price.basis == "reference":
        policies = ", ".join(price.rounding_policies)
        yield _Row("price", "rounding", f"{price.rounding} is assumed, of {policies}", price.rounding_source)
    yield _Row("price", "a credit", f"{price.usd_per_credit:f} USD", price.usd_source)


def _size(area: str, size: SizeLimit) -> _Row:
    return _Row(area, "size", f"at most {size.label} ({size.safe_bytes} bytes)", size.source)


def _limit(area: str, name: str, limit: Limit, words: str) -> Iterator[_Row]:
    if limit.is_stated:
        unit = f" {limit.unit}" if limit.unit else ""
        yield _Row(area, name, f"{words}{decimal_text(limit.value)}{unit}", limit.source, limit.advisory)
