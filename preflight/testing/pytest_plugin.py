"""The pytest plugin: its fixtures load what they need when a test uses them, and nothing before."""

from __future__ import annotations

import pytest

TYPE_CHECKING = False  # as in typing: every run of pytest loads this module
if TYPE_CHECKING:
    from collections.abc import Iterator

    from preflight.testing import MediaServer, RunningSandbox

_MARKER = (
    "preflight_sandbox(credits=…, speed=…, pending_seconds=…, processing_seconds=…, seed=…, faults=…):"
    " options of the sandbox that the fixture preflight_sandbox starts"
)


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line("markers", _MARKER)


@pytest.fixture
def preflight_sandbox(request: pytest.FixtureRequest) -> Iterator[RunningSandbox]:
    """A sandbox of its own for each test: base URL, key, balance, faults, and the tasks that it has seen."""
    from contextlib import ExitStack

    from preflight.errors import ConfigurationError
    from preflight.testing.running_sandbox import running_sandbox  # only for a test that uses it

    marker = request.node.get_closest_marker("preflight_sandbox")
    if marker and marker.args:
        raise pytest.UsageError("@pytest.mark.preflight_sandbox takes its options by name, as in credits=360")
    with ExitStack() as stack:
        try:
            sandbox = stack.enter_context(running_sandbox(**(marker.kwargs if marker else {})))
        except ConfigurationError as error:
            raise pytest.UsageError(f"@pytest.mark.preflight_sandbox: {error}") from error
        yield sandbox


@pytest.fixture
def preflight_media() -> Iterator[MediaServer]:
    """A server of pictures and clips, made as the test asks: size, length, fault."""
    from preflight.testing.media_server import serving_media  # only for a test that uses it

    with serving_media() as media:
        yield media
