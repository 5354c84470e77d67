"""Receives the service's callbacks: an ASGI application to mount anywhere, and the settler that acts on deliveries.

``Receiver`` is both, for a web service (``docs/service.md``).

A callback is a hint that anyone may forge: it is written down, answered, and then the service is asked for the truth.
"""

from __future__ import annotations

from preflight.callbacks.asgi import CallbackApp
from preflight.callbacks.receiver import Receiver
from preflight.callbacks.settler import Finished, Settler

__all__ = ["CallbackApp", "Finished", "Receiver", "Settler"]
