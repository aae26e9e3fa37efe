"""The hashes that bind a token to a key, and a proof to a token: base64url of SHA-256."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping

REQUIRED = {"RSA": ("e", "kty", "n"), "EC": ("crv", "kty", "x", "y"), "OKP": ("crv", "kty", "x")}
"""The members of a public JWK that its thumbprint is made of, sorted (RFC 7638 section 3.2, RFC 8037 section 2)."""


def base64url(data: bytes) -> str:
    """Return data in base64url without padding (RFC 7515 section 2)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def digest(data: bytes) -> str:
    """Return what `ath` holds of a token (RFC 9449 section 4.2), and `x5t#S256` of a certificate in DER (RFC 8705)."""
    return base64url(hashlib.sha256(data).digest())


def jwk_thumbprint(jwk: Mapping[str, str]) -> str:
    """Return what `jkt` holds of a key (RFC 7638): jwk has the required members of its kty, in their one spelling."""
    members = {name: jwk[name] for name in REQUIRED[jwk["kty"]]}
    return digest(json.dumps(members, separators=(",", ":")).encode("ascii"))
