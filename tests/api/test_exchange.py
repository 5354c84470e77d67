"""Results that leave the program and come back: dicts, JSON, records, notebooks, pydantic and FastAPI."""

from __future__ import annotations

import dataclasses
import json
import typing
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from jsonschema import Draft7Validator
from pydantic import BaseModel, TypeAdapter, ValidationError

import preflight
from preflight import AllowedHost, ConfigurationError, JobReport, Options, Report, Verdict
from preflight.render.schema.shapes import OBJECTS, SHAPES, schema_of
from tests.servers.lying import serving
from tests.support.command import CLIP, FIXTURES, PICTURE
from tests.support.command import preflight as run
from tests.support.snapshots import SNAPSHOTS

BODY = {"model": "kling-v3-motion-control", "input": {"input_urls": [PICTURE], "video_urls": [CLIP]}}


@pytest.fixture(scope="module", name="reports")
def _reports() -> dict[str, Report]:
    clips, pictures = FIXTURES / "clips", FIXTURES / "pictures"
    with serving({"a.mp4": clips / "fast-start.mp4", "a.png": pictures / "plain.png"}) as server:
        options = Options(allow=(AllowedHost.parse(server.authority),))
        body = {
            "model": "kling-v3-motion-control",
            "input": {"input_urls": [server.url("ok", "a.png")], "video_urls": [server.url("ok", "a.mp4")]},
        }
        return {
            "job": preflight.check(BODY),
            "urls": preflight.check(body, options=options),
            "gone": preflight.check(server.url("status-404", "a.mp4"), options=options),
            "cut short": preflight.check(server.url("closes-unanswered", "a.mp4"), options=options),
            "refused": preflight.check("http://10.0.0.1/a.mp4"),
            "missing": preflight.check("missing.mp4"),
            "estimate": preflight.estimate(CLIP),
            "seconds": preflight.estimate(seconds="12.5"),
            "clips": preflight.check(clips, options=Options(ignore=frozenset({"video-too-long"}))),
            "pictures": preflight.check(pictures),
        }


CASES = ["job", "urls", "gone", "cut short", "refused", "missing", "estimate", "seconds", "clips", "pictures"]


@pytest.mark.parametrize("case", CASES)
def test_a_report_comes_back_equal(reports: dict[str, Report], case: str) -> None:
    report = reports[case]
    again = Report.from_json(report.to_json())
    assert again == report
    assert again.to_dict() == report.to_dict()
    assert Report.from_dict(report.to_dict()) == report
    for job in report.jobs:
        assert JobReport.from_json(job.to_json()) == job


def test_a_changed_value_is_not_equal(reports: dict[str, Report]) -> None:
    written = reports["gone"].to_dict()
    written["restore"]["jobs"][0]["subjects"][0]["fault"]["values"]["status"] = 500
    assert Report.from_dict(written) != reports["gone"]


@pytest.mark.parametrize("case", CASES)
def test_a_report_fits_its_schema(reports: dict[str, Report], case: str) -> None:
    Draft7Validator(schema_of("report")).validate(reports[case].to_dict())
    for job in reports[case].jobs:
        for result in (job, *job.subjects, *job.findings, *job.quotes):
            Draft7Validator(OBJECTS[type(result).__name__]()).validate(result.to_dict())


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"restore": 7}',
        '{"restore": {"jobs": 7}}',
        '{"restore": {"jobs": [], "verdict": "NO"}}',
        '{"restore": {"jobs": [], "verdict": "PASS", "more": 1}}',
        '{"restore": {"jobs": [], "verdict": "PASS", "quote": {"credits": 3}}}',
        "[" * 100_000,
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match="not a report"):
        Report.from_json(text)


@pytest.mark.parametrize("name", ["__class__", "__dict__", "args"])
def test_an_error_cannot_be_made_into_something_else(reports: dict[str, Report], name: str) -> None:
    written = reports["gone"].to_dict()
    written["restore"]["jobs"][0]["subjects"][0]["fault"]["values"][name] = ["x"]
    with pytest.raises(ConfigurationError):
        Report.from_dict(written)


@pytest.mark.parametrize(
    ("arguments", "schema"),
    [
        (["check", "--format", "json", PICTURE], "report"),
        (["probe", "--format", "json", CLIP], "facts"),
        (["estimate", "--format", "json", CLIP], "quote"),
        (["estimate", "--format", "json", "--seconds", "12.5"], "quote"),
    ],
)
def test_the_output_of_a_command_fits_the_schema_that_it_prints(arguments: list[str], schema: str) -> None:
    printed = json.loads(run("schema", schema).out)
    Draft7Validator.check_schema(printed)
    Draft7Validator(printed).validate(json.loads(run(*arguments).out))


