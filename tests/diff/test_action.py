"""The composite action, its steps run as GitHub's runner does; and the linters of workflows, over every workflow."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from preflight.scaffold import workflow_text
from tests.support import wheels
from tests.support.changed_repository import Changed
from tests.support.command import environment
from tests.support.hook_runs import ROOT

ACTION = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))
SCRIPTS = Path(sys.executable).parent
_EXPRESSION = re.compile(r"\$\{\{ (.*?) \}\}")
_BASE = "inputs.base || (github.base_ref && format('origin/{0}', github.base_ref))"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """How a step ended: its output, what it wrote to the files of the runner."""

    code: int
    text: str
    outputs: dict[str, str]
    summary: str


class Runner:
    """Runs the steps of the action in ``folder``; ``temp`` is RUNNER_TEMP."""

    def __init__(self, folder: Path, temp: Path, *, base_ref: str = "", **inputs: str) -> None:
        self.folder = folder
        self.temp = temp
        known = {name: str(given.get("default", "")) for name, given in ACTION["inputs"].items()}
        assert set(inputs) <= set(known)
        self._values = {f"inputs.{name}": value for name, value in {**known, **inputs}.items()}
        base = self._values["inputs.base"] or (base_ref and f"origin/{base_ref}")
        self._values |= {"github.action_path": str(ROOT), _BASE: base}

    def run(self, name: str, **more: str) -> Step:
        """The step called ``name``, in the shell that GitHub uses for ``bash``."""
        (step,) = [each for each in ACTION["runs"]["steps"] if each["name"] == name]
        assert step["shell"] == "bash"
        assert not _EXPRESSION.search(step["run"])  # no input becomes part of a script
        files = {key: self.temp / key for key in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "GITHUB_ENV")}
        for file in files.values():
            file.write_text("")
        script = self.temp / "step.sh"
        script.write_text(step["run"])
        given = {key: _EXPRESSION.sub(lambda found: self._values[found[1]], text) for key, text in step["env"].items()}
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", str(script)],
            cwd=self.folder,
            env=environment({
                **given, **more, "RUNNER_TEMP": str(self.temp), "CI": "true", "GITHUB_ACTIONS": "true",
                "GITHUB_WORKSPACE": str(self.folder), **{key: str(file) for key, file in files.items()},
            }),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300,
            check=False,
        )  # fmt: skip
        assert "Traceback" not in done.stdout, done.stdout
        lines = files["GITHUB_OUTPUT"].read_text().splitlines()
        outputs = dict(line.split("=", 1) for line in lines)
        return Step(
            code=done.returncode, text=done.stdout, outputs=outputs, summary=files["GITHUB_STEP_SUMMARY"].read_text()
        )


@pytest.fixture
def temp(tmp_path: Path) -> Path:
    """RUNNER_TEMP, in which the first step has installed preflight."""
    (tmp_path / "preflight/bin").mkdir(parents=True)
    (tmp_path / "preflight/bin/preflight").symlink_to(SCRIPTS / "preflight")
    return tmp_path


@pytest.fixture
def clone(changed: Changed, tmp_path: Path) -> Path:
    """A clone as the checkout makes it: the head, with the base as ``origin/main``."""
    folder = tmp_path / "clone"
    for arguments in (
        ("clone", "--quiet", str(changed.folder), str(folder)),
        ("-C", str(folder), "update-ref", "refs/remotes/origin/main", changed.base),
    ):
        subprocess.run(["git", *arguments], check=True, timeout=60)
    return folder


def test_the_first_step_installs_the_action_s_own_checkout(tmp_path: Path) -> None:
    wheelhouse = tmp_path / "wheels"
    wheelhouse.mkdir()
    wheels.collect(wheelhouse, "hatchling", *wheels.requirements("media-preflight"))
    more = {**wheels.environment(wheelhouse), "PATH": f"{SCRIPTS}{os.pathsep}{os.environ['PATH']}"}
    step = Runner(tmp_path, tmp_path).run("Install preflight", **more)
    assert step.code == 0, step.text
    installed = tmp_path / "preflight/bin/preflight"
    said = subprocess.run([installed, "--version"], capture_output=True, text=True, check=True, timeout=60).stdout
    assert "0.1.0" in said


def test_the_check_annotates_and_hands_its_verdict_over(clone: Path, temp: Path) -> None:
    step = Runner(clone, temp, options="--offline\n--jobs-only\n", paths="jobs\n\n-dash.json").run("Check")
    assert step.code == 1, step.text
    assert "::error file=jobs/024.json,line=5" in step.text
    assert step.outputs == {"verdict": "fail", "credits": step.outputs["credits"], "sarif": "preflight.sarif"}
    assert int(step.outputs["credits"]) > 0
    assert "preflight" in step.summary
    assert json.loads((clone / "preflight.sarif").read_text())["runs"][0]["results"]


def test_the_comparison_is_the_summary_and_the_comment(clone: Path, temp: Path, changed: Changed) -> None:
    step = Runner(clone, temp, base_ref="main", guardrails="--max-increase=100\n--notify=max-increase").run("Compare")
    assert step.code == 1, step.text  # new findings
    assert step.outputs == {"difference": str(changed.truth["change"]), "comment": "preflight-diff.md"}
    comment = (clone / "preflight-diff.md").read_text("utf-8")
    assert step.summary == comment
    assert "at most 100 allowed" in comment
    blocked = Runner(clone, temp, base_ref="main", guardrails="--max-increase=100").run("Compare")
    assert blocked.code == 5
    assert blocked.outputs["comment"] == "preflight-diff.md"  # it is posted all the same


def test_a_base_that_was_not_fetched_is_said(clone: Path, temp: Path) -> None:
    step = Runner(clone, temp, base="origin/gone").run("Compare")
    assert (step.code, step.outputs, step.summary) == (2, {}, "")
    assert "origin/gone: no such commit" in step.text


@pytest.mark.parametrize("text", ["$(touch owned)", "`touch owned`", "; touch owned", '"; touch owned; "', "--version"])
def test_an_input_is_never_a_command(clone: Path, temp: Path, text: str) -> None:
    runner = Runner(clone, temp, paths=text, base=text, comment="a b.md")
    runner.run("Check")
    step = runner.run("Compare")
    assert step.code == 2, step.text
    assert not list(clone.glob("**/owned"))


def workflows() -> dict[str, str]:
    """Every workflow of the repository, of the pages and of ``preflight init``, by the name of its file."""
    found = {path.name: path.read_text("utf-8") for path in (ROOT / ".github/workflows").glob("*.yml")}
    pages = "\n".join(path.read_text("utf-8") for path in sorted((ROOT / "docs").glob("*.md")))
    shown = re.findall(r"^```yaml \.github/workflows/(\S+)\n(.*?)^```$", pages, re.MULTILINE | re.DOTALL)
    return found | dict(shown) | {"from-init.yml": workflow_text("0.1.0")}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("workflows")
    (folder / ".github/workflows").mkdir(parents=True)
    for name, text in workflows().items():
        (folder / ".github/workflows" / name).write_text(text, "utf-8")
    (folder / "action.yml").write_text((ROOT / "action.yml").read_text("utf-8"), "utf-8")
    subprocess.run(["git", "init", "--quiet", str(folder)], check=True, timeout=60)
    return folder


LINTERS: dict[str, list[str]] = {
    "zizmor": ["zizmor", "--offline", "--no-progress", "--persona=pedantic", "."],
    "actionlint": ["actionlint", "-no-color"],
}


@pytest.mark.parametrize("linter", LINTERS)
def test_every_workflow_passes(written: Path, linter: str) -> None:
    assert len(workflows()) >= 3
    program, *arguments = LINTERS[linter]
    done = subprocess.run(
        [SCRIPTS / program, *arguments], cwd=written, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", workflows())
def test_a_workflow_has_least_permissions_and_pins_by_hash(name: str) -> None:
    text = workflows()[name]
    workflow: dict[Any, Any] = yaml.safe_load(text)
    assert workflow["permissions"] == {}
    assert all("permissions" in job for job in workflow["jobs"].values())
    used = re.findall(r"uses: (\S+)", text)
    assert all(re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", each) for each in used), used
    on_requests = "pull_request" in workflow.get(True, {})  # "on" is a truth value in YAML 1.1
    assert not on_requests or all(set(job["permissions"].values()) == {"read"} for job in workflow["jobs"].values())
