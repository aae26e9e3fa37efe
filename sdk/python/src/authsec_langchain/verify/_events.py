"""Signed recall events: what `GET /oauth2/revocations` sends, as a stream and as a feed."""

from __future__ import annotations

from dataclasses import dataclass

from ._claims import MAX_INTEGER, StatusRef, parse_place
from ._errors import ClaimsError, IssuerError, NotYetValidError
from ._json import text, whole
from ._jws import parse_token
from ._keys import Keys
from ._steps import Steps

RECALL_TYPE = "authsec-recall+jwt"
HEARTBEAT_TYPE = "authsec-heartbeat+jwt"


@dataclass(frozen=True, slots=True)
class RecallEvent:
    """A status or a token that is recalled, or, with neither, a heartbeat.

    Attributes:
        sequence: of this recall; of a heartbeat, the latest that was sent to us or concerns others.
        issued_at: seconds since 1970.
        status: that is recalled, or None.
        token_id: `jti` of the token that is recalled, or "".
    """

    sequence: int
    issued_at: int
    status: StatusRef | None = None
    token_id: str = ""

    @property
    def is_heartbeat(self) -> bool:
        """Whether nothing is recalled."""
        return self.status is None and not self.token_id


def parse_event(raw: str, issuer: str, keys: Keys, now: float, leeway: float) -> Steps[RecallEvent]:
    """Give the event that raw holds, when issuer signed it.

    Raises:
        VerifyError: it is none, or the issuer's keys cannot be had.
    """
    token = parse_token(raw, RECALL_TYPE, HEARTBEAT_TYPE)
    payload = token.verify((yield from keys.key(token.key_id)))
    if text(payload, "iss") != issuer:
        raise IssuerError
    issued_at, sequence = whole(payload, "iat"), whole(payload, "seq", MAX_INTEGER)
    if issued_at is None or sequence is None:
        raise ClaimsError("iat, seq")
    if issued_at - now > leeway:
        raise NotYetValidError
    names = {"status_list", "jti"} & payload.keys()
    if token.typ == HEARTBEAT_TYPE:
        if names:
            raise ClaimsError("status_list, jti")
        return RecallEvent(sequence, issued_at)
    if len(names) != 1 or sequence == 0:
        raise ClaimsError("status_list, jti, seq")
    if "jti" not in names:
        return RecallEvent(sequence, issued_at, status=parse_place(payload["status_list"], issuer))
    token_id = text(payload, "jti")
    if not token_id:
        raise ClaimsError("jti")
    return RecallEvent(sequence, issued_at, token_id=token_id)
