"""The server's answer: as it comes, checked, and as callers get it."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, NoReturn

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

_YEAR = 366 * 24 * 3600


@dataclass(frozen=True, eq=False)
class Delegation:
    """One token and the authority that it carries.

    Fields that an older server does not send are None or empty. Its repr leaves the token out, and it is not pickled.

    Attributes:
        token: the RS256 JWT, to be sent as `Authorization: Bearer`, or, when token_type is `DPoP`, as
            AuthsecClient.request_headers says.
        expires_at: when it ends by the server's clock, in UTC.
        permissions: the actions it allows, such as `billing:read`.
        spiffe_id: the agent's SPIFFE ID.
        audience: URIs of the APIs it is for.
        ttl_seconds: how long it was good for when the server answered.
        client_id: the agent's Client ID.
        delegation_id: the delegation that the authority comes from.
        status: the delegation's status, `active`.
        issued_at: when it was signed by the server's clock, in UTC.
        token_type: `Bearer` or `DPoP`, the scheme in which it is sent.
    """

    token: str = field(repr=False)
    expires_at: datetime
    permissions: tuple[str, ...]
    spiffe_id: str | None
    audience: tuple[str, ...]
    ttl_seconds: int
    client_id: str
    delegation_id: str | None
    status: str
    issued_at: datetime | None
    token_type: str = "Bearer"  # noqa: S105

    def __copy__(self) -> Delegation:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Delegation:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Delegation holds a live token and cannot be pickled; pass on what you need of it")


class ConfirmationAnswer(BaseModel):
    """The key to which a token is bound, in a 200 body."""

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore", hide_input_in_errors=True)

    jkt: str | None = None
    x5t: str | None = Field(default=None, alias="x5t#S256")


class TokenAnswer(BaseModel):
    """A 200 body. Only token and expires_at are certain: older servers send nothing else."""

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore", hide_input_in_errors=True)

    # RFC 6750 section 2.1: nothing else may stand in an Authorization header, least of all a line break.
    token: Annotated[str, Field(pattern=r"^[A-Za-z0-9\-._~+/]+=*$", max_length=32 * 1024, repr=False)]
    expires_at: AwareDatetime
    spiffe_id: str | None = None
    permissions: tuple[str, ...] | None = None
    audience: str | tuple[str, ...] | None = None  # `aud` may be one text too (RFC 7519 section 4.1.3)
    ttl_seconds: Annotated[int, Field(ge=1, le=_YEAR)] | None = None
    client_id: str | None = None
    delegation_id: str | None = None
    status: str | None = None
    issued_at: AwareDatetime | None = None
    token_type: str | None = None
    cnf: ConfirmationAnswer | None = None

    def lifetime(self, *, answered_at: datetime | None, now: datetime) -> float:
        """Return for how many seconds from the answer the token is good; not positive when it has ended.

        The local clock is the last resort, so that a wrong one does no harm.

        Args:
            answered_at: the response's Date header.
            now: the local wall clock.
        """
        if self.ttl_seconds is not None:
            return float(self.ttl_seconds)
        if answered_at is not None:
            return (self.expires_at - answered_at).total_seconds()
        signed_for = _signed_lifetime(self.token)
        return signed_for if signed_for is not None else (self.expires_at - now).total_seconds()

    def delegation(self, *, client_id: str, lifetime: float) -> Delegation:
        """Return what callers get, for the agent that asked."""
        return Delegation(
            token=self.token,
            expires_at=self.expires_at,
            permissions=self.permissions or (),
            spiffe_id=self.spiffe_id,
            audience=(self.audience,) if isinstance(self.audience, str) else self.audience or (),
            ttl_seconds=int(lifetime),
            client_id=client_id,
            delegation_id=self.delegation_id,
            status=self.status or "active",
            issued_at=self.issued_at,
            token_type="DPoP" if self.cnf is not None and self.cnf.jkt else "Bearer",
        )


class DelegationOption(BaseModel):
    """A delegation in a 409 body."""

    delegation_id: str
    role: str = ""


class ErrorAnswer(BaseModel):
    """An error body."""

    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)

    error: Annotated[str, Field(pattern=r"^[a-z0-9_]{1,64}$")]
    error_description: str | None = None
    missing_selectors: list[str] | None = None
    delegations: list[DelegationOption] | None = None


def _signed_lifetime(token: str) -> float | None:
    """Return exp − iat of a JWT, unverified: it only decides when to ask again."""
    try:
        payload = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        expires, issued = claims["exp"], claims["iat"]
        return float(expires - issued)
    except (ValueError, LookupError, TypeError, RecursionError, OverflowError):
        return None
