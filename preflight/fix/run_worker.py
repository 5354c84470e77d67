"""Starting the process that decodes, and the clock over it."""

from __future__ import annotations

import subprocess
import sys
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from threading import Timer

from preflight.errors import MissingExtra
from preflight.fix.recipe import Answer, ClipOrder, Order, dump_order, load_answer
from preflight.redact import printable, shorten
from preflight.workers.pool import environment

PICTURE_SECONDS = 180.0
CLIP_SECONDS = 1200.0
"""On the wall, for one file: some more than the processor time that it is given (``worker.py``)."""

_ANSWER_BYTES = 64 * 1024
_COMMAND = (sys.executable or "", "-P", "-m", "preflight.fix.worker")
"""``-P`` keeps the current folder, which may be a stranger's, out of the places that modules are loaded from."""


def require_libraries(order: Order) -> None:
    """Raise ``MissingExtra`` when what an order needs is not installed."""
    if isinstance(order, ClipOrder):
        if find_spec("av") is None:
            raise MissingExtra("repairing a clip", "fix")
    elif order.heif and find_spec("pillow_heif") is None:
        raise MissingExtra("reading a HEIC picture", "fix")


def carry_out(order: Order, source: Path, target: Path, *, seconds: float | None = None) -> Answer:
    """Have ``source`` written anew into ``target``, an empty file. Never raises for what the file holds.

    Raises ``MissingExtra``.
    """
    require_libraries(order)
    if seconds is None:
        seconds = CLIP_SECONDS if isinstance(order, ClipOrder) else PICTURE_SECONDS
    try:
        process = subprocess.Popen(
            [*_COMMAND, str(source.absolute()), str(target.absolute())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment(),
        )
    except OSError as error:
        return Answer(refused=f"no process could be started to decode it: {error.strerror or error}")
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
        with suppress(OSError):  # it died before it read
            process.stdin.write(dump_order(order))
            process.stdin.flush()
        answer = load_answer(process.stdout.readline(_ANSWER_BYTES))
    finally:
        clock.cancel()
        process.kill()
        process.wait()
        process.stdout.close()
        with suppress(OSError):
            process.stdin.close()
    if answer is None:
        what = f"took more than {seconds:g} s" if late else "was too much for the process that decoded it"
        return Answer(refused=f"it {what}")
    if answer.refused is not None:
        return Answer(refused=shorten(printable(answer.refused)))
    return Answer(container=answer.container, done=tuple(shorten(printable(each)) for each in answer.done))
