"""The jobs that people work on in the page: two files, three choices, and what is known of them."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import RLock
from typing import Literal

from starlette.exceptions import HTTPException

from preflight.model import Job, JobReport, Kind
from preflight.model.job import JsonValue
from preflight.specs import Spec
from preflight.targets.image_and_video import job_of_fields
from preflight.ui.payments.payment import Payment

MAX_DRAFTS = 50
"""Kept at a time; the oldest that is not being paid for goes first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """A file of a job: its name as shown, and the path or URL where it is. ``path`` is ``None`` for a URL.

    ``is_own`` is whether it was brought to the page, so that its path means nothing outside.
    """

    name: str
    target: str
    path: Path | None
    is_own: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """The fields of a job beside its files. An empty one is none: the model may not have it.

    ``seconds`` is the length that a job of some models asks for.
    """

    orientation: str
    mode: str
    prompt: str = ""
    seconds: str = ""


@dataclass(slots=True, kw_only=True)
class Draft:
    """One job of the model of ``spec`` in the making, with the files that it takes. Changed under ``lock`` only.

    ``doing`` says what goes on, ``None`` when nothing does. ``report`` is of the files and choices as they are;
    ``told`` is the outcome of the last repair by file, ``trouble`` why something else did not work.
    """

    id: str
    folder: Path
    spec: Spec
    files: dict[Kind, Chosen]
    choices: Choices
    doing: Literal["checking", "repairing"] | None = None
    report: JobReport | None = None
    told: dict[Kind, tuple[bool, str]] = field(default_factory=dict)
    trouble: str | None = None
    payment: Payment = field(default_factory=Payment)
    lock: RLock = field(default_factory=RLock)

    def job(self, *, shown: bool = False) -> Job:
        """The job; ``shown``: as it is of use to its author, files that were brought here by their names alone."""
        given: dict[str, JsonValue] = {
            kind.value: each.name if shown and each.is_own else each.target for kind, each in self.files.items()
        }
        chosen = {"orientation": self.choices.orientation, "mode": self.choices.mode, "prompt": self.choices.prompt}
        given |= {role: value for role, value in chosen.items() if value}
        field = self.spec.find("duration")
        if field is not None and self.choices.seconds:
            given["duration"] = field.json_value(self.choices.seconds)
        return job_of_fields(self.spec, given)

    def choose(self, choices: Choices) -> None:
        """Other choices: whatever was about to be paid for is not any more."""
        self.choices = choices
        self.payment = Payment()


class Drafts:
    """The drafts of one server, by id."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._drafts: OrderedDict[str, Draft] = OrderedDict()
        self._lock = RLock()

    def add(self, spec: Spec, files: dict[Kind, Chosen], choices: Choices) -> Draft:
        """A new draft, with a private folder of its own."""
        name = secrets.token_urlsafe(12)
        folder = self._folder / f"job-{name}"
        folder.mkdir(mode=0o700)
        draft = Draft(id=name, folder=folder, spec=spec, files=files, choices=choices)
        with self._lock:
            self._drafts[name] = draft
            idle = [each for each in self._drafts.values() if not each.payment.is_busy and each.doing is None]
            for old in idle[: max(0, len(self._drafts) - MAX_DRAFTS)]:
                del self._drafts[old.id]
        return draft

    def get(self, name: str) -> Draft:
        """The draft ``name``. Raises the answer 404 where there is none."""
        with self._lock:
            if name not in self._drafts:
                raise HTTPException(404, "This job is no longer here: drop its files again.")
            return self._drafts[name]


def with_file(draft: Draft, kind: Kind, path: Path) -> Chosen:
    """The file at ``path`` in place of the one of ``kind``."""
    return replace(draft.files[kind], name=path.name, target=str(path), path=path)
