"""Recalls that reach a verifier, and what it does while they cannot."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from authsec_langchain.verify import ClaimsError, RevocationUnknownError, RevokedError, Verifier, VerifyError
from authsec_langchain.verify._around import Around
from authsec_langchain.verify._checks import Both
from authsec_langchain.verify._feed import FeedCheck
from issuer import AUDIENCE, RESOURCE_ID, RESOURCE_SECRET, Issuer

LISTS, FEED = "/oauth2/status-lists/1", "/oauth2/revocations"
DOWN = (503, {"Retry-After": "1"}, b"")
ALL = ("push", "poll", "introspect")


class Clock:
    """A monotonic clock that runs, and can be put forward."""

    def __init__(self) -> None:
        self.ahead = 0.0
        self.around = Around(clock=lambda: time.monotonic() + self.ahead, chance=lambda: 0.0)


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with Issuer().running() as running:
        yield running


@pytest.fixture
def clock() -> Clock:
    return Clock()


Make = Callable[..., Verifier]


@pytest.fixture
def make(issuer: Issuer, clock: Clock) -> Iterator[Make]:
    made: list[Verifier] = []

    def build(mode: str, **settings: Any) -> Verifier:
        credential = {"resource_id": RESOURCE_ID, "resource_secret": RESOURCE_SECRET}
        made.append(
            Verifier(
                issuer.url,
                **{"audience": AUDIENCE, "revocation": mode, "_around": clock.around, **credential, **settings},
            )
        )
        check = made[-1]._check
        if isinstance(check, Both):
            feed = check._checks[0]
            assert isinstance(feed, FeedCheck)
            feed._poll_every = 0.05  # seconds of these tests' time
        return made[-1]

    yield build
    for verifier in made:
        verifier.close()


def code(verifier: Verifier, token: str) -> str:
    try:
        return verifier.verify(token).revocation
    except VerifyError as error:
        return error.code


def becomes(verifier: Verifier, token: str, want: str, within: float = 5.0) -> bool:
    """Report whether the token's outcome becomes want in time. What happens in threads has no moment to wait for."""
    end = time.monotonic() + within
    while (got := code(verifier, token)) != want:
        if time.monotonic() > end:
            pytest.fail(f"it stays {got}")
        threading.Event().wait(0.005)
    return True


def connected(issuer: Issuer) -> None:
    assert issuer.connected.acquire(timeout=5)


def caught_up(issuer: Issuer, verifier: Verifier) -> None:
    """Wait until the stream is open, and what it began with has been read."""
    connected(issuer)
    issuer.recall(jti="marker")
    becomes(verifier, issuer.mint(jti="marker"), "revoked")


def test_a_recall_is_pushed(issuer: Issuer, make: Make) -> None:
    verifier, token = make("push"), issuer.mint(idx=7)
    assert code(verifier, token) == "checked"
    connected(issuer)
    begun = time.monotonic()
    issuer.recall(idx=7)
    becomes(verifier, token, "revoked", within=1)
    assert time.monotonic() - begun < 1
    assert code(verifier, issuer.mint(idx=8)) == "checked"
    assert issuer.requests.count(f"GET {LISTS}") == 1  # which was before


def test_a_revoked_token_is_pushed(issuer: Issuer, make: Make) -> None:
    verifier = make("push")
    assert code(verifier, issuer.mint(jti="token-1")) == "checked"
    connected(issuer)
    issuer.recall(jti="token-1")
    becomes(verifier, issuer.mint(jti="token-1"), "revoked", within=1)
    assert code(verifier, issuer.mint(jti="token-2")) == "checked"


async def test_asynchronously(issuer: Issuer, make: Make) -> None:
    verifier, token = make("push"), issuer.mint()
    assert (await verifier.averify(token)).revocation == "checked"
    issuer.recall(idx=7)
    becomes(verifier, token, "revoked")
    with pytest.raises(RevokedError):
        await verifier.averify(token)


@pytest.mark.parametrize("mode", ALL)
def test_recalls_from_before_are_known_at_the_first_token(issuer: Issuer, make: Make, mode: str) -> None:
    for idx in (1, 2, 3):  # more than a page of the feed
        issuer.recall(idx=idx)
    issuer.recall(jti="token-9")
    verifier = make(mode)
    assert code(verifier, issuer.mint(idx=7, jti="token-9")) == "revoked"
    assert code(verifier, issuer.mint(idx=3)) == "revoked"
    assert code(verifier, issuer.mint(idx=4)) == "checked"


