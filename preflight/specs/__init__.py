"""The service models that preflight knows: one TOML file a model, and its loader."""

from preflight.specs.known import BUILT_IN, SpecLike, Specs, read_folder, specs_of
from preflight.specs.loader import DEFAULT_MODEL, load_spec, model_names, parse_spec, read_spec
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
