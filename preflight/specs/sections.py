"""The sections of a spec file: the model, its fields, the limits of its media, its price."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Final, get_args

from preflight.lazy import pattern
from preflight.model.file_types import SUFFIXES
from preflight.specs.limits import FIELDS, TEXT_CHARS
from preflight.specs.spec import (
    NO_IMAGE,
    NO_VIDEO,
    Basis,
    ClipPrice,
    FieldSpec,
    FieldType,
    ImageSpec,
    Limit,
    PriceSpec,
    Role,
    Rounding,
    SizeLimit,
    Spec,
    UnsupportedField,
    VideoSpec,
)
from preflight.specs.table_reader import Table, exact_number, shown

_MODEL_NAME = pattern(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_FIELD_NAME = pattern(r"[A-Za-z_][A-Za-z0-9_-]*(\.[A-Za-z_][A-Za-z0-9_-]*)?")
_BASE_URL = pattern(r"https?://[A-Za-z0-9.:\[\]-]+(/[A-Za-z0-9._~/-]*)?")
_PIXELS, _SECONDS, _CREDITS, _ITEMS = 1_000_000, 86_400, 1_000_000_000, 1000
_BYTES = 1 << 40
_CHARACTERS = 1_000_000
_VALUES = 10**12
_ROUNDINGS: Final[tuple[Rounding, ...]] = get_args(Rounding)


def spec_of_table(top: Table) -> Spec:
    """The spec in the whole file. Raises ``SpecError``."""
    model = _named(top, "model", _MODEL_NAME, "letters, digits, '.', '_' and '-'")
    api = top.table("api")
    spec = Spec(
        model=model,
        title=top.text("title"),
        since=_day(top),
        base_url=_named(api, "base_url", _BASE_URL, "the URL of a server, without user name and query"),
        fields=tuple(_field(each) for each in top.tables("fields", most=FIELDS)),
        unsupported=tuple(_unsupported(each) for each in top.tables("unsupported", [], most=FIELDS)),
        image=_image(top.table("image")) if "image" in top else NO_IMAGE,
        video=_video(top.table("video")) if "video" in top else NO_VIDEO,
        price=_price(top.table("price")),
        replaces_built_in=top.flag("replaces_built_in"),
    )
    api.text("source")
    api.end()
    top.end()
    return spec


def _named(table: Table, key: str, pattern: re.Pattern[str], allowed: str) -> str:
    value = table.name(key)
    if not pattern.fullmatch(value):
        table.fail(f"must be {allowed}, not {shown(value)}", key)
    return value


def _day(top: Table) -> str:
    value = top.value("since")
    try:
        return (value if type(value) is date else date.fromisoformat(value)).isoformat()
    except (TypeError, ValueError):
        top.fail(f"must be the day on which the API docs were read, such as 2026-11-22, not {shown(value)}", "since")


def _field(table: Table) -> FieldSpec:
    type_ = table.one_of("type", get_args(FieldType))
    is_number = type_ in ("integer", "number")
    field = FieldSpec(
        name=_named(table, "name", _FIELD_NAME, "a name or 'input.NAME'"),
        type=type_,
        role=table.one_of("role", get_args(Role)),
        source=table.text("source"),
        description=table.text("description"),
        required=table.flag("required"),
        choices=_choices(table, type_),
        default=_default(table, type_),
        max_length=table.whole("max_length", low=1, high=_CHARACTERS),
        expected=table.whole("expected", low=1, high=_ITEMS),
        min_items=table.whole("min_items", low=0, high=_ITEMS),
        max_items=table.whole("max_items", low=1, high=_ITEMS),
        minimum=_bound(table, "minimum", is_number=is_number),
        maximum=_bound(table, "maximum", is_number=is_number),
    )
    table.end()
    return field


def _bound(table: Table, key: str, *, is_number: bool) -> Fraction | None:
    if key not in table:
        return None
    if not is_number:
        table.fail("only a field of type integer or number has bounds", key)
    return table.number(key, low=-_VALUES, high=_VALUES)


def _choices(table: Table, type_: FieldType) -> tuple[str, ...]:
    if type_ not in ("integer", "number"):
        return table.texts("choices", ())
    found = table.items("choices", ())
    return tuple(_number_text(table, each, "choices", type_) for each in found)


def _default(table: Table, type_: FieldType) -> str | None:
    if "default" not in table:
        return None
    if type_ == "boolean":
        return "true" if table.flag("default") else "false"
    if type_ in ("integer", "number"):
        return _number_text(table, table.value("default"), "default", type_)
    if type_ != "string":
        table.fail(f"a field of type {type_} has no default", "default")
    return table.text("default", longest=TEXT_CHARS)


def _number_text(table: Table, value: object, key: str, type_: FieldType) -> str:
    number = exact_number(value)
    if number is None or isinstance(value, str) or (type_ == "integer" and number.denominator != 1):
        table.fail(f"must hold {'whole numbers' if type_ == 'integer' else 'numbers'}, not {shown(value)}", key)
    return str(value)


def _unsupported(table: Table) -> UnsupportedField:
    field = UnsupportedField(name=table.name("name"), message=table.text("message"), source=table.text("source"))
    table.end()
    return field


def _image(table: Table) -> ImageSpec:
    image = ImageSpec(
        containers=_containers(table),
        containers_source=table.text("containers_source"),
        max_bytes=_size(table.table("max_bytes")),
        min_side=_limit(table, "min_side", _PIXELS, NO_IMAGE.min_side),
        advised_min_side=_limit(table, "advised_min_side", _PIXELS, None),
        max_aspect=_limit(table, "max_aspect", _PIXELS, NO_IMAGE.max_aspect),
        color_modes=table.texts("color_modes", ()),
        color_modes_source=table.text("color_modes_source", ""),
    )
    table.end()
    if image.advised_min_side.value < image.min_side.value:  # the rule compares with what is advised first
        image = image._replace(advised_min_side=image.min_side)
    return image


def _video(table: Table) -> VideoSpec:
    video = VideoSpec(
        containers=_containers(table),
        containers_source=table.text("containers_source"),
        max_bytes=_size(table.table("max_bytes")),
        min_seconds=_limit(table, "min_seconds", _SECONDS, NO_VIDEO.min_seconds),
        max_seconds=_limit(table, "max_seconds", _SECONDS, NO_VIDEO.max_seconds),
        advised_min_side=_limit(table, "advised_min_side", _PIXELS, NO_VIDEO.advised_min_side),
        advised_max_side=_limit(table, "advised_max_side", _PIXELS, NO_VIDEO.advised_max_side),
        codecs=table.texts("codecs", ()),
        codecs_source=table.text("codecs_source", ""),
    )
    table.end()
    return video


def _containers(table: Table) -> tuple[str, ...]:
    names = table.texts("containers")
    for name in names:
        if name not in SUFFIXES:
            table.fail(f"preflight knows no container {shown(name)}; it knows {', '.join(SUFFIXES)}", "containers")
    if not names:
        table.fail("lists no container; leave the whole section out if the model takes no such file", "containers")
    return names


def _size(table: Table) -> SizeLimit:
    safe, hard = table.whole("safe", low=1, high=_BYTES), table.whole("hard", low=1, high=_BYTES)
    if safe is None or hard is None or hard < safe:
        table.fail("needs 'safe' and 'hard' in bytes, and 'hard' is at least 'safe'")
    size = SizeLimit(safe_bytes=safe, hard_bytes=hard, label=table.name("label"), source=table.text("source"))
    table.end()
    return size


def _limit(section: Table, key: str, most: int, absent: Limit | None) -> Limit:
    if key not in section:
        return absent or NO_IMAGE.advised_min_side
    table = section.table(key)
    limit = Limit(
        value=table.number("value", high=most, above=True),
        source=table.text("source"),
        unit=table.name("unit", ""),
        advisory=table.flag("advisory"),
    )
    table.end()
    return limit


def _price(table: Table) -> PriceSpec:
    basis = table.one_of("basis", get_args(Basis), "reference")
    is_measured = basis == "reference"
    caps, cap_source = _caps(table)
    price = PriceSpec(
        credits_per_second={} if basis == "clip" else _rates(table),
        cap_seconds=caps,
        cap_source=cap_source,
        usd_per_credit=_decimal(table.number("usd_per_credit", high=_CREDITS, above=True)),
        usd_source=table.text("usd_source"),
        rounding=table.one_of("rounding", _ROUNDINGS) if is_measured else "exact",
        rounding_policies=_policies(table) if is_measured else ("exact",),
        rounding_source=table.text("rounding_source") if is_measured else "",
        source=table.text("source"),
        basis=basis,
        clips=tuple(_clip(each) for each in table.tables("clips", most=FIELDS)) if basis == "clip" else (),
    )
    table.end()
    return price


def _policies(table: Table) -> tuple[Rounding, ...]:
    names = table.texts("rounding_policies")
    for name in names:
        if name not in _ROUNDINGS:
            table.fail(f"must list {', '.join(_ROUNDINGS)}, not {shown(name)}", "rounding_policies")
    return tuple(each for name in names for each in _ROUNDINGS if each == name)


def _rates(table: Table) -> Mapping[str, Decimal]:
    """Rates by mode; a model without modes has one number instead of the table."""
    if not isinstance(table.value("credits_per_second"), dict):
        return {"": _decimal(table.number("credits_per_second", high=_CREDITS, above=True))}
    rates = table.table("credits_per_second")
    return {mode: _decimal(rates.number(mode, high=_CREDITS, above=True)) for mode in rates.unread()}


def _caps(table: Table) -> tuple[Mapping[str, Fraction], str]:
    """Caps by orientation; a model without orientations has one limit instead, or none."""
    if "cap_seconds" not in table:
        return {}, ""
    caps = table.table("cap_seconds")
    source = caps.text("source")
    if "value" in caps:
        found = {"": caps.number("value", high=_SECONDS, above=True)}
        caps.end()
        return found, source
    return {name: caps.number(name, high=_SECONDS, above=True) for name in caps.unread()}, source


def _clip(table: Table) -> ClipPrice:
    clip = ClipPrice(
        credits=_decimal(table.number("credits", high=_CREDITS, above=True)),
        mode=table.name("mode", ""),
        seconds=table.number("seconds", high=_SECONDS, above=True) if "seconds" in table else None,
        source=table.text("source", ""),
    )
    table.end()
    return clip


def _decimal(number: Fraction) -> Decimal:
    return Decimal(number.numerator) / Decimal(number.denominator)
