"""Listens for recalls: the server's stream, and its feed while the stream is broken."""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import threading
from concurrent.futures import Future
from typing import Any

import httpx

from authsec_langchain._bounded import remember

from ._around import Around
from ._claims import Claims, StatusRef
from ._errors import RevokedError, VerifyError
from ._events import RecallEvent, parse_event
from ._http import Http, StatusError, retry_after
from ._json import parse_object, texts, whole
from ._keys import Keys
from ._refresh import FetchError, UnavailableError
from ._sse import EventReader
from ._steps import Steps, begun, run

_log = logging.getLogger("authsec_langchain.verify")

KEEP = 25 * 3600.0
"""For how many seconds a recall is remembered: no token lives longer than a day, give or take clocks."""
MAX_RECALLS = 1 << 17
MOST_PAGES = 10_000
LEAST_WAIT, GREATEST_WAIT = 0.25, 5.0
KEY_WAIT = 10.0


class Recalled:
    """What has been recalled. The caller holds a lock."""

    def __init__(self) -> None:
        self._seen: dict[StatusRef | str, int] = {}  # by what is recalled: when, seconds since 1970
        self._forgotten = -1

    def add(self, event: RecallEvent, now: float) -> None:
        """Remember a recall, and forget those that no living token can have."""
        mark = event.status or event.token_id
        if mark:
            remember(self._seen, mark, event.issued_at, MAX_RECALLS + 1)
        while self._seen:
            oldest = next(iter(self._seen))
            ended = now - self._seen[oldest] > KEEP
            if not ended and len(self._seen) <= MAX_RECALLS:
                return
            recalled_at = self._seen.pop(oldest)
            if not ended:
                self._forgotten = max(self._forgotten, recalled_at)

    def holds(self, claims: Claims) -> bool:
        """Report whether the token was recalled, itself or by its status."""
        return claims.token_id in self._seen or claims.status in self._seen

    def can_tell(self, claims: Claims) -> bool:
        """Report whether no recall was forgotten that could have been the token's: one comes after the token."""
        return claims.issued_at.timestamp() > self._forgotten


