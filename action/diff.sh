#!/usr/bin/env bash
# Compares with the base: the comment as the step's summary and as a file, the difference as an output.
set -uo pipefail
preflight="$RUNNER_TEMP/preflight/bin/preflight"
mapfile -t options < <(printf '%s\n' "$INPUT_GUARDRAILS" | sed '/^[[:space:]]*$/d')
report=$(mktemp)
"$preflight" diff ${options[@]+"${options[@]}"} --format text --format "markdown:$INPUT_COMMENT" \
  --format "json:$report" -- ${INPUT_BASE:+"$INPUT_BASE"}
code=$?
if [ -s "$report" ]; then
  cat "$INPUT_COMMENT" >>"$GITHUB_STEP_SUMMARY"
  python3 - "$report" >>"$GITHUB_OUTPUT" <<'PYTHON'
import json, sys

with open(sys.argv[1], encoding="utf-8") as file:
    change = json.load(file)["credits"]["change"]
print(f"difference={'' if change is None else change}")
PYTHON
  printf 'comment=%s\n' "$INPUT_COMMENT" >>"$GITHUB_OUTPUT"
fi
rm -f "$report"
exit "$code"
