"""The proof of the workload that goes with a request, found where platforms leave it.

The places are looked at in this order, and the first that has a proof wins:

1. the settings `client_secret` and `workload_token_file`
2. the file that AUTHSEC_WORKLOAD_TOKEN_FILE names
3. the projected token at PROJECTED_TOKEN
4. a JWT-SVID from the SPIFFE Workload API at SPIFFE_ENDPOINT_SOCKET
5. the connection itself: the server asks the kernel who is at the other end

The last is always there, and needs nothing sent: a `unix://` base_url shows the caller to the server, and so does
loopback, and so does a client certificate. With `token_binding` no other is looked for.
"""

from __future__ import annotations

import base64
import os
import re
from dataclasses import dataclass, field
from urllib.parse import quote_plus

from ._config import ENVIRONMENT, AuthsecConfig
from ._errors import AuthsecWorkloadTokenError
from ._files import UnusableFileError, read_small_file
from ._spiffe import ENDPOINT, jwt_svid, spiffe_is_installed
from ._urls import is_socket

PROJECTED_TOKEN = "/var/run/secrets/authsec/token"  # noqa: S105  # a path
"""Where our manifests mount the projected service-account token."""

_CERTIFICATE = "the connection's client certificate (token_binding asks for it)"
_B64TOKEN = re.compile(r"[A-Za-z0-9\-._~+/]+=*")  # RFC 6750 section 2.1


@dataclass(frozen=True)
class Proof:
    """An Authorization header's value, and the texts in it that must never be shown."""

    authorization: str = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True)
class Search:
    """What was found, if anything, and what the places that had nothing lack: one phrase for each."""

    proof: Proof | None
    tried: tuple[str, ...] = ()


def find_proof(config: AuthsecConfig) -> Search:
    """Return the proof to send now.

    A file is read every time: a fetch is rare, a read is cheap, and a rotated token is never missed, which no
    comparison of times and sizes can promise.

    Raises:
        AuthsecWorkloadTokenError: a place that is set up cannot be used. No other one is tried then: a workload that
            is meant to prove itself in one way must not silently become another.
    """
    if config.token_binding is not None:
        return Search(None, (_CERTIFICATE,))  # what is bound is what the agent authenticates by, and nothing else
    if config.client_secret is not None:
        return Search(_basic(config.client_id, config.client_secret.get_secret_value()))
    if config.workload_token_file is not None:
        return Search(_from_file(config.workload_token_file))
    tried = ["client_secret and workload_token_file (not set)"]
    for place in (_named, _projected, _spiffe):
        found = place(config)
        if isinstance(found, Proof):
            return Search(found)
        tried.append(found)
    tried.append(
        "the Unix socket of base_url (it shows the server this process)"
        if is_socket(config.base_url)
        else "a unix:// base_url (not set)"
    )
    return Search(None, tuple(tried))


def _named(_: AuthsecConfig) -> Proof | str:
    variable = ENVIRONMENT["workload_token_file"]
    path = os.environ.get(variable, "").strip()
    return _from_file(path) if path else f"{variable} (not set)"


def _projected(_: AuthsecConfig) -> Proof | str:
    # lexists: a volume whose link leads nowhere is one that is set up and broken.
    if os.path.lexists(PROJECTED_TOKEN):
        return _from_file(PROJECTED_TOKEN)
    return f"{PROJECTED_TOKEN} (no such file)"


def _spiffe(config: AuthsecConfig) -> Proof | str:
    endpoint = os.environ.get(ENDPOINT, "").strip()
    if not endpoint:
        return f"{ENDPOINT} (not set)"
    audience = config.proof_audience
    if audience is None:
        return f"{ENDPOINT} (workload_audience is not set, and a unix:// base_url names none)"
    if not spiffe_is_installed():
        return f"{ENDPOINT} (needs the extra: pip install 'authsec-langchain-sdk[spiffe]')"
    return _bearer(jwt_svid(endpoint, audience, timeout=config.timeout), f"the Workload API at {ENDPOINT}")


def _from_file(path: str | os.PathLike[str]) -> Proof:
    try:
        return _bearer(read_small_file(path), os.fspath(path))
    except UnusableFileError as error:
        raise AuthsecWorkloadTokenError(f"{error}.") from None


def _bearer(token: str, source: str) -> Proof:
    if not _B64TOKEN.fullmatch(token):
        del token  # a traceback that shows local variables must not show a credential
        raise AuthsecWorkloadTokenError(f"{source} does not hold a token: it has characters no token has.")
    return Proof(f"Bearer {token}", (token,))


def _basic(client_id: str, secret: str) -> Proof:
    # Both halves are form-encoded first (RFC 6749 section 2.3.1), so that a colon or "%" in a secret survives.
    encoded = quote_plus(secret)
    credentials = base64.b64encode(f"{quote_plus(client_id)}:{encoded}".encode("ascii")).decode("ascii")
    return Proof(f"Basic {credentials}", (secret, encoded, credentials))
