"""Completes the names that annotations of public classes use, for programs that resolve them: pydantic, FastAPI, docs.

Importing it loads the whole model. Modules of the model import some names for type checkers only, so that a command
starts without them; here they get them, once somebody asks for a public name.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from os import PathLike

from preflight.errors import JobUnreadable
from preflight.model import facts, finding, job, quote, receipt, report, target, thumbnail, video
from preflight.model.address import AddressFacts
from preflight.model.job import Job, JsonValue
from preflight.model.quote import Quote, TotalQuote
from preflight.model.receipt import Receipt
from preflight.model.report import JobReport, Kind
from preflight.model.target import Media, Target
from preflight.model.thumbnail import Thumbnail
from preflight.model.video import Durations, VideoFacts

_CLASSES = (
    AddressFacts,
    Durations,
    Job,
    JobReport,
    JobUnreadable,
    Kind,
    Media,
    PathLike,
    Quote,
    Receipt,
    Thumbnail,
    TotalQuote,
    VideoFacts,
)
_NAMES: Mapping[str, object] = {each.__name__: each for each in _CLASSES} | {"JsonValue": JsonValue, "Target": Target}


def complete(module: str, names: Mapping[str, object] = _NAMES) -> None:
    """Give ``module`` those of ``names`` that it lacks."""
    for name, value in names.items():
        vars(sys.modules[module]).setdefault(name, value)


for _each in (facts, finding, job, quote, receipt, report, target, thumbnail, video):
    complete(_each.__name__)
