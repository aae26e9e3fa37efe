"""Reads a signed JWT strictly (RFC 7515, RFC 8725), and hands its signature to PyJWT."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from jwt import get_algorithm_by_name

from ._errors import AlgorithmError, HeaderError, MalformedTokenError, SignatureError, TokenTypeError, UnknownKeyError
from ._json import Object, parse_object, text

MAX_TOKEN = 16 * 1024
"""The longest access token, in bytes."""

ALGORITHM = "RS256"
"""The whole allow-list. It never depends on a token or a key."""

REFUSED_PARAMETERS = ("crit", "b64", "jwk", "jku", "x5c", "x5u", "cty")


@dataclass(frozen=True, slots=True)
class Token:
    """A JWT whose header was read, and whose signature was not."""

    typ: str
    algorithm: str
    header: Object
    _signed: bytes
    _payload: bytes
    _signature: bytes

    @property
    def key_id(self) -> str:
        """The ID of the key that it claims to be signed with, or "" for none."""
        return text(self.header, "kid") or ""

    def verify(self, key: Any) -> Object:
        """Return the payload when the signature of key, a public key of the algorithm's type, is on the token.

        Raises:
            SignatureError: it is not.
            MalformedTokenError: the payload is not one JSON object.
        """
        if not get_algorithm_by_name(self.algorithm).verify(self._signed, key, self._signature):
            raise SignatureError
        try:
            return parse_object(self._payload)
        except ValueError as error:
            fault = f"payload: {error}"
        raise MalformedTokenError(fault)


def parse_token(raw: str, *types: str, longest: int = MAX_TOKEN) -> Token:
    """Check all that can be known of one of the issuer's tokens without a key, cheapest first.

    Args:
        raw: the token in compact form, and nothing around it.
        types: those to accept, such as `at+jwt`.
        longest: the most bytes to look at.

    Raises:
        TokenRefusedError: the subclass that names the fault.
    """
    token = parse_jwt(raw, types, (ALGORITHM,), longest=longest)
    if not token.key_id:
        raise UnknownKeyError("want a kid")
    return token


def parse_jwt(
    raw: str,
    types: Collection[str],
    algorithms: Collection[str],
    *,
    longest: int,
    refused: Collection[str] = REFUSED_PARAMETERS,
) -> Token:
    """Check all that can be known of raw without a key, cheapest first.

    Args:
        raw: the JWT in compact form, and nothing around it.
        types: those to accept.
        algorithms: those to accept.
        longest: the most bytes to look at.
        refused: parameters that the header must not have.

    Raises:
        TokenRefusedError: the subclass that names the fault.
    """
    if len(raw) > longest:
        raise MalformedTokenError(f"longer than {longest} bytes")
    parts = raw.split(".") if raw.isascii() else []
    if len(parts) != 3:
        raise MalformedTokenError("want three parts")
    decoded = [decode_base64url(part) for part in parts]
    if None in decoded:
        raise MalformedTokenError("want base64url without padding")
    header_bytes, payload, signature = (part or b"" for part in decoded)
    header = _header(header_bytes)
    for name in refused:
        if name in header:
            raise HeaderError(name)
    algorithm = text(header, "alg") or ""
    if algorithm not in algorithms:
        raise AlgorithmError(f"want {' or '.join(algorithms)}")
    typ = (text(header, "typ") or "").lower().removeprefix("application/")
    if typ not in types:
        raise TokenTypeError(f"want typ {' or '.join(types)}")
    return Token(typ, algorithm, header, raw[: raw.rindex(".")].encode("ascii"), payload, signature)


def _header(data: bytes) -> Object:
    try:
        return parse_object(data)
    except ValueError as error:
        fault = f"header: {error}"
    raise MalformedTokenError(fault)


def decode_base64url(part: str) -> bytes | None:
    """Return what part holds, or None unless it is base64url in its only spelling (RFC 7515 section 2)."""
    try:
        encoded = part.encode("ascii")
        decoded = base64.urlsafe_b64decode(encoded + b"=" * (-len(encoded) % 4))
    except (UnicodeEncodeError, binascii.Error):
        return None
    # The decoder passes over foreign characters and loose bits; what it would write itself has neither.
    return decoded if base64.urlsafe_b64encode(decoded).rstrip(b"=") == encoded else None
