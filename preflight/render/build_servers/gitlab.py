"""Findings as a report of GitLab's Code Quality: a JSON array, each with a fingerprint, a severity and a line.

GitLab, "Code Quality report format": ``description``, ``check_name``, ``fingerprint``, ``severity`` of ``info``,
``minor``, ``major``, ``critical`` or ``blocker``, ``location.path`` and ``location.lines.begin``. The path is relative
to the repository and not a URI.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Final
from urllib.parse import unquote

if TYPE_CHECKING:
    from preflight.checking.totals import Totals
    from preflight.model import JobReport
    from preflight.render.build_servers.sarif import SarifStream

_SEVERITIES: Final = {"error": "major", "warning": "minor", "note": "info"}


class CodeQuality:
    """The results of a SARIF log, in GitLab's form."""

    in_parts: ClassVar[bool] = False

    def __init__(self, log: SarifStream) -> None:
        self._log = log

    def job(self, job: JobReport) -> str:
        return self._log.job(job)

    def end(self, totals: Totals) -> Iterable[str]:
        for _ in self._log.end(totals):
            pass  # frees what the log holds
        yield json.dumps(list(_issues(self._log.log())), indent=2) + "\n"


def _issues(log: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for result in log["runs"][0]["results"]:
        place = result["locations"][0]["physicalLocation"]
        yield {
            "description": result["message"]["text"],
            "check_name": result["ruleId"],
            "fingerprint": result["partialFingerprints"]["preflight/v1"],
            "severity": _SEVERITIES[result["level"]],
            "location": {
                "path": unquote(place["artifactLocation"]["uri"], errors="replace"),
                "lines": {"begin": place["region"]["startLine"]},
            },
        }
