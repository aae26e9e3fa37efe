"""Whether a token's sender holds the key that the token is bound to."""

from __future__ import annotations

import hmac
from typing import Literal

from authsec_langchain._thumbprint import digest

from ._confirmation import Confirmation, Presented
from ._dpop import PROOF_LEEWAY, Request, parse_proof
from ._errors import ConstrainedError, InvalidProofError, UnconstrainedError, UseNonceError
from ._nonces import Nonces
from ._replay import ReplayCache

Constraint = Literal["none", "any", "dpop", "mtls"]


class Possession:
    """Asks for the proof that a token needs (RFC 9449 section 7, RFC 8705 section 3).

    Args:
        dpop: whether tokens bound by DPoP are taken.
        required: which bindings a token must have one of.
        nonces: those that a proof must hold, or None.
        replays: the proofs that were used.
    """

    def __init__(self, *, dpop: bool, required: Constraint, nonces: Nonces | None, replays: ReplayCache) -> None:
        self.dpop = dpop
        self.required = required
        self._nonces = nonces
        self._replays = replays

    def nonce(self, now: float) -> str:
        """Return the nonce for the next proof, or "" where none is asked for."""
        return self._nonces.current(now) if self._nonces else ""

    def check(self, bound_to: Confirmation | None, raw: str, presented: Presented, now: float) -> None:
        """Return when the token's sender has shown that they may use it. A proof is then used up.

        Raises:
            TokenRefusedError: they have not.
            ProofsFullError: too many proofs are in use to tell.
        """
        if bound_to is None:
            self._check_unbound(presented)
        elif bound_to.certificate_thumbprint:
            self._match_certificate(bound_to, presented)
        else:
            self._use_proof(bound_to, raw, presented, now)

    def after_fork(self) -> None:
        """Make it usable in a forked child."""
        self._replays.after_fork()

    def _use_proof(self, bound_to: Confirmation, raw: str, presented: Presented, now: float) -> None:
        if self.required == "mtls":
            raise UnconstrainedError("want a token bound to a client certificate")
        if not self.dpop or presented.scheme != "DPoP":
            raise ConstrainedError("want it in the DPoP scheme, with a proof")
        if len(presented.proofs) != 1:
            raise InvalidProofError("malformed", "want one DPoP header")
        proof = parse_proof(presented.proofs[0], Request(presented.method, presented.url, raw, now))
        if not _same(proof.thumbprint, bound_to.key_thumbprint):
            raise ConstrainedError("want a proof of the key that it is bound to")
        if self._nonces and not self._nonces.accepts(proof.nonce, now):
            raise UseNonceError
        self._replays.use(proof.thumbprint, proof.proof_id, proof.issued_at + PROOF_LEEWAY, now)

    def _check_unbound(self, presented: Presented) -> None:
        if presented.scheme == "DPoP":
            raise UnconstrainedError("want a token bound to the proof's key in the DPoP scheme")
        if self.required != "none":
            raise UnconstrainedError("want a token bound to a key")

    def _match_certificate(self, bound_to: Confirmation, presented: Presented) -> None:
        if self.required == "dpop":
            raise UnconstrainedError("want a token bound by DPoP")
        if presented.scheme != "Bearer":
            raise ConstrainedError("want it in the Bearer scheme")
        if presented.certificate is None:
            raise ConstrainedError("want the client certificate that it is bound to on the connection")
        if not _same(digest(presented.certificate), bound_to.certificate_thumbprint):
            raise ConstrainedError("want the connection to have the client certificate that it is bound to")


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode("ascii"), other.encode("ascii"))
