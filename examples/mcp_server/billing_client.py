"""An MCP client that knows nothing of AuthSec: the official SDK's own, with its own OAuth.

    export AUTHSEC_ISSUER="http://localhost:7468"
    export AUTHSEC_AGENT_CLIENT_ID="your-client-id" AUTHSEC_CLIENT_SECRET="…"
    python examples/mcp_server/billing_client.py

It asks the MCP server, is told where tokens are to be had, gets one there and asks again.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from mcp import ClientSession
from mcp.client.auth import TokenStorage
from mcp.client.auth.extensions.client_credentials import ClientCredentialsOAuthProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import OAuthClientInformationFull, OAuthToken


class Memory(TokenStorage):
    """Keeps the token for as long as the process lives."""

    def __init__(self) -> None:
        self.token: OAuthToken | None = None

    async def get_tokens(self) -> OAuthToken | None:
        """Return the token."""
        return self.token

    async def set_tokens(self, tokens: OAuthToken) -> None:
        """Keep the token."""
        self.token = tokens

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        """Return None: the client is registered already."""
        return None

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        """Do nothing: the client is registered already."""


@asynccontextmanager
async def session(
    url: str, auth: httpx.Auth, transport: httpx.AsyncBaseTransport | None = None
) -> AsyncIterator[ClientSession]:
    """Open a session with an MCP server."""
    async with (
        httpx.AsyncClient(auth=auth, transport=transport) as http,
        streamable_http_client(url, http_client=http) as (read, write, _),
        ClientSession(read, write) as opened,
    ):
        await opened.initialize()
        yield opened


async def main() -> None:
    """List the server's tools, and call the first."""
    url = os.environ.get("MCP_URL", "http://127.0.0.1:7470/mcp")
    auth = ClientCredentialsOAuthProvider(
        url,
        Memory(),
        os.environ["AUTHSEC_AGENT_CLIENT_ID"],
        os.environ["AUTHSEC_CLIENT_SECRET"],
        issuer=os.environ.get("AUTHSEC_ISSUER", "http://localhost:7468"),
    )
    async with session(url, auth) as opened:
        tools = (await opened.list_tools()).tools
        print("tools:", ", ".join(tool.name for tool in tools))
        result = await opened.call_tool(tools[0].name, {})
        print(f"{tools[0].name}:", json.dumps(result.structuredContent))


if __name__ == "__main__":
    asyncio.run(main())
