"""A client whose tokens are bound to its DPoP key, against a server that checks each proof."""

from __future__ import annotations

import pickle
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from authsec_langchain import (
    AuthsecClient,
    AuthsecConfig,
    AuthsecConfigError,
    AuthsecProtocolError,
    DPoPKey,
    InvalidDpopProofError,
    UseDpopNonceError,
)
from authsec_langchain._dpop import usable_nonce
from authsec_langchain.verify._dpop import Request, parse_proof
from binding import BindingServer
from conftest import MakeClient, World
from server import CLIENT_ID, FakeServer, Reply, error_reply, token_reply


@pytest.fixture
def binding(server: FakeServer, world: World) -> BindingServer:
    return BindingServer(server, world)


def test_rfc9449_8_a_nonce_is_taken_up_and_kept(
    make_client: MakeClient, binding: BindingServer, server: FakeServer
) -> None:
    client = make_client(dpop=True)
    delegation = client.get_delegation()
    assert (delegation.token, delegation.token_type) == ("bound-1", "DPoP")
    assert binding.refused == ["use_dpop_nonce"]
    client.get_delegation_token(force_refresh=True)
    assert binding.refused == ["use_dpop_nonce"]  # the nonce was kept
    assert len({proof.thumbprint for proof in binding.proofs}) == 1
    assert [request.headers.get("Authorization") for request in server.received] == [None] * 3


def test_rfc9449_8_2_the_newest_nonce_counts(make_client: MakeClient, binding: BindingServer) -> None:
    client = make_client(dpop=True)
    client.get_delegation_token()
    binding.nonce = "nonce-2"  # between two fetches, without an answer that says so
    client.get_delegation_token(force_refresh=True)
    assert binding.refused == ["use_dpop_nonce"] * 2
    assert binding.proofs[-1].nonce == "nonce-2"


async def test_asynchronously(make_client: MakeClient, binding: BindingServer) -> None:
    assert await make_client(dpop=True).aget_delegation_token() == "bound-1"


def test_rfc9449_4_2_htu_is_the_server_s_public_url(
    make_client: MakeClient, binding: BindingServer, server: FakeServer, world: World, tmp_path: Path
) -> None:
    binding.public_url = "https://authsec.example.com"
    with pytest.raises(InvalidDpopProofError, match="target"):
        make_client(dpop=True).get_delegation_token()
    assert make_client(dpop=True, public_url=binding.public_url).get_delegation_token() == "bound-1"
    with FakeServer(str(tmp_path / "socket")).running() as socket:
        other = BindingServer(socket, world)
        other.public_url = binding.public_url
        client = make_client(base_url=socket.url, dpop=True, public_url="https://authsec.example.com/")
        assert client.get_delegation_token() == "bound-1"


def test_exactly_one_retry_and_no_waiting(make_client: MakeClient, server: FakeServer, world: World) -> None:
    server.answer = _with_nonce(
        lambda _: error_reply(400, "use_dpop_nonce" if len(server.received) < 4 else "invalid_request", "Use it.")
    )
    with pytest.raises(UseDpopNonceError) as caught:
        make_client(dpop=True).get_delegation_token()
    assert caught.value.status == 400
    assert len(server.received) == 2
    assert world.slept == []


def _with_nonce(answer: Callable[..., Reply]) -> Callable[..., Reply]:
    def more(request: Any) -> Reply:
        reply = answer(request)
        reply.headers["DPoP-Nonce"] = "always-another"
        return reply

    return more


@pytest.mark.parametrize(
    "reply",
    [
        error_reply(400, "use_dpop_nonce"),  # without the header
        Reply(400, {"error": "use_dpop_nonce"}, {"DPoP-Nonce": ""}),
        Reply(401, {"error": "use_dpop_nonce"}, {"DPoP-Nonce": "n"}),
        Reply(400, {"error": "invalid_dpop_proof"}, {"DPoP-Nonce": "n"}),
    ],
)
def test_no_retry_without_a_reason(make_client: MakeClient, server: FakeServer, reply: Reply) -> None:
    server.answer = lambda _: reply
    with pytest.raises((UseDpopNonceError, InvalidDpopProofError)):
        make_client(dpop=True).get_delegation_token()
    assert len(server.received) == 1


def test_no_retry_for_a_client_without_a_key(make_client: MakeClient, server: FakeServer) -> None:
    server.answer = lambda _: Reply(400, {"error": "use_dpop_nonce"}, {"DPoP-Nonce": "n"})
    with pytest.raises(UseDpopNonceError):
        make_client().get_delegation_token()
    assert len(server.received) == 1
    assert "DPoP" not in server.received[0].headers


