"""One fetch, driven by hand: no socket, no thread, no time."""

from __future__ import annotations

import base64
import json
import time
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authsec_langchain import (
    AuthsecConfig,
    AuthsecConnectionError,
    AuthsecError,
    AuthsecProtocolError,
    AuthsecResponseError,
    RateLimitedError,
    TemporarilyUnavailableError,
)
from authsec_langchain._core import Request, Sleep, Surroundings, token_flow
from authsec_langchain._reply import Fetched, Response, Unreachable
from authsec_langchain._scope import Scope
from conftest import WALL, World
from server import CLIENT_ID

CONFIG = AuthsecConfig(base_url="https://authsec.example.com", client_id=CLIENT_ID)
EXPIRES = "2026-05-21T08:00:00Z"  # an hour after WALL
MINIMAL = {"token": "a.b.c", "expires_at": EXPIRES}
LOST = Unreachable("ConnectError: refused.")


def ok(body: Any = MINIMAL, **headers: str) -> Response:
    shown = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(200, shown, body if isinstance(body, bytes) else json.dumps(body).encode())


def refused(status: int, code: str = "", **headers: str) -> Response:
    body = json.dumps({"error": code, "error_description": "No."}).encode() if code else b"<html>"
    return Response(status, {name.replace("_", "-"): value for name, value in headers.items()}, body)


def drive(
    *replies: Response | Unreachable, world: World | None = None, config: AuthsecConfig = CONFIG, **how: Any
) -> tuple[Fetched, list[Request]]:
    """Answer the flow's requests in turn; every reply must be used."""
    world = world or World()
    flow = token_flow(config, how.get("scope", Scope()), fresh=how.get("fresh", False), around=world.around)
    left, sent = list(replies), []
    step = next(flow)
    try:
        while True:
            if isinstance(step, Sleep):
                world.around.sleep(step.seconds)
                step = flow.send(None)
            else:
                sent.append(step)
                step = flow.send(left.pop(0))
    except StopIteration as finished:
        assert not left
        return finished.value, sent


def fails(*replies: Response | Unreachable, **how: Any) -> AuthsecError:
    with pytest.raises(AuthsecError) as caught:
        drive(*replies, **how)
    return caught.value


def jwt(**claims: Any) -> str:
    payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    return f"eyJhbGciOiJSUzI1NiJ9.{payload}.c2ln"


# --- the request


def test_the_request_asks_for_no_more_than_it_must() -> None:
    _, (request,) = drive(ok())
    assert request.url == f"https://authsec.example.com/authsec/uflow/sdk/delegation-token?client_id={CLIENT_ID}"
    assert request.headers["Accept"] == "application/json"
    assert request.headers["User-Agent"].startswith("authsec-langchain-sdk/")
    assert not {"origin", "authorization", "cache-control"} & {name.lower() for name in request.headers}


def test_the_request_carries_every_choice() -> None:
    config = AuthsecConfig(
        base_url="https://example.com/t/", client_id=CLIENT_ID, delegation_id="dlg 1", role="support&x", ttl=90
    )
    scope = Scope(("a:read", "b:write"), ("https://a?x=1", "https://b"))
    _, (request,) = drive(ok(), config=config, scope=scope, fresh=True)
    assert request.url == (
        f"https://example.com/t/authsec/uflow/sdk/delegation-token?client_id={CLIENT_ID}"
        "&delegation_id=dlg+1&role=support%26x&audience=https%3A%2F%2Fa%3Fx%3D1&audience=https%3A%2F%2Fb"
        "&actions=a%3Aread+b%3Awrite&ttl=90"
    )
    assert request.headers["Cache-Control"] == "no-cache"


# --- a good answer


