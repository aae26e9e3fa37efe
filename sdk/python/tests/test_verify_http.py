"""The connections of a verifier, and what becomes of them when it is closed."""

from __future__ import annotations

import threading
import time

import pytest

from authsec_langchain.verify._http import Answer, Http
from authsec_langchain.verify._refresh import FetchError
from server import FakeServer, Received, Reply


def test_a_request_that_is_under_way_when_it_closes_leaves_no_connection_behind(server: FakeServer) -> None:
    http = Http(timeout=10, verify=None, proxy=None, clock=time.monotonic)
    arrived, released = threading.Event(), threading.Event()

    def hold(_: Received) -> Reply:
        arrived.set()
        released.wait(10)
        return Reply(200, b"{}")

    server.answer = hold
    got: list[Answer] = []
    thread = threading.Thread(target=lambda: got.append(http.get(f"{server.url}/x", {})))
    thread.start()
    assert arrived.wait(10)
    http.close()
    with pytest.raises(FetchError, match="closed"):
        http.get(f"{server.url}/x", {})
    released.set()
    thread.join(10)
    assert [answer.body for answer in got] == [b"{}"], "it is finished"
    assert http._clients == {}
