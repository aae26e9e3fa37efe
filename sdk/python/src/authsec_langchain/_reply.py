"""What an answer of the token endpoint means: a token, or an error. Nothing of a token or a proof gets into errors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import NamedTuple

import httpx
from pydantic import ValidationError

from ._config import AuthsecConfig
from ._errors import (
    REFUSALS,
    AuthsecConnectionError,
    AuthsecError,
    AuthsecProtocolError,
    AuthsecResponseError,
    DelegationChoice,
    RateLimitedError,
    TemporarilyUnavailableError,
    UseDpopNonceError,
    WorkloadProofRequiredError,
)
from ._models import Delegation, ErrorAnswer, TokenAnswer
from ._redact import one_line

LONGEST_RETRY_AFTER = 24 * 3600.0
NONCE = "dpop-nonce"
"""The header in which a server gives the nonce for the next proof (RFC 9449 section 8.1)."""
BY_STATUS: dict[int, type[AuthsecResponseError]] = {429: RateLimitedError, 503: TemporarilyUnavailableError}


@dataclass(frozen=True)
class Response:
    """What came back. Header names are in lower case; the body is cut at the transport's limit."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    truncated: bool = False
    tried: tuple[str, ...] = ()
    """Where a proof of the workload was looked for in vain, if none went along."""


class Unreachable(NamedTuple):
    """No answer came. Trying again is of no use when the fault is permanent, such as a certificate's."""

    reason: str
    permanent: bool = False


class Fetched(NamedTuple):
    """A token, and by the monotonic clock the time until which it can be used."""

    delegation: Delegation
    sent_at: float
    ends_at: float


def gives_nonce(reply: Response | Unreachable | None) -> bool:
    """Report whether the server wants its nonce in the proof, and has given it."""
    if not isinstance(reply, Response) or reply.status != httpx.codes.BAD_REQUEST or not reply.headers.get(NONCE):
        return False
    details = _error_answer(reply)
    return details is not None and details.error == UseDpopNonceError.code


def accept(
    response: Response, config: AuthsecConfig, *, sent_at: float, now: datetime, thumbprint: str | None
) -> Fetched:
    """Check a 200 answer; whatever is wrong with it is told without quoting it, for it may hold a token."""
    request_id = _request_id(response)

    def refuse(description: str) -> AuthsecProtocolError:
        return AuthsecProtocolError(description, status=response.status, request_id=request_id)

    if response.truncated or response.headers.get("content-encoding", "identity").lower() != "identity":
        raise refuse("the answer is too large or compressed.")
    answer = _parsed(response)
    if isinstance(answer, str):
        raise refuse(f"the answer is not a token response: {answer}.")
    if answer.client_id is not None and answer.client_id.lower() != config.client_id:
        raise refuse("the answer is for another agent.")
    if unbound := _binding_fault(answer, config, thumbprint):
        raise refuse(unbound)
    lifetime = answer.lifetime(answered_at=_http_date(response.headers.get("date", "")), now=now)
    if lifetime <= 0:
        raise refuse("the token in the answer has ended already; check the server's clock.")
    delegation = answer.delegation(client_id=config.client_id, lifetime=lifetime)
    return Fetched(delegation, sent_at, sent_at + lifetime)


def _binding_fault(answer: TokenAnswer, config: AuthsecConfig, thumbprint: str | None) -> str:
    """Say what is wrong with the key that the token is bound to: one that was asked for must not be left out."""
    jkt, x5t = (answer.cnf.jkt, answer.cnf.x5t) if answer.cnf else (None, None)
    if jkt != thumbprint or (thumbprint and (answer.token_type or "").lower() != "dpop"):
        return (
            "the token is not bound to this client's DPoP key." if thumbprint else "the token is bound to a DPoP key."
        )
    if config.token_binding and not x5t:
        return "the token is not bound to the connection's client certificate."
    return ""


def _parsed(response: Response) -> TokenAnswer | str:
    try:
        return TokenAnswer.model_validate_json(response.body)
    except ValidationError as error:
        # pydantic's error holds the input, so neither it nor its text may leave this function.
        faults = error.errors(include_input=False, include_url=False, include_context=False)
        return "; ".join(f"{'.'.join(map(str, fault['loc'])) or 'body'}: {fault['type']}" for fault in faults)


def failure(reply: Response | Unreachable | None, *, now: datetime) -> AuthsecError:
    """Return, without raising it, the error that an unsuccessful reply means."""
    if not isinstance(reply, Response):
        return AuthsecConnectionError(reply.reason if reply else "no answer.")
    request_id = _request_id(reply)
    if 300 <= reply.status < 400:
        # Never followed: the proof of the workload would go along.
        target = one_line(reply.headers.get("location", "").split("?")[0], limit=200)
        described = f"the server redirected to {target!r}, and redirects are not followed."
        return AuthsecProtocolError(described, status=reply.status, request_id=request_id)
    details = _error_answer(reply)
    cls, code, description = _cause(reply, details)
    if reply.tried and issubclass(cls, WorkloadProofRequiredError):
        description = f"{description} This client looked for a proof in: {'; '.join(reply.tried)}."
    return cls(
        description,
        code=code,
        status=reply.status,
        request_id=request_id,
        retry_after=_retry_after(reply.headers, now=now),
        missing_selectors=[one_line(key, limit=128) for key in (details and details.missing_selectors) or ()][:32],
        delegations=[
            DelegationChoice(one_line(choice.delegation_id, limit=64), one_line(choice.role, limit=64))
            for choice in (details and details.delegations) or ()
        ][:32],
    )


def _error_answer(response: Response) -> ErrorAnswer | None:
    try:
        return ErrorAnswer.model_validate_json(response.body)
    except ValidationError:
        return None


def _cause(response: Response, details: ErrorAnswer | None) -> tuple[type[AuthsecError], str | None, str]:
    """Choose the class by the code; for an unknown one, or a proxy's answer that has none, by the status."""
    by_status = BY_STATUS.get(response.status, AuthsecResponseError)
    if details is None:
        return by_status, None, "the answer has no AuthSec error in it; something in between may have given it."
    described = one_line(details.error_description or "", limit=500)
    return REFUSALS.get(details.error, by_status), details.error, described


def _request_id(response: Response) -> str | None:
    return one_line(response.headers.get("x-request-id", ""), limit=128) or None


def _retry_after(headers: Mapping[str, str], *, now: datetime) -> float | None:
    """Return Retry-After in seconds, given as seconds or as a date (RFC 9110 section 10.2.3)."""
    value = headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return min(float(value[:9]), LONGEST_RETRY_AFTER)
    date = _http_date(value)
    if date is None:
        return None
    since = _http_date(headers.get("date", "")) or now  # the server's own clock is the better one
    return min(max((date - since).total_seconds(), 0.0), LONGEST_RETRY_AFTER)


def _http_date(value: str) -> datetime | None:
    try:
        parsed = parsedate_to_datetime(value)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=timezone.utc)
