"""AuthsecAuth and an API behind BearerMiddleware, over real sockets: who asks for what, and who answers how."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import httpx
import pytest
from fastapi import Depends, FastAPI, Request
from starlette.responses import JSONResponse, RedirectResponse

import vectors
from authsec_langchain import AuthsecAuth, AuthsecClient, AuthsecConfig, DPoPKey
from authsec_langchain.verify import Verifier
from authsec_langchain.verify._dpop import ALGORITHMS
from authsec_langchain.verify.asgi import Application, BearerMiddleware, Receive, Scope, Send, claims_of
from authsec_langchain.verify.fastapi import require_actions
from bound import bound_to, mint
from server import CLIENT_ID, FakeServer, Received, Reply, token_reply
from serving import served
from vectors import AUDIENCE, ISSUER, JWKS

KEY = DPoPKey.generate()


@pytest.fixture
def client(server: FakeServer) -> Iterator[AuthsecClient]:
    """A client with KEY, and a server that gives it tokens bound to KEY."""

    def answer(_: Received) -> Reply:
        token = bound_to(KEY, now=time.time(), jti=f"token-{len(server.received)}")
        return token_reply(token, token_type="DPoP", cnf={"jkt": KEY.thumbprint})

    server.answer = answer
    with AuthsecClient(AuthsecConfig(base_url=server.url, client_id=CLIENT_ID, dpop=KEY)) as built:
        yield built


Serve = Callable[..., str]


def billing() -> FastAPI:
    app = FastAPI()

    @app.get("/bills/{bill:path}")
    def bill(bill: str, request: Request) -> dict[str, str]:
        return {"bill": bill, "person": claims_of(request).subject}

    @app.post("/echo")
    async def echo(request: Request) -> JSONResponse:
        return JSONResponse({"body": (await request.body()).decode()})

    @app.get("/void", dependencies=[Depends(require_actions("billing:void"))])
    def void() -> None: ...

    @app.api_route("/moved", methods=["GET", "POST"])
    def moved() -> RedirectResponse:
        return RedirectResponse("/echo", 307)

    return app


@pytest.fixture
def api() -> Iterator[Serve]:
    """Serve an API with settings of a verifier, and give its URL. By default that is where its clients reach it."""
    with ExitStack() as stack:

        def serve(*, public_url: str | None = "own", **settings: Any) -> str:
            verifier = stack.enter_context(Verifier(ISSUER, AUDIENCE, jwks=JWKS, **settings))
            guarded: list[Application] = []

            async def app(scope: Scope, receive: Receive, send: Send) -> None:
                await guarded[0](scope, receive, send)

            url = stack.enter_context(served(app, lifespan="off"))
            guarded.append(BearerMiddleware(billing(), verifier, public_url=url if public_url == "own" else public_url))
            return url

        yield serve


async def ask(kind: str, auth: httpx.Auth, method: str, url: str, **how: Any) -> list[httpx.Response]:
    """Send, and return every answer on the way, the last one last."""
    answers: list[httpx.Response] = []
    if kind == "sync":
        with httpx.Client(
            auth=auth, follow_redirects=True, trust_env=False, event_hooks={"response": [answers.append]}
        ) as sync:
            sync.request(method, url, **how)  # noqa: ASYNC212  # that is the case
        return answers

    async def note(answer: httpx.Response) -> None:
        answers.append(answer)

    async with httpx.AsyncClient(
        auth=auth, follow_redirects=True, trust_env=False, event_hooks={"response": [note]}
    ) as client:
        await client.request(method, url, **how)
    return answers


def statuses(answers: list[httpx.Response]) -> list[int]:
    return [answer.status_code for answer in answers]


both = pytest.mark.parametrize("kind", ["sync", "async"])


@both
async def test_a_proof_for_every_request(client: AuthsecClient, api: Serve, kind: str) -> None:
    auth, at = AuthsecAuth(client), api()
    for path in ("/bills/b-1", "/bills/b-1?x=1", "/bills/a%20b%2Fc", "/bills/%C3%A9", "/bills/a|b[c]"):
        answers = await ask(kind, auth, "GET", at + path)
        assert statuses(answers) == [200], path
        assert answers[0].json()["person"] == "user-7"
        assert "DPoP-Nonce" not in answers[0].headers


@both
async def test_rfc9449_9_the_api_s_nonce(client: AuthsecClient, server: FakeServer, api: Serve, kind: str) -> None:
    auth, at = AuthsecAuth(client), api(dpop_nonces=True)
    first = await ask(kind, auth, "POST", at + "/echo", content=b"one two")
    assert statuses(first) == [401, 200]
    assert first[1].json() == {"body": "one two"}
    challenges = first[0].headers.get_list("WWW-Authenticate")
    assert [challenge.split(" ")[0] for challenge in challenges] == ["Bearer", "DPoP"]
    assert "error" not in challenges[0]
    assert 'error="use_dpop_nonce"' in challenges[1]
    assert f'algs="{" ".join(ALGORITHMS)}"' in challenges[1]
    assert first[0].headers["DPoP-Nonce"] == first[1].headers["DPoP-Nonce"]
    assert first[0].headers["Cache-Control"] == "no-store"
    second = await ask(kind, auth, "GET", at + "/bills/b-1")
    assert statuses(second) == [200]  # the nonce was kept
    assert len(server.received) == 1  # and the token was never replaced


@both
async def test_a_redirect_gets_a_proof_of_its_own(
    client: AuthsecClient, server: FakeServer, api: Serve, kind: str
) -> None:
    at = api()
    answers = await ask(kind, AuthsecAuth(client), "POST", at + "/moved", content=b"body")
    assert statuses(answers) == [307, 401, 200]
    assert answers[-1].json() == {"body": "body"}
    assert len(server.received) == 1


@both
async def test_a_token_that_the_api_refuses_is_replaced_once(
    client: AuthsecClient, server: FakeServer, api: Serve, kind: str
) -> None:
    at = api()
    queue = [mint({"jkt": KEY.thumbprint}, now=time.time() - 3600, jti="old")]
    server.queue = [token_reply(token, token_type="DPoP", cnf={"jkt": KEY.thumbprint}) for token in queue]
    answers = await ask(kind, AuthsecAuth(client), "GET", at + "/bills/b-1")
    assert statuses(answers) == [401, 200]
    assert 'DPoP realm="' in answers[0].headers["WWW-Authenticate"]
    assert 'error="invalid_token"' in answers[0].headers["WWW-Authenticate"]
    assert [request.fresh for request in server.received] == [False, True]


@both
async def test_a_refused_proof_is_not_the_token_s_fault(
    client: AuthsecClient, server: FakeServer, api: Serve, kind: str
) -> None:
    at = api(public_url=None)  # the audience's origin, which is not where this request went
    answers = await ask(kind, AuthsecAuth(client), "GET", at + "/bills/b-1")
    assert statuses(answers) == [401]
    assert answers[0].json() == {
        "error": "invalid_dpop_proof",
        "error_description": "the DPoP proof is not accepted",
    }
    assert len(server.received) == 1


def test_an_action_that_is_lacking_is_told_in_the_scheme_of_the_request(client: AuthsecClient, api: Serve) -> None:
    at = api(dpop_nonces=b"s" * 32)
    answer = httpx.get(at + "/void", auth=AuthsecAuth(client), trust_env=False)
    assert answer.status_code == 403
    plain, bound = answer.headers.get_list("WWW-Authenticate")
    assert 'error="insufficient_scope"' in bound
    assert 'scope="billing:void"' in bound
    assert "error=" not in plain
    assert answer.headers["DPoP-Nonce"]


def test_without_an_audience_that_is_a_url_the_request_says_where_it_went(client: AuthsecClient) -> None:
    token = bound_to(KEY, now=time.time(), aud=["authsec-api"])
    with Verifier(ISSUER, "authsec-api", jwks=JWKS) as verifier, served(BearerMiddleware(billing(), verifier)) as url:
        headers = client.request_headers(token, "GET", url + "/bills/b-1")
        assert httpx.get(url + "/bills/b-1", headers=headers).status_code == 200
        headers = client.request_headers(token, "GET", "http://other.example.com/bills/b-1")
        assert httpx.get(url + "/bills/b-1", headers=headers).status_code == 401
        other = headers | {"Host": "other.example.com"}  # whoever sends a request chooses its Host: give a public_url
        assert httpx.get(url + "/bills/b-1", headers=other).status_code == 200


@pytest.mark.parametrize("url", ["billing.example.com", "https://a.example/?x", "https://a.example/#", "ftp://a", ""])
def test_public_urls_that_are_none(url: str) -> None:
    with vectors.verifier_at_now() as verifier, pytest.raises(ValueError, match="public_url"):
        BearerMiddleware(billing(), verifier, public_url=url)


@pytest.mark.parametrize("base", ["https://api.example.com/billing", "https://api.example.com:443/billing/"])
def test_a_proxy_that_takes_off_a_part_of_the_path(client: AuthsecClient, api: Serve, base: str) -> None:
    at = api(public_url=base)
    token = client.get_delegation_token()
    for named, status in (
        ("https://api.example.com/billing/bills/b-1", 200),
        ("https://api.example.com/bills/b-1", 401),
    ):
        headers = client.request_headers(token, "GET", named)
        assert httpx.get(at + "/bills/b-1", headers=headers).status_code == status


def test_bound_tokens_do_not_go_as_bearer(client: AuthsecClient, api: Serve) -> None:
    at = api()
    token = client.get_delegation_token()
    answer = httpx.get(at + "/bills/b-1", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 401
    plain, bound = answer.headers.get_list("WWW-Authenticate")
    assert 'error="invalid_token"' in plain
    assert "error=" not in bound
