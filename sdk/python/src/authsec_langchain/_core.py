"""One fetch of a token, without any I/O.

`token_flow` is a generator: it yields what should be done (send this request, wait that long) and is sent what came of
it. Whoever drives it owns the sockets, the clock and the proof, so no secret passes through here.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from functools import partial
from urllib.parse import urlencode

import httpx

from ._config import AuthsecConfig
from ._reply import BY_STATUS, Fetched, Response, Unreachable, accept, failure, gives_nonce
from ._scope import Scope
from ._urls import root
from ._version import __version__

PATH = "/authsec/uflow/sdk/delegation-token"
FIRST_BACKOFF = 0.25  # seconds; doubles with every try
LONGEST_BACKOFF = 8.0
_USER_AGENT = f"authsec-langchain-sdk/{__version__} python/{sys.version_info.major}.{sys.version_info.minor}"


def _steady_clock() -> Callable[[], float]:
    """Return the monotonic clock that also runs while the machine is suspended, if there is one.

    A laptop that sleeps for a night must not wake up with yesterday's token taken for a minute old.
    """
    boottime = getattr(time, "CLOCK_BOOTTIME", None)  # Linux
    if boottime is None:
        return time.monotonic
    try:
        time.clock_gettime(boottime)
    except OSError:  # known to Python, but not to this kernel
        return time.monotonic
    return partial(time.clock_gettime, boottime)


@dataclass(frozen=True)
class Surroundings:
    """Time and chance, so that tests can hold them still."""

    clock: Callable[[], float] = field(default_factory=_steady_clock)
    sleep: Callable[[float], None] = time.sleep
    chance: Callable[[], float] = random.random
    now: Callable[[], datetime] = lambda: datetime.now(timezone.utc)


@dataclass(frozen=True)
class Request:
    """Send this as a GET, with the proof of the workload added."""

    url: str
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Sleep:
    """Wait this many seconds."""

    seconds: float


Flow = Generator[Request | Sleep, Response | Unreachable | None, Fetched]


def token_flow(
    config: AuthsecConfig, scope: Scope, *, fresh: bool, around: Surroundings, thumbprint: str | None = None
) -> Flow:
    """Fetch one token, trying again after connection errors, 429 and 503, and after nothing else.

    Args:
        config: where to ask and for whom.
        scope: what to ask for.
        fresh: insist on a newly minted token (`Cache-Control: no-cache`).
        around: time and chance.
        thumbprint: of the key to which DPoP binds the token, if it does.

    Yields Request, which is answered with Response or Unreachable, and Sleep, which is answered with None.

    Raises:
        AuthsecError: the subclass that fits the cause.
    """
    request = _request(config, scope, fresh=fresh)
    give_up_at = around.clock() + config.retry_budget
    attempt = 0
    nonce_given = False
    while True:
        # The lifetime is counted from here, not from the answer: the server's clock started somewhere in between.
        sent_at = around.clock()
        reply = yield request
        if isinstance(reply, Response) and reply.status == httpx.codes.OK:
            return accept(reply, config, sent_at=sent_at, now=around.now(), thumbprint=thumbprint)
        if thumbprint and not nonce_given and gives_nonce(reply):
            nonce_given = True
            continue  # RFC 9449 section 8: the same again, with the nonce, which whoever signs keeps
        fault = failure(reply, now=around.now())
        pause = _pause(attempt, fault.retry_after, around.chance())
        last = attempt == config.max_retries or around.clock() + pause > give_up_at
        if last or not _passes(reply):
            raise fault
        yield Sleep(pause)
        attempt += 1


def _request(config: AuthsecConfig, scope: Scope, *, fresh: bool) -> Request:
    query = [("client_id", config.client_id)]
    if config.delegation_id:
        query.append(("delegation_id", config.delegation_id))
    if config.role:
        query.append(("role", config.role))
    query.extend(("audience", uri) for uri in scope.audience)
    if scope.actions:
        query.append(("actions", " ".join(scope.actions)))
    if config.ttl is not None:
        query.append(("ttl", str(config.ttl)))
    if config.token_binding:
        query.append(("token_binding", config.token_binding))
    # identity: a compressed body could be small on the wire and huge in memory.
    headers = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": _USER_AGENT}
    if fresh:
        headers["Cache-Control"] = "no-cache"
    return Request(f"{root(config.base_url)}{PATH}?{urlencode(query)}", headers)


def _passes(reply: Response | Unreachable | None) -> bool:
    """Report whether what went wrong may pass by itself."""
    if isinstance(reply, Response):
        return reply.status in BY_STATUS
    return reply is not None and not reply.permanent


def _pause(attempt: int, retry_after: float | None, chance: float) -> float:
    """Return seconds to wait; chance, from 0 to 1, keeps clients that failed together from returning together."""
    if retry_after is not None:
        return retry_after + FIRST_BACKOFF * chance
    return min(FIRST_BACKOFF * 2.0**attempt, LONGEST_BACKOFF) * (0.5 + chance / 2)
