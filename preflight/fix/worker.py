"""The isolated process that decodes and writes files: one recipe, one outcome, under limits that it sets itself.

Started by ``run_worker.py`` with the names of the source and of an empty target. A recipe on standard input and an
answer on standard output are a line of JSON each (``recipe.py``). A crafted file can at worst end this process:
once it has read the recipe, it cannot open any file.
"""

from __future__ import annotations

import os
import signal
import sys
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from typing import BinaryIO

from preflight.fix.recipe import ImageRecipe, Recipe, Refused, VideoRecipe, WorkerOutcome, dump_outcome, load_recipe
from preflight.redact.object_addresses import without_addresses
from preflight.workers.confine import confine

# Limits for one file: bytes of address space, bytes written, and seconds of processor time.
PICTURE = {"RLIMIT_AS": 2 * 2**30, "RLIMIT_FSIZE": 256 * 2**20, "RLIMIT_CPU": 120}
CLIP = {"RLIMIT_AS": 4 * 2**30, "RLIMIT_FSIZE": 2**30, "RLIMIT_CPU": 900}

_SHOWN = 200


def main() -> None:
    """Carry out the recipe on standard input."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's, which ends this process
    source, target = Path(sys.argv[1]), Path(sys.argv[2])
    with source.open("rb") as given, target.open("r+b") as made, target.open("rb") as again:
        recipe = load_recipe(sys.stdin.buffer.readline())
        _load(recipe)
        confine(PICTURE if isinstance(recipe, ImageRecipe) else CLIP)
        answer = carry_out(recipe, given, made, again)
        made.flush()
    sys.stdout.buffer.write(dump_outcome(answer))
    sys.stdout.buffer.flush()
    os._exit(0)  # cleanup code of libraries could not open any file


def carry_out(recipe: Recipe, given: BinaryIO, made: BinaryIO, again: BinaryIO) -> WorkerOutcome:
    """Carry out one recipe. An error of a decoder becomes an answer."""
    try:
        if isinstance(recipe, VideoRecipe):
            from preflight.fix.remux import write_clip  # loads FFmpeg

            return write_clip(given, made, again, recipe)
        from preflight.fix.images import write_picture  # loads Pillow

        return write_picture(given, made, recipe)
    except Refused as error:
        return WorkerOutcome(refused=str(error))
    except MemoryError:
        return WorkerOutcome(refused="it needs more memory than one file may use")
    except Exception as error:  # noqa: BLE001 - decoders raise anything at bad bytes
        reason = without_addresses(f"{type(error).__name__}: {error}")
        return WorkerOutcome(refused=f"it cannot be decoded: {reason[:_SHOWN]}")


def _load(recipe: Recipe) -> None:
    """Load the libraries and everything that they load on first use, while files can still be opened."""
    if isinstance(recipe, VideoRecipe):
        import av  # see carry_out

        import_module("preflight.fix.remux")
        for module in walk_packages(av.__path__, "av."):
            if not module.name.endswith(("__main__", "datasets")):
                import_module(module.name)
        return
    from PIL import Image

    import_module("preflight.fix.images")
    Image.init()
    if recipe.heif:
        import pillow_heif  # noqa: F401 - an extra


if __name__ == "__main__":
    main()