def test_the_stream_goes_on_where_it_broke(issuer: Issuer, make: Make) -> None:
    verifier = make("push")
    assert code(verifier, issuer.mint()) == "checked"
    connected(issuer)
    issuer.recall(idx=1)
    issuer.recall(idx=2)
    becomes(verifier, issuer.mint(idx=2), "revoked")
    issuer.break_streams()
    connected(issuer)
    assert issuer.since == [0, 2]


def test_polling_takes_over_while_there_is_no_stream(issuer: Issuer, make: Make, caplog: Any) -> None:
    caplog.set_level(logging.WARNING, "authsec_langchain.verify")
    verifier = make("push", max_staleness=7)
    assert code(verifier, issuer.mint()) == "checked"
    connected(issuer)
    issuer.broken["stream"] = DOWN
    issuer.break_streams()
    issuer.recall(idx=7)
    becomes(verifier, issuer.mint(idx=7), "revoked")
    assert code(verifier, issuer.mint(idx=8)) == "checked"
    said = [record.getMessage() for record in caplog.records]
    assert len([text for text in said if text.startswith("recalls_interrupted error=stream")]) == 1
    del issuer.broken["stream"]
    connected(issuer)


def test_no_stream_at_all(issuer: Issuer, make: Make) -> None:
    issuer.broken["stream"] = (429, {"Retry-After": "30"}, b"")
    verifier = make("push")
    assert code(verifier, issuer.mint()) == "checked"
    issuer.recall(idx=7)
    becomes(verifier, issuer.mint(), "revoked")
    end = time.monotonic() + 10
    while issuer.requests.count(f"GET {FEED}") < 25:  # for longer than a second
        assert time.monotonic() < end
        threading.Event().wait(0.02)
    assert issuer.requests.count("GET stream") == 1  # Retry-After is heeded


@pytest.mark.parametrize("accept", [False, True])
@pytest.mark.parametrize("mode", ALL)
def test_beyond_the_staleness(
    issuer: Issuer, make: Make, clock: Clock, mode: str, accept: bool, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "authsec_langchain.verify")
    verifier = make(mode, on_unknown="accept" if accept else "refuse")
    token = issuer.mint()
    assert code(verifier, token) == "checked"
    if mode == "push":
        caught_up(issuer, verifier)
    for name in ("stream", FEED, LISTS, "/oauth2/introspect"):
        issuer.broken[name] = DOWN
    issuer.break_streams()
    assert code(verifier, token) == "checked"
    clock.ahead += 11
    want = "unknown" if accept else "revocation_unknown"
    becomes(verifier, token, want)
    said = [record.getMessage() for record in caplog.records if "revocation_unknown" in record.getMessage()]
    assert len(said) == 1
    assert f"mode={mode} tokens={'accepted' if accept else 'refused'}" in said[0]
    assert RESOURCE_SECRET not in caplog.text
    issuer.broken.clear()
    clock.ahead += 1
    becomes(verifier, token, "checked", within=15)


def test_what_is_known_to_be_recalled_stays_so(issuer: Issuer, make: Make, clock: Clock) -> None:
    verifier = make("push", on_unknown="accept")
    issuer.recall(idx=7)
    assert code(verifier, issuer.mint()) == "revoked"
    issuer.broken |= {"stream": DOWN, FEED: DOWN, LISTS: DOWN}
    issuer.break_streams()
    clock.ahead += 3600
    assert code(verifier, issuer.mint(idx=7)) == "revoked"


def test_a_silent_stream_is_given_up(issuer: Issuer, make: Make, clock: Clock) -> None:
    verifier, token = make("push"), issuer.mint()
    assert code(verifier, token) == "checked"
    caught_up(issuer, verifier)
    clock.ahead += 8.5
    issuer.send(": still here\n\n")  # bytes, but no heartbeat for more than 8 seconds
    connected(issuer)  # anew
    assert code(verifier, token) == "checked"


@pytest.mark.parametrize("old", [{"iat": int(time.time()) - 40}, {"iss": "https://other.example.com"}])
def test_a_replayed_or_foreign_heartbeat_is_no_sign_of_life(
    issuer: Issuer, make: Make, clock: Clock, old: dict[str, Any]
) -> None:
    verifier, token = make("push"), issuer.mint()
    assert code(verifier, token) == "checked"
    caught_up(issuer, verifier)
    issuer.broken |= {FEED: DOWN, "stream": DOWN}
    clock.ahead += 11
    issuer.beat(**old)
    becomes(verifier, token, "revocation_unknown")


def test_a_heartbeat_is_one(issuer: Issuer, make: Make, clock: Clock) -> None:
    verifier, token = make("push"), issuer.mint()
    assert code(verifier, token) == "checked"
    caught_up(issuer, verifier)
    issuer.broken |= {FEED: DOWN}
    clock.ahead += 7
    issuer.beat()
    end = time.monotonic() + 5
    while (age := verifier.revocation_age) is None or age > 6:
        assert time.monotonic() < end
        threading.Event().wait(0.005)
    clock.ahead += 4
    assert code(verifier, token) == "checked"


