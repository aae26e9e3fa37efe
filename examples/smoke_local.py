"""The guide's smoke test: an agent gets a delegated token and calls an API with it. Runs without any model provider.

    export AUTHSEC_BASE_URL="http://localhost:7468"
    export AUTHSEC_AGENT_CLIENT_ID="your-client-id"
    python examples/smoke_local.py

DOWNSTREAM_URL is the API that the agent calls; by default the demo billing API at http://127.0.0.1:7469. Every other
AUTHSEC_* variable of the SDK works too. Exits with 0 when everything worked, and with 1 and a reason when not.
"""

from __future__ import annotations

import json
import os
import ssl
import sys
import time
from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Any

DOWNSTREAM_URL = os.environ.get("DOWNSTREAM_URL") or "http://127.0.0.1:7469"
CUSTOMER = "cust_42"

try:
    import httpx
    import jwt
    from langchain.agents import create_agent
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import AIMessage, BaseMessage, ToolMessage
    from langchain_core.outputs import ChatGeneration, ChatResult
    from langchain_core.runnables import Runnable
    from langchain_core.tools import BaseTool, tool

    from authsec_langchain import AuthsecClient, AuthsecConfig, AuthsecError, Delegation
except ImportError as error:
    sys.exit(
        f"Smoke test failed: {error}.\n\n"
        "Install the SDK from this repository (the one on the public package index is another publisher's):\n\n"
        '  pip install ./sdk/python "langchain>=1.0,<2.0" "langchain-core>=1.0,<2.0" "PyJWT>=2.8" "cryptography>=41"'
    )


class SmokeTestError(Exception):
    """Says what failed and what to do."""


class ScriptedChatModel(BaseChatModel):
    """Plays the model's part without a network: it calls the tool once, then reads out what the tool returned."""

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def bind_tools(self, tools: Sequence[Any], **kwargs: Any) -> Runnable[Any, AIMessage]:
        return self

    def _generate(
        self, messages: list[BaseMessage], stop: list[str] | None = None, run_manager: Any = None, **kwargs: Any
    ) -> ChatResult:
        last = messages[-1]
        if isinstance(last, ToolMessage):
            message = AIMessage(content=read_out(str(last.content)))
        else:
            call = {"name": "get_customer_billing", "args": {"customer_id": CUSTOMER}, "id": "call_1"}
            message = AIMessage(content="", tool_calls=[call])
        return ChatResult(generations=[ChatGeneration(message=message)])


def read_out(billing: str) -> str:
    """Put the billing API's JSON into a sentence."""
    details = json.loads(billing)
    if isinstance(details, dict) and isinstance(details.get("balance"), (int, float)):
        return f"Customer {details.get('customer_id')} owes {details['balance']:.2f} {details.get('currency', '')}."
    return f"The billing API says: {billing}"


def main() -> int:
    """Run the steps, and return the exit status."""
    try:
        say("AuthSec smoke test", bold=True)
        authsec = configure()
        with authsec:
            fetch(authsec)
            run_agent(authsec)
    except KeyboardInterrupt:
        return 130
    except Exception as error:  # noqa: BLE001  # whatever it is, a person reads it
        print(f"\nSmoke test failed.\n\n{explain(error)}", file=sys.stderr)
        return 1
    say("\nSmoke test passed.", bold=True)
    return 0


def configure() -> AuthsecClient:
    """Step 1."""
    say("\n1. Configure the client", bold=True)
    examples = {"AUTHSEC_BASE_URL": "http://localhost:7468", "AUTHSEC_AGENT_CLIENT_ID": "your-client-id"}
    if missing := [name for name in examples if not os.environ.get(name, "").strip()]:
        form = '  $env:{} = "{}"' if os.name == "nt" else '  export {}="{}"'
        commands = "\n".join(form.format(name, examples[name]) for name in missing)
        raise SmokeTestError(
            f"{' and '.join(missing)} not set. Run this, with your own values, and try again:\n\n{commands}\n\n"
            "The Client ID stands on the agent's page in the console."
        )
    config = AuthsecConfig.from_env()
    proof = "none (the agent must be permissive, or known by its connection)"
    if config.client_secret is not None:
        proof = "client secret"
    elif config.workload_token_file is not None:
        proof = f"workload token in {config.workload_token_file}"
    table({"server": config.base_url, "client ID": config.client_id, "proof": proof, "billing API": DOWNSTREAM_URL})
    return AuthsecClient(config)


def fetch(authsec: AuthsecClient) -> None:
    """Step 2."""
    say("\n2. Fetch a delegation token", bold=True)
    started = time.perf_counter()
    delegation = authsec.get_delegation()
    first = time.perf_counter() - started
    started = time.perf_counter()
    again = authsec.get_delegation()
    second = time.perf_counter() - started
    if again is not delegation:
        raise SmokeTestError("The second fetch asked the server again instead of using the cache.")
    table(
        {
            "first fetch": f"{first * 1e3:.1f} ms, from the server",
            "second fetch": f"{second * 1e3:.3f} ms, from the cache",
            "expires": f"{delegation.expires_at:%Y-%m-%d %H:%M:%S} UTC, in {delegation.ttl_seconds} s",
        }
    )
    header, claims = verify(authsec.config, delegation)
    say("   Header")
    table(header, indent=5)
    say("   Claims")
    table({name: readable(name, value) for name, value in claims.items()}, indent=5)
    say("   Signature")
    table({"verified": f"against {jwks_url(authsec.config)}"}, indent=5)


