"""Jobs of outside models, submitted to a sandbox that knows their specs; and their difference in a repository."""

from __future__ import annotations

import ast
import inspect
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

import preflight
from preflight import load_spec
from tests.support.command import FIXTURES, here
from tests.support.service import service

ROOT = Path(__file__).parents[2]
SPECS = FIXTURES / "specs"
MOTION, STILLS = load_spec(SPECS / "motion-sibling.toml"), load_spec(SPECS / "image-to-video.toml")


@pytest.mark.parametrize(
    ("model", "credits"), [("sibling-v1-motion", 150), ("stills-v2-image-to-video", 235)], ids=["motion", "stills"]
)
def test_a_job_is_paid_for_at_the_price_of_its_spec(model: str, credits: int, tmp_path: Path) -> None:  # noqa: A002
    with service(tmp_path, specs=(MOTION, STILLS)) as running:
        image, video = running.media.url("ok", "a.png"), running.media.url("ok", "12.mp4")
        given: dict[str, dict[str, Any]] = {
            "sibling-v1-motion": {"character_url": image, "motion_url": video, "quality": "1080p"},
            "stills-v2-image-to-video": {"image_urls": [image, image], "prompt": "x", "mode": "pro", "duration": 10},
        }
        path = tmp_path / "job.json"
        path.write_text(json.dumps({"model": model, "input": given[model]}), "utf-8")
        named = [word for spec in (MOTION, STILLS) for word in ("--spec", spec.path or "")]
        ran = running.submit(path, "--yes", *named)
        assert ran.code == 0, ran.err
        balance = here("credits", "--format", "json", *running.options).json["balance"]
        assert balance == 10_000 - credits
        assert running.submit(path, "--yes", *named).code != 0  # paid for already
        assert here("credits", "--format", "json", *running.options).json["balance"] == balance


def test_the_python_of_models_md_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of it but the payment, whose arguments are held against the function."""
    (code,) = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "models.md").read_text("utf-8"), re.DOTALL)
    *statements, payment = ast.parse(code).body
    (tmp_path / "my-model.toml").write_bytes((SPECS / "motion-sibling.toml").read_bytes())
    body = {"character_url": str(FIXTURES / "pictures" / "plain.png"), "quality": "1080p"}
    job = {"model": MOTION.model, "input": body | {"motion_url": str(FIXTURES / "clips" / "12-seconds.mp4")}}
    (tmp_path / "job.yaml").write_text(json.dumps(job), "utf-8")
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    exec(compile(ast.Module(statements, []), "models.md", "exec"), names)
    assert names["report"].quote.credits == 150
    assert isinstance(payment, ast.Expr)
    assert isinstance(payment.value, ast.Call)
    assert ast.unparse(payment.value.func) == "preflight.submit_job"
    keywords = {each.arg or "": each.value for each in payment.value.keywords}
    inspect.signature(preflight.submit_job).bind(*payment.value.args, **keywords)


def test_a_change_of_the_duration_has_its_price_in_a_difference(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def git(*words: str) -> None:
        identity = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
        subprocess.run(["git", *identity, *words], cwd=tmp_path, check=True, capture_output=True, timeout=60)

    git("init", "-b", "main")
    (tmp_path / "a.png").write_bytes((FIXTURES / "pictures" / "plain.png").read_bytes())
    job = tmp_path / "job.json"
    body = {"model": STILLS.model, "input": {"image_urls": ["a.png"], "prompt": "x", "duration": 5}}
    job.write_text(json.dumps(body), "utf-8")
    git("add", ".")
    git("commit", "-m", "one")
    job.write_text(json.dumps(body).replace('"duration": 5', '"duration": 10'), "utf-8")
    monkeypatch.chdir(tmp_path)
    ran = here("diff", "HEAD", "--spec", STILLS.path or "", "--format", "json")
    assert ran.code == 0, ran.err
    assert (ran.json["credits"]["before"], ran.json["credits"]["after"]) == (70, 140)
