"""The tools of ``preflight mcp`` for models that the operator named: checked, asked about and paid for by specs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from preflight import load_spec
from tests.support.agents import YES, Agent, agent
from tests.support.command import FIXTURES, here
from tests.support.service import Service, service

SPECS = FIXTURES / "specs"
MOTION, STILLS = load_spec(SPECS / "motion-sibling.toml"), load_spec(SPECS / "image-to-video.toml")
USUAL = "kling-v3-motion-control"
STANDING = ("--agent-budget", "500")


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with service(tmp_path_factory.mktemp("models"), specs=(MOTION, STILLS)) as running:
        yield running


def files(sandbox: Service) -> tuple[str, str]:
    return sandbox.media.url("ok", "a.png"), sandbox.media.url("ok", "12.mp4")


def motion(sandbox: Service, **more: Any) -> dict[str, Any]:
    image, video = files(sandbox)
    return {"model": MOTION.model, "input": {"character_url": image, "motion_url": video, **more}}


def balance(sandbox: Service) -> int:
    found: int = here("credits", "--format", "json", *sandbox.options).json["balance"]
    return found


def choices(made: Agent) -> Any:
    async def listed(client: Any) -> Any:
        return (await client.list_tools()).tools

    return next(tool.input_schema["properties"] for tool in made.run(listed) if tool.name == "check")


def test_the_tools_know_the_models_that_the_operator_named(sandbox: Service) -> None:
    with agent(sandbox, env={"PREFLIGHT_SPECS": str(SPECS)}) as made:
        assert {MOTION.model, STILLS.model, "Odd.Names_1", USUAL} == {*choices(made)["model"]["enum"]}
        assert {"480p", "720p", "pro"} <= {*choices(made)["mode"]["enum"]}
        found = made.call("check", job=motion(sandbox, quality="1080p"))
        assert found.data["jobs"][0]["quote"]["credits"] == 150
        price = made.call("estimate", seconds=10, model=STILLS.model, mode="pro")
        assert price.data["quote"]["credits"] == 235
        assert made.call("estimate", seconds=10).data["jobs"][0]["model"] == USUAL
    with agent(sandbox) as made:
        assert choices(made)["model"]["enum"] == [USUAL]
        assert "must be one of" in made.call("estimate", seconds=10, model=MOTION.model).text


def test_the_one_spec_of_the_operator_is_the_model_of_files_that_name_none(sandbox: Service) -> None:
    image, video = files(sandbox)
    with agent(sandbox, "--spec", MOTION.path or "") as made:
        (found,) = made.call("check", image=image, video=video).data["jobs"]
        assert (found["model"], found["quote"]["credits"]) == (MOTION.model, 84)
        assert made.call("estimate", seconds=10, model=USUAL).data["quote"]["credits"] == 300
        assert "has no orientation" in made.call("check", image=image, video=video, orientation="video").text


def test_a_person_is_asked_with_the_words_of_the_model_s_own_fields(sandbox: Service) -> None:
    with agent(sandbox, "--spec", MOTION.path or "", "--spec", STILLS.path or "", answer=YES) as made:
        given = {"image_urls": [files(sandbox)[0]], "prompt": "she turns", "duration": 10}
        quote = made.call("check", job={"model": STILLS.model, "input": given}).quote_id
        paid = made.call("submit", quote_id=quote)
        assert (paid.is_error, paid.data["allowed_by"]) == (False, "person")
        (asked,) = made.questions
        assert "prompt: 'she turns'" in asked
        assert "140 credits" in asked


def test_a_standing_order_pays_by_the_spec_and_once(sandbox: Service) -> None:
    before = balance(sandbox)
    with agent(sandbox, "--spec", MOTION.path or "", *STANDING) as made:
        quote = made.call("check", job=motion(sandbox, prompt="once")).quote_id
        assert made.call("submit", quote_id=quote).data["repeated"] is False
        assert made.call("submit", quote_id=quote).data["repeated"] is True
    assert balance(sandbox) == before - 84


def test_a_model_that_the_service_does_not_offer_is_refused_by_it(tmp_path: Path) -> None:
    with service(tmp_path) as bare, agent(bare, "--spec", MOTION.path or "", *STANDING) as made:
        sent = made.call("submit", quote_id=made.call("check", job=motion(bare)).quote_id)
        assert sent.is_error
        assert "model" in sent.text
        assert balance(bare) == 10_000


def test_files_of_an_outside_model_are_confined_to_the_roots(sandbox: Service, tmp_path: Path) -> None:
    body = {"model": MOTION.model, "input": {"character_url": "/etc/passwd", "motion_url": "/etc/hosts"}}
    with agent(sandbox, "--spec", MOTION.path or "", roots=[tmp_path]) as made:
        for arguments in ({"job": body}, {"image": "/etc/passwd", "video": "/etc/hosts"}):
            assert "outside" in made.call("check", arguments).text


def test_a_package_brings_a_model_and_a_faulty_one_is_left_out(sandbox: Service, tmp_path: Path) -> None:
    about = tmp_path / "my_models-1.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: my-models\nVersion: 1\n", "utf-8")
    named = f"[preflight.specs]\n{STILLS.model} = my_models:SPEC\nfaulty = my_models:NOTHING\n"
    (about / "entry_points.txt").write_text(named, "utf-8")
    (tmp_path / "my_models.py").write_text(f"SPEC = {STILLS.path!r}\nNOTHING = '/nowhere.toml'\n", "utf-8")
    with agent(sandbox, env={"PYTHONPATH": str(tmp_path)}) as made:
        assert {*choices(made)["model"]["enum"]} == {USUAL, STILLS.model}
        assert made.call("estimate", seconds=5, model=STILLS.model).data["quote"]["credits"] == 70
