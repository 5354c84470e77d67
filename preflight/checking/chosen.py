"""The targets and options of one call: what was handed over as a job, as keywords and as options, added up."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import replace
from os import PathLike
from typing import Literal

from preflight.checking.named_media import spec_of
from preflight.checking.options import Options, with_specs_read
from preflight.errors import ConfigurationError, JobUnreadable
from preflight.model.target import Media, Target
from preflight.redact import printable
from preflight.specs import DEFAULT_MODEL, Spec, Specs
from preflight.targets.from_code import JobLike, targets_of
from preflight.targets.image_and_video import target_of

Choice = Literal["mode", "orientation"]


def chosen_from(
    job: JobLike | None,
    *,
    image: str | PathLike[str] | None = None, video: str | PathLike[str] | None = None,
    mode: str | None = None, orientation: str | None = None, prompt: str | None = None, model: str | None = None,
    options: Options | None = None,
) -> tuple[list[Target], Options]:  # fmt: skip
    """The targets, and ``options`` with the keywords that are not in them.

    Raises ``ConfigurationError`` where two of them contradict each other, or say something that the model does not
    have; and as ``targets_of`` does.
    """
    chosen = merged(options, mode=mode, orientation=orientation, model=model)
    if job is not None:
        if not (image is None and video is None and prompt is None):
            raise ConfigurationError("a job names its own image, video and prompt: give either the job or those")
        targets = list(targets_of(job, model=chosen.model, specs=chosen.specs))
        _require_agreement(targets, chosen.specs, mode=mode, orientation=orientation, model=model)
        return targets, chosen
    target = target_of(
        image=None if image is None else os.fspath(image),
        video=None if video is None else os.fspath(video),
        mode=chosen.mode,
        orientation=chosen.orientation,
        prompt=prompt,
        spec=chosen.specs.load(chosen.model),
    )
    if target is None:
        raise ConfigurationError("nothing to check: give a job, an image or a video")
    if isinstance(target, Media) and prompt is not None:
        raise ConfigurationError("a prompt belongs to a job: give an image and a video with it")
    return [target], chosen


def merged(options: Options | None, *, mode: str | None, orientation: str | None, model: str | None) -> Options:
    """``options`` with the keywords. Raises ``ConfigurationError``, and ``SpecError`` for an unknown model."""
    chosen = with_specs_read(options or Options())
    if model is not None:
        if chosen.model not in (model, DEFAULT_MODEL):
            raise _contradiction("model", model, chosen.model)
        chosen = replace(chosen, model=model)
    for name, value, other in (("mode", mode, chosen.mode), ("orientation", orientation, chosen.orientation)):
        if value is not None and other not in (None, value):
            raise _contradiction(name, value, other)
    chosen = replace(
        chosen, mode=mode if chosen.mode is None else chosen.mode, orientation=orientation or chosen.orientation
    )
    spec = chosen.specs.load(chosen.model)
    _require_choice("mode", chosen.mode, spec)
    _require_choice("orientation", chosen.orientation, spec)
    return chosen


def _require_choice(role: Choice, value: str | None, spec: Spec) -> None:
    choices = spec.choices(role)
    if value is not None and not choices:
        raise ConfigurationError(f"{spec.model} has no {role}: leave it out")
    if value is not None and value not in choices:
        raise ConfigurationError(f"{role} must be {' or '.join(choices)}, not {printable(repr(value)[:60])}")


def _require_agreement(
    targets: Iterable[Target], specs: Specs, *, mode: str | None, orientation: str | None, model: str | None
) -> None:
    """A job has fields of its own: a keyword beside it may repeat one, but not say something else."""
    for target in targets:
        if isinstance(target, Media | JobUnreadable):
            continue
        spec = spec_of(target, model or DEFAULT_MODEL, specs)
        given = {"mode": mode, "orientation": orientation, "model": model}
        for role in ("mode", "orientation", "model"):
            field = spec.find(role)
            if field is None:
                continue  # the model has none, as was said of the keyword
            value = target.value(field.name)
            said = field.default if value is None and role != "model" else value
            if given[role] is not None and given[role] != said:
                raise ConfigurationError(
                    f"the job says {field.name}: {printable(str(said)[:60])}, and the keyword {role}: {given[role]}"
                )


def _contradiction(name: str, value: str, other: str | None) -> ConfigurationError:
    return ConfigurationError(f"{name}={value!r} contradicts options, which have {name}={other!r}: give one of them")
