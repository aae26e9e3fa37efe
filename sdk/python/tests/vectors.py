"""The repository's test vectors, which the server and the other SDK read too."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from authsec_langchain.verify import Verifier
from authsec_langchain.verify._around import Around
from authsec_langchain.verify._keys import GivenKeys

FOLDER = Path(__file__).parents[3] / "testdata" / "vectors"
JWKS = (FOLDER / "jwks.json").read_bytes()
PRIVATE: dict[str, dict[str, Any]] = {
    jwk["kid"]: jwk for jwk in json.loads((FOLDER / "private.jwk.json").read_bytes())["keys"]
}
NOW = 1780000000
ISSUER, AUDIENCE = "https://authsec.example.com", "https://billing.example.com"
KEYS = GivenKeys(JWKS)


def read(name: str) -> Any:
    return json.loads((FOLDER / name).read_bytes())


def cases(name: str) -> list[dict[str, Any]]:
    """Return a file's cases, when its terms are those that the tests stand on."""
    content = read(name)
    for term, value in (("now", NOW), ("issuer", ISSUER), ("leeway_seconds", 30)):
        assert content.get(term, value) == value
    found: list[dict[str, Any]] = content["cases"]
    assert found
    return found


def token(name: str) -> str:
    """Return the token of a case of tokens.json."""
    return str(next(case["token"] for case in cases("tokens.json") if case["name"] == name))


def verifier_at_now(**settings: Any) -> Verifier:
    """Return a verifier that stands at the vectors' time and knows their keys."""
    return Verifier(ISSUER, AUDIENCE, **{"jwks": JWKS, "_around": Around(now=lambda: NOW), **settings})
