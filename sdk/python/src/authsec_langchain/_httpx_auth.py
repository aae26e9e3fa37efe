"""Delegation tokens for httpx: `httpx.Client(auth=AuthsecAuth(authsec))`."""

from __future__ import annotations

import threading
from collections.abc import AsyncGenerator, Generator, Iterable
from typing import Any, NamedTuple

import httpx

from ._bounded import remember
from ._client import AuthsecClient
from ._dpop import usable_nonce
from ._errors import InsecureDestinationError
from ._scope import Names, action_names, audience_names
from ._urls import shows_in_clear

_MAX_NONCES = 256


class _NeedToken(NamedTuple):
    """A step of the flow: get a token. It is answered with the token."""


_Flow = Generator[_NeedToken | httpx.Request, Any, None]


class AuthsecAuth(httpx.Auth):
    """Sends a delegation token with every request, and replaces it once when an API answers 401 to it.

    Works with httpx.Client and httpx.AsyncClient. The whole request body is read first, so that it can be sent twice.
    httpx itself takes the token off a redirect to another host.

    With `dpop` it makes a proof for each request, and sends it once more when the API asks for its nonce (RFC 9449
    section 9), or redirected it, for a proof is good for one URL.

    Args:
        client: where tokens come from.
        actions: ask for these actions only.
        audience: ask for a token for these APIs only.
        hosts: names of the only hosts that may get the token, such as `{"billing.example.com"}`; requests to others
            are sent without it. Give it whenever a model has a say in the URL. Default: every host.
        allow_insecure_http: also send the token over plain http to another machine.

    Raises, on a request:
        AuthsecError: no token was to be had.
        InsecureDestinationError: the request is plain http to another machine.
    """

    requires_request_body = True

    def __init__(
        self,
        client: AuthsecClient,
        *,
        actions: Names | None = None,
        audience: Names | None = None,
        hosts: Iterable[str] | None = None,
        allow_insecure_http: bool = False,
    ) -> None:
        if isinstance(hosts, str):
            raise TypeError("hosts must be several names, like {'billing.example.com'}, not one text")
        self._client = client
        self._actions = None if actions is None else action_names(actions)
        self._audience = None if audience is None else audience_names(audience)
        self._hosts = None if hosts is None else frozenset(host.lower() for host in hosts)
        self._allow_insecure_http = allow_insecure_http
        self._nonces = _Nonces()

    def sync_auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Drive the flow for httpx.Client."""
        request.read()
        flow = self._flow(request)
        reply: str | httpx.Response | None = None
        while (step := _next(flow, reply)) is not None:
            if isinstance(step, _NeedToken):
                reply = self._client.get_delegation_token(actions=self._actions, audience=self._audience)
            else:
                reply = yield step

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """Drive the flow for httpx.AsyncClient."""
        await request.aread()
        flow = self._flow(request)
        reply: str | httpx.Response | None = None
        while (step := _next(flow, reply)) is not None:
            if isinstance(step, _NeedToken):
                reply = await self._client.aget_delegation_token(actions=self._actions, audience=self._audience)
            else:
                reply = yield step

    def _flow(self, request: httpx.Request) -> _Flow:
        if self._hosts is not None and request.url.host.lower() not in self._hosts:
            yield request
            return
        if shows_in_clear(request.url) and not self._allow_insecure_http:
            raise InsecureDestinationError(f"the request to {request.url.host} is plain http.")
        token: str = yield _NeedToken()
        response: httpx.Response = yield self._signed(request, token)
        if (again := self._asks_for_proof(response, request, token)) is not None:
            request = again
            response = yield self._signed(request, token)
        self._nonces.keep(response)
        if not _refuses(response, token):
            return
        self._client.invalidate(token)
        token = yield _NeedToken()
        response = yield self._signed(request, token)
        self._nonces.keep(response)

    def _signed(self, request: httpx.Request, token: str) -> httpx.Request:
        """Put the token, and with DPoP the proof of this request, into its headers."""
        nonce = self._nonces.of(request.url)
        request.headers.update(self._client.request_headers(token, request.method, str(request.url), nonce=nonce))
        return request

    def _asks_for_proof(self, response: httpx.Response, request: httpx.Request, token: str) -> httpx.Request | None:
        """Return the request to send once more with a proof of its own, or None."""
        given = self._nonces.keep(response)
        if not _carried(response, token) or "DPoP" not in request.headers:
            return None
        if response.status_code != httpx.codes.UNAUTHORIZED:
            return None
        if response.request.url != request.url:
            return response.request  # where the redirect led
        return request if given and 'error="use_dpop_nonce"' in response.headers.get("WWW-Authenticate", "") else None


class _Nonces:
    """The nonces that APIs gave last, by their origins. May be used from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[tuple[str, str, int | None], str] = {}

    def of(self, url: httpx.URL) -> str:
        return self._kept.get((url.scheme, url.host, url.port), "")

    def keep(self, response: httpx.Response) -> bool:
        """Keep the nonce that the answer gives, and report whether there is one."""
        nonce = usable_nonce(response.headers.get("DPoP-Nonce", ""))
        if not nonce:
            return False
        url = response.request.url
        with self._lock:
            remember(self._kept, (url.scheme, url.host, url.port), nonce, _MAX_NONCES)
        return True


def _carried(response: httpx.Response, token: str) -> bool:
    """Report whether this answers a request with the token, and not a redirected one that went without it."""
    carried: str = response.request.headers.get("Authorization", "")
    return carried.partition(" ")[2] == token


def _refuses(response: httpx.Response, token: str) -> bool:
    """Report whether this is a 401 to the token, and not to a proof that came with it."""
    if not _carried(response, token) or response.status_code != httpx.codes.UNAUTHORIZED:
        return False
    told = response.headers.get("WWW-Authenticate", "")
    return not any(f'error="{code}"' in told for code in ("invalid_dpop_proof", "use_dpop_nonce"))


def _next(flow: _Flow, reply: str | httpx.Response | None) -> _NeedToken | httpx.Request | None:
    try:
        return next(flow) if reply is None else flow.send(reply)
    except StopIteration:
        return None