def test_a_full_answer() -> None:
    body = MINIMAL | {
        "spiffe_id": "spiffe://td/agent/1",
        "permissions": ["billing:read"],
        "audience": ["https://api"],
        "ttl_seconds": 600,
        "client_id": CLIENT_ID.upper(),
        "delegation_id": "dlg-1",
        "status": "active",
        "issued_at": "2026-05-21T07:00:00Z",
        "something_new": {"later": True},
    }
    fetched, _ = drive(ok(body))
    got = fetched.delegation
    assert (got.token, got.spiffe_id, got.permissions, got.audience) == (
        "a.b.c",
        "spiffe://td/agent/1",
        ("billing:read",),
        ("https://api",),
    )
    assert (got.ttl_seconds, got.client_id, got.delegation_id, got.status) == (600, CLIENT_ID, "dlg-1", "active")
    assert got.expires_at == WALL + timedelta(hours=1)
    assert got.issued_at == WALL
    assert (fetched.sent_at, fetched.ends_at) == (1000.0, 1600.0)


def test_the_lifetime_counts_from_the_sending() -> None:
    world = World()
    flow = token_flow(CONFIG, Scope(), fresh=False, around=world.around)
    next(flow)
    world.time += 7  # the answer was slow
    with pytest.raises(StopIteration) as finished:
        flow.send(ok(MINIMAL | {"ttl_seconds": 60}))
    assert finished.value.value.ends_at == 1060.0


def test_the_lifetime_counts_from_the_last_sending() -> None:
    world = World()
    fetched, _ = drive(LOST, ok(MINIMAL | {"ttl_seconds": 60}), world=world)
    assert fetched.sent_at == 1000.0 + world.slept[0]


@pytest.mark.parametrize("wall_hours_off", [-48, 0, 48])
@pytest.mark.parametrize(
    ("reply", "seconds"),
    [
        (ok(MINIMAL | {"ttl_seconds": 600}, date="Thu, 21 May 2026 07:59:00 GMT"), 600),
        (ok(MINIMAL, date="Thu, 21 May 2026 07:30:00 GMT"), 1800),
        (ok(MINIMAL | {"token": jwt(iat=100, exp=1000)}), 900),
        (ok(MINIMAL | {"token": jwt(iat=100, exp=1000)}, date="nonsense"), 900),
    ],
)
def test_a_wrong_wall_clock_does_no_harm(reply: Response, seconds: float, wall_hours_off: int) -> None:
    world = World()
    world.wall = WALL + timedelta(hours=wall_hours_off)
    fetched, _ = drive(reply, world=world)
    assert fetched.ends_at - fetched.sent_at == seconds
    assert fetched.delegation.ttl_seconds == seconds


@pytest.mark.parametrize("token", ["opaque", "a.b.c", jwt(exp=5), jwt(iat="x", exp=5), "eyJ.W10.x", "eyJ.bnVsbA.x"])
def test_the_wall_clock_is_the_last_resort(token: str) -> None:
    fetched, _ = drive(ok(MINIMAL | {"token": token}))
    assert fetched.ends_at - fetched.sent_at == 3600
    assert fetched.delegation.permissions == ()
    assert fetched.delegation.status == "active"
    assert fetched.delegation.delegation_id is None


def test_nulls_and_a_single_audience_are_tolerated() -> None:
    fetched, _ = drive(ok(MINIMAL | {"permissions": None, "audience": "https://api", "ttl_seconds": None}))
    assert fetched.delegation.audience == ("https://api",)