def test_a_forged_recall_ends_the_stream_and_recalls_nothing(issuer: Issuer, make: Make) -> None:
    verifier, token = make("push"), issuer.mint(idx=7)
    assert code(verifier, token) == "checked"
    connected(issuer)
    claims = {"iss": issuer.url, "iat": int(time.time()), "seq": 1}
    claims["status_list"] = {"idx": 7, "uri": issuer.list_uri()}
    forged = issuer.sign("authsec-recall+jwt", claims, kid="vector-unpublished")
    issuer.send(f"event: recall\nid: 1\ndata: {forged}\n\n")
    connected(issuer)  # anew
    assert code(verifier, token) == "checked"


def test_a_server_with_an_older_database(issuer: Issuer, make: Make, caplog: pytest.LogCaptureFixture) -> None:
    for idx in range(5):
        issuer.recall(idx=idx)
    verifier = make("push")
    assert code(verifier, issuer.mint(idx=4)) == "revoked"
    connected(issuer)
    issuer.broken["stream"] = DOWN
    issuer.break_streams()
    issuer.recalls.clear()  # it is restored from a backup
    issuer.recall(jti="token-7")
    becomes(verifier, issuer.mint(jti="token-7"), "revoked")
    assert code(verifier, issuer.mint(idx=4)) == "revoked"
    assert "recalls_went_back from=5 to=1" in caplog.text


@pytest.mark.parametrize(
    "page",
    [
        b"<html>",
        b"{}",
        b'{"events":[],"last":"0","more":false}',
        b'{"events":[],"last":0,"more":true}',
        b'{"events":["e30.e30.e30"],"last":1,"more":false}',
        b'{"events":[7],"last":1,"more":false}',
        b'{"events":[],"last":0,"last":0,"more":false}',
    ],
)
def test_a_feed_that_is_none(issuer: Issuer, make: Make, page: bytes) -> None:
    issuer.broken |= {FEED: (200, {}, page), "stream": DOWN}
    assert code(make("push"), issuer.mint()) == "revocation_unknown"


@pytest.mark.parametrize("mode", ALL)
def test_a_wrong_credential(issuer: Issuer, make: Make, mode: str) -> None:
    assert code(make(mode, resource_secret="wrong"), issuer.mint()) == "revocation_unknown"


def test_lists_without_a_credential(issuer: Issuer, make: Make, clock: Clock) -> None:
    verifier = make("poll", resource_id=None, resource_secret=None)
    assert code(verifier, issuer.mint()) == "checked"
    issuer.recall(idx=7)
    assert code(verifier, issuer.mint()) == "checked"  # not asked again so soon
    clock.ahead += 5.1  # half of the ttl: asked in the background
    becomes(verifier, issuer.mint(), "revoked", within=3)
    assert code(verifier, issuer.mint(idx=None)) == "off"
    assert {request for request in issuer.requests if "oauth2" in request} == {f"GET {LISTS}"}


def test_an_unchanged_list_is_not_sent_again(issuer: Issuer, make: Make, clock: Clock) -> None:
    verifier, token = make("poll", resource_id=None, resource_secret=None), issuer.mint()
    seen: list[int] = []
    answer = issuer._answer

    def noted(handler: Any) -> Any:
        reply = answer(handler, LISTS)
        seen.append(reply[0])
        return reply

    issuer.answers[LISTS] = noted
    for _ in range(3):
        assert code(verifier, token) == "checked"
        clock.ahead += 11  # beyond the staleness: asked, and waited for
    assert seen == [200, 304, 304]
    issuer.recall(idx=7)
    assert code(verifier, token) == "revoked"


def test_a_list_that_expired_at_hand(issuer: Issuer, make: Make) -> None:
    ahead = 0.0
    around = Around(now=lambda: time.time() + ahead)
    verifier = make("poll", resource_id=None, resource_secret=None, max_staleness=3600, _around=around)
    token = issuer.mint(exp=int(time.time()) + 3600)
    assert code(verifier, token) == "checked"
    issuer.broken[LISTS] = DOWN
    ahead = 329
    assert code(verifier, token) == "checked"
    ahead = 331
    assert code(verifier, token) == "revocation_unknown"


def test_lists_tell_what_the_stream_does_not(issuer: Issuer, make: Make, clock: Clock) -> None:
    verifier, token = make("push"), issuer.mint()
    assert code(verifier, token) == "checked"
    caught_up(issuer, verifier)
    issuer.retired.add(7)  # a recall that is not for the credential's resource
    assert code(verifier, token) == "checked"
    clock.ahead += 121
    becomes(verifier, token, "revoked", within=10)


