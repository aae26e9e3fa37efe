"""Keeps delegations, and sees to it that one token is fetched once, whoever asks.

A fetch is a *flight*. It runs in the thread of the synchronous caller who started it, or in a thread of its own for
asynchronous callers and in the background; it never runs on an event loop. So it outlives a cancelled task and a closed
loop, any number of threads and loops can wait for it, and a synchronous call on a loop's own thread cannot deadlock.

There is at most one flight per scope. Flights are numbered in the order in which they start; that is how an
invalidation that happens during a flight is kept: what a flight brings that started before it is not used.
"""

from __future__ import annotations

import asyncio
import contextvars
import copy
import hashlib
import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field

from ._bounded import remember
from ._core import Surroundings
from ._errors import AuthsecClosedError, AuthsecError, AuthsecProtocolError
from ._models import Delegation
from ._reply import Fetched
from ._scope import Scope

_log = logging.getLogger("authsec_langchain")

CAPACITY = 256  # scopes; the one that was fetched the longest ago makes room
REFRESH_AFTER = 0.8  # of a token's life: the last fifth is for refreshing it in the background
FIRST_PAUSE = 1.0  # seconds between failed background refreshes; doubles
LONGEST_PAUSE = 60.0
_REMEMBERED = 1024  # invalidated tokens


@dataclass(eq=False)
class _Lease:
    """A delegation that may be handed out until ends_at, without a second thought until quiet_until."""

    delegation: Delegation
    number: int  # of the flight that brought it
    fresh: bool
    refresh_at: float
    ends_at: float
    quiet_until: float
    failures: int = 0


@dataclass(eq=False)
class _Flight:
    """One fetch under way. Its outcome is a delegation, an error, or None when it must not be used."""

    scope: Scope
    number: int
    fresh: bool
    background: bool
    landed: Future[Delegation | Exception | None] = field(default_factory=Future)

    def __post_init__(self) -> None:
        self.landed.set_running_or_notify_cancel()  # from now on a waiter's cancellation cannot cancel it


@dataclass(eq=False)
class _Call:
    """One caller's way through the cache."""

    scope: Scope
    forced: bool
    after: int  # only flights with a higher number will do
    flight: _Flight | None = None
    leads: bool = False

    def accepts(self, source: _Flight | _Lease) -> bool:
        return source.number > self.after and (source.fresh or not self.forced)


