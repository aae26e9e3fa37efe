"""Why a token is not accepted, one class per reason. The codes are those of the Go verifier and of testdata/vectors.

Every text is fixed or says what was expected: nothing that came with a token reaches a log or an answer through it.
"""

from __future__ import annotations

from typing import ClassVar

from authsec_langchain._errors import AuthsecError


class VerifyError(AuthsecError):
    """The token is not accepted. `code` is short and stable, which suits logs and metrics.

    Attributes:
        text: a sentence for the caller, without detail.
    """

    text: ClassVar[str] = "the token is not accepted"

    def __init__(self, detail: str = "") -> None:
        super().__init__(f"{self.text}: {detail}" if detail else self.text)
        self._detail = detail

    @property
    def detail(self) -> str:
        """What was wanted, for logs; it quotes nothing of the token."""
        return self._detail

    def __reduce__(self) -> tuple[type[VerifyError], tuple[str, ...]]:
        return type(self), (self._detail,)


class TokenRefusedError(VerifyError):
    """The token is bad, and stays so."""


class UncheckedError(VerifyError):
    """Nothing can be said about the token now. The caller may try again (503), unlike for every other error."""

    text = "the token cannot be checked at the moment"


class MalformedTokenError(TokenRefusedError):
    """Not a compact JWS of at most 16 KiB of two JSON objects without repeated names (RFC 7515 section 5.2)."""

    code = "malformed"
    text = "the token is malformed"


class AlgorithmError(TokenRefusedError):
    """`alg` is not RS256 (RFC 8725 section 3.1)."""

    code = "algorithm"
    text = "the token is signed with an algorithm that is not accepted"


class TokenTypeError(TokenRefusedError):
    """`typ` is not `at+jwt` (RFC 9068 section 4)."""

    code = "type"
    text = "the token is not an access token"


class HeaderError(TokenRefusedError):
    """The header names a key of its own, an extension or an encoding that is never accepted (RFC 8725 section 3.10)."""

    code = "header"
    text = "the token's header has a parameter that is not accepted"


class UnknownKeyError(TokenRefusedError):
    """`kid` is absent, or none of the issuer's signing keys."""

    code = "unknown_key"
    text = "the token's signing key is not one of the issuer's"


class SignatureError(TokenRefusedError):
    """The signature does not match (RFC 7515 section 5.2)."""

    code = "signature"
    text = "the token's signature is not valid"


class IssuerError(TokenRefusedError):
    """`iss` is not exactly the expected issuer (RFC 8725 section 3.8)."""

    code = "issuer"
    text = "the token was issued by another issuer"


class AudienceError(TokenRefusedError):
    """`aud` does not hold our audience (RFC 8725 section 3.9)."""

    code = "audience"
    text = "the token is for another audience"


class ExpiredError(TokenRefusedError):
    """`exp` has passed, the leeway included (RFC 7519 section 4.1.4)."""

    code = "expired"
    text = "the token has expired"


class NotYetValidError(TokenRefusedError):
    """`nbf` or `iat` lies in the future beyond the leeway."""

    code = "not_yet_valid"
    text = "the token is not valid yet"


class ClaimsError(TokenRefusedError):
    """A claim is missing, has the wrong type, or contradicts another."""

    code = "claims"
    text = "the token's claims are missing, of the wrong type or contradictory"


class ConstrainedError(TokenRefusedError):
    """The token is bound to a key (`cnf`, RFC 7800) in an unknown way, or its sender did not show that they hold it."""

    code = "constrained"
    text = "the token is bound to a key, and nothing that came with it shows that its sender holds that key"


class UnconstrainedError(TokenRefusedError):
    """The token is not bound to a key in the way that is asked for here, or that its scheme needs."""

    code = "unconstrained"
    text = "the token is not bound to a key in a way that is accepted here"


class InvalidProofError(TokenRefusedError):
    """The DPoP proof that came with the token is not good (RFC 9449 sections 4.3 and 7.1).

    Attributes:
        reason: the fault, by its name in testdata/vectors.
    """

    code = "invalid_dpop_proof"
    text = "the DPoP proof is not accepted"

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self._said = detail

    def __reduce__(self) -> tuple[type[VerifyError], tuple[str, ...]]:
        return type(self), (self.reason, self._said)


class UseNonceError(TokenRefusedError):
    """The DPoP proof lacks the nonce that this API gives out (RFC 9449 section 9)."""

    code = "use_dpop_nonce"
    text = "the DPoP proof must hold the nonce of this answer's DPoP-Nonce"


class RevokedError(TokenRefusedError):
    """The token, or the delegation it comes from, was recalled."""

    code = "revoked"
    text = "the token has been revoked"


class KeysUnavailableError(UncheckedError):
    """No usable keys of the issuer could be had."""

    code = "keys_unavailable"
    text = "the issuer's keys cannot be had at the moment"


class RevocationUnknownError(UncheckedError):
    """It cannot be told whether the token was recalled: what is known is older than `max_staleness` allows."""

    code = "revocation_unknown"
    text = "it cannot be told at the moment whether the token has been revoked"


class ProofsFullError(UncheckedError):
    """More DPoP proofs are in use than can be remembered, so that none can be told from a copy."""

    code = "proofs_full"
    text = "too many DPoP proofs are in use at the moment"


class SubjectError(VerifyError):
    """A status list is another one than was asked for. No token is refused with this."""

    code = "subject"
    text = "the status list is another one"


class TooLargeError(VerifyError):
    """A status list is longer than any should be. No token is refused with this."""

    code = "too_large"
    text = "the status list is too large"
