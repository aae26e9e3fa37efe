"""The key that a token is bound to (RFC 7800), and how a token's sender shows that they hold it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

from ._errors import ConstrainedError
from ._json import Object, text

Scheme = Literal["Bearer", "DPoP"]

JKT, X5T = "jkt", "x5t#S256"
_THUMBPRINT = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class Confirmation:
    """The key that a token is bound to: one of the two is set.

    Attributes:
        key_thumbprint: `jkt`, of the key that signs DPoP proofs (RFC 9449 section 6.1).
        certificate_thumbprint: `x5t#S256`, of the client's certificate (RFC 8705 section 3.1).
    """

    key_thumbprint: str = ""
    certificate_thumbprint: str = ""


@dataclass(frozen=True)
class Presented:
    """How a token came: all that its sender showed beside it.

    Attributes:
        scheme: of the Authorization header.
        method: of the request.
        url: of the request, as its sender knows it: scheme, host and path.
        proofs: the values of the request's DPoP headers.
        certificate: the client certificate of the connection, in DER; the connection's other end held its key.
    """

    scheme: Scheme = "Bearer"
    method: str = ""
    url: str = ""
    proofs: tuple[str, ...] = field(default=(), repr=False)
    certificate: bytes | None = field(default=None, repr=False)


def parse_confirmation(payload: Object) -> Confirmation | None:
    """Return the key that a token is bound to, or None when it is bound to none.

    Raises:
        ConstrainedError: it is bound in a way that is not known here, to nothing, or to several keys.
    """
    if "cnf" not in payload:
        return None
    cnf = payload["cnf"]
    if not isinstance(cnf, dict) or len(cnf) != 1:
        raise ConstrainedError("want one member in cnf")
    for name in (JKT, X5T):
        if _THUMBPRINT.fullmatch(text(cnf, name) or ""):
            return Confirmation(key_thumbprint=cnf[name]) if name == JKT else Confirmation("", cnf[name])
    raise ConstrainedError(f"want {JKT} or {X5T} in cnf")
