"""HTTP of a verifier: https, capped bodies, never to another origin."""

from __future__ import annotations

import base64
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import quote_plus

import httpx

from authsec_langchain._redact import one_line
from authsec_langchain._urls import is_loopback

from ._refresh import FetchError

MAX_BODY = 1024 * 1024
MAX_REDIRECTS = 3


class NotFoundError(FetchError):
    """The answer was 404."""


class StatusError(FetchError):
    """The answer had a status that nobody can use.

    Attributes:
        retry_after: seconds the server asked to wait, or 0.
    """

    def __init__(self, message: str, retry_after: float = 0) -> None:
        super().__init__(message)
        self.retry_after = retry_after


@dataclass(frozen=True)
class Answer:
    """An answer with status 200 or 304, read whole."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def check_url(url: str, *, plain_http: bool = False) -> None:
    """Raise ValueError unless url is scheme://host[:port][/path] over https; http goes to this machine alone."""
    try:
        parts = httpx.URL(url)
    except (httpx.InvalidURL, ValueError, TypeError):
        raise ValueError("is not a URL") from None
    if not parts.host or parts.userinfo or "?" in url or "#" in url:
        raise ValueError("must be scheme://host[:port][/path]")
    if parts.scheme == "https" or (parts.scheme == "http" and (plain_http or _is_here(parts.host))):
        return
    raise ValueError("must be https")


def _is_here(host: str) -> bool:
    # A name below localhost is this machine's by custom alone; keys are not fetched by custom.
    return is_loopback(host) and not host.endswith(".localhost")


def basic(name: str, secret: str) -> str:
    """Return an Authorization value with form-encoded halves (RFC 6749 section 2.3.1)."""
    pair = f"{quote_plus(name)}:{quote_plus(secret)}"
    return "Basic " + base64.b64encode(pair.encode("ascii")).decode("ascii")


class Http:
    """A connection pool that opens at first use. May be used from any thread.

    Args:
        timeout: seconds for one request, the whole answer included.
        verify: the certificates to trust, or None for the system's.
        proxy: of https requests, or None for the environment's.
        clock: a monotonic clock.
    """

    def __init__(
        self, *, timeout: float, verify: ssl.SSLContext | None, proxy: str | None, clock: Callable[[], float]
    ) -> None:
        self._timeout = timeout
        self._verify = verify
        self._proxy = proxy
        self._clock = clock
        self._closed = False
        self.after_fork()

    def after_fork(self) -> None:
        """Forget connections without touching them: after a fork they are the parent's."""
        self._lock = threading.Lock()
        self._clients: dict[bool, httpx.Client] = {}
        self._under_way = 0

    def close(self) -> None:
        """Open no more connections, and close them: at once, or when the last request under way has ended."""
        with self._lock:
            self._closed = True
        self._close_idle()

    def _close_idle(self) -> None:
        # A connection that is being made while its pool closes would stay open for ever.
        with self._lock:
            if not self._closed or self._under_way > 0:
                return
            clients, self._clients = self._clients, {}
        for client in clients.values():
            client.close()

    def get(self, url: str, headers: Mapping[str, str]) -> Answer:
        """Get url. Redirects are followed within its origin, and not at all when a credential goes along.

        Raises:
            FetchError: no answer with status 200 or 304 came.
        """
        hops = 0 if "Authorization" in headers else MAX_REDIRECTS
        address = httpx.URL(url)
        for _ in range(hops + 1):
            with self.stream("GET", str(address), headers) as answer:
                if answer.next_request is None:
                    return self._read(url, answer)
                target = answer.next_request.url
            if (target.scheme, target.host, target.port) != (address.scheme, address.host, address.port):
                raise FetchError(f"GET {url}: redirected to another origin")
            address = target
        raise FetchError(f"GET {url}: redirected {'with a credential' if hops == 0 else 'too often'}")

    def post(self, url: str, form: Mapping[str, str], headers: Mapping[str, str]) -> Answer:
        """Post a form to url.

        Raises:
            FetchError: no answer with status 200 came.
        """
        with self.stream("POST", url, headers, form) as answer:
            return self._read(url, answer)

    @contextmanager
    def stream(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        form: Mapping[str, str] | None = None,
        read_timeout: float | None = None,
    ) -> Iterator[httpx.Response]:
        """Send a request, and give its answer with the body unread.

        Raises:
            FetchError: no answer came, or it broke off.
        """
        fault = ""
        client = self._enter(url)
        try:
            with client.stream(
                method,
                url,
                headers={"Accept-Encoding": "identity", **headers},
                data=form,
                timeout=httpx.Timeout(self._timeout, read=read_timeout or self._timeout),
            ) as answer:
                yield answer
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, RuntimeError) as error:
            # httpx's errors carry the request with its Authorization header: here they end as text.
            fault = one_line(f"{type(error).__name__}: {error}", limit=300)
        finally:
            with self._lock:
                self._under_way -= 1
            self._close_idle()
        if fault:
            raise FetchError(f"{method} {url}: {fault}")

    def _read(self, url: str, answer: httpx.Response) -> Answer:
        name = f"{answer.request.method} {url}"
        if answer.status_code == httpx.codes.NOT_FOUND:
            raise NotFoundError(f"{name}: not found")
        if answer.status_code not in (httpx.codes.OK, httpx.codes.NOT_MODIFIED):
            raise StatusError(f"{name}: status {answer.status_code}", retry_after(answer.headers))
        give_up_at = self._clock() + self._timeout
        body = bytearray()
        for chunk in answer.iter_raw():
            body += chunk
            if len(body) > MAX_BODY:
                raise FetchError(f"{name}: answer longer than {MAX_BODY} bytes")
            if self._clock() > give_up_at:  # httpx's timeout is for each read
                raise FetchError(f"{name}: the answer came too slowly")
        return Answer(answer.status_code, answer.headers, bytes(body))

    def _enter(self, url: str) -> httpx.Client:
        """Return the client for url, with one more request under way."""
        # Proxies are for the way out; plain http, which is allowed on this machine, stays on it.
        outward = url.startswith("https:")
        with self._lock:
            if self._closed:
                raise FetchError(f"{url}: the verifier is closed")
            if outward not in self._clients:
                self._clients[outward] = httpx.Client(
                    verify=self._verify or True,
                    proxy=self._proxy if outward else None,
                    trust_env=outward,
                    follow_redirects=False,
                )
            self._under_way += 1
            return self._clients[outward]


def retry_after(headers: Mapping[str, str]) -> float:
    """Return the whole seconds that Retry-After asks for, at most a minute; 0 when it does not."""
    value = headers.get("Retry-After", "")
    return min(float(value), 60.0) if value.isascii() and value.isdigit() and len(value) < 10 else 0.0
