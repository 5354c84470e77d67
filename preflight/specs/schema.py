"""The JSON Schema of a job, made from a spec."""

from __future__ import annotations

from typing import Any

from preflight.specs.spec import FieldSpec, Spec

DIALECT = "http://json-schema.org/draft-07/schema#"
"""The draft that every editor reads. The schema uses nothing from later drafts."""


def job_schema(spec: Spec) -> dict[str, Any]:
    """The JSON Schema (draft 7) of a request body for the model of ``spec``."""
    schema = _object([field for field in spec.fields if "." not in field.name])
    container = spec.field("input").name
    inner = [field for field in spec.fields if field.name.startswith(f"{container}.")]
    schema["properties"][container] |= _object(inner)
    return {"$schema": DIALECT, "title": f"Job for {spec.title}", **schema}


def _object(fields: list[FieldSpec]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {field.name.rpartition(".")[2]: _property(field) for field in fields},
        "required": [field.name.rpartition(".")[2] for field in fields if field.required],
        "additionalProperties": False,
    }


def _items(field: FieldSpec) -> dict[str, int]:
    least = 1 if field.min_items is None else field.min_items
    return {"minItems": least} if field.max_items is None else {"minItems": least, "maxItems": field.max_items}


def _property(field: FieldSpec) -> dict[str, Any]:
    schema: dict[str, Any] = {"description": field.description}
    if field.type == "object":
        return schema
    if field.type == "string[]":
        return schema | {"type": "array", "items": {"type": "string"}} | _items(field)
    schema["type"] = field.type
    if field.choices:
        schema["enum"] = [field.json_value(choice) for choice in field.choices]
    if field.default is not None:
        schema["default"] = field.json_value(field.default)
    for name, bound in (("minimum", field.minimum), ("maximum", field.maximum)):
        if bound is not None:
            schema[name] = field.json_value(str(bound))
    if field.max_length is not None:
        schema["maxLength"] = field.max_length
    return schema
