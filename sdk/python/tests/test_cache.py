"""The cache by itself: keeping, one flight, refreshing."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from authsec_langchain import (
    AgentSuspendedError,
    AuthsecConnectionError,
    RateLimitedError,
)
from authsec_langchain import _cache as cache_module
from authsec_langchain._cache import DelegationCache
from authsec_langchain._scope import Scope
from conftest import World, wait_for_background
from fetches import OTHER, SCOPE, TTL, Fetches, waiting

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
