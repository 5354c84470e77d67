"""The difference between two commits is the one that a person reckoned, in every format."""

from __future__ import annotations

import json
import re
from html import unescape
from itertools import pairwise
from typing import Any

import pytest
from jsonschema import Draft7Validator

from preflight.render.schema.shapes import schema_of
from tests.support.changed_repository import Changed

FORMATS = ("text", "json", "jsonl", "markdown", "sarif", "github", "gitlab", "html")
MARKS = {"added": "+", "removed": "−", "changed": "~"}


def expected(row: dict[str, Any]) -> dict[str, Any]:
    """A row of the truth, whole."""
    before, after = row.get("before"), row.get("after")
    sides = [not verdict or price is not None for verdict, price in zip(row["verdict"], (before, after), strict=True)]
    change = (after or 0) - (before or 0) if all(sides) else None
    return {
        "change": row["change"],
        "path": row["path"],
        "old_path": row.get("old_path"),
        "line": row.get("line", 1),
        "id": row.get("id"),
        "bare": row.get("bare", False),
        "fields": row.get("fields", []),
        "facts": row.get("facts", []),
        "verdict": row["verdict"],
        "credits": [before, after, change],
        "range": row.get("range", [change, change]),
        "new": row.get("new", []),
        "fixed": row.get("fixed", []),
    }


def found(job: dict[str, Any]) -> dict[str, Any]:
    """A job of ``preflight.diff/v1``, in the form of the truth."""
    quotes = job["quote"]
    rules = {name: [finding["rule"] for finding in job["findings"][name]] for name in ("new", "fixed")}
    return {
        **{key: job[key] for key in ("change", "path", "old_path", "id", "bare")},
        "line": job["line"] or 1,
        "fields": [[each["field"], each["before"] or "", each["after"] or ""] for each in job["fields"]],
        "facts": [[each["field"], each["fact"], each["before"], each["after"]] for each in job["facts"]],
        "verdict": [job["verdict"][side] or "" for side in ("before", "after")],
        "credits": [quotes[side] and quotes[side]["credits"] for side in ("before", "after")]
        + [job["credits"]["change"]],
        "range": [job["credits"]["change_low"], job["credits"]["change_high"]],
        **(rules if job["verdict"]["after"] else {"new": [], "fixed": []}),
    }


def keyed(rows: list[dict[str, Any]]) -> dict[tuple[Any, ...], dict[str, Any]]:
    return {(row["path"], row["id"], row["line"]): row for row in rows}


def test_json_has_the_jobs_prices_and_findings_of_the_truth(changed: Changed) -> None:
    ran = changed.diff("--format", "json")
    difference = ran.json
    assert ran.code == 1, ran.err  # new findings
    assert keyed([found(job) for job in difference["jobs"]]) == keyed([expected(row) for row in changed.truth["job"]])
    totals = {key: value for key, value in changed.truth.items() if key not in ("job", "folders")}
    assert {key: difference["credits"][key] for key in totals} == totals
    groups = {group["name"]: {key: group[key] for key in ("jobs", "before", "after")} for group in difference["groups"]}
    assert groups == changed.truth["folders"]
    assert (difference["base"], difference["head"]) == (changed.base, changed.head)
    assert difference["remarks"] == ["vendor: a submodule; its files are compared in its own repository"]
    Draft7Validator(schema_of("diff")).validate(difference)


def test_jsonl_has_one_line_a_job(changed: Changed) -> None:
    rows = [json.loads(line) for line in changed.diff("--format", "jsonl").out.splitlines()]
    assert keyed([found(row) for row in rows]) == keyed([expected(row) for row in changed.truth["job"]])


def name_of(row: dict[str, Any]) -> str:
    line = f":{row['line']}" if row["path"].endswith(".jsonl") else ""
    return row["path"] + line + (f" ({row['id']})" if "id" in row else "")


def cells_of(row: dict[str, Any]) -> tuple[str, str, str]:
    """The mark, the verdict and the credits of a row, as people read them."""
    before, after = row["verdict"]
    verdict = before if before == after else f"{before or '—'} → {after or '—'}"
    prices = [str(row[side]) if side in row else "no price" for side in ("before", "after")]
    prices = [price if verdict else "—" for price, verdict in zip(prices, row["verdict"], strict=True)]
    shown = prices[0] if prices[0] == prices[1] else " → ".join(prices)
    return MARKS[row["change"]], verdict, "—" if row.get("bare") else shown


