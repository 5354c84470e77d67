"""What docs/client.md says is so: its examples run, and its table of errors is the client's."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path

import pytest
from test_client_faces import JOB, KEY

from preflight.client.refusals import ROWS
from preflight.sandbox import Options, serve

GUIDE = (Path(__file__).parents[1] / "docs" / "client.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)


async def twelve_seconds(_: str) -> Fraction:
    return Fraction(12)


@pytest.mark.parametrize("example", EXAMPLES, ids=["sync", "async"])
def test_an_example_runs(example: str, capsys: pytest.CaptureFixture[str]) -> None:
    with serve(Options(prober=twelve_seconds, speed=100)) as url:
        exec(example, {"key": KEY, "job": JOB, "base_url": url})
    shown = capsys.readouterr().out
    assert re.match(r"10000\nTaskStatus\.(PENDING|PROCESSING)\n", shown)
    assert re.search(r"completed\n\('http://127\.0\.0\.1:\d+/files/[-\w]+\.mp4',\)\n$", shown)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.row[1])
def test_a_row_of_the_error_table_is_documented(row: type) -> None:
    status, code = row.row
    assert re.search(rf"^\| {status} \| `{code}` \| `{row.__name__}`", GUIDE, re.MULTILINE)
