"""The guide's own snippets, run by a real LangChain agent whose chat model is scripted."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Sequence
from typing import Any
from uuid import uuid4

import httpx
import pytest
from langchain.agents import create_agent
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool

from authsec_langchain import AgentSuspendedError, AuthsecCallbackHandler, AuthsecClient, ToolRecord
from server import CLIENT_ID, FakeServer, Received, Reply, error_reply, token_reply

# The guide, steps 3 to 5, to the letter; only the indentation, which its text form has lost, is put back.
STEP_3 = "from authsec_langchain import AuthsecClient, AuthsecConfig; print('OK')"
STEP_4 = """\
import os
from authsec_langchain import AuthsecClient, AuthsecConfig

authsec = AuthsecClient(AuthsecConfig(
base_url=os.environ["AUTHSEC_BASE_URL"],
client_id=os.environ["AUTHSEC_AGENT_CLIENT_ID"], # from Step 1
))
"""
STEP_5 = '''\
from langchain_core.tools import tool
import httpx

DOWNSTREAM_URL = os.environ["DOWNSTREAM_URL"]

@tool
def get_customer_billing(customer_id: str) -> dict:
    """Get billing details for a customer by their ID."""
    jwt_token = authsec.get_delegation_token()
    resp = httpx.get(
        f"{DOWNSTREAM_URL}/billing/customers/{customer_id}",
        headers={"Authorization": f"Bearer {jwt_token}"},
        timeout=5,
    )
    resp.raise_for_status()
    return resp.json()
'''
TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ1LTEifQ.c2lnbmF0dXJl"


class ScriptedChatModel(BaseChatModel):
    """Calls the first tool once, then says what the tool returned."""

    tool_name: str = ""
    arguments: dict[str, Any]

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def bind_tools(self, tools: Sequence[Any], **kwargs: Any) -> Runnable[Any, AIMessage]:
        return self.model_copy(update={"tool_name": tools[0].name})

    def _generate(
        self, messages: list[BaseMessage], stop: list[str] | None = None, run_manager: Any = None, **kwargs: Any
    ) -> ChatResult:
        last = messages[-1]
        if isinstance(last, ToolMessage):
            answer = AIMessage(content=f"The tool says: {last.content}")
        else:
            call = {"name": self.tool_name, "args": self.arguments, "id": "call-1"}
            answer = AIMessage(content="", tool_calls=[call])
        return ChatResult(generations=[ChatGeneration(message=answer)])


@pytest.fixture
def billing() -> Iterator[FakeServer]:
    def answer(request: Received) -> Reply:
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return Reply(401, {})
        return Reply(200, {"customer_id": request.path.rsplit("/", 1)[1], "balance": "12.50"})

    with FakeServer().running() as running:
        running.answer = answer
        yield running


@pytest.fixture
def guide(server: FakeServer, billing: FakeServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """Run the guide's snippets, and return the names that they define."""
    server.answer = lambda _: token_reply(TOKEN)
    monkeypatch.setenv("AUTHSEC_BASE_URL", server.url)
    monkeypatch.setenv("AUTHSEC_AGENT_CLIENT_ID", CLIENT_ID)
    monkeypatch.setenv("DOWNSTREAM_URL", billing.url)
    names: dict[str, Any] = {}
    for snippet in (STEP_3, STEP_4, STEP_5):
        exec(snippet, names)
    yield names
    names["authsec"].close()


ASK = {"messages": [{"role": "user", "content": "What does customer c-42 owe?"}]}


def agent_for(tool: BaseTool, **arguments: Any) -> Any:
    return create_agent(model=ScriptedChatModel(arguments=arguments or {"customer_id": "c-42"}), tools=[tool])


def test_the_guide_s_tool_in_a_real_agent(guide: dict[str, Any], server: FakeServer, billing: FakeServer) -> None:
    agent = agent_for(guide["get_customer_billing"])
    for _ in range(3):
        result = agent.invoke(ASK)
    assert result["messages"][-1].content == 'The tool says: {"customer_id": "c-42", "balance": "12.50"}'
    assert [request.path for request in billing.received] == ["/billing/customers/c-42"] * 3
    assert len(server.received) == 1  # "only hits the network on first call or after expiry"


def test_the_guide_s_tool_in_an_asynchronous_agent(guide: dict[str, Any], server: FakeServer) -> None:
    agent = agent_for(guide["get_customer_billing"])

    async def several() -> list[Any]:
        return await asyncio.gather(*[agent.ainvoke(ASK) for _ in range(10)])

    assert all("12.50" in result["messages"][-1].content for result in asyncio.run(several()))
    assert len(server.received) == 1


def test_a_refusal_stops_the_agent_with_its_reason(guide: dict[str, Any], server: FakeServer) -> None:
    server.answer = lambda _: error_reply(403, "agent_suspended", "The agent is suspended.")
    with pytest.raises(AgentSuspendedError, match="The agent is suspended"):
        agent_for(guide["get_customer_billing"]).invoke(ASK)


