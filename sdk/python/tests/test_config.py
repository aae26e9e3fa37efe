"""Settings: what is accepted, what is refused, and that refusals keep secrets."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from authsec_langchain import AuthsecConfig, AuthsecConfigError, AuthsecError
from authsec_langchain._config import ENVIRONMENT
from authsec_langchain._urls import checked_base_url, is_loopback
from server import CLIENT_ID

GOOD: dict[str, Any] = {"base_url": "https://authsec.example.com", "client_id": CLIENT_ID}


def refusal(**settings: Any) -> str:
    with pytest.raises(AuthsecConfigError) as caught:
        AuthsecConfig(**{**GOOD, **settings})
    return str(caught.value)


@pytest.mark.parametrize(
    ("given_url", "kept"),
    [
        ("https://authsec.example.com", "https://authsec.example.com"),
        (" https://authsec.example.com/ ", "https://authsec.example.com"),
        ("https://example.com/tenants/a/", "https://example.com/tenants/a"),
        ("http://localhost:7468", "http://localhost:7468"),
        ("http://127.0.0.1:7468/", "http://127.0.0.1:7468"),
        ("http://[::1]:7468", "http://[::1]:7468"),
    ],
)
def test_base_url_is_kept_without_trailing_slash(given_url: str, kept: str) -> None:
    assert AuthsecConfig(base_url=given_url, client_id=CLIENT_ID).base_url == kept


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("", "https://"),
        ("authsec.example.com", "https://"),
        ("ftp://authsec.example.com", "https://"),
        ("https://", "host"),
        ("https://authsec.example.com?tenant=1", "query"),
        ("https://authsec.example.com?", "query"),
        ("https://authsec.example.com/#x", "fragment"),
        ("https://user:pass@authsec.example.com", "password"),
        ("https://@authsec.example.com", "password"),
        ("https://authsec.example.com:port", "URL"),
        ("https://authsec.example.com/a b", "blanks"),
        ("http://authsec.example.com", "Use https"),
        ("http://10.0.0.1:7468", "Use https"),
        ("http://localhost.example.com", "Use https"),
        ("http://127.0.0.1.example.com", "Use https"),
    ],
)
def test_base_url_refusals(url: str, said: str) -> None:
    assert said in refusal(base_url=url)


def test_plain_http_to_another_machine_can_be_allowed() -> None:
    config = AuthsecConfig(base_url="http://authsec:7468", client_id=CLIENT_ID, allow_insecure_http=True)
    assert config.base_url == "http://authsec:7468"


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"client_id": "customer-support"}, "UUID"),
        ({"client_id": CLIENT_ID.replace("-", "")}, "UUID"),
        ({"client_id": f"{{{CLIENT_ID}}}"}, "UUID"),
        ({"client_id": 5}, "client_id"),
        ({"delegation_id": ""}, "delegation_id"),
        ({"role": "a\nb"}, "role"),
        ({"audience": ["https://a b"]}, "audience"),
        ({"audience": 7}, "audience"),
        ({"actions": []}, "leave it out"),
        ({"actions": ["billing:read billing:write"]}, "actions"),
        ({"actions": [1]}, "actions"),
        ({"ttl": 59}, "ttl"),
        ({"timeout": 0}, "timeout"),
        ({"timeout": float("inf")}, "timeout"),
        ({"timeout": float("nan")}, "timeout"),
        ({"max_retries": -1}, "max_retries"),
        ({"retry_budget": -1}, "retry_budget"),
        ({"ca_bundle": "/no/such/bundle.pem"}, "ca_bundle"),
        ({"proxy": "proxy.example.com"}, "proxy"),
        ({"client_secret": ""}, "client_secret"),
        ({"client_secret": "a\nb"}, "client_secret"),
        ({"workload_token_file": ""}, "workload_token_file"),
        ({"client_secret": "s", "workload_token_file": "/token"}, "exclude each other"),
        ({"verify": False}, "verify"),
    ],
)
def test_other_refusals_name_the_setting(settings: dict[str, Any], said: str) -> None:
    assert said in refusal(**settings)


def test_every_fault_is_reported_at_once() -> None:
    said = refusal(base_url="http://example.com", client_id="x", actions=[], timeout=-1, unknown=1)
    for part in ("Use https", "UUID", "actions is empty", "timeout", "unknown"):
        assert part in said


def test_a_missing_setting_says_what_to_export() -> None:
    with pytest.raises(AuthsecConfigError, match="export AUTHSEC_BASE_URL") as caught:
        AuthsecConfig.from_env({})
    assert "export AUTHSEC_AGENT_CLIENT_ID" in str(caught.value)
    assert isinstance(caught.value, ValueError)
    assert isinstance(caught.value, AuthsecError)


def test_names_are_canonical() -> None:
    config = AuthsecConfig(**GOOD, actions="b:write, a:read  b:write", audience=["https://b", "https://a"])
    assert config.actions == ("a:read", "b:write")
    assert config.audience == ("https://a", "https://b")
    assert AuthsecConfig(**GOOD, audience="https://b,c https://a").audience == ("https://a", "https://b,c")
    assert AuthsecConfig(base_url=GOOD["base_url"], client_id=CLIENT_ID.upper()).client_id == CLIENT_ID


def test_it_is_frozen() -> None:
    config = AuthsecConfig(**GOOD)
    with pytest.raises(ValueError, match="frozen"):
        config.timeout = 1.0


def test_from_env_reads_every_setting(tmp_path: Path) -> None:
    bundle = tmp_path / "ca.pem"
    bundle.write_text("x")
    environ = {
        "AUTHSEC_BASE_URL": "http://authsec.internal/",
        "AUTHSEC_AGENT_CLIENT_ID": CLIENT_ID,
        "AUTHSEC_DELEGATION_ID": "dlg-1",
        "AUTHSEC_ROLE": "support",
        "AUTHSEC_AUDIENCE": "https://b https://a",
        "AUTHSEC_ACTIONS": "b:write,a:read",
        "AUTHSEC_TTL": "120",
        "AUTHSEC_WORKLOAD_TOKEN_FILE": "/var/run/token",
        "AUTHSEC_DPOP": "false",
        "AUTHSEC_PUBLIC_URL": "https://authsec.example.com/",
        "AUTHSEC_CLIENT_CERT_FILE": str(bundle),
        "AUTHSEC_CLIENT_KEY_FILE": str(bundle),
        "AUTHSEC_TIMEOUT": "2.5",
        "AUTHSEC_MAX_RETRIES": "1",
        "AUTHSEC_RETRY_BUDGET": "4",
        "AUTHSEC_CA_BUNDLE": str(bundle),
        "AUTHSEC_PROXY": "http://user:pass@proxy:3128",
        "AUTHSEC_ALLOW_INSECURE_HTTP": "true",
        "AUTHSEC_LISTEN": "the server's own; not ours to refuse",
    }
    config = AuthsecConfig.from_env(environ)
    assert config == AuthsecConfig(
        base_url="http://authsec.internal",
        client_id=CLIENT_ID,
        delegation_id="dlg-1",
        role="support",
        audience=("https://a", "https://b"),
        actions=("a:read", "b:write"),
        ttl=120,
        workload_token_file=Path("/var/run/token"),
        dpop=False,
        public_url="https://authsec.example.com",
        client_cert_file=bundle,
        client_key_file=bundle,
        timeout=2.5,
        max_retries=1,
        retry_budget=4,
        ca_bundle=bundle,
        proxy=SecretStr("http://user:pass@proxy:3128"),
        allow_insecure_http=True,
    )
    assert set(ENVIRONMENT) == set(AuthsecConfig.model_fields)


def test_from_env_reads_the_process_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTHSEC_BASE_URL", "https://authsec.example.com")
    monkeypatch.setenv("AUTHSEC_AGENT_CLIENT_ID", CLIENT_ID)
    monkeypatch.setenv("AUTHSEC_ACTIONS", "  ")
    assert AuthsecConfig.from_env().actions is None


def test_from_env_takes_the_secret_or_its_file_but_not_both(tmp_path: Path) -> None:
    secret_file = tmp_path / "secret"
    secret_file.write_text("from-file\n")
    base = {"AUTHSEC_BASE_URL": GOOD["base_url"], "AUTHSEC_AGENT_CLIENT_ID": CLIENT_ID}
    for more, secret in (
        ({"AUTHSEC_CLIENT_SECRET": "inline"}, "inline"),
        ({"AUTHSEC_CLIENT_SECRET_FILE": str(secret_file)}, "from-file"),
    ):
        config = AuthsecConfig.from_env(base | more)
        assert config.client_secret is not None
        assert config.client_secret.get_secret_value() == secret
    with pytest.raises(AuthsecConfigError, match="exclude each other"):
        AuthsecConfig.from_env(base | {"AUTHSEC_CLIENT_SECRET": "x", "AUTHSEC_CLIENT_SECRET_FILE": str(secret_file)})
    with pytest.raises(AuthsecConfigError, match="cannot be read"):
        AuthsecConfig.from_env(base | {"AUTHSEC_CLIENT_SECRET_FILE": str(tmp_path / "none")})
    with pytest.raises(AuthsecConfigError, match="exclude each other"):
        AuthsecConfig.from_env(base | {"AUTHSEC_CLIENT_SECRET": "x", "AUTHSEC_WORKLOAD_TOKEN_FILE": "/token"})


def test_a_config_with_a_secret_is_not_pickled_and_one_without_is() -> None:
    config = AuthsecConfig(**GOOD)
    assert pickle.loads(pickle.dumps(config)) == config
    secrets: list[dict[str, Any]] = [{"client_secret": "canary"}, {"proxy": "http://u:canary@proxy:1"}]
    for secret in secrets:
        holder = AuthsecConfig(**GOOD, **secret)
        with pytest.raises(TypeError, match="from_env"):
            pickle.dumps(holder)
        assert copy.deepcopy(holder) == holder


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST.", "a.localhost", "127.0.0.1", "127.9.9.9", "::1", "[::1]"])
def test_loopback(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host", ["", "example.com", "localhost.evil.com", "evillocalhost", "10.0.0.1", "0.0.0.0", "::", "127.0.0.1.nip.io"]
)
def test_not_loopback(host: str) -> None:
    assert not is_loopback(host)


@given(st.text(max_size=40))
def test_any_text_is_a_good_base_url_or_a_value_error(text: str) -> None:
    for url in (text, f"https://{text}", f"http://localhost{text}"):
        try:
            kept = checked_base_url(url)
        except ValueError:
            continue
        assert kept.startswith(("http://", "https://"))
        assert not kept.endswith("/")
        assert not set("?#@ ") & set(kept.split("://", 1)[1].split("/", 1)[0])
        assert checked_base_url(kept) == kept
