"""The client against a real server: sockets, threads, tasks, forks."""

from __future__ import annotations

import asyncio
import base64
import copy
import itertools
import os
import pickle
import signal
import ssl
import sys
import threading
import time
from datetime import datetime, timezone
from pathlib import Path
from urllib.parse import quote_plus

import pytest

from authsec_langchain import (
    AuthsecClient,
    AuthsecClosedError,
    AuthsecConfig,
    AuthsecConfigError,
    AuthsecConnectionError,
    AuthsecProtocolError,
    AuthsecWorkloadTokenError,
    TemporarilyUnavailableError,
)
from authsec_langchain._core import Request, Surroundings
from authsec_langchain._reply import Response, Unreachable
from authsec_langchain._transport import Transport
from conftest import MakeClient, World, wait_for_background
from server import CLIENT_ID, PATH, FakeServer, Received, Reply, error_reply, token_reply

# --- a fetch, end to end


def test_a_fetch(client: AuthsecClient, server: FakeServer) -> None:
    got = client.get_delegation()
    assert got.token == "token-1"
    assert got.permissions == ("billing:read",)
    assert got.audience == ("authsec-api",)
    assert got.delegation_id == "dlg-1"
    assert got.client_id == CLIENT_ID
    assert got.spiffe_id == f"spiffe://authsec.local/agent/{CLIENT_ID}"
    assert (got.ttl_seconds, got.status) == (3600, "active")
    assert got.expires_at.tzinfo == timezone.utc
    assert got.issued_at is not None
    assert got.issued_at < got.expires_at
    assert client.get_delegation_token() == "token-1"
    (request,) = server.received
    assert (request.method, request.path, request.query) == ("GET", PATH, {"client_id": [CLIENT_ID]})
    for name in ("Origin", "Authorization", "Cache-Control", "Cookie"):
        assert name not in request.headers
    assert request.headers["Accept-Encoding"] == "identity"


async def test_an_asynchronous_fetch(client: AuthsecClient, server: FakeServer) -> None:
    assert await client.aget_delegation_token() == "token-1"
    assert (await client.aget_delegation()).delegation_id == "dlg-1"
    assert len(server.received) == 1


def test_arguments_choose_and_key(make_client: MakeClient, server: FakeServer) -> None:
    client = make_client(actions="a:read b:write", audience="https://default", role="support", ttl=120)
    first = client.get_delegation_token()
    same = client.get_delegation_token(actions=["b:write", "a:read", "a:read"], audience=["https://default"])
    narrower = client.get_delegation_token(actions="a:read")
    elsewhere = client.get_delegation_token(audience=("https://b", "https://a"))
    assert (first, same, narrower, elsewhere) == ("token-1", "token-1", "token-2", "token-3")
    base = {"client_id": [CLIENT_ID], "role": ["support"], "ttl": ["120"]}
    assert [request.query for request in server.received] == [
        base | {"actions": ["a:read b:write"], "audience": ["https://default"]},
        base | {"actions": ["a:read"], "audience": ["https://default"]},
        base | {"actions": ["a:read b:write"], "audience": ["https://a", "https://b"]},
    ]


@pytest.mark.parametrize("wrong", [{"actions": []}, {"actions": ["a b"]}, {"audience": ""}, {"audience": 5}])
def test_wrong_arguments_are_value_errors(client: AuthsecClient, server: FakeServer, wrong: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"actions|audience"):
        client.get_delegation_token(**wrong)  # type: ignore[arg-type]
    assert server.received == []


async def test_no_cache_goes_with_force_and_after_an_invalidation(client: AuthsecClient, server: FakeServer) -> None:
    client.get_delegation_token()
    client.get_delegation_token(force_refresh=True)
    client.invalidate("token-2")
    assert await client.aget_delegation_token() == "token-3"
    await client.aget_delegation_token(force_refresh=True)
    assert [request.fresh for request in server.received] == [False, True, True, True]


def test_cached_delegation_asks_nothing(client: AuthsecClient, server: FakeServer) -> None:
    assert client.cached_delegation() is None
    client.get_delegation_token()
    cached = client.cached_delegation()
    assert cached is not None
    assert cached.token == "token-1"
    assert client.cached_delegation(actions="a:read") is None
    assert len(server.received) == 1


def test_a_refresh_in_the_background(client: AuthsecClient, server: FakeServer, world: World) -> None:
    client.get_delegation_token()
    world.time += 3600 * 0.9
    assert client.get_delegation_token() == "token-1"
    wait_for_background()
    assert client.get_delegation_token() == "token-2"