# --- a bad 200


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (ok(b""), "json"),
        (ok(b"<html>login</html>"), "json"),
        (ok([MINIMAL]), "body"),
        (ok({"expires_at": EXPIRES}), "token"),
        (ok({"token": "a.b.c"}), "expires_at"),
        (ok(MINIMAL | {"token": ""}), "token"),
        (ok(MINIMAL | {"token": "a.b.c\r\nX-Evil: 1"}), "token"),
        (ok(MINIMAL | {"token": "a.b.c\n"}), "token"),
        (ok(MINIMAL | {"token": "ünïcode"}), "token"),
        (ok(MINIMAL | {"token": "x" * 40000}), "token"),
        (ok(MINIMAL | {"token": 5}), "token"),
        (ok(MINIMAL | {"expires_at": "2026-05-21T08:00:00"}), "expires_at"),
        (ok(MINIMAL | {"expires_at": 1779350400}), "expires_at"),
        (ok(MINIMAL | {"ttl_seconds": 0}), "ttl_seconds"),
        (ok(MINIMAL | {"ttl_seconds": -5}), "ttl_seconds"),
        (ok(MINIMAL | {"ttl_seconds": "600"}), "ttl_seconds"),
        (ok(MINIMAL | {"ttl_seconds": 10**30}), "ttl_seconds"),
        (ok(MINIMAL | {"permissions": "billing:read"}), "permissions"),
        (ok(MINIMAL | {"client_id": "6f1c2d3e-0000-4000-8000-0000000000bb"}), "another agent"),
        (ok(MINIMAL, date="Thu, 21 May 2026 08:00:00 GMT"), "ended already"),
        (ok(MINIMAL, content_encoding="gzip"), "compressed"),
        (Response(200, {}, b"{}", truncated=True), "too large"),
    ],
)
def test_a_malformed_200_is_a_protocol_error(reply: Response, said: str) -> None:
    error = fails(reply)
    assert type(error) is AuthsecProtocolError
    assert said in str(error)
    assert error.status == 200
    assert error.__context__ is None


def test_a_malformed_200_is_not_quoted() -> None:
    error = fails(ok({"token": "eyJcanary.canary.canary", "expires_at": "canary"}, x_request_id="req-1"))
    assert "canary" not in str(error)
    assert error.request_id == "req-1"


@given(st.binary(max_size=200), st.sampled_from([200, 301, 400, 429, 503]))
def test_any_body_is_an_authsec_error(body: bytes, status: int) -> None:
    with pytest.raises(AuthsecError):
        drive(*[Response(status, {}, body)] * (4 if status in (429, 503) else 1))


@given(
    st.dictionaries(
        st.sampled_from([*MINIMAL, "ttl_seconds", "audience", "permissions", "client_id", "issued_at", "status"]),
        st.one_of(
            st.none(), st.integers(), st.text(max_size=9), st.lists(st.text(max_size=3), max_size=2), st.just(EXPIRES)
        ),
    )
)
def test_any_json_is_a_usable_token_or_a_protocol_error(body: dict[str, Any]) -> None:
    try:
        fetched, _ = drive(ok(body))
    except AuthsecProtocolError:
        return
    assert fetched.ends_at > fetched.sent_at
    assert fetched.delegation.token


def test_the_clock_does_not_go_by_the_wall() -> None:
    clock = Surroundings().clock
    boottime = getattr(time, "CLOCK_BOOTTIME", None)
    reference = time.monotonic if boottime is None else lambda: time.clock_gettime(boottime)
    earlier, now, later = reference(), clock(), reference()
    assert earlier <= now <= later


@pytest.mark.parametrize("lacking", ["python", "kernel"])
def test_without_a_clock_that_counts_suspension(monkeypatch: pytest.MonkeyPatch, lacking: str) -> None:
    if lacking == "python":
        monkeypatch.delattr(time, "CLOCK_BOOTTIME", raising=False)
    else:
        monkeypatch.setattr(time, "CLOCK_BOOTTIME", 9999, raising=False)
    assert Surroundings().clock is time.monotonic


# --- trying again


def test_it_tries_again_after_what_may_pass() -> None:
    world = World()
    fetched, sent = drive(LOST, refused(429, "rate_limited"), refused(503), ok(), world=world)
    assert fetched.delegation.token == "a.b.c"
    assert len(sent) == 4
    assert world.slept == [0.125, 0.25, 0.5]  # exponential, at the low end of the jitter


def test_jitter_is_up_to_the_whole_step() -> None:
    world = World()
    world.luck = 1.0
    drive(LOST, LOST, LOST, ok(), world=world)
    assert world.slept == [0.25, 0.5, 1.0]


