"""Checks the parts of a spec against each other."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from typing import Final

from preflight.specs.spec import FieldSpec, Role, Spec
from preflight.specs.table_reader import SpecText, exact_number

_NEEDED: Final[tuple[Role, ...]] = ("model", "input")
_MANY: Final[frozenset[Role]] = frozenset({"image", "video", "other"})
_TYPES: Final[dict[Role, tuple[str, ...]]] = {
    "model": ("string",), "input": ("object",), "callback": ("string",), "image": ("string", "string[]"),
    "video": ("string", "string[]"), "orientation": ("string",), "mode": ("string",), "prompt": ("string",),
    "duration": ("string", "integer", "number"),
}  # fmt: skip


def require_consistent(spec: Spec, file: SpecText) -> None:
    """Raise ``SpecError`` where two parts of ``spec`` contradict each other."""
    _require_roles(spec, file)
    for index, field in enumerate(spec.fields):
        _require_field(field, file, index)
    if spec.model not in spec.field("model").choices:
        raise file.error("the field 'model' does not allow this name", ("model",))
    _require_media(spec, file)
    _require_price(spec, file)


def _require_roles(spec: Spec, file: SpecText) -> None:
    roles, names = Counter(field.role for field in spec.fields), Counter(field.name for field in spec.fields)
    for role in _NEEDED:
        if not roles[role]:
            raise file.error(f"no field has the role '{role}'; one must", ("fields",))
    container = spec.field("input").name
    for index, field in enumerate(spec.fields):
        place = ("fields", index)
        if roles[field.role] > 1 and field.role not in _MANY:
            raise file.error(f"{roles[field.role]} fields have the role '{field.role}'; one may", (*place, "role"))
        if names[field.name] > 1:
            raise file.error(f"'{field.name}' stands twice", (*place, "name"))
        around = field.name.rpartition(".")[0]
        if around not in ("", container):
            raise file.error(f"'{field.name}' stands in '{around}', which is not the input", (*place, "name"))
        if field.type == "object" and field.role != "input":
            raise file.error("only the field with the role 'input' holds others", (*place, "type"))
        if field.type not in _TYPES.get(field.role, (field.type,)):
            raise file.error(
                f"a field with the role '{field.role}' is of type {' or '.join(_TYPES[field.role])}", (*place, "type")
            )


def _require_field(field: FieldSpec, file: SpecText, index: int) -> None:
    def fault(message: str, key: str) -> None:
        raise file.error(message, ("fields", index, key))

    if field.role in ("mode", "orientation") and not field.choices:
        fault(f"a field with the role '{field.role}' needs its choices", "role")
    if field.default is not None and field.choices and field.default not in field.choices:
        fault(f"'{field.default}' is not one of the choices", "default")
    if field.min_items is not None and field.max_items is not None and field.min_items > field.max_items:
        fault("is less than min_items", "max_items")
    if field.minimum is not None and field.maximum is not None and field.minimum > field.maximum:
        fault("is less than minimum", "maximum")
    counts = (("expected", field.expected), ("min_items", field.min_items), ("max_items", field.max_items))
    for key, count in counts:
        if count is not None and field.type != "string[]":
            fault("only a list has a number of items", key)
    if field.role == "duration":
        for choice in (*field.choices, *([field.default] if field.default else [])):
            if (number := exact_number(choice)) is None or number <= 0:
                fault(f"'{choice}' is not a number of seconds", "choices")


def _require_media(spec: Spec, file: SpecText) -> None:
    for role, takes in (("image", spec.takes_image), ("video", spec.takes_video)):
        fields = [field for field in spec.fields if field.role == role]
        if fields and not takes:
            raise file.error(f"the field '{fields[0].name}' takes files, and there is no section [{role}]", ("fields",))
        if takes and not fields:
            raise file.error(f"no field has the role '{role}'", (role,))
    if not spec.takes_image and not spec.takes_video:
        raise file.error("no field has the role 'image' or 'video': preflight has nothing to look at", ("fields",))
    if spec.video.max_seconds.value < spec.video.min_seconds.value:
        raise file.error("is less than min_seconds", ("video", "max_seconds"))


def _require_price(spec: Spec, file: SpecText) -> None:
    price = spec.price
    if price.basis == "reference" and not spec.takes_video:
        raise file.error("'reference' prices the reference video, and the model takes none", ("price", "basis"))
    duration = spec.find("duration")
    if price.basis == "requested":
        if duration is None:
            raise file.error("'requested' needs a field with the role 'duration'", ("price", "basis"))
        if not duration.required and duration.default is None:
            raise file.error("a price by requested seconds needs a default, or 'required = true'", ("fields",))
    tables = [("orientation", price.cap_seconds, "cap_seconds")]
    if price.basis == "clip":
        _require_clips(spec, file)
    else:
        tables.append(("mode", price.credits_per_second, "credits_per_second"))  # type: ignore[arg-type]
    for role, table, name in tables:
        choices = spec.choices(role) or ("",)  # type: ignore[arg-type]  # one of the two literals above
        is_cap_for_all = name == "cap_seconds" and set(table) <= {""}
        if set(choices) != set(table) and not (is_cap_for_all and not spec.choices("orientation")):
            listed = ", ".join(table) or "nothing"
            raise file.error(
                f"lists {listed}; the choices of the field are {', '.join(choices) or 'none'}", ("price", name)
            )
    if price.rounding not in price.rounding_policies:
        raise file.error(f"'{price.rounding}' is not one of rounding_policies", ("price", "rounding"))


def _require_clips(spec: Spec, file: SpecText) -> None:
    """Every combination of a mode and a duration has one price."""
    duration = spec.find("duration")
    if duration is not None and not duration.choices:
        raise file.error("a price per clip needs the choices of the duration", ("price", "basis"))
    wanted = {
        (mode, Fraction(seconds) if seconds is not None else None)
        for mode in spec.choices("mode") or ("",)
        for seconds in (duration.choices if duration else (None,))
    }
    given: set[tuple[str, Fraction | None]] = set()
    for index, clip in enumerate(spec.price.clips):
        key = (clip.mode, clip.seconds if duration else None)
        if key in given:
            raise file.error(f"{_named(key)} has two prices", ("price", "clips", index))
        if key not in wanted:
            raise file.error(f"{_named(key)} is not a choice of the fields", ("price", "clips", index))
        given.add(key)
    for key in sorted(wanted - given, key=str):
        raise file.error(f"{_named(key)} has no price", ("price", "clips"))


def _named(key: tuple[str, Fraction | None]) -> str:
    mode, seconds = key
    return " of ".join(each for each in (mode, f"{seconds} s" if seconds is not None else "") if each) or "the clip"
