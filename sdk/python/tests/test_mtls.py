"""Tokens that are bound to a client certificate (RFC 8705): in the client, over real TLS, and at an API."""

from __future__ import annotations

import asyncio
import base64
import json
import ssl
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from authsec_langchain import AuthsecAuth, AuthsecClient, AuthsecConfig, AuthsecConfigError, AuthsecConnectionError
from authsec_langchain._thumbprint import digest
from authsec_langchain.verify import Verifier
from authsec_langchain.verify._tls import connection_certificate, der
from authsec_langchain.verify.asgi import BearerMiddleware, Message, Scope, claims_of
from bound import mint
from server import CLIENT_ID, PATH, token_reply
from tls import certificate, load
from vectors import AUDIENCE, ISSUER, JWKS


class TlsServer:
    """AuthSec and an API in one, over TLS: it binds tokens to the connection's certificate, and tells which it saw."""

    def __init__(self, own: bytes, trusted: list[bytes]) -> None:
        self.seen: list[tuple[str, str]] = []  # request target, thumbprint
        self.authorizations: list[str | None] = []
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        load(context, own)
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(cadata="".join(pem.decode() for pem in trusted))
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                assert isinstance(self.connection, ssl.SSLSocket)
                thumbprint = digest(self.connection.getpeercert(binary_form=True) or b"")
                outer.seen.append((self.path, thumbprint))
                outer.authorizations.append(self.headers.get("Authorization"))
                body = json.dumps({"ok": True}).encode()
                if self.path.startswith(PATH):
                    number = sum(target.startswith(PATH) for target, _ in outer.seen)
                    body = json.dumps(token_reply(f"token-{number}", cnf={"x5t#S256": thumbprint}).body).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request: object, client_address: object) -> None:
                pass  # clients without a certificate are part of a test

        self.http = Server(("127.0.0.1", 0), Handler)
        self.http.socket = context.wrap_socket(self.http.socket, server_side=True, do_handshake_on_connect=False)
        self.url = f"https://localhost:{self.http.server_address[1]}"


@pytest.fixture(scope="module")
def certificates() -> list[bytes]:
    """PEM texts of keys and certificates: the server's, and two of a client."""
    return [certificate("localhost"), certificate("agent-1"), certificate("agent-2")]


