"""Rules about the request body: fields, types, choices, counts. They take all their facts from the spec."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from preflight.model import Severity
from preflight.redact.suggestion import close_words
from preflight.rules.field_flaws import (
    example_of,
    is_of_its_type,
    kind_of,
    not_a_choice,
    not_allowed,
    noun_of,
    out_of_bounds,
    shown,
)
from preflight.rules.right_ways import plain_characters, way_to_write, way_to_write_job, way_to_write_text
from preflight.rules.rule import Flaw, JobCase
from preflight.specs import FieldSpec, Role
from preflight.specs.values import is_allowed

if TYPE_CHECKING:
    from preflight.model.job import JsonValue

_TYPE_NAMES = {
    "string": "a string", "string[]": "a list of strings", "object": "a mapping",
    "integer": "a whole number", "number": "a number", "boolean": "true or false",
}  # fmt: skip
_ROLES: tuple[Role, ...] = ("orientation", "image", "video", "callback", "prompt", "duration")
_COLUMNS: dict[str, Role] = {"image": "image", "video": "video", "orientation": "orientation"}
"""The short names of fields that tables use, where they differ from the field's own."""


def model_unknown(case: JobCase) -> Iterator[Flaw]:
    field = case.spec.field("model")
    value = case.values[field.name]
    if isinstance(value, str) and value not in field.choices and case.specs.find(value) is None:
        names = case.specs.every_name()
        yield not_a_choice(field, value, names, f"is '{shown(value)}', a model that preflight does not know")


def field_missing(case: JobCase) -> Iterator[Flaw]:
    if case.job.body is None:
        yield Flaw(message="the job is empty", allowed=_required(case), field="")
        return
    if not isinstance(case.job.body, dict):
        return
    for field in case.spec.fields:
        if field.required and _is_absent(case, field):
            yield Flaw(
                message=f"'{field.name}' is missing",
                allowed=field.description,
                fix=f"add '{field.name}': {example_of(field, case.spec)}",
                field=field.name,
            )


def field_unknown(case: JobCase) -> Iterator[Flaw]:
    known = {field.name for field in case.spec.fields}
    ruled_out = {field.name for field in case.spec.unsupported}
    for name in case.given:
        key = name.rpartition(".")[2]
        if name in known or key in ruled_out:
            continue
        meant = _meant(name, case)
        if plain := plain_characters(key):
            fix = plain
        elif meant and meant.rpartition(".")[2] == key:
            fix = f"move it to '{meant}'"
        else:
            fix = f"did you mean '{meant}'?" if meant else "remove it"
        yield Flaw(message=f"the service has no field '{shown(name)}'", measured=shown(name), fix=fix, field=name)


def field_type(case: JobCase) -> Iterator[Flaw]:
    body = case.job.body
    if body is not None and not isinstance(body, dict):
        yield Flaw(
            message=f"a job is a mapping of fields such as model and input, not {kind_of(body)}",
            measured=kind_of(body),
            fix=way_to_write_job(body),
            field="",
        )
        return
    for name in case.job.repeated:
        yield Flaw(
            message=f"'{shown(name)}' is given twice; programs differ on which one counts",
            fix="keep the one that you mean, and remove the other",
            field=name,
        )
    given = frozenset(case.given)
    for field in case.spec.fields:
        if field.name in given and (field.type == "object" or not _is_absent(case, field)):
            yield from _wrong_type(field, case.values[field.name])


def duration_unsupported(case: JobCase) -> Iterator[Flaw]:
    unsupported = case.spec.unsupported
    for name in case.given:
        key = name.rpartition(".")[2]
        for field in unsupported:
            if key == field.name:
                yield Flaw(
                    message=f"'{shown(name)}' is not supported: {field.message}",
                    measured=shown(case.job.value(name)),
                    fix="remove it",
                    field=name,
                )
    duration = case.spec.find("duration")
    if duration and is_of_its_type(duration, value := case.values[duration.name]) and not is_allowed(duration, value):
        yield not_allowed(duration, value)


def mode_invalid(case: JobCase) -> Iterator[Flaw]:
    yield from _invalid_choice(case, case.spec.find("mode"))


def orientation_invalid(case: JobCase) -> Iterator[Flaw]:
    yield from _invalid_choice(case, case.spec.find("orientation"))


def prompt_too_long(case: JobCase) -> Iterator[Flaw]:
    for field in case.spec.fields:
        value = case.values[field.name]
        if not isinstance(value, str) or field.max_length is None or len(value) <= field.max_length:
            continue
        excess = len(value) - field.max_length
        named = "the prompt" if field.role == "prompt" else f"'{field.name}'"
        yield Flaw(
            message=f"{named} has {len(value)} characters; at most {field.max_length} are allowed",
            measured=f"{len(value)} characters",
            allowed=f"at most {field.max_length} characters",
            fix=f"shorten it by {excess} character{'s' if excess > 1 else ''}",
            field=field.name,
        )