def test_each_try_has_its_own_proof(make_client: MakeClient, binding: BindingServer, server: FakeServer) -> None:
    server.queue = [error_reply(503, "temporarily_unavailable"), error_reply(503, "temporarily_unavailable")]
    make_client(dpop=True).get_delegation_token()
    proofs = [request.headers["DPoP"] for request in server.received]
    assert len(set(proofs)) == 4


JKT = "leQY-3KrfrEv3A4P3FLtyZRNkCROg45b2I4hnKGjvJ4"


@pytest.mark.parametrize(
    ("settings", "answer", "said"),
    [
        ({"dpop": True}, {}, "not bound to this client's DPoP key"),  # a server that does not know DPoP
        ({"dpop": True}, {"token_type": "DPoP"}, "not bound to this client's DPoP key"),
        ({"dpop": True}, {"token_type": "DPoP", "cnf": {"jkt": JKT}}, "not bound to this client's DPoP key"),
        ({"dpop": True}, {"token_type": "DPoP", "cnf": "x"}, "cnf"),
        ({}, {"token_type": "DPoP", "cnf": {"jkt": JKT}}, "is bound to a DPoP key"),
        ({"token_binding": "mtls"}, {}, "not bound to the connection's client certificate"),
        ({"token_binding": "mtls"}, {"cnf": {"x5t#S256": ""}}, "not bound to the connection's client certificate"),
    ],
)
def test_a_binding_that_was_asked_for_is_not_left_out(
    make_client: MakeClient, server: FakeServer, settings: dict[str, Any], answer: dict[str, Any], said: str
) -> None:
    server.answer = lambda _: token_reply(**answer)
    with pytest.raises(AuthsecProtocolError, match=said):
        make_client(**settings).get_delegation_token()


def test_a_type_that_contradicts_the_binding(make_client: MakeClient, server: FakeServer) -> None:
    key = DPoPKey.generate()
    server.answer = lambda _: token_reply(token_type="Bearer", cnf={"jkt": key.thumbprint})
    with pytest.raises(AuthsecProtocolError, match="not bound to this client's DPoP key"):
        make_client(dpop=key).get_delegation_token()


def test_headers_for_any_http_library(make_client: MakeClient, binding: BindingServer, world: World) -> None:
    key = DPoPKey.generate()
    client = make_client(dpop=key)
    token = client.get_delegation_token()
    url = "https://billing.example.com/bills/a b?x=1#y"
    headers = client.request_headers(token, "POST", url, nonce="n-1")
    assert headers["Authorization"] == "DPoP bound-1"
    expected = Request("POST", "https://billing.example.com/bills/a%20b", token, world.wall.timestamp())
    proof = parse_proof(headers["DPoP"], expected)
    assert (proof.thumbprint, proof.nonce) == (key.thumbprint, "n-1")
    assert client.request_headers(token, "POST", url)["DPoP"] != client.request_headers(token, "POST", url)["DPoP"]
    assert make_client().request_headers("t", "GET", url) == {"Authorization": "Bearer t"}
    with pytest.raises(ValueError, match="with a host"):
        client.request_headers(token, "GET", "/bills")


def test_each_client_has_a_key_of_its_own_unless_it_is_given(make_client: MakeClient, binding: BindingServer) -> None:
    for settings in ({"dpop": True}, {"dpop": True}):
        make_client(**settings).get_delegation_token()
    key = DPoPKey.generate()
    for _ in range(2):
        make_client(dpop=key).get_delegation_token()
    prints = [proof.thumbprint for proof in binding.proofs]
    assert len(set(prints)) == 3
    assert prints[2:] == [key.thumbprint] * 2


def pem(key: Any, password: bytes | None = None) -> bytes:
    how = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    return bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, how))


def test_a_key_of_a_file(tmp_path: Path) -> None:
    file = tmp_path / "key.pem"
    key = ec.generate_private_key(ec.SECP256R1())
    file.write_bytes(pem(key))
    file.chmod(stat.S_IRUSR)
    loaded = DPoPKey.from_file(file)
    assert loaded.thumbprint == DPoPKey(key).thumbprint == DPoPKey.from_file(str(file)).thumbprint
    assert len(loaded.thumbprint) == 43


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"no key", "no private key in PEM"),
        (pem(ec.generate_private_key(ec.SECP256R1()), b"password"), "no private key in PEM"),
        (pem(ec.generate_private_key(ec.SECP384R1())), "P-256"),
        (pem(ed25519.Ed25519PrivateKey.generate()), "another kind"),
        ("\u00e9".encode(), "ASCII"),
        (b"x" * 20_000, "larger"),
    ],
)
def test_files_without_a_good_key(tmp_path: Path, content: bytes, said: str) -> None:
    file = tmp_path / "key.pem"
    file.write_bytes(content)
    with pytest.raises(AuthsecConfigError, match=said) as caught:
        DPoPKey.from_file(file)
    assert "BEGIN" not in str(caught.value)
    with pytest.raises(AuthsecConfigError, match="cannot be read"):
        DPoPKey.from_file(tmp_path / "none.pem")


