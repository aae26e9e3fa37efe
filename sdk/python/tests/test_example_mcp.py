"""examples/mcp_server: a LangChain agent and the MCP SDK's own client, with the real server that gives the tokens."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from mcp import ClientSession
from mcp.client.auth.extensions.client_credentials import ClientCredentialsOAuthProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.types import TextContent

from authsec import Authsec, running
from authsec_langchain import (
    AuthsecAuth,
    AuthsecClient,
    AuthsecConfig,
    DelegationEndedError,
    SenderConstraintRequiredError,
)
from authsec_langchain.verify import Verifier
from serving import listener, served

FOLDER = Path(__file__).parents[3] / "examples" / "mcp_server"
sys.path.insert(0, str(FOLDER))

import billing_agent  # noqa: E402
import billing_client  # noqa: E402
import billing_server  # noqa: E402

ROLE, BOTH = "customer-support", ["billing:read", "billing:refund"]


class Stage:
    """AuthSec, the billing server at `url`, and an agent that authenticates by its secret."""

    def __init__(self, authsec: Authsec, url: str, resource: dict[str, Any]) -> None:
        self.authsec = authsec
        self.url = url
        self.resource = resource
        self.agent = authsec.api(
            "POST", "/agents", {"name": f"Support {uuid4()}", "type": "langchain", "platform": "other"}
        )

    def delegate(self, *actions: str, **more: Any) -> str:
        """Lend actions to the agent, and return the delegation's ID."""
        body = {
            "role": ROLE, "client_id": self.agent["client_id"], "actions": actions, "max_duration_seconds": 3600,
            "resources": [self.url],
        }  # fmt: skip
        return str(self.authsec.api("POST", "/delegations", body | more)["id"])

    def client(self, **more: Any) -> AuthsecClient:
        secret = self.agent["client_secret"]
        settings: dict[str, Any] = {"base_url": self.authsec.url, "client_id": self.agent["client_id"]}
        return AuthsecClient(AuthsecConfig(**settings, client_secret=secret, max_retries=0, **more))


@pytest.fixture(scope="module")
def shared(program: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], Stage]]:
    """Run AuthSec and the billing server once; each call gives them with an agent of its own."""
    with running(program, tmp_path_factory.mktemp("authsec")) as authsec:
        for action in BOTH:
            authsec.api("POST", "/actions", {"name": action})
        authsec.api("POST", "/roles", {"name": ROLE, "actions": BOTH})
        at = listener()
        url = f"http://127.0.0.1:{at.getsockname()[1]}/mcp"
        resource = authsec.api("POST", "/resources", {"name": "Billing", "uri": url})
        verifier = Verifier(
            authsec.url, url, resource_id=resource["id"], resource_secret=resource["resource_secret"], revocation="push"
        )
        with verifier, served(billing_server.guarded(url, verifier), at=at):
            yield lambda: Stage(authsec, url, resource)


@pytest.fixture
def stage(shared: Callable[[], Stage]) -> Stage:
    return shared()


@asynccontextmanager
async def session(url: str, http: httpx.AsyncClient | None = None) -> AsyncIterator[ClientSession]:
    """Open a session as the MCP SDK's documentation has it."""
    async with (
        streamable_http_client(url, http_client=http) as (read, write, _),
        ClientSession(read, write) as opened,
    ):
        await opened.initialize()
        yield opened


