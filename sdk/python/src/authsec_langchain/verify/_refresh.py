"""A value that is fetched when first needed, and kept fresh."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from ._around import Around
from ._steps import Steps, begun

T = TypeVar("T")
_log = logging.getLogger("authsec_langchain.verify")


class FetchError(Exception):
    """A fetch failed. The message says why, and holds no secret."""


class UnavailableError(Exception):
    """There is no value young enough to use."""


@dataclass(frozen=True)
class Fetched(Generic[T]):
    """A value, and for how long it is good.

    Attributes:
        value: what was fetched.
        renew_after: seconds after which to fetch it again in the background.
        wait_after: seconds after which to fetch it again before use; after a failure it is used all the same.
    """

    value: T
    renew_after: float
    wait_after: float


class Refreshed(Generic[T]):
    """Fetches, and keeps what it got until it is too old. May be used from any thread.

        age of the value:  0 ────── renew_after ────── wait_after ────── max_age
                           use      use, fetch in      fetch, wait;      refuse
                                    the background     after a failure
                                                       use, retry

    One fetch is under way at a time, and never more than one starts within `interval` seconds, whatever is asked.

    Args:
        name: what is fetched, for the log.
        fetch: gets it. Raises FetchError.
        max_age: seconds for which a value is trusted while it cannot be fetched again.
        interval: the least seconds between the end of a fetch and the start of the next.
        around: time.
    """

    def __init__(
        self, name: str, fetch: Callable[[], Fetched[T]], *, max_age: float, interval: float, around: Around
    ) -> None:
        self._name = name
        self._fetch = fetch
        self._max_age = max_age
        self._interval = interval
        self._clock = around.clock
        self._got: Fetched[T] | None = None
        self._asked_at = self._next_at = float("-inf")
        self._fault: str | None = None
        self._closed = False
        self.after_fork()

    def after_fork(self) -> None:
        """Make it usable in a forked child, where the parent's threads are not."""
        self._lock = threading.Lock()
        self._flight: Future[Any] | None = None

    def close(self) -> None:
        """Fetch no more. What is at hand serves until it is too old."""
        with self._lock:
            self._closed = True

    def value(self) -> Steps[T]:
        """Give a value that may be used, fetching first where needed.

        Raises:
            UnavailableError: there is none.
        """
        with self._lock:
            awaited = self._keep_fresh()
        if awaited is not None:
            yield awaited
        with self._lock:
            if self._got is not None and self._usable():
                return self._got.value
            raise UnavailableError(self._fault or "it has not been fetched yet")

    def renewed(self) -> Steps[T | None]:
        """Fetch again, because what is at hand lacks something, and give what came; None when it is too early for it.

        Raises:
            UnavailableError: the latest fetch failed, so that nothing is known.
        """
        with self._lock:
            awaited = self._start()
        if awaited is not None:
            yield awaited
        with self._lock:
            if self._fault is not None:
                raise UnavailableError(self._fault)
            return self._got.value if awaited is not None and self._got is not None else None

    def _keep_fresh(self) -> Future[Any] | None:
        """Start a fetch when one is due, and return it when the caller must wait for it. The lock is held."""
        age = self._clock() - self._asked_at
        if self._got is not None and age < self._got.renew_after:
            return None
        flight = self._start()
        if self._got is not None and self._usable() and (self._fault is not None or age < self._got.wait_after):
            return None  # while the other side is down, nobody waits for it again and again
        return flight

    def _usable(self) -> bool:
        return self._got is not None and self._clock() - self._asked_at <= self._max_age

    def _start(self) -> Future[Any] | None:
        if self._flight is None:
            if self._closed or self._clock() < self._next_at:
                return None
            self._flight = begun()
            threading.Thread(target=self._run, args=(self._flight,), name=f"authsec-{self._name}", daemon=True).start()
        return self._flight

    def _run(self, flight: Future[Any]) -> None:
        asked_at = self._clock()
        got: Fetched[T] | None = None
        fault: str | None = None
        try:
            got = self._fetch()
        except FetchError as error:
            fault = str(error)
            _log.warning("fetch_failed what=%s error=%s", self._name, fault)
        except Exception as error:  # noqa: BLE001 a thread that dies in silence would leave everybody waiting
            fault = type(error).__name__
            _log.exception("fetch_failed what=%s", self._name)
        with self._lock:
            self._next_at = self._clock() + self._interval
            self._fault = fault
            if got is not None:
                self._got, self._asked_at = got, asked_at
            self._flight = None
        flight.set_result(None)
