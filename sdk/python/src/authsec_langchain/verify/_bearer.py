"""Takes the token from a request, and says why it is not accepted (RFC 6750)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from urllib.parse import parse_qsl

from ._claims import SCOPE_TOKEN
from ._errors import UncheckedError, VerifyError
from ._keys import REFRESH_INTERVAL

_B64TOKEN = re.compile(r"[A-Za-z0-9\-._~+/]+=*")


@dataclass(frozen=True)
class Refusal:
    """An answer of RFC 6750 section 3. All of its texts are ours, so none needs escaping in quoted strings."""

    status: int
    code: str
    description: str
    scope: str = ""

    def challenge(self, realm: str, metadata: str = "") -> str:
        """Return the WWW-Authenticate value. A request that sent no token is told no error (section 3.1)."""
        parts = [("realm", realm)]
        if self.code != NO_TOKEN.code:
            parts += [("error", self.code), ("error_description", self.description)]
        if self.scope:
            parts.append(("scope", self.scope))
        if metadata:
            parts.append(("resource_metadata", metadata))
        return "Bearer " + ", ".join(f'{name}="{text}"' for name, text in parts)

    def headers(self, realm: str, metadata: str = "") -> dict[str, str]:
        """Return the answer's headers."""
        more = {"Cache-Control": "no-store", "Content-Type": "application/json"}
        if self.status < 500:
            more["WWW-Authenticate"] = self.challenge(realm, metadata)
        elif self.status == 503:
            more["Retry-After"] = str(int(REFRESH_INTERVAL))
        return more

    def body(self) -> bytes:
        """Return the answer's body."""
        return json.dumps({"error": self.code, "error_description": self.description}).encode("utf-8")


NO_TOKEN = Refusal(
    401, "token_required", "send an access token in the Authorization header: Bearer, a space, the token"
)
MALFORMED = Refusal(400, "invalid_request", "the Authorization header is malformed: send Bearer, a space, the token")
TWICE = Refusal(400, "invalid_request", "send the token once, in one Authorization header")
INVALID = Refusal(401, "invalid_token", "the token is not accepted")
INSUFFICIENT = Refusal(
    403, "insufficient_scope", "the token does not allow this: ask for one that holds the actions named in scope"
)
UNAVAILABLE = Refusal(503, "temporarily_unavailable", "the token cannot be checked at the moment: try again")
MISPLACED = Refusal(500, "server_error", "this route demands actions but checks no token")


def bearer_token(headers: Iterable[tuple[bytes, bytes]], query: bytes) -> str | Refusal:
    """Return the request's token, or why there is none.

    A token in the query is never used (RFC 9700 section 4.3.2), and the body is never read.

    Args:
        headers: of an ASGI scope, with names in lower case.
        query: of an ASGI scope.
    """
    values = [value for name, value in headers if name == b"authorization"]
    if not values:
        return NO_TOKEN
    if len(values) > 1:
        return TWICE
    token = _parse_authorization(values[0].decode("latin-1"))
    if isinstance(token, str) and any(name == "access_token" for name, _ in _pairs(query)):
        return TWICE
    return token


def _pairs(query: bytes) -> list[tuple[str, str]]:
    return parse_qsl(query.decode("latin-1"), keep_blank_values=True)


def _parse_authorization(value: str) -> str | Refusal:
    """Read `Bearer` 1*SP b64token. Credentials of another scheme are not ours to judge: they are no token."""
    scheme, _, rest = value.partition(" ")
    if scheme.lower() != "bearer":
        return NO_TOKEN
    token = rest.lstrip(" ")
    return token if _B64TOKEN.fullmatch(token) else MALFORMED


def refusal_of(error: VerifyError) -> Refusal:
    """Return the answer to a token that was not accepted: a fixed text, no detail."""
    return UNAVAILABLE if isinstance(error, UncheckedError) else replace(INVALID, description=error.text)


def insufficient(actions: Sequence[str]) -> Refusal:
    """Return the answer to a token that lacks one of actions."""
    return replace(INSUFFICIENT, scope=" ".join(actions))


def checked_actions(actions: Sequence[str]) -> tuple[str, ...]:
    """Return actions, or raise ValueError when one could not stand in a scope."""
    for action in actions:
        if not SCOPE_TOKEN.fullmatch(action):
            raise ValueError(f"malformed action {action!r}")
    return tuple(actions)
