"""Makes the target of an image and a video that are named one by one, as options and arguments name them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from preflight.model import Kind
from preflight.model.target import Media

if TYPE_CHECKING:
    from preflight.model import Job
    from preflight.model.job import JsonValue
    from preflight.specs import Spec


def target_of(
    *, image: str | None, video: str | None, mode: str | None, orientation: str | None, prompt: str | None, spec: Spec,
) -> Job | Media | None:  # fmt: skip
    """A job of both files, or the one of them by itself; ``None`` where neither is named.

    A model that takes pictures alone, or videos alone, has a job of the one file.
    """
    wanted = (spec.takes_image, image is not None), (spec.takes_video, video is not None)
    if any(named for _, named in wanted) and all(named for takes, named in wanted if takes):
        given = {"image": image, "video": video, "orientation": orientation, "mode": mode, "prompt": prompt}
        return job_of_fields(spec, {role: value for role, value in given.items() if value is not None})
    if image is not None:
        return Media(source=image, kind=Kind.IMAGE)
    return Media(source=video, kind=Kind.VIDEO) if video is not None else None


def job_of_fields(spec: Spec, given: Mapping[str, JsonValue]) -> Job:
    """A job without a file, of values by role. One for which the model has no field goes where rules report it."""
    from preflight.model import Job  # media files need none

    body: dict[str, JsonValue] = {spec.field("model").key: spec.model}
    inner: dict[str, JsonValue] = {}
    for role, value in given.items():
        field = spec.find(role)  # type: ignore[arg-type]  # the names of roles
        name = field.name if field else f"input.{role}"
        holder = inner if "." in name else body
        holder[name.rpartition(".")[2]] = [value] if field and field.type == "string[]" else value
    return Job(body=body | {spec.field("input").key: inner})
