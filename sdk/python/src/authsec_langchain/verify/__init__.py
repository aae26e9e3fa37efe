"""For APIs: checks the tokens that AuthSec gives to AI agents.

    from authsec_langchain.verify import Verifier

    verifier = Verifier("https://authsec.example.com", "https://billing.example.com")
    claims = verifier.verify(token)
    claims.subject, claims.actor.subject, claims.has_action("billing:read")

ASGI applications use authsec_langchain.verify.asgi, FastAPI ones authsec_langchain.verify.fastapi besides.

It needs PyJWT with cryptography: install this package with `[verify]`.
"""

from __future__ import annotations

try:
    import cryptography as _cryptography
    import jwt as _jwt
except ModuleNotFoundError as error:
    raise ImportError(
        f'authsec_langchain.verify needs {error.name}: pip install "PyJWT[crypto]>=2.8,<3"', name=error.name
    ) from error

from ._claims import Actor, Claims, StatusRef
from ._confirmation import Confirmation, Presented
from ._errors import (
    AlgorithmError,
    AudienceError,
    ClaimsError,
    ConstrainedError,
    ExpiredError,
    HeaderError,
    InvalidProofError,
    IssuerError,
    KeysUnavailableError,
    MalformedTokenError,
    NotYetValidError,
    ProofsFullError,
    RevocationUnknownError,
    RevokedError,
    SignatureError,
    TokenRefusedError,
    TokenTypeError,
    UncheckedError,
    UnconstrainedError,
    UnknownKeyError,
    UseNonceError,
    VerifyError,
)
from ._resource import ProtectedResource
from ._verifier import Verifier

__all__ = [
    "Actor",
    "AlgorithmError",
    "AudienceError",
    "Claims",
    "ClaimsError",
    "Confirmation",
    "ConstrainedError",
    "ExpiredError",
    "HeaderError",
    "InvalidProofError",
    "IssuerError",
    "KeysUnavailableError",
    "MalformedTokenError",
    "NotYetValidError",
    "Presented",
    "ProofsFullError",
    "ProtectedResource",
    "RevocationUnknownError",
    "RevokedError",
    "SignatureError",
    "StatusRef",
    "TokenRefusedError",
    "TokenTypeError",
    "UncheckedError",
    "UnconstrainedError",
    "UnknownKeyError",
    "UseNonceError",
    "Verifier",
    "VerifyError",
]

del _cryptography, _jwt
