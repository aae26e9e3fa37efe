"""The key of a client, and the proofs that show that it holds it (RFC 9449). Needs PyJWT with cryptography."""

from __future__ import annotations

import os
import re
import secrets
from typing import TYPE_CHECKING, NoReturn

from ._errors import AuthsecConfigError
from ._files import UnusableFileError, read_text_file
from ._htu import escaped, target
from ._thumbprint import base64url, digest, jwk_thumbprint

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

_COORDINATE = 32  # bytes
_NONCE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]{1,512}")


class DPoPKey:
    """A key on the curve P-256, whose proofs bind tokens to it. It is used in place and never shown.

        AuthsecConfig(..., dpop=True)                                 # a new key for each client, in memory only
        AuthsecConfig(..., dpop=DPoPKey.from_file("dpop-key.pem"))    # one that outlives the process

    Args:
        key: of `cryptography`.

    Raises:
        AuthsecConfigError: it is on another curve, or PyJWT with cryptography is not installed.
    """

    def __init__(self, key: EllipticCurvePrivateKey) -> None:
        numbers = key.public_key().public_numbers()
        if numbers.curve.name != "secp256r1":
            raise AuthsecConfigError("dpop wants a key on the curve P-256.")
        self._key = key
        x, y = (base64url(number.to_bytes(_COORDINATE, "big")) for number in (numbers.x, numbers.y))
        self._jwk = {"kty": "EC", "crv": "P-256", "x": x, "y": y}
        self._thumbprint = jwk_thumbprint(self._jwk)

    @classmethod
    def generate(cls) -> DPoPKey:
        """Return a new key, which lives in memory only."""
        _check_installed()
        from cryptography.hazmat.primitives.asymmetric import ec

        return cls(ec.generate_private_key(ec.SECP256R1()))

    @classmethod
    def from_file(cls, path: str | os.PathLike[str]) -> DPoPKey:
        """Return the key in a PEM file without a password, as `openssl ecparam -name prime256v1 -genkey` writes it.

        Raises:
            AuthsecConfigError: there is none.
        """
        _check_installed()
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        try:
            key = load_pem_private_key(read_text_file(path).encode("ascii"), password=None)
        except UnusableFileError as error:
            fault = str(error)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            fault = f"{os.fspath(path)} holds no private key in PEM without a password"
        else:
            if isinstance(key, EllipticCurvePrivateKey):
                return cls(key)
            fault = f"{os.fspath(path)} holds a key of another kind"
        raise AuthsecConfigError(f"dpop: {fault}.")

    @property
    def thumbprint(self) -> str:
        """The key's thumbprint (RFC 7638), which a token that is bound to it holds as `cnf.jkt`."""
        return self._thumbprint

    def proof(self, method: str, url: str, *, now: float, token: str = "", nonce: str = "") -> str:
        """Return the DPoP header of one request: another one each time.

        Args:
            method: of the request.
            url: of the request; query and fragment are left out of the proof.
            now: seconds since 1970. Receivers take a proof for half a minute.
            token: the access token that the request carries.
            nonce: the one that the receiver gave last.

        Raises:
            ValueError: url is no absolute http or https URL.
        """
        claims: dict[str, str | int] = {
            "jti": secrets.token_urlsafe(16),
            "htm": method,
            "htu": target(escaped(url)),
            "iat": int(now),
        }
        if token:
            claims["ath"] = digest(token.encode("ascii"))
        if nonce:
            claims["nonce"] = nonce
        import jwt

        return jwt.encode(claims, self._key, "ES256", headers={"typ": "dpop+jwt", "jwk": self._jwk})

    def __repr__(self) -> str:
        return f"DPoPKey({self._thumbprint!r})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a DPoPKey holds a private key and cannot be pickled; load it in the other process")


def usable_nonce(value: str) -> str:
    """Return the nonce of a DPoP-Nonce header (RFC 9449 section 8.1), or "" when it is none, or too long to keep."""
    return value if _NONCE.fullmatch(value) else ""


def _check_installed() -> None:
    try:
        import cryptography  # noqa: F401
        import jwt  # noqa: F401
    except ModuleNotFoundError as error:
        fault = f'dpop needs {error.name}: pip install "PyJWT[crypto]>=2.8,<3".'
    else:
        return
    raise AuthsecConfigError(fault)
