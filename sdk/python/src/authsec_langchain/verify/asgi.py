"""For ASGI applications (Starlette, FastAPI, …): middleware that lets requests with a valid token through.

    from authsec_langchain.verify.asgi import BearerMiddleware, claims_of

    app = BearerMiddleware(app, verifier, public=["/healthz"])

It needs no framework.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable, Collection, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from ._bearer import Refusal, bearer_token, checked_actions, insufficient, refusal_of
from ._claims import Claims
from ._errors import VerifyError
from ._resource import ProtectedResource
from ._verifier import Verifier

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

KEY = "authsec"
"""Where a scope holds what the middleware found out."""

_log = logging.getLogger("authsec_langchain.verify")


class HasScope(Protocol):
    """A Starlette or FastAPI request, or WebSocket."""

    @property
    def scope(self) -> Scope:
        """Its ASGI scope."""


@dataclass
class Admitted:
    """What the middleware knows of a request it let through.

    Attributes:
        claims: of its token.
        refusal: what a route's own check wants answered in place of the application's answer.
    """

    claims: Claims
    refusal: Refusal | None = None


def claims_of(request: HasScope | Scope) -> Claims:
    """Return the claims of a request's token, behind BearerMiddleware.

    Raises:
        LookupError: the middleware did not check this request.
    """
    scope = request if isinstance(request, MutableMapping) else request.scope
    admitted = scope.get(KEY)
    if not isinstance(admitted, Admitted):
        raise LookupError("no token was checked: put BearerMiddleware around the application")
    return admitted.claims


class BearerMiddleware:
    """Passes requests on that carry a valid token, and answers the others itself as RFC 6750 section 3 says.

    A handler finds the claims with claims_of(request). WebSocket handshakes are held to the same; one that is refused
    is answered in full where the server can, and by closing where it cannot.

    Args:
        app: the application.
        verifier: checks the tokens.
        actions: that every request's token must hold.
        public: paths, exactly, that need no token. The metadata's is one.
        resource: metadata to serve and to name in challenges (RFC 9728). By default it is made from the verifier's
            issuer and audience, when the audience is a URL; False serves none.
    """

    def __init__(
        self,
        app: Application,
        verifier: Verifier,
        *,
        actions: Sequence[str] = (),
        public: Collection[str] = (),
        resource: ProtectedResource | bool = True,
    ) -> None:
        self._app = app
        self._verifier = verifier
        self._actions = checked_actions(actions)
        self._public = frozenset(public)
        self._resource = resource if isinstance(resource, ProtectedResource) else None
        if resource is True:
            self._resource = _resource_of(verifier)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] not in ("http", "websocket"):  # lifespan
            await self._app(scope, receive, send)
            return
        if scope["type"] == "http" and self._resource and scope["path"] == self._resource.path:
            await _answer_metadata(self._resource, scope, send)
            return
        if scope["path"] in self._public:
            await self._app(scope, receive, send)
            return
        found = await self._admit(scope)
        if isinstance(found, Refusal):
            await self._refuse(found, scope, receive, send)
            return
        scope[KEY] = found
        await self._app(scope, receive, self._corrected(found, send))

    async def _admit(self, scope: Scope) -> Admitted | Refusal:
        token = bearer_token(scope["headers"], scope.get("query_string", b""))
        if isinstance(token, Refusal):
            return token
        try:
            claims = await self._verifier.averify(token)
        except VerifyError as error:
            _log.info("token_refused code=%s error=%s", error.code, error.description)
            return refusal_of(error)
        if not all(claims.has_action(action) for action in self._actions):
            return insufficient(self._actions)
        return Admitted(claims)

    def _corrected(self, admitted: Admitted, send: Send) -> Send:
        """Put the refusal of a route's own check in place of the framework's rendering of it."""
        replaced = False

        async def corrected(message: Message) -> None:
            nonlocal replaced
            refusal = admitted.refusal
            kind, _, part = message["type"].rpartition(".")
            if replaced and part == "body":
                return
            if refusal and part == "start" and message["status"] == refusal.status:
                replaced = True
                await self._send(refusal, kind, send)
                return
            await send(message)

        return corrected

    async def _refuse(self, refusal: Refusal, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._send(refusal, "http.response", send)
            return
        await receive()  # websocket.connect, which must come first
        if "websocket.http.response" in scope.get("extensions", {}):
            await self._send(refusal, "websocket.http.response", send)
        else:
            await send({"type": "websocket.close", "code": 1008, "reason": refusal.code})

    async def _send(self, refusal: Refusal, kind: str, send: Send) -> None:
        metadata = self._resource.url if self._resource else ""
        headers = refusal.headers(self._verifier.audience, metadata)
        await _send_json(kind, refusal.status, headers, refusal.body(), send)


def _resource_of(verifier: Verifier) -> ProtectedResource | None:
    try:
        return ProtectedResource(verifier.audience, [verifier.issuer])
    except ValueError:  # an audience need not be a URL
        return None


async def _answer_metadata(resource: ProtectedResource, scope: Scope, send: Send) -> None:
    if scope["method"] not in ("GET", "HEAD"):
        await _send_json("http.response", 405, {"Allow": "GET, HEAD"}, b"", send)
        return
    body = json.dumps(resource.document()).encode("utf-8")
    # Browsers' MCP clients read it from pages of another origin; it is public.
    headers = {"Content-Type": "application/json", "Cache-Control": "max-age=300", "Access-Control-Allow-Origin": "*"}
    await _send_json("http.response", 200, headers, body, send, head=scope["method"] == "HEAD")


async def _send_json(
    kind: str, status: int, headers: dict[str, str], body: bytes, send: Send, *, head: bool = False
) -> None:
    lines = [(name.lower().encode("ascii"), value.encode("latin-1")) for name, value in headers.items()]
    lines.append((b"content-length", str(len(body)).encode("ascii")))
    await send({"type": f"{kind}.start", "status": status, "headers": lines})
    await send({"type": f"{kind}.body", "body": b"" if head else body})
