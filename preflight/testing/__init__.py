"""For tests of other packages: a running sandbox, and pictures and clips served with given size, length and fault.

The pytest plugin has both as fixtures (``docs/testing.md``).
"""

from __future__ import annotations

from preflight.lazy import lazy_names

TYPE_CHECKING = False  # as in preflight/__init__.py
if TYPE_CHECKING:
    from preflight.testing.media_server import MEDIA_FAULTS, MediaRequest, MediaServer, serving_media
    from preflight.testing.running_sandbox import RunningSandbox, SandboxTask, running_sandbox

_HOMES = {
    "preflight.testing.media_server": ("MEDIA_FAULTS", "MediaRequest", "MediaServer", "serving_media"),
    "preflight.testing.running_sandbox": ("RunningSandbox", "SandboxTask", "running_sandbox"),
}

__all__ = [
    "MEDIA_FAULTS",
    "MediaRequest",
    "MediaServer",
    "RunningSandbox",
    "SandboxTask",
    "running_sandbox",
    "serving_media",
]

__getattr__ = lazy_names(globals(), _HOMES)
