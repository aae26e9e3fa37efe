"""The cache by itself: fetches are events that each test lets happen, so that every race has one outcome."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from authsec_langchain import (
    AgentSuspendedError,
    AuthsecClosedError,
    AuthsecConnectionError,
    AuthsecProtocolError,
    Delegation,
    RateLimitedError,
)
from authsec_langchain import _cache as cache_module
from authsec_langchain._cache import DelegationCache
from authsec_langchain._core import Fetched
from authsec_langchain._scope import Scope
from conftest import WALL, World, wait_for_background

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


# --- keeping


def test_it_fetches_once_and_keeps(cache: DelegationCache, counted: Fetches) -> None:
    assert [cache.get(SCOPE).token for _ in range(3)] == ["t1"] * 3
    assert counted.count == 1


def test_scopes_are_apart(cache: DelegationCache, counted: Fetches) -> None:
    assert (cache.get(SCOPE).token, cache.get(OTHER).token, cache.get(SCOPE).token) == ("t1", "t2", "t1")


def test_it_fetches_again_when_the_token_has_ended(cache: DelegationCache, counted: Fetches, world: World) -> None:
    cache.get(SCOPE)
    world.time += TTL
    assert cache.get(SCOPE).token == "t2"
    assert not counted.next(2).fresh


def test_its_size_is_bounded(cache: DelegationCache, counted: Fetches, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache_module, "CAPACITY", 3)
    for number in range(5):
        cache.get(Scope((f"a:{number}",)))
    assert len(cache.held()) == 3
    assert [held.token for held in cache.held()] == ["t3", "t4", "t5"]


def test_peek_never_fetches(cache: DelegationCache, counted: Fetches, world: World) -> None:
    assert cache.peek(SCOPE) is None
    kept = cache.get(SCOPE)
    assert cache.peek(SCOPE) is kept
    world.time += TTL
    assert cache.peek(SCOPE) is None
    assert counted.count == 1


def test_an_error_is_not_kept(cache: DelegationCache, fetches: Fetches) -> None:
    fetches.script = lambda _: AgentSuspendedError("No.", status=403, request_id="r") if fetches.count == 1 else "t2"
    with pytest.raises(AgentSuspendedError) as caught:
        cache.get(SCOPE)
    assert (caught.value.status, caught.value.request_id) == (403, "r")
    assert cache.get(SCOPE).token == "t2"


# --- one flight


def test_many_threads_share_one_fetch(cache: DelegationCache, fetches: Fetches, pool: ThreadPoolExecutor) -> None:
    calls = [pool.submit(cache.get, SCOPE) for _ in range(8)]
    fetch = fetches.next(1)
    waiting(cache, 7)
    fetch.bring("t1")
    assert [call.result(10).token for call in calls] == ["t1"] * 8
    assert fetches.count == 1


def test_many_threads_share_one_error_and_each_gets_its_own(
    cache: DelegationCache, fetches: Fetches, pool: ThreadPoolExecutor
) -> None:
    calls = [pool.submit(cache.get, SCOPE) for _ in range(4)]
    fetch = fetches.next(1)
    waiting(cache, 3)
    fetch.bring(RateLimitedError("Slow.", status=429, retry_after=9))
    errors = [call.exception(10) for call in calls]
    assert all(isinstance(error, RateLimitedError) and error.retry_after == 9 for error in errors)
    assert len({id(error) for error in errors}) == 4
    assert fetches.count == 1


def test_different_scopes_do_not_wait_for_each_other(
    cache: DelegationCache, fetches: Fetches, pool: ThreadPoolExecutor
) -> None:
    first, second = pool.submit(cache.get, SCOPE), pool.submit(cache.get, OTHER)
    one, two = fetches.next(1), fetches.next(2)
    (one if one.scope == OTHER else two).bring("other")
    assert second.result(10).token == "other"
    (one if one.scope == SCOPE else two).bring("plain")
    assert first.result(10).token == "plain"


def test_threads_and_several_loops_share_one_fetch(
    cache: DelegationCache, fetches: Fetches, pool: ThreadPoolExecutor
) -> None:
    async def several() -> list[str]:
        return [got.token for got in await asyncio.gather(*[cache.aget(SCOPE) for _ in range(5)])]

    loops = [pool.submit(asyncio.run, several()) for _ in range(3)]
    threads = [pool.submit(cache.get, SCOPE) for _ in range(3)]
    fetch = fetches.next(1)
    waiting(cache, 17)
    fetch.bring("t1")
    assert [loop.result(10) for loop in loops] == [["t1"] * 5] * 3
    assert [thread.result(10).token for thread in threads] == ["t1"] * 3
    assert fetches.count == 1


async def test_the_loop_runs_on_during_a_fetch(cache: DelegationCache, fetches: Fetches) -> None:
    call = asyncio.create_task(cache.aget(SCOPE))
    fetch = await asyncio.to_thread(fetches.next, 1)  # nothing of this would happen on a blocked loop
    assert not call.done()
    fetch.bring("t1")
    assert (await call).token == "t1"


async def test_a_synchronous_call_on_the_loop_s_thread_cannot_deadlock(
    cache: DelegationCache, fetches: Fetches
) -> None:
    task = asyncio.create_task(cache.aget(SCOPE))
    fetch = await asyncio.to_thread(fetches.next, 1)
    threading.Timer(0.05, fetch.bring, ["t1"]).start()
    assert cache.get(SCOPE).token == "t1"  # blocks the loop while the task's fetch is under way
    assert (await task).token == "t1"
    assert fetches.count == 1


async def test_a_cancelled_task_takes_nothing_from_the_others(cache: DelegationCache, fetches: Fetches) -> None:
    leader = asyncio.create_task(cache.aget(SCOPE))
    fetch = await asyncio.to_thread(fetches.next, 1)
    follower = asyncio.create_task(cache.aget(SCOPE))
    await asyncio.to_thread(waiting, cache, 2)
    leader.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leader
    fetch.bring("t1")
    assert (await follower).token == "t1"
    assert fetches.count == 1


def test_a_closed_loop_takes_nothing_from_the_others(cache: DelegationCache, fetches: Fetches) -> None:
    async def give_up() -> None:
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(cache.aget(SCOPE), 0.01)

    asyncio.run(give_up())
    fetches.next(1).bring("t1")
    assert cache.get(SCOPE).token == "t1"
    assert fetches.count == 1


def test_an_interrupted_leader_hands_over(cache: DelegationCache, fetches: Fetches, pool: ThreadPoolExecutor) -> None:
    leader = pool.submit(cache.get, SCOPE)
    first = fetches.next(1)
    follower = pool.submit(cache.get, SCOPE)
    waiting(cache, 1)
    first.bring(KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        leader.result(10)
    fetches.next(2).bring("t2")
    assert follower.result(10).token == "t2"


def test_an_unforeseen_error_leaves_nobody_waiting(
    cache: DelegationCache, fetches: Fetches, pool: ThreadPoolExecutor
) -> None:
    calls = [pool.submit(cache.get, SCOPE) for _ in range(3)]
    fetch = fetches.next(1)
    waiting(cache, 2)
    fetch.bring(ZeroDivisionError("a bug"))
    for call in calls:
        with pytest.raises(ZeroDivisionError):
            call.result(10)


async def test_no_thread_to_be_had(
    cache: DelegationCache, counted: Fetches, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    cache.get(SCOPE)
    monkeypatch.setattr(threading.Thread, "start", refuse)
    world.time += TTL * 0.9
    assert cache.get(SCOPE).token == "t1"  # the refresh fails, the token stays
    world.time += TTL
    with pytest.raises(RuntimeError, match="new thread"):
        await cache.aget(SCOPE)
    assert cache.get(SCOPE).token == "t2"  # a synchronous caller needs no other thread


# --- refreshing


def test_it_refreshes_in_the_last_fifth_in_the_background(
    cache: DelegationCache, fetches: Fetches, world: World
) -> None:
    fetches.script = lambda _: "t1"
    cache.get(SCOPE)
    fetches.script = None
    world.time += TTL * 0.8 - 0.001
    assert cache.get(SCOPE).token == "t1"
    assert fetches.count == 1
    world.time += 0.002
    assert [cache.get(SCOPE).token for _ in range(5)] == ["t1"] * 5  # not one caller waits
    refresh = fetches.next(2)
    assert (refresh.fresh, fetches.count) == (False, 2)  # at most one in flight
    assert cache._at_hand(SCOPE) is not None  # and meanwhile nobody needs the lock
    refresh.bring("t2")
    wait_for_background()
    assert cache.get(SCOPE).token == "t2"
    world.time += TTL * 0.7
    assert cache.get(SCOPE).token == "t2"
    assert fetches.count == 2


async def test_it_refreshes_for_tasks_too(cache: DelegationCache, counted: Fetches, world: World) -> None:
    await cache.aget(SCOPE)
    world.time += TTL * 0.9
    assert (await cache.aget(SCOPE)).token == "t1"
    wait_for_background()
    assert (await cache.aget(SCOPE)).token == "t2"


def test_when_a_refresh_fails_the_token_stays_and_the_next_try_waits(
    cache: DelegationCache, fetches: Fetches, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    fetches.script = lambda _: "t1" if fetches.count == 1 else AuthsecConnectionError("Down.")
    cache.get(SCOPE)
    world.time += TTL * 0.8
    begun = []
    for _ in range(40):  # 10 seconds, in quarters; the pauses are 0.5, 1, 2, 4 … at the low end of the jitter
        assert cache.get(SCOPE).token == "t1"
        wait_for_background()
        begun.append(fetches.count)
        world.time += 0.25
    assert begun[:8] == [2, 2, 3, 3, 3, 3, 4, 4]
    assert begun[-1] == 6
    assert sum("could not refresh" in message for message in caplog.messages) == 5
    fetches.script = lambda _: "t2"
    world.time += 8
    cache.get(SCOPE)
    wait_for_background()
    assert cache.get(SCOPE).token == "t2"


def test_a_failed_refresh_waits_as_long_as_the_server_says(
    cache: DelegationCache, fetches: Fetches, world: World
) -> None:
    fetches.script = lambda _: "t1" if fetches.count == 1 else RateLimitedError("Slow.", retry_after=9)
    cache.get(SCOPE)
    world.time += TTL * 0.8
    cache.get(SCOPE)
    wait_for_background()
    world.time += 8.9
    cache.get(SCOPE)
    wait_for_background()
    assert fetches.count == 2
    world.time += 0.2
    cache.get(SCOPE)
    wait_for_background()
    assert fetches.count == 3


def test_the_end_comes_whatever_the_pause(cache: DelegationCache, fetches: Fetches, world: World) -> None:
    fetches.script = lambda _: "t1" if fetches.count == 1 else RateLimitedError("Slow.", retry_after=5000)
    cache.get(SCOPE)
    world.time += TTL * 0.9
    cache.get(SCOPE)
    wait_for_background()
    world.time += TTL * 0.1
    with pytest.raises(RateLimitedError):
        cache.get(SCOPE)


def test_a_caller_waits_for_the_refresh_when_the_token_ends_meanwhile(
    cache: DelegationCache, fetches: Fetches, world: World, pool: ThreadPoolExecutor
) -> None:
    fetches.script = lambda _: "t1"
    cache.get(SCOPE)
    fetches.script = None
    world.time += TTL * 0.9
    cache.get(SCOPE)
    refresh = fetches.next(2)
    world.time += TTL * 0.1
    call = pool.submit(cache.get, SCOPE)
    waiting(cache, 1)
    refresh.bring("t2")
    assert call.result(10).token == "t2"
    assert fetches.count == 2


# --- forcing


def test_force_asks_for_a_new_token_and_keeps_it(cache: DelegationCache, counted: Fetches) -> None:
    cache.get(SCOPE)
    assert cache.get(SCOPE, force=True).token == "t2"
    assert counted.next(2).fresh
    assert cache.get(SCOPE).token == "t2"


def test_force_is_not_content_with_a_fetch_that_began_before_it(
    cache: DelegationCache, fetches: Fetches, pool: ThreadPoolExecutor
) -> None:
    plain = pool.submit(cache.get, SCOPE)
    first = fetches.next(1)
    forced = [pool.submit(cache.get, SCOPE, force=True) for _ in range(4)]
    waiting(cache, 4)
    first.bring("t1")
    assert plain.result(10).token == "t1"
    second = fetches.next(2)
    assert second.fresh
    second.bring("t2")
    assert [call.result(10).token for call in forced] == ["t2"] * 4  # all four share it
    assert fetches.count == 2


def test_force_does_not_inherit_an_earlier_fetch_s_error(
    cache: DelegationCache, fetches: Fetches, pool: ThreadPoolExecutor
) -> None:
    plain = pool.submit(cache.get, SCOPE)
    first = fetches.next(1)
    forced = pool.submit(cache.get, SCOPE, force=True)
    waiting(cache, 1)
    first.bring(AuthsecConnectionError("Down."))
    assert isinstance(plain.exception(10), AuthsecConnectionError)
    fetches.next(2).bring("t2")
    assert forced.result(10).token == "t2"


def test_a_failed_force_leaves_the_kept_token(cache: DelegationCache, fetches: Fetches) -> None:
    fetches.script = lambda _: "t1" if fetches.count == 1 else AuthsecConnectionError("Down.")
    cache.get(SCOPE)
    with pytest.raises(AuthsecConnectionError):
        cache.get(SCOPE, force=True)
    assert cache.get(SCOPE).token == "t1"


# --- invalidating


def test_an_invalidated_token_is_replaced_by_a_new_one(cache: DelegationCache, counted: Fetches) -> None:
    cache.invalidate(cache.get(SCOPE).token)
    assert cache.peek(SCOPE) is None
    assert cache.get(SCOPE).token == "t2"
    assert counted.next(2).fresh
    cache.get(OTHER)
    assert not counted.next(3).fresh  # only where it stood


def test_the_demand_for_a_new_token_outlives_a_failure(cache: DelegationCache, fetches: Fetches) -> None:
    fetches.script = lambda _: AuthsecConnectionError("Down.") if fetches.count == 2 else f"t{fetches.count}"
    cache.invalidate(cache.get(SCOPE).token)
    with pytest.raises(AuthsecConnectionError):
        cache.get(SCOPE)
    cache.get(SCOPE)
    assert fetches.next(3).fresh


def test_many_invalidations_of_one_token_cause_one_fetch(cache: DelegationCache, counted: Fetches) -> None:
    token = cache.get(SCOPE).token
    for _ in range(10):
        cache.invalidate(token)
        assert cache.get(SCOPE).token == "t2"
    assert counted.count == 2


def test_invalidating_an_unknown_token_changes_nothing(cache: DelegationCache, counted: Fetches) -> None:
    cache.get(SCOPE)
    cache.invalidate("someone else's")
    cache.invalidate("\udcff")
    assert cache.get(SCOPE).token == "t1"


@pytest.mark.parametrize("brought", ["t1", "t2"])
def test_an_invalidation_during_a_refresh_is_not_lost(
    cache: DelegationCache, fetches: Fetches, world: World, pool: ThreadPoolExecutor, brought: str
) -> None:
    fetches.script = lambda _: "t1"
    cache.get(SCOPE)
    fetches.script = None
    world.time += TTL * 0.9
    cache.get(SCOPE)
    refresh = fetches.next(2)
    cache.invalidate("t1")
    call = pool.submit(cache.get, SCOPE)
    waiting(cache, 1)
    refresh.bring(brought)  # it started before the invalidation: neither the old token nor another is used
    demanded = fetches.next(3)
    assert demanded.fresh
    demanded.bring("t3")
    assert call.result(10).token == "t3"
    assert cache.get(SCOPE).token == "t3"


def test_a_token_invalidated_before_its_own_fetch_has_landed_is_not_served(
    cache: DelegationCache, fetches: Fetches, pool: ThreadPoolExecutor
) -> None:
    call = pool.submit(cache.get, SCOPE)
    first = fetches.next(1)
    cache.invalidate("t1")  # known from elsewhere, such as another scope or a client of before
    first.bring("t1")
    demanded = fetches.next(2)
    assert demanded.fresh
    demanded.bring("t2")
    assert call.result(10).token == "t2"


def test_a_late_waiter_does_not_get_a_token_that_was_invalidated_meanwhile(
    cache: DelegationCache, fetches: Fetches
) -> None:
    call = cache._call(SCOPE, False)
    flight = cache._advance(call)
    assert not isinstance(flight, Delegation)
    fetches.script = lambda _: f"t{fetches.count}"
    cache._fly(flight)  # it has landed, but the waiter has not been given the processor yet
    cache.invalidate("t1")
    assert not isinstance(cache._advance(call), Delegation)


def test_a_server_that_insists_on_an_invalidated_token_is_in_error(cache: DelegationCache, fetches: Fetches) -> None:
    fetches.script = lambda _: "t1"
    cache.invalidate(cache.get(SCOPE).token)
    for _ in range(3):
        with pytest.raises(AuthsecProtocolError, match="invalidated"):
            cache.get(SCOPE)
    fetches.script = lambda _: "t2"
    assert cache.get(SCOPE).token == "t2"


def test_a_refresh_that_brings_an_invalidated_token_is_done_again_at_once(
    cache: DelegationCache, fetches: Fetches, world: World
) -> None:
    tokens = iter(["t1", "t2", "t1", "t3"])
    fetches.script = lambda _: next(tokens)
    cache.invalidate(cache.get(SCOPE).token)
    assert cache.get(SCOPE).token == "t2"
    world.time += TTL * 0.9
    assert cache.get(SCOPE).token == "t2"
    wait_for_background()  # brought t1
    assert cache.get(SCOPE).token == "t2"
    wait_for_background()
    assert cache.get(SCOPE).token == "t3"
    assert fetches.next(4).fresh


def test_the_memory_of_invalidated_tokens_is_bounded(cache: DelegationCache) -> None:
    for number in range(3000):
        cache.invalidate(str(number))
    assert len(cache._spent) == 1024


# --- closing, forking


async def test_a_closed_cache_says_so(cache: DelegationCache, counted: Fetches) -> None:
    cache.get(SCOPE)
    cache.close()
    assert cache.held() == []
    with pytest.raises(AuthsecClosedError):
        cache.get(SCOPE)
    with pytest.raises(AuthsecClosedError):
        await cache.aget(SCOPE, force=True)
    assert counted.count == 1


def test_what_lands_after_closing_is_not_kept(
    cache: DelegationCache, fetches: Fetches, pool: ThreadPoolExecutor
) -> None:
    call = pool.submit(cache.get, SCOPE)
    fetch = fetches.next(1)
    cache.close()
    fetch.bring("t1")
    call.exception(10)
    assert cache.held() == []


def test_a_reset_forgets_flights_and_keeps_tokens(cache: DelegationCache, fetches: Fetches, world: World) -> None:
    fetches.script = lambda _: "t1"
    cache.get(SCOPE)
    fetches.script = None
    world.time += TTL * 0.9
    cache.get(SCOPE)
    stuck = fetches.next(2)
    cache._lock.acquire()  # as if another thread had held it when the process forked
    cache.reset()
    assert cache.get(SCOPE).token == "t1"  # and a new refresh begins
    fetches.next(3).bring("t3")
    stuck.bring("t2")
    wait_for_background()
    assert fetches.count == 3


def test_nothing_is_logged_when_all_is_well(
    cache: DelegationCache, counted: Fetches, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        cache.get(SCOPE)
        cache.get(SCOPE, force=True)
    assert caplog.records == []


def test_a_late_forced_caller_is_content_with_what_an_equal_one_fetched(
    cache: DelegationCache, fetches: Fetches
) -> None:
    fetches.script = lambda _: f"t{fetches.count}"
    plain = cache._advance(cache._call(SCOPE, False))
    late, prompt = cache._call(SCOPE, True), cache._call(SCOPE, True)
    assert cache._advance(late) is cache._advance(prompt) is plain  # both wait for it first
    assert not isinstance(plain, Delegation)
    cache._fly(plain)
    forced = cache._advance(prompt)
    assert not isinstance(forced, Delegation)
    cache._fly(forced)
    got = cache._advance(late)
    assert isinstance(got, Delegation)
    assert got.token == "t2"


def test_force_is_not_content_with_an_earlier_forced_fetch(
    cache: DelegationCache, fetches: Fetches, pool: ThreadPoolExecutor
) -> None:
    earlier = pool.submit(cache.get, SCOPE, force=True)
    first = fetches.next(1)
    later = pool.submit(cache.get, SCOPE, force=True)
    waiting(cache, 1)
    first.bring("t1")
    fetches.next(2).bring("t2")
    assert (earlier.result(10).token, later.result(10).token) == ("t1", "t2")


def test_force_is_not_content_with_a_later_fetch_that_did_not_demand_a_new_token(
    cache: DelegationCache, fetches: Fetches
) -> None:
    fetches.script = lambda _: AuthsecConnectionError("Down.") if fetches.count == 1 else f"t{fetches.count}"
    first = cache._advance(cache._call(SCOPE, False))
    forced = cache._call(SCOPE, True)
    assert cache._advance(forced) is first
    assert not isinstance(first, Delegation)
    cache._fly(first)
    second = cache._advance(cache._call(SCOPE, False))
    assert cache._advance(forced) is second
    assert not isinstance(second, Delegation)
    cache._fly(second)
    third = cache._advance(forced)
    assert not isinstance(third, Delegation)
    assert third.fresh


def test_a_log_handler_may_use_the_client(
    cache: DelegationCache, fetches: Fetches, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []

    class Shipper(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            cache.invalidate("unknown")  # takes the lock: would wait for ever if it were held
            seen.append(cache.get(SCOPE).token)

    monkeypatch.setattr(logging.getLogger("authsec_langchain"), "handlers", [Shipper()])
    fetches.script = lambda _: "t1" if fetches.count == 1 else AuthsecConnectionError("Down.")
    cache.get(SCOPE)
    world.time += TTL * 0.9
    cache.get(SCOPE)
    wait_for_background()
    assert seen == ["t1"]


def test_no_refresh_begins_while_a_forced_fetch_is_under_way(
    cache: DelegationCache, fetches: Fetches, world: World, pool: ThreadPoolExecutor
) -> None:
    fetches.script = lambda _: "t1"
    cache.get(SCOPE)
    fetches.script = None
    world.time += TTL * 0.9
    forced = pool.submit(cache.get, SCOPE, force=True)
    fetch = fetches.next(2)
    assert cache.get(SCOPE).token == "t1"
    fetch.bring("t2")
    assert forced.result(10).token == "t2"
    wait_for_background()
    assert fetches.count == 2
