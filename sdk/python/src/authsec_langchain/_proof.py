"""The proof of the workload that goes with a request: a token from a file, a client secret, or nothing.

Nothing is a proof too, when the server knows the connection's own peer or the agent is permissive.
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

_B64TOKEN = re.compile(r"[A-Za-z0-9\-._~+/]+=*")  # RFC 6750 section 2.1


@dataclass(frozen=True)
class Proof:
    """An Authorization header's value, and the texts in it that must never be shown."""

    authorization: str = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)


def current_proof(config: AuthsecConfig) -> Proof | None:
    """Return the proof to send now.

    The file is read every time: a fetch is rare, a read is cheap, and a rotated token is never missed, which no
    comparison of times and sizes can promise. An explicit setting wins over the environment.

    Raises:
        AuthsecWorkloadTokenError: a file is configured and cannot be used.
    """
    if config.client_secret is not None:
        return _basic(config.client_id, config.client_secret.get_secret_value())
    path = config.workload_token_file or os.environ.get(ENVIRONMENT["workload_token_file"], "").strip()
    if not path:
        return None
    try:
        token = read_small_file(path)
    except UnusableFileError as error:
        raise AuthsecWorkloadTokenError(f"{error}.") from None
    if not _B64TOKEN.fullmatch(token):
        del token
        raise AuthsecWorkloadTokenError(f"{os.fspath(path)} does not hold a token: it has characters no token has.")
    return Proof(f"Bearer {token}", (token,))


def _basic(client_id: str, secret: str) -> Proof:
    # Both halves are form-encoded first (RFC 6749 section 2.3.1), so that a colon or "%" in a secret survives.
    encoded = quote_plus(secret)
    credentials = base64.b64encode(f"{quote_plus(client_id)}:{encoded}".encode("ascii")).decode("ascii")
    return Proof(f"Basic {credentials}", (secret, encoded, credentials))
