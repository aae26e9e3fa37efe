"""Where keys come from: fetched once, kept, renewed, and never from elsewhere."""

from __future__ import annotations

import asyncio
import json
import ssl
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from authsec_langchain import AuthsecConfigError
from authsec_langchain.verify import KeysUnavailableError, UnknownKeyError, Verifier
from authsec_langchain.verify._around import Around
from authsec_langchain.verify._jwks import parse_key_set
from authsec_langchain.verify._keys import metadata_urls
from issuer import AUDIENCE, METADATA, Issuer
from tls import self_signed
from vectors import PRIVATE, read

JWKS = "GET /jwks.json"
MakeVerifier = Callable[..., Verifier]


class Clock:
    """A monotonic clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.time = 1000.0
        self.around = Around(clock=lambda: self.time)


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with Issuer().running() as running:
        yield running


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def make(issuer: Issuer, clock: Clock) -> Iterator[MakeVerifier]:
    made: list[Verifier] = []

    def build(**settings: Any) -> Verifier:
        made.append(Verifier(**{"issuer": issuer.url, "audience": AUDIENCE, "_around": clock.around, **settings}))
        return made[-1]

    yield build
    for verifier in made:
        verifier.close()


def settle() -> None:
    """Wait until no fetch is running in a thread of its own."""
    for thread in threading.enumerate():
        if thread.name == "authsec-keys":
            thread.join(10)
            assert not thread.is_alive()


def test_building_it_asks_nobody(issuer: Issuer, make: MakeVerifier) -> None:
    make()
    assert issuer.requests == []


def test_many_first_tokens_cause_one_fetch(issuer: Issuer, make: MakeVerifier) -> None:
    verifier, token = make(), issuer.mint()
    with ThreadPoolExecutor(32) as pool:
        claims = list(pool.map(lambda _: verifier.verify(token), range(64)))
    assert {one.token_id for one in claims} == {"token-1"}
    assert issuer.requests == [f"GET {METADATA}", JWKS]


async def test_a_task_that_is_cancelled_fails_nobody_else(issuer: Issuer, make: MakeVerifier) -> None:
    verifier, token = make(), issuer.mint()
    gate = threading.Event()

    def held(handler: Any) -> Any:
        gate.wait(10)
        return issuer._answer(handler, "/jwks.json")

    issuer.answers["/jwks.json"] = held
    first, second = (asyncio.ensure_future(verifier.averify(token)) for _ in range(2))
    await asyncio.wait([first, second], timeout=0.05)
    first.cancel()
    gate.set()
    assert (await second).token_id == "token-1"
    assert first.cancelled() or (await asyncio.wait([first]))


def test_a_new_key_is_found_at_once(issuer: Issuer, make: MakeVerifier, clock: Clock) -> None:
    issuer.kids = ["vector-a"]
    verifier = make()
    verifier.verify(issuer.mint())
    issuer.kids = ["vector-a", "vector-b"]
    clock.time += 5
    assert verifier.verify(issuer.mint(kid="vector-b")).token_id == "token-1"


def test_made_up_key_ids_cause_no_flood(issuer: Issuer, make: MakeVerifier, clock: Clock) -> None:
    issuer.kids = ["vector-a"]
    verifier = make()
    verifier.verify(issuer.mint())
    for second in range(12):
        clock.time = 1005 + second
        with pytest.raises(UnknownKeyError):
            verifier.verify(issuer.mint(kid="vector-b"))
    assert issuer.requests.count(JWKS) == 1 + 3  # at 5, 10 and 15 seconds


def test_keys_are_renewed_in_the_background(issuer: Issuer, make: MakeVerifier, clock: Clock) -> None:
    verifier, token = make(), issuer.mint()
    verifier.verify(token)
    for second, fetches in (
        (224, 1),
        (226, 2),
        (440, 2),
        (460, 3),
    ):  # max-age 300 by default, renewed at three quarters
        clock.time = 1000.0 + second
        verifier.verify(token)
        settle()
        assert issuer.requests.count(JWKS) == fetches, second


@pytest.mark.parametrize(
    ("header", "age"), [("max-age=120", 120), ("max-age=1", 60), ("max-age=999999", 3600), ("no-store", 60), ("x", 300)]
)
def test_the_answer_says_how_long_keys_are_good(
    issuer: Issuer, make: MakeVerifier, clock: Clock, header: str, age: int
) -> None:
    body = issuer._answer(None, "/jwks.json")[2]  # type: ignore[arg-type]
    issuer.broken["/jwks.json"] = 200, {"Cache-Control": f"public, {header}"}, body
    verifier, token = make(), issuer.mint()
    verifier.verify(token)
    for factor, fetches in ((0.74, 1), (0.76, 2)):
        clock.time = 1000 + age * factor
        verifier.verify(token)
        settle()
        assert issuer.requests.count(JWKS) == fetches


def test_the_last_good_keys_serve_for_a_day(issuer: Issuer, make: MakeVerifier, clock: Clock) -> None:
    verifier, token = make(), issuer.mint()
    verifier.verify(token)
    issuer.broken["/jwks.json"] = 500, {}, b""
    for hours in (1, 12, 23.9):
        clock.time = 1000 + hours * 3600
        verifier.verify(token)
        settle()
    clock.time = 1000 + 24.1 * 3600
    with pytest.raises(KeysUnavailableError, match="500"):
        verifier.verify(token)
    del issuer.broken["/jwks.json"]
    clock.time += 5
    verifier.verify(token)


def test_withdrawn_keys_count_no_more(issuer: Issuer, make: MakeVerifier, clock: Clock) -> None:
    verifier, token = make(), issuer.mint()
    verifier.verify(token)
    issuer.kids = []
    clock.time += 301
    with pytest.raises(UnknownKeyError):
        verifier.verify(token)


@pytest.mark.parametrize("path", [METADATA, "/jwks.json"])
@pytest.mark.parametrize(
    "reply",
    [
        (500, {}, b"{}"),
        (200, {}, b"<html>"),
        (200, {}, b"{}"),
        (200, {}, b'{"keys":[' + b" " * (1 << 20) + b"]}"),
        (302, {"Location": "http://127.0.0.1:1/keys"}, b""),
        (302, {"Location": "https://127.0.0.1/keys"}, b""),
        (302, {"Location": METADATA}, b""),
        (304, {}, b""),
    ],
    ids=["status", "not-json", "nothing", "long", "other-port", "other-scheme", "in-circles", "not-modified"],
)
def test_answers_that_are_no_keys(issuer: Issuer, make: MakeVerifier, path: str, reply: Any) -> None:
    issuer.broken[path] = reply
    with pytest.raises(KeysUnavailableError):
        make().verify(issuer.mint())


@pytest.mark.parametrize(
    "said",
    [
        {"issuer": "https://other.example.com", "jwks_uri": "/jwks.json"},
        {"issuer": "", "jwks_uri": "http://authsec.example.com/jwks.json"},
        {"issuer": "", "jwks_uri": "ftp://127.0.0.1/jwks.json"},
        {"issuer": ""},
    ],
)
def test_metadata_that_is_not_the_issuers(issuer: Issuer, make: MakeVerifier, said: dict[str, str]) -> None:
    said = {name: value if ":" in value or not value else issuer.url + value for name, value in said.items()}
    said["issuer"] = said["issuer"] or issuer.url
    issuer.broken[METADATA] = 200, {}, json.dumps(said).encode()
    with pytest.raises(KeysUnavailableError):
        make().verify(issuer.mint())
    assert JWKS not in issuer.requests


def test_a_redirect_within_the_origin_is_followed(issuer: Issuer, make: MakeVerifier) -> None:
    issuer.broken["/jwks.json"] = 302, {"Location": "/keys"}, b""
    issuer.answers["/keys"] = lambda handler: issuer._answer(handler, "/jwks.json")
    assert make().verify(issuer.mint()).token_id == "token-1"


def test_an_issuer_that_drips_does_not_hold_the_caller(issuer: Issuer, make: MakeVerifier) -> None:
    gate = threading.Event()
    issuer.answers[METADATA] = lambda _: (gate.wait(10), (200, {}, b""))[1]
    try:
        with pytest.raises(KeysUnavailableError):
            make(timeout=0.05).verify(issuer.mint())
    finally:
        gate.set()


@pytest.mark.parametrize("before", [True, False], ids=["rfc8414", "after-the-path"])
def test_an_issuer_behind_a_path(issuer: Issuer, make: MakeVerifier, before: bool) -> None:
    issuer.path = "/tenant"
    issuer.broken["/tenant" + METADATA if before else METADATA + "/tenant"] = 404, {}, b""
    assert make(issuer=issuer.url).verify(issuer.mint()).token_id == "token-1"


def test_metadata_addresses() -> None:
    assert metadata_urls("https://a.example/") == ["https://a.example" + METADATA]
    assert metadata_urls("https://a.example/b/%2F/") == [
        f"https://a.example{METADATA}/b/%2F",
        f"https://a.example/b/%2F{METADATA}",
    ]


def test_keys_over_tls(tmp_path: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    bundle = tmp_path / "ca.pem"
    bundle.write_bytes(self_signed(context))
    with Issuer(context).running() as issuer:
        token = issuer.mint()
        with Verifier(issuer.url, AUDIENCE) as stranger, pytest.raises(KeysUnavailableError, match="CERTIFICATE"):
            stranger.verify(token)
        with Verifier(issuer.url, AUDIENCE, ca_bundle=bundle) as verifier:
            assert verifier.verify(token).token_id == "token-1"


def test_keys_at_an_address_of_ones_own(issuer: Issuer, make: MakeVerifier) -> None:
    issuer.path = ""
    verifier = make(jwks_url=f"{issuer.url}/jwks.json")
    verifier.verify(issuer.mint())
    assert issuer.requests == [JWKS]


def test_after_close_the_keys_at_hand_serve(issuer: Issuer, make: MakeVerifier, clock: Clock) -> None:
    verifier, token = make(), issuer.mint()
    verifier.verify(token)
    verifier.close()
    clock.time += 3000
    verifier.verify(token)
    assert issuer.requests.count(JWKS) == 1
    with pytest.raises(UnknownKeyError):
        verifier.verify(issuer.mint(kid="vector-unpublished"))


PUBLIC = read("jwks.json")["keys"][0]


@pytest.mark.parametrize(
    ("change", "used"),
    [
        ({}, True),
        ({"use": None, "alg": None}, True),
        ({"key_ops": ["verify"]}, True),
        ({"x-note": "1"}, True),
        ({"use": "enc"}, False),
        ({"use": 7}, False),
        ({"alg": "RS512"}, False),
        ({"alg": "PS256"}, False),
        ({"key_ops": ["encrypt"]}, False),
        ({"key_ops": []}, False),
        ({"key_ops": "verify"}, False),
        ({"kid": None}, False),
        ({"kid": ""}, False),
        ({"kty": "XX"}, False),
        ({"n": None}, False),
        ({"n": "AQAB"}, False),
        ({"n": "_" * 684}, False),
        ({"e": "AA"}, False),
        ({"e": "AQ"}, False),
        ({"e": "Ag"}, False),
        ({"e": "_" * 20}, False),
        ({"d": PRIVATE["vector-a"]["d"]}, False),
    ],
)
def test_only_signing_keys_are_used(change: dict[str, Any], used: bool) -> None:
    jwk = {name: value for name, value in (PUBLIC | change).items() if value is not None}
    assert bool(parse_key_set(json.dumps({"keys": [jwk]}).encode())) is used


KEY = json.dumps(PUBLIC)


@pytest.mark.parametrize(
    "document",
    [
        "",
        "<html>",
        "[]",
        "{}",
        '{"keys":null}',
        '{"Keys":[]}',
        '{"keys":[],"keys":[]}',
        '{"keys":[]}x',
        f'{{"keys":[{KEY},{KEY}]}}',
        '{"keys":[' + ",".join(["{}"] * 101) + "]}",
        '{"keys":[],"x":' + "[" * 100 + "]" * 100 + "}",
    ],
)
def test_bad_key_sets(document: str) -> None:
    with pytest.raises(ValueError):
        parse_key_set(document.encode())
    with pytest.raises(AuthsecConfigError, match="jwks"):
        Verifier("any name", AUDIENCE, jwks=document)


def test_a_key_that_contradicts_itself_is_passed_over() -> None:
    twice = KEY[:-1] + ',"kid":"other"}'
    assert parse_key_set(f'{{"keys":[{twice}]}}'.encode()) == {}
    assert list(parse_key_set(('{"keys":[' + ",".join(["{}", "7", "null"] * 33 + [KEY]) + "]}").encode())) == [
        "vector-a"
    ]
