"""One service model: its fields, limits and prices, each with its source. Read from TOML by ``loader.py``.

Named tuples, not dataclasses: every run makes all of these classes, at a tenth of the cost (docs/decisions.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Literal, NamedTuple, TypeAlias

FieldType: TypeAlias = Literal["string", "string[]", "object"]
Role: TypeAlias = Literal["model", "input", "callback", "image", "video", "orientation", "mode", "prompt"]
Rounding: TypeAlias = Literal["ceil", "exact", "nearest"]


class FieldSpec(NamedTuple):
    """One field of the request body, by its dotted name. ``expected`` is how many items a list should have."""

    name: str
    type: FieldType
    role: Role
    source: str
    description: str
    required: bool = False
    choices: tuple[str, ...] = ()
    default: str | None = None
    max_length: int | None = None
    expected: int | None = None


class UnsupportedField(NamedTuple):
    """A field that the API docs rule out by name, at any level."""

    name: str
    message: str
    source: str


class Limit(NamedTuple):
    """A bound, inclusive, in ``unit``. ``advisory`` ones come from outside the API docs and only warn."""

    value: Fraction
    source: str
    unit: str = ""
    advisory: bool = False


class SizeLimit(NamedTuple):
    """A size whose unit is not documented: up to ``safe_bytes`` passes, up to ``hard_bytes`` warns."""

    safe_bytes: int
    hard_bytes: int
    label: str
    source: str


class ImageSpec(NamedTuple):
    """Limits of the reference image. ``max_aspect`` is long side over short side."""

    containers: tuple[str, ...]
    containers_source: str
    max_bytes: SizeLimit
    min_side: Limit
    advised_min_side: Limit
    max_aspect: Limit
    color_modes: tuple[str, ...]
    color_modes_source: str


class VideoSpec(NamedTuple):
    """Limits of the reference video."""

    containers: tuple[str, ...]
    containers_source: str
    max_bytes: SizeLimit
    min_seconds: Limit
    max_seconds: Limit
    advised_min_side: Limit
    advised_max_side: Limit
    codecs: tuple[str, ...]
    codecs_source: str


class PriceSpec(NamedTuple):
    """Rates by mode, caps by orientation, and the assumed rounding of seconds."""

    credits_per_second: Mapping[str, Decimal]
    cap_seconds: Mapping[str, Fraction]
    cap_source: str
    usd_per_credit: Decimal
    usd_source: str
    rounding: Rounding
    rounding_policies: tuple[Rounding, ...]
    rounding_source: str
    source: str


class Spec(NamedTuple):
    """All facts about one model of the service. ``since`` is the day on which its documentation was read."""

    model: str
    title: str
    since: str
    base_url: str
    fields: tuple[FieldSpec, ...]
    unsupported: tuple[UnsupportedField, ...]
    image: ImageSpec
    video: VideoSpec
    price: PriceSpec

    def field(self, role: Role) -> FieldSpec:
        """The field that plays ``role``. Every spec has one of each, which the loader checks."""
        for field in self.fields:  # called some twenty times a job: a generator takes three times as long
            if field.role == role:
                return field
        raise LookupError(role)
