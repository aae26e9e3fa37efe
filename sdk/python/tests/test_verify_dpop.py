"""Tokens that are bound to a key: replays, nonces, certificates, settings. The rest is in the vectors."""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from jwt import get_algorithm_by_name
from pydantic import SecretStr

import vectors
from authsec_langchain import AuthsecConfigError, DPoPKey
from authsec_langchain._thumbprint import base64url
from authsec_langchain.verify import (
    Confirmation,
    ConstrainedError,
    InvalidProofError,
    Presented,
    ProofsFullError,
    TokenRefusedError,
    UncheckedError,
    UnconstrainedError,
    UseNonceError,
    Verifier,
)
from authsec_langchain.verify._around import Around
from authsec_langchain.verify._dpop import Request, parse_proof
from authsec_langchain.verify._nonces import INTERVAL, Nonces
from authsec_langchain.verify._replay import ReplayCache
from bound import bound_to, mint, presented
from vectors import AUDIENCE, ISSUER, JWKS, NOW

KEY = DPoPKey.generate()
CERTIFICATE = b"any bytes: only their hash counts"
X5T = {"x5t#S256": base64url(hashlib.sha256(CERTIFICATE).digest())}


class Clock:
    def __init__(self) -> None:
        self.now = float(NOW)


@pytest.fixture
def clock() -> Clock:
    return Clock()


def verifier(clock: Clock, **settings: Any) -> Verifier:
    return Verifier(ISSUER, AUDIENCE, jwks=JWKS, _around=Around(now=lambda: clock.now), **settings)


def test_a_bound_token_says_its_key(clock: Clock) -> None:
    token = bound_to(KEY)
    with verifier(clock) as checks:
        claims = checks.verify(token, presented(KEY, token))
        assert claims.confirmation == Confirmation(key_thumbprint=KEY.thumbprint)
        assert checks.verify(mint()).confirmation is None
        bound = checks.verify(mint(X5T), Presented(certificate=CERTIFICATE))
        assert bound.confirmation == Confirmation(certificate_thumbprint=X5T["x5t#S256"])


async def test_asynchronously(clock: Clock) -> None:
    token = bound_to(KEY)
    with verifier(clock) as checks:
        assert (await checks.averify(token, presented(KEY, token))).subject == "user-7"
        with pytest.raises(ConstrainedError):
            await checks.averify(token)


def test_rfc9449_11_1_a_proof_is_good_once_for_as_long_as_it_is_good(clock: Clock) -> None:
    token = bound_to(KEY)
    proof = presented(KEY, token, now=NOW + 30)  # as far ahead as may be: it is good for a minute
    with verifier(clock) as checks:
        checks.verify(token, proof)
        for later in (0, 30, 60):
            clock.now = NOW + later
            with pytest.raises(InvalidProofError) as caught:
                checks.verify(token, proof)
            assert caught.value.reason == "replayed"
        clock.now = NOW + 61
        with pytest.raises(InvalidProofError) as caught:
            checks.verify(token, proof)
        assert caught.value.reason == "time"


def test_another_key_may_use_the_same_id(clock: Clock) -> None:
    replays = ReplayCache(10)
    replays.use("key-1", "id", NOW + 30, NOW)
    replays.use("key-2", "id", NOW + 30, NOW)
    with pytest.raises(InvalidProofError):
        replays.use("key-1", "id", NOW + 30, NOW)


def test_a_refused_proof_is_not_remembered(clock: Clock) -> None:
    token, other = bound_to(KEY), bound_to(DPoPKey.generate())
    proof = presented(KEY, token)
    with verifier(clock, dpop_capacity=1) as checks:
        for wrong in (token[:-8] + "AAAAAAAA", other, mint(), bound_to(KEY, exp=NOW - 60)):
            with pytest.raises(TokenRefusedError):
                checks.verify(wrong, proof)
        assert checks.verify(token, proof).subject == "user-7"