def carrying(token: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(headers={"Authorization": f"Bearer {token}"}, trust_env=False)


async def status(url: str, token: str) -> int:
    """Return the status of a call with a token."""
    async with carrying(token) as http:
        body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
        headers = {"Accept": "application/json, text/event-stream"}
        return (await http.post(url, json=body, headers=headers)).status_code


def causes(error: BaseException) -> list[BaseException]:
    """Return the exceptions in groups of groups."""
    inner = getattr(error, "exceptions", None)
    return [error] if inner is None else [cause for one in inner for cause in causes(one)]


# --- the agent


async def test_the_agent_answers_with_a_delegated_token(stage: Stage) -> None:
    stage.delegate("billing:read")
    with stage.client() as authsec:
        model = billing_agent.ScriptedChatModel()
        said = await billing_agent.answer(authsec, stage.url, "What does customer cust_42 owe?", model)
        assert said == "Customer cust_42 owes 129.50 EUR."
        kept = authsec.cached_delegation(audience=stage.url)
        assert kept is not None
        assert (kept.audience, kept.permissions) == ((stage.url,), ("billing:read",))


async def test_a_tool_whose_action_is_not_delegated(stage: Stage) -> None:
    stage.delegate("billing:refund")
    with stage.client() as authsec:
        model = billing_agent.ScriptedChatModel()
        said = await billing_agent.answer(authsec, stage.url, "What does customer cust_42 owe?", model)
        assert said.startswith("I could not look it up: ")
        assert said.endswith("Not permitted: nobody has delegated billing:read to this agent.")


async def test_the_tools(stage: Stage) -> None:
    stage.delegate(*BOTH)

    async def call(name: str, **arguments: Any) -> tuple[bool, str]:
        result = await opened.call_tool(name, arguments)
        (content,) = result.content
        assert isinstance(content, TextContent)
        return result.isError, content.text

    with stage.client() as authsec:
        async with (
            httpx.AsyncClient(auth=AuthsecAuth(authsec, audience=stage.url), trust_env=False) as http,
            session(stage.url, http) as opened,
        ):
            tools = await opened.list_tools()
            assert [tool.name for tool in tools.tools] == ["list_customers", "get_customer_billing", "refund_customer"]
            assert "context" not in json.dumps([tool.inputSchema for tool in tools.tools])
            failed, text = await call("get_customer_billing", customer_id="cust_99")
            assert not failed
            me = stage.authsec.api("GET", "/me")["user"]
            bill = json.loads(text)
            assert (bill["balance"], bill["read_for"]) == ("0.00", me["id"])
            assert bill["read_by"].endswith(f"/agent/{stage.agent['client_id']}")
            failed, text = await call("refund_customer", customer_id="cust_99", amount="8.00")
            assert (failed, json.loads(text)["left"]) == (False, "40.00")
            for amount in ("0", "-1", "40.01", "NaN"):
                failed, text = await call("refund_customer", customer_id="cust_99", amount=amount)
                assert failed, amount
            assert (await call("get_customer_billing", customer_id="cust_0"))[0]


# --- the MCP SDK's own client


class Seen(httpx.AsyncHTTPTransport):
    """Notes what is sent where."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[tuple[str, int]] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        answer = await super().handle_async_request(request)
        self.sent.append((f"{request.method} {request.url}", answer.status_code))
        return answer


async def test_discovery_by_the_sdk_s_own_client(stage: Stage) -> None:
    stage.delegate(*BOTH)
    seen, memory = Seen(), billing_client.Memory()
    provider = ClientCredentialsOAuthProvider(
        stage.url, memory, stage.agent["client_id"], stage.agent["client_secret"], issuer=stage.authsec.url
    )
    async with billing_client.session(stage.url, provider, seen) as opened:
        result = await opened.call_tool("list_customers", {})
        assert result.structuredContent == {"result": ["cust_42", "cust_99"]}
    origin = stage.url.removesuffix("/mcp")
    assert seen.sent[:6] == [
        (f"POST {stage.url}", 401),
        (f"GET {origin}/.well-known/oauth-protected-resource/mcp", 200),
        (f"GET {stage.authsec.url}/.well-known/oauth-authorization-server", 200),  # not enough for it
        (f"GET {stage.authsec.url}/.well-known/openid-configuration", 200),
        (f"POST {stage.authsec.url}/oauth2/token", 200),
        (f"POST {stage.url}", 200),
    ]
    assert memory.token is not None
    assert memory.token.scope == "billing:read"  # what the metadata says to ask for; all that is lent is more


async def test_without_a_token(stage: Stage) -> None:
    with pytest.raises(BaseException) as caught:  # opening it fails
        async with session(stage.url):
            pass
    (error,) = causes(caught.value)
    assert isinstance(error, httpx.HTTPStatusError)
    assert error.response.status_code == 401
    metadata = f"{stage.url.removesuffix('/mcp')}/.well-known/oauth-protected-resource/mcp"
    challenges = error.response.headers.get_list("WWW-Authenticate")
    assert [challenge.split(" ")[0] for challenge in challenges] == ["Bearer", "DPoP"]
    assert all(f'resource_metadata="{metadata}"' in challenge for challenge in challenges)
    async with httpx.AsyncClient(trust_env=False) as http:
        document = (await http.get(metadata)).json()
    assert document | {"dpop_signing_alg_values_supported": None} == {
        "resource": stage.url,
        "authorization_servers": [stage.authsec.url],
        "scopes_supported": ["billing:read"],
        "bearer_methods_supported": ["header"],
        "resource_name": "Billing",
        "dpop_signing_alg_values_supported": None,
    }


async def test_a_token_for_another_resource(stage: Stage) -> None:
    other = "https://orders.example.com"
    if other not in [item["uri"] for item in stage.authsec.api("GET", "/resources")["items"]]:
        stage.authsec.api("POST", "/resources", {"name": "Orders", "uri": other})
    stage.delegate("billing:read", resources=[other])
    with stage.client() as authsec:
        assert await status(stage.url, authsec.get_delegation_token()) == 401


# --- tokens that are bound to a key


async def test_a_bound_token_opens_the_tools_for_its_key_alone(stage: Stage) -> None:
    stage.delegate("billing:read", sender_constrained="dpop")
    with stage.client(dpop=True) as authsec:
        model = billing_agent.ScriptedChatModel()
        said = await billing_agent.answer(authsec, stage.url, "What does customer cust_42 owe?", model)
        assert said == "Customer cust_42 owes 129.50 EUR."
        delegation = authsec.get_delegation(audience=stage.url)
        assert delegation.token_type == "DPoP"
        assert await status(stage.url, delegation.token) == 401  # as a Bearer token, stolen
    with stage.client() as plain, pytest.raises(SenderConstraintRequiredError):
        plain.get_delegation_token(audience=stage.url)


# --- taking it back


async def test_a_revoked_delegation(stage: Stage) -> None:
    delegation = stage.delegate("billing:read")
    with stage.client() as authsec:
        token = authsec.get_delegation_token(audience=stage.url)
        assert await status(stage.url, token) == 200
        stage.authsec.api("POST", f"/delegations/{delegation}/revoke", {})
        revoked_at = time.monotonic()
        while await status(stage.url, token) != 401:
            assert time.monotonic() - revoked_at < 5
        assert time.monotonic() - revoked_at < 2  # a second, and what a busy machine takes
        with pytest.raises(BaseException) as caught:
            await billing_agent.answer(authsec, stage.url, "What now?", billing_agent.ScriptedChatModel())
        assert isinstance(billing_agent.cause_of(caught.value), DelegationEndedError)


# --- the programs, as the README starts them


def test_the_programs(stage: Stage) -> None:
    at = listener()  # another address: another resource
    url = f"http://127.0.0.1:{at.getsockname()[1]}/mcp"
    at.close()
    resource = stage.authsec.api("POST", "/resources", {"name": f"Billing at {url}", "uri": url})
    delegation = stage.delegate("billing:read", resources=[url])
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("AUTHSEC_", "MCP_", "MODEL"))}
    server = subprocess.Popen(
        [sys.executable, str(FOLDER / "billing_server.py")],
        env=plain
        | {"MCP_URL": url, "AUTHSEC_ISSUER": stage.authsec.url}
        | {"AUTHSEC_RESOURCE_ID": resource["id"], "AUTHSEC_RESOURCE_SECRET": resource["resource_secret"]},
        stderr=subprocess.PIPE,
        text=True,
    )
    settings = {
        "AUTHSEC_ISSUER": stage.authsec.url,
        "AUTHSEC_BASE_URL": stage.authsec.url,
        "AUTHSEC_AGENT_CLIENT_ID": stage.agent["client_id"],
        "AUTHSEC_CLIENT_SECRET": stage.agent["client_secret"],
        "MCP_URL": url,
    }

    def run(name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, str(FOLDER / name), *arguments],
            env=plain | settings,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    try:
        assert server.stderr is not None
        for line in server.stderr:
            if "Uvicorn running on" in line:
                break
        done = run("billing_agent.py", "What does customer cust_42 owe?")
        assert (done.returncode, done.stdout) == (0, "Customer cust_42 owes 129.50 EUR.\n"), done.stderr
        done = run("billing_client.py")
        assert (done.returncode, done.stdout.splitlines()) == (
            0,
            [
                "tools: list_customers, get_customer_billing, refund_customer",
                'list_customers: {"result": ["cust_42", "cust_99"]}',
            ],
        ), done.stderr
        stage.authsec.api("POST", f"/delegations/{delegation}/revoke", {})
        done = run("billing_agent.py")
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.startswith("delegation_ended (HTTP 410): ")
        assert len(done.stderr.splitlines()) == 1
    finally:
        server.terminate()
        server.communicate(timeout=10)


def test_the_pins_are_those_that_this_is_tested_with() -> None:
    def pins(path: Path) -> set[str]:
        lines = path.read_text().splitlines()
        return {line.replace("[crypto]", "").partition(";")[0] for line in lines if line and not line.startswith("#")}

    assert pins(FOLDER / "requirements.txt") <= pins(FOLDER.parents[1] / "sdk" / "python" / "requirements-dev.txt")


def test_a_server_without_a_credential_says_what_to_do() -> None:
    done = subprocess.run(
        [sys.executable, str(FOLDER / "billing_server.py")],
        env={name: value for name, value in os.environ.items() if not name.startswith(("AUTHSEC_", "MCP_"))},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert "Register http://127.0.0.1:7470/mcp as a Resource" in done.stderr
    assert "Traceback" not in done.stderr
