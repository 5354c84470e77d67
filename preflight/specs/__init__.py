"""The service models that preflight knows: one TOML file a model, and its loader."""

from preflight.specs.loader import DEFAULT_MODEL, load_spec, model_names, parse_spec
from preflight.specs.spec import (
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
    "DEFAULT_MODEL",
    "FieldSpec",
    "FieldType",
    "ImageSpec",
    "Limit",
    "PriceSpec",
    "Role",
    "Rounding",
    "SizeLimit",
    "Spec",
    "VideoSpec",
    "load_spec",
    "model_names",
    "parse_spec",
]
