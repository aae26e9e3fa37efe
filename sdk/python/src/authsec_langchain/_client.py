"""The client: what an agent's code calls."""

from __future__ import annotations

import os
import ssl
import weakref
from types import TracebackType
from typing import NoReturn

from ._cache import DelegationCache
from ._config import AuthsecConfig
from ._core import Request, Surroundings, token_flow
from ._dpop import DPoPKey
from ._models import Delegation
from ._redact import redact
from ._reply import Fetched, Response, Unreachable
from ._scope import Names, Scope, action_names, audience_names
from ._tls import tls_context
from ._transport import Transport


class AuthsecClient:
    """Gets delegation tokens for one agent, and keeps them.

    Build one for the life of the process and share it: threads and event loops may use it at the same time, and it
    survives os.fork(). A kept token costs microseconds; in the last fifth of its life it is replaced in the background.

        authsec = AuthsecClient(AuthsecConfig(base_url=..., client_id=...))
        jwt_token = authsec.get_delegation_token()

    Every method that gets a token takes the same arguments:

    Args:
        actions: ask for these actions instead of the configuration's, such as `"billing:read"` or a list of them.
        audience: ask for a token for these APIs (URIs) instead of the configuration's.
        force_refresh: get a newly minted token, even if one is kept. Use it after a change of authority that must
            show at once; for a token that an API refused, call invalidate() instead.

    and raises:
        AuthsecError: the subclass that names the cause; see its attributes.
        ValueError: actions or audience is empty or malformed.
    """

    def __init__(self, config: AuthsecConfig, *, _around: Surroundings | None = None) -> None:
        self._config = config
        self._around = _around or Surroundings()
        self._scope = _scope_of(config.actions, config.audience, default=Scope())
        self._key = DPoPKey.generate() if config.dpop is True else config.dpop or None
        self._transport = Transport(config, self._around, self._key)
        self._cache = DelegationCache(self._fetch, self._around)
        _clients.add(self)

    @property
    def config(self) -> AuthsecConfig:
        """The settings that the client was built with."""
        return self._config

    def get_delegation_token(
        self, *, actions: Names | None = None, audience: Names | None = None, force_refresh: bool = False
    ) -> str:
        """Return a JWT to send as `Authorization: Bearer`. See the class for arguments and errors.

        With `dpop` it goes out as request_headers() says.
        """
        return self._cache.get(self._scope_for(actions, audience), force=force_refresh).token

    def get_delegation(
        self, *, actions: Names | None = None, audience: Names | None = None, force_refresh: bool = False
    ) -> Delegation:
        """Return the token together with what it allows and until when."""
        return self._cache.get(self._scope_for(actions, audience), force=force_refresh)

    async def aget_delegation_token(
        self, *, actions: Names | None = None, audience: Names | None = None, force_refresh: bool = False
    ) -> str:
        """Like get_delegation_token, without blocking the event loop (asyncio)."""
        return (await self._cache.aget(self._scope_for(actions, audience), force=force_refresh)).token

    async def aget_delegation(
        self, *, actions: Names | None = None, audience: Names | None = None, force_refresh: bool = False
    ) -> Delegation:
        """Like get_delegation, without blocking the event loop (asyncio)."""
        return await self._cache.aget(self._scope_for(actions, audience), force=force_refresh)

    def cached_delegation(self, *, actions: Names | None = None, audience: Names | None = None) -> Delegation | None:
        """Return the delegation that is in force now, or None. Never asks the server."""
        return self._cache.peek(self._scope_for(actions, audience))

    def invalidate(self, token: str) -> None:
        """Never return this token again. Call it when an API answered 401 to the token.

        The next call gets a newly minted one, unless another thread's already did. Does not block; asks nothing of
        the server.
        """
        self._cache.invalidate(token)

    def request_headers(self, token: str, method: str, url: str, *, nonce: str = "") -> dict[str, str]:
        """Return the headers with which one request carries one of this client's tokens, for any HTTP library.

        `Authorization: Bearer`, or with `dpop` `Authorization: DPoP` and a proof, which is good for this request only.
        AuthsecAuth does it for httpx, with the API's nonces.

        Args:
            token: of get_delegation_token().
            method: of the request, like `GET`.
            url: of the request.
            nonce: what the API's last answer had in `DPoP-Nonce`, if anything.

        Raises:
            ValueError: url is no absolute http or https URL.
        """
        if self._key is None:
            return {"Authorization": f"Bearer {token}"}
        proof = self._key.proof(method, url, now=self._around.now().timestamp(), token=token, nonce=nonce)
        return {"Authorization": f"DPoP {token}", "DPoP": proof}

    def tls_context(self) -> ssl.SSLContext:
        """Return a TLS context with `ca_bundle` and the client certificate, for requests with `token_binding="mtls"`.

            api = httpx.Client(auth=AuthsecAuth(authsec), verify=authsec.tls_context())

        Raises:
            AuthsecConfigError: one of the files cannot be used.
        """
        return tls_context(self._config)

    def redact(self, text: str) -> str:
        """Return text without this client's tokens, any other JWT, and any Authorization value."""
        return redact(text, [delegation.token for delegation in self._cache.held()])

    def close(self) -> None:
        """Drop the tokens and close the connections. Every later call raises AuthsecClosedError."""
        self._cache.close()
        self._transport.close()

    async def aclose(self) -> None:
        """Like close(), which does not block."""
        self.close()

    def __enter__(self) -> AuthsecClient:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    async def __aenter__(self) -> AuthsecClient:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()

    def __repr__(self) -> str:
        return f"AuthsecClient(base_url={self._config.base_url!r}, client_id={self._config.client_id!r})"

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "an AuthsecClient holds live tokens, locks and connections and cannot be pickled; build one in the other "
            "process, from the same settings (AuthsecConfig.from_env())"
        )

    def _scope_for(self, actions: Names | None, audience: Names | None) -> Scope:
        if actions is None and audience is None:
            return self._scope
        return _scope_of(actions, audience, default=self._scope)

    def _fetch(self, scope: Scope, fresh: bool) -> Fetched:
        """Drive the core through one fetch, in whatever thread the cache has chosen."""
        thumbprint = self._key.thumbprint if self._key else None
        flow = token_flow(self._config, scope, fresh=fresh, around=self._around, thumbprint=thumbprint)
        reply: Response | Unreachable | None = None
        while True:
            try:
                step = flow.send(reply)
            except StopIteration as finished:
                fetched: Fetched = finished.value
                return fetched
            if isinstance(step, Request):
                reply = self._transport.send(step)
            else:
                self._around.sleep(step.seconds)
                reply = None

    def _after_fork(self) -> None:
        self._transport.reset()
        self._cache.reset()


def _scope_of(actions: Names | None, audience: Names | None, *, default: Scope) -> Scope:
    return Scope(
        default.actions if actions is None else action_names(actions),
        default.audience if audience is None else audience_names(audience),
    )


_clients: weakref.WeakSet[AuthsecClient] = weakref.WeakSet()


def _reset_clients() -> None:
    for client in list(_clients):
        client._after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_reset_clients)
