#!/usr/bin/env bash
# Installs preflight from the action's own checkout into an environment of its own.
set -euo pipefail
environment="$RUNNER_TEMP/preflight"
python3 -m venv "$environment"
"$environment/bin/python" -m pip install --quiet --disable-pip-version-check "$ACTION_PATH"
