"""Every shared vector of bound tokens and their proofs, decided as it says."""

from __future__ import annotations

import asyncio
import base64
from typing import Any

import pytest

import vectors
from authsec_langchain.verify import InvalidProofError
from authsec_langchain.verify._dpop import ALGORITHMS, Proof, Request, parse_proof
from authsec_langchain.verify.asgi import BearerMiddleware, Message, Receive, Scope, Send, claims_of
from vectors import AUDIENCE, NOW

Case = dict[str, Any]
PROOFS, REQUESTS = vectors.cases("dpop/proofs.json"), vectors.cases("dpop/requests.json")


def named(case: Case) -> str:
    return f"{case['source']} {case['name']}"


@pytest.mark.parametrize("case", PROOFS, ids=named)
def test_proof(case: Case) -> None:
    request = Request(case["method"], case["url"], case.get("access_token", ""), case.get("now", NOW))
    if case["valid"]:
        want = case["result"]
        got = parse_proof(case["dpop"], request)
        assert got == Proof(want["jkt"], want["jti"], want.get("nonce", ""), want["iat"])
        assert want["alg"] in ALGORITHMS
    else:
        with pytest.raises(InvalidProofError) as caught:
            parse_proof(case["dpop"], request)
        assert caught.value.reason == case["error"]
        for part in case["dpop"].split("."):
            assert len(part) < 16 or part[:16] not in str(caught.value)


class Api:
    """The API that requests.json speaks of, without a server around it."""

    def __init__(self, *, sender_constrained: bool) -> None:
        self.certificate: bytes | None = None
        self.verifier = vectors.verifier_at_now(require_sender_constrained=sender_constrained)

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            assert claims_of(scope).subject
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b""})

        self.app = BearerMiddleware(app, self.verifier, client_certificate=lambda _: self.certificate)

    def get(self, case: Case) -> tuple[int, list[str]]:
        """Return the answer's status and its challenges."""
        assert case["url"].startswith(AUDIENCE)
        self.certificate = base64.b64decode(case["certificate"]) if "certificate" in case else None
        headers = [(b"authorization", value.encode()) for value in case["authorization"]]
        headers += [(b"dpop", value.encode()) for value in case["dpop"]]
        path = case["url"].removeprefix(AUDIENCE)
        scope = {
            "type": "http", "method": case["method"], "scheme": "http", "path": path, "raw_path": path.encode(),
            "query_string": b"", "headers": headers,
        }  # fmt: skip
        sent: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": b""}

        async def send(message: Message) -> None:
            sent.append(message)

        asyncio.run(self.app(scope, receive, send))
        return sent[0]["status"], [v.decode() for n, v in sent[0]["headers"] if n == b"www-authenticate"]


@pytest.mark.parametrize("case", REQUESTS, ids=named)
def test_request(case: Case) -> None:
    api = Api(sender_constrained=case.get("sender_constrained", False))
    with api.verifier:
        if "after" in case:
            before = next(other for other in REQUESTS if other["name"] == case["after"])
            assert api.get(before)[0] == before["status"]
        status, challenges = api.get(case)
    assert status == case["status"]
    if case["valid"]:
        assert challenges == []
        return
    assert sorted(challenge.partition(" ")[0] for challenge in challenges) == ["Bearer", "DPoP"]
    for challenge in challenges:
        scheme = case.get("scheme", "DPoP")  # where none is named, whichever
        told = challenge.startswith(scheme + " ")
        assert ('error="' in challenge) == told
        assert not told or f'error="{case["error"]}"' in challenge
        assert (f'algs="{" ".join(ALGORITHMS)}"' in challenge) == challenge.startswith("DPoP ")
