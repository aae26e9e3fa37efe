"""Certificates of a client's connections: whom it trusts, and which one it shows."""

from __future__ import annotations

import ssl
from dataclasses import dataclass

from ._config import AuthsecConfig
from ._errors import AuthsecConfigError


@dataclass(frozen=True)
class Certificate:
    """Tells a client certificate's files from what stands there after they are replaced."""

    marks: tuple[tuple[int, int, int], ...]

    @classmethod
    def of(cls, config: AuthsecConfig) -> Certificate:
        """Return the marks of the files that are there now."""
        marks: list[tuple[int, int, int]] = []
        for path in (config.client_cert_file, config.client_key_file):
            try:
                found = path.stat() if path is not None else None
            except OSError:  # it is being replaced; loading it tells
                found = None
            marks.append((found.st_ino, found.st_mtime_ns, found.st_size) if found else (0, 0, 0))
        return cls(tuple(marks))


def tls_context(config: AuthsecConfig) -> ssl.SSLContext:
    """Return a context that trusts the configuration's authorities and shows its client certificate.

    Raises:
        AuthsecConfigError: one of the files cannot be used.
    """
    try:
        context = ssl.create_default_context(cafile=str(config.ca_bundle) if config.ca_bundle else None)
    except (ssl.SSLError, OSError) as error:
        fault = f"ca_bundle {config.ca_bundle} is not a PEM file of certificates ({type(error).__name__})."
        raise AuthsecConfigError(fault) from None
    if config.client_cert_file is None:
        return context
    try:
        # A password would be asked for on the terminal; nobody may be there.
        context.load_cert_chain(config.client_cert_file, config.client_key_file, password="")
    except (ssl.SSLError, OSError) as error:
        fault = type(error).__name__
    else:
        return context
    key = f" and {config.client_key_file}" if config.client_key_file else ""
    raise AuthsecConfigError(
        f"client_cert_file {config.client_cert_file}{key} hold no certificate in PEM with its key, without a password "
        f"({fault})."
    )
