"""A canary stands in every place where a secret can be; it must come out nowhere."""

from __future__ import annotations

import base64
import logging
import pickle
import time
import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest

from authsec_langchain import AuthsecClient, AuthsecConfig, AuthsecError
from authsec_langchain._proof import find_proof
from authsec_langchain._redact import one_line, redact
from conftest import MakeClient, World, wait_for_background
from server import CLIENT_ID, FakeServer, Received, Reply, error_reply, token_reply

CANARY = "cAnArY-0123456789abcdef"
TOKEN = f"eyJhbGciOiJSUzI1NiJ9.{CANARY}.c2lnbmF0dXJl"


def forms(secret: str) -> list[str]:
    """Every form in which the secret could be written."""
    return [secret, base64.b64encode(f"{CLIENT_ID}:{secret}".encode()).decode()]


def everything_about(error: BaseException) -> str:
    """Return all that a reporter of errors could show: text, arguments, attributes, causes, and frames with locals."""
    shown = []
    seen: BaseException | None = error
    while seen is not None:
        shown += [str(seen), repr(seen), repr(seen.args), repr(vars(seen))]
        # From the first of our frames on: what stands in a caller's own frame is the caller's.
        frames = seen.__traceback__
        while frames is not None and "authsec_langchain" not in frames.tb_frame.f_code.co_filename:
            frames = frames.tb_next
        shown += traceback.TracebackException(type(seen), seen, frames, capture_locals=True).format()
        seen = seen.__cause__ or seen.__context__
    return "\n".join(shown)


@pytest.fixture(params=["token_file", "client_secret"])
def with_secret(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, object]:
    if request.param == "client_secret":
        return {"client_secret": CANARY}
    (tmp_path / "token").write_text(CANARY)
    return {"workload_token_file": tmp_path / "token"}


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    with caplog.at_level(logging.DEBUG):
        yield caplog