def test_a_full_memory_refuses_and_never_forgets(clock: Clock) -> None:
    token = bound_to(KEY)
    proofs = [presented(KEY, token) for _ in range(4)]
    with verifier(clock, dpop_capacity=2) as checks:
        for proof in proofs[:2]:
            checks.verify(token, proof)
        with pytest.raises(ProofsFullError) as full:
            checks.verify(token, proofs[2])
        assert isinstance(full.value, UncheckedError)
        for proof in proofs[:2]:
            with pytest.raises(InvalidProofError):
                checks.verify(token, proof)
        assert checks.verify(mint()).subject == "user-7"  # others do not need the room
        clock.now = NOW + 31  # both have ended
        for _ in range(2):
            checks.verify(token, presented(KEY, token, now=clock.now))


def test_memory_is_bounded_by_what_is_in_use() -> None:
    replays = ReplayCache(1000)
    for second in range(10_000):
        replays.use("key", f"id-{second}", until=second + 60, now=second)
    assert len(replays) == 61


def test_one_of_many_threads_wins(clock: Clock) -> None:
    token = bound_to(KEY)
    proof = presented(KEY, token)
    gate = threading.Barrier(16)

    def use(_: int) -> bool:
        gate.wait()
        try:
            return bool(checks.verify(token, proof).subject)
        except InvalidProofError:
            return False

    with verifier(clock) as checks, ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(use, range(16))) == 1


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_forked_child_knows_what_was_used_before(clock: Clock) -> None:
    token = bound_to(KEY)
    used = presented(KEY, token)
    with verifier(clock, dpop_nonces=True) as checks:
        nonce = checks.dpop_nonce()
        used = presented(KEY, token, nonce=nonce)
        checks.verify(token, used)
        checks._possession._replays._lock.acquire()  # as another thread may hold it at the fork
        child = os.fork()
        if child == 0:
            signal.alarm(30)  # one that waits for the parent's lock ends so
            try:
                checks.verify(token, used)
            except InvalidProofError:
                os._exit(0 if checks.dpop_nonce() == nonce else 1)
            os._exit(2)
        assert os.waitpid(child, 0)[1] == 0


def test_rfc9449_9_a_nonce_is_demanded(clock: Clock) -> None:
    token = bound_to(KEY)
    with verifier(clock, dpop_nonces=True) as checks:
        nonce = checks.dpop_nonce()
        for wrong in ("", "x", nonce[:-1], "é" * 9):
            with pytest.raises(UseNonceError):
                checks.verify(token, presented(KEY, token, nonce=wrong))
        checks.verify(token, presented(KEY, token, nonce=nonce))
        clock.now = NOW + INTERVAL
        assert checks.dpop_nonce() != nonce
        checks.verify(token, presented(KEY, token, now=clock.now, nonce=nonce))
        clock.now = NOW + 2 * INTERVAL
        with pytest.raises(UseNonceError):
            checks.verify(token, presented(KEY, token, now=clock.now, nonce=nonce))
    with verifier(clock) as checks:
        assert checks.dpop_nonce() == ""


def test_processes_with_one_secret_take_each_others_nonces() -> None:
    one, two, other = (Nonces(secret) for secret in (b"s" * 32, b"s" * 32, None))
    assert two.accepts(one.current(NOW), NOW)
    assert not other.accepts(one.current(NOW), NOW)
    assert not one.accepts(one.current(NOW + INTERVAL), NOW)  # of the future


@pytest.mark.parametrize(
    ("required", "plain", "dpop", "mtls"),
    [
        (False, True, True, True), ("none", True, True, True), (True, False, True, True), ("any", False, True, True),
        ("dpop", False, True, False), ("mtls", False, False, True),
    ],
)  # fmt: skip
def test_what_is_required(clock: Clock, required: Any, plain: bool, dpop: bool, mtls: bool) -> None:
    bound = bound_to(KEY)
    with verifier(clock, require_sender_constrained=required) as checks:
        for passes, token, beside in (
            (plain, mint(), Presented()),
            (dpop, bound, presented(KEY, bound)),
            (mtls, mint(X5T), Presented(certificate=CERTIFICATE)),
        ):
            if passes:
                assert checks.verify(token, beside).subject == "user-7"
            else:
                with pytest.raises(UnconstrainedError):
                    checks.verify(token, beside)


def test_rfc9449_7_1_the_scheme_is_the_binding_s(clock: Clock) -> None:
    token = mint(X5T)
    with verifier(clock) as checks:
        beside = presented(KEY, token)
        both = Presented("DPoP", beside.method, beside.url, beside.proofs, CERTIFICATE)
        with pytest.raises(ConstrainedError, match="Bearer scheme"):
            checks.verify(token, both)