def test_rfc9449_4_2_what_a_proof_holds() -> None:
    key = DPoPKey.generate()
    token = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU"  # of section 7.1
    proof = key.proof("GET", "https://billing.example.com/bills?x=1", now=1000.9, token=token, nonce="n")
    header = jwt.get_unverified_header(proof)
    assert (header["typ"], header["alg"], sorted(header)) == ("dpop+jwt", "ES256", ["alg", "jwk", "typ"])
    assert sorted(header["jwk"]) == ["crv", "kty", "x", "y"]
    claims = jwt.decode(proof, options={"verify_signature": False})
    assert claims.pop("jti")
    assert claims == {
        "htm": "GET", "htu": "https://billing.example.com/bills", "iat": 1000, "nonce": "n",
        "ath": "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo",
    }  # fmt: skip
    bare = jwt.decode(key.proof("GET", "https://a", now=1), options={"verify_signature": False})
    assert (sorted(bare), bare["htu"]) == (["htm", "htu", "iat", "jti"], "https://a/")


def test_a_key_is_neither_shown_nor_pickled() -> None:
    key = DPoPKey.generate()
    assert repr(key) == f"DPoPKey({key.thumbprint!r})"
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(key)
    config = AuthsecConfig(base_url="https://authsec.example.com", client_id=CLIENT_ID, dpop=key)
    with pytest.raises(TypeError, match="secret"):
        pickle.dumps(config)
    with AuthsecClient(config) as client:
        assert key.thumbprint not in repr(client)


def test_settings(tmp_path: Path) -> None:
    base = {"AUTHSEC_BASE_URL": "https://authsec.example.com", "AUTHSEC_AGENT_CLIENT_ID": CLIENT_ID}
    assert AuthsecConfig.from_env(base).dpop is False
    assert AuthsecConfig.from_env(base | {"AUTHSEC_DPOP": "true"}).dpop is True
    with pytest.raises(AuthsecConfigError, match="AUTHSEC_DPOP"):
        AuthsecConfig.from_env(base | {"AUTHSEC_DPOP": "perhaps"})
    with pytest.raises(AuthsecConfigError, match="exclude each other"):
        AuthsecConfig.from_env(base | {"AUTHSEC_DPOP": "1", "AUTHSEC_TOKEN_BINDING": "mtls"})
    with pytest.raises(AuthsecConfigError, match="AUTHSEC_TOKEN_BINDING"):
        AuthsecConfig.from_env(base | {"AUTHSEC_TOKEN_BINDING": "dpop"})
    with pytest.raises(AuthsecConfigError, match="leave the other proof out"):
        AuthsecConfig.from_env(base | {"AUTHSEC_CLIENT_SECRET": "secret", "AUTHSEC_TOKEN_BINDING": "mtls"})
    with pytest.raises(AuthsecConfigError, match="Unix socket"):
        AuthsecConfig(base_url="unix:///run/authsec.sock", client_id=CLIENT_ID, token_binding="mtls")
    with pytest.raises(AuthsecConfigError, match="public_url is not set"):
        AuthsecConfig(base_url="unix:///run/authsec.sock", client_id=CLIENT_ID, dpop=True)
    with pytest.raises(AuthsecConfigError, match="AUTHSEC_PUBLIC_URL"):
        AuthsecConfig.from_env(base | {"AUTHSEC_PUBLIC_URL": "unix:///run/authsec.sock"})
    (tmp_path / "key.pem").write_text("x")
    with pytest.raises(AuthsecConfigError, match="needs client_cert_file"):
        AuthsecConfig.from_env(base | {"AUTHSEC_CLIENT_KEY_FILE": str(tmp_path / "key.pem")})


@pytest.mark.parametrize("value", ["", "a b", 'a"', "a\\b", "é", "\x7f", "x" * 513])
def test_nonces_that_are_none(value: str) -> None:
    assert usable_nonce(value) == ""
    assert usable_nonce("x" * 512) == "x" * 512


@pytest.mark.parametrize("missing", ["jwt", "cryptography"])
def test_what_is_missing_is_named(missing: str) -> None:
    code = f"""
import sys
sys.modules[{missing!r}] = None
from authsec_langchain import AuthsecClient, AuthsecConfig, AuthsecConfigError
config = AuthsecConfig(base_url="https://authsec.example.com", client_id={CLIENT_ID!r}, dpop=True)
try:
    AuthsecClient(config)
except AuthsecConfigError as error:
    print(error)
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert run.stdout == f'invalid_config: dpop needs {missing}: pip install "PyJWT[crypto]>=2.8,<3".\n'
