"""Reads a JWK Set (RFC 7517), and keeps the keys that may verify our tokens."""

from __future__ import annotations

from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey, RSAPublicNumbers

from ._json import Object, parse, text, texts
from ._jws import ALGORITHM, decode_base64url

MAX_KEYS = 100
MIN_BITS, MAX_BITS = 2048, 4096
_PRIVATE = ("d", "p", "q", "dp", "dq", "qi", "oth")

KeySet = dict[str, RSAPublicKey]


def parse_key_set(document: bytes) -> KeySet:
    """Return the usable keys of a JWK Set by their IDs.

    Others are passed over, so that an issuer can publish keys of other types and for other uses.

    Raises:
        ValueError: it is no JWK Set, it has more than 100 keys, or two usable ones share an ID.
    """
    try:
        members = parse(document)
    except ValueError:
        members = None
    listed = members.get("keys") if isinstance(members, dict) else None
    if not isinstance(listed, list):
        raise ValueError("not a JWK Set")
    if len(listed) > MAX_KEYS:
        raise ValueError(f"{len(listed)} keys in the JWK Set: want at most {MAX_KEYS}")
    keys: KeySet = {}
    for jwk in listed:
        usable = _key(jwk)
        if usable is None:
            continue
        key_id, key = usable
        if key_id in keys:
            raise ValueError("two keys in the JWK Set have one ID")
        keys[key_id] = key
    return keys


def _key(jwk: Any) -> tuple[str, RSAPublicKey] | None:
    """Return a key with its ID, or None when it may not verify RS256 signatures of the issuer."""
    if not isinstance(jwk, dict):
        return None
    key_id = text(jwk, "kid")
    if not key_id or text(jwk, "kty") != "RSA":
        return None
    # A private key does not pass: once published it proves nothing.
    if any(name in jwk for name in _PRIVATE):
        return None
    if text(jwk, "use") not in ("", "sig") or text(jwk, "alg") not in ("", ALGORITHM):
        return None
    if jwk.get("key_ops") is not None and "verify" not in (texts(jwk, "key_ops") or ()):
        return None
    modulus, exponent = _integer(jwk, "n"), _integer(jwk, "e")
    if not MIN_BITS <= modulus.bit_length() <= MAX_BITS or exponent.bit_length() > 63:
        return None
    try:
        return key_id, RSAPublicNumbers(exponent, modulus).public_key()
    except ValueError:
        return None


def _integer(jwk: Object, name: str) -> int:
    return int.from_bytes(decode_base64url(text(jwk, name) or "") or b"", "big")
