"""The suffixes of files stand in one table."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from preflight.model import Kind
from preflight.model.file_types import CONTAINERS, SUFFIXES, fits_name, promised_container, promised_kind
from preflight.targets import MEDIA_SUFFIXES
from tests.house.test_import_table import PACKAGE, modules

PLACES = {"model/file_types.py": "the table", "rules/image_rules.py": "what ImageMagick writes by a name"}
ROOT = Path(__file__).parents[2]


def test_no_other_module_lists_suffixes() -> None:
    listed = re.compile(r'"\.?(?:jpe?g|png|mp4|mov|webm|mkv)",\s+"\.?[a-z0-9]{2,4}"')
    found = [path.relative_to(PACKAGE).as_posix() for path in modules() if listed.search(path.read_text("utf-8"))]
    assert sorted(found) == sorted(PLACES)


def test_every_suffix_promises_one_container_and_one_kind() -> None:
    assert sum(map(len, SUFFIXES.values())) == len(CONTAINERS)
    assert all(promised_kind(f"a{suffix}") in Kind for suffix in CONTAINERS)


@pytest.mark.parametrize(
    ("name", "container", "kind"),
    [
        ("A.JFIF", "JPEG", Kind.IMAGE),
        ("https://h.example/a.b/dance.QT", "MOV", Kind.VIDEO),
        ("dance.mp4.txt", None, None),
        (".png", None, None),
    ],
)
def test_a_name_promises(name: str, container: str | None, kind: Kind | None) -> None:
    assert (promised_container(name), promised_kind(name)) == (container, kind)


def test_names_of_one_family_fit_each_other() -> None:
    assert fits_name("HEIF", "a.heic")
    assert fits_name("HEIC", "a.heif")
    assert fits_name("MP4", "a.mov")
    assert fits_name("JPEG", "a")
    assert not fits_name("WebP", "a.jpe")


def test_the_guide_lists_what_is_looked_at_in_a_folder() -> None:
    listed = re.search(r"media files by their suffixes \(`([^`]+)`\)", (ROOT / "docs/getting-started.md").read_text())
    assert listed is not None
    assert set(listed[1].split()) == MEDIA_SUFFIXES
