"""Knows of recalls by asking the server about each token."""

from __future__ import annotations

import hashlib
import threading
from concurrent.futures import ThreadPoolExecutor

from authsec_langchain._bounded import remember

from ._around import Around
from ._claims import Claims
from ._errors import RevokedError
from ._http import Http
from ._json import parse_object, text
from ._refresh import FetchError, UnavailableError
from ._steps import Steps

MAX_ANSWERS = 10_000
MAX_ASKING = 8


class IntrospectionCheck:
    """Asks the server about each token (RFC 7662). While it cannot be asked, its answers serve for max_age seconds."""

    def __init__(self, url: str, http: Http, authorization: str, *, max_age: float, around: Around) -> None:
        self._url = url
        self._http = http
        self._authorization = authorization
        self._max_age = max_age
        self._clock = around.clock
        self._good: dict[bytes, float] = {}  # when a token, by its hash, was last known to be active
        self._closed = False
        self.after_fork()

    def after_fork(self) -> None:
        """Make it usable in a forked child."""
        self._lock = threading.Lock()
        self._asking = ThreadPoolExecutor(MAX_ASKING, thread_name_prefix="authsec-introspect")

    def close(self) -> None:
        """Ask no more."""
        self._closed = True
        self._asking.shutdown(wait=False, cancel_futures=True)

    def age(self) -> float | None:
        """Return None: each token has its own."""
        return None

    def check(self, claims: Claims, raw: str) -> Steps[bool]:
        """Ask whether the token is active."""
        if self._closed:
            raise UnavailableError("the verifier is closed")
        key = hashlib.sha256(raw.encode("ascii")).digest()
        asked_at = self._clock()
        answer = self._asking.submit(self._ask, raw, claims)
        try:
            yield answer
            active = answer.result(timeout=0)
        except (FetchError, TimeoutError) as error:
            answer.cancel()
            with self._lock:
                known_at = self._good.get(key, float("-inf"))
            if self._clock() - known_at <= self._max_age:
                return True
            raise UnavailableError(str(error) or "no answer in time") from None
        with self._lock:
            if active:
                remember(self._good, key, asked_at, MAX_ANSWERS)
            else:
                self._good.pop(key, None)
        if not active:
            raise RevokedError
        return True

    def _ask(self, raw: str, claims: Claims) -> bool:
        headers = {"Accept": "application/json", "Authorization": self._authorization}
        answer = self._http.post(self._url, {"token": raw, "token_type_hint": "access_token"}, headers)
        try:
            said = parse_object(answer.body)
        except ValueError:
            said = {}
        active = said.get("active")
        if answer.status != 200 or not isinstance(active, bool):
            raise FetchError(f"POST {self._url}: not an introspection response")
        if active and text(said, "jti") not in ("", claims.token_id):
            raise FetchError(f"POST {self._url}: the response is about another token")
        return active
