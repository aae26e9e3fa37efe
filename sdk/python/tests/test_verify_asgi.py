"""The middleware and the dependency, in applications that a real server runs."""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

import httpx
import pytest
from fastapi import Depends, FastAPI, Request, WebSocket
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

import vectors
from authsec_langchain.verify import Claims, ProtectedResource, Verifier
from authsec_langchain.verify._dpop import ALGORITHMS
from authsec_langchain.verify.asgi import Application, BearerMiddleware, claims_of
from authsec_langchain.verify.fastapi import require_actions
from serving import served
from vectors import AUDIENCE, ISSUER, token

METADATA = "/.well-known/oauth-protected-resource"
NEEDED = 'resource_metadata="https://billing.example.com/.well-known/oauth-protected-resource"'


def billing_app() -> FastAPI:
    """Return an API as the README shows it."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.begun = True
        yield

    app = FastAPI(lifespan=lifespan)

    @app.get("/healthz")
    def healthz(request: Request) -> dict[str, bool]:
        return {"begun": request.app.state.begun}

    @app.get("/bills/{bill}")
    def bill(bill: str, claims: Annotated[Claims, Depends(require_actions("billing:read"))]) -> dict[str, str]:
        return {"bill": bill, "person": claims.subject, "agent": claims.actor.subject}

    @app.post("/bills/{bill}/refund")
    async def refund(
        bill: str, claims: Annotated[Claims, Depends(require_actions("billing:read", "billing:void"))]
    ) -> str:
        return bill + claims.subject

    @app.get("/teapot")
    def teapot(request: Request) -> JSONResponse:
        return JSONResponse({"who": claims_of(request).subject}, 418)

    @app.websocket("/socket")
    async def talk(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.send_text(claims_of(websocket).subject)
        await websocket.close()

    return app


@pytest.fixture(scope="module", params=["add_middleware", "around"])
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    """Serve it with the middleware inside FastAPI's own, and around all of it."""
    with vectors.verifier_at_now() as verifier:
        app: Any = billing_app()
        if request.param == "around":
            app = BearerMiddleware(app, verifier, public=["/healthz"])
        else:
            app.add_middleware(BearerMiddleware, verifier=verifier, public=["/healthz"])
        with served(app) as at:
            yield at


def ask(url: str, path: str, *authorization: str, method: str = "GET") -> httpx.Response:
    headers = [("Authorization", value) for value in authorization]
    return httpx.request(method, url + path, headers=headers, timeout=10)


def bearer(name: str) -> str:
    return f"Bearer {token(name)}"


def test_a_good_token(url: str) -> None:
    for authorization in (bearer("valid_full"), bearer("valid_full").replace("Bearer ", "bEARER   ")):
        answer = ask(url, "/bills/b-1", authorization)
        assert (answer.status_code, answer.json()["person"], answer.json()["bill"]) == (200, "user-7", "b-1")
        assert answer.json()["agent"].startswith("spiffe://authsec.local/agent/")
    assert ask(url, "/teapot", bearer("valid_full")).status_code == 418


def test_public_paths_need_none(url: str) -> None:
    assert ask(url, "/healthz").json() == {"begun": True}
    for path in ("/healthz/", "//healthz", "/bills/b-1", "/docs", "/nowhere"):
        assert ask(url, path).status_code == 401, path


def unasked(challenge: str) -> str:
    """Return the challenge of the other scheme, DPoP, beside the one of a Bearer request: it tells no error."""
    parts = [(name, text) for name, text in re.findall(r'([a-z_]+)="([^"]*)"', challenge) if "error" not in name]
    parts.insert(-1, ("algs", " ".join(ALGORITHMS)))
    return "DPoP " + ", ".join(f'{name}="{text}"' for name, text in parts)


def refused(answer: httpx.Response, status: int, code: str, challenge: str | None) -> str:
    assert (answer.status_code, answer.json()["error"]) == (status, code)
    assert sorted(answer.json()) == ["error", "error_description"]
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Content-Type"] == "application/json"
    challenges = answer.headers.get_list("WWW-Authenticate")
    assert challenges == ([challenge, unasked(challenge)] if challenge else [])
    assert int(answer.headers["Content-Length"]) == len(answer.content)
    return str(answer.json()["error_description"])