def test_no_secret_when_all_is_well(
    make_client: MakeClient, server: FakeServer, world: World, with_secret: dict[str, object],
    logged: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    server.answer = lambda _: token_reply(TOKEN)
    client = make_client(**with_secret)
    delegation = client.get_delegation()
    world.time += 3600 * 0.9
    client.get_delegation()
    wait_for_background()
    shown = [repr(client), str(client), repr(client.config), str(client.config), repr(delegation), str(delegation)]
    shown += [repr(client._cache.held()), repr(list(client._cache._leases.values())), repr(client._cache)]
    shown += [logged.text, *capfd.readouterr(), client.config.model_dump_json()]
    for form in [*forms(CANARY), TOKEN]:
        assert form not in "\n".join(shown)
    assert len(server.received) == 2


def text_of(logged: pytest.LogCaptureFixture) -> str:
    """Return the log without httpcore's, which at DEBUG shows a response's headers: there the echo is the server's."""
    return "\n".join(record.getMessage() for record in logged.records if not record.name.startswith("httpcore"))


def _echo(request: Received) -> Reply:
    """Write the proof back in every place that a client could show."""
    proof = request.headers["Authorization"]
    scheme, _, credentials = proof.partition(" ")
    plain = base64.b64decode(credentials).decode().partition(":")[2] if scheme == "Basic" else credentials
    said = f"{proof} {credentials} {plain} {TOKEN}"
    return Reply(
        403,
        {
            "error": "agent_suspended",
            "error_description": said,
            "missing_selectors": [said],
            "delegations": [{"delegation_id": said, "role": said}],
        },
        {"X-Request-Id": said},
    )


@pytest.mark.parametrize(
    "answer",
    [
        _echo,
        lambda _: Reply(drop=True),
        lambda _: error_reply(503, "temporarily_unavailable", TOKEN),
        lambda _: Reply(302, headers={"Location": f"https://a/{TOKEN}"}),
        lambda _: token_reply(TOKEN, expires_at="never"),
        lambda _: token_reply(TOKEN, client_id="6f1c2d3e-0000-4000-8000-0000000000bb"),
        lambda _: token_reply(TOKEN + "\r\nX: y"),
        lambda _: Reply(200, TOKEN.encode()),
        lambda _: token_reply(TOKEN, padding="x" * 70_000),
    ],
)
def test_no_secret_in_any_error(
    make_client: MakeClient, server: FakeServer, with_secret: dict[str, object],
    logged: pytest.LogCaptureFixture, answer: object,
) -> None:  # fmt: skip
    server.answer = answer  # type: ignore[assignment]
    client = make_client(**with_secret)
    with pytest.raises(AuthsecError) as caught:
        client.get_delegation_token()
    shown = everything_about(caught.value) + text_of(logged) + repr(pickle.dumps(caught.value))
    for form in [*forms(CANARY), TOKEN]:
        assert form not in shown


def test_no_secret_in_the_log_of_a_failed_refresh(
    make_client: MakeClient, server: FakeServer, world: World, with_secret: dict[str, object],
    logged: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    server.queue = [token_reply(TOKEN)]
    server.answer = _echo
    client = make_client(**with_secret)
    client.get_delegation_token()
    world.time += 3600 * 0.9
    assert client.get_delegation_token() == TOKEN
    wait_for_background()
    assert "could not refresh" in text_of(logged)
    assert CANARY not in text_of(logged)


@pytest.mark.parametrize(
    "content",
    [f"{CANARY} {CANARY}", f"{CANARY}\n{CANARY}", f"{CANARY}ü", CANARY * 1000],
    ids=["blank", "lines", "letters", "size"],
)
def test_no_content_of_a_useless_token_file(make_client: MakeClient, tmp_path: Path, content: str) -> None:
    (tmp_path / "token").write_text(content)
    with pytest.raises(AuthsecError) as caught:
        make_client(workload_token_file=tmp_path / "token").get_delegation_token()
    assert CANARY not in everything_about(caught.value)
    with pytest.raises(AuthsecError) as caught:
        find_proof(AuthsecConfig(base_url="https://a", client_id=CLIENT_ID, workload_token_file=tmp_path / "token"))
    assert CANARY not in everything_about(caught.value)


def test_no_content_of_a_useless_secret_file(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(f"{CANARY}\n{CANARY}")
    with pytest.raises(AuthsecError) as caught:
        AuthsecConfig.from_env({"AUTHSEC_CLIENT_SECRET_FILE": str(tmp_path / "secret")})
    assert CANARY not in everything_about(caught.value)


def test_no_secret_in_a_refused_setting() -> None:
    for settings in (
        {"client_secret": f"{CANARY}\n"},
        {"client_secret": CANARY, "workload_token_file": "/x"},
        {"client_secret": CANARY, "timeout": -1},
        {"proxy": f"http://u:{CANARY}@"},
        {"proxy": CANARY},
        {"base_url": f"https://u:{CANARY}@authsec.example.com"},
        {"base_url": f"https://authsec.example.com?token={CANARY}"},
    ):
        with pytest.raises(ValueError, match="invalid_config") as caught:
            AuthsecConfig(**{"base_url": "http://evil.example", "client_id": "x", **settings})  # type: ignore[arg-type]
        error = caught.value
        assert CANARY not in "".join([str(error), repr(error), repr(error.args), repr(vars(error))])
        assert error.__cause__ is None
        assert error.__context__ is None


def test_no_secret_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTHSEC_BASE_URL", "http://evil.example")
    monkeypatch.setenv("AUTHSEC_CLIENT_SECRET", CANARY)
    monkeypatch.setenv("AUTHSEC_PROXY", f"http://u:{CANARY}@proxy:1")
    with pytest.raises(AuthsecError) as caught:
        AuthsecConfig.from_env()
    assert CANARY not in everything_about(caught.value)
    monkeypatch.setenv("AUTHSEC_WORKLOAD_TOKEN_FILE", "/no/such/file")
    with pytest.raises(AuthsecError) as caught:
        find_proof(AuthsecConfig(base_url="https://a", client_id=CLIENT_ID))
    assert CANARY not in everything_about(caught.value)


def test_no_secret_in_pydantic_s_own_error() -> None:
    with pytest.raises(ValueError) as caught:
        AuthsecConfig.model_validate({"client_secret": "canary"})  # short: pydantic would cut a long input
    assert "canary" not in str(caught.value) + repr(caught.value)


def test_no_password_of_a_proxy(make_client: MakeClient) -> None:
    client = make_client(proxy=f"http://user:{CANARY}@127.0.0.1:1")
    with pytest.raises(AuthsecError) as caught:
        client.get_delegation_token()
    assert CANARY not in everything_about(caught.value) + repr(client.config) + repr(client)
    socks = make_client(proxy=f"socks5://user:{CANARY}@127.0.0.1:1")
    with pytest.raises(AuthsecError) as caught:
        socks.get_delegation_token()
    assert CANARY not in everything_about(caught.value)


def test_the_client_redacts(client: AuthsecClient, server: FakeServer) -> None:
    server.answer = lambda _: token_reply("opaque-token-1")
    client.get_delegation_token()
    text = f"a opaque-token-1 b {TOKEN} c Bearer opaque-but-long-enough-0 d bearer of news"
    assert client.redact(text) == "a [redacted] b [redacted] c Bearer [redacted] d bearer of news"


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        (f'{{"Authorization": "Bearer {TOKEN}"}}', '{"Authorization": "Bearer [redacted]"}'),
        (f"https://a/?access_token={TOKEN}&x=1", "https://a/?access_token=[redacted]&x=1"),
        ("Basic dXNlcjpwYXNzd29yZDE=", "Basic [redacted]"),
        ("Basic research", "Basic research"),
        ("authorization: dpop Kz~8mXK1EalYznwH-LC-1fBAo", "authorization: dpop [redacted]"),
        ("DPoP proofs are good once", "DPoP proofs are good once"),
        ("eyJhbGciOiJSUzI1NiJ9.half", "[redacted]"),
        (f"x={TOKEN}. And more.", "x=[redacted] And more."),
        ("a-long-word-with-eyJ-but-no-dot", "a-long-word-with-eyJ-but-no-dot"),
        ("nothing here", "nothing here"),
    ],
)
def test_redact(text: str, clean: str) -> None:
    assert redact(text) == clean


def test_redact_is_linear() -> None:
    started = time.process_time()
    for unit in ("eyJ", "eyJ.", "Bearer ", "Basic" + " " * 50, "a" * 50 + "\n"):
        redact(unit * 100_000)
    assert time.process_time() - started < 10


def test_redact_takes_the_longest_secret_first() -> None:
    assert redact("abcdef", ["abc", "abcdef", ""]) == "[redacted]"


def test_one_line_redacts_before_it_cuts() -> None:
    assert one_line("x" * 10 + TOKEN, limit=30) == "x" * 10 + "[redacted]"
    assert one_line("a\nb\x1b[0m", limit=3) == "a …"


def test_the_locals_of_frames_are_really_looked_at() -> None:
    """Show that everything_about would notice: a frame of ours that holds the canary is seen."""
    code = compile("def leak():\n    held = CANARY\n    raise ValueError\nleak()", "authsec_langchain/x.py", "exec")
    with pytest.raises(ValueError) as caught:
        exec(code, {"CANARY": CANARY})
    assert CANARY in everything_about(caught.value)
