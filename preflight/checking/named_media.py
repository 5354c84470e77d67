"""What a job says of itself: its model, its choices, and the media files that it names."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

from preflight.errors import ConfigurationError
from preflight.model import Kind
from preflight.model.named_tuple import NamedTuple
from preflight.specs import BUILT_IN, Spec, Specs
from preflight.specs.values import allowed_values, is_allowed, number_of
from preflight.units import decimal_text

if TYPE_CHECKING:
    from preflight.model import Job

_KINDS = {"image": Kind.IMAGE, "video": Kind.VIDEO}
_ITEMS_READ = 16
"""Most files of one list field; a service uses one, or a few."""


class NamedMedia(NamedTuple):
    """A path or URL, and the field of the job in which it stands; a file by itself has none."""

    source: str
    kind: Kind | None
    field: str | None


def named_media(job: Job, spec: Spec) -> Iterator[NamedMedia]:
    """The media that ``job`` names, pictures first."""
    for role, kind in _KINDS.items():
        for field in spec.fields:
            if field.role != role:
                continue
            name, values = field.name, job.value(field.name)
            if field.type == "string" and isinstance(values, str):
                yield NamedMedia(source=values, kind=kind, field=name)
            for index, value in enumerate(values[:_ITEMS_READ] if isinstance(values, list) else ()):
                if isinstance(value, str):
                    yield NamedMedia(source=value, kind=kind, field=f"{name}[{index}]")


def spec_of(job: Job | None, model: str, specs: Specs = BUILT_IN) -> Spec:
    """The spec of the job's model; of ``model`` where the job names none that is known.

    A model that was named may have another field for its name than ``model`` has.
    """
    spec = specs.load(model)
    if job is None:
        return spec
    for each in (spec, *specs.named):
        name = each.field("model").name
        named = job.value(name)
        if isinstance(named, str):
            found = spec if named == spec.model else specs.find(named)
            if found is not None and (each is spec or found.field("model").name == name):
                return found
    return spec


def seconds_asked_for(job: Job | None, spec: Spec) -> Fraction | None:
    """The seconds that a job requests, or its model's default; ``None`` where the model takes none or not these."""
    field = spec.find("duration")
    if field is None:
        return None
    given = job.value(field.name) if job else None
    if given is None:
        return Fraction(field.default) if field.default is not None else None
    return number_of(field, given) if is_allowed(field, given) else None


def require_length(seconds: Fraction, spec: Spec) -> None:
    """Raise ``ConfigurationError`` for seconds that no job of the model can request."""
    field = spec.find("duration")
    value = str(decimal_text(seconds)) if field and field.type == "string" else seconds
    if field is not None and not is_allowed(field, value):
        raise ConfigurationError(
            f"{spec.model} makes clips of {allowed_values(field)} s, not {decimal_text(seconds)} s"
        )


def choice_of(job: Job | None, spec: Spec, role: Literal["mode", "orientation"], option: str | None) -> str:
    """The mode or orientation in effect: the job's, for a bare file the ``option``, else the default.

    Empty for a model that has none.
    """
    field = spec.find(role)
    if field is None:
        return ""
    given = job.value(field.name) if job else option
    if isinstance(given, str) and given in field.choices:
        return given
    return field.default or field.choices[0]