@pytest.mark.parametrize("path", sorted(SNAPSHOTS.glob("*.json*")), ids=lambda path: path.name)
def test_every_snapshot_fits_its_schema(path: Path) -> None:
    text = path.read_text("utf-8")
    if path.suffix == ".json":
        found = json.loads(text)
        name = found["schema"].removeprefix("preflight.").removesuffix("/v1")
        Draft7Validator(schema_of(name)).validate(found)
    else:
        for line in text.splitlines():
            Draft7Validator(OBJECTS["JobReport"]()).validate(json.loads(line))


@pytest.mark.parametrize("name", SHAPES)
def test_a_schema_refuses_an_object_without_a_key(name: str) -> None:
    Draft7Validator.check_schema(schema_of(name))
    assert not Draft7Validator(schema_of(name)).is_valid({"schema": f"preflight.{name}/v1"})


def test_records_are_flat_and_of_one_type_a_column(reports: dict[str, Report]) -> None:
    rows = [row for report in reports.values() for row in report.to_records()]
    assert len({tuple(row) for row in rows}) == 1
    for column in rows[0]:
        kinds = {type(row[column]) for row in rows} - {type(None)}
        assert len(kinds) <= 1, column
        assert kinds <= {str, int, float}, column
    assert {row["rules"] for row in reports["gone"].to_records()} == {"http-status url-insecure"}


def test_reprs_are_short_and_show_no_signature(reports: dict[str, Report]) -> None:
    assert repr(reports["job"]) == "<Report pass: 1 job, 360 credits>"
    for report in reports.values():
        for result in (report, *report.jobs, *(subject for job in report.jobs for subject in job.subjects)):
            assert len(repr(result)) < 250
            assert "\n" not in repr(result)


def test_html_for_notebooks_is_escaped(tmp_path: Path) -> None:
    name = tmp_path / "<img src=x onerror=alert(1)>.png"
    name.write_bytes(b"<script>")
    html = preflight.check(name)._repr_html_()
    assert "<img" not in html
    assert "&lt;img src=x onerror=alert(1)&gt;" in html


@pytest.mark.parametrize("name", sorted(preflight.__all__))
def test_annotations_of_public_data_resolve(name: str) -> None:
    public = getattr(preflight, name)
    if isinstance(public, type) and dataclasses.is_dataclass(public):
        assert set(typing.get_type_hints(public)) >= {field.name for field in dataclasses.fields(public)}
    elif name in {"check", "check_async", "quote"}:
        assert "return" in typing.get_type_hints(public)


@pytest.mark.parametrize("kind", [Report, JobReport, preflight.Subject, preflight.Finding, preflight.Quote])
def test_pydantic_takes_results_as_fields(kind: type[Any]) -> None:
    assert TypeAdapter(kind).json_schema()["type"] == "object"


def test_pydantic_reads_and_writes_reports(reports: dict[str, Report]) -> None:
    adapter, report = TypeAdapter(Report), reports["urls"]
    assert adapter.validate_python(report) is report
    assert adapter.validate_json(adapter.dump_json(report)) == report
    assert json.loads(adapter.dump_json(report)) == report.to_dict()
    with pytest.raises(ValidationError):
        adapter.validate_python({"verdict": "pass"})


def test_fastapi_serves_reports_and_their_schema(reports: dict[str, Report]) -> None:
    class Answer(BaseModel):
        report: Report
        cost: preflight.Quote | None

    app = FastAPI()

    @app.get("/report")
    def report() -> Report:
        return reports["job"]

    @app.get("/answer", response_model=Answer)
    async def answer() -> Answer:
        return Answer(report=await preflight.check_async(BODY), cost=reports["job"].jobs[0].quote)

    with TestClient(app) as client:
        served = client.get("/openapi.json")
        assert served.status_code == 200
        schema = served.json()["paths"]["/report"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
        assert client.get("/report").json() == reports["job"].to_dict()
        assert client.get("/answer").json()["cost"]["credits"] == 360
    assert "jobs" in json.dumps(schema) or "$ref" in schema
    assert reports["job"].verdict is Verdict.PASS
