"""Where the proof of the workload is found, in which order, and what is said when it is nowhere."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from authsec_langchain import (
    AuthsecClient,
    AuthsecConfig,
    AuthsecConfigError,
    AuthsecWorkloadTokenError,
    WorkloadProofRequiredError,
)
from conftest import MakeClient
from server import CLIENT_ID, FakeServer, error_reply
from workload_api import WorkloadAPI, workload_api


@pytest.fixture
def projected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the projected token would be; it is not there yet."""
    path = tmp_path / "projected"
    monkeypatch.setattr("authsec_langchain._proof.PROJECTED_TOKEN", str(path))
    return path


@pytest.fixture
def spire(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[WorkloadAPI]:
    with workload_api(str(tmp_path / "agent.sock")) as api:
        monkeypatch.setenv("SPIFFE_ENDPOINT_SOCKET", f"unix://{tmp_path / 'agent.sock'}")
        yield api


def sent(server: FakeServer) -> list[str | None]:
    return [request.headers["Authorization"] for request in server.received]


def test_the_first_place_that_has_a_proof_wins(
    make_client: MakeClient,
    server: FakeServer,
    projected: Path,
    spire: WorkloadAPI,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fetch(**settings: object) -> str | None:
        make_client(**settings).get_delegation_token()
        return sent(server)[-1]

    assert fetch() == f"Bearer {spire.issued[0]}"
    projected.write_text("projected")
    assert fetch() == "Bearer projected"
    (tmp_path / "named").write_text("named")
    monkeypatch.setenv("AUTHSEC_WORKLOAD_TOKEN_FILE", str(tmp_path / "named"))
    assert fetch() == "Bearer named"
    (tmp_path / "set").write_text("set")
    assert fetch(workload_token_file=tmp_path / "set") == "Bearer set"
    assert (fetch(client_secret="s") or "").startswith("Basic ")
    assert len(spire.issued) == 1, "the Workload API is asked only when nothing comes before it"


@pytest.mark.parametrize("how", ["missing link", "folder", "empty"])
def test_a_place_that_is_set_up_and_broken_is_an_error(
    make_client: MakeClient, server: FakeServer, projected: Path, spire: WorkloadAPI, how: str
) -> None:
    if how == "missing link":
        projected.symlink_to("..data/token")
    elif how == "folder":
        projected.mkdir()
    else:
        projected.write_text("")
    with pytest.raises(AuthsecWorkloadTokenError, match=str(projected)):
        make_client().get_delegation_token()
    assert server.received == []
    assert spire.asked == []


def test_a_jwt_svid_is_for_this_server(make_client: MakeClient, server: FakeServer, spire: WorkloadAPI) -> None:
    client = make_client()
    client.get_delegation_token()
    client.get_delegation_token(force_refresh=True)
    make_client(workload_audience="authsec").get_delegation_token()
    assert spire.asked == [[server.url], [server.url], ["authsec"]]
    assert sent(server) == [f"Bearer {token}" for token in spire.issued]


def test_a_workload_api_that_gives_nothing(
    make_client: MakeClient, server: FakeServer, spire: WorkloadAPI, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    spire.refuse = True
    with pytest.raises(AuthsecWorkloadTokenError, match="no identity issued"):
        make_client().get_delegation_token()
    monkeypatch.setenv("SPIFFE_ENDPOINT_SOCKET", f"unix://{tmp_path / 'nobody'}")
    with pytest.raises(AuthsecWorkloadTokenError, match="SPIFFE_ENDPOINT_SOCKET gives no JWT-SVID"):
        make_client(timeout=2).get_delegation_token()
    monkeypatch.setenv("SPIFFE_ENDPOINT_SOCKET", "/no/scheme")
    with pytest.raises(AuthsecWorkloadTokenError, match="scheme"):
        make_client().get_delegation_token()
    assert server.received == []


def test_a_refusal_for_want_of_proof_says_where_it_was_looked_for(
    make_client: MakeClient, server: FakeServer, spire: WorkloadAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.queue = [error_reply(401, "workload_proof_required", "Prove it.")] * 2
    monkeypatch.setattr("authsec_langchain._proof.spiffe_is_installed", lambda: False)
    with pytest.raises(WorkloadProofRequiredError) as caught:
        make_client().get_delegation_token()
    for place in (
        "Prove it.",
        "client_secret and workload_token_file (not set)",
        "AUTHSEC_WORKLOAD_TOKEN_FILE (not set)",
        "/nowhere/authsec/token (no such file)",
        "SPIFFE_ENDPOINT_SOCKET (needs the extra: pip install 'authsec-langchain-sdk[spiffe]')",
        "a unix:// base_url (not set)",
    ):
        assert place in str(caught.value)
    with pytest.raises(WorkloadProofRequiredError) as caught:
        make_client(client_secret="s").get_delegation_token()
    assert "looked for" not in str(caught.value), "one was sent"


def test_a_unix_socket_is_a_server(tmp_path: Path) -> None:
    with FakeServer(str(tmp_path / "authsec.sock")).running() as server:
        config = AuthsecConfig(base_url=f"{server.url} ", client_id=CLIENT_ID)
        with AuthsecClient(config) as client:
            assert client.get_delegation_token() == "token-1"
        assert sent(server) == [None]
        assert server.received[0].headers["Host"] == "localhost"
        assert server.received[0].path == "/authsec/uflow/sdk/delegation-token"


def test_a_unix_socket_names_no_audience(tmp_path: Path, spire: WorkloadAPI) -> None:
    with FakeServer(str(tmp_path / "authsec.sock")).running() as server:
        server.queue = [error_reply(401, "workload_proof_required")]
        with AuthsecClient(AuthsecConfig(base_url=server.url, client_id=CLIENT_ID)) as client:
            with pytest.raises(WorkloadProofRequiredError, match="workload_audience is not set") as caught:
                client.get_delegation_token()
            assert "the Unix socket of base_url" in str(caught.value)
        config = AuthsecConfig(
            base_url=server.url, client_id=CLIENT_ID, workload_audience="https://authsec.example.com"
        )
        with AuthsecClient(config) as client:
            client.get_delegation_token()
        assert spire.asked == [["https://authsec.example.com"]]


@pytest.mark.parametrize(
    "url",
    [
        "unix://",
        "unix://relative/path",
        "unix:///",
        "unix:///run/x/",
        "unix:///run/x?y",
        "unix:///run/x#y",
        "unix:///a%20b",
        "unix:/run/x",
    ],
)
def test_what_is_no_socket_is_refused(url: str) -> None:
    with pytest.raises(AuthsecConfigError, match="base_url"):
        AuthsecConfig(base_url=url, client_id=CLIENT_ID)
