"""Tokens that are bound to a key, at the vectors' time, and requests that carry them."""

from __future__ import annotations

from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

import vectors
from authsec_langchain import DPoPKey
from authsec_langchain.verify import Presented
from vectors import AUDIENCE, ISSUER, NOW

URL = f"{AUDIENCE}/bills/7"


def mint(cnf: Any = None, *, now: float = NOW, **claims: Any) -> str:
    """Return a token that the vectors' issuer signed, bound as cnf says."""
    key = jwt.PyJWK(vectors.PRIVATE["vector-a"], "RS256").key
    assert isinstance(key, RSAPrivateKey)
    said = {
        "iss": ISSUER, "sub": "user-7", "act": {"sub": "spiffe://authsec.local/agent/a-1"}, "client_id": "a-1",
        "aud": [AUDIENCE], "jti": "token-1", "iat": int(now), "nbf": int(now), "exp": int(now) + 300,
        "scope": "billing:read",
    }  # fmt: skip
    bound = {} if cnf is None else {"cnf": cnf}
    return jwt.encode(said | bound | claims, key, "RS256", headers={"typ": "at+jwt", "kid": "vector-a"})


def bound_to(key: DPoPKey, **more: Any) -> str:
    return mint({"jkt": key.thumbprint}, **more)


def presented(
    key: DPoPKey, token: str, *, now: float = NOW, nonce: str = "", url: str = URL, method: str = "GET"
) -> Presented:
    """Return what comes beside a token whose sender has the key."""
    return Presented("DPoP", method, url, (key.proof(method, url, now=now, token=token, nonce=nonce),))