# --- the callback handler


@pytest.fixture
def authsec(guide: dict[str, Any]) -> AuthsecClient:
    client: AuthsecClient = guide["authsec"]
    return client


@pytest.mark.parametrize("asynchronous", [False, True])
def test_it_records_under_which_delegation_tools_ran(
    guide: dict[str, Any], authsec: AuthsecClient, caplog: pytest.LogCaptureFixture, asynchronous: bool
) -> None:
    handler = AuthsecCallbackHandler(authsec)
    agent = agent_for(guide["get_customer_billing"])
    how: dict[str, Any] = {"config": {"callbacks": [handler]}}
    with caplog.at_level(logging.INFO, logger="authsec_langchain.tools"):
        if asynchronous:
            asyncio.run(agent.ainvoke(ASK, **how))
        else:
            agent.invoke(ASK, **how)
    start, end = handler.records
    delegation = authsec.get_delegation()
    assert (start.event, end.event) == ("start", "end")
    assert start.tool == end.tool == "get_customer_billing"
    assert (start.delegation_id, start.permissions, start.expires_at) == (None, (), None)  # before the first token
    assert (end.delegation_id, end.permissions) == ("dlg-1", ("billing:read",))
    assert end.expires_at == delegation.expires_at
    assert start.client_id == end.client_id == CLIENT_ID
    assert start.run_id == end.run_id
    assert "c-42" in start.detail
    assert "12.50" in end.detail
    assert start.at <= end.at
    logged = [record for record in caplog.records if record.name == "authsec_langchain.tools"]
    assert [record.authsec for record in logged] == [start, end]  # type: ignore[attr-defined]
    assert "delegation_id=dlg-1 permissions=billing:read" in logged[1].getMessage()
    assert TOKEN not in caplog.text


def test_it_records_errors(guide: dict[str, Any], authsec: AuthsecClient, billing: FakeServer) -> None:
    billing.answer = lambda _: Reply(500, {})
    handler = AuthsecCallbackHandler(authsec)
    with pytest.raises(httpx.HTTPStatusError):
        agent_for(guide["get_customer_billing"]).invoke(ASK, config={"callbacks": [handler]})
    assert [record.event for record in handler.records] == ["start", "error"]
    assert handler.records[1].detail.startswith("HTTPStatusError: Server error '500")
    assert handler.records[1].delegation_id == "dlg-1"


def test_no_token_is_recorded_or_logged(
    authsec: AuthsecClient, server: FakeServer, caplog: pytest.LogCaptureFixture
) -> None:
    from langchain_core.tools import tool

    server.answer = lambda _: token_reply("an-opaque-token")

    @tool
    def leak(token: str) -> str:
        """Return what no tool should."""
        return f"{token} {authsec.get_delegation_token()}"

    handler = AuthsecCallbackHandler(authsec)
    with caplog.at_level(logging.INFO):
        agent_for(leak, token=TOKEN).invoke(ASK, config={"callbacks": [handler]})
    assert "[redacted] [redacted]" in handler.records[1].detail
    for secret in (TOKEN, "an-opaque-token"):
        assert secret not in repr(handler.records)
        assert secret not in caplog.text


def test_records_and_details_are_bounded(authsec: AuthsecClient) -> None:
    handler = AuthsecCallbackHandler(authsec, max_records=2, max_detail=10)
    for number in range(5):
        run = uuid4()
        handler.on_tool_start({"name": "t"}, f"{number}" * 100, run_id=run)
        handler.on_tool_error(ValueError("x" * 100), run_id=run)
    assert [len(record.detail) for record in handler.records] == [10, 10]
    assert handler._tools == {}
    silent = AuthsecCallbackHandler(authsec, max_detail=0)
    silent.on_tool_end("something", run_id=uuid4())
    (record,) = silent.records
    assert isinstance(record, ToolRecord)
    assert (record.detail, record.tool) == ("", "unknown")


def test_tools_that_never_end_do_not_pile_up(authsec: AuthsecClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("authsec_langchain._langchain._MAX_RUNNING", 3)
    handler = AuthsecCallbackHandler(authsec)
    for _ in range(5):
        handler.on_tool_start({"name": "t"}, "", run_id=uuid4())
    assert len(handler._tools) == 3


def test_it_looks_at_the_scope_that_the_tools_use(authsec: AuthsecClient) -> None:
    authsec.get_delegation_token(actions="a:read")
    plain, scoped = AuthsecCallbackHandler(authsec), AuthsecCallbackHandler(authsec, actions=["a:read"])
    for handler in (plain, scoped):
        handler.on_tool_start({}, "", run_id=uuid4(), name="t")
    assert plain.records[0].delegation_id is None
    assert (scoped.records[0].delegation_id, scoped.records[0].tool) == ("dlg-1", "t")
