"""Every shape of JSON that preflight writes, by the name that ``preflight schema`` takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from preflight.render.differences.diff_schema import difference
from preflight.render.schema import command_schemas, run_schemas, schema_parts, schemas
from preflight.specs.schema import DIALECT

SHAPES: Mapping[str, Callable[[], dict[str, Any]]] = {
    "report": schemas.report,
    "facts": schemas.facts,
    "quote": schemas.quotes,
    "submission": schemas.submission,
    "credits": schemas.account,
    "diff": difference,
    "fix": command_schemas.fix,
    "upload": command_schemas.upload,
    "ledger": command_schemas.ledger,
    "calibration": command_schemas.calibration,
    "rules": command_schemas.rules,
    "settings-values": command_schemas.settings_values,
    "doctor": command_schemas.doctor,
    "request": command_schemas.request,
    "baseline": command_schemas.baseline,
    "run": run_schemas.run,
    "row": run_schemas.row,
    "summary": run_schemas.summary,
    "submissions": run_schemas.submissions,
    "sandbox": run_schemas.sandbox,
}
"""By name: that of ``preflight.NAME/v1``, but for ``row`` (``preflight.job/v1``) and ``settings-values``
(``preflight.settings/v1``): ``preflight schema job`` and ``settings`` are the schemas of files that people write."""

OBJECTS: Mapping[str, Callable[[], dict[str, Any]]] = {
    "Report": schemas.report,
    "JobReport": schemas.job,
    "Subject": schemas.subject,
    "Finding": schema_parts.finding,
    "Quote": schema_parts.quote,
    "TotalQuote": schemas.total,
    "Submission": schemas.submission,
}
"""By the class whose ``to_dict`` it describes."""


def schema_of(name: str) -> dict[str, Any]:
    """The whole schema of a shape. Raises ``KeyError``."""
    shape = SHAPES[name]()
    return {"$schema": DIALECT, "title": shape["properties"]["schema"]["const"], **shape}
