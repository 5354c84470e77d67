"""Writes a job file: the request body of the API, as YAML or JSON, in the order in which people write it."""

from __future__ import annotations

import json

import yaml

from preflight.model.job import JsonValue


def job_text(body: JsonValue, *, as_json: bool = False) -> str:
    """``body`` as the text of a job file, which reads back as the same body."""
    if as_json:
        return json.dumps(body, indent=2, ensure_ascii=False) + "\n"
    return yaml.safe_dump(body, sort_keys=False, allow_unicode=True, width=10**6)
