"""``python -m preflight.cli.ui_run_worker DESCRIPTOR``: the process of a run that ``preflight ui`` began."""

from __future__ import annotations

import os
import sys

from preflight.cli.run import remember_secrets
from preflight.ui.runs.runs_process import main

if __name__ == "__main__":
    remember_secrets(os.environ)
    os.environ.pop("PREFLIGHT_API_KEY", None)  # it checks, and never pays
    main(int(sys.argv[1]))
