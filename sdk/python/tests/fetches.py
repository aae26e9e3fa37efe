"""Fetches as events that each test lets happen, so that every race has one outcome."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from authsec_langchain import (
    Delegation,
)
from authsec_langchain._cache import DelegationCache
from authsec_langchain._reply import Fetched
from authsec_langchain._scope import Scope
from conftest import WALL, World

SCOPE = Scope()
OTHER = Scope(("billing:read",))
TTL = 100.0


class Fetch:
    """One fetch that the cache has begun. The test says how it ends."""

    def __init__(self, scope: Scope, fresh: bool, sent_at: float) -> None:
        self.scope, self.fresh, self.sent_at = scope, fresh, sent_at
        self._done = threading.Event()
        self._result: str | BaseException = ""

    def bring(self, result: str | BaseException) -> None:
        self._result = result
        self._done.set()

    def wait(self) -> Fetched:
        assert self._done.wait(10)
        if isinstance(self._result, BaseException):
            raise self._result
        return Fetched(delegation(self._result), self.sent_at, self.sent_at + TTL)


def delegation(token: str) -> Delegation:
    return Delegation(
        token=token,
        expires_at=WALL + timedelta(seconds=TTL),
        permissions=("billing:read",),
        spiffe_id=None,
        audience=(),
        ttl_seconds=int(TTL),
        client_id="c",
        delegation_id="d",
        status="active",
        issued_at=WALL,
    )


class Fetches:
    """The cache's fetch function. `script` answers at once; without one, tests take each fetch with `next`."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._begun: list[Fetch] = []
        self._changed = threading.Condition()
        self.script: Callable[[Fetch], str | BaseException] | None = None

    def __call__(self, scope: Scope, fresh: bool) -> Fetched:
        fetch = Fetch(scope, fresh, self._world.time)
        with self._changed:
            self._begun.append(fetch)
            self._changed.notify_all()
        if self.script is not None:
            fetch.bring(self.script(fetch))
        return fetch.wait()

    def next(self, number: int) -> Fetch:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self._begun) >= number, 10)
            return self._begun[number - 1]

    @property
    def count(self) -> int:
        return len(self._begun)


@pytest.fixture
def fetches(world: World) -> Fetches:
    return Fetches(world)


@pytest.fixture
def cache(world: World, fetches: Fetches) -> DelegationCache:
    return DelegationCache(fetches, world.around)


@pytest.fixture
def counted(fetches: Fetches) -> Fetches:
    """Fetches that succeed at once, with tokens t1, t2 and so on."""
    fetches.script = lambda _: f"t{fetches.count}"
    return fetches


def waiting(cache: DelegationCache, count: int, scope: Scope = SCOPE) -> None:
    """Wait until so many callers wait for the flight of a scope."""
    flight = cache._flights[scope]
    deadline = threading.Event()
    for _ in range(2000):
        with flight.landed._condition:
            waiters = len(flight.landed._condition._waiters)  # type: ignore[attr-defined]
        if waiters + len(flight.landed._done_callbacks) >= count:  # type: ignore[attr-defined]
            return
        deadline.wait(0.005)
    raise AssertionError(f"fewer than {count} are waiting")


@pytest.fixture
def pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(8)
