"""``python -m preflight.cli.check_worker DESCRIPTOR``: a worker process of a run."""

from __future__ import annotations

import gc
import os
import sys

from preflight.cli.run import remember_secrets
from preflight.runs.engines.work_process import serve

if __name__ == "__main__":
    remember_secrets(os.environ)
    os.environ.pop("PREFLIGHT_API_KEY", None)  # it checks, and never pays
    # A row leaves no cycles: looking for them among all that is loaded, and all rows under way, would take a tenth.
    gc.freeze()
    gc.set_threshold(50_000, *gc.get_threshold()[1:])
    serve(int(sys.argv[1]))
