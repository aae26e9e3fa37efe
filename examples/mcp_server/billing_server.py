"""An MCP server whose tools open to an agent that a person delegated actions to.

    export AUTHSEC_ISSUER="http://localhost:7468"
    export AUTHSEC_RESOURCE_ID="…" AUTHSEC_RESOURCE_SECRET="…"
    python examples/mcp_server/billing_server.py

It is registered at AuthSec as a Resource by its own URL, MCP_URL, which gave the ID and the secret.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import uvicorn
from mcp.server.fastmcp import Context, FastMCP
from mcp.server.fastmcp.exceptions import ToolError
from mcp.server.transport_security import TransportSecuritySettings

from authsec_langchain import AuthsecConfigError
from authsec_langchain.verify import Claims, ProtectedResource, Verifier
from authsec_langchain.verify.asgi import Application, BearerMiddleware, claims_of

READ, REFUND = "billing:read", "billing:refund"


@dataclass
class Account:
    """What a customer owes and has paid, in euros."""

    plan: str
    owed: Decimal
    paid: Decimal


ACCOUNTS = {
    "cust_42": Account("team", Decimal("129.50"), Decimal("310.00")),
    "cust_99": Account("solo", Decimal("0.00"), Decimal("48.00")),
}


def permitted(context: Context[Any, Any, Any], action: str) -> Claims:
    """Return what the call's token says, when it allows action."""
    request = context.request_context.request
    if request is None:
        raise ToolError("This tool is for calls over HTTP.")
    claims = claims_of(request)
    if not claims.has_action(action):
        raise ToolError(f"Not permitted: nobody has delegated {action} to this agent.")
    return claims


def account_of(customer_id: str) -> Account:
    """Return a customer's account."""
    if customer_id not in ACCOUNTS:
        raise ToolError(f"There is no customer {customer_id}.")
    return ACCOUNTS[customer_id]


def billing_tools(url: str) -> FastMCP:
    """Return the MCP server that listens at url."""
    parts = urlsplit(url)
    mcp = FastMCP(
        "Billing",
        streamable_http_path=parts.path,
        # Every call is a request of its own, with its own token: no session outlives a token that is taken back.
        stateless_http=True,
        json_response=True,
        transport_security=TransportSecuritySettings(allowed_hosts=[parts.netloc]),
    )

    @mcp.tool()
    def list_customers(context: Context[Any, Any, Any]) -> list[str]:
        """List the IDs of all customers."""
        permitted(context, READ)
        return list(ACCOUNTS)

    @mcp.tool()
    def get_customer_billing(customer_id: str, context: Context[Any, Any, Any]) -> dict[str, str]:
        """Get billing details for a customer by their ID."""
        claims = permitted(context, READ)
        account = account_of(customer_id)
        return {
            "customer_id": customer_id,
            "plan": account.plan,
            "balance": str(account.owed),
            "currency": "EUR",
            "read_for": claims.subject,
            "read_by": claims.actor.subject,
        }

    @mcp.tool()
    def refund_customer(customer_id: str, amount: Decimal, context: Context[Any, Any, Any]) -> dict[str, str]:
        """Pay an amount in euros back to a customer."""
        claims = permitted(context, REFUND)
        account = account_of(customer_id)
        if not 0 < amount <= account.paid:
            raise ToolError(f"Refund more than 0 and at most {account.paid}, which is what was paid.")
        account.paid -= amount
        return {"refunded": str(amount), "left": str(account.paid), "refunded_for": claims.subject}

    return mcp


def guarded(url: str, verifier: Verifier) -> Application:
    """Return the server behind the check of tokens, with the metadata by which MCP clients find AuthSec."""
    resource = ProtectedResource(url, [verifier.issuer], scopes=[READ], name="Billing")
    return BearerMiddleware(billing_tools(url).streamable_http_app(), verifier, resource=resource)


def main() -> None:
    """Serve until stopped."""
    url = os.environ.get("MCP_URL", "http://127.0.0.1:7470/mcp")
    parts = urlsplit(url)
    try:
        verifier = Verifier(
            os.environ.get("AUTHSEC_ISSUER", "http://localhost:7468"),
            url,
            resource_id=os.environ.get("AUTHSEC_RESOURCE_ID", ""),
            resource_secret=os.environ.get("AUTHSEC_RESOURCE_SECRET", ""),
            revocation="push",  # a token that is taken back is refused within a second
        )
    except AuthsecConfigError as error:
        sys.exit(f"{error}\n\nRegister {url} as a Resource at AuthSec, and export the ID and the secret that it gives.")
    with verifier:
        uvicorn.run(guarded(url, verifier), host=parts.hostname or "127.0.0.1", port=parts.port or 7470)


if __name__ == "__main__":
    main()
