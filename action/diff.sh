#!/usr/bin/env bash
# Compares with the base: the comment as the step's summary and as a file, the difference as an output.
set -uo pipefail
preflight="$RUNNER_TEMP/preflight/bin/preflight"
mapfile -t options < <(printf '%s\n' "$PREFLIGHT_GUARDRAILS" | sed '/^[[:space:]]*$/d')
report=$(mktemp)
"$preflight" diff ${options[@]+"${options[@]}"} --format text --format "markdown:$PREFLIGHT_COMMENT" \
  --format "json:$report" -- ${PREFLIGHT_BASE:+"$PREFLIGHT_BASE"}
code=$?
if [ -s "$report" ]; then
  cat "$PREFLIGHT_COMMENT" >>"$GITHUB_STEP_SUMMARY"
  python3 - "$report" >>"$GITHUB_OUTPUT" <<'PYTHON'
import json, sys

with open(sys.argv[1], encoding="utf-8") as file:
    change = json.load(file)["credits"]["change"]
print(f"difference={'' if change is None else change}")
PYTHON
  printf 'comment=%s\n' "$PREFLIGHT_COMMENT" >>"$GITHUB_OUTPUT"
fi
rm -f "$report"
exit "$code"
