"""Fixtures: a server that does what it is told, and time that stands still until it is moved."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from authsec import build
from authsec_langchain import AuthsecClient, AuthsecConfig
from authsec_langchain._core import Surroundings
from server import CLIENT_ID, FakeServer

pytest_plugins = ["fetches"]

# A busy machine is slow; slowness is not a fault.
settings.register_profile("calm", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("calm")

WALL = datetime(2026, 5, 21, 7, 0, 0, tzinfo=timezone.utc)


class World:
    """A monotonic clock, a wall clock, a sleep that takes no time, and chance without chance."""

    def __init__(self) -> None:
        self.time = 1000.0
        self.wall = WALL
        self.luck = 0.0
        self.slept: list[float] = []
        self.around = Surroundings(
            clock=lambda: self.time, sleep=self._sleep, chance=lambda: self.luck, now=lambda: self.wall
        )

    def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def server() -> Iterator[FakeServer]:
    with FakeServer().running() as running:
        yield running


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("WORKLOAD_TOKEN_FILE", "CLIENT_SECRET", "BASE_URL", "AGENT_CLIENT_ID"):
        monkeypatch.delenv(f"AUTHSEC_{name}", raising=False)
    monkeypatch.delenv("SPIFFE_ENDPOINT_SOCKET", raising=False)
    monkeypatch.setattr("authsec_langchain._proof.PROJECTED_TOKEN", "/nowhere/authsec/token")


@pytest.fixture(scope="session")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the real server."""
    return build(tmp_path_factory.mktemp("program"))


MakeClient = Callable[..., AuthsecClient]


@pytest.fixture
def make_client(server: FakeServer, world: World) -> Iterator[MakeClient]:
    clients: list[AuthsecClient] = []

    def make(**settings: Any) -> AuthsecClient:
        config = AuthsecConfig(**{"base_url": server.url, "client_id": CLIENT_ID, **settings})
        clients.append(AuthsecClient(config, _around=world.around))
        return clients[-1]

    yield make
    for client in clients:
        client.close()


@pytest.fixture
def client(make_client: MakeClient) -> AuthsecClient:
    return make_client()


def wait_for_background() -> None:
    """Wait until no fetch is running in a thread of its own."""
    for thread in threading.enumerate():
        if thread.name == "authsec-fetch":
            thread.join(10)
            assert not thread.is_alive()
