"""Starts the isolated process that repairs a file, and ends it when its time is up."""

from __future__ import annotations

import subprocess
import sys
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from threading import Timer

from preflight.errors import MissingExtra
from preflight.fix.recipe import Recipe, VideoRecipe, WorkerOutcome, dump_recipe, load_outcome
from preflight.redact import printable, shorten
from preflight.workers.pool import environment

PICTURE_SECONDS = 180.0
CLIP_SECONDS = 1200.0
"""Wall-clock seconds for one file: a little more than its limit of processor time (``worker.py``)."""

_ANSWER_BYTES = 64 * 1024
_COMMAND = (sys.executable or "", "-P", "-m", "preflight.fix.worker")
"""``-P`` keeps the current folder, which may be a stranger's, out of the module search path."""


def require_libraries(recipe: Recipe) -> None:
    """Raise ``MissingExtra`` when a library for the recipe is not installed."""
    if isinstance(recipe, VideoRecipe):
        if find_spec("av") is None:
            raise MissingExtra("repairing a clip", "fix")
    elif recipe.heif and find_spec("pillow_heif") is None:
        raise MissingExtra("reading a HEIC picture", "fix")


def carry_out(recipe: Recipe, source: Path, target: Path, *, seconds: float | None = None) -> WorkerOutcome:
    """Run the recipe from ``source`` into ``target``, an empty file. Never raises for the content of the file.

    Raises ``MissingExtra``.
    """
    require_libraries(recipe)
    if seconds is None:
        seconds = CLIP_SECONDS if isinstance(recipe, VideoRecipe) else PICTURE_SECONDS
    try:
        process = subprocess.Popen(
            [*_COMMAND, str(source.absolute()), str(target.absolute())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment(),
        )
    except OSError as error:
        return WorkerOutcome(refused=f"no process could be started to decode it: {error.strerror or error}")
    late: list[bool] = []

    def expire() -> None:
        late.append(True)
        process.kill()

    clock = Timer(seconds, expire)
    clock.daemon = True
    assert process.stdin is not None, "it is started with pipes"
    assert process.stdout is not None, "it is started with pipes"
    try:
        clock.start()
        with suppress(OSError):  # it ended before it read
            process.stdin.write(dump_recipe(recipe))
            process.stdin.flush()
        answer = load_outcome(process.stdout.readline(_ANSWER_BYTES))
    finally:
        clock.cancel()
        process.kill()
        process.wait()
        process.stdout.close()
        with suppress(OSError):
            process.stdin.close()
    if answer is None:
        what = f"took more than {seconds:g} s" if late else "ended the process that decoded it"
        return WorkerOutcome(refused=f"it {what}")
    if answer.refused is not None:
        return WorkerOutcome(refused=shorten(printable(answer.refused)))
    return WorkerOutcome(container=answer.container, done=tuple(shorten(printable(each)) for each in answer.done))
