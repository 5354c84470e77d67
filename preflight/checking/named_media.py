"""What a job says of itself: its model, its choices, and the media files that it names."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal, NamedTuple

from preflight.model import Kind
from preflight.specs import Role, Spec, load_spec, model_names

if TYPE_CHECKING:
    from preflight.model import Job

_KINDS: dict[Role, Kind] = {"image": Kind.IMAGE, "video": Kind.VIDEO}
_ITEMS_READ = 16
"""Most files of one list field; the service uses one."""


class NamedMedia(NamedTuple):
    """A path or URL, and the field of the job in which it stands; a file by itself has none."""

    source: str
    kind: Kind | None
    field: str | None


def named_media(job: Job, spec: Spec) -> Iterator[NamedMedia]:
    """The media that ``job`` names, pictures first."""
    for role, kind in _KINDS.items():
        name = spec.field(role).name
        values = job.value(name)
        for index, value in enumerate(values[:_ITEMS_READ] if isinstance(values, list) else ()):
            if isinstance(value, str):
                yield NamedMedia(source=value, kind=kind, field=f"{name}[{index}]")


def spec_of(job: Job | None, model: str) -> Spec:
    """The spec of the job's model; of ``model`` where the job names none that is known."""
    spec = load_spec(model)
    named = job.value(spec.field("model").name) if job else None
    return load_spec(named) if isinstance(named, str) and named in model_names() else spec


def choice_of(job: Job | None, spec: Spec, role: Literal["mode", "orientation"], option: str | None) -> str:
    """The mode or orientation in effect: the job's, for a bare file the ``option``, else the default."""
    field = spec.field(role)
    given = job.value(field.name) if job else option
    if isinstance(given, str) and given in field.choices:
        return given
    return field.default or field.choices[0]
