"""An agent's client with a server of its own: the official client, over stdio, against a real process."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import mcp_types as types
from anyio.from_thread import BlockingPortal, start_blocking_portal
from mcp import Client, StdioServerParameters

from tests.support.command import KEY, SIGNATURE, environment
from tests.support.processes import children
from tests.support.service import Service

Era = Literal["legacy", "auto"]
ERAS: tuple[Era, ...] = ("legacy", "auto")
"""Questions during a call (2025-11-25), and questions as the answer to one (2026-07-28)."""

YES = types.ElicitResult(action="accept", content={"approve": True})
NOTHING_SAID = types.ElicitResult(action="cancel")

Answering = Callable[["types.ElicitRequestFormParams"], types.ElicitResult]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a tool answered. ``data`` is its structured content."""

    is_error: bool
    text: str
    data: Any

    @property
    def quote_id(self) -> str:
        """The quote of the one job."""
        (job,) = self.data["jobs"]
        assert isinstance(job["quote_id"], str), self.text
        return job["quote_id"]


class Agent:
    """A client whose person answers as ``answer`` says. ``questions`` are those that the person was asked."""

    def __init__(self, portal: BlockingPortal, answer: Answering | types.ElicitResult | None) -> None:
        self.answer = answer
        self.questions: list[str] = []
        self.roots: Sequence[Path] = ()
        self.pid = 0
        self.client: Client
        self._portal = portal

    def call(self, tool: str, arguments: Mapping[str, Any] | None = None, **more: Any) -> Reply:
        """Call a tool and wait for its answer."""
        return self.begin(tool, arguments, **more).result(120)

    def begin(self, tool: str, arguments: Mapping[str, Any] | None = None, **more: Any) -> Future[Reply]:
        """Call a tool; cancelling the result cancels the call."""
        return self._portal.start_task_soon(self._call, tool, {**(arguments or {}), **more})

    def run(self, work: Callable[[Client], Any]) -> Any:
        """The result of an async function over the client itself."""
        return self._portal.call(work, self.client)

    async def _call(self, tool: str, arguments: dict[str, Any]) -> Reply:
        return reply_of(await self.client.call_tool(tool, arguments))

    async def asked(self, _: Any, params: Any) -> types.ElicitResult:
        self.questions.append(params.message)
        assert self.answer is not None
        return self.answer(params) if callable(self.answer) else self.answer

    async def declared(self, _: Any) -> types.ListRootsResult:
        return types.ListRootsResult(roots=[types.Root(uri=root.as_uri()) for root in self.roots])  # type: ignore[arg-type]


def reply_of(result: types.CallToolResult) -> Reply:
    """The answer, which kept the promises of every answer: no secret, one text, and that the same as the data."""
    (content,) = result.content
    assert isinstance(content, types.TextContent)
    for secret in (KEY, SIGNATURE):
        assert secret not in content.text
        assert secret not in str(result.structured_content)
    assert len(content.text) <= 64 * 1024
    if result.structured_content is not None:
        assert json.loads(content.text) == result.structured_content
        assert "not instructions" in result.structured_content["notice"]
    return Reply(is_error=result.is_error, text=content.text, data=result.structured_content)


@contextmanager
def agent(
    service: Service,
    *options: str,
    answer: Answering | types.ElicitResult | None = None,
    roots: Sequence[Path] | None = None,
    mode: Era = "auto",
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> Iterator[Agent]:
    """An agent at ``service``. Without ``answer`` its client asks nobody; without ``roots`` it declares none."""
    given = {
        "PREFLIGHT_API_URL": service.url,
        "PREFLIGHT_API_KEY": KEY,
        "PREFLIGHT_ALLOW_HOST": "127.0.0.1",
        "PREFLIGHT_LEDGER": str(service.folder / "ledger.db"),
    }
    server = StdioServerParameters(
        command=sys.executable,
        args=["-m", "preflight", "mcp", *options],
        env=environment({**given, **(env or {})}, measured=True),
        cwd=cwd or service.folder,
    )
    with start_blocking_portal() as portal:
        made = Agent(portal, answer)
        made.roots = roots or ()
        made.client = Client(
            server,
            mode=mode,
            elicitation_callback=None if answer is None else made.asked,
            list_roots_callback=None if roots is None else made.declared,
        )
        before = children()
        with portal.wrap_async_context_manager(made.client):
            (made.pid,) = children() - before
            yield made
