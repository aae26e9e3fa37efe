"""Takes the token from a request, and what came beside it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from ._confirmation import Scheme
from ._refusal import MALFORMED, NO_TOKEN, TWICE, Refusal

_B64TOKEN = re.compile(r"[A-Za-z0-9\-._~+/]+=*")
_SCHEMES: dict[str, Scheme] = {"bearer": "Bearer", "dpop": "DPoP"}


@dataclass(frozen=True)
class Carried:
    """A token that a request carries, and the scheme in which it does."""

    token: str = field(repr=False)
    scheme: Scheme


def carried_token(
    headers: Iterable[tuple[bytes, bytes]], query: bytes, schemes: Collection[Scheme]
) -> Carried | Refusal:
    """Return the request's token, or why there is none.

    A token in the query is never used (RFC 9700 section 4.3.2), and the body is never read.

    Args:
        headers: of an ASGI scope, with names in lower case.
        query: of an ASGI scope.
        schemes: those that count.
    """
    values = [value for name, value in headers if name == b"authorization"]
    if not values:
        return NO_TOKEN
    if len(values) > 1:
        return TWICE
    carried = _parse_authorization(values[0].decode("latin-1"), schemes)
    if isinstance(carried, Carried) and any(name == "access_token" for name, _ in _pairs(query)):
        return TWICE
    return carried


def scheme_of(headers: Iterable[tuple[bytes, bytes]]) -> Scheme:
    """Return the scheme of a request's first Authorization header, to be told of what is wrong; Bearer by default."""
    first = next((value for name, value in headers if name == b"authorization"), b"")
    return _SCHEMES.get(first.partition(b" ")[0].decode("latin-1").lower(), "Bearer")


def dpop_headers(headers: Iterable[tuple[bytes, bytes]]) -> tuple[str, ...]:
    """Return the values of the DPoP headers of an ASGI scope."""
    return tuple(value.decode("latin-1") for name, value in headers if name == b"dpop")


def _pairs(query: bytes) -> list[tuple[str, str]]:
    return parse_qsl(query.decode("latin-1"), keep_blank_values=True)


def _parse_authorization(value: str, schemes: Collection[Scheme]) -> Carried | Refusal:
    """Read scheme 1*SP b64token. Credentials of another scheme are not ours to judge: they are no token."""
    name, _, rest = value.partition(" ")
    scheme = _SCHEMES.get(name.lower())
    if scheme is None or scheme not in schemes:
        return NO_TOKEN
    token = rest.lstrip(" ")
    return Carried(token, scheme) if _B64TOKEN.fullmatch(token) else MALFORMED
