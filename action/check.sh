#!/usr/bin/env bash
# Checks the paths: annotations on the files, findings in SARIF, verdict and credits as outputs.
set -uo pipefail
preflight="$RUNNER_TEMP/preflight/bin/preflight"
mapfile -t paths < <(printf '%s\n' "$INPUT_PATHS" | sed '/^[[:space:]]*$/d')
mapfile -t options < <(printf '%s\n' "$INPUT_OPTIONS" | sed '/^[[:space:]]*$/d')
report=$(mktemp)
"$preflight" check ${options[@]+"${options[@]}"} --format github --format "sarif:$INPUT_SARIF" \
  --format "json:$report" -- ${paths[@]+"${paths[@]}"}
code=$?
if [ -s "$report" ]; then
  python3 - "$report" >>"$GITHUB_OUTPUT" <<'PYTHON'
import json, sys

with open(sys.argv[1], encoding="utf-8") as file:
    report = json.load(file)
quote = report["quote"] or {}
print(f"verdict={report['verdict']}")
print(f"credits={quote.get('credits', '')}")
PYTHON
  printf 'sarif=%s\n' "$INPUT_SARIF" >>"$GITHUB_OUTPUT"
fi
rm -f "$report"
exit "$code"
