"""The client's certificate on the connection of an ASGI request."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

MAX_PEM = 64 * 1024


def der(certificate: bytes | str) -> bytes:
    """Return a certificate in DER, given in DER or as PEM text.

    Raises:
        ValueError: it is none.
    """
    if len(certificate) > MAX_PEM:
        raise ValueError("not a certificate")
    if isinstance(certificate, bytes) and not certificate.lstrip().startswith(b"-----"):
        return certificate  # who hashes it finds out
    pem = certificate.encode("ascii") if isinstance(certificate, str) else certificate
    return x509.load_pem_x509_certificate(pem).public_bytes(Encoding.DER)


def connection_certificate(scope: Mapping[str, Any]) -> bytes | None:
    """Return the client's certificate by the ASGI TLS extension, in DER, or None when there is none to rely on.

    Raises:
        ValueError: what the server gives is no certificate.
    """
    tls = (scope.get("extensions") or {}).get("tls")
    if not isinstance(tls, Mapping) or tls.get("client_cert_error"):
        return None
    chain = tls.get("client_cert_chain")
    first = next(iter(chain), None) if isinstance(chain, Iterable) else None
    return None if first is None else der(first)