@pytest.mark.parametrize(
    ("curve", "algorithm", "changes"),
    [
        (ec.SECP256K1(), "ES256", {}),  # as long as P-256, and another curve
        (ec.SECP256K1(), "ES256", {"crv": "P-256"}),
        (ec.SECP256R1(), "ES256", {"n": "A" * 43}),  # of two types at once
        (ec.SECP256R1(), "ES256", {"kty": "OKP"}),
        (ec.SECP256R1(), "ES384", {}),
        (ec.SECP256R1(), "ES256", {"y": None}),
    ],
)
def test_rfc7518_6_2_keys_that_are_none_of_the_algorithm(
    curve: ec.EllipticCurve, algorithm: str, changes: dict[str, Any]
) -> None:
    key = ec.generate_private_key(curve)
    numbers = key.public_key().public_numbers()
    x, y = (base64url(number.to_bytes(32, "big")) for number in (numbers.x, numbers.y))
    jwk = {"kty": "EC", "crv": "P-256" if curve.name == "secp256r1" else "secp256k1", "x": x, "y": y} | changes
    header = {"typ": "dpop+jwt", "alg": algorithm, "jwk": jwk}
    claims = {"jti": "1", "htm": "GET", "htu": "https://a.example/", "iat": NOW}
    signed = ".".join(base64url(json.dumps(part).encode()) for part in (header, claims))
    raw = get_algorithm_by_name("ES256").sign(signed.encode(), key)
    with pytest.raises(InvalidProofError) as caught:
        parse_proof(f"{signed}.{base64url(raw)}", Request("GET", "https://a.example/", "", NOW))
    assert caught.value.reason == "key"


def test_a_verifier_without_dpop_refuses_its_tokens(clock: Clock) -> None:
    token = bound_to(KEY)
    with verifier(clock, dpop=False) as checks:
        with pytest.raises(ConstrainedError):
            checks.verify(token, presented(KEY, token))
        assert checks.verify(mint(X5T), Presented(certificate=CERTIFICATE)).subject == "user-7"


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"require_sender_constrained": "always"}, "require_sender_constrained must be"),
        ({"require_sender_constrained": "dpop", "dpop": False}, "needs dpop=True"),
        ({"dpop_nonces": True, "dpop": False}, "need dpop=True"),
        ({"dpop_nonces": b"s" * 31}, "at least 32 bytes"),
        ({"dpop_nonces": ""}, "at least 32 bytes"),
        ({"dpop_nonces": SecretStr("short")}, "at least 32 bytes"),
        ({"dpop_capacity": 0}, "dpop_capacity must be"),
        ({"dpop_capacity": 10_000_001}, "dpop_capacity must be"),
    ],
)
def test_wrong_settings(clock: Clock, settings: dict[str, Any], said: str) -> None:
    with pytest.raises(AuthsecConfigError, match=said):
        verifier(clock, **settings)


@pytest.mark.parametrize("secret", [b"s" * 32, "s" * 32, SecretStr("s" * 32)])
def test_a_secret_in_each_form(clock: Clock, secret: Any) -> None:
    with verifier(clock, dpop_nonces=secret) as checks:
        assert checks.dpop_nonce() == Nonces(b"s" * 32).current(NOW)


def test_errors_survive_a_pickle() -> None:
    error = InvalidProofError("method", "htm: want GET")
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), again.reason) == (InvalidProofError, str(error), "method")
    assert str(error) == "invalid_dpop_proof: the DPoP proof is not accepted: method: htm: want GET"


@pytest.fixture(params=[{}, {"dpop_nonces": True}])
def shown(request: pytest.FixtureRequest, clock: Clock) -> Iterator[str]:
    token = bound_to(KEY)
    beside = presented(KEY, token)
    with verifier(clock, **request.param) as checks:
        yield repr(checks) + repr(beside) + repr(checks._possession.__dict__)


def test_no_proof_and_no_nonce_secret_is_shown(shown: str) -> None:
    assert "eyJ" not in shown


def test_the_vectors_issuer_is_ours() -> None:
    with vectors.verifier_at_now() as checks:
        assert checks.verify(mint()).issuer == ISSUER
        assert checks.accepts_dpop
        assert checks.sender_constraint == "none"
