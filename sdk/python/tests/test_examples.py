"""examples/smoke_local.py, run as the guide says, against a server that signs with a real key."""

from __future__ import annotations

import json
import os
import runpy
import subprocess
import sys
import time
from collections.abc import Callable
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


@pytest.fixture(autouse=True)
def _environment(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(("AUTHSEC_", "DOWNSTREAM_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AUTHSEC_BASE_URL", stage.server.url)
    monkeypatch.setenv("AUTHSEC_AGENT_CLIENT_ID", CLIENT_ID)
    monkeypatch.setenv("DOWNSTREAM_URL", stage.server.url)


def test_it_passes(stage: Stage) -> None:
    done = subprocess.run([sys.executable, str(SCRIPT)], capture_output=True, text=True, check=False, timeout=120)
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


@pytest.fixture
def failure(capsys: pytest.CaptureFixture[str]) -> Callable[[], str]:
    """Run the script in this process, see it fail, and return what it says."""

    def run() -> str:
        with pytest.raises(SystemExit) as ended:
            runpy.run_path(str(SCRIPT), run_name="__main__")
        shown = capsys.readouterr()
        assert ended.value.code == 1
        assert "Smoke test passed" not in shown.out
        assert "Traceback" not in shown.err
        assert len(shown.err.splitlines()) < 15
        return shown.err

    return run


@pytest.mark.parametrize("name", ["AUTHSEC_BASE_URL", "AUTHSEC_AGENT_CLIENT_ID"])
def test_what_is_not_set_is_to_be_exported(
    failure: Callable[[], str], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "")
    said = failure()
    assert f"export {name}=" in said
    assert said.count("export ") == 1


def test_a_wrong_client_id(failure: Callable[[], str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTHSEC_AGENT_CLIENT_ID", "customer-support")
    assert "UUID" in failure()


def test_a_refusal(stage: Stage, failure: Callable[[], str]) -> None:
    stage.server.answer = lambda _: error_reply(410, "delegation_ended", "It was revoked.")
    said = failure()
    assert "delegation_ended (HTTP 410): It was revoked." in said
    assert "\n\nWhat to do: " in said


def test_a_signature_that_does_not_verify(stage: Stage, failure: Callable[[], str]) -> None:
    stage.published = rsa.generate_private_key(65537, 2048)
    assert "InvalidSignatureError" in failure()


def test_a_billing_api_that_is_not_there(failure: Callable[[], str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOWNSTREAM_URL", "http://127.0.0.1:1")
    assert "http://127.0.0.1:1 cannot be reached" in failure()


@pytest.mark.parametrize(
    ("reply", "said"), [(Reply(403, {"error": "x"}), "answered 403"), (Reply(200, b"<html>"), "JSONDecodeError")]
)
def test_a_billing_api_that_does_not_answer_well(
    stage: Stage, failure: Callable[[], str], reply: Reply, said: str
) -> None:
    stage.billing = reply
    assert said in failure()


def test_a_terminal_gets_bold_headings_unless_it_wants_no_colour(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    say = runpy.run_path(str(SCRIPT))["say"]
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.delenv("NO_COLOR", raising=False)
    say("x", bold=True)
    monkeypatch.setenv("NO_COLOR", "1")
    say("y", bold=True)
    assert capsys.readouterr().out == "\x1b[1mx\x1b[0m\ny\n"
