"""Nonces that a proof must hold, so that none can be made in advance (RFC 9449 sections 9 and 11.2)."""

from __future__ import annotations

import hmac
import secrets

from authsec_langchain._thumbprint import base64url

INTERVAL = 150
"""Seconds for which a nonce is given out. It is accepted for as long again."""
LEAST_SECRET = 32


class Nonces:
    """Nonces without memory: every process that has the secret accepts those of every other.

    Args:
        secret: at least 32 bytes, or None for a random one, which is this process's and its forks' own.
    """

    def __init__(self, secret: bytes | None = None) -> None:
        self._secret = secret or secrets.token_bytes(LEAST_SECRET)

    def current(self, now: float) -> str:
        """Return the nonce to give out at an instant, seconds since 1970."""
        return self._nonce(int(now) // INTERVAL)

    def accepts(self, nonce: str, now: float) -> bool:
        """Report whether nonce is that of now, or the one before."""
        interval = int(now) // INTERVAL
        given = nonce.encode("utf-8", "surrogatepass")
        good = [hmac.compare_digest(given, self._nonce(number).encode("ascii")) for number in (interval, interval - 1)]
        return any(good)

    def _nonce(self, interval: int) -> str:
        return base64url(hmac.digest(self._secret, b"authsec dpop nonce %d" % interval, "sha256"))
