"""Spans of OpenTelemetry: which there are, whose children they are, and what they never hold."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.command import CLIP, KEY, PICTURE, SIGNATURE, SIGNED, environment
from tests.support.service import service

SCRIPT = """
import asyncio, json, sys

from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import preflight

exporter = InMemorySpanExporter()
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(exporter))
trace.set_tracer_provider(provider)
tracer = trace.get_tracer("of-the-service")
given = json.loads(sys.argv[1])
options = preflight.Options(allow=(preflight.AllowedHost.parse("127.0.0.1"),))


async def serve():
    with tracer.start_as_current_span("request-async"):
        await preflight.check_async(given["job"], options=options)
        async with preflight.AsyncClient(given["key"], base_url=given["url"]) as client:
            await client.credits()


asyncio.run(serve())
with tracer.start_as_current_span("request-sync"):
    preflight.check(image=given["picture"], video=given["clip"])
    with preflight.Client(given["key"], base_url=given["url"]) as client:
        task = client.create_task(given["job"])
        client.task(task)
        try:
            client.task("no-such-task")
        except preflight.TaskNotFound:
            pass
        report = preflight.check(given["job"], options=options)
        with preflight.Ledger(given["ledger"]) as ledger:
            preflight.submit_job(given["job"], report, client, ledger)
            try:
                asyncio.run(preflight.submit_job_async(given["job"], report, client, ledger))
            except preflight.AlreadySubmitted:
                pass
    preflight.check("http://127.0.0.1:9/" + "x" * 5000 + ".mp4?" + given["signed"], options=options)
names = {span.context.span_id: span.name for span in exporter.get_finished_spans()}
print(json.dumps([
    {
        "name": span.name,
        "parent": names.get(span.parent.span_id) if span.parent else None,
        "kind": span.kind.name,
        "status": span.status.status_code.name,
        "attributes": dict(span.attributes),
        "events": len(span.events),
        "scope": span.instrumentation_scope.name,
    }
    for span in exporter.get_finished_spans()
]))
"""


@pytest.fixture(scope="module")
def spans(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    with service(tmp_path_factory.mktemp("traced")) as sandbox:
        job = {
            "model": "kling-v3-motion-control",
            "input": {
                "input_urls": [sandbox.media.url("ok", "a.png", SIGNED)],
                "video_urls": [sandbox.media.url("ok", "12.mp4", SIGNED)],
                "prompt": "a-private-prompt",
            },
        }
        given = {"job": job, "key": KEY, "url": sandbox.url, "picture": PICTURE, "clip": CLIP, "signed": SIGNED}
        given["ledger"] = str(tmp_path_factory.mktemp("ledger") / "ledger.db")
        ran = subprocess.run(
            [sys.executable, "-c", SCRIPT, json.dumps(given)],
            env=environment(), capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    for secret in (KEY, SIGNATURE, "a-private-prompt", "Signature"):
        assert secret not in ran.stdout
    return list(json.loads(ran.stdout))


def named(spans: list[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    return [span for span in spans if span["name"] == name]


def test_spans_are_children_of_those_of_the_service_across_threads_and_loops(spans: list[dict[str, Any]]) -> None:
    parents = [span["parent"] for span in named(spans, "preflight.check")]
    assert parents == ["request-async", "request-sync", "request-sync", "request-sync"]
    files = named(spans, "preflight.file")
    assert {span["parent"] for span in files} == {"preflight.check"}
    assert len(files) == 7
    assert {span["parent"] for span in spans if span["kind"] == "CLIENT"} == {
        "request-async", "request-sync", "preflight.submit"
    }  # fmt: skip
    assert {span["scope"] for span in spans} == {"of-the-service", "preflight"}


def test_a_check_and_its_files_say_what_was_found(spans: list[dict[str, Any]]) -> None:
    check = named(spans, "preflight.check")[0]["attributes"]
    assert (check["preflight.verdict"], check["preflight.credits"]) == ("pass", 360.0)
    remote = [span["attributes"] for span in named(spans, "preflight.file")][:2]
    assert {each["preflight.file.field"] for each in remote} == {"input.input_urls[0]", "input.video_urls[0]"}
    assert all(each["server.address"] == "127.0.0.1" and each["http.response.status_code"] == 206 for each in remote)
    assert all("?" not in each["url.full"].removesuffix("?…") for each in remote)
    assert PICTURE in {span["attributes"].get("file.path") for span in named(spans, "preflight.file")}


def test_a_request_to_the_api_has_the_attributes_of_the_conventions(spans: list[dict[str, Any]]) -> None:
    requests = [span for span in spans if span["kind"] == "CLIENT" and span["parent"] != "preflight.submit"]
    assert [span["name"] for span in requests] == [
        "GET /v1/credits",
        "POST /v1/videos/generations",
        "GET /v1/tasks/{task_id}",
        "GET /v1/tasks/{task_id}",
    ]
    for span in requests:
        required = {"http.request.method", "server.address", "server.port", "url.full", "http.response.status_code"}
        assert required <= set(span["attributes"])
    assert [span["status"] for span in requests] == ["UNSET", "UNSET", "UNSET", "ERROR"]
    assert requests[3]["attributes"]["error.type"] == "404"


def test_a_submission_is_a_span_around_its_requests(spans: list[dict[str, Any]]) -> None:
    paid, refused = named(spans, "preflight.submit")
    assert {paid["parent"], refused["parent"]} == {"request-sync"}
    assert paid["attributes"] == {"preflight.submission.state": "accepted", "preflight.credits": 360.0}
    assert (refused["status"], refused["attributes"]) == ("ERROR", {"error.type": "AlreadySubmitted"})
    below = [span["name"] for span in spans if span["parent"] == "preflight.submit"]
    assert below.count("POST /v1/videos/generations") == 1


def test_attributes_are_bounded_and_hold_no_text_of_errors(spans: list[dict[str, Any]]) -> None:
    for span in spans:
        assert span["events"] == 0
        assert all(len(str(value)) <= 300 for value in span["attributes"].values())
    (failed,) = [span for span in named(spans, "preflight.file") if span["status"] == "ERROR"]
    assert failed["attributes"]["error.type"] == "Unreachable"


def test_nothing_is_imported_where_it_is_not_set_up(tmp_path: Path) -> None:
    code = (
        "import sys, preflight; preflight.check(sys.argv[1]);"
        "print([name for name in sys.modules if name.startswith('opentelemetry')])"
    )
    command = [sys.executable, "-c", code, CLIP]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True)
    assert ran.stdout.strip() == "[]"
