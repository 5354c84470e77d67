"""The MCP server over standard input and output: it finds the tool of a call, and answers within bounds."""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import mcp_types as types
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server

from preflight.agents.arguments_check import ArgumentsCheck
from preflight.agents.call_targets import names_paths
from preflight.agents.operator_orders import OperatorOrders
from preflight.agents.paying_tools import PayingTools, Service
from preflight.agents.quote_book import QuoteBook
from preflight.agents.reading_tools import ReadingTools
from preflight.agents.roots import Roots, real_folders
from preflight.agents.tool_call import Call, InputNeeded
from preflight.agents.tool_results import as_data, error_text
from preflight.agents.tool_table import INSTRUCTIONS, tools
from preflight.checking.resources import Resources
from preflight.errors import OutcomeUnknown, PreflightError, StillUnknown

_AT_ONCE = 8
"""Calls under way; further ones wait."""

_DOUBTFUL = frozenset({"intended", "sent", "unknown"})
"""States of a paid request that is told as an error: it may have been paid for."""

_LOG = logging.getLogger("preflight.agents")

_Handler = Callable[[Call], Awaitable[dict[str, Any]]]


class AgentServer:
    """One run of the server. ``version`` is shown to clients."""

    def __init__(self, orders: OperatorOrders, service: Service, resources: Resources, *, version: str) -> None:
        book = QuoteBook(orders.quote_seconds)
        self._named_roots = Roots(real_folders(orders.roots)) if orders.roots else None
        self._reading = ReadingTools(orders, book, resources)
        self._paying = PayingTools(orders, book, resources, service)
        self._tools = tools(orders)
        self._checks = {tool.name: ArgumentsCheck(tool.input_schema) for tool in self._tools}
        self._turns = anyio.Semaphore(_AT_ONCE)
        self._handlers: dict[str, _Handler] = {
            "check": lambda call: self._read(self._reading.check, call),
            "estimate": lambda call: self._read(self._reading.estimate, call),
            "probe": lambda call: self._read(self._reading.probe, call),
            "explain": lambda call: self._reading.explain(call.arguments, Roots(())),
            "fix": lambda call: self._read(self._reading.fix, call),
            "task": lambda call: self._paying.task(call.arguments["task_id"]),
            "credits": lambda _: self._paying.credits(),
            "submit": self._paying.submit,
        }
        self.server: Server[Any] = Server(
            "preflight",
            version=version,
            instructions=INSTRUCTIONS,
            on_list_tools=self._list,
            on_call_tool=self._call,
        )

    async def _read(self, tool: Callable[[Any, Roots], Awaitable[dict[str, Any]]], call: Call) -> dict[str, Any]:
        roots = self._named_roots
        if roots is None:
            roots = await call.client_roots() if names_paths(call.arguments) else Roots(())
        return await tool(call.arguments, roots)

    async def _list(
        self, _: ServerRequestContext[Any], __: types.PaginatedRequestParams | None
    ) -> types.ListToolsResult:
        return types.ListToolsResult(tools=self._tools)

    async def _call(
        self, context: ServerRequestContext[Any], params: types.CallToolRequestParams
    ) -> types.CallToolResult | types.InputRequiredResult:
        handler = self._handlers.get(params.name)
        if handler is None:
            return _failed(f"no such tool; the tools are: {', '.join(self._handlers)}")
        call = Call(context, params)
        try:
            self._checks[params.name].require(call.arguments)
            async with self._turns:
                result = as_data(await handler(call))
        except InputNeeded as needed:
            return types.InputRequiredResult(input_requests=needed.requests)
        except OutcomeUnknown as unknown:
            entry = "" if unknown.entry_id is None else f" (entry {unknown.entry_id} of the ledger)"
            return _failed(
                f"the outcome is unknown{entry}: {error_text(unknown)}. The job may have been charged. It is not sent"
                " again until a person settles it: preflight ledger resolve"
            )
        except StillUnknown as doubt:
            return _failed(
                f"not sent: this job may have been charged already (entry {doubt.entry_id} of the ledger). A person"
                f" settles that: preflight ledger resolve {doubt.entry_id}"
            )
        except PreflightError as error:
            return _failed(error_text(error))
        except Exception as error:  # noqa: BLE001 - logged with its traceback; the server goes on
            _LOG.exception("the tool %s failed: a bug in preflight", params.name)
            return _failed(f"internal error, a bug in preflight: {type(error).__name__}")
        is_doubtful = params.name == "submit" and result["repeated"] and result["state"] in _DOUBTFUL
        content = types.TextContent(type="text", text=json.dumps(result))
        return types.CallToolResult(content=[content], structured_content=result, is_error=is_doubtful)


def _failed(text: str) -> types.CallToolResult:
    return types.CallToolResult(content=[types.TextContent(type="text", text=text)], is_error=True)


def serve(orders: OperatorOrders, service: Service, *, version: str) -> None:
    """Serve one client until it closes standard input. A payment under way is finished and recorded first."""
    resources = Resources()
    try:
        agents = AgentServer(orders, service, resources, version=version)
        anyio.run(_serve, agents.server)
    finally:
        resources.close()


async def _serve(server: Server[Any]) -> None:
    async with stdio_server() as (incoming, outgoing):
        await server.run(incoming, outgoing, server.create_initialization_options())