class DelegationCache:
    """A cache of delegations by scope. Safe under threads and event loops, together.

    Args:
        fetch: gets a delegation for a scope; the flag asks for a newly minted token. Called without any lock held.
        around: time and chance.
    """

    def __init__(self, fetch: Callable[[Scope, bool], Fetched], around: Surroundings) -> None:
        self._fetch = fetch
        self._around = around
        self._clock = around.clock
        self._leases: dict[Scope, _Lease] = {}
        self._newest = 0  # number of the flight that was started last
        self._barriers: dict[Scope, int] = {}  # flights up to this number started before an invalidation
        self._spent: dict[bytes, None] = {}  # digests of invalidated tokens
        self._closed = False
        self.reset()

    def reset(self) -> None:
        """Make the cache usable in a forked child: locks as new, and no flights, for their threads are not here."""
        self._lock = threading.Lock()
        self._flights: dict[Scope, _Flight] = {}
        for lease in self._leases.values():
            lease.quiet_until = lease.refresh_at

    def peek(self, scope: Scope) -> Delegation | None:
        """Return the delegation that is in force, if any. Never fetches."""
        lease = self._leases.get(scope)
        return lease.delegation if lease is not None and self._clock() < lease.ends_at else None

    def held(self) -> list[Delegation]:
        """Return all delegations that are kept."""
        with self._lock:
            return [lease.delegation for lease in self._leases.values()]

    def get(self, scope: Scope, *, force: bool = False) -> Delegation:
        """Return a delegation, waiting in this thread if one has to be fetched."""
        if not force and (kept := self._at_hand(scope)) is not None:
            return kept
        call = self._call(scope, force)
        while isinstance(step := self._advance(call), _Flight):
            if call.leads:
                self._fly(step)
            step.landed.result()
        return step

    async def aget(self, scope: Scope, *, force: bool = False) -> Delegation:
        """Return a delegation, without blocking the event loop if one has to be fetched."""
        if not force and (kept := self._at_hand(scope)) is not None:
            return kept
        call = self._call(scope, force)
        while isinstance(step := self._advance(call), _Flight):
            if call.leads:
                self._fly_apart(step)
            await asyncio.wrap_future(step.landed)
        return step

    def invalidate(self, token: str) -> None:
        """Never hand this token out again; fetch a newly minted one in its place at the next call."""
        with self._lock:
            remember(self._spent, _digest(token), None, _REMEMBERED)
            for scope in [scope for scope, lease in self._leases.items() if lease.delegation.token == token]:
                del self._leases[scope]
                remember(self._barriers, scope, self._newest, 4 * CAPACITY)

    def close(self) -> None:
        """Drop all tokens; every later call raises AuthsecClosedError."""
        with self._lock:
            self._closed = True
            self._leases.clear()

    def _at_hand(self, scope: Scope) -> Delegation | None:
        # The hot path: one look-up, one reading of the clock, no lock.
        lease = self._leases.get(scope)
        return lease.delegation if lease is not None and self._clock() < lease.quiet_until else None

    def _call(self, scope: Scope, force: bool) -> _Call:
        # A forced caller wants a token that was minted after it asked, so flights that are under way will not do.
        return _Call(scope, force, after=self._newest if force else 0)

    def _advance(self, call: _Call) -> Delegation | _Flight:
        """Take a call one step on: to its delegation, or to the flight that it must wait for (and run, if it leads)."""
        behind: _Flight | None = None
        with self._lock:
            if call.flight is not None and call.accepts(call.flight):
                outcome = call.flight.landed.result()
                if isinstance(outcome, AuthsecError):
                    raise copy.copy(outcome)  # each waiter its own: raising writes a traceback into an exception
                if isinstance(outcome, Exception):
                    raise outcome
                if outcome is not None and not self._is_spent(outcome.token):
                    return outcome
            if self._closed:
                raise AuthsecClosedError("the client is closed.")
            lease, now = self._leases.get(call.scope), self._clock()
            if lease is None or now >= lease.ends_at or not call.accepts(lease):
                call.flight = self._flights.get(call.scope)
                call.leads = call.flight is None
                if call.flight is None:
                    call.flight = self._launch(call.scope, fresh=call.forced, background=False)
                return call.flight
            if now >= lease.quiet_until and call.scope not in self._flights:
                lease.quiet_until = lease.ends_at  # until it lands, nobody else needs to look
                behind = self._launch(call.scope, fresh=False, background=True)
        if behind is not None:
            self._fly_apart(behind)
        return lease.delegation

    def _launch(self, scope: Scope, *, fresh: bool, background: bool) -> _Flight:
        self._newest += 1
        flight = _Flight(scope, self._newest, fresh or scope in self._barriers, background)
        self._flights[scope] = flight
        return flight

    def _fly_apart(self, flight: _Flight) -> None:
        """Run a flight in a thread of its own, with the caller's context variables (tracing, for one)."""
        context = contextvars.copy_context()
        thread = threading.Thread(target=context.run, args=(self._fly, flight), name="authsec-fetch", daemon=True)
        try:
            thread.start()
        except RuntimeError as error:  # no thread is to be had: too many, or the interpreter is going down
            self._land(flight, error)

    def _fly(self, flight: _Flight) -> None:
        """Run a flight to its end. Whatever happens, it lands: nobody waits for ever."""
        try:
            result: Fetched | Exception = self._fetch(flight.scope, flight.fresh)
        except Exception as error:  # noqa: BLE001  # whatever it is, the waiters get it
            result = error
        except BaseException:  # this thread was interrupted: that is no answer to the others, one of whom takes over
            self._land(flight, None)
            raise
        self._land(flight, result)

    def _land(self, flight: _Flight, result: Fetched | Exception | None) -> None:
        with self._lock:
            if self._flights.get(flight.scope) is flight:
                del self._flights[flight.scope]
            outcome = self._keep(flight, result) if isinstance(result, Fetched) else result
            lease = self._leases.get(flight.scope) if flight.background else None
            if lease is not None and not isinstance(outcome, Delegation):
                self._look_again(lease, outcome)
        flight.landed.set_result(outcome)
        if lease is not None and isinstance(outcome, Exception):  # without the lock: a handler may use this very client
            _log.warning("could not refresh the delegation token; it stays in use until it ends: %s", outcome)

    def _keep(self, flight: _Flight, fetched: Fetched) -> Delegation | AuthsecError | None:
        """Keep what a flight brought, or return why it cannot be used; None sends its waiters round again."""
        delegation = fetched.delegation
        if self._is_spent(delegation.token):
            if flight.fresh:
                return AuthsecProtocolError("a new token was demanded, and the server sent one that was invalidated.")
            remember(self._barriers, flight.scope, self._newest, 4 * CAPACITY)
            return None
        if flight.number <= self._barriers.get(flight.scope, 0):
            return None
        self._barriers.pop(flight.scope, None)
        if not self._closed:
            refresh_at = fetched.sent_at + REFRESH_AFTER * (fetched.ends_at - fetched.sent_at)
            lease = _Lease(delegation, flight.number, flight.fresh, refresh_at, fetched.ends_at, quiet_until=refresh_at)
            remember(self._leases, flight.scope, lease, CAPACITY)
        return delegation

    def _look_again(self, lease: _Lease, error: Exception | None) -> None:
        """After a refresh that failed the token stays in use, and the next try waits a while."""
        pause = 0.0
        if error is not None:
            pause = min(FIRST_PAUSE * 2.0**lease.failures, LONGEST_PAUSE) * (0.5 + self._around.chance() / 2)
            lease.failures += 1
        if isinstance(error, AuthsecError) and error.retry_after is not None:
            pause = max(pause, error.retry_after)
        lease.quiet_until = min(self._clock() + pause, lease.ends_at)

    def _is_spent(self, token: str) -> bool:
        return bool(self._spent) and _digest(token) in self._spent


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
