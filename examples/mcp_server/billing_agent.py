"""A LangChain agent that uses the billing server's tools with the authority that a person delegated to it.

    export AUTHSEC_BASE_URL="http://localhost:7468"
    export AUTHSEC_AGENT_CLIENT_ID="your-client-id"
    python examples/mcp_server/billing_agent.py "What does customer cust_42 owe?"

MODEL names a chat model, like `openai:gpt-5-mini` (install its package, such as langchain-openai, and export its key).
Without it a scripted one plays the part, which needs no provider.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from langchain.agents import create_agent
from langchain.chat_models import init_chat_model
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from langchain_mcp_adapters.client import MultiServerMCPClient

from authsec_langchain import AuthsecAuth, AuthsecClient, AuthsecConfig, AuthsecError


async def billing_tools(authsec: AuthsecClient, url: str) -> list[BaseTool]:
    """Return the server's tools. Every call of one carries a token for that server, and no other host gets it."""
    auth = AuthsecAuth(authsec, audience=url, hosts={urlsplit(url).hostname or ""})
    servers = MultiServerMCPClient({"billing": {"transport": "streamable_http", "url": url, "auth": auth}})
    return await servers.get_tools()


async def answer(authsec: AuthsecClient, url: str, question: str, model: BaseChatModel) -> str:
    """Let an agent answer a question, and return what it says."""
    agent = create_agent(model=model, tools=await billing_tools(authsec, url))
    said = await agent.ainvoke({"messages": [{"role": "user", "content": question}]})
    return str(said["messages"][-1].content)


class ScriptedChatModel(BaseChatModel):
    """Plays a model's part without a provider: it looks up cust_42, and reads out what the tool says."""

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def bind_tools(self, tools: Sequence[Any], **kwargs: Any) -> Runnable[Any, AIMessage]:
        """Return itself: it knows its only tool."""
        return self

    def _generate(
        self, messages: list[BaseMessage], stop: list[str] | None = None, run_manager: Any = None, **kwargs: Any
    ) -> ChatResult:
        last = messages[-1]
        if isinstance(last, ToolMessage):
            message = AIMessage(content=read_out(last))
        else:
            call = {"name": "get_customer_billing", "args": {"customer_id": "cust_42"}, "id": "call_1"}
            message = AIMessage(content="", tool_calls=[call])
        return ChatResult(generations=[ChatGeneration(message=message)])


def read_out(result: ToolMessage) -> str:
    """Put a tool's result into a sentence."""
    try:
        bill = json.loads(result.text)
    except ValueError:
        return f"I could not look it up: {result.text}"
    return f"Customer {bill['customer_id']} owes {bill['balance']} {bill['currency']}."


def cause_of(error: BaseException) -> AuthsecError | None:
    """Return AuthSec's reason for a failed call, which the MCP client wraps into groups of exceptions."""
    inner = getattr(error, "exceptions", ())
    return error if isinstance(error, AuthsecError) else next(filter(None, map(cause_of, inner)), None)


def main() -> None:
    """Answer the question of the command line."""
    question = " ".join(sys.argv[1:]) or "What does customer cust_42 owe?"
    url = os.environ.get("MCP_URL", "http://127.0.0.1:7470/mcp")
    named = os.environ.get("MODEL")
    model = init_chat_model(named) if named else ScriptedChatModel()
    try:
        with AuthsecClient(AuthsecConfig.from_env()) as authsec:
            print(asyncio.run(answer(authsec, url, question, model)))
    except Exception as error:
        if (cause := cause_of(error)) is None:
            raise
        sys.exit(str(cause))


if __name__ == "__main__":
    main()
