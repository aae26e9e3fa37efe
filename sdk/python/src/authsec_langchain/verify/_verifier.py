"""The verifier: what an API's code calls."""

from __future__ import annotations

import logging
import os
import weakref
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import NoReturn

from pydantic import SecretStr

from ._around import Around
from ._claims import Claims, Revocation, parse_claims, parse_status
from ._confirmation import Presented
from ._errors import (
    AudienceError,
    ClaimsError,
    ExpiredError,
    IssuerError,
    MalformedTokenError,
    NotYetValidError,
    RevocationUnknownError,
)
from ._json import Object
from ._jws import parse_token
from ._possession import Constraint
from ._refresh import UnavailableError
from ._settings import OnUnknown, RevocationMode, Settings
from ._steps import Steps, arun, run

TOKEN_TYPE = "at+jwt"  # noqa: S105
WARN_EVERY = 10.0
_ALONE = Presented()
_log = logging.getLogger("authsec_langchain.verify")


class Verifier:
    """Checks the tokens that one AuthSec server issues for one API.

    Build one when the process starts, and share it: threads and event loops may use it at the same time, and it
    survives os.fork(). Building it does no I/O; the first token does.

        verifier = Verifier("https://authsec.example.com", "https://billing.example.com")
        claims = verifier.verify(token)

    Args:
        issuer: the AuthSec server's public URL, as its tokens carry it. Compared exactly.
        audience: the URI under which this API is registered there, or the server's default audience. Compared exactly.
        revocation: how a recall reaches this API: `push` by the server's stream, and by its feed while the stream is
            broken; `poll` by status lists, and by the feed where there is a credential; `introspect` by asking about
            each token; `none` not before the token's end. By default `push` with a credential and `none` without.
        resource_id: the API's ID at the server. `push` and `introspect` need it.
        resource_secret: the API's secret there.
        max_staleness: for how many seconds what is known about recalls is enough: 7 or more for `push`, 2 or more for
            `poll`.
        on_unknown: whether to `refuse` or `accept` tokens while it is older than that. `accept` marks the claims
            (`Claims.revocation`) and logs a warning.
        require_status: refuse tokens without a status, which `push` and `poll` can only find revoked one by one.
            Servers from before there were recalls issue such tokens.
        dpop: take tokens that are bound to a key by DPoP, when its proof comes along; otherwise they are refused.
        require_sender_constrained: refuse tokens that whoever holds them can use: True (or `any`) wants tokens bound to
            a key, `dpop` and `mtls` want them bound in that way.
        dpop_nonces: demand this API's nonce in every proof. True makes a secret for this process; processes that share
            the API's address need the same secret, of 32 bytes or more.
        dpop_capacity: how many proofs to remember, for a minute each, so that none is used twice. While it is full,
            tokens bound by DPoP are refused.
        leeway: how many seconds this machine's clock and the server's may differ, at most 300.
        timeout: seconds for one request, and for what a caller waits for.
        jwks: the server's keys once and for all, as a JWK Set document, for tests and closed networks.
        jwks_url: where the keys are, instead of looking `jwks_uri` up in the server's metadata.
        ca_bundle: a PEM file of the certificates to trust, instead of the system's.
        proxy: for https requests, instead of the environment's.
        allow_insecure_http: lets an issuer be http:// on another machine. Whoever controls the network in between
            can then issue tokens.

    Raises:
        AuthsecConfigError: it names every argument that is wrong.
    """

    def __init__(
        self,
        issuer: str,
        audience: str,
        *,
        revocation: RevocationMode | None = None,
        resource_id: str | None = None,
        resource_secret: str | SecretStr | None = None,
        max_staleness: float = 10.0,
        on_unknown: OnUnknown = "refuse",
        require_status: bool = False,
        dpop: bool = True,
        require_sender_constrained: bool | Constraint = False,
        dpop_nonces: bool | bytes | str | SecretStr = False,
        dpop_capacity: int = 100_000,
        leeway: float = 30.0,
        timeout: float = 10.0,
        jwks: bytes | str | None = None,
        jwks_url: str | None = None,
        ca_bundle: str | Path | None = None,
        proxy: str | None = None,
        allow_insecure_http: bool = False,
        _around: Around | None = None,
    ) -> None:
        settings = Settings(
            issuer=issuer,
            audience=audience,
            revocation=revocation,
            resource_id=resource_id,
            resource_secret=resource_secret,
            max_staleness=max_staleness,
            on_unknown=on_unknown,
            require_status=require_status,
            dpop=dpop,
            require_sender_constrained=require_sender_constrained,
            dpop_nonces=dpop_nonces,
            dpop_capacity=dpop_capacity,
            leeway=leeway,
            timeout=timeout,
            jwks=jwks,
            jwks_url=jwks_url,
            ca_bundle=ca_bundle,
            proxy=proxy,
            allow_insecure_http=allow_insecure_http,
        )
        self._around = _around or Around()
        self._issuer = issuer
        self._audience = audience
        self._mode = settings.mode
        self._require_status = require_status
        self._accept_unknown = on_unknown == "accept"
        self._leeway = leeway
        self._timeout = timeout
        self._warned_at = float("-inf")
        self._http, self._keys, self._check = settings.build(self._around)
        self._possession = settings.possession()
        _verifiers.add(self)

    @property
    def issuer(self) -> str:
        """The AuthSec server's public URL."""
        return self._issuer

    @property
    def audience(self) -> str:
        """The audience that tokens must be for."""
        return self._audience

    @property
    def revocation(self) -> RevocationMode:
        """How recalls reach this verifier."""
        return self._mode

    @property
    def revocation_age(self) -> float | None:
        """Seconds since all recalls were last known, by stream or feed; None before, and where there is neither."""
        return self._check.age() if self._check else None

    @property
    def accepts_dpop(self) -> bool:
        """Whether tokens that are bound by DPoP are taken."""
        return self._possession.dpop

    @property
    def sender_constraint(self) -> Constraint:
        """Which bindings a token must have one of."""
        return self._possession.required

    def dpop_nonce(self) -> str:
        """Return the nonce for the next proof, to be sent as DPoP-Nonce, or "" where none is asked for."""
        return self._possession.nonce(self._around.now())

    def verify(self, token: str, presented: Presented = _ALONE) -> Claims:
        """Check a token, in compact form and nothing around it, and return what it says.

        It waits for the server only while keys or recalls are not at hand.

        Args:
            token: what the Authorization header holds behind the scheme.
            presented: what came beside it. Without it, tokens that are bound to a key are refused.

        Raises:
            TokenRefusedError: the token is bad, or the proof; the subclass and its `code` say why.
            UncheckedError: it cannot be checked at the moment, and is to be refused all the same.
        """
        return run(self._verify(token, presented), self._timeout)

    async def averify(self, token: str, presented: Presented = _ALONE) -> Claims:
        """Like verify, without blocking the event loop (asyncio)."""
        return await arun(self._verify(token, presented), self._timeout)

    def close(self) -> None:
        """Stop what runs in the background, and close the connections.

        Keys and recalls that are at hand serve until they are too old.
        """
        self._keys.close()
        if self._check:
            self._check.close()
        self._http.close()

    def _verify(self, raw: str, presented: Presented) -> Steps[Claims]:
        # 1. What can be known without a key, cheaply.
        if not isinstance(raw, str):
            raise MalformedTokenError("want text")
        token = parse_token(raw, TOKEN_TYPE)
        # 2. The signature, by a key of the issuer that the header names.
        payload = token.verify((yield from self._keys.key(token.key_id)))
        # 3. The claims, by themselves and then against us and the clock.
        claims = parse_claims(payload)
        self._judge(claims)
        # 4. Whether its sender may use it.
        self._possession.check(claims.confirmation, raw, presented, self._around.now())
        # 5. Whether it still counts.
        return (yield from self._recalled(claims, payload, raw))

    def _recalled(self, claims: Claims, payload: Object, raw: str) -> Steps[Claims]:
        """Give the claims with what is known of their recall."""
        if self._check is None:
            return claims
        if self._mode != "introspect":
            claims = replace(claims, status=parse_status(payload, self._issuer))
            if self._require_status and claims.status is None:
                raise ClaimsError("want a status")
        revocation: Revocation = "unknown"
        try:
            revocation = "checked" if (yield from self._check.check(claims, raw)) else "off"
        except (UnavailableError, TimeoutError) as error:
            fault = str(error) or "no answer in time"
            self._say_unknown(fault)
            if not self._accept_unknown:
                raise RevocationUnknownError(fault) from None
        return replace(claims, revocation=revocation)

    def _judge(self, claims: Claims) -> None:
        if claims.issuer != self._issuer:
            raise IssuerError(f"want {self._issuer}")
        if self._audience not in claims.audience:
            raise AudienceError(f"want {self._audience}")
        now = self._around.now()
        past = now - claims.expires_at.timestamp()
        if past >= self._leeway:
            raise ExpiredError(f"{past:.0f} s ago")
        if (ahead := claims.not_before.timestamp() - now) > self._leeway:
            raise NotYetValidError(f"nbf is {ahead:.0f} s ahead")
        if (ahead := claims.issued_at.timestamp() - now) > self._leeway:
            raise NotYetValidError(f"iat is {ahead:.0f} s ahead")

    def _say_unknown(self, fault: str) -> None:
        now = self._around.clock()
        if now - self._warned_at < WARN_EVERY:  # once for many tokens
            return
        self._warned_at = now
        done = "accepted" if self._accept_unknown else "refused"
        _log.warning("revocation_unknown mode=%s tokens=%s error=%s", self._mode, done, fault)

    def _after_fork(self) -> None:
        self._http.after_fork()
        self._keys.after_fork()
        self._possession.after_fork()
        if self._check:
            self._check.after_fork()

    def __enter__(self) -> Verifier:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Verifier({self._issuer!r}, {self._audience!r}, revocation={self._mode!r})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Verifier cannot be pickled: build one in each process")


_verifiers: weakref.WeakSet[Verifier] = weakref.WeakSet()


def _reset_verifiers() -> None:
    for verifier in list(_verifiers):
        verifier._after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_reset_verifiers)
