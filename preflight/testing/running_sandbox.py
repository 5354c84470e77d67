"""A sandbox for one test, with what a test wants to know of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import httpx2

from preflight.client import Client
from preflight.errors import ConfigurationError
from preflight.sandbox import FAULTS, Options, fault_from_text, serve
from preflight.sandbox.api_responses import Refused
from preflight.sandbox.measure import probe_image, probe_seconds

KEY = "sk-sandbox-of-a-test"
SPEED = 1_000_000.0
"""Tasks end at once, and the attempts to call back follow at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxTask:
    """A task that the sandbox has taken: ``status`` is ``pending``, ``processing``, ``completed`` or ``failed``."""

    id: str
    status: str
    mode: str
    seconds: str
    credits: Decimal
    refunded: bool
    callback_url: str | None


class RunningSandbox:
    """A running sandbox at ``url``, which takes ``key``. Everything else is asked for when it is read."""

    def __init__(self, url: str, admin: httpx2.Client) -> None:
        self.url = url
        self.key = KEY
        self._admin = admin

    def __repr__(self) -> str:
        return f"RunningSandbox({self.url!r})"

    @property
    def environment(self) -> dict[str, str]:
        """The variables that point the commands of preflight at it, and let them read media of this machine."""
        return {
            "PREFLIGHT_API_URL": self.url,
            "PREFLIGHT_API_KEY": self.key,
            "PREFLIGHT_ALLOW_HOST": "127.0.0.1",
        }

    def client(self) -> Client:
        """A client of it, to be closed by the caller."""
        return Client(self.key, base_url=self.url)

    @property
    def balance(self) -> Decimal:
        """The credits that are left."""
        return Decimal(str(self.state["balance"]))

    @property
    def tasks(self) -> tuple[SandboxTask, ...]:
        """The tasks that were taken and billed, the first one first."""
        return tuple(
            SandboxTask(
                credits=Decimal(str(task["credits"])),
                **{name: task[name] for name in ("id", "status", "mode", "seconds", "refunded", "callback_url")},
            )
            for task in self.state["tasks"]
        )

    @property
    def requests(self) -> dict[str, int]:
        """How often each operation was asked for, whatever the outcome: ``create``, ``task``, ``credits``."""
        return dict(self.state["requests"])

    @property
    def state(self) -> dict[str, Any]:
        """All that it knows (``GET /sandbox/state``): also ``callbacks``, ``faults``, ``jobs_billed``."""
        return dict(self._admin.get("/sandbox/state").raise_for_status().json())

    def arm(self, name: str, **settings: object) -> None:
        """Arm a fault of ``docs/sandbox.md``, which strikes once unless ``count`` or ``rate`` say otherwise.

        Raises ``ConfigurationError`` for a fault or a setting that there is not.
        """
        answer = self._admin.post("/sandbox/faults", json={"name": name, **settings})
        if answer.status_code != httpx2.codes.CREATED:
            raise ConfigurationError(answer.json()["error"]["message"])

    def disarm(self) -> None:
        """Disarm every fault that has not struck."""
        self._admin.delete("/sandbox/faults").raise_for_status()

    @property
    def faults(self) -> tuple[str, ...]:
        """The names of the faults that can be armed."""
        return tuple(FAULTS)


@contextmanager
def running_sandbox(
    *,
    credits: Decimal | int = 10_000,  # noqa: A002 - the API's own word
    speed: float = SPEED,
    faults: Sequence[str] = (),
    **options: Any,
) -> Iterator[RunningSandbox]:
    """A sandbox while the block runs. ``faults`` are armed from the start, written as for ``preflight sandbox``.

    The other ``options`` are those of ``preflight.sandbox.Options``. By default it reads the files of a job as the
    service does, from this machine too. Raises ``ConfigurationError``; ``MissingExtra`` without the extra ``sandbox``.
    """
    defaults: Mapping[str, Any] = {"prober": probe_seconds, "image_prober": probe_image}
    try:
        armed = tuple(fault_from_text(text) for text in faults)
        settings = Options(credits=Decimal(credits), speed=speed, faults=armed, **{**defaults, **options})
    except Refused as error:
        raise ConfigurationError(f"faults of the sandbox: {error}") from error
    except (TypeError, ValueError, AttributeError, ArithmeticError) as error:
        raise ConfigurationError(f"the options of the sandbox cannot be used: {error!r}") from error
    with serve(settings) as url, httpx2.Client(base_url=url, trust_env=False, verify=False) as admin:
        yield RunningSandbox(url, admin)
