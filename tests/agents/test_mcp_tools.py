"""What the tools answer, as an agent uses them: within their schemas, for local files and for URLs."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mcp_types as types
import pytest
from jsonschema import Draft202012Validator
from mcp import Client

from tests.support.agents import ERAS, Agent, Era, agent
from tests.support.command import CLIP, FIXTURES, PICTURE, here, preflight
from tests.support.jobs import MODEL, job, write_job
from tests.support.service import Service, service

TOOLS = ["check", "estimate", "probe", "explain", "fix", "task", "credits", "submit"]


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("tools")
    for source, name in (
        (PICTURE, "a.png"),
        (CLIP, "a.mp4"),
        (FIXTURES / "pictures" / "webp-named.png", "webp.png"),
    ):
        shutil.copyfile(source, folder / name)
    write_job(folder, job(image="a.png", video="a.mp4"))
    with service(folder) as running:
        yield running


@pytest.fixture(scope="module")
def made(sandbox: Service) -> Iterator[Agent]:
    with agent(sandbox, roots=[sandbox.folder]) as running:
        yield running


async def listed(client: Client) -> list[types.Tool]:
    return (await client.list_tools()).tools


def hints(made: Agent) -> dict[str, tuple[bool | None, bool | None]]:
    tools = made.run(listed)
    return {tool.name: (tool.annotations.read_only_hint, tool.annotations.destructive_hint) for tool in tools}


def test_every_tool_says_what_it_takes_and_what_it_gives(made: Agent) -> None:
    tools = made.run(listed)
    assert [tool.name for tool in tools] == TOOLS
    for tool in tools:
        assert tool.title
        assert tool.description
        Draft202012Validator.check_schema(tool.input_schema)
        Draft202012Validator.check_schema(tool.output_schema)
        assert tool.input_schema["additionalProperties"] is False
    submit = tools[-1]
    assert list(submit.input_schema["properties"]) == ["quote_id"]
    assert "person is asked" in submit.description


def test_the_hints_tell_reading_from_paying(made: Agent, sandbox: Service) -> None:
    found = hints(made)
    assert {name for name, (reads, _) in found.items() if not reads} == {"submit"}
    assert found["submit"][1] is True
    with agent(sandbox, "--allow-write", "--agent-budget", "5") as writer:
        assert hints(writer)["fix"] == (False, False)
        (submit,) = [tool for tool in writer.run(listed) if tool.name == "submit"]
        assert "5 credits in all" in submit.description


@pytest.mark.parametrize("mode", ERAS)
def test_the_roots_of_the_client_are_read(mode: Era, sandbox: Service) -> None:
    with agent(sandbox, roots=[sandbox.folder], mode=mode) as made:
        assert made.call("check", source="job.yaml").data["verdict"] == "pass"
        assert made.call("check", source=str(sandbox.folder / "job.yaml")).data["verdict"] == "pass"
        made.roots = []
        assert "declares no roots" in made.call("check", source="job.yaml").text


def test_an_operator_s_roots_stand_in_place_of_the_client_s(sandbox: Service, tmp_path: Path) -> None:
    with agent(sandbox, "--root", str(tmp_path), roots=[sandbox.folder]) as made:
        assert "outside" in made.call("check", source=str(sandbox.folder / "job.yaml")).text
    with agent(sandbox, env={"PREFLIGHT_AGENT_ROOTS": f"{tmp_path}:{sandbox.folder}"}) as made:
        assert made.call("check", source="job.yaml").data["verdict"] == "pass"


def test_without_roots_urls_are_read_and_files_are_not(sandbox: Service) -> None:
    with agent(sandbox) as made:
        assert made.call("probe", source=sandbox.media.url("ok", "12.mp4")).data["subjects"][0]["facts"]
        assert "no local files" in made.call("probe", source="a.mp4").text


def test_the_answers_are_those_of_the_command_line(made: Agent, sandbox: Service) -> None:
    path = sandbox.folder / "job.yaml"
    ours, theirs = made.call("check", source=str(path)).data, here("check", "--format", "json", path).json
    assert ours["verdict"] == theirs["verdict"]
    assert ours["quote"] == theirs["quote"]
    assert ours["jobs"][0]["identity"] == theirs["jobs"][0]["identity"]
    assert [each["facts"] for each in ours["jobs"][0]["subjects"]] == [
        each["facts"] for each in theirs["jobs"][0]["subjects"]
    ]
    price = made.call("estimate", seconds="12.5").data
    assert price["jobs"] == here("estimate", "--seconds", "12.5", "--format", "json").json["jobs"]
    assert made.call("estimate", seconds=12.5, mode="1080p").data["quote"]["credits"] == 520


@pytest.mark.parametrize(
    "given",
    [
        {"image": "a.png", "video": "a.mp4", "mode": "1080p", "prompt": "a dance"},
        {"job": job(image="a.png", video="a.mp4", mode="1080p")},
    ],
    ids=["pair", "body"],
)
def test_a_job_may_be_a_pair_or_a_body(given: dict[str, Any], made: Agent) -> None:
    data = made.call("check", given).data
    assert (data["verdict"], data["quote"]["credits"]) == ("pass", 480)


def test_a_folder_and_a_manifest_are_read(made: Agent, sandbox: Service) -> None:
    with (sandbox.folder / "jobs.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["model", "image", "video"], [MODEL, "a.png", "a.mp4"], [MODEL, "a.png", "no.mp4"]])
    manifest = made.call("check", source="jobs.csv").data
    assert [found["verdict"] for found in manifest["jobs"]] == ["pass", "fail"]
    (sandbox.folder / "jobs.csv").unlink()
    folder = made.call("check", source=str(sandbox.folder)).data
    assert {Path(found["path"]).name for found in folder["jobs"]} == {"a.png", "a.mp4", "webp.png", "job.yaml"}


def test_a_result_is_bounded_and_says_what_is_missing(made: Agent, sandbox: Service) -> None:
    rows = "".join(f'{{"model": "{MODEL}", "input": {{"{"x" * 3000}{n}": 1}}}}\n' for n in range(20))
    (sandbox.folder / "many.jsonl").write_text(rows)
    reply = made.call("check", source="many.jsonl")
    (sandbox.folder / "many.jsonl").unlink()
    assert not reply.is_error
    assert reply.data["verdict"] == "fail"
    assert len(reply.text) <= 64 * 1024


def test_explain_has_every_rule_and_each_page(made: Agent) -> None:
    rules = made.call("explain").data["rules"]
    assert rules == here("rules", "--format", "json").json["rules"]
    (page,) = made.call("explain", rule="video-too-long").data["rules"]
    assert "## How to fix it" in page["text"]


def test_fix_plans_and_writes_only_where_the_operator_allows_it(made: Agent, sandbox: Service) -> None:
    target = sandbox.folder / "webp.fixed.png"
    (planned,) = made.call("fix", source="webp.png").data["files"]
    assert (planned["state"], target.exists()) == ("would-fix", False)
    assert "does not allow" in made.call("fix", source="webp.png", write=True).text
    with agent(sandbox, "--allow-write", roots=[sandbox.folder]) as writer:
        assert writer.call("fix", source="webp.png").data["files"][0]["state"] == "would-fix"
        assert not target.exists()
        (fixed,) = writer.call("fix", source="webp.png", write=True).data["files"]
    assert (fixed["state"], target.exists()) == ("fixed", True)
    target.unlink()


def test_credits_and_tasks_are_read(made: Agent) -> None:
    assert made.call("credits").data["balance"] == 10_000
    assert "task_not_found" in made.call("task", task_id="none").text


def test_checks_need_no_key_and_payments_say_that_they_do(sandbox: Service) -> None:
    with agent(sandbox, env={"PREFLIGHT_API_KEY": ""}, roots=[sandbox.folder]) as made:
        assert made.call("check", source="job.yaml").data["verdict"] == "pass"
        for tool, given in (("credits", {}), ("task", {"task_id": "x"})):
            assert "API key" in made.call(tool, given).text


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--root", "nowhere"], "not a folder"),
        (["--root", ""], "not a folder"),
        (["--agent-budget", "a lot"], "not a number"),
        (["--agent-budget-per-job", "100"], "bounds no sum"),
        (["--quote-seconds", "0"], "--quote-seconds"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else None,
)
def test_an_operator_s_mistake_ends_the_server_at_once(options: list[str], words: str, tmp_path: Path) -> None:
    ran = preflight("mcp", *options, cwd=tmp_path)
    assert (ran.code, ran.out) == (2, "")
    assert words in ran.err


def test_the_end_of_input_is_the_end_of_the_server(tmp_path: Path) -> None:
    noise = b'\n{"jsonrpc": "2.0"}\nnot json\n[1, 2]\n\xff\xfe\n'
    ran = preflight("mcp", cwd=tmp_path, stdin=noise)
    assert ran.code == 0
    assert "this is a bug" not in ran.err
