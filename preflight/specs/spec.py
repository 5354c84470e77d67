"""One service model: its fields, limits and prices, each with its source. Read from TOML by ``loader.py``.

Named tuples, not dataclasses: every run makes all of these classes, at a tenth of the cost (docs/decisions.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Final, Literal, TypeAlias

from preflight.model.named_tuple import NamedTuple

FieldType: TypeAlias = Literal["string", "string[]", "object", "integer", "number", "boolean"]
Role: TypeAlias = Literal[
    "model", "input", "callback", "image", "video", "orientation", "mode", "prompt", "duration", "other"
]
Rounding: TypeAlias = Literal["ceil", "exact", "nearest"]
Basis: TypeAlias = Literal["reference", "requested", "clip"]
"""What is paid for: the seconds of the reference video, the seconds that the job requests, or each clip."""

UNBOUNDED: Final = Fraction(10**12)
"""The value of a limit that a spec does not state."""


class FieldSpec(NamedTuple):
    """One field of the request body, by its dotted name.

    ``expected`` is how many items of a list the service uses, ``min_items`` and ``max_items`` how many it takes.
    ``choices`` and ``default`` are texts, of numbers too; ``minimum`` and ``maximum`` bound a number, inclusive.
    """

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
    min_items: int | None = None
    max_items: int | None = None
    minimum: Fraction | None = None
    maximum: Fraction | None = None

    @property
    def key(self) -> str:
        """The last part of the name."""
        return self.name.rpartition(".")[2]

    def json_value(self, text: str) -> str | int | float | bool:
        """A choice or the default, as it stands in a request body."""
        if self.type == "boolean":
            return text == "true"
        if self.type in ("integer", "number"):
            number = Fraction(text)
            return int(number) if number.denominator == 1 else float(number)
        return text


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

    @property
    def is_stated(self) -> bool:
        """Whether the spec states the bound; one that it does not state excludes nothing."""
        return bool(self.source)


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


class ClipPrice(NamedTuple):
    """The price of one clip. ``mode`` is empty for a model without modes; ``seconds`` is its length, where known."""

    credits: Decimal
    mode: str
    seconds: Fraction | None
    source: str


class PriceSpec(NamedTuple):
    """Rates by mode, caps by orientation, and the assumed rounding of seconds; or the price of each clip.

    Tables of a model without modes or orientations have one entry, with the empty name; without caps, no entry.
    """

    credits_per_second: Mapping[str, Decimal]
    cap_seconds: Mapping[str, Fraction]
    cap_source: str
    usd_per_credit: Decimal
    usd_source: str
    rounding: Rounding
    rounding_policies: tuple[Rounding, ...]
    rounding_source: str
    source: str
    basis: Basis = "reference"
    clips: tuple[ClipPrice, ...] = ()

    def cap(self, orientation: str) -> Fraction | None:
        """The most seconds that are charged for, if there is such a bound."""
        return self.cap_seconds.get(orientation)

    @property
    def modes(self) -> tuple[str, ...]:
        """The modes that have a price, in the order of the spec."""
        return tuple(dict.fromkeys([*self.credits_per_second, *(clip.mode for clip in self.clips)]))


class Spec(NamedTuple):
    """All facts about one model of the service. ``since`` is the day on which its documentation was read.

    A model that takes no picture or no video has ``NO_IMAGE`` or ``NO_VIDEO``. ``path`` is the file of a spec that
    does not ship with preflight.
    """

    model: str
    title: str
    since: str
    base_url: str
    fields: tuple[FieldSpec, ...]
    unsupported: tuple[UnsupportedField, ...]
    image: ImageSpec
    video: VideoSpec
    price: PriceSpec
    replaces_built_in: bool = False
    path: str | None = None

    def field(self, role: Role) -> FieldSpec:
        """The first field that plays ``role``. Raises ``LookupError``; every spec has ``model`` and ``input``."""
        for field in self.fields:  # called some twenty times a job: a generator takes three times as long
            if field.role == role:
                return field
        raise LookupError(role)

    def find(self, role: Role) -> FieldSpec | None:
        """The first field that plays ``role``, if there is one."""
        for field in self.fields:
            if field.role == role:
                return field
        return None

    def choices(self, role: Role) -> tuple[str, ...]:
        """The choices of the field that plays ``role``; none where there is no such field."""
        field = self.find(role)
        return field.choices if field else ()

    @property
    def takes_image(self) -> bool:
        return bool(self.image.containers)

    @property
    def takes_video(self) -> bool:
        return bool(self.video.containers)


_NONE = Limit(value=Fraction(0), source="")
_ANY = Limit(value=UNBOUNDED, source="")
_ANY_SIZE = SizeLimit(safe_bytes=10**15, hard_bytes=10**15, label="", source="")
NO_IMAGE: Final = ImageSpec(
    containers=(), containers_source="", max_bytes=_ANY_SIZE, min_side=_NONE, advised_min_side=_NONE, max_aspect=_ANY,
    color_modes=(), color_modes_source="",
)  # fmt: skip
NO_VIDEO: Final = VideoSpec(
    containers=(), containers_source="", max_bytes=_ANY_SIZE, min_seconds=_NONE, max_seconds=_ANY,
    advised_min_side=_NONE, advised_max_side=_ANY, codecs=(), codecs_source="",
)  # fmt: skip