def test_no_token(url: str) -> None:
    want = f'Bearer realm="{AUDIENCE}", {NEEDED}'
    refused(ask(url, "/bills/b-1"), 401, "token_required", want)
    refused(ask(url, "/bills/b-1", "Basic YTpi"), 401, "token_required", want)
    refused(ask(url, f"/bills/b-1?access_token={token('valid_full')}"), 401, "token_required", want)


@pytest.mark.parametrize("header", ["Bearer", "Bearer a b", "Bearer =", "Bearer a=b", "Bearer é", "Bearer a,b"])
def test_a_malformed_header(url: str, header: str) -> None:
    answer = httpx.get(url + "/bills/b-1", headers={b"Authorization": header.encode("utf-8")})
    said = "the Authorization header is malformed: send Bearer, a space, the token"
    want = f'Bearer realm="{AUDIENCE}", error="invalid_request", error_description="{said}", {NEEDED}'
    assert refused(answer, 400, "invalid_request", want) == said


def test_a_token_twice(url: str) -> None:
    good = bearer("valid_full")
    said = "send the token once, in one Authorization header"
    want = f'Bearer realm="{AUDIENCE}", error="invalid_request", error_description="{said}", {NEEDED}'
    refused(ask(url, "/bills/b-1", good, good), 400, "invalid_request", want)
    refused(ask(url, "/bills/b-1?access_token=x", good), 400, "invalid_request", want)
    refused(ask(url, "/bills/b-1?a=1&%61ccess_token", good), 400, "invalid_request", want)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("exp_long_ago", "the token has expired"),
        ("header_jku", "the token's header has a parameter that is not accepted"),
        ("cnf_01", "the token is bound to a key, and nothing that came with it shows that its sender holds that key"),
    ],
)
def test_a_bad_token(url: str, name: str, said: str) -> None:
    want = f'Bearer realm="{AUDIENCE}", error="invalid_token", error_description="{said}", {NEEDED}'
    assert refused(ask(url, "/bills/b-1", bearer(name)), 401, "invalid_token", want) == said


def test_an_action_that_is_lacking(url: str) -> None:
    answer = ask(url, "/bills/b-1/refund", bearer("valid_full"), method="POST")
    said = "the token does not allow this: ask for one that holds the actions named in scope"
    want = (
        f'Bearer realm="{AUDIENCE}", error="insufficient_scope", error_description="{said}", '
        f'scope="billing:read billing:void", {NEEDED}'
    )
    assert refused(answer, 403, "insufficient_scope", want) == said


def test_metadata(url: str) -> None:
    answer = ask(url, METADATA)
    assert answer.json() == {
        "resource": AUDIENCE,
        "authorization_servers": [ISSUER],
        "bearer_methods_supported": ["header"],
        "dpop_signing_alg_values_supported": list(ALGORITHMS),
    }
    assert answer.headers["Content-Type"] == "application/json"
    assert ask(url, METADATA, method="HEAD").content == b""
    assert ask(url, METADATA, method="POST").status_code == 405


def handshake(url: str, authorization: str | None) -> bytes:
    """Return the first bytes that the server answers to a WebSocket handshake."""
    host, port = url.removeprefix("http://").split(":")
    lines = [
        "GET /socket HTTP/1.1", f"Host: {host}", "Upgrade: websocket", "Connection: Upgrade",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13",
    ]  # fmt: skip
    lines += [f"Authorization: {authorization}"] if authorization else []
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode())
        answer = b""
        while piece := connection.recv(4096):
            answer += piece
            if b"user-7" in answer or b"error_description" in answer:
                break
        return answer


