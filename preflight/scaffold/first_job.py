"""A job with a comment on every field, made from the spec, and the samples to try."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from math import ceil
from typing import TYPE_CHECKING, Final

from preflight.specs import DEFAULT_MODEL, FieldSpec, Spec
from preflight.specs.values import allowed_values

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

JOB_FILE: Final = "job.yaml"
SCHEMA_FILE: Final = "job.schema.json"
EDITOR_LINE: Final = f"# yaml-language-server: $schema={SCHEMA_FILE}"
"""The first line of a job file, from which editors learn its fields."""

_COLUMNS = 110
_EXAMPLES = {
    "image": "https://example.com/character.png",
    "video": "https://example.com/dance.mp4",
    "callback": "https://example.com/webhook",
    "prompt": "The character performs the dance.",
}


def job_text(spec: Spec, options: str = "") -> str:
    """A job for the model of ``spec`` with a comment on every field; it passes an offline check.

    ``options`` are those that commands about the job need, with a space before each.
    """
    head = [
        EDITOR_LINE,
        "#",
        f"# A job for {spec.title}: the request body of the service, field for field.",
        "#",
        f"#   preflight check {JOB_FILE}{options}     check that it is accepted, and see the price",
        f"#   preflight submit {JOB_FILE}{options}    check it, then submit it once",
    ]
    fields = [field for field in spec.fields if "." not in field.name]
    inner = {field.name: [each for each in spec.fields if each.name.startswith(f"{field.name}.")] for field in fields}
    for field in sorted(fields, key=lambda field: bool(inner[field.name])):  # plain fields come first
        head += ["", *_field(field, spec, indent="")]
        for index, each in enumerate(inner[field.name]):
            head += [*([""] if index else []), *_field(each, spec, indent="  ")]
    return "\n".join(head) + "\n"


def sample_files() -> Iterator[Traversable]:
    """The sample media that come with the package: two that pass, and two that fail."""
    from importlib.resources import files  # takes time to load

    media = files("preflight").joinpath("sandbox", "media")
    return (media / name for name in ("character.png", "dance.mp4", "renamed.png", "too-long.mp4"))


def sample_job() -> str:
    """A job of the two samples that fail, as the README shows it."""
    return f"model: {DEFAULT_MODEL}\ninput:\n  input_urls: [renamed.png]\n  video_urls: [too-long.mp4]\n"


def _field(field: FieldSpec, spec: Spec, *, indent: str) -> Iterator[str]:
    import json  # takes time to load

    for sentence in _said(field, spec):
        yield from textwrap.wrap(
            sentence, _COLUMNS, initial_indent=f"{indent}# ", subsequent_indent=f"{indent}# ", break_long_words=False
        )
    key, example = field.name.rpartition(".")[2], _EXAMPLES.get(field.role)
    if field.type == "object":
        yield f"{indent}{key}:"
    elif field.type == "string[]":
        yield f"{indent}{key}: [{', '.join([example or '…'] * max(field.min_items or 1, 1))}]"
    elif field.role == "model":
        yield f"{indent}{key}: {spec.model}"
    elif field.type in ("integer", "number", "boolean"):
        yield f"{indent}{'' if field.required else '# '}{key}: {_number(field)}"
    elif field.choices:
        value = field.default or field.choices[0]
        yield f"{indent}{key}: {value if field.role != 'duration' else json.dumps(value)}"
    elif field.required:
        yield f"{indent}{key}: {example or json.dumps(field.default or '…', ensure_ascii=False)}"
    else:
        yield f"{indent}# {key}: {example}"


def _said(field: FieldSpec, spec: Spec) -> Iterator[str]:
    yield field.description
    match field.role:
        case "image":
            image, aspect = spec.image, spec.image.max_aspect.value
            side = f", each side at least {image.min_side.value} {image.min_side.unit or 'px'}"
            ratio = f", {aspect.denominator}:{aspect.numerator} to {aspect.numerator}:{aspect.denominator} wide to tall"
            yield (
                f"{' or '.join(image.containers)}, at most {image.max_bytes.label}"
                f"{side if image.min_side.is_stated else ''}{ratio if image.max_aspect.is_stated else ''}."
            )
        case "video":
            video = spec.video
            length = f", {video.min_seconds.value} to {video.max_seconds.value} {video.max_seconds.unit or 's'}"
            yield (
                f"{' or '.join(video.containers)}, at most {video.max_bytes.label}"
                f"{length if video.max_seconds.is_stated else ''}."
            )
        case "orientation":
            yield f"{' or '.join(field.choices)}."
        case "mode":
            rates = spec.price.credits_per_second or dict.fromkeys(field.choices)
            yield (
                " or ".join(
                    f"{mode}" if rate is None else f"{mode} ({rate:f} credits a second)" for mode, rate in rates.items()
                )
                + "."
            )
        case "duration":
            yield f"{allowed_values(field)} seconds."
        case _ if field.type in ("integer", "number"):
            yield f"{allowed_values(field)}."
        case _:
            pass
    if field.type == "string[]" or field.role in ("image", "video"):
        yield "A public URL; before the upload, a path relative to this file."
    if not field.required and not field.choices:
        yield "Optional." if field.max_length is None else f"Optional; at most {field.max_length} characters."


def _number(field: FieldSpec) -> str:
    """An allowed value of a field that takes numbers or truth values."""
    least = field.minimum if field.minimum is not None else 1
    return field.default or next(iter(field.choices), "false" if field.type == "boolean" else f"{ceil(least)}")
