"""The page of a job for models that the user named when the server started."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from preflight import load_spec
from tests.support.command import CLIP, FIXTURES, PICTURE
from tests.support.page import Visitor, page_server
from tests.support.service import Service, service

SPECS = FIXTURES / "specs"
MOTION, STILLS = load_spec(SPECS / "motion-sibling.toml"), load_spec(SPECS / "image-to-video.toml")
NAMED = [
    word for spec in ("motion-sibling", "image-to-video", "odd-names") for word in ("--spec", SPECS / f"{spec}.toml")
]


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with service(tmp_path_factory.mktemp("page"), specs=(MOTION, STILLS)) as running:
        yield running


@pytest.fixture(scope="module")
def page(sandbox: Service) -> Iterator[Visitor]:
    with page_server(sandbox.folder, "--api-url", sandbox.url, *sandbox.media_options, *map(str, NAMED)) as visitor:
        yield visitor.enter()


def started(page: Visitor, model: str, **fields: str) -> str:
    """The address of a job of ``model``, once it was checked."""
    answer = page.post("/job", model=model, **fields)
    assert answer.status_code == 303, answer.text
    job = answer.headers["location"]
    page.text_once(job, lambda text: "Reading and checking" not in text)
    return str(job)


def paid(page: Visitor, job: str) -> str:
    page.post(f"{job}/pay", question=page.asked(job))
    return page.text_once(f"{job}/pay", lambda text: "In the ledger" in text or "Not submitted" in text)


def test_a_page_offers_the_named_models_and_asks_for_their_files(page: Visitor) -> None:
    text = page.get("/job").text
    for name in ("kling-v3-motion-control", MOTION.model, STILLS.model, "Odd.Names_1"):
        assert f"/job?model={name}" in text
    assert 'name="video"' in text
    assert 'name="video"' not in page.get(f"/job?model={STILLS.model}").text
    for wrong in ("nothing", "../x.toml", str(SPECS / "motion-sibling.toml"), "<b>"):
        answer = page.http.get("/job", params={"model": wrong})
        assert answer.status_code == 400
        assert "<b>" not in answer.text
    assert page.post("/job", model="nothing", image=PICTURE, video=CLIP).status_code == 400


def test_a_job_is_judged_priced_and_paid_for_by_its_spec(page: Visitor, sandbox: Service) -> None:
    image, video = sandbox.media.url("ok", "a.png"), sandbox.media.url("ok", "12.mp4")
    job = started(page, MOTION.model, image=image, video=video)
    text = page.get(job).text
    assert "84 credits" in text
    assert "at most 5 MB" in text
    assert 'name="orientation"' not in text
    assert f"preflight submit --spec {MOTION.path}" in text
    assert page.post(f"{job}/choices", mode="1080p", orientation="video").status_code == 400
    assert page.post(f"{job}/choices", mode="720p").status_code == 400
    assert page.post(f"{job}/choices", mode="1080p").status_code == 303
    assert "Submit for 150 credits" in page.get(job).text
    assert "model: sibling-v1-motion" in page.get(f"{job}/job.yaml").text
    assert "150 credits" in paid(page, job)


def test_a_model_of_pictures_alone_has_its_length_and_its_prompt(page: Visitor, sandbox: Service) -> None:
    job = started(page, STILLS.model, image=sandbox.media.url("ok", "a.png"))
    assert "prompt" in page.get(job).text
    for wrong in ("7", "1e9", "5/1", "-5", "5" * 30):
        assert page.post(f"{job}/choices", mode="pro", prompt="she turns", seconds=wrong).status_code == 400
    assert page.post(f"{job}/choices", mode="pro", prompt="she turns", seconds="10").status_code == 303
    assert "Submit for 235 credits" in page.get(job).text
    assert re.search(r"duration: 10$", page.get(f"{job}/job.yaml").text, re.MULTILINE)
    assert page.get(f"{job}/media/video").status_code == 404
    assert "235 credits" in paid(page, job)


def test_a_model_without_modes_or_prompt_has_a_price(page: Visitor) -> None:
    job = started(page, "Odd.Names_1", image=PICTURE)
    assert "14 credits" in page.get(job).text
    assert page.post(f"{job}/choices", seconds="8").status_code == 303
    assert "28 credits" in page.get(job).text
    assert "<script>alert" not in page.get(job).text


def test_a_file_is_repaired_by_the_spec_of_its_model(page: Visitor, tmp_path: Path) -> None:
    picture, clip = tmp_path / "a.png", tmp_path / "a.mp4"
    picture.write_bytes(Path(PICTURE).read_bytes())
    clip.write_bytes((FIXTURES / "clips" / "30-seconds.mp4").read_bytes())
    job = started(page, MOTION.model, image=str(picture), video=str(clip))
    assert "allowed: 2 s to 20.5 s" in page.get(job).text
    page.post(f"{job}/repair/video")
    text = page.text_once(job, lambda text: "…</h1>" not in text)
    assert "Repaired: " in text
    assert "This job passes its check." in text


def test_a_model_that_the_service_does_not_offer_is_refused_by_it(tmp_path: Path) -> None:
    with service(tmp_path) as bare:
        options = ("--api-url", bare.url, *bare.media_options, "--spec", str(MOTION.path))
        with page_server(tmp_path, *options) as page:
            page.enter()
            urls = {"image": bare.media.url("ok", "a.png"), "video": bare.media.url("ok", "12.mp4")}
            job = started(page, MOTION.model, **urls)
            assert "Not submitted" in paid(page, job)
        assert bare.state["jobs_billed"] == 0
