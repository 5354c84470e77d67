"""The manifest of the hooks: made from one table, valid, and picking the files that it should."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import click
import pytest
import yaml

from preflight.cli.app import commands
from preflight.model.file_types import JOB_SUFFIXES, MANIFEST_SUFFIXES
from preflight.scaffold import HOOKS, MINIMUM_PRE_COMMIT, Hook, configuration, manifest
from tests.support.hook_runs import ROOT, RUNNERS

MANIFEST = ROOT / ".pre-commit-hooks.yaml"
BY_ID = {hook.id: hook for hook in HOOKS}


def test_the_manifest_is_up_to_date() -> None:
    assert MANIFEST.read_text("utf-8") == manifest(), "run: python docs/build.py"


@pytest.mark.parametrize("runner", RUNNERS)
def test_the_manifest_and_the_configuration_are_valid(runner: str, tmp_path: Path) -> None:
    config = tmp_path / ".pre-commit-config.yaml"
    config.write_text("repos:\n" + configuration())
    for what, path in (("validate-manifest", MANIFEST), ("validate-config", config)):
        run = subprocess.run([*RUNNERS[runner], what, str(path)], capture_output=True, text=True, check=False)
        assert run.returncode == 0, run.stdout + run.stderr
        assert "warn" not in (run.stdout + run.stderr).lower()


def test_the_manifest_says_what_the_table_says() -> None:
    for read, hook in zip(yaml.safe_load(MANIFEST.read_text("utf-8")), HOOKS, strict=True):
        assert read == {
            "id": hook.id,
            "name": hook.name,
            "description": hook.description,
            "entry": hook.entry,
            "args": ["--"],
            "language": "python",
            **({"files": hook.files} if hook.files else {"pass_filenames": False, "always_run": True}),
            **({"additional_dependencies": list(hook.needs)} if hook.needs else {}),
            "stages": list(hook.stages),
            **({"require_serial": True} if hook.serial else {}),
            "minimum_pre_commit_version": MINIMUM_PRE_COMMIT,
        }


@pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: hook.id)
def test_an_entry_is_a_command_that_exists(hook: Hook) -> None:
    program, name, *options = hook.entry.split()
    command = commands.get_command(click.Context(commands), name)
    assert command is not None
    known = {spelling for parameter in command.params for spelling in parameter.opts}
    assert program == "preflight"
    assert set(options) <= known


def test_only_the_hook_that_needs_the_network_waits_for_a_push_and_runs_alone() -> None:
    for hook in HOOKS:
        if not hook.entry.startswith("preflight check"):
            continue
        online = "--offline" not in hook.entry
        assert hook.serial is online
        assert ("pre-commit" not in hook.stages) is online


PICKED = {
    "preflight-media": ["a.png", "a/b.JPG", "a.jpeg", "a.mp4", "a.MOV"],
    "preflight-jobs": ["job.yaml", "a/b.yml", "job.JSON", "rows.csv", "rows.tsv", "rows.jsonl", "rows.ndjson"],
}
PASSED_OVER = ["a.png.txt", "png", "a.svg", "a.webp", "job.yaml.j2", "mp4.md", "package-lock.json5", "a.py"]


@pytest.mark.parametrize("hook", PICKED)
def test_a_hook_picks_its_files_by_their_names(hook: str) -> None:
    assert all(re.search(BY_ID[hook].files, name) for name in PICKED[hook])
    assert not any(re.search(BY_ID[hook].files, name) for name in PASSED_OVER)


def test_the_job_hooks_pick_every_kind_of_job_file() -> None:
    for suffix in JOB_SUFFIXES | MANIFEST_SUFFIXES:
        assert re.search(BY_ID["preflight-jobs"].files, f"a{suffix}")
    assert BY_ID["preflight-urls"].files == BY_ID["preflight-jobs"].files
