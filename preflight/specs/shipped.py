"""The names of the models whose spec ships with preflight, without reading a spec: options need no more."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

DEFAULT_MODEL: Final = "kling-v3-motion-control"

FOLDER: Final = Path(__file__).parent
SUFFIX: Final = ".toml"


@cache
def model_names() -> tuple[str, ...]:
    """The models whose spec ships with preflight, by name."""
    return tuple(sorted(path.stem for path in FOLDER.iterdir() if path.suffix == SUFFIX))
