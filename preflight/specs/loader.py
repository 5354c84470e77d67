"""Reads spec files, which ship with the package. Loading one that contradicts itself raises ``SpecError``."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any, get_args

from preflight.errors import SpecError
from preflight.specs.spec import (
    FieldSpec,
    ImageSpec,
    Limit,
    PriceSpec,
    Role,
    SizeLimit,
    Spec,
    UnsupportedField,
    VideoSpec,
)

_FOLDER = Path(__file__).parent
DEFAULT_MODEL = "kling-v3-motion-control"


@cache
def model_names() -> tuple[str, ...]:
    """The models that have a spec file, by name."""
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.toml")))


def load_spec(model: str = DEFAULT_MODEL) -> Spec:
    """The spec of ``model``. Raises ``SpecError`` for a model without a spec file."""
    return _loaded(model)  # ``cache`` would take the default and its name for two


@cache
def _loaded(model: str) -> Spec:
    if model not in model_names():
        raise SpecError(f"no spec for the model {model!r}; known: {', '.join(model_names())}")
    return parse_spec((_FOLDER / f"{model}.toml").read_text("utf-8"))


def parse_spec(text: str) -> Spec:
    """A spec from the text of its file. Raises ``SpecError``, which names the fault."""
    try:
        spec = _spec(tomllib.loads(text))
    except (tomllib.TOMLDecodeError, KeyError, TypeError, ValueError, ArithmeticError) as error:
        raise SpecError(f"spec file: {error!r}") from error
    _check(spec)
    return spec


def _spec(data: Mapping[str, Any]) -> Spec:
    return Spec(
        model=data["model"],
        title=data["title"],
        since=str(data["since"]),
        base_url=data["api"]["base_url"],
        fields=tuple(FieldSpec(**{**entry, "choices": tuple(entry.get("choices", ()))}) for entry in data["fields"]),
        unsupported=tuple(UnsupportedField(**entry) for entry in data["unsupported"]),
        image=_image(data["image"]),
        video=_video(data["video"]),
        price=_price(data["price"]),
    )


def _image(data: Mapping[str, Any]) -> ImageSpec:
    return ImageSpec(
        containers=tuple(data["containers"]),
        containers_source=data["containers_source"],
        max_bytes=_size(data["max_bytes"]),
        min_side=_limit(data["min_side"]),
        advised_min_side=_limit(data["advised_min_side"]),
        max_aspect=_limit(data["max_aspect"]),
        color_modes=tuple(data["color_modes"]),
        color_modes_source=data["color_modes_source"],
    )


def _video(data: Mapping[str, Any]) -> VideoSpec:
    return VideoSpec(
        containers=tuple(data["containers"]),
        containers_source=data["containers_source"],
        max_bytes=_size(data["max_bytes"]),
        min_seconds=_limit(data["min_seconds"]),
        max_seconds=_limit(data["max_seconds"]),
        advised_min_side=_limit(data["advised_min_side"]),
        advised_max_side=_limit(data["advised_max_side"]),
        codecs=tuple(data["codecs"]),
        codecs_source=data["codecs_source"],
    )


def _price(data: Mapping[str, Any]) -> PriceSpec:
    caps = dict(data["cap_seconds"])
    return PriceSpec(
        cap_source=caps.pop("source"),
        cap_seconds={name: Fraction(seconds) for name, seconds in caps.items()},
        credits_per_second={mode: Decimal(rate) for mode, rate in data["credits_per_second"].items()},
        usd_per_credit=Decimal(data["usd_per_credit"]),
        usd_source=data["usd_source"],
        rounding=data["rounding"],
        rounding_policies=tuple(data["rounding_policies"]),
        rounding_source=data["rounding_source"],
        source=data["source"],
    )


def _limit(data: Mapping[str, Any]) -> Limit:
    return Limit(**{**data, "value": Fraction(data["value"])})


def _size(data: Mapping[str, Any]) -> SizeLimit:
    return SizeLimit(safe_bytes=data["safe"], hard_bytes=data["hard"], label=data["label"], source=data["source"])


def _check(spec: Spec) -> None:
    """Check the parts of a spec against each other."""
    roles = [field.role for field in spec.fields]
    for role in get_args(Role):
        if roles.count(role) != 1:
            raise SpecError(f"spec {spec.model}: {roles.count(role)} fields have the role {role!r}; exactly one must")
    priced = (
        ("mode", spec.price.credits_per_second, "credits_per_second"),
        ("orientation", spec.price.cap_seconds, "cap_seconds"),
    )
    for role, table, name in priced:
        choices = spec.field(role).choices  # type: ignore[arg-type]  # the two literals above
        if set(choices) != set(table):
            raise SpecError(f"spec {spec.model}: price.{name} lists {sorted(table)}, the field's choices are {choices}")
    if spec.price.rounding not in spec.price.rounding_policies:
        raise SpecError(f"spec {spec.model}: rounding {spec.price.rounding!r} is not one of its policies")
    if spec.model not in spec.field("model").choices:
        raise SpecError(f"spec {spec.model}: the field 'model' does not allow it")
