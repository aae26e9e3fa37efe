"""The cache by itself: forced fetches, invalidated tokens, the end."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor

import pytest

from authsec_langchain import (
    AuthsecClosedError,
    AuthsecConnectionError,
    AuthsecProtocolError,
    Delegation,
)
from authsec_langchain._cache import DelegationCache
from conftest import World, wait_for_background
from fetches import OTHER, SCOPE, TTL, Fetches, waiting

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