class FeedCheck:
    """Keeps up with the server's recalls in a thread of its own, from the first token on.

    Recalls come by stream (push), with a heartbeat. When it breaks, or falls silent, the feed is read instead, every
    few seconds, until there is a stream again. Without push only the feed is read.
    """

    def __init__(
        self,
        issuer: str,
        url: str,
        http: Http,
        authorization: str,
        keys: Keys,
        *,
        push: bool,
        leeway: float,
        max_age: float,
        around: Around,
    ) -> None:
        self._issuer = issuer
        self._url = url
        self._http = http
        self._authorization = authorization
        self._keys = keys
        self._push = push
        self._leeway = leeway
        self._max_age = max_age
        self._around = around
        self._poll_every = min(max_age / 2, GREATEST_WAIT)
        self._silence = min(max_age * 0.8, 15.0)  # leaves time to read the feed before what is known is too old
        self._recalled = Recalled()
        self._last = 0
        self._current_at = float("-inf")
        self._fault = "nothing has been heard yet"
        self._failing: set[str] = set()  # of feed and stream, those that failed last
        self._closed = False
        self.after_fork()

    def after_fork(self) -> None:
        """Make it usable in a forked child, where the parent's thread is not."""
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        self._heard: Future[Any] = begun()
        self._connection: socket.socket | None = None

    def check(self, claims: Claims, raw: str) -> Steps[bool]:
        """Look the token up among the recalls."""
        self._start()
        if not self._heard.done():
            yield self._heard
        with self._lock:
            if self._recalled.holds(claims):
                raise RevokedError
            if self._around.clock() - self._current_at > self._max_age:
                raise UnavailableError(self._fault)
            if not self._recalled.can_tell(claims):
                raise UnavailableError("there are more recalls than are kept")
        return True

    def age(self) -> float | None:
        """Return the seconds since we were last known to have heard everything."""
        with self._lock:
            age = self._around.clock() - self._current_at
        return age if age != float("inf") else None

    def close(self) -> None:
        """Stop listening, and wait until it has."""
        with self._lock:
            self._closed = True
            self._closing.set()
            thread, connection = self._thread, self._connection
        if connection is not None:
            with contextlib.suppress(OSError):  # it ended by itself
                connection.shutdown(socket.SHUT_RDWR)
        if thread is not None and thread is not threading.current_thread():
            thread.join(KEY_WAIT)

    def _start(self) -> None:
        with self._lock:
            if self._thread is None and not self._closed:
                self._thread = threading.Thread(target=self._run, name="authsec-recalls", daemon=True)
                self._thread.start()
            elif self._closed and not self._heard.done():
                self._heard.set_result(None)

    def _run(self) -> None:
        stream_at, wait = float("-inf"), LEAST_WAIT
        while not self._closing.is_set():
            self._attempt("feed", self._catch_up)
            if not self._heard.done():
                self._heard.set_result(None)
            now = self._around.clock()
            if self._push and now >= stream_at:
                asked = self._attempt("stream", self._listen)
                lived = self._current_at > now
                wait = LEAST_WAIT if lived else min(wait * 2, GREATEST_WAIT)
                stream_at = self._around.clock() + max(wait * (0.5 + self._around.chance() / 2), asked)
                continue
            pause = min(self._poll_every, stream_at - now) if self._push else self._poll_every
            self._closing.wait(pause)

    def _attempt(self, name: str, act: Any) -> float:
        """Do it, and keep what went wrong for those who ask; return the seconds that the server asked to wait."""
        asked = 0.0
        try:
            act()
        except (FetchError, VerifyError, ValueError, TimeoutError, UnavailableError) as error:
            fault = f"{name}: {str(error) or type(error).__name__}"
            asked = error.retry_after if isinstance(error, StatusError) else 0.0
        except Exception as error:  # noqa: BLE001 a listener that dies in silence would leave every token unknown
            fault = f"{name}: {type(error).__name__}"
            _log.exception("recalls_failed from=%s", name)
        else:
            return asked
        with self._lock:
            self._fault = fault
        if not self._closing.is_set() and name not in self._failing:
            self._failing.add(name)  # told once, until it works again
            _log.warning("recalls_interrupted error=%s", fault)
        return asked

    def _works(self, name: str) -> None:
        if name in self._failing:
            self._failing.discard(name)
            _log.info("recalls_resumed from=%s", name)

    def _catch_up(self) -> None:
        """Read the feed to its end."""
        headers = {"Accept": "application/json", "Authorization": self._authorization, "Cache-Control": "no-cache"}
        for _ in range(MOST_PAGES):
            if self._closing.is_set():
                return
            asked_at, since = self._around.clock(), self._last
            page = parse_object(self._http.get(f"{self._url}?since={since}", headers).body)
            events, last = texts(page, "events"), whole(page, "last", 2**53 - 1)
            more = page.get("more")
            if events is None or last is None or not isinstance(more, bool):
                raise FetchError(f"GET {self._url}: not a feed of recalls")
            for raw in events:
                self._apply(self._event(raw))
            if last < since:
                # The server's database is an older one: what it recalls from here on would seem old to us.
                _log.warning("recalls_went_back from=%d to=%d", since, last)
                self._last = 0
                if since == 0:
                    raise FetchError(f"GET {self._url}: the feed went back")
                continue
            if more and last == since:
                raise FetchError(f"GET {self._url}: the feed does not go on")
            self._last = last
            if not more:
                self._works("feed")
                self._is_current(asked_at)
                return
        raise FetchError(f"GET {self._url}: the feed does not end")

    def _listen(self) -> None:
        """Follow the stream until it breaks, which it always does with an error unless we are closed."""
        headers = {
            "Accept": "text/event-stream",
            "Authorization": self._authorization,
            "Cache-Control": "no-cache",
            "Last-Event-ID": str(self._last),
        }
        with self._http.stream("GET", self._url, headers, read_timeout=self._silence) as answer:
            kind = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
            if answer.status_code != httpx.codes.OK or kind != "text/event-stream":
                raise StatusError(f"GET {self._url}: status {answer.status_code}, {kind}", retry_after(answer.headers))
            with self._interruptible(answer):
                self._follow(answer)

    def _follow(self, answer: httpx.Response) -> None:
        reader = EventReader()
        alive_at = self._around.clock()
        for piece in answer.iter_raw():
            for sent in reader.feed(piece):
                event = self._event(sent.data)
                if event.is_heartbeat and event.sequence < self._last:
                    raise FetchError(f"GET {self._url}: the stream went back")
                self._apply(event)
                self._last = max(self._last, event.sequence)
                if event.is_heartbeat and self._around.now() - event.issued_at <= self._leeway:
                    alive_at = self._around.clock()
                    self._works("stream")
                    self._is_current(alive_at)
            if self._closing.is_set():
                return
            if self._around.clock() - alive_at > self._silence:
                raise FetchError(f"GET {self._url}: the stream has no heartbeat")
        raise FetchError(f"GET {self._url}: the stream ended")

    @contextlib.contextmanager
    def _interruptible(self, answer: httpx.Response) -> Any:
        """Let close() end a read that would go on for seconds."""
        theirs = answer.extensions["network_stream"].get_extra_info("socket")
        with socket.socket(fileno=os.dup(theirs.fileno())) as ours:
            with self._lock:
                self._connection = ours
            try:
                yield
            finally:
                with self._lock:
                    self._connection = None

    def _event(self, raw: str) -> RecallEvent:
        steps = parse_event(raw, self._issuer, self._keys, self._around.now(), self._leeway)
        return run(steps, timeout=KEY_WAIT)

    def _apply(self, event: RecallEvent) -> None:
        with self._lock:
            self._recalled.add(event, self._around.now())

    def _is_current(self, at: float) -> None:
        with self._lock:
            self._current_at = max(self._current_at, at)
            self._fault = ""
