"""Makes the target of an image and a video that are named one by one, as options and arguments name them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from preflight.model import Kind
from preflight.model.target import Media

if TYPE_CHECKING:
    from preflight.model import Job


def target_of(
    *, image: str | None, video: str | None, mode: str | None, orientation: str | None, prompt: str | None, model: str
) -> Job | Media | None:
    """A job of both files, or the one of them by itself; ``None`` where neither is named."""
    if image is not None and video is not None:
        from preflight.jobfiles import job_from_fields  # noqa: PLC0415 - loads YAML, which media files do not need

        return job_from_fields(
            model=model, images=[image], videos=[video], mode=mode, orientation=orientation, prompt=prompt
        )
    if image is not None:
        return Media(source=image, kind=Kind.IMAGE)
    return Media(source=video, kind=Kind.VIDEO) if video is not None else None