@pytest.fixture
def tls_server(certificates: list[bytes]) -> Iterator[TlsServer]:
    server = TlsServer(certificates[0], certificates[1:])
    thread = threading.Thread(target=server.http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield server
    server.http.shutdown()
    server.http.server_close()
    thread.join()


@pytest.fixture
def files(tmp_path: Path, certificates: list[bytes]) -> dict[str, Path]:
    (tmp_path / "ca.pem").write_bytes(only("CERTIFICATE", certificates[0]))
    (tmp_path / "client.pem").write_bytes(certificates[1])
    return {"ca_bundle": tmp_path / "ca.pem", "client_cert_file": tmp_path / "client.pem"}


def only(what: str, pem: bytes) -> bytes:
    """Return the block of a PEM text whose name ends with what."""
    blocks = [block for block in pem.split(b"-----BEGIN ")[1:] if block.split(b"-----")[0].endswith(what.encode())]
    return b"-----BEGIN " + blocks[0]


def client_of(server: TlsServer, files: dict[str, Path], **more: Any) -> AuthsecClient:
    settings: dict[str, Any] = {"base_url": server.url, "client_id": CLIENT_ID, **files, **more}
    return AuthsecClient(AuthsecConfig(**settings))


def thumbprint(pem: bytes) -> str:
    return digest(der(only("CERTIFICATE", pem)))


def test_rfc8705_3_the_token_is_asked_for_and_used_on_one_certificate(
    tls_server: TlsServer, files: dict[str, Path], certificates: list[bytes]
) -> None:
    with client_of(tls_server, files, token_binding="mtls") as client:
        assert client.get_delegation().token_type == "Bearer"
        with httpx.Client(auth=AuthsecAuth(client), verify=client.tls_context(), trust_env=False) as api:
            assert api.get(tls_server.url + "/bills").json() == {"ok": True}
    want = thumbprint(certificates[1])
    assert tls_server.seen == [(f"{PATH}?client_id={CLIENT_ID}&token_binding=mtls", want), ("/bills", want)]


def test_the_certificate_is_the_only_proof(
    tls_server: TlsServer, files: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "token").write_text("a-token-of-the-platform")
    monkeypatch.setenv("AUTHSEC_WORKLOAD_TOKEN_FILE", str(tmp_path / "token"))
    for more, sent in (({"token_binding": "mtls"}, None), ({}, "Bearer a-token-of-the-platform")):
        with client_of(tls_server, files, **more) as client:
            client.get_delegation_token()
        assert tls_server.authorizations[-1] == sent


def test_a_certificate_that_is_replaced_is_taken_up(
    tls_server: TlsServer, files: dict[str, Path], certificates: list[bytes]
) -> None:
    with client_of(tls_server, files, token_binding="mtls") as client:
        client.get_delegation_token()
        fresh = files["client_cert_file"].with_suffix(".new")
        fresh.write_bytes(certificates[2])
        fresh.replace(files["client_cert_file"])
        client.get_delegation_token(force_refresh=True)
        client.get_delegation_token(force_refresh=True)
    assert [seen for _, seen in tls_server.seen] == [thumbprint(certificates[number]) for number in (1, 2, 2)]


def test_a_key_in_a_file_of_its_own(tls_server: TlsServer, files: dict[str, Path], certificates: list[bytes]) -> None:
    key = files["ca_bundle"].with_name("client-key.pem")
    key.write_bytes(only("PRIVATE KEY", certificates[1]))
    files["client_cert_file"].write_bytes(only("CERTIFICATE", certificates[1]))
    with client_of(tls_server, files, client_key_file=key) as client:
        assert client.get_delegation_token() == "token-1"
    assert tls_server.seen[0][0] == f"{PATH}?client_id={CLIENT_ID}"


def test_without_a_certificate_there_is_no_connection(tls_server: TlsServer, files: dict[str, Path]) -> None:
    del files["client_cert_file"]
    with client_of(tls_server, files, max_retries=0) as client, pytest.raises(AuthsecConnectionError):
        client.get_delegation_token()


@pytest.mark.parametrize("content", [b"", b"no certificate", None])
def test_files_without_a_certificate(
    tls_server: TlsServer, files: dict[str, Path], certificates: list[bytes], content: bytes | None
) -> None:
    secret = only("PRIVATE KEY", certificates[1])
    files["client_cert_file"].write_bytes(secret if content is None else content)
    with client_of(tls_server, files) as client:
        with pytest.raises(AuthsecConfigError, match="hold no certificate in PEM with its key") as caught:
            client.get_delegation_token()
        assert "BEGIN" not in str(caught.value)
        with pytest.raises(AuthsecConfigError):
            client.tls_context()


# --- at an API


def answer_of(scope: Scope, **settings: Any) -> tuple[int, str]:
    """Return the status and the subject that an application behind the middleware answers."""
    sent: list[Message] = []

    async def app(scope: Scope, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": claims_of(scope).subject.encode()})

    async def receive() -> Message:
        return {"type": "http.request", "body": b""}

    async def send(message: Message) -> None:
        sent.append(message)

    with Verifier(ISSUER, AUDIENCE, jwks=JWKS) as verifier:
        asyncio.run(BearerMiddleware(app, verifier, **settings)(scope, receive, send))
    return sent[0]["status"], sent[1]["body"].decode()


def scope_with(pem: bytes | None, token: str, **tls: Any) -> Scope:
    chain = [] if pem is None else [only("CERTIFICATE", pem).decode(), "whatever stands above"]
    return {
        "type": "http", "method": "GET", "scheme": "https", "path": "/bills", "query_string": b"",
        "headers": [(b"authorization", f"Bearer {token}".encode())],
        "extensions": {"tls": {"client_cert_chain": chain, "client_cert_error": None, **tls}},
    }  # fmt: skip


def test_the_certificate_of_the_asgi_tls_extension(certificates: list[bytes]) -> None:
    token = mint({"x5t#S256": thumbprint(certificates[1])}, now=time.time())
    assert answer_of(scope_with(certificates[1], token)) == (200, "user-7")
    assert answer_of(scope_with(certificates[2], token))[0] == 401
    assert answer_of(scope_with(None, token))[0] == 401
    assert answer_of(scope_with(certificates[1], token, client_cert_error="expired"))[0] == 401
    assert answer_of(scope_with(certificates[1], token, client_cert_chain=["no certificate"]))[0] == 401
    assert answer_of({**scope_with(certificates[1], token), "extensions": {}})[0] == 401
    assert answer_of(scope_with(certificates[2], mint(now=time.time()))) == (200, "user-7")


def test_the_certificate_of_a_callable(certificates: list[bytes]) -> None:
    token = mint({"x5t#S256": thumbprint(certificates[1])}, now=time.time())
    pem = only("CERTIFICATE", certificates[1])
    scope = scope_with(None, token)
    for given in (pem, pem.decode(), der(pem)):
        assert answer_of(scope, client_certificate=lambda _, given=given: given) == (200, "user-7")
    for wrong in (None, "", b"", "no certificate", b"x" * 100_000, certificates[2]):
        assert answer_of(scope, client_certificate=lambda _, wrong=wrong: wrong)[0] == 401
    # It is asked instead of the extension, not beside it.
    assert answer_of(scope_with(certificates[1], token), client_certificate=lambda _: None)[0] == 401


@pytest.mark.parametrize(
    "extensions", [None, {}, {"tls": None}, {"tls": []}, {"tls": {}}, {"tls": {"client_cert_chain": None}}]
)
def test_servers_that_tell_nothing(extensions: Any) -> None:
    assert connection_certificate({"extensions": extensions}) is None
    assert connection_certificate({}) is None


def test_der_is_taken_as_it_is() -> None:
    assert der(base64.b64decode("MAA=")) == b"0\x00"


def test_metadata_says_so() -> None:
    async def app(scope: Scope, receive: Any, send: Any) -> None: ...

    with Verifier(ISSUER, AUDIENCE, jwks=JWKS) as verifier:
        plain = BearerMiddleware(app, verifier)._resource
        mtls = BearerMiddleware(app, verifier, client_certificate=lambda _: None)._resource
    with Verifier(ISSUER, AUDIENCE, jwks=JWKS, require_sender_constrained="dpop") as verifier:
        dpop = BearerMiddleware(app, verifier)._resource
    with Verifier(ISSUER, AUDIENCE, jwks=JWKS, dpop=False) as verifier:
        none = BearerMiddleware(app, verifier)._resource
    told = []
    for resource in (plain, mtls, dpop, none):
        assert resource is not None
        document = resource.document()
        told.append(
            (
                "dpop_signing_alg_values_supported" in document,
                document.get("dpop_bound_access_tokens_required"),
                document.get("tls_client_certificate_bound_access_tokens"),
            )
        )
    assert told == [(True, None, None), (True, None, True), (True, True, None), (False, None, None)]
