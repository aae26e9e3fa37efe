"""Why a request is not let through, and how it is told (RFC 6750 section 3, RFC 9449 section 7.1)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ._claims import SCOPE_TOKEN
from ._confirmation import Scheme
from ._dpop import ALGORITHMS
from ._errors import InvalidProofError, UncheckedError, UseNonceError, VerifyError
from ._keys import REFRESH_INTERVAL


@dataclass(frozen=True)
class Refusal:
    """An answer that refuses. All of its texts are ours, so none needs escaping in quoted strings."""

    status: int
    code: str
    description: str
    scope: str = ""

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


def refusal_of(error: VerifyError) -> Refusal:
    """Return the answer to a token that was not accepted: a fixed text, no detail."""
    if isinstance(error, UncheckedError):
        return UNAVAILABLE
    code = error.code if isinstance(error, (InvalidProofError, UseNonceError)) else INVALID.code
    return replace(INVALID, code=code, description=error.text)


def insufficient(actions: Sequence[str]) -> Refusal:
    """Return the answer to a token that lacks one of actions."""
    return replace(INSUFFICIENT, scope=" ".join(actions))


def checked_actions(actions: Sequence[str]) -> tuple[str, ...]:
    """Return actions, or raise ValueError when one could not stand in a scope."""
    for action in actions:
        if not SCOPE_TOKEN.fullmatch(action):
            raise ValueError(f"malformed action {action!r}")
    return tuple(actions)


@dataclass(frozen=True)
class Challenges:
    """What an API asks of those whom it refuses: one challenge for each scheme that it takes.

    Attributes:
        realm: of the challenges.
        metadata: the URL of the API's metadata (RFC 9728 section 5.1), or "".
        schemes: the first carries the error of a request in a scheme that is not among them.
    """

    realm: str
    metadata: str
    schemes: tuple[Scheme, ...]

    def headers(self, refusal: Refusal, scheme: Scheme) -> list[tuple[str, str]]:
        """Return the headers of the answer to a request whose token came, if it did, in scheme."""
        more = [("Cache-Control", "no-store"), ("Content-Type", "application/json")]
        if refusal.status < 500:
            told = scheme if scheme in self.schemes else self.schemes[0]
            more += [("WWW-Authenticate", self._challenge(refusal, one, one == told)) for one in self.schemes]
        elif refusal.status == 503:
            more.append(("Retry-After", str(int(REFRESH_INTERVAL))))
        return more

    def _challenge(self, refusal: Refusal, scheme: Scheme, told: bool) -> str:
        """Return one challenge. A request that sent no token is told no error (RFC 6750 section 3.1)."""
        parts = [("realm", self.realm)]
        if told and refusal.code != NO_TOKEN.code:
            parts += [("error", refusal.code), ("error_description", refusal.description)]
        if refusal.scope:
            parts.append(("scope", refusal.scope))
        if scheme == "DPoP":
            parts.append(("algs", " ".join(ALGORITHMS)))
        if self.metadata:
            parts.append(("resource_metadata", self.metadata))
        return f"{scheme} " + ", ".join(f'{name}="{text}"' for name, text in parts)
