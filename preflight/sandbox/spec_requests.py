"""Takes create requests for the models of spec files: their fields, and their price, as a service would read them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

from preflight.sandbox.api_responses import Refused
from preflight.sandbox.billing import Tariff
from preflight.sandbox.requests import TaskRequest, http_url
from preflight.specs import FieldSpec, Spec

_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,), "string[]": (list,), "object": (dict,), "integer": (int,), "number": (int, float),
    "boolean": (bool,),
}  # fmt: skip
_NO_CAP = Fraction(10**9)


def read_by_spec(body: Mapping[str, object], spec: Spec) -> TaskRequest:
    """The task that ``body`` asks for. Raises ``Refused``; of several things that are wrong it names the first."""
    values = _values(body, spec)
    urls: dict[str, list[str]] = {"image": [], "video": []}
    for field in spec.fields:
        value = values.get(field.name)
        if field.role in urls and value is not None:
            items = value if isinstance(value, list) else [value]
            urls[field.role] += [http_url(str(item), field.key) for item in items]
    callback = _text(values, spec, "callback")
    return TaskRequest(
        model=spec.model,
        image_url=next(iter(urls["image"]), ""),
        video_url=next(iter(urls["video"]), ""),
        mode=_text(values, spec, "mode"),
        orientation=_text(values, spec, "orientation"),
        prompt=_text(values, spec, "prompt"),
        callback_url=http_url(callback, "callback_url") if callback else None,
        images=tuple(urls["image"]),
        seconds=_seconds(values, spec),
        spec=spec,
    )


def credits_of(asked_for: TaskRequest, spec: Spec, measured: Fraction, tariff: Tariff) -> Decimal:
    """The price of a task: by the seconds of its reference, by those that it asks for, or of its clip."""
    price, mode = spec.price, asked_for.mode
    if price.basis == "clip":
        is_timed = asked_for.seconds is not None
        return next(
            each.credits
            for each in price.clips
            if each.mode == mode and (not is_timed or each.seconds == asked_for.seconds)
        )
    caps = {asked_for.orientation: price.cap(asked_for.orientation) or _NO_CAP}
    billed = replace(tariff, model=spec.model, rates=price.credits_per_second, caps=caps)
    seconds = measured if price.basis == "reference" else asked_for.seconds or Fraction(0)
    return billed.credits(seconds, mode=mode, orientation=asked_for.orientation)


def _values(body: Mapping[str, object], spec: Spec) -> dict[str, object]:
    """The values by field, with defaults, each as its field allows it."""
    container = spec.field("input").name
    inner = body.get(container)
    if not isinstance(inner, dict):
        raise Refused("invalid_request", f"'{container}' must be an object.")
    for name in _names(body, inner, container):
        if name.rpartition(".")[2] in {field.name for field in spec.unsupported}:
            raise Refused("invalid_request", f"'{name}' is not supported.")
    values: dict[str, object] = {}
    for field in spec.fields:
        value = (inner if "." in field.name else body).get(field.key)
        if value in (None, "", []):
            if field.required:
                raise Refused("invalid_request", f"'{field.key}' is required.")
            value = None if field.default is None else field.json_value(field.default)
        if value is not None:
            _require_allowed(field, value)
            values[field.name] = value
    return values


def _names(body: Mapping[str, object], inner: Mapping[str, object], container: str) -> Iterator[str]:
    yield from body
    yield from (f"{container}.{name}" for name in inner)


def _require_allowed(field: FieldSpec, value: object) -> None:
    if not isinstance(value, _TYPES[field.type]) or (isinstance(value, bool) and field.type != "boolean"):
        raise Refused("invalid_request", f"'{field.key}' must be of type {field.type}.")
    if isinstance(value, list):
        if not all(isinstance(item, str) for item in value):
            raise Refused("invalid_request", f"'{field.key}' must be an array of strings.")
        if len(value) < (field.min_items or 0) or len(value) > (field.max_items or len(value)):
            raise Refused("invalid_request", f"'{field.key}' has {len(value)} items.")
    elif (
        field.role != "model" and field.choices and value not in [field.json_value(choice) for choice in field.choices]
    ):
        raise Refused("invalid_request", f"'{field.key}' must be one of: {', '.join(field.choices)}.")
    elif isinstance(value, str) and field.max_length is not None and len(value) > field.max_length:
        raise Refused("invalid_request", f"'{field.key}' must be at most {field.max_length} characters.")
    elif isinstance(value, int | float) and not isinstance(value, bool):
        below = field.minimum is not None and value < field.minimum
        if below or (field.maximum is not None and value > field.maximum):
            raise Refused("invalid_request", f"'{field.key}' is out of range.")


def _text(values: Mapping[str, object], spec: Spec, role: str) -> str:
    field = next((field for field in spec.fields if field.role == role), None)
    return str(values.get(field.name) or "") if field else ""


def _seconds(values: Mapping[str, object], spec: Spec) -> Fraction | None:
    field = spec.find("duration")
    if field is None or field.name not in values:
        return None
    try:
        return Fraction(str(values[field.name]))
    except (ValueError, ZeroDivisionError):
        raise Refused("invalid_request", f"'{field.key}' must be a number of seconds.") from None
