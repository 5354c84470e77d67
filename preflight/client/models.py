"""The service's answers about a task and about the account."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import Enum


class TaskStatus(Enum):
    """The status of a task. ``UNKNOWN`` is a word that the API docs do not have; ``Task.status_text`` is the word."""

    PENDING = "pending"
    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskError:
    """Why a task failed, in the service's words, cut to one printable line each."""

    code: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """The answer of ``GET /v1/tasks/{id}``.

    Times are UTC. ``outputs`` are the http(s) URLs of the result, as sent: they may carry a signature, and are not in
    the ``repr``. A field that is absent or of another kind is ``None`` (``()``, ``""``); ``raw`` is the whole answer,
    fields unknown to us included. ``request_id`` is the service's name of the request that it answered.
    """

    id: str
    status: TaskStatus
    status_text: str
    model: str = ""
    created_at: datetime | None = None
    completed_at: datetime | None = None
    progress: Decimal | None = None
    outputs: tuple[str, ...] = field(default=(), repr=False)
    error: TaskError | None = None
    raw: Mapping[str, object] = field(default_factory=dict, repr=False)
    request_id: str | None = field(default=None, compare=False)

    @property
    def ended(self) -> bool:
        return self.status in {TaskStatus.COMPLETED, TaskStatus.FAILED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Credits:
    """The answer of ``GET /v1/credits``. Exact: a fraction of a credit stays one."""

    balance: Decimal
    total_purchased: Decimal | None = None
    total_consumed: Decimal | None = None
    raw: Mapping[str, object] = field(default_factory=dict, repr=False)
