"""Makes a job from the request body that a program has as a mapping."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from os import PathLike
from typing import Any

from preflight.errors import ConfigurationError
from preflight.jobfiles import limits
from preflight.jobfiles.source_text import HALF_A_PAIR, has_surrogate
from preflight.model import Job
from preflight.model.job import JsonValue
from preflight.redact import printable


def job_from_mapping(body: Mapping[str, Any]) -> Job:
    """A job with a copy of ``body``, whose paths (``PathLike``) become text and whose tuples become lists.

    Its fields have no line. Raises ``ConfigurationError`` for a value that JSON cannot hold, naming its field, and for
    one beyond the limits of job files.
    """
    return Job(body=_Copying().mapping(body, "", 1))


class _Copying:
    def __init__(self) -> None:
        self._nodes = 0

    def mapping(self, value: Mapping[Any, Any], name: str, depth: int) -> dict[str, JsonValue]:
        copied: dict[str, JsonValue] = {}
        for key, item in value.items():
            if not isinstance(key, str):
                raise ConfigurationError(f"{_shown(name)}: the name of a field is text, not {type(key).__name__}")
            copied[self._text(key, name)] = self._value(item, f"{name}.{key}" if name else key, depth + 1)
        return copied

    def _value(self, value: object, name: str, depth: int) -> JsonValue:
        self._nodes += 1
        if self._nodes > limits.NODES or depth > limits.DEPTH:
            raise ConfigurationError(f"{_shown(name)}: the job has more values than any job, or contains itself")
        match value:
            case None | bool() | int():
                return value
            case float() if math.isfinite(value):
                return value
            case str():
                return self._text(value, name)
            case PathLike():
                return self._text(os.fsdecode(value), name)
            case Mapping():
                return self.mapping(value, name, depth)
            case list() | tuple():
                return [self._value(item, f"{name}[{index}]", depth + 1) for index, item in enumerate(value)]
        shown = f"{value}" if isinstance(value, float) else type(value).__name__
        raise ConfigurationError(f"{_shown(name)}: JSON has no {shown}")

    @staticmethod
    def _text(text: str, name: str) -> str:
        if has_surrogate(text):
            raise ConfigurationError(f"{_shown(name)}: {HALF_A_PAIR}")
        return str(text)


def _shown(name: str) -> str:
    return printable(name[:100]) if name else "the job"
