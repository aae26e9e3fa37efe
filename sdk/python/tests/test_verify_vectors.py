"""Every shared vector, decided as it says."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pytest

import vectors
from authsec_langchain.verify import (
    Actor,
    Claims,
    RevocationUnknownError,
    RevokedError,
    TokenRefusedError,
    VerifyError,
)
from authsec_langchain.verify._events import parse_event
from authsec_langchain.verify._http import Answer, Http, NotFoundError
from authsec_langchain.verify._jwks import parse_key_set
from authsec_langchain.verify._lists import ListCheck
from authsec_langchain.verify._sse import EventReader, SentEvent
from authsec_langchain.verify._statuslist import parse_status_list
from authsec_langchain.verify._steps import run
from vectors import ISSUER, KEYS, NOW

Case = dict[str, Any]


def named(case: Case) -> str:
    return str(case["name"])


def outcome(call: Any) -> tuple[Any, str | None]:
    try:
        return call(), None
    except VerifyError as error:
        return None, error.code


def plain(claims: Claims) -> dict[str, Any]:
    """Return claims as the vectors write them."""

    def actor(one: Actor) -> dict[str, Any]:
        said: dict[str, Any] = {"sub": one.subject}
        said |= {"client_id": one.client_id} if one.client_id else {}
        return said | ({"act": actor(one.actor)} if one.actor else {})

    def seconds(time: datetime) -> int:
        assert time.utcoffset() is not None
        return int(time.timestamp())

    said = {
        "iss": claims.issuer,
        "sub": claims.subject,
        "act": actor(claims.actor),
        "client_id": claims.client_id,
        "aud": list(claims.audience),
        "jti": claims.token_id,
        "exp": seconds(claims.expires_at),
        "iat": seconds(claims.issued_at),
        "nbf": seconds(claims.not_before),
        "actions": list(claims.actions),
    }
    for name in ("delegation_id", "role", "attestation", "spiffe_id", "agent_type", "user_id", "email"):
        said |= {name: getattr(claims, name)} if getattr(claims, name) else {}
    return said


@pytest.mark.parametrize("case", vectors.cases("tokens.json"), ids=named)
def test_token(case: Case) -> None:
    with vectors.verifier_at_now() as verifier:
        claims, code = outcome(lambda: verifier.verify(case["token"]))
    assert code == case.get("error")
    if case["valid"]:
        assert plain(claims) == case["claims"]
        assert (claims.status, claims.revocation) == (None, "off")


async def test_tokens_asynchronously() -> None:
    with vectors.verifier_at_now() as verifier:
        for case in vectors.cases("tokens.json"):
            try:
                await verifier.averify(case["token"])
                code = None
            except VerifyError as error:
                code = error.code
            assert code == case.get("error"), case["name"]


def test_every_refusal_has_a_vector() -> None:
    seen = {case.get("error") for name in ("tokens.json",) for case in vectors.cases(name)}
    classes = {cls.code for cls in TokenRefusedError.__subclasses__()}
    elsewhere = {"revoked", "unconstrained", "invalid_dpop_proof", "use_dpop_nonce"}
    assert classes - seen == elsewhere


def test_errors_quote_nothing_of_the_token() -> None:
    with vectors.verifier_at_now() as verifier:
        for case in vectors.cases("tokens.json"):
            if case["valid"]:
                continue
            with pytest.raises(TokenRefusedError) as caught:
                verifier.verify(case["token"])
            for part in case["token"].split("."):
                assert len(part) < 16 or part[:16] not in str(caught.value)


def test_the_key_set_holds_the_signing_keys_alone() -> None:
    assert sorted(parse_key_set(vectors.JWKS)) == ["vector-a", "vector-b"]


@pytest.mark.parametrize("case", vectors.cases("revocation/lists.json"), ids=named)
def test_status_list(case: Case) -> None:
    listed, code = outcome(lambda: run(parse_status_list(case["token"], case["uri"], ISSUER, KEYS, NOW, 30), timeout=1))
    assert code == case.get("error")
    if case["valid"]:
        assert (listed.bits, listed.size, listed.ttl) == (case["bits"], case["size"], case.get("ttl"))
        assert (listed.issued_at, listed.expires_at) == (case["iat"], case["exp"])
        for place in case.get("statuses", []):
            assert listed.status(place["idx"]) == place["status"], place
        for index in (*case.get("out_of_range", []), listed.size, -1):
            assert listed.status(index) is None


@pytest.mark.parametrize("case", vectors.cases("revocation/events.json"), ids=named)
def test_event(case: Case) -> None:
    event, code = outcome(lambda: run(parse_event(case["token"], ISSUER, KEYS, NOW, 30), timeout=1))
    assert code == case.get("error")
    if case["valid"]:
        want = case["event"]
        assert (event.sequence, event.issued_at, event.token_id) == (want["seq"], want["iat"], want.get("jti", ""))
        assert (
            (event.status.uri, event.status.index) == (want["uri"], want["idx"]) if event.status else "uri" not in want
        )
        assert event.is_heartbeat == ("fresh" in want)
        if event.is_heartbeat:
            assert (NOW - event.issued_at <= 30) == want["fresh"]


class Lists(Http):
    """Serves the lists of lists.json without a network: their addresses are not ours."""

    def __init__(self, served: str | None) -> None:
        self.served = served

    def get(self, url: str, headers: Mapping[str, str]) -> Answer:
        for case in vectors.cases("revocation/lists.json"):
            if case["name"] == self.served:
                return Answer(200, {}, case["token"].encode())
        raise NotFoundError(f"GET {url}: not found")


@pytest.mark.parametrize("accept", [False, True], ids=["refuse", "accept"])
@pytest.mark.parametrize("case", vectors.cases("revocation/tokens.json"), ids=named)
def test_token_with_a_status(case: Case, accept: bool) -> None:
    with vectors.verifier_at_now(revocation="poll", on_unknown="accept" if accept else "refuse") as verifier:
        check = verifier._check
        assert isinstance(check, ListCheck)
        check._http = Lists(case.get("list"))
        claims, code = outcome(lambda: verifier.verify(case["token"]))
    unknown = case.get("outcome") == "unknown"
    want = {"revoked": RevokedError.code, "unknown": None if accept else RevocationUnknownError.code}
    assert code == (want.get(case["outcome"]) if case["valid"] else case["error"])
    if claims is not None:
        place = {"idx": claims.status.index, "uri": claims.status.uri} if claims.status else None
        assert place == case.get("status")
        assert claims.revocation == ("unknown" if unknown else "checked" if place else "off")


@pytest.mark.parametrize("piece", [1, 2, 3, 7, 10_000])
@pytest.mark.parametrize("case", vectors.cases("revocation/streams.json"), ids=named)
def test_stream(case: Case, piece: int) -> None:
    reader = EventReader()
    stream = case["stream"].encode("utf-8")
    events = [event for at in range(0, len(stream), piece) for event in reader.feed(stream[at : at + piece])]
    assert events == [SentEvent(**event) for event in case["events"]]
