"""The bytes that a thumbnail is made from."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any, NamedTuple

from preflight.probes import limits

MOST_KEY_FRAME_BYTES = 8 * limits.MIB
"""Bytes of one key frame: those of a 4K clip at its best have some 2 MiB."""


class Material(NamedTuple):
    """The bytes of a thumbnail, for the processes of clips or pictures, and what is wanted of them.

    ``seconds`` is when each frame of a filmstrip is shown, by its number. ``missing`` says why there are no bytes.
    """

    data: bytes = b""
    is_clip: bool = False
    wants: Mapping[str, Any] = {}
    seconds: Mapping[int, Fraction] = {}
    missing: str | None = None
