"""Delegation tokens for httpx: `httpx.Client(auth=AuthsecAuth(authsec))`."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator, Iterable
from typing import Any, NamedTuple

import httpx

from ._client import AuthsecClient
from ._errors import InsecureDestinationError
from ._scope import Names, action_names, audience_names
from ._urls import shows_in_clear


class _NeedToken(NamedTuple):
    """A step of the flow: get a token. It is answered with the token."""


_Flow = Generator[_NeedToken | httpx.Request, Any, None]


class AuthsecAuth(httpx.Auth):
    """Sends a delegation token with every request, and replaces it once when an API answers 401 to it.

    Works with httpx.Client and httpx.AsyncClient. The whole request body is read first, so that it can be sent twice.
    httpx itself takes the token off a redirect to another host.

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
        request.headers["Authorization"] = f"Bearer {token}"
        response: httpx.Response = yield request
        if not _refuses(response, token):
            return
        self._client.invalidate(token)
        token = yield _NeedToken()
        request.headers["Authorization"] = f"Bearer {token}"
        yield request


def _refuses(response: httpx.Response, token: str) -> bool:
    """Report whether this is a 401 to the token, and not to a redirected request that went without it."""
    carried = response.request.headers.get("Authorization") == f"Bearer {token}"
    return carried and response.status_code == httpx.codes.UNAUTHORIZED


def _next(flow: _Flow, reply: str | httpx.Response | None) -> _NeedToken | httpx.Request | None:
    try:
        return next(flow) if reply is None else flow.send(reply)
    except StopIteration:
        return None
