"""Measures what a kept token costs, and how many requests 1,000 threads cause on a cold cache.

Prints one line of JSON: {"cached_get_us": <float>, "threads": 1000, "requests_on_cold_cache": <int>}.
Needs the package and nothing else; the server is in this process, on loopback.
"""

from __future__ import annotations

import json
import threading
import time
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from authsec_langchain import AuthsecClient, AuthsecConfig

THREADS = 1000
CALLS = 20_000
ROUNDS = 7


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = THREADS


class TokenHandler(BaseHTTPRequestHandler):
    requests = 0

    def do_GET(self) -> None:
        type(self).requests += 1
        expires_at = datetime.now(timezone.utc) + timedelta(hours=1)
        body = {"token": "x" * 900, "expires_at": expires_at.isoformat(), "ttl_seconds": 3600}
        content = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args: object) -> None:
        pass


def requests_on_cold_cache(client: AuthsecClient) -> int:
    gate = threading.Barrier(THREADS)

    def get() -> None:
        gate.wait()
        client.get_delegation_token()

    before = TokenHandler.requests
    threads = [threading.Thread(target=get) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return TokenHandler.requests - before


def cached_get_us(client: AuthsecClient) -> float:
    """Return the best of several rounds: anything slower was the machine doing something else."""
    client.get_delegation_token()
    best = float("inf")
    for _ in range(ROUNDS):
        started = time.perf_counter()
        for _ in range(CALLS):
            client.get_delegation_token()
        best = min(best, time.perf_counter() - started)
    return best / CALLS * 1e6


def main() -> None:
    server = Server(("127.0.0.1", 0), TokenHandler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    config = AuthsecConfig(
        base_url=f"http://127.0.0.1:{server.server_address[1]}", client_id="00000000-0000-4000-8000-000000000000"
    )
    with AuthsecClient(config) as client:
        cold = requests_on_cold_cache(client)
        result = {
            "cached_get_us": round(cached_get_us(client), 3),
            "threads": THREADS,
            "requests_on_cold_cache": cold,
        }
    server.shutdown()
    server.server_close()
    print(json.dumps(result))


if __name__ == "__main__":
    main()
