"""Job files for tests, over a picture and a clip that are in order unless a test says otherwise."""

from __future__ import annotations

from pathlib import Path

import yaml

from tests.support.command import CLIP, PICTURE

MODEL = "kling-v3-motion-control"


def job(*, image: object = PICTURE, video: object = CLIP, **more: object) -> dict[str, object]:
    """A request body; ``more`` goes into its input."""
    return {"model": MODEL, "input": {"input_urls": [str(image)], "video_urls": [str(video)], **more}}


def write_job(folder: Path, body: object | None = None, name: str = "job.yaml") -> Path:
    """``body``, or a job that is in order, as a YAML file."""
    path = folder / name
    path.write_text(yaml.safe_dump(job() if body is None else body, sort_keys=False, allow_unicode=True), "utf-8")
    return path
