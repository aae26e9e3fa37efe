"""The client against the real server: DPoP, its own socket, and mutual TLS."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jwt
import pytest

from authsec import Authsec, free_port, running
from authsec_langchain import (
    AuthsecClient,
    AuthsecConfig,
    DPoPKey,
    InvalidDpopProofError,
    InvalidRequestError,
    SelectorsNotSatisfiedError,
    SenderConstraintRequiredError,
)
from authsec_langchain._thumbprint import digest
from authsec_langchain.verify import Presented, Verifier
from authsec_langchain.verify._tls import der
from trust_domain import TrustDomain

DOMAIN = TrustDomain("example.org")
WORKLOAD = "/ns/production/sa/customer-support"
AUDIENCE = "authsec-api"  # the server's default


class World:
    """A server that listens in each way, and how to reach it."""

    def __init__(self, authsec: Authsec, socket: str, mtls: str, ca_bundle: Path) -> None:
        self.authsec = authsec
        self.socket = socket
        self.mtls = mtls
        self.ca_bundle = ca_bundle

    def agent(self, name: str, *, sender_constrained: str = "none", **more: Any) -> dict[str, Any]:
        """Make an agent to which billing:read is delegated."""
        agent = self.authsec.api("POST", "/agents", {"name": name, "type": "langchain", **more})
        delegation = {
            "role": "support", "client_id": agent["client_id"], "actions": ["billing:read"],
            "max_duration_seconds": 3600, "sender_constrained": sender_constrained,
        }  # fmt: skip
        self.authsec.api("POST", "/delegations", delegation)
        return agent


@pytest.fixture(scope="module")
def world(program: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("authsec")
    own = folder / "server.pem"
    own.write_bytes(DOMAIN.svid("/authsec", host="localhost"))
    (folder / "ca.pem").write_bytes(DOMAIN.pem())
    (folder / "bundle.json").write_text(DOMAIN.bundle())
    port, socket = free_port(), folder / "s"
    more = {
        "AUTHSEC_LISTEN_UNIX": str(socket),
        "AUTHSEC_LISTEN_MTLS": f"127.0.0.1:{port}",
        "AUTHSEC_MTLS_CERT_FILE": str(own),
        "AUTHSEC_MTLS_KEY_FILE": str(own),
    }
    with running(program, folder, **more) as authsec:
        authsec.api("POST", "/actions", {"name": "billing:read"})
        authsec.api("POST", "/roles", {"name": "support", "actions": ["billing:read"]})
        spiffe = {"trust_domain": DOMAIN.name, "audience": authsec.url, "bundle_file": str(folder / "bundle.json")}
        authsec.api("POST", "/workload-sources", {"name": "SPIRE", "kind": "spiffe", "spiffe": spiffe})
        yield World(authsec, f"unix://{socket}", f"https://localhost:{port}", folder / "ca.pem")


def client_of(base_url: str, agent: dict[str, Any], **more: Any) -> AuthsecClient:
    settings: dict[str, Any] = {"base_url": base_url, "client_id": agent["client_id"], "max_retries": 0, **more}
    return AuthsecClient(AuthsecConfig(**settings))


def claims_of(token: str) -> dict[str, Any]:
    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return claims


def test_dpop(world: World) -> None:
    agent = world.agent("DPoP", platform="other", sender_constrained="dpop")
    key = DPoPKey.generate()
    with client_of(world.authsec.url, agent, client_secret=agent["client_secret"], dpop=key) as client:
        delegation = client.get_delegation()
        assert delegation.token_type == "DPoP"
        assert claims_of(delegation.token)["cnf"] == {"jkt": key.thumbprint}
        assert client.get_delegation_token(force_refresh=True) != delegation.token
        url = "https://billing.example.com/bills/7"
        proof = client.request_headers(delegation.token, "GET", url)["DPoP"]
        with Verifier(world.authsec.url, AUDIENCE) as verifier:
            claims = verifier.verify(delegation.token, Presented("DPoP", "GET", url, (proof,)))
            assert claims.confirmation is not None
            assert claims.confirmation.key_thumbprint == key.thumbprint
    with (
        client_of(world.authsec.url, agent, client_secret=agent["client_secret"]) as plain,
        pytest.raises(SenderConstraintRequiredError),
    ):
        plain.get_delegation_token()


def test_dpop_over_the_server_s_socket(world: World) -> None:
    selectors = [{"key": "unix:uid", "value": str(os.getuid())}]
    agent = world.agent("Socket", platform="unix", selectors=selectors)
    key = DPoPKey.generate()
    with client_of(world.socket, agent, dpop=key, public_url=world.authsec.url) as client:
        assert claims_of(client.get_delegation_token())["cnf"] == {"jkt": key.thumbprint}
    with (
        client_of(world.socket, agent, dpop=key, public_url="https://authsec.example.com") as lost,
        pytest.raises(InvalidDpopProofError, match="public_url"),
    ):
        lost.get_delegation_token()


def test_rfc8705_a_token_that_is_bound_to_the_svid(world: World, tmp_path: Path) -> None:
    selectors = [{"key": "spiffe:id", "value": f"spiffe://{DOMAIN.name}{WORKLOAD}"}]
    agent = world.agent("SVID", platform="spiffe", selectors=selectors)
    file = tmp_path / "svid.pem"
    for _ in range(2):  # the second time after a renewal
        file.write_bytes(DOMAIN.svid(WORKLOAD))
        how: dict[str, Any] = {"token_binding": "mtls", "client_cert_file": file, "ca_bundle": world.ca_bundle}
        with client_of(world.mtls, agent, **how) as client, Verifier(world.authsec.url, AUDIENCE) as verifier:
            delegation = client.get_delegation()
            assert delegation.token_type == "Bearer"
            pem = file.read_bytes()
            certificate = der(pem[pem.index(b"-----BEGIN CERTIFICATE") :])
            assert claims_of(delegation.token)["cnf"] == {"x5t#S256": digest(certificate)}
            assert verifier.verify(delegation.token, Presented(certificate=certificate)).confirmation is not None
    file.write_bytes(DOMAIN.svid("/ns/production/sa/other"))
    with client_of(world.mtls, agent, **how) as client, pytest.raises(SelectorsNotSatisfiedError):
        client.get_delegation_token()
    with (
        client_of(world.mtls, agent, ca_bundle=world.ca_bundle, token_binding="mtls") as client,
        pytest.raises(InvalidRequestError, match="token_binding=mtls"),
    ):
        client.get_delegation_token()


def test_both_at_once(world: World, tmp_path: Path) -> None:
    selectors = [{"key": "spiffe:id", "value": f"spiffe://{DOMAIN.name}{WORKLOAD}"}]
    agent = world.agent("Both", platform="spiffe", selectors=selectors)
    file = tmp_path / "svid.pem"
    file.write_bytes(DOMAIN.svid(WORKLOAD))
    key = DPoPKey.generate()
    how: dict[str, Any] = {"client_cert_file": file, "ca_bundle": world.ca_bundle, "public_url": world.authsec.url}
    with client_of(world.mtls, agent, dpop=key, **how) as client:  # proves itself by one, binds to the other
        assert claims_of(client.get_delegation_token())["cnf"] == {"jkt": key.thumbprint}
