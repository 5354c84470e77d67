"""What holds for every test: a data folder of its own, default signals for children, and an end to every wait."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.support.processes import MEASUREMENT, hand_down_default_signals, within

MOST_SECONDS = 480
"""Far more than any test takes: it only ends one that would wait for ever."""

hand_down_default_signals()

settings.register_profile("busy", deadline=None)  # a time says how busy the machine is
settings.load_profile("busy")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    with within(MOST_SECONDS, item.nodeid):
        yield


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Save the coverage of a worker while it is waited for: one that ends slowly is killed with its data."""
    if "coverage" in sys.modules and hasattr(session.config, "workerinput"):
        from coverage import Coverage  # noqa: PLC0415 - only where it runs already

        if (running := Coverage.current()) is not None:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # a worker without a test has no data
                running.save()


@pytest.fixture(scope="session", autouse=True)
def data_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A data folder of this session's own, here and in every process that is started."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("data")
        patch.setenv("XDG_DATA_HOME", str(folder))
        patch.setenv("LOCALAPPDATA", str(folder))
        yield folder


@pytest.fixture(scope="session", autouse=True)
def unmeasured_children() -> Iterator[None]:
    """Children do not measure their coverage, but for those that are asked to (``MEASUREMENT``)."""
    with pytest.MonkeyPatch.context() as patch:
        for name in MEASUREMENT:
            patch.delenv(name)
        yield


@pytest.fixture
def measured_children(monkeypatch: pytest.MonkeyPatch) -> None:
    """The children of this test measure their coverage."""
    for name, value in MEASUREMENT.items():
        monkeypatch.setenv(name, value)
