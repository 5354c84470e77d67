"""Every rule, over its files that pass and its files that fail (fixtures/rules, read as fixtures/README.md says).

A job file is judged offline, of a manifest the last row; a media file is checked by itself; a scene says more: the part
the file plays, its size, the server that serves it, the options.
"""

from __future__ import annotations

import shutil
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from preflight.checking.engine import Engine
from preflight.checking.options import Options
from preflight.jobfiles import job_from_fields, load_job, load_manifest
from preflight.model import Finding, JobReport, Kind, Severity
from preflight.model.file_types import MANIFEST_SUFFIXES
from preflight.model.target import Media, Target
from preflight.rules import RULES, Area
from preflight.sources.host import AllowedHost
from tests.servers.lying import serving
from tests.tools.probing import FIXTURES

ROOT = FIXTURES / "rules"
BY_ID = {rule.id: rule for rule in RULES}
PICTURE = FIXTURES / "pictures" / "plain.png"
CLIPS = {".mp4", ".mov", ".mkv", ".webm", ".avi", ".ts", ".flv", ".wmv", ".mpg", ".ogv", ".3gp", ".m4v"}


def cases(outcome: str) -> list[Path]:
    return sorted(path for path in ROOT.glob(f"*/{outcome}/*") if path.is_file())


def case_id(path: Path) -> str:
    return f"{path.parts[-3]}/{path.name}"


def found(path: Path, folder: Path) -> list[Finding]:
    """The findings of the rule that ``path`` is a fixture of."""
    rule = BY_ID[path.parts[-3]]
    with opened(path, folder) as (target, options), Engine(options) as engine:
        report = engine.check([target]).jobs[0]
    return about(report, rule.id)


def about(report: JobReport, rule_id: str) -> list[Finding]:
    return [finding for finding in report.findings if finding.rule == rule_id]


@contextmanager
def opened(path: Path, folder: Path) -> Iterator[tuple[Target, Options]]:
    """The target and the options of a fixture, with its server running if it needs one."""
    if path.suffix == ".yaml":
        yield load_job(path), Options(uploaded=True, offline=True)
    elif path.suffix in MANIFEST_SUFFIXES:
        *_, last = load_manifest(path, default_model="kling-v3-motion-control")
        yield last, Options(uploaded=True, offline=True)
    elif path.name.endswith(".scene.toml"):
        with staged(path, folder) as staged_scene:
            yield staged_scene
    else:
        yield Media(source=str(path), kind=Kind.VIDEO if path.suffix in CLIPS else Kind.IMAGE), Options()


@contextmanager
def staged(path: Path, folder: Path) -> Iterator[tuple[Target, Options]]:
    scene = tomllib.loads(path.read_text("utf-8"))
    origin = (path.parent / scene["file"]).resolve()
    name = scene.get("name", origin.name)
    local = folder / name
    shutil.copyfile(origin, local)
    if size := scene.get("size_bytes") or scene.get("truncate_bytes"):
        with local.open("r+b") as file:
            file.truncate(size)
    kind, area = Kind(scene["kind"]), BY_ID[path.parts[-3]].area
    options = options_of(scene)
    if "server" not in scene:
        yield target_of(str(local), kind, area, scene), options
        return
    types = {name: scene["server"]["content_type"]} if "content_type" in scene["server"] else {}
    with serving({name: local}, types=types) as server:
        url = server.url(scene["server"]["behaviour"], name)
        yield target_of(url, kind, area, scene), options_of(scene, AllowedHost.parse(server.host))


def target_of(source: str, kind: Kind, area: Area, scene: dict[str, Any]) -> Target:
    """The file by itself; for rules about the price a whole job, for only a job has one to be sure of."""
    if area is not Area.PRICE:
        return Media(source=source, kind=kind)
    options = scene.get("options", {})
    return job_from_fields(
        model="kling-v3-motion-control",
        images=[str(PICTURE)],
        videos=[source],
        mode=options.get("mode"),
        orientation=options.get("orientation"),
    )


def options_of(scene: dict[str, Any], *allow: AllowedHost) -> Options:
    options = scene.get("options", {})
    budget = options.get("max_credits")
    return Options(
        allow=allow,
        mode=options.get("mode"),
        orientation=options.get("orientation"),
        max_credits=Decimal(budget) if budget else None,
        deadline_s=1.5,
    )


def test_every_rule_has_files_that_pass_and_files_that_fail() -> None:
    assert {path.name for path in ROOT.iterdir()} == set(BY_ID)
    for rule in BY_ID:
        assert any((ROOT / rule / "pass").iterdir()), rule
        assert any((ROOT / rule / "fail").iterdir()), rule


@pytest.mark.parametrize("path", cases("fail"), ids=case_id)
def test_a_file_that_fails_is_found(path: Path, tmp_path: Path) -> None:
    findings = found(path, tmp_path)
    assert findings, "the rule says nothing"
    for finding in findings:
        assert finding.message
        assert finding.help == f"preflight explain {finding.rule}"
        assert finding.severity is BY_ID[finding.rule].severity or finding.severity < BY_ID[finding.rule].severity


@pytest.mark.parametrize("path", cases("pass"), ids=case_id)
def test_a_file_that_passes_is_let_through(path: Path, tmp_path: Path) -> None:
    rule = BY_ID[path.parts[-3]]
    least = Severity.ERROR if rule.severity is Severity.ERROR else Severity.NOTE
    assert [finding for finding in found(path, tmp_path) if finding.severity >= least] == []


@pytest.mark.parametrize(
    "path",
    [path for path in cases("fail") if path.suffix == ".yaml" and path.parts[-3] != "field-missing"],
    ids=case_id,
)
def test_a_finding_about_a_job_file_says_where(path: Path, tmp_path: Path) -> None:
    for finding in found(path, tmp_path):
        assert finding.path == str(path)
        assert finding.line is not None
        assert finding.column is not None