def test_the_step_has_a_longest() -> None:
    world = World()
    world.luck = 1.0
    config = AuthsecConfig(base_url="https://a", client_id=CLIENT_ID, max_retries=8, retry_budget=600)
    drive(*[LOST] * 8, ok(), world=world, config=config)
    assert world.slept[-3:] == [8.0, 8.0, 8.0]


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (LOST, AuthsecConnectionError),
        (refused(429, "rate_limited"), RateLimitedError),
        (refused(429, "slow_down"), RateLimitedError),
        (refused(429), RateLimitedError),
        (refused(503, "temporarily_unavailable"), TemporarilyUnavailableError),
        (refused(503), TemporarilyUnavailableError),
    ],
)
def test_it_gives_up_after_max_retries(reply: Response | Unreachable, kind: type[AuthsecError]) -> None:
    assert type(fails(*[reply] * 4)) is kind
    config = AuthsecConfig(base_url="https://a", client_id=CLIENT_ID, max_retries=0)
    assert type(fails(reply, config=config)) is kind


@pytest.mark.parametrize("status", [201, 204, 400, 401, 403, 404, 408, 409, 410, 418, 425, 500, 502, 504])
def test_it_tries_again_after_nothing_else(status: int) -> None:
    error = fails(refused(status))
    assert type(error) is AuthsecResponseError
    assert error.status == status


def test_a_permanent_fault_is_not_tried_again() -> None:
    assert type(fails(Unreachable("certificate", permanent=True))) is AuthsecConnectionError


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_an_error_that_says_where_to(status: int) -> None:
    error = fails(Response(status, {"location": "https://login.example.com/x?secret=1"}, b""))
    assert type(error) is AuthsecProtocolError
    assert "https://login.example.com/x'" in str(error)
    assert "secret" not in str(error)


# --- Retry-After


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry_after": "5"}, 5),
        ({"retry_after": "0"}, 0),
        ({"retry_after": " 7 "}, 7),
        ({"retry_after": "Thu, 21 May 2026 07:00:09 GMT"}, 9),
        ({"retry_after": "Thu, 21 May 2026 06:00:00 GMT"}, 0),
        ({"retry_after": "Thu, 21 May 2026 10:00:04 GMT", "date": "Thu, 21 May 2026 10:00:00 GMT"}, 4),
    ],
)
def test_retry_after_is_honoured(headers: dict[str, str], seconds: float) -> None:
    world = World()
    drive(refused(503, "temporarily_unavailable", **headers), ok(), world=world)
    assert world.slept == [seconds]
    world.luck = 1.0
    drive(refused(503, "temporarily_unavailable", **headers), ok(), world=world)
    assert world.slept[1] == seconds + 0.25  # jitter only ever adds


@pytest.mark.parametrize("value", ["", "soon", "-5", "1.5", "²", "Thu, 99 May 2026 07:00:09 GMT"])
def test_a_senseless_retry_after_is_ignored(value: str) -> None:
    world = World()
    drive(refused(429, "rate_limited", retry_after=value), ok(), world=world)
    assert world.slept == [0.125]


@pytest.mark.parametrize("value", ["31", "999999999999", "Thu, 21 May 2026 09:00:00 GMT"])
def test_it_gives_up_at_once_when_retry_after_is_beyond_the_budget(value: str) -> None:
    world = World()
    error = fails(refused(429, "rate_limited", retry_after=value), world=world)
    assert type(error) is RateLimitedError
    assert world.slept == []
    assert error.retry_after is not None
    assert 30 < error.retry_after <= 24 * 3600


def test_the_budget_is_for_all_tries_together() -> None:
    world = World()
    error = fails(refused(429, "rate_limited", retry_after="20"), refused(429, retry_after="20"), world=world)
    assert type(error) is RateLimitedError
    assert world.slept == [20]
