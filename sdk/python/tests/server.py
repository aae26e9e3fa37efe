"""A real HTTP server on loopback that speaks the token endpoint, told by each test what to answer."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

CLIENT_ID = "6f1c2d3e-0000-4000-8000-0000000000aa"
PATH = "/authsec/uflow/sdk/delegation-token"


@dataclass
class Received:
    """A request as the server saw it."""

    method: str
    target: str
    headers: Message
    body: bytes

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, list[str]]:
        return parse_qs(urlsplit(self.target).query, keep_blank_values=True)

    @property
    def fresh(self) -> bool:
        return self.headers.get("Cache-Control") == "no-cache"


@dataclass
class Reply:
    """What the server answers."""

    status: int = 200
    body: bytes | dict[str, Any] = b""
    headers: dict[str, str] = field(default_factory=dict)
    drop: bool = False  # close the connection without an answer


def token_reply(token: str = "token-1", ttl: float = 3600, **fields: Any) -> Reply:
    """Build a full 200 answer."""
    now = datetime.now(timezone.utc)
    body = {
        "token": token,
        "expires_at": (now + timedelta(seconds=ttl)).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "spiffe_id": f"spiffe://authsec.local/agent/{CLIENT_ID}",
        "permissions": ["billing:read"],
        "audience": ["authsec-api"],
        "ttl_seconds": int(ttl),
        "client_id": CLIENT_ID,
        "delegation_id": "dlg-1",
        "status": "active",
        "issued_at": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    return Reply(body={**body, **fields})


def error_reply(status: int, code: str, description: str = "Because.", *, retry_after: str = "", **more: Any) -> Reply:
    headers = {"X-Request-Id": "req-7"} | ({"Retry-After": retry_after} if retry_after else {})
    return Reply(status, {"error": code, "error_description": description, **more}, headers)


Answer = Callable[[Received], Reply]


class FakeServer:
    """Answers with the queued replies in turn, then with `answer`; numbers its tokens by default."""

    def __init__(self, socket_path: str | None = None) -> None:
        self.received: list[Received] = []
        self.queue: list[Reply | Answer] = []
        self.answer: Answer = lambda request: token_reply(f"token-{len(self.received)}")
        self._lock = threading.Lock()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = socket_path is None

            def _serve(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                request = Received(self.command, self.path, self.headers, body)
                with outer._lock:
                    outer.received.append(request)
                    action = outer.queue.pop(0) if outer.queue else outer.answer
                reply = action if isinstance(action, Reply) else action(request)
                if reply.drop:
                    self.close_connection = True
                    self.connection.shutdown(socket.SHUT_RDWR)
                    return
                content = json.dumps(reply.body).encode() if isinstance(reply.body, dict) else reply.body
                self.send_response(reply.status)
                for name, value in reply.headers.items():
                    if value:
                        self.send_header(name, value)
                if "Content-Length" not in reply.headers:
                    self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = _serve  # noqa: N815

            def log_message(self, *args: object) -> None:
                pass

            def date_time_string(self, timestamp: float | None = None) -> str:
                return outer.date or super().date_time_string(timestamp)

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 1024

            def handle_error(self, request: object, client_address: object) -> None:
                pass  # a client that hangs up is part of some tests

        class UnixServer(Server):
            address_family = socket.AF_UNIX

            def server_bind(self) -> None:
                self.socket.bind(self.server_address)

        self.date = ""  # what the Date header says; the time, by default
        if socket_path is None:
            self._http = Server(("127.0.0.1", 0), Handler)
            self.url = f"http://127.0.0.1:{self._http.server_address[1]}"
        else:
            self._http = UnixServer(socket_path, Handler)  # type: ignore[arg-type]
            self.url = f"unix://{socket_path}"

    @contextmanager
    def running(self) -> Iterator[FakeServer]:
        thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._http.shutdown()
            self._http.server_close()
            thread.join()