def test_text_has_a_line_for_every_job_and_the_sum(changed: Changed) -> None:
    out = changed.diff("--format", "text").out
    lines = [re.split(r"\s{2,}", line.rstrip()) for line in out.split("\n\n")[0].splitlines()[1:]]
    for line, rest in reversed(list(pairwise(lines))):
        if not rest[0]:
            line[1] += f" {rest[1]}"  # a long name goes on in the next line
    shown = sorted((line[0], line[1], *line[2:4]) for line in lines if line[0])
    rows = ((name_of(row), cells_of(row)) for row in changed.truth["job"])
    assert shown == sorted((mark, name, verdict, price) for name, (mark, verdict, price) in rows)
    assert "4620 → 6620 credits, +2690 (+$13.45), between +2690 and +2720; 3 without a price" in out


def test_markdown_has_a_row_for_every_job(changed: Changed) -> None:
    out = changed.diff("--format", "markdown").out
    rows = [re.split(r"(?<!\\) \| ", line) for line in out.splitlines() if re.match(r"\| [+−~] ", line)]
    plain = [[re.sub(r"\\([^\w\s])|\u200b|\*\*", r"\1", cell) for cell in row] for row in rows]
    shown = {row[1].split("<br>")[0]: (row[0].removeprefix("| "), row[2], row[3]) for row in plain}
    assert shown == {name_of(row): cells_of(row) for row in changed.truth["job"]}
    assert "<summary>26 changes</summary>" in out  # beyond 20 rows it folds away


def test_a_page_has_a_row_for_every_job(changed: Changed) -> None:
    out = changed.diff("--format", "html").out
    rows = re.findall(
        r'<span class="change \w+">(.) (\w+)</span>.*?<span class="name">(.*?)</span>.*?'
        r'<span class="chip[ \w]*">(.*?)</span>.*?<td class="price"><p class="total">.*?</p><p class="note">(.*?)</p>',
        out,
        re.DOTALL,
    )
    shown = sorted((unescape(name), mark, kind, verdict, price) for mark, kind, name, verdict, price in rows)
    truth = ((row["change"], name_of(row), cells_of(row)) for row in changed.truth["job"])
    assert shown == sorted((name, mark, kind, verdict, price) for kind, name, (mark, verdict, price) in truth)
    assert "4620 → 6620 credits, +2690 (+$13.45), between +2690 and +2720; 3 without a price" in out


@pytest.mark.parametrize("format_", ["sarif", "github", "gitlab"])
def test_formats_of_findings_have_the_new_ones_only(changed: Changed, format_: str) -> None:
    out = changed.diff("--format", format_).out
    truth = sorted((row["path"], rule) for row in changed.truth["job"] for rule in row.get("new", []))
    if format_ == "sarif":
        results = json.loads(out)["runs"][0]["results"]
        at = [each["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for each in results]
        assert sorted(zip(at, (each["ruleId"] for each in results), strict=True)) == truth
    elif format_ == "gitlab":
        issues = json.loads(out)
        assert sorted((issue["location"]["path"], issue["check_name"]) for issue in issues) == truth
        assert len({issue["fingerprint"] for issue in issues}) == len(truth)
        assert {issue["severity"] for issue in issues} <= {"info", "minor", "major", "critical", "blocker"}
        assert all(issue["location"]["lines"]["begin"] >= 1 and issue["description"] for issue in issues)
    else:
        found = re.findall(r"^::error file=([^,]+),.*?title=([\w-]+)", out, re.MULTILINE)
        assert sorted(found) == truth


@pytest.mark.parametrize("format_", FORMATS)
def test_a_second_run_prints_the_same_bytes(changed: Changed, format_: str) -> None:
    assert changed.diff("--format", format_).out == changed.diff("--format", format_).out


def test_a_difference_the_other_way_round_has_the_opposite_prices(changed: Changed) -> None:
    forth, back = (
        changed.diff("--format", "json").json["credits"],
        Changed(folder=changed.folder, base=changed.head, head=changed.base, truth={})
        .diff("--format", "json")
        .json["credits"],
    )
    assert (back["before"], back["after"], back["change"]) == (forth["after"], forth["before"], -forth["change"])