def test_a_clock_that_is_years_off_does_no_harm(client: AuthsecClient, server: FakeServer, world: World) -> None:
    world.wall = datetime(1980, 1, 1, tzinfo=timezone.utc)
    server.answer = lambda _: token_reply(f"token-{len(server.received)}", ttl=60)
    client.get_delegation_token()
    world.time += 47
    assert client.get_delegation_token() == "token-1"
    world.time += 13
    assert client.get_delegation_token() == "token-2"


def test_an_older_server_s_answer(client: AuthsecClient, server: FakeServer, world: World) -> None:
    server.date = "Thu, 21 May 2026 07:25:06 GMT"
    server.answer = lambda _: Reply(body={"token": "a.b.c", "expires_at": "2026-05-21T07:25:36Z"})
    assert client.get_delegation().ttl_seconds == 30
    world.time += 30
    client.get_delegation()
    assert len(server.received) == 2


# --- crowds


def test_a_thousand_threads_on_a_cold_cache_cause_one_request(client: AuthsecClient, server: FakeServer) -> None:
    gate, tokens = threading.Barrier(1000), []

    def get() -> None:
        gate.wait()
        tokens.append(client.get_delegation_token())

    threads = [threading.Thread(target=get) for _ in range(1000)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert tokens == ["token-1"] * 1000
    assert len(server.received) == 1


async def test_a_thousand_tasks_on_a_cold_cache_cause_one_request(client: AuthsecClient, server: FakeServer) -> None:
    tokens = await asyncio.gather(*[client.aget_delegation_token() for _ in range(1000)])
    assert tokens == ["token-1"] * 1000
    assert len(server.received) == 1


def test_threads_and_loops_together_while_tokens_are_invalidated(client: AuthsecClient, server: FakeServer) -> None:
    """No order is prescribed; what must hold in every order is that nobody sees a token after its invalidation."""
    gone: set[str] = set()
    faults: list[str] = []

    def use(token: str, seen_gone: set[str]) -> None:
        if token in seen_gone:
            faults.append(token)

    def work() -> None:
        for number in range(40):
            before = set(gone)
            token = client.get_delegation_token()
            use(token, before)
            if number % 10 == 9:
                client.invalidate(token)
                gone.add(token)

    async def awork() -> None:
        for _ in range(40):
            before = set(gone)
            use(await client.aget_delegation_token(), before)

    async def several() -> None:
        await asyncio.gather(*[awork() for _ in range(4)])

    threads = [threading.Thread(target=work) for _ in range(8)]
    threads += [threading.Thread(target=asyncio.run, args=(several(),)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert len(gone) <= len(server.received) <= len(gone) * 2 + 1


def test_a_kept_token_costs_less_than_five_microseconds(client: AuthsecClient) -> None:
    real = AuthsecClient(client.config)
    real.get_delegation_token()
    best = min(_seconds(real) for _ in range(20))
    real.close()
    assert best < 5e-6


def _seconds(client: AuthsecClient) -> float:
    started = time.perf_counter()
    for _ in range(1000):
        client.get_delegation_token()
    return (time.perf_counter() - started) / 1000


# --- proof


def test_the_workload_token_is_sent_and_read_again_when_it_changes(
    make_client: MakeClient, server: FakeServer, tmp_path: Path
) -> None:
    file = tmp_path / "token"
    file.write_text("first.workload.token\n")
    client = make_client(workload_token_file=file)
    client.get_delegation_token()
    stamp = file.stat().st_mtime_ns
    file.write_text("other.workload.token\n")
    os.utime(file, ns=(stamp, stamp))  # same size, same inode, same time: only the content tells
    client.get_delegation_token(force_refresh=True)
    replacement = tmp_path / "next"
    replacement.write_text("third.workload.token")
    replacement.rename(file)  # as Kubernetes does
    client.get_delegation_token(force_refresh=True)
    assert [request.headers["Authorization"] for request in server.received] == [
        "Bearer first.workload.token",
        "Bearer other.workload.token",
        "Bearer third.workload.token",
    ]


def test_a_rotated_token_is_seen_between_two_tries(make_client: MakeClient, server: FakeServer, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("old")

    def rotate(_: Received) -> Reply:
        file.write_text("new")
        return error_reply(503, "temporarily_unavailable")

    server.queue = [rotate]
    make_client(workload_token_file=file).get_delegation_token()
    assert [request.headers["Authorization"] for request in server.received] == ["Bearer old", "Bearer new"]


def test_the_environment_names_the_file_at_the_time_of_the_fetch(
    make_client: MakeClient, server: FakeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "env").write_text("from-env")
    (tmp_path / "explicit").write_text("from-setting")
    plain, explicit = make_client(), make_client(workload_token_file=tmp_path / "explicit")
    secret = make_client(client_secret="s")
    plain.get_delegation_token()
    monkeypatch.setenv("AUTHSEC_WORKLOAD_TOKEN_FILE", str(tmp_path / "env"))
    for client in (plain, explicit, secret):
        client.get_delegation_token(force_refresh=True)
    sent = [request.headers["Authorization"] for request in server.received]
    assert sent[:3] == [None, "Bearer from-env", "Bearer from-setting"]
    assert sent[3].startswith("Basic ")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "cannot be read"),
        (b"", "is empty"),
        (b" \n", "is empty"),
        (b"x" * (16 * 1024 + 1), "larger than"),
        (b"two\nlines", "one line"),
        ("ünïcode".encode(), "ASCII"),
        (b"with blank", "does not hold a token"),
    ],
)
def test_a_token_file_that_is_of_no_use(
    make_client: MakeClient, server: FakeServer, tmp_path: Path, content: bytes | None, said: str
) -> None:
    file = tmp_path / "token"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(AuthsecWorkloadTokenError, match=said) as caught:
        make_client(workload_token_file=file).get_delegation_token()
    assert str(file) in str(caught.value)
    assert "AUTHSEC_WORKLOAD_TOKEN_FILE" in str(caught.value)
    assert server.received == []


def test_a_token_file_of_the_largest_size(make_client: MakeClient, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_bytes(b"x" * (16 * 1024))
    make_client(workload_token_file=file).get_delegation_token()


def test_a_token_file_that_is_no_file(make_client: MakeClient, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)  # opening it would wait for ever
    for path in (pipe, tmp_path):
        with pytest.raises(AuthsecWorkloadTokenError, match=r"regular file|cannot be read"):
            make_client(workload_token_file=path).get_delegation_token()


@pytest.mark.parametrize("secret", ["simple", "with:colon", "100% +plus/slash=", "ünï"])
def test_a_client_secret_is_form_encoded_basic(make_client: MakeClient, server: FakeServer, secret: str) -> None:
    make_client(client_secret=secret).get_delegation_token()
    scheme, _, credentials = server.received[0].headers["Authorization"].partition(" ")
    assert scheme == "Basic"
    assert base64.b64decode(credentials).decode("ascii") == f"{CLIENT_ID}:{quote_plus(secret)}"


# --- answers that are none


def test_connection_errors_are_retried_and_then_told(make_client: MakeClient, server: FakeServer, world: World) -> None:
    server.queue = [Reply(drop=True), Reply(drop=True)]
    assert make_client().get_delegation_token() == "token-3"
    assert world.slept == [0.125, 0.25]
    server.answer = lambda _: Reply(drop=True)
    with pytest.raises(AuthsecConnectionError, match=r"RemoteProtocolError|ReadError") as caught:
        make_client(max_retries=1).get_delegation_token()
    assert "base_url" in str(caught.value)
    assert caught.value.__cause__ is None
    assert len(server.received) == 5


def test_nobody_listens(world: World) -> None:
    config = AuthsecConfig(base_url="http://127.0.0.1:1", client_id=CLIENT_ID)
    with (
        AuthsecClient(config, _around=world.around) as client,
        pytest.raises(AuthsecConnectionError, match="ConnectError"),
    ):
        client.get_delegation_token()
    assert len(world.slept) == 3


def test_429_and_503_are_retried(client: AuthsecClient, server: FakeServer, world: World) -> None:
    server.queue = [
        error_reply(429, "rate_limited", retry_after="2"),
        Reply(503, b"<html>overloaded</html>", {"Retry-After": "3"}),
    ]
    assert client.get_delegation_token() == "token-3"
    assert world.slept == [2, 3]


def test_it_gives_up_at_once_when_it_may_not_wait(client: AuthsecClient, server: FakeServer, world: World) -> None:
    server.answer = lambda _: error_reply(503, "temporarily_unavailable", retry_after="3600")
    with pytest.raises(TemporarilyUnavailableError) as caught:
        client.get_delegation_token()
    assert caught.value.retry_after == 3600
    assert (world.slept, len(server.received)) == ([], 1)


def test_redirects_are_not_followed(make_client: MakeClient, server: FakeServer) -> None:
    with FakeServer().running() as elsewhere:
        server.answer = lambda _: Reply(307, headers={"Location": f"{elsewhere.url}{PATH}?client_id=x"})
        with pytest.raises(AuthsecProtocolError, match="redirect"):
            make_client(client_secret="canary").get_delegation_token()
        assert elsewhere.received == []


def test_a_body_over_64_kib_is_refused(client: AuthsecClient, server: FakeServer) -> None:
    server.queue = [token_reply(padding="x" * (65 * 1024)), token_reply(padding="x" * (60 * 1024))]
    with pytest.raises(AuthsecProtocolError, match="too large"):
        client.get_delegation_token()
    client.get_delegation_token()


def test_an_endless_body_is_not_read_to_its_end(client: AuthsecClient, server: FakeServer) -> None:
    server.queue = [Reply(200, b"x" * 200_000, {"Content-Length": str(10**12)})]
    with pytest.raises(AuthsecProtocolError, match="too large"):
        client.get_delegation_token()


def test_a_compressed_body_is_refused(client: AuthsecClient, server: FakeServer) -> None:
    server.queue = [Reply(200, b"\x1f\x8b", {"Content-Encoding": "gzip"})]
    with pytest.raises(AuthsecProtocolError, match="compressed"):
        client.get_delegation_token()


def test_a_body_that_drips_does_not_take_longer_than_the_timeout(server: FakeServer) -> None:
    times = itertools.count(0.0, 6.0)  # every part takes six seconds
    for timeout, outcome in ((5, Unreachable), (7, Response)):
        config = AuthsecConfig(base_url=server.url, client_id=CLIENT_ID, timeout=timeout)
        transport = Transport(config, Surroundings(clock=lambda: next(times)), None)
        assert isinstance(transport.send(Request(server.url, {})), outcome)
        transport.close()


def test_a_timeout_is_a_connection_error(make_client: MakeClient, server: FakeServer, world: World) -> None:
    release = threading.Event()

    def hang(_: Received) -> Reply:
        release.wait(10)
        return token_reply()

    server.answer = hang
    with pytest.raises(AuthsecConnectionError, match="ReadTimeout"):
        make_client(timeout=0.2, max_retries=1).get_delegation_token()
    release.set()
    assert world.slept == [0.125]


def test_an_untrusted_certificate_is_told_once_and_not_retried(world: World) -> None:
    listener, port = _tls_listener()
    config = AuthsecConfig(base_url=f"https://localhost:{port}", client_id=CLIENT_ID)
    client = AuthsecClient(config, _around=world.around)
    with listener, client, pytest.raises(AuthsecConnectionError, match=r"CERTIFICATE_VERIFY_FAILED.*ca_bundle"):
        client.get_delegation_token()
    assert world.slept == []


def test_a_private_authority_can_be_trusted(tmp_path: Path, world: World) -> None:
    bundle = tmp_path / "ca.pem"
    listener, port = _tls_listener(bundle)
    config = AuthsecConfig(base_url=f"https://localhost:{port}", client_id=CLIENT_ID, ca_bundle=bundle)
    with listener, AuthsecClient(config, _around=world.around) as client:
        assert client.get_delegation_token() == "over-tls"


def test_a_ca_bundle_that_is_none(tmp_path: Path) -> None:
    bundle = tmp_path / "ca.pem"
    bundle.write_text("not a certificate")
    client = AuthsecClient(AuthsecConfig(base_url="https://a", client_id=CLIENT_ID, ca_bundle=bundle))
    with pytest.raises(AuthsecConfigError, match="ca_bundle"):
        client.get_delegation_token()


def test_a_proxy_is_used_and_the_environment_s_is_not_for_loopback(
    make_client: MakeClient, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with FakeServer().running() as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        make_client().get_delegation_token()
        assert (len(server.received), len(proxy.received)) == (1, 0)
        make_client(proxy=proxy.url).get_delegation_token()
        assert (len(server.received), len(proxy.received)) == (1, 1)
        assert proxy.received[0].target.startswith(server.url)


# --- the client's life


def test_it_is_a_context_manager(server: FakeServer) -> None:
    with AuthsecClient(AuthsecConfig(base_url=server.url, client_id=CLIENT_ID)) as client:
        client.get_delegation_token()
    for _ in range(2):
        client.close()
    with pytest.raises(AuthsecClosedError):
        client.get_delegation_token()


async def test_it_is_an_asynchronous_context_manager(server: FakeServer) -> None:
    async with AuthsecClient(AuthsecConfig(base_url=server.url, client_id=CLIENT_ID)) as client:
        await client.aget_delegation_token()
    with pytest.raises(AuthsecClosedError):
        await client.aget_delegation_token()


@pytest.mark.parametrize(
    ("reply", "retries"), [(error_reply(503, "temporarily_unavailable"), 3), (Reply(drop=True), 0)]
)
def test_closing_during_a_fetch_ends_it(
    make_client: MakeClient, server: FakeServer, reply: Reply, retries: int
) -> None:
    client = make_client(max_retries=retries)

    def close_and_fail(_: Received) -> Reply:
        client.close()
        return reply

    server.answer = close_and_fail
    with pytest.raises(AuthsecClosedError):
        client.get_delegation_token()
    assert len(server.received) == 1


def test_it_cannot_be_pickled(client: AuthsecClient) -> None:
    with pytest.raises(TypeError, match="build one in the other process"):
        pickle.dumps(client)
    delegation = client.get_delegation()
    with pytest.raises(TypeError, match="live token"):
        pickle.dumps(delegation)
    assert copy.copy(delegation) is copy.deepcopy(delegation) is delegation


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_forked_child_keeps_the_token_and_fetches_for_itself(make_client: MakeClient, server: FakeServer) -> None:
    client = make_client()
    assert client.get_delegation_token() == "token-1"
    hold = threading.Event()

    def answer(_: Received) -> Reply:
        number = len(server.received)
        if number == 2:
            hold.wait(10)
        return token_reply(f"token-{number}")

    server.answer = answer
    stuck = threading.Thread(target=client.get_delegation_token, kwargs={"actions": "a:read"})
    stuck.start()
    while len(server.received) < 2:
        time.sleep(0.001)
    held, forked = threading.Event(), threading.Event()

    def hold_the_locks() -> None:
        with client._cache._lock, client._transport._lock:
            held.set()
            forked.wait(10)

    holder = threading.Thread(target=hold_the_locks)
    holder.start()
    held.wait(10)
    child = os.fork()  # at the worst moment: another thread, which the child does not have, holds the locks
    if child == 0:
        signal.alarm(10)  # a deadlock ends here, with a status that is not 0
        status = 1
        try:
            left_alone = client._transport._client is None  # not the parent's connections
            kept = client.get_delegation_token()
            same_scope_as_the_parent_s_flight = client.get_delegation_token(actions="a:read")
            status = 0 if (left_alone, kept, same_scope_as_the_parent_s_flight) == (True, "token-1", "token-3") else 2
        finally:
            os._exit(status)
    forked.set()
    holder.join()
    _, how = os.waitpid(child, 0)
    hold.set()
    stuck.join()
    assert os.waitstatus_to_exitcode(how) == 0
    assert client.get_delegation_token(actions="a:read") == "token-2"  # the parent's connection was left alone


def test_it_works_without_langchain_core(tmp_path: Path) -> None:
    import subprocess

    (tmp_path / "langchain_core").mkdir()
    (tmp_path / "langchain_core" / "__init__.py").write_text("raise ModuleNotFoundError('no', name='langchain_core')")
    code = (
        "import authsec_langchain\n"
        "from authsec_langchain import AuthsecClient, AuthsecConfig\n"
        "print('OK')\n"
        "try:\n    authsec_langchain.AuthsecCallbackHandler\n"
        "except ImportError as error:\n    print(error)\n"
        "try:\n    authsec_langchain.nothing\n"
        "except AttributeError as error:\n    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
    )
    assert done.stdout.splitlines() == [
        "OK",
        'AuthsecCallbackHandler needs langchain-core: pip install "langchain-core>=1.0,<2.0"',
        "module 'authsec_langchain' has no attribute 'nothing'",
    ]


def _tls_listener(bundle: Path | None = None) -> tuple[FakeTls, int]:
    tls = FakeTls(bundle)
    return tls, tls.port


class FakeTls:
    """A server on localhost with a certificate of its own making."""

    def __init__(self, bundle: Path | None) -> None:
        from tls import self_signed

        self._server = FakeServer()
        self._server.answer = lambda _: token_reply("over-tls")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate = self_signed(context)
        if bundle is not None:
            bundle.write_bytes(certificate)
        http = self._server._http
        http.socket = context.wrap_socket(http.socket, server_side=True, do_handshake_on_connect=False)
        self.port = int(http.server_address[1])
        self._running = self._server.running()

    def __enter__(self) -> FakeTls:
        self._running.__enter__()
        return self

    def __exit__(self, *details: object) -> None:
        self._running.__exit__(None, None, None)
