"""A local mock of the API: a real HTTP server that takes jobs, keeps an account, and misbehaves on demand.

It follows the API docs by itself and shares no rules with the checks it is used against. ``docs/sandbox.md`` lists
what it answers and the faults that it can be armed with.
"""

from preflight.errors import MissingExtra

try:
    from preflight.sandbox.billing import BilledClock, Rounding, Tariff, hidden
    from preflight.sandbox.config import Options, Prober
    from preflight.sandbox.faults import FAULTS, Armed, fault_from_text
    from preflight.sandbox.server import run, serve, serve_media
except ModuleNotFoundError as exc:
    if exc.name is None or exc.name.partition(".")[0] not in {"starlette", "uvicorn"}:
        raise
    raise MissingExtra("the sandbox", "sandbox") from exc

__all__ = [
    "FAULTS",
    "Armed",
    "BilledClock",
    "Options",
    "Prober",
    "Rounding",
    "Tariff",
    "fault_from_text",
    "hidden",
    "run",
    "serve",
    "serve_media",
]