def test_a_token_without_a_status(issuer: Issuer, make: Make) -> None:
    token = issuer.mint(idx=None)
    assert code(make("push"), token) == "checked"  # for the token itself
    with pytest.raises(ClaimsError, match="want a status"):
        make("push", require_status=True).verify(token)


def test_every_token_is_introspected(issuer: Issuer, make: Make) -> None:
    verifier, token = make("introspect"), issuer.mint()
    assert code(verifier, token) == "checked"
    issuer.recall(idx=7)
    assert code(verifier, token) == "revoked"
    assert issuer.requests.count("POST /oauth2/introspect") == 2
    assert code(verifier, "x" + token) == "malformed"  # is not sent anywhere
    assert issuer.requests.count("POST /oauth2/introspect") == 2


@pytest.mark.parametrize(
    "reply",
    [
        (200, {}, b"{}"),
        (200, {}, b'{"active":1}'),
        (200, {}, b'{"active":"true"}'),
        (200, {}, b'{"active":false,"active":true}'),
        (200, {}, b'{"active":true,"jti":"another"}'),
        (500, {}, b'{"active":true}'),
        (304, {}, b""),
        (302, {"Location": "/oauth2/elsewhere"}, b""),
    ],
)
def test_introspection_responses_that_are_none(issuer: Issuer, make: Make, reply: Any) -> None:
    issuer.broken["/oauth2/introspect"] = reply
    assert code(make("introspect"), issuer.mint()) == "revocation_unknown"


async def test_introspection_that_fails_leaves_nothing_behind(issuer: Issuer, make: Make) -> None:
    complaints: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
    issuer.broken["/oauth2/introspect"] = DOWN
    with pytest.raises(RevocationUnknownError):
        await make("introspect").averify(issuer.mint())
    gc.collect()
    assert complaints == []


def test_inactive_overrules_what_was_known(issuer: Issuer, make: Make) -> None:
    verifier, token = make("introspect"), issuer.mint()
    assert code(verifier, token) == "checked"
    issuer.recall(idx=7)
    assert code(verifier, token) == "revoked"
    issuer.broken["/oauth2/introspect"] = DOWN
    assert code(verifier, token) == "revocation_unknown"


def test_the_credential_is_not_redirected(issuer: Issuer, make: Make) -> None:
    issuer.broken[FEED] = (302, {"Location": "/elsewhere"}, b"")
    with pytest.raises(RevocationUnknownError, match="redirected with a credential"):
        make("poll").verify(issuer.mint())
    assert "GET /elsewhere" not in issuer.requests


def test_close_ends_the_stream_at_once(issuer: Issuer, make: Make) -> None:
    verifier, token = make("push"), issuer.mint()
    assert code(verifier, token) == "checked"
    connected(issuer)
    begun = time.monotonic()
    verifier.close()
    assert time.monotonic() - begun < 2
    assert not [thread for thread in threading.enumerate() if thread.name == "authsec-recalls"]
    assert code(verifier, token) == "checked"  # what is known serves until it is too old


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_forked_child_listens_for_itself(issuer: Issuer, make: Make) -> None:
    verifier, token = make("push"), issuer.mint()
    assert code(verifier, token) == "checked"
    connected(issuer)
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(write, code(verifier, token).encode() + b" ")
        os._exit(0 if becomes(verifier, issuer.mint(idx=8), "revoked") else 1)
    connected(issuer)
    assert os.read(read, 100) == b"checked "
    issuer.recall(idx=8)
    assert os.waitpid(child, 0)[1] == 0
    os.close(read)
    os.close(write)


def test_more_recalls_than_are_kept(issuer: Issuer, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("authsec_langchain.verify._feed.MAX_RECALLS", 3)
    for number in range(5):
        issuer.recall(jti=f"token-{number}")
    verifier = make("push")
    assert code(verifier, issuer.mint(jti="token-4")) == "revoked"
    # The first two are forgotten: of tokens as old as they are, nothing is known any more.
    assert code(verifier, issuer.mint(jti="token-0", iat=int(time.time()) - 20)) == "revocation_unknown"
    assert code(verifier, issuer.mint(jti="token-9", iat=int(time.time()) + 5)) == "checked"


def test_recalls_of_ended_tokens_are_forgotten(issuer: Issuer, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    issuer.recall(jti="token-1")
    monkeypatch.setattr("authsec_langchain.verify._feed.KEEP", -60.0)
    verifier = make("push")
    assert code(verifier, issuer.mint(jti="token-1")) == "checked"
