"""What a verifier is told, and what it tells about itself."""

from __future__ import annotations

import pickle
import subprocess
import sys
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

import vectors
from authsec_langchain import AuthsecConfigError, AuthsecError
from authsec_langchain.verify import Actor, Claims, ExpiredError, RevokedError, TokenRefusedError, Verifier
from vectors import AUDIENCE, ISSUER, JWKS

RESOURCE: dict[str, Any] = {"resource_id": "r-1", "resource_secret": "a secret that nobody sees"}


@pytest.mark.parametrize(
    ("issuer", "settings", "good"),
    [
        ("https://authsec.example.com", {}, True),
        ("https://authsec.example.com/tenant", {}, True),
        ("http://localhost:7468", {}, True),
        ("http://127.0.0.1:7468", {}, True),
        ("http://[::1]:7468", {}, True),
        ("http://authsec:7468", {}, False),
        ("http://10.0.0.1:7468", {}, False),
        ("http://authsec:7468", {"allow_insecure_http": True}, True),
        ("http://localhost.evil.example", {}, False),
        ("http://evil.localhost", {}, False),
        ("ftp://authsec.example.com", {}, False),
        ("https://", {}, False),
        ("", {}, False),
        ("authsec", {}, False),
        ("https://user:password@authsec.example.com", {}, False),
        ("https://authsec.example.com?x=1", {}, False),
        ("https://authsec.example.com#x", {}, False),
        ("any name", {"jwks": JWKS}, True),
        ("any name", {"jwks": JWKS.decode()}, True),
        ("any name", {"jwks": JWKS, "revocation": "poll"}, False),
        ("any name", {"jwks_url": "https://authsec.example.com/keys"}, True),
        ("any name", {"jwks_url": "http://authsec.example.com/keys"}, False),
        ("any name", {"jwks": JWKS, "jwks_url": "https://authsec.example.com/keys"}, False),
        (ISSUER, {"jwks": b""}, False),
        (ISSUER, {"jwks": b'{"keys":[]}'}, False),
        (ISSUER, {"leeway": -1}, False),
        (ISSUER, {"leeway": 301}, False),
        (ISSUER, {"timeout": 0}, False),
        (ISSUER, {"ca_bundle": Path(__file__)}, False),
        (ISSUER, {"on_unknown": "shrug"}, False),
        (ISSUER, {"revocation": "sometimes"}, False),
        (ISSUER, {"revocation": "push"}, False),
        (ISSUER, {"revocation": "introspect"}, False),
        (ISSUER, {"revocation": "push", "resource_id": "r-1"}, False),
        (ISSUER, {"revocation": "push", **RESOURCE, "resource_secret": ""}, False),
        (ISSUER, {"revocation": "push", **RESOURCE}, True),
        (ISSUER, {"revocation": "push", **RESOURCE, "resource_secret": SecretStr("s")}, True),
        (ISSUER, {"revocation": "push", **RESOURCE, "max_staleness": 6}, False),
        (ISSUER, {"revocation": "poll", "max_staleness": 2}, True),
        (ISSUER, {"revocation": "poll", "max_staleness": 1}, False),
        (ISSUER, {"revocation": "poll", "max_staleness": 86401}, False),
        (ISSUER, {"revocation": "poll", "resource_secret": "s"}, False),
    ],
)
def test_settings(issuer: str, settings: dict[str, Any], good: bool) -> None:
    if good:
        Verifier(issuer, AUDIENCE, **settings).close()
        return
    with pytest.raises(AuthsecConfigError) as caught:
        Verifier(issuer, AUDIENCE, **settings)
    assert "password" not in str(caught.value)


def test_all_faults_are_named_at_once() -> None:
    with pytest.raises(AuthsecConfigError) as caught:
        Verifier("http://authsec.example.com", 'bad "audience"', leeway=3600, revocation="push", max_staleness=1)
    for want in ("issuer must be https", "audience", "leeway", "resource_id", "max_staleness"):
        assert want in str(caught.value)


def test_revocation_is_checked_by_whoever_has_a_credential() -> None:
    with Verifier(ISSUER, AUDIENCE) as without, Verifier(ISSUER, AUDIENCE, **RESOURCE) as having:
        assert (without.revocation, having.revocation) == ("none", "push")
        assert (without.revocation_age, having.revocation_age) == (None, None)


def test_nothing_shows_the_secret() -> None:
    with Verifier(ISSUER, AUDIENCE, **RESOURCE) as verifier:
        assert repr(verifier) == f"Verifier({ISSUER!r}, {AUDIENCE!r}, revocation='push')"
        with pytest.raises(TypeError, match="cannot be pickled"):
            pickle.dumps(verifier)


def test_the_leeway_is_what_was_set() -> None:
    token = vectors.token("valid_exp_now")
    with vectors.verifier_at_now(leeway=0) as verifier, pytest.raises(ExpiredError):
        verifier.verify(token)
    with vectors.verifier_at_now(leeway=1) as verifier:
        assert verifier.verify(token).token_id


def test_bytes_are_no_token() -> None:
    with vectors.verifier_at_now() as verifier, pytest.raises(TokenRefusedError):
        verifier.verify(b"e30.e30.e30")  # type: ignore[arg-type]


def test_errors_are_of_the_package_and_survive_a_pickle() -> None:
    error = ExpiredError("3600 s ago")
    assert isinstance(error, AuthsecError)
    assert str(error) == "expired: the token has expired: 3600 s ago"
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), again.code) == (ExpiredError, str(error), "expired")
    assert str(RevokedError()) == "revoked: the token has been revoked"


def test_claims() -> None:
    now = datetime.now(timezone.utc)
    chain = Actor("spiffe://a/agent/2", "2", Actor("spiffe://a/agent/1", "1"))
    claims = Claims(ISSUER, "user-7", chain, "2", (AUDIENCE,), "t-1", now, now, now, ("billing:read",))
    assert claims.has_action("billing:read")
    assert not claims.has_action("billing")
    assert not claims.has_action("billing:refund")
    assert [actor.client_id for actor in chain.chain] == ["2", "1"]


def python(code: str) -> str:
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    return run.stdout.strip()


def test_the_client_needs_no_pyjwt() -> None:
    assert (
        python("import sys, authsec_langchain; print('jwt' in sys.modules, 'starlette' in sys.modules)")
        == "False False"
    )


@pytest.mark.parametrize("missing", ["jwt", "cryptography"])
def test_what_is_missing_is_named(missing: str) -> None:
    code = f"""
import sys
sys.modules[{missing!r}] = None
try:
    import authsec_langchain.verify
except ImportError as error:
    print(error)
"""
    assert python(code) == f'authsec_langchain.verify needs {missing}: pip install "PyJWT[crypto]>=2.8,<3"'


def test_asgi_needs_no_framework() -> None:
    assert python("import sys, authsec_langchain.verify.asgi; print('starlette' in sys.modules)") == "False"
