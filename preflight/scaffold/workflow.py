"""The workflow for GitHub that checks pull requests."""

from __future__ import annotations

from typing import Final

WORKFLOW_FILE: Final = ".github/workflows/preflight.yml"
_VERSION = "VERSION"
_WORKFLOW = """\
name: preflight

on:
  pull_request:

permissions: {}

concurrency:
  group: preflight-${{ github.ref }}
  cancel-in-progress: true

jobs:
  preflight:
    name: Jobs and media
    runs-on: ubuntu-24.04
    timeout-minutes: 15
    permissions:
      contents: read # to check out the repository
    steps:
      - uses: actions/checkout@08c6903cd8c0fde910a37f88322edcfb5dd907a8 # v5.0.0
        with:
          fetch-depth: 0 # the base of the pull request, too
          persist-credentials: false
      - uses: actions/setup-python@e797f83bcb11b83ae66e0230d6156d7c80228e7c # v6.0.0
        with:
          python-version: "3.13"
      - run: python -m pip install media-preflight==VERSION
      - name: Check
        run: preflight check . --offline --format github
      - name: Compare with the base
        if: always()
        run: |
          preflight diff "origin/$GITHUB_BASE_REF" --format github --format markdown:preflight-diff.md
          cat preflight-diff.md >>"$GITHUB_STEP_SUMMARY"
"""
"""Every action is pinned by the commit of its release; docs/releasing.md says how to verify one."""


def workflow_text(version: str) -> str:
    """A workflow for GitHub that checks a pull request with that version of preflight, and says what it costs."""
    return _WORKFLOW.replace(_VERSION, version)