def input_count(case: JobCase) -> Iterator[Flaw]:
    for field in case.spec.fields:
        value = case.values[field.name]
        if isinstance(value, list) and (flaw := out_of_bounds(field, len(value))):
            yield flaw
        if field.expected is None or not isinstance(value, list) or len(value) == field.expected:
            continue
        what = noun_of(field)
        yield Flaw(
            message=f"'{field.name}' lists {len(value) or 'no'} {what}s; the service uses {field.expected}",
            measured=f"{len(value)} URLs",
            allowed=f"{field.expected} URL",
            fix=f"list one {what}" if not value else f"keep the {what} that you want and remove the others",
            severity=Severity.WARNING if value else None,
            field=field.name,
        )


def callback_not_public(case: JobCase) -> Iterator[Flaw]:
    if case.callback is not None and case.callback.problem:
        yield Flaw(
            message=f"the service cannot reach the callback URL: {case.callback.problem}",
            allowed="a public http(s) URL",
            fix="use a public address, or leave it out and poll with 'preflight task wait'",
            field=field.name if (field := case.spec.find("callback")) else None,
        )


def id_duplicate(case: JobCase) -> Iterator[Flaw]:
    if case.job.same_id is not None:
        yield Flaw(
            message=f"the id '{shown(case.job.id)}' is used in line {case.job.same_id}, too; results name rows by it",
            measured=f"used in line {case.job.same_id}",
            allowed="an id of its own for each row",
            fix="give this row another id, or remove one of the two rows",
            field="id",
        )


def _meant(given: str, case: JobCase) -> str | None:
    """The field that a misplaced, misspelt or misremembered name means.

    By its own name at another level, by its role (``image_url``), else by its letters. Of the close names,
    a field that is not given yet comes first, then one at the same level, then a required one; only then do the letters
    decide.
    """
    around, _, key = given.rpartition(".")
    word = key.lower()
    names = {field.name.rpartition(".")[2]: field for field in case.spec.fields}
    if word in names:
        return names[word].name
    role = next((role for role in _ROLES if role in word), None)
    if role is None and (close := close_words(word, _COLUMNS, cutoff=0.75)):
        role = _COLUMNS[close[0]]
    if role is not None:
        meant = case.spec.find(role)
        return meant.name if meant else None
    close_fields = [names[name] for name in close_words(word, names, most=len(names))]
    return min(close_fields, key=partial(_distance, around, case)).name if close_fields else None


def _distance(around: str, case: JobCase, field: FieldSpec) -> tuple[bool, bool, bool]:
    """The key for ``min``, which takes the first of equals: the closest by letters."""
    return field.name in case.given, field.name.rpartition(".")[0] != around, not field.required


def _is_absent(case: JobCase, field: FieldSpec) -> bool:
    """Whether a field is missing although the mapping around it is there."""
    if case.values[field.name] is not None:
        return False
    around, _, key = field.name.rpartition(".")
    parent = case.job.value(around) if around else case.job.body
    return isinstance(parent, dict) and key not in parent


def _required(case: JobCase) -> str:
    return "needs " + ", ".join(field.name for field in case.spec.fields if field.required)


def _wrong_type(field: FieldSpec, value: JsonValue) -> Iterator[Flaw]:
    if is_of_its_type(field, value) and field.type != "object":
        if field.role == "other" and not isinstance(value, list) and not is_allowed(field, value):
            yield not_allowed(field, value)
    elif field.choices and field.type == "string" and not isinstance(value, str) and field.role != "duration":
        meant = str(value[0]) if isinstance(value, list) and len(value) == 1 else str(value)
        yield not_a_choice(field, meant, field.choices, f"must be {' or '.join(field.choices)}, not {kind_of(value)}")
    elif not is_of_its_type(field, value):
        yield Flaw(
            message=f"'{field.name}' must be {_TYPE_NAMES[field.type]}, not {kind_of(value)}",
            measured=kind_of(value),
            allowed=_TYPE_NAMES[field.type],
            fix=way_to_write(field, value),
            field=field.name,
        )
    if isinstance(value, list) and field.type == "string[]":
        for index, item in enumerate(value):
            if not isinstance(item, str):
                yield Flaw(
                    message=f"'{field.name}[{index}]' must be a string, not {kind_of(item)}",
                    measured=kind_of(item),
                    allowed="a string",
                    fix=way_to_write_text(item),
                    field=f"{field.name}[{index}]",
                )


def _invalid_choice(case: JobCase, field: FieldSpec | None) -> Iterator[Flaw]:
    if field is None:
        return
    value = case.values[field.name]
    if isinstance(value, str) and value not in field.choices:
        yield not_a_choice(field, value, field.choices, f"must be {' or '.join(field.choices)}, not '{shown(value)}'")
