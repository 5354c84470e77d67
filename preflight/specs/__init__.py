"""The service models that preflight knows: one TOML file a model, and its loader."""

from __future__ import annotations

from typing import TYPE_CHECKING

from preflight.lazy import lazy_names
from preflight.specs.shipped import DEFAULT_MODEL, model_names

if TYPE_CHECKING:
    from preflight.specs.known import BUILT_IN, SpecLike, Specs, load_spec, read_folder, specs_of
    from preflight.specs.loader import parse_spec, read_spec
    from preflight.specs.spec import (
        UNBOUNDED,
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
        VideoSpec,
    )

_HOMES = {
    "preflight.specs.known": ("BUILT_IN", "SpecLike", "Specs", "load_spec", "read_folder", "specs_of"),
    "preflight.specs.loader": ("parse_spec", "read_spec"),
    "preflight.specs.spec": (
        *("UNBOUNDED", "ClipPrice", "FieldSpec", "FieldType", "ImageSpec", "Limit", "PriceSpec", "Role", "Rounding"),
        *("SizeLimit", "Spec", "VideoSpec"),
    ),
}

__all__ = [
    "BUILT_IN",
    "DEFAULT_MODEL",
    "UNBOUNDED",
    "ClipPrice",
    "FieldSpec",
    "FieldType",
    "ImageSpec",
    "Limit",
    "PriceSpec",
    "Role",
    "Rounding",
    "SizeLimit",
    "Spec",
    "SpecLike",
    "Specs",
    "VideoSpec",
    "load_spec",
    "model_names",
    "parse_spec",
    "read_folder",
    "read_spec",
    "specs_of",
]

__getattr__ = lazy_names(globals(), _HOMES)
