"""Reads a DPoP proof (RFC 9449): a JWT with which the sender of one request shows that they hold a key."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import Any

from jwt import PyJWTError, get_algorithm_by_name

from authsec_langchain._htu import target
from authsec_langchain._thumbprint import REQUIRED, digest, jwk_thumbprint

from ._errors import InvalidProofError, SignatureError, TokenRefusedError
from ._json import Object, text, whole
from ._jwks import MAX_BITS, MIN_BITS
from ._jws import REFUSED_PARAMETERS, Token, decode_base64url, parse_jwt

MAX_PROOF = 8 * 1024
"""The longest proof, in bytes."""
MAX_ID, MAX_NONCE = 256, 512
PROOF_LEEWAY = 30
"""How many seconds a proof's `iat` may lie from our clock, either way."""

ALGORITHMS = ("ES256", "ES384", "ES512", "EdDSA", "PS256", "PS384", "PS512", "RS256", "RS384", "RS512")
"""Asymmetric ones alone (RFC 9449 section 4.2), those to prefer first."""

_PRIVATE = ("d", "p", "q", "dp", "dq", "qi", "oth", "k")
_PUBLIC = frozenset({"kty", "crv", "x", "y", "n", "e"})
_CURVES = {"ES256": ("EC", "P-256", 32), "ES384": ("EC", "P-384", 48), "ES512": ("EC", "P-521", 66),
           "EdDSA": ("OKP", "Ed25519", 32)}  # fmt: skip


@dataclass(frozen=True)
class Request:
    """What is known of the request that carries a proof.

    Attributes:
        method: compared exactly.
        url: as its clients know it; query and fragment do not count.
        token: the access token that it carries, or "" for none; ath is then not looked at.
        now: seconds since 1970.
    """

    method: str
    url: str
    token: str
    now: float


@dataclass(frozen=True)
class Proof:
    """A proof that is right for its request, as far as can be told without memory.

    Attributes:
        thumbprint: of its key, as `cnf.jkt` holds it.
        proof_id: `jti`, at most 256 bytes.
        nonce: "" for none.
        issued_at: seconds since 1970.
    """

    thumbprint: str
    proof_id: str
    nonce: str
    issued_at: int


def parse_proof(raw: str, request: Request) -> Proof:
    """Check a proof as RFC 9449 section 4.3 says, save for its nonce and whether it was seen before, cheapest first.

    Raises:
        InvalidProofError: its `reason` is the fault's name in testdata/vectors.
    """
    try:
        token = parse_jwt(
            raw,
            ("dpop+jwt",),
            ALGORITHMS,
            longest=MAX_PROOF,
            refused=[name for name in REFUSED_PARAMETERS if name != "jwk"],
        )
        jwk = token.header.get("jwk")
        if not isinstance(jwk, dict):
            raise InvalidProofError("header", "want jwk to be an object")
        key, thumbprint = _key(jwk, token.algorithm)
        claims = _verified(token, key)
    except TokenRefusedError as error:
        if isinstance(error, InvalidProofError):
            raise
        reason, detail = error.code, error.detail
    else:
        proof = Proof(thumbprint, _id(claims), _nonce(claims), _issued_at(claims))
        _match(claims, proof, request)
        return proof
    raise InvalidProofError(reason, detail)


def _verified(token: Token, key: Any) -> Object:
    try:
        return token.verify(key)
    except (ValueError, PyJWTError):  # an RSA key whose modulus is too small for the hash of PS512
        pass
    raise SignatureError


def _key(jwk: Object, algorithm: str) -> tuple[Any, str]:
    """Return the public key that jwk describes for algorithm, and its thumbprint.

    Members that do not describe the key itself (alg, use, kid) are the sender's word about their own key, and decide
    nothing. One key has one spelling: libraries differ in what else they read, and a thumbprint is of the spelling
    (RFC 7638 section 7).
    """
    if private := [name for name in _PRIVATE if name in jwk]:
        raise InvalidProofError("key", f"jwk: want a public key, without {private[0]}")
    kty, curve, size = _CURVES.get(algorithm, ("RSA", "", 0))
    given = {name: text(jwk, name) or "" for name in _PUBLIC if name in jwk}
    decoded = {name: decode_base64url(given[name]) or b"" for name in given.keys() - {"kty", "crv"}}
    wanted = set(REQUIRED[kty])
    fits = given.keys() == wanted and given["kty"] == kty
    if fits and kty == "RSA":
        fits = MIN_BITS <= int.from_bytes(decoded["n"], "big").bit_length() <= MAX_BITS and all(
            number[:1] not in (b"", b"\0") for number in decoded.values()
        )
        fits = fits and len(decoded["e"]) <= 8
    elif fits:
        fits = given["crv"] == curve and all(len(part) == size for part in decoded.values())
    if fits:
        try:
            return get_algorithm_by_name(algorithm).from_jwk(given), jwk_thumbprint(given)
        except (ValueError, TypeError, PyJWTError):
            pass
    raise InvalidProofError("key", f"jwk: want a public key for {algorithm}, RSA of {MIN_BITS} to {MAX_BITS} bits")


def _id(claims: Object) -> str:
    proof_id = text(claims, "jti")
    if not proof_id or len(proof_id.encode("utf-8")) > MAX_ID:
        raise InvalidProofError("claims", f"jti: want a string of 1 to {MAX_ID} bytes")
    return proof_id


def _nonce(claims: Object) -> str:
    nonce = text(claims, "nonce")
    if nonce is None or len(nonce.encode("utf-8")) > MAX_NONCE or (not nonce and "nonce" in claims):
        raise InvalidProofError("claims", f"nonce: want none or a string of 1 to {MAX_NONCE} bytes")
    return nonce


def _issued_at(claims: Object) -> int:
    issued_at = whole(claims, "iat")
    if issued_at is None:
        raise InvalidProofError("claims", "iat: want a whole number of seconds")
    return issued_at


def _match(claims: Object, proof: Proof, request: Request) -> None:
    """Hold the claims to the request."""
    for name in ("htm", "htu"):
        if not text(claims, name):
            raise InvalidProofError("claims", f"{name}: want a string")
    if claims["htm"] != request.method:
        raise InvalidProofError("method", f"htm: want {request.method}")
    try:
        want = target(request.url)
        matches = target(claims["htu"]) == want
    except ValueError:
        matches = False
    if not matches:
        raise InvalidProofError("target", "htu: want the URL of the request")
    off = request.now - proof.issued_at
    if abs(off) > PROOF_LEEWAY:
        when = "ago" if off > 0 else "ahead"
        raise InvalidProofError("time", f"iat is {abs(off):.0f} s {when}: want at most {PROOF_LEEWAY} s")
    ath = text(claims, "ath") or ""
    if request.token and not hmac.compare_digest(
        ath.encode("utf-8"), digest(request.token.encode("ascii")).encode("ascii")
    ):
        raise InvalidProofError("token", "ath: want the hash of the access token")
