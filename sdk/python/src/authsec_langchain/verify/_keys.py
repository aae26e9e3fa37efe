"""The issuer's keys: given, or fetched and kept fresh."""

from __future__ import annotations

from typing import Protocol
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from ._around import Around
from ._errors import KeysUnavailableError, UnknownKeyError
from ._http import Answer, Http, NotFoundError, check_url
from ._json import parse_object, text
from ._jwks import KeySet, parse_key_set
from ._refresh import Fetched, FetchError, Refreshed, UnavailableError
from ._steps import Steps

DEFAULT_AGE, LEAST_AGE, GREATEST_AGE = 300.0, 60.0, 3600.0
REFRESH_INTERVAL = 5.0
"""The least seconds between two fetches, whatever the reason: tokens with made-up key IDs never cause more."""
MAX_STALENESS = 24 * 3600.0

_WELL_KNOWN = "/.well-known/oauth-authorization-server"


class Keys(Protocol):
    """Where keys come from."""

    def key(self, key_id: str) -> Steps[RSAPublicKey]:
        """Give the key with that ID. Raises UnknownKeyError, KeysUnavailableError."""

    def close(self) -> None:
        """Fetch no more."""

    def after_fork(self) -> None:
        """Make it usable in a forked child."""


class GivenKeys:
    """Keys that never change."""

    def __init__(self, document: bytes) -> None:
        self._keys = parse_key_set(document)
        if not self._keys:
            raise ValueError("none of them can verify RS256 signatures")

    def key(self, key_id: str) -> Steps[RSAPublicKey]:
        """Give the key with that ID."""
        yield from ()
        if key_id not in self._keys:
            raise UnknownKeyError
        return self._keys[key_id]

    def close(self) -> None:
        """Do nothing: there is nothing to end."""

    def after_fork(self) -> None:
        """Do nothing: there are no threads."""


class FetchedKeys:
    """Keys at an address, or at the one that the issuer's metadata names (RFC 8414)."""

    def __init__(self, issuer: str, url: str | None, http: Http, *, plain_http: bool, around: Around) -> None:
        self._issuer = issuer
        self._url = url
        self._http = http
        self._plain_http = plain_http
        self._set: Refreshed[KeySet] = Refreshed(
            "keys", self._fetch, max_age=MAX_STALENESS, interval=REFRESH_INTERVAL, around=around
        )

    def close(self) -> None:
        """Fetch no more."""
        self._set.close()

    def after_fork(self) -> None:
        """Make it usable in a forked child."""
        self._set.after_fork()

    def key(self, key_id: str) -> Steps[RSAPublicKey]:
        """Give the key with that ID, asking again when it is unknown: the issuer can have taken a new one into use."""
        try:
            keys: KeySet | None = yield from self._set.value()
            if keys is not None and key_id in keys:
                return keys[key_id]
            keys = yield from self._set.renewed()
        except UnavailableError as error:
            fault = str(error)
        except TimeoutError:
            fault = "no answer in time"
        else:
            if keys is not None and key_id in keys:
                return keys[key_id]
            raise UnknownKeyError
        raise KeysUnavailableError(fault)

    def _fetch(self) -> Fetched[KeySet]:
        answer = self._get(self._url or self._discover())
        try:
            keys = parse_key_set(answer.body)
        except ValueError as error:
            fault = str(error)
        else:
            age = _max_age(answer)
            return Fetched(keys, age * 0.75, age)
        raise FetchError(f"keys: {fault}")

    def _get(self, url: str) -> Answer:
        answer = self._http.get(url, {"Accept": "application/json, application/jwk-set+json"})
        if answer.status != 200:
            raise FetchError(f"GET {url}: status {answer.status}")
        return answer

    def _discover(self) -> str:
        answer: Answer | None = None
        fault: FetchError | None = None
        for address in metadata_urls(self._issuer):
            try:
                answer = self._get(address)
                break
            except NotFoundError as error:
                fault = error
        if answer is None:
            raise fault or FetchError("no metadata address")
        try:
            metadata = parse_object(answer.body)
        except ValueError as error:
            raise FetchError(f"issuer metadata: {error}") from None
        # RFC 8414 section 3.3: else any host could speak for the issuer.
        if text(metadata, "issuer") != self._issuer:
            raise FetchError(f"issuer metadata: it speaks for another issuer than {self._issuer}")
        url = text(metadata, "jwks_uri") or ""
        if self._issuer.startswith("https:") and not url.startswith("https:"):
            raise FetchError("issuer metadata: want jwks_uri to be https, as the issuer is")
        try:
            check_url(url, plain_http=self._plain_http)
        except ValueError as error:
            raise FetchError(f"issuer metadata: jwks_uri {error}") from None
        return url


def metadata_urls(issuer: str) -> list[str]:
    """Return where the issuer's metadata can be (RFC 8414 section 3.1): before its path, and after it."""
    issuer = issuer.removesuffix("/")
    path = urlsplit(issuer).path
    if not path:
        return [issuer + _WELL_KNOWN]
    return [issuer.removesuffix(path) + _WELL_KNOWN + path, issuer + _WELL_KNOWN]


def _max_age(answer: Answer) -> float:
    """Return for how many seconds the answer may be used: what it says, within bounds."""
    age = DEFAULT_AGE
    for directive in answer.headers.get("Cache-Control", "").split(","):
        name, _, value = directive.strip().partition("=")
        value = value.strip('"')
        if name.lower() in ("no-store", "no-cache"):
            return LEAST_AGE
        if name.lower() == "max-age" and value.isascii() and value.isdigit() and len(value) < 10:
            age = float(value)
    return min(max(age, LEAST_AGE), GREATEST_AGE)
