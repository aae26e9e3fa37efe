"""JWT-SVIDs from the SPIFFE Workload API, with the extra `[spiffe]`."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING

from ._errors import AuthsecWorkloadTokenError
from ._redact import one_line

if TYPE_CHECKING:
    from spiffe import WorkloadApiClient

ENDPOINT = "SPIFFE_ENDPOINT_SOCKET"
"""The variable that names the Workload API's socket (SPIFFE Workload Endpoint section 4)."""


def spiffe_is_installed() -> bool:
    """Report whether the library for the Workload API is there."""
    return importlib.util.find_spec("spiffe") is not None


def jwt_svid(endpoint: str, audience: str, *, timeout: float) -> str:
    """Return a JWT-SVID for the audience, from the agent on this machine, which keeps and renews it.

    Args:
        endpoint: the socket, as `unix:///path` or `tcp://ip:port`.
        audience: the one audience of the JWT-SVID (JWT-SVID section 3.2).
        timeout: seconds.

    Raises:
        AuthsecWorkloadTokenError: there is none to be had.
    """
    # Imported late: it brings gRPC along, which starts threads.
    from spiffe.errors import PySpiffeError

    try:
        client = _client(endpoint, timeout)
        try:
            return client.fetch_jwt_svid(audience={audience}).token
        finally:
            client.close()
    except PySpiffeError as error:
        fault = one_line(f"{type(error).__name__}: {error}", limit=300)
    raise AuthsecWorkloadTokenError(f"the Workload API at {ENDPOINT} gives no JWT-SVID ({fault}).")


def _client(endpoint: str, timeout: float) -> WorkloadApiClient:
    from spiffe import WorkloadApiClient

    return WorkloadApiClient(socket_path=endpoint, default_timeout=timeout)
