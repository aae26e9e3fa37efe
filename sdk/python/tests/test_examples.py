"""examples/smoke_local.py, run as the guide says, against a server that signs with a real key."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from server import CLIENT_ID, PATH, FakeServer, Received, Reply, error_reply, token_reply

SCRIPT = Path(__file__).parents[3] / "examples" / "smoke_local.py"


class Stage:
    """AuthSec and the billing API in one."""

    def __init__(self, server: FakeServer) -> None:
        self.server = server
        self.key = rsa.generate_private_key(65537, 2048)
        self.published = self.key
        self.token = ""
        self.billing = Reply(200, {"customer_id": "cust_42", "balance": 129.5, "currency": "EUR"})
        server.answer = self._answer

    def _answer(self, request: Received) -> Reply:
        if request.path == PATH:
            now = int(time.time())
            claims = {"sub": "usr_1", "aud": ["authsec-api"], "iat": now, "exp": now + 600, "scope": "billing:read"}
            self.token = jwt.encode(claims, self.key, "RS256", headers={"kid": "k1", "typ": "at+jwt"})
            return token_reply(self.token, ttl=600)
        if request.path == "/.well-known/jwks.json":
            jwk = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self.published.public_key()))
            return Reply(body={"keys": [{**jwk, "kid": "k1", "use": "sig"}]})
        assert request.path == "/billing/customers/cust_42"
        return self.billing if request.headers["Authorization"] == f"Bearer {self.token}" else Reply(401, {})


@pytest.fixture
def stage(server: FakeServer) -> Stage:
    return Stage(server)


def smoke(stage: Stage, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AUTHSEC_", "DOWNSTREAM_"))}
    given = {"AUTHSEC_BASE_URL": stage.server.url, "AUTHSEC_AGENT_CLIENT_ID": CLIENT_ID, "NO_PROXY": "*"}
    return subprocess.run(
        [sys.executable, str(SCRIPT)],
        env={**kept, **given, "DOWNSTREAM_URL": stage.server.url, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_it_passes(stage: Stage) -> None:
    done = smoke(stage)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == "Smoke test passed."
    for part in (
        "1. Configure the client",
        "2. Fetch a delegation token",
        "from the cache",
        "at+jwt",
        "billing:read",
        f"against {stage.server.url}/.well-known/jwks.json",
        "3. Run the agent",
        "get_customer_billing(customer_id='cust_42')",
        "Customer cust_42 owes 129.50 EUR.",
    ):
        assert part in done.stdout
    assert not any(part in done.stdout for part in stage.token.split("."))
    assert "\x1b" not in done.stdout  # not a terminal
    assert [request.path for request in stage.server.received].count(PATH) == 1


def fails(stage: Stage, **environment: str) -> str:
    done = smoke(stage, **environment)
    assert done.returncode == 1
    assert "Smoke test passed" not in done.stdout
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) < 15
    return done.stderr


def test_what_is_not_set_is_to_be_exported(stage: Stage) -> None:
    said = fails(stage, AUTHSEC_BASE_URL="", AUTHSEC_AGENT_CLIENT_ID="")
    assert 'export AUTHSEC_BASE_URL="http://localhost:7468"' in said
    assert "export AUTHSEC_AGENT_CLIENT_ID=" in said


def test_a_refusal(stage: Stage) -> None:
    stage.server.answer = lambda _: error_reply(410, "delegation_ended", "It was revoked.")
    said = fails(stage)
    assert "delegation_ended (HTTP 410): It was revoked." in said
    assert "\n\nWhat to do: " in said


def test_a_signature_that_does_not_verify(stage: Stage) -> None:
    stage.published = rsa.generate_private_key(65537, 2048)
    assert "InvalidSignatureError" in fails(stage)


def test_a_billing_api_that_is_not_there(stage: Stage) -> None:
    assert "http://127.0.0.1:1 cannot be reached" in fails(stage, DOWNSTREAM_URL="http://127.0.0.1:1")


def test_a_billing_api_that_refuses(stage: Stage) -> None:
    stage.billing = Reply(403, {"error": "insufficient_scope"})
    assert "answered 403" in fails(stage)
