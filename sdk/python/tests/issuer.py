"""A real HTTP server on loopback that does what AuthSec does for verifiers, and fails as each test tells it to."""

from __future__ import annotations

import base64
import json
import queue
import ssl
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote_plus, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

import vectors

AUDIENCE = "https://billing.example.com"
RESOURCE_ID, RESOURCE_SECRET = "res:1", "rs_+/ %"
METADATA = "/.well-known/oauth-authorization-server"
SIZE = 131072

Reply = tuple[int, dict[str, str], bytes]


class Issuer:
    """Signs with the vectors' keys. Requests are logged as "GET /path"."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self.requests: list[str] = []
        self.kids = ["vector-a", "vector-b"]
        self.kid = "vector-a"
        self.path = ""  # of the issuer's URL
        self.broken: dict[str, Reply] = {}  # by path: what to answer instead
        self.answers: dict[str, Callable[[BaseHTTPRequestHandler], Reply]] = {}
        self.recalls: list[str] = []
        self.since: list[int] = []  # where each stream began
        self.revision = 0
        self.retired: set[int] = set()
        self.revoked: set[str] = set()
        self.connected = threading.Semaphore(0)
        self._streams: list[queue.Queue[bytes | None]] = []
        self._lock = threading.Lock()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_GET(self) -> None:
                outer._serve(self)

            do_POST = do_GET  # noqa: N815

            def log_message(self, *args: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            block_on_close = False
            request_queue_size = 256

            def handle_error(self, request: object, client_address: object) -> None:
                pass  # a client that hangs up is part of some tests

        self._http = Server(("127.0.0.1", 0), Handler)
        if context is not None:
            self._http.socket = context.wrap_socket(self._http.socket, server_side=True)
        scheme, host = ("http", "127.0.0.1") if context is None else ("https", "localhost")
        self.origin = f"{scheme}://{host}:{self._http.server_address[1]}"

    @property
    def url(self) -> str:
        return self.origin + self.path

    def list_uri(self) -> str:
        return f"{self.url}/oauth2/status-lists/1"

    @contextmanager
    def running(self) -> Iterator[Issuer]:
        thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self.break_streams()
            self._http.shutdown()
            self._http.server_close()
            thread.join()

    # What it signs.

    def sign(self, typ: str, claims: dict[str, Any], kid: str | None = None) -> str:
        kid = kid or self.kid
        key = jwt.PyJWK(vectors.PRIVATE[kid], "RS256").key
        assert isinstance(key, RSAPrivateKey)
        return jwt.encode(claims, key, "RS256", headers={"typ": typ, "kid": kid})

    def mint(self, *, idx: int | None = 7, kid: str | None = None, **claims: Any) -> str:
        now = int(time.time())
        agent = {"sub": "spiffe://authsec.local/agent/a-1", "client_id": "a-1"}
        said: dict[str, Any] = {
            "iss": self.url, "sub": "user-7", "act": agent, "client_id": "a-1", "aud": [AUDIENCE], "jti": "token-1",
            "iat": now, "nbf": now, "exp": now + 300, "scope": "billing:read",
        }  # fmt: skip
        if idx is not None:
            said["status"] = {"status_list": {"idx": idx, "uri": self.list_uri()}}
        return self.sign("at+jwt", said | claims, kid)

    def status_list(self, **claims: Any) -> str:
        statuses = bytearray(SIZE // 4)
        for index in self.retired:
            statuses[index // 4] |= 1 << (index % 4 * 2)
        now = int(time.time())
        lst = base64.urlsafe_b64encode(zlib.compress(bytes(statuses))).rstrip(b"=").decode()
        said = {"sub": self.list_uri(), "iat": now, "exp": now + 300, "ttl": 10, "status_list": {"bits": 2, "lst": lst}}
        return self.sign("statuslist+jwt", said | claims)

    def recall(self, idx: int | None = None, jti: str | None = None) -> None:
        """Recall a status or a token, everywhere at once."""
        with self._lock:
            claims: dict[str, Any] = {"iss": self.url, "iat": int(time.time()), "seq": len(self.recalls) + 1}
            if idx is not None:
                self.retired.add(idx)
                claims["status_list"] = {"idx": idx, "uri": self.list_uri()}
            else:
                assert jti is not None
                self.revoked.add(jti)
                claims["jti"] = jti
            self.recalls.append(self.sign("authsec-recall+jwt", claims))
            self._tell(self._event(len(self.recalls)))

    def beat(self, **claims: Any) -> None:
        """Send a heartbeat on every stream."""
        with self._lock:
            self._tell(self.heartbeat(**claims))

    def send(self, text: str) -> None:
        """Send anything on every stream."""
        with self._lock:
            self._tell(text.encode())

    def heartbeat(self, **claims: Any) -> bytes:
        said = {"iss": self.url, "iat": int(time.time()), "seq": len(self.recalls)} | claims
        return f"event: heartbeat\nid: {said['seq']}\ndata: {self.sign('authsec-heartbeat+jwt', said)}\n\n".encode()

    def break_streams(self) -> None:
        with self._lock:
            for stream in self._streams:
                stream.put(None)
            self._streams.clear()

    def _tell(self, text: bytes) -> None:
        for stream in self._streams:
            stream.put(text)

    def _event(self, seq: int) -> bytes:
        return f"event: recall\nid: {seq}\ndata: {self.recalls[seq - 1]}\n\n".encode()

    # What it answers.

    def _serve(self, handler: BaseHTTPRequestHandler) -> None:
        path = urlsplit(handler.path).path
        streams = handler.headers.get("Accept") == "text/event-stream"
        name = "stream" if streams else path
        with self._lock:
            self.requests.append(f"{handler.command} {name}")
        if name in self.broken:
            self._reply(handler, self.broken[name])
        elif name in self.answers:
            self._reply(handler, self.answers[name](handler))
        elif streams:
            self._stream(handler)
        else:
            self._reply(handler, self._answer(handler, path))

    def _answer(self, handler: BaseHTTPRequestHandler, path: str) -> Reply:
        json_type = {"Content-Type": "application/json"}
        if path in (METADATA + self.path, self.path + METADATA):
            said = {"issuer": self.url, "jwks_uri": f"{self.url}/jwks.json"}
            return 200, json_type, json.dumps(said).encode()
        if path == f"{self.path}/jwks.json":
            keys = [jwk for jwk in vectors.read("jwks.json")["keys"] if jwk["kid"] in self.kids]
            return 200, json_type, json.dumps({"keys": keys}).encode()
        if path == f"{self.path}/oauth2/status-lists/1":
            etag = f'"{len(self.retired)}"'
            if handler.headers.get("If-None-Match") == etag:
                return 304, {"ETag": etag}, b""
            return 200, {"Content-Type": "application/statuslist+jwt", "ETag": etag}, self.status_list().encode()
        if not self._knows(handler.headers.get("Authorization", "")):
            return 401, {"WWW-Authenticate": "Basic"}, b'{"error":"invalid_client"}'
        if path == f"{self.path}/oauth2/revocations":
            since = int(parse_qs(urlsplit(handler.path).query)["since"][0])
            page = self.recalls[since : since + 2]  # pages so small that there are several
            last = min(since + 2, len(self.recalls))
            said_page = {"events": page, "last": last, "more": last < len(self.recalls)}
            return 200, json_type, json.dumps(said_page).encode()
        if path == f"{self.path}/oauth2/introspect":
            form = parse_qs(handler.rfile.read(int(handler.headers["Content-Length"])).decode())
            claims = jwt.decode(form["token"][0], options={"verify_signature": False})
            index = claims.get("status", {}).get("status_list", {}).get("idx")
            active = claims["jti"] not in self.revoked and index not in self.retired
            return 200, json_type, json.dumps({"active": active} | (claims if active else {})).encode()
        return 404, json_type, b'{"error":"not_found"}'

    def _knows(self, authorization: str) -> bool:
        name, _, secret = base64.b64decode(authorization.removeprefix("Basic ")).decode().partition(":")
        return (unquote_plus(name), unquote_plus(secret)) == (RESOURCE_ID, RESOURCE_SECRET)

    def _reply(self, handler: BaseHTTPRequestHandler, reply: Reply) -> None:
        status, headers, body = reply
        handler.send_response(status)
        for name, value in ({"Content-Length": str(len(body))} | headers).items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body)

    def _stream(self, handler: BaseHTTPRequestHandler) -> None:
        if not self._knows(handler.headers.get("Authorization", "")):
            self._reply(handler, (401, {}, b""))
            return
        since = int(handler.headers["Last-Event-ID"])
        texts: queue.Queue[bytes | None] = queue.Queue()
        with self._lock:
            self.since.append(since)
            for seq in range(since + 1, len(self.recalls) + 1):
                texts.put(self._event(seq))
            texts.put(self.heartbeat())
            self._streams.append(texts)
        handler.send_response(200)
        handler.send_header("Content-Type", "text/event-stream")
        handler.send_header("Connection", "close")
        handler.end_headers()
        self.connected.release()
        handler.close_connection = True
        while (text := texts.get()) is not None:
            handler.wfile.write(text)
