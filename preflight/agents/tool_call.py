"""One call of a tool: its arguments, and the answers of the client to the questions of the server.

Until the protocol of 2025-11-25 the server asks while the call is under way. From 2026-07-28 on it answers the call
with its questions, and the client makes the same call again with the answers to them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import mcp_types as types
from mcp.server.context import ServerRequestContext
from mcp.shared.exceptions import MCPError
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from preflight.agents.roots import Roots, folder_of, real_folders

_ROOTS_KEY = "roots"
_MOST_ROOTS = 100


class InputNeeded(Exception):
    """The call goes on when the client makes it again with the answers to ``requests``."""

    def __init__(self, requests: types.InputRequests) -> None:
        super().__init__("the client is asked")
        self.requests = requests


class Call:
    """The call that ``params`` describe."""

    def __init__(self, context: ServerRequestContext[Any], params: types.CallToolRequestParams) -> None:
        self._context = context
        self._is_modern = context.protocol_version in MODERN_PROTOCOL_VERSIONS
        self._answers = (params.input_responses or {}) if self._is_modern else {}
        self.arguments: Mapping[str, Any] = params.arguments or {}

    @property
    def can_ask(self) -> bool:
        """Whether the client shows questions to a person."""
        capabilities = self._context.session.client_capabilities
        asks = capabilities.elicitation if capabilities else None
        return asks is not None and (asks.form is not None or asks.url is None)

    def answered(self, key: str) -> types.ElicitResult | None:
        """The answer that this call brings to the question ``key``."""
        answer = self._answers.get(key)
        return answer if isinstance(answer, types.ElicitResult) else None

    async def ask(self, key: str, message: str, schema: dict[str, Any]) -> types.ElicitResult | None:
        """The answer of a person; ``None`` where the client fails to ask. Raises ``InputNeeded``."""
        params = types.ElicitRequestFormParams(message=message, requested_schema=schema)
        if self._is_modern:
            raise InputNeeded({key: types.ElicitRequest(params=params)})
        try:
            return await self._context.session.elicit_form(message, schema, self._context.request_id)
        except (MCPError, ValueError):
            return None

    async def client_roots(self) -> Roots:
        """The folders that the client declares; none where it declares no roots. Raises ``InputNeeded``."""
        capabilities = self._context.session.client_capabilities
        if capabilities is None or capabilities.roots is None:
            return Roots(())
        if self._is_modern:
            answer = self._answers.get(_ROOTS_KEY)
            if not isinstance(answer, types.ListRootsResult):
                raise InputNeeded({_ROOTS_KEY: types.ListRootsRequest()})
            declared = answer
        else:
            try:
                declared = await self._context.session.send_request(types.ListRootsRequest(), types.ListRootsResult)
            except (MCPError, ValueError):
                return Roots(())
        folders = (folder_of(str(root.uri)) for root in declared.roots[:_MOST_ROOTS])
        return Roots(real_folders(folder for folder in folders if folder is not None))