def test_websockets(url: str) -> None:
    good = handshake(url, bearer("valid_full"))
    assert good.startswith(b"HTTP/1.1 101")
    assert b"user-7" in good
    for authorization in (None, bearer("exp_long_ago")):
        bad = handshake(url, authorization)
        assert bad.startswith(b"HTTP/1.1 401"), bad
        assert b"www-authenticate: Bearer realm=" in bad.lower().replace(b"bearer", b"Bearer")


def test_keys_that_cannot_be_had() -> None:
    with (
        Verifier("http://127.0.0.1:1", AUDIENCE) as verifier,
        served(BearerMiddleware(billing_app(), verifier)) as url,
    ):
        answer = ask(url, "/bills/b-1", bearer("valid_full"))
        refused(answer, 503, "temporarily_unavailable", None)
        assert answer.headers["Retry-After"] == "5"


def test_a_route_that_nobody_guards() -> None:
    with served(billing_app()) as url:
        assert ask(url, "/bills/b-1", bearer("valid_full")).status_code == 500


def test_actions_for_all_routes_in_starlette() -> None:
    async def who(request: Any) -> JSONResponse:
        return JSONResponse(claims_of(request.scope).subject)

    app = Starlette(routes=[Route("/mcp", who)])
    resource = ProtectedResource("https://billing.example.com/mcp", [ISSUER], ["billing:read"], "Billing")
    with vectors.verifier_at_now() as verifier:
        guarded: Application = BearerMiddleware(app, verifier, actions=["billing:void"], resource=resource)
        with served(guarded) as url:
            answer = ask(url, "/mcp", bearer("valid_full"))
            assert answer.status_code == 403
            assert answer.headers.get_list("WWW-Authenticate")[0].endswith(
                'scope="billing:void", resource_metadata="https://billing.example.com/.well-known/'
                'oauth-protected-resource/mcp"'
            )
            said = ask(url, METADATA + "/mcp").json()
            assert (said["scopes_supported"], said["resource_name"]) == (["billing:read"], "Billing")
            assert ask(url, METADATA).status_code == 401
        with served(BearerMiddleware(app, verifier, resource=False)) as url:
            assert ask(url, METADATA).status_code == 401
            assert "resource_metadata" not in ask(url, "/mcp").headers["WWW-Authenticate"]
            assert ask(url, "/mcp", bearer("valid_full")).json() == "user-7"


@pytest.mark.parametrize(
    ("resource", "path"),
    [
        ("https://api.example.com", METADATA),
        ("https://api.example.com/", METADATA),
        ("https://api.example.com:8443/a/b/", f"{METADATA}/a/b"),
        ("http://localhost:8000/mcp", f"{METADATA}/mcp"),
    ],
)
def test_where_metadata_stands(resource: str, path: str) -> None:
    assert ProtectedResource(resource, [ISSUER]).path == path
    assert ProtectedResource(resource, [ISSUER]).url.endswith(path)


@pytest.mark.parametrize(
    "resource",
    ["authsec-api", "http://api.example.com", "https://a.example/?x=1", 'https://a.example/"', "https://a/\\"],
)
def test_resources_that_cannot_be_described(resource: str) -> None:
    with pytest.raises(ValueError, match="resource"):
        ProtectedResource(resource, [ISSUER])


def test_malformed_actions() -> None:
    for action in ("", "a b", 'a"', "é"):
        with pytest.raises(ValueError, match="malformed action"):
            require_actions(action)


def test_the_close_of_a_socket_where_the_server_cannot_answer() -> None:
    sent: list[Any] = []

    async def talk() -> None:
        async def receive() -> Any:
            return {"type": "websocket.connect"}

        async def send(message: Any) -> None:
            sent.append(message)

        with vectors.verifier_at_now() as verifier:
            scope = {"type": "websocket", "path": "/", "headers": [], "query_string": b""}
            await BearerMiddleware(billing_app(), verifier)(scope, receive, send)

    asyncio.run(talk())
    assert sent == [{"type": "websocket.close", "code": 1008, "reason": "token_required"}]


def test_claims_without_the_middleware() -> None:
    with pytest.raises(LookupError, match="BearerMiddleware"):
        claims_of({"type": "http"})
