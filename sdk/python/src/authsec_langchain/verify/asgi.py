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
from urllib.parse import quote

from authsec_langchain._htu import escaped, target

from ._bearer import Carried, carried_token, dpop_headers, scheme_of
from ._claims import Claims
from ._confirmation import Presented, Scheme
from ._dpop import ALGORITHMS
from ._errors import VerifyError
from ._http import check_url
from ._refusal import Challenges, Refusal, checked_actions, insufficient, refusal_of
from ._resource import ProtectedResource
from ._tls import connection_certificate, der
from ._verifier import Verifier

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

KEY = "authsec"
"""Where a scope holds what the middleware found out."""

_TAKEN: dict[bool, tuple[Scheme, ...]] = {False: ("Bearer",), True: ("Bearer", "DPoP")}

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
        scheme: in which the token came.
        refusal: what a route's own check wants answered in place of the application's answer.
    """

    claims: Claims
    scheme: Scheme = "Bearer"
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

    Tokens that are bound to a key need its proof (RFC 9449 section 7, RFC 8705 section 3).

    A handler finds the claims with claims_of(request). WebSocket handshakes are held to the same; one that is refused
    is answered in full where the server can, and by closing where it cannot.

    Args:
        app: the application.
        verifier: checks the tokens.
        actions: that every request's token must hold.
        public: paths, exactly, that need no token. The metadata's is one.
        resource: metadata to serve and to name in challenges (RFC 9728). By default it is made from the verifier's
            issuer and audience, when the audience is a URL; False serves none.
        public_url: where clients reach this API, which their DPoP proofs name: scheme and host, and the part of the
            path that a proxy takes off. By default the origin of the audience when that is a URL, and otherwise what
            the request says, which whoever sends it chooses, and which is not what clients see behind a proxy.
        client_certificate: returns the client's certificate on a request's connection, in DER or as PEM text, or None.
            By default it is what the server tells (ASGI's TLS extension). Read a header only if a proxy of yours sets
            it and takes away everybody else's.

    Raises:
        ValueError: public_url is not scheme://host[:port][/path], or an action is malformed.
    """

    def __init__(
        self,
        app: Application,
        verifier: Verifier,
        *,
        actions: Sequence[str] = (),
        public: Collection[str] = (),
        resource: ProtectedResource | bool = True,
        public_url: str | None = None,
        client_certificate: Callable[[Scope], bytes | str | None] | None = None,
    ) -> None:
        self._app = app
        self._verifier = verifier
        self._actions = checked_actions(actions)
        self._public = frozenset(public)
        self._certificate = client_certificate
        self._base = _base_of(public_url, verifier.audience)
        self._resource = resource if isinstance(resource, ProtectedResource) else None
        if resource is True:
            self._resource = _resource_of(verifier)
        if self._resource:
            self._resource = self._resource.completed(
                dpop_algorithms=ALGORITHMS if verifier.accepts_dpop else (),
                dpop_required=verifier.sender_constraint == "dpop",
                mtls_bound=verifier.sender_constraint == "mtls" or client_certificate is not None,
            )
        self._challenges = Challenges(
            verifier.audience, self._resource.url if self._resource else "", _schemes(verifier)
        )

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
        carried = carried_token(scope["headers"], scope.get("query_string", b""), _TAKEN[self._verifier.accepts_dpop])
        found = carried if isinstance(carried, Refusal) else await self._admit(scope, carried)
        if isinstance(found, Refusal):
            await self._refuse(found, scheme_of(scope["headers"]), scope, receive, send)
            return
        scope[KEY] = found
        await self._app(scope, receive, self._corrected(found, send))

    async def _admit(self, scope: Scope, carried: Carried) -> Admitted | Refusal:
        try:
            claims = await self._verifier.averify(carried.token, self._presented(scope, carried.scheme))
        except VerifyError as error:
            _log.info("token_refused code=%s error=%s", error.code, error.description)
            return refusal_of(error)
        if not all(claims.has_action(action) for action in self._actions):
            return insufficient(self._actions)
        return Admitted(claims, carried.scheme)

    def _presented(self, scope: Scope, scheme: Scheme) -> Presented:
        if scheme == "DPoP":
            method = scope.get("method", "GET")  # a WebSocket's handshake is a GET
            return Presented("DPoP", method, _url(scope, self._base), dpop_headers(scope["headers"]))
        return Presented(certificate=self._certificate_of(scope))

    def _certificate_of(self, scope: Scope) -> bytes | None:
        try:
            if self._certificate is None:
                return connection_certificate(scope)
            given = self._certificate(scope)
            return None if given is None else der(given)
        except ValueError as error:
            _log.warning("client_certificate_unreadable error=%s", type(error).__name__)
            return None

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
                await self._send(refusal, admitted.scheme, kind, send)
                return
            if part == "start" and admitted.scheme == "DPoP" and (nonce := self._verifier.dpop_nonce()):
                message["headers"] = [*message.get("headers", ()), (b"dpop-nonce", nonce.encode("ascii"))]
            await send(message)

        return corrected

    async def _refuse(self, refusal: Refusal, scheme: Scheme, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._send(refusal, scheme, "http.response", send)
            return
        await receive()  # websocket.connect, which must come first
        if "websocket.http.response" in scope.get("extensions", {}):
            await self._send(refusal, scheme, "websocket.http.response", send)
        else:
            await send({"type": "websocket.close", "code": 1008, "reason": refusal.code})

    async def _send(self, refusal: Refusal, scheme: Scheme, kind: str, send: Send) -> None:
        headers = self._challenges.headers(refusal, scheme)
        if scheme == "DPoP" and (nonce := self._verifier.dpop_nonce()):
            headers.append(("DPoP-Nonce", nonce))
        await _send_json(kind, refusal.status, headers, refusal.body(), send)


def _schemes(verifier: Verifier) -> tuple[Scheme, ...]:
    """Return the schemes to ask for. Tokens that are bound to a certificate come as Bearer."""
    if not verifier.accepts_dpop or verifier.sender_constraint == "mtls":
        return ("Bearer",)
    return ("DPoP",) if verifier.sender_constraint == "dpop" else ("Bearer", "DPoP")


def _base_of(public_url: str | None, audience: str) -> str | None:
    """Return what stands before the path of a request, as clients know it, or None when nobody has said.

    Raises:
        ValueError: public_url is no URL.
    """
    if public_url is None:
        try:
            scheme, _, rest = target(audience).partition("://")
        except ValueError:
            return None
        return f"{scheme}://{rest.partition('/')[0]}"
    try:
        check_url(public_url, plain_http=True)
        return target(public_url).removesuffix("/")
    except ValueError as error:
        fault = str(error)
    raise ValueError(f"public_url {fault}; give it like https://billing.example.com")


def _url(scope: Scope, base: str | None) -> str:
    """Return the request's URL without its query, as its sender knows it."""
    if base is None:
        scheme = {"ws": "http", "wss": "https"}.get(scope.get("scheme", "http"), scope.get("scheme", "http"))
        hosts = [value for name, value in scope["headers"] if name == b"host"]
        base = f"{scheme}://{hosts[0].decode('latin-1') if hosts else ''}"
    raw = scope.get("raw_path")
    path = quote(scope["path"]) if raw is None else raw.partition(b"?")[0].decode("latin-1")
    return base + escaped(path)


def _resource_of(verifier: Verifier) -> ProtectedResource | None:
    try:
        return ProtectedResource(verifier.audience, [verifier.issuer])
    except ValueError:  # an audience need not be a URL
        return None


async def _answer_metadata(resource: ProtectedResource, scope: Scope, send: Send) -> None:
    if scope["method"] not in ("GET", "HEAD"):
        await _send_json("http.response", 405, [("Allow", "GET, HEAD")], b"", send)
        return
    body = json.dumps(resource.document()).encode("utf-8")
    # Browsers' MCP clients read it from pages of another origin; it is public.
    headers = [
        ("Content-Type", "application/json"),
        ("Cache-Control", "max-age=300"),
        ("Access-Control-Allow-Origin", "*"),
    ]
    await _send_json("http.response", 200, headers, body, send, head=scope["method"] == "HEAD")


async def _send_json(
    kind: str, status: int, headers: list[tuple[str, str]], body: bytes, send: Send, *, head: bool = False
) -> None:
    lines = [(name.lower().encode("ascii"), value.encode("latin-1")) for name, value in headers]
    lines.append((b"content-length", str(len(body)).encode("ascii")))
    await send({"type": f"{kind}.start", "status": status, "headers": lines})
    await send({"type": f"{kind}.body", "body": b"" if head else body})
