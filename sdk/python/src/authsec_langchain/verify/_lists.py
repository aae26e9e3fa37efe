"""Knows of recalls from status lists."""

from __future__ import annotations

import threading

from authsec_langchain._bounded import remember

from ._around import Around
from ._claims import Claims
from ._errors import RevokedError, VerifyError
from ._http import Answer, Http
from ._keys import Keys
from ._refresh import Fetched, FetchError, Refreshed, UnavailableError
from ._statuslist import StatusList, parse_status_list
from ._steps import Steps, run

MAX_LISTS = 64
LIST_INTERVAL = 1.0
"""The least seconds between two fetches of one list."""
LIST_AGE = 10.0
"""For how many seconds a list is good that does not say."""


class ListCheck:
    """Looks into the status list that the token names. Lists are fetched when first needed, and renewed while used.

    Args:
        issuer: whose lists they are.
        http: fetches them.
        keys: they are signed with.
        leeway: between clocks, seconds.
        max_age: seconds for which a list is trusted.
        around: time.
        heed_ttl: whether a list's own `ttl` shortens that; not where recalls come another way too.
    """

    def __init__(
        self,
        issuer: str,
        http: Http,
        keys: Keys,
        *,
        leeway: float,
        max_age: float,
        around: Around,
        heed_ttl: bool = True,
    ) -> None:
        self._heed_ttl = heed_ttl
        self._issuer = issuer
        self._http = http
        self._keys = keys
        self._leeway = leeway
        self._max_age = max_age
        self._around = around
        self._lists: dict[str, Refreshed[StatusList]] = {}
        self._kept: dict[str, tuple[str, StatusList]] = {}  # what each address answered last, by its ETag
        self._lock = threading.Lock()

    def check(self, claims: Claims, raw: str) -> Steps[bool]:
        """Look the token's status up."""
        if claims.status is None:
            return False
        listed = yield from self._list(claims.status.uri).value()
        if self._around.now() - listed.expires_at >= self._leeway:
            raise UnavailableError("the status list has expired")
        status = listed.status(claims.status.index)
        if status is None:
            raise UnavailableError("the status list is shorter than the token's index")
        if status != 0:
            raise RevokedError
        return True

    def age(self) -> float | None:
        """Return None: each list has its own."""
        return None

    def close(self) -> None:
        """Fetch no more."""
        for kept in list(self._lists.values()):
            kept.close()

    def after_fork(self) -> None:
        """Make it usable in a forked child."""
        self._lock = threading.Lock()
        for kept in self._lists.values():
            kept.after_fork()

    def _list(self, uri: str) -> Refreshed[StatusList]:
        with self._lock:
            kept = self._lists.get(uri) or Refreshed(
                "status-list",
                lambda: self._fetch(uri),
                max_age=self._max_age,
                interval=LIST_INTERVAL,
                around=self._around,
            )
            remember(self._lists, uri, kept, MAX_LISTS)
            return kept

    def _fetch(self, uri: str) -> Fetched[StatusList]:
        etag, known = self._kept.get(uri, ("", None))
        if known is not None and self._around.now() >= known.expires_at:
            etag = ""  # the same list again would not do
        headers = {"Accept": "application/statuslist+jwt", "Cache-Control": "no-cache"}
        answer = self._http.get(uri, headers | ({"If-None-Match": etag} if etag else {}))
        listed = known if answer.status == 304 and etag and known is not None else self._read(uri, answer)
        with self._lock:
            remember(self._kept, uri, (answer.headers.get("ETag", etag), listed), MAX_LISTS)
        renew_after = (min(listed.ttl or LIST_AGE, self._max_age) if self._heed_ttl else self._max_age) / 2
        # Verifiers that were started together need not ask together.
        return Fetched(listed, renew_after * (1 - 0.2 * self._around.chance()), self._max_age)

    def _read(self, uri: str, answer: Answer) -> StatusList:
        if answer.status != 200:
            raise FetchError(f"GET {uri}: status {answer.status}")
        try:
            raw = answer.body.decode("ascii")
            steps = parse_status_list(raw, uri, self._issuer, self._keys, self._around.now(), self._leeway)
            return run(steps, timeout=self._max_age)
        except UnicodeDecodeError:
            fault = "not a token"
        except VerifyError as error:
            fault = str(error)
        raise FetchError(f"GET {uri}: {fault}")
