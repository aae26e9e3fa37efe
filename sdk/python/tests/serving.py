"""ASGI applications in a real server."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

import uvicorn


def listener() -> socket.socket:
    """Return a socket on a port of its own, for an application that has to know where it will be."""
    return socket.create_server(("127.0.0.1", 0))


@contextmanager
def served(app: Any, lifespan: Literal["on", "off"] = "on", at: socket.socket | None = None) -> Iterator[str]:
    """Run an application in uvicorn, and give its URL."""
    bound = at or listener()
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan=lifespan, timeout_graceful_shutdown=2))
    thread = threading.Thread(target=server.run, args=([bound],), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{bound.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(10)
        bound.close()
