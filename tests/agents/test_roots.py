"""The folders that an agent may read from: what a client declares, and what a path leads to."""

from __future__ import annotations

from pathlib import Path

import pytest

from preflight.agents.roots import OutsideRoots, Roots, folder_of, real_folders
from preflight.errors import ConfigurationError


@pytest.mark.parametrize(
    ("uri", "folder"),
    [
        ("file:///data/clips", "/data/clips"),
        ("FILE://localhost/data/clips", "/data/clips"),
        ("file:///data/my%20clips", "/data/my clips"),
        ("file://server/share", None),
        ("https://example.com/data", None),
        ("file:relative", None),
        ("file:///a%00b", None),
        ("", None),
    ],
)
def test_a_declared_root_is_a_local_folder(uri: str, folder: str | None) -> None:
    assert folder_of(uri) == (None if folder is None else Path(folder))


def test_a_root_that_is_a_link_is_its_folder(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "a.png").touch()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    folders = real_folders([tmp_path / "link", tmp_path / "real", tmp_path / "none"])
    assert folders == (tmp_path.resolve() / "real",)
    assert Roots(folders).confine(tmp_path / "link" / "a.png") == folders[0] / "a.png"


def test_a_name_beside_a_root_is_not_in_it(tmp_path: Path) -> None:
    for name in ("clips", "clips-of-others"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.png").touch()
    roots = Roots(real_folders([tmp_path / "clips"]))
    assert roots.confine("a.png").parent.name == "clips"
    for path in ("../clips-of-others/a.png", tmp_path / "clips-of-others" / "a.png"):
        with pytest.raises(OutsideRoots):
            roots.confine(path)


def test_a_relative_path_is_found_in_the_root_that_has_it(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / f"{name}.png").touch()
    roots = Roots(real_folders([tmp_path / "one", tmp_path / "two"]))
    assert [roots.confine(f"{name}.png").stem for name in ("one", "two")] == ["one", "two"]
    with pytest.raises(ConfigurationError, match="no such file"):
        roots.confine("three.png")
    assert roots.locate("three.png").parent.name == "one"


@pytest.mark.parametrize("path", ["/proc/self/environ", "/proc/self/fd/0", "/dev/stdin", "/sys/kernel", "/dev/zero"])
def test_a_root_above_everything_opens_no_tree_of_the_kernel(path: str) -> None:
    with pytest.raises(ConfigurationError):
        Roots(real_folders([Path("/")])).confine(path)