def jwks_url(config: AuthsecConfig) -> str:
    """Return where the server publishes its keys."""
    return f"{config.base_url}/.well-known/jwks.json"


def verify(config: AuthsecConfig, delegation: Delegation) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the token's header and claims, after checking its signature with the server's published keys."""
    try:
        header = jwt.get_unverified_header(delegation.token)
        claims = jwt.decode(delegation.token, options={"verify_signature": False})
        trust = ssl.create_default_context(cafile=config.ca_bundle)
        keys = jwt.PyJWKClient(jwks_url(config), timeout=10, ssl_context=trust)
        key = keys.get_signing_key_from_jwt(delegation.token)
        audience = list(delegation.audience) or claims.get("aud")
        jwt.decode(delegation.token, key.key, algorithms=["RS256"], audience=audience, leeway=60)
    except jwt.PyJWTError as error:
        raise SmokeTestError(
            f"The token does not verify against {jwks_url(config)}: {type(error).__name__}: {error}.\n\n"
            "Check that AUTHSEC_BASE_URL is the server that issues the tokens, and that this machine's clock is right."
        ) from None
    return header, claims


def billing_tool(authsec: AuthsecClient) -> BaseTool:
    """Return the guide's tool, as the guide writes it."""

    @tool
    def get_customer_billing(customer_id: str) -> dict:  # type: ignore[type-arg]
        """Get billing details for a customer by their ID."""
        jwt_token = authsec.get_delegation_token()
        resp = httpx.get(
            f"{DOWNSTREAM_URL}/billing/customers/{customer_id}",
            headers={"Authorization": f"Bearer {jwt_token}"},
            timeout=5,
        )
        resp.raise_for_status()
        return resp.json()  # type: ignore[no-any-return]

    return get_customer_billing


def run_agent(authsec: AuthsecClient) -> None:
    """Step 3."""
    say("\n3. Run the agent", bold=True)
    question = f"What does customer {CUSTOMER} owe?"
    table({"user": question})
    agent = create_agent(model=ScriptedChatModel(), tools=[billing_tool(authsec)])
    called = False
    for step in agent.stream({"messages": [{"role": "user", "content": question}]}, stream_mode="updates"):
        for message in [message for update in step.values() for message in update["messages"]]:
            if isinstance(message, ToolMessage):
                called = message.status == "success"
                table({"tool result" if called else "tool error": message.content})
            elif message.tool_calls:
                (call,) = message.tool_calls
                table({"tool call": f"{call['name']}({', '.join(f'{k}={v!r}' for k, v in call['args'].items())})"})
            else:
                table({"answer": message.content})
    if not called:
        raise SmokeTestError("The agent's tool did not succeed; see its error above.")


def explain(error: Exception) -> str:
    """Say in a few lines what went wrong and what to do."""
    if isinstance(error, httpx.HTTPStatusError):
        answer = error.response
        return (
            f"The billing API answered {answer.status_code} to {error.request.method} {error.request.url}:\n\n"
            f"  {answer.text[:500]}\n\n"
            "401 means that it does not accept the token: check that it trusts this AuthSec server and that the token\n"
            "is meant for it (aud above). 403 means that the delegation lacks the action that it asks for."
        )
    if isinstance(error, httpx.HTTPError):
        return (
            f"The billing API at {DOWNSTREAM_URL} cannot be reached ({type(error).__name__}: {error}).\n\n"
            "Start the demo, which brings it along, or set DOWNSTREAM_URL to your own API."
        )
    if isinstance(error, AuthsecError):
        return str(error).replace(" What to do: ", "\n\nWhat to do: ")
    return str(error) if isinstance(error, SmokeTestError) else f"{type(error).__name__}: {error}"


def readable(name: str, value: Any) -> str:
    """Write a claim for people: times as dates, lists in one line."""
    if name in ("exp", "iat", "nbf") and isinstance(value, (int, float)):
        return f"{value} ({datetime.fromtimestamp(value, timezone.utc):%Y-%m-%d %H:%M:%S} UTC)"
    return value if isinstance(value, str) else json.dumps(value)


def table(rows: dict[str, Any], *, indent: int = 3) -> None:
    """Print names and values in two columns."""
    width = max([15 - indent, *map(len, rows)])
    for name, value in rows.items():
        say(f"{' ' * indent}{name:{width}}  {value}")


def say(text: str, *, bold: bool = False) -> None:
    """Print a line; headings in bold on a terminal, unless NO_COLOR is set."""
    colour = bold and sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    print(f"\x1b[1m{text}\x1b[0m" if colour else text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
