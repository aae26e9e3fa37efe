"""Token Status Lists (draft-ietf-oauth-status-list-17)."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Any

from ._errors import ClaimsError, ExpiredError, IssuerError, NotYetValidError, SubjectError, TooLargeError
from ._http import MAX_BODY
from ._json import text, whole
from ._jws import decode_base64url, parse_token
from ._keys import Keys
from ._steps import Steps

LIST_TYPE = "statuslist+jwt"
MAX_LIST = 1024 * 1024
"""The most bytes that a list decompresses to."""


@dataclass(frozen=True, slots=True)
class StatusList:
    """The statuses of many tokens, `bits` of them for each.

    Attributes:
        issued_at: seconds since 1970.
        expires_at: seconds since 1970, without the leeway.
        ttl: seconds for which it may be used without asking again, or None.
    """

    bits: int
    statuses: bytes
    issued_at: int
    expires_at: int
    ttl: int | None

    @property
    def size(self) -> int:
        """How many statuses it holds."""
        return len(self.statuses) * 8 // self.bits

    def status(self, index: int) -> int | None:
        """Return the status at index (0: valid), or None when the list is not that long."""
        if not 0 <= index < self.size:
            return None
        byte, place = divmod(index * self.bits, 8)
        return self.statuses[byte] >> place & ((1 << self.bits) - 1)


def parse_status_list(raw: str, uri: str, issuer: str, keys: Keys, now: float, leeway: float) -> Steps[StatusList]:
    """Give the list that raw holds, when issuer signed it for uri and it has not expired (section 8.3).

    Raises:
        VerifyError: it does not, or the issuer's keys cannot be had.
    """
    if len(raw) > MAX_BODY:
        raise TooLargeError
    token = parse_token(raw, LIST_TYPE, longest=MAX_BODY)
    payload = token.verify((yield from keys.key(token.key_id)))
    if "iss" in payload and text(payload, "iss") != issuer:
        raise IssuerError
    if text(payload, "sub") != uri:
        raise SubjectError
    issued_at, expires_at = whole(payload, "iat"), whole(payload, "exp")
    ttl = whole(payload, "ttl")
    if issued_at is None or expires_at is None:
        raise ClaimsError("iat, exp")  # without exp it could be replayed for ever
    if "ttl" in payload and not ttl:
        raise ClaimsError("ttl")
    if now - expires_at >= leeway:
        raise ExpiredError
    if issued_at - now > leeway:
        raise NotYetValidError
    bits, statuses = _statuses(payload.get("status_list"))
    return StatusList(bits, statuses, issued_at, expires_at, ttl)


def _statuses(value: Any) -> tuple[int, bytes]:
    if not isinstance(value, dict):
        raise ClaimsError("status_list")
    bits = whole(value, "bits")
    compressed = decode_base64url(text(value, "lst") or "")
    if bits not in (1, 2, 4, 8) or not compressed:
        raise ClaimsError("status_list")
    stream = zlib.decompressobj()
    try:
        statuses = stream.decompress(compressed, MAX_LIST + 1)
    except zlib.error:
        statuses = b""
    if len(statuses) > MAX_LIST:
        raise TooLargeError
    if not stream.eof or stream.unused_data:
        raise ClaimsError("lst")
    return bits, statuses
