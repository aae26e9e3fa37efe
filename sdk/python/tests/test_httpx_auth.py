"""AuthsecAuth against a real API, under httpx.Client and httpx.AsyncClient."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

from authsec_langchain import AgentSuspendedError, AuthsecAuth, AuthsecClient, InsecureDestinationError
from conftest import MakeClient
from server import FakeServer, Received, Reply, error_reply, token_reply


@pytest.fixture
def api() -> Iterator[FakeServer]:
    with FakeServer().running() as running:
        running.answer = lambda _: Reply(200, {"ok": True})
        yield running


def accepting(*tokens: str) -> object:
    def answer(request: Received) -> Reply:
        good = request.headers.get("Authorization") in [f"Bearer {token}" for token in tokens]
        return Reply(200 if good else 401, {"ok": good})

    return answer


async def send(kind: str, auth: httpx.Auth, method: str, url: str, **how: object) -> httpx.Response:
    """Send with one kind of httpx client or the other."""
    if kind == "sync":
        with httpx.Client(auth=auth, follow_redirects=True, trust_env=False) as sync:
            return sync.request(method, url, **how)  # type: ignore[arg-type]  # noqa: ASYNC212  # that is the case
    async with httpx.AsyncClient(auth=auth, follow_redirects=True, trust_env=False) as client:
        return await client.request(method, url, **how)  # type: ignore[arg-type]


both = pytest.mark.parametrize("kind", ["sync", "async"])


@both
async def test_it_sends_the_token(client: AuthsecClient, api: FakeServer, kind: str) -> None:
    for _ in range(2):
        assert (await send(kind, AuthsecAuth(client), "GET", api.url)).status_code == 200
    assert [request.headers["Authorization"] for request in api.received] == ["Bearer token-1"] * 2


@both
async def test_it_asks_for_the_actions_and_audience_that_it_was_given(
    client: AuthsecClient, server: FakeServer, api: FakeServer, kind: str
) -> None:
    auth = AuthsecAuth(client, actions=(name for name in ["b:read", "a:read"]), audience="https://api")
    for _ in range(2):
        await send(kind, auth, "GET", api.url)
    (request,) = server.received
    assert request.query["actions"] == ["a:read b:read"]
    assert request.query["audience"] == ["https://api"]


@both
async def test_after_a_401_it_tries_once_more_with_a_new_token_and_the_whole_body(
    client: AuthsecClient, server: FakeServer, api: FakeServer, kind: str
) -> None:
    api.answer = accepting("token-2")  # type: ignore[assignment]

    def parts() -> Iterator[bytes]:
        yield from (b"one ", b"two")

    async def aparts() -> AsyncIterator[bytes]:
        for part in parts():
            yield part

    content = parts() if kind == "sync" else aparts()
    response = await send(kind, AuthsecAuth(client), "POST", api.url, content=content, headers={"Content-Length": "7"})
    assert response.status_code == 200
    assert [request.body for request in api.received] == [b"one two"] * 2
    assert [request.fresh for request in server.received] == [False, True]
    assert client.get_delegation_token() == "token-2"


@both
async def test_a_second_401_is_the_answer(
    client: AuthsecClient, server: FakeServer, api: FakeServer, kind: str
) -> None:
    api.answer = accepting()  # type: ignore[assignment]
    assert (await send(kind, AuthsecAuth(client), "GET", api.url)).status_code == 401
    assert len(api.received) == 2
    assert len(server.received) == 2


@both
async def test_other_refusals_are_not_the_token_s(
    client: AuthsecClient, server: FakeServer, api: FakeServer, kind: str
) -> None:
    api.answer = lambda _: Reply(403, {})
    assert (await send(kind, AuthsecAuth(client), "GET", api.url)).status_code == 403
    assert (len(api.received), len(server.received)) == (1, 1)


@both
async def test_authsec_s_own_refusal_reaches_the_caller(
    client: AuthsecClient, server: FakeServer, api: FakeServer, kind: str
) -> None:
    server.queue = [token_reply("token-1"), error_reply(403, "agent_suspended")]
    api.answer = accepting("token-2")  # type: ignore[assignment]
    with pytest.raises(AgentSuspendedError):
        await send(kind, AuthsecAuth(client), "GET", api.url)


@both
async def test_a_token_is_not_shown_to_the_network(client: AuthsecClient, server: FakeServer, kind: str) -> None:
    with pytest.raises(InsecureDestinationError, match="allow_insecure_http"):
        await send(kind, AuthsecAuth(client), "GET", "http://billing.example.com/")
    assert server.received == []
    secure = AuthsecAuth(client).sync_auth_flow(httpx.Request("GET", "https://billing.example.com/"))
    assert next(secure).headers["Authorization"] == "Bearer token-1"
    allowed = AuthsecAuth(client, allow_insecure_http=True).sync_auth_flow(httpx.Request("GET", "http://billing/"))
    assert next(allowed).headers["Authorization"] == "Bearer token-1"


@both
async def test_only_named_hosts_get_the_token(
    client: AuthsecClient, server: FakeServer, api: FakeServer, kind: str
) -> None:
    auth = AuthsecAuth(client, hosts={"LOCALHOST"})
    assert (await send(kind, auth, "GET", api.url)).status_code == 200  # 127.0.0.1 is not on the list
    assert api.received[0].headers["Authorization"] is None
    assert server.received == []
    await send(kind, auth, "GET", api.url.replace("127.0.0.1", "localhost"))
    assert api.received[1].headers["Authorization"] == "Bearer token-1"


@both
async def test_a_redirect_to_another_host_goes_without_the_token_and_its_401_is_not_the_token_s(
    client: AuthsecClient, server: FakeServer, api: FakeServer, kind: str
) -> None:
    with FakeServer().running() as other:
        other.answer = accepting("token-1")  # type: ignore[assignment]
        api.answer = lambda _: Reply(302, headers={"Location": other.url.replace("127.0.0.1", "localhost")})
        assert (await send(kind, AuthsecAuth(client), "GET", api.url)).status_code == 401
        assert [request.headers["Authorization"] for request in other.received] == [None]
        assert (len(api.received), len(server.received)) == (1, 1)
        assert client.cached_delegation() is not None


@both
async def test_a_redirect_on_the_same_host_keeps_the_token(client: AuthsecClient, api: FakeServer, kind: str) -> None:
    api.queue = [Reply(302, headers={"Location": "/next"})]
    assert (await send(kind, AuthsecAuth(client), "GET", api.url)).status_code == 200
    assert api.received[1].headers["Authorization"] == "Bearer token-1"


def test_it_says_that_it_reads_the_body() -> None:
    assert AuthsecAuth.requires_request_body


def test_wrong_arguments_are_refused_early(make_client: MakeClient) -> None:
    client = make_client()
    with pytest.raises(TypeError, match="hosts"):
        AuthsecAuth(client, hosts="billing.example.com")
    with pytest.raises(ValueError, match="actions"):
        AuthsecAuth(client, actions=[])
