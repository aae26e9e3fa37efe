"""Whatever the worst caller or server could send."""

from __future__ import annotations

import base64
import contextlib
import json
import zlib
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import vectors
from authsec_langchain import DPoPKey
from authsec_langchain._htu import escaped, target
from authsec_langchain.verify import ConstrainedError, InvalidProofError, TokenRefusedError, VerifyError
from authsec_langchain.verify._bearer import Carried, carried_token
from authsec_langchain.verify._confirmation import parse_confirmation
from authsec_langchain.verify._dpop import ALGORITHMS, Request, parse_proof
from authsec_langchain.verify._events import parse_event
from authsec_langchain.verify._json import Ambiguous, Number, depth, parse, parse_object
from authsec_langchain.verify._jwks import parse_key_set
from authsec_langchain.verify._jws import decode_base64url
from authsec_langchain.verify._sse import MAX_EVENT, EventReader
from authsec_langchain.verify._statuslist import StatusList, _statuses, parse_status_list
from authsec_langchain.verify._steps import run
from authsec_langchain.verify._tls import der
from vectors import ISSUER, KEYS, NOW

GOOD = vectors.token("valid_full")
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.= \n"

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@pytest.fixture(scope="module")
def verifier() -> Any:
    with vectors.verifier_at_now() as built:
        yield built


@given(text=st.text() | st.text(alphabet=ALPHABET))
def test_any_text_is_refused_with_a_reason(verifier: Any, text: str) -> None:
    with pytest.raises(TokenRefusedError):
        verifier.verify(text)


@given(at=st.integers(0, len(GOOD) - 1), new=st.sampled_from(ALPHABET))
def test_a_token_with_another_letter_is_refused(verifier: Any, at: int, new: str) -> None:
    changed = GOOD[:at] + new + GOOD[at + 1 :]
    if changed == GOOD:
        assert verifier.verify(changed).token_id
    else:
        with pytest.raises(TokenRefusedError):
            verifier.verify(changed)


@given(at=st.integers(0, len(GOOD)), cut=st.integers(0, 9), put=st.text(alphabet=ALPHABET, max_size=9))
def test_a_token_that_is_cut_and_spliced_is_refused(verifier: Any, at: int, cut: int, put: str) -> None:
    changed = GOOD[:at] + put + GOOD[at + cut :]
    if changed != GOOD:
        with pytest.raises(TokenRefusedError):
            verifier.verify(changed)


@given(header=VALUES, payload=VALUES)
def test_any_json_is_refused_with_a_reason(verifier: Any, header: Any, payload: Any) -> None:
    parts = (json.dumps(part).encode() for part in (header, payload))
    with pytest.raises(TokenRefusedError):
        verifier.verify(".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts) + ".AAAA")


def plain(value: Any) -> Any:
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    return int(value) if isinstance(value, Number) else value


@given(value=st.dictionaries(st.text(), VALUES))
def test_json_is_read_as_it_was_written(value: dict[str, Any]) -> None:
    for text in (json.dumps(value), json.dumps(value, ensure_ascii=False, indent=1)):
        assert plain(parse_object(text.encode("utf-8"))) == value


@given(value=VALUES, name=st.text(max_size=4), depth_=st.integers(0, 5))
def test_a_name_twice_is_never_read(value: Any, name: str, depth_: int) -> None:
    pair = f"{json.dumps(name)}:{json.dumps(value)}"
    text = '{"a":[' * depth_ + f"{{{pair},{pair}}}" + "]}" * depth_
    with pytest.raises(ValueError):
        parse_object(text.encode())
    inner = parse(text.encode()) if depth_ == 0 else None
    assert inner is None or isinstance(inner, Ambiguous)


@given(data=st.binary() | st.text(alphabet='[]{}"\\, a').map(str.encode))
@example(data=b'"' + b'\\"' * 40_000)
def test_depth_is_what_a_slow_reader_counts(data: bytes) -> None:
    level = deepest = 0
    quoted = skip = False
    for sign in data:
        if skip:
            skip = False
        elif quoted and sign == ord("\\"):
            skip = True
        elif sign == ord('"'):
            quoted = not quoted
        elif not quoted and sign in b"[{":
            level += 1
            deepest = max(deepest, level)
        elif not quoted and sign in b"]}":
            level -= 1
    assert depth(data) == deepest


@given(data=st.binary())
def test_json_or_a_value_error(data: bytes) -> None:
    try:
        parse(data)
    except ValueError as error:
        assert str(error) in ("not JSON", "nested too deep")  # noqa: PT017 (either is right)


@given(data=st.binary())
def test_base64url_has_one_spelling(data: bytes) -> None:
    encoded = base64.urlsafe_b64encode(data).decode().rstrip("=")
    assert decode_base64url(encoded) == data
    for other in (encoded + "=", encoded + "\n", " " + encoded, encoded + "+", encoded + "é"):
        assert decode_base64url(other) is None


@given(text=st.text(alphabet=ALPHABET))
def test_base64url_round_trips(text: str) -> None:
    decoded = decode_base64url(text)
    assert decoded is None or base64.urlsafe_b64encode(decoded).decode().rstrip("=") == text


@given(value=VALUES | st.fixed_dictionaries({"keys": st.lists(VALUES)}))
def test_any_key_set(value: Any) -> None:
    try:
        assert parse_key_set(json.dumps(value).encode()) == {}
    except ValueError as error:
        assert "JWK Set" in str(error)  # noqa: PT017 (either is right)


@given(text=st.text(alphabet=ALPHABET))
def test_any_list_or_event_is_refused_with_a_reason(text: str) -> None:
    for steps in (
        parse_status_list(text, f"{ISSUER}/oauth2/status-lists/1", ISSUER, KEYS, NOW, 30),
        parse_event(text, ISSUER, KEYS, NOW, 30),
    ):
        with pytest.raises(VerifyError):
            run(steps, timeout=1)


@given(data=st.binary(max_size=64), cut=st.integers(0, 20), bits=st.sampled_from([1, 2, 4, 8]))
def test_a_list_that_is_cut_is_refused(data: bytes, cut: int, bits: int) -> None:
    whole = zlib.compress(data)
    lst = base64.urlsafe_b64encode(whole[: len(whole) - cut] if cut else whole).decode().rstrip("=")
    value = {"bits": Number(bits), "lst": lst}
    if cut:
        with pytest.raises(VerifyError):
            _statuses(value)
    else:
        assert _statuses(value) == (bits, data)


@given(bits=st.sampled_from([1, 2, 4, 8]), data=st.data())
def test_statuses_are_read_as_they_were_written(bits: int, data: st.DataObject) -> None:
    statuses = data.draw(st.lists(st.integers(0, 2**bits - 1), max_size=40))
    packed = bytearray((len(statuses) * bits + 7) // 8)
    for index, status in enumerate(statuses):
        packed[index * bits // 8] |= status << (index * bits % 8)
    listed = StatusList(bits, bytes(packed), 0, 0, None)
    assert [listed.status(index) for index in range(len(statuses))] == statuses
    assert listed.status(listed.size) is None


STREAMS = st.lists(
    st.sampled_from(
        ["data: a\n", "data:b\r\n", "id: 7\r", "event: recall\n", "\n", "\r\n", "\r", ": x\n", "data\n", "é", "\0"]
    )
).map("".join)


@given(stream=STREAMS, cuts=st.lists(st.integers(0, 200)))
def test_a_stream_says_the_same_however_it_is_cut(stream: str, cuts: list[int]) -> None:
    data = stream.encode() + b"x"  # a CR at the very end waits for what comes
    edges = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    reader = EventReader()
    pieces = [event for start, end in pairwise(edges) for event in reader.feed(data[start:end])]
    assert pieces == EventReader().feed(data)


@given(data=st.binary(max_size=200))
def test_any_stream(data: bytes) -> None:
    EventReader().feed(data)


@pytest.mark.parametrize("line", [b"data: x\n", b": comment\n", b"x"])
def test_an_endless_event(line: bytes) -> None:
    reader = EventReader()

    def feed() -> None:
        for _ in range(MAX_EVENT + 1):
            reader.feed(line)

    with pytest.raises(ValueError, match="longer"):
        feed()


@given(value=st.binary(), query=st.binary())
def test_any_authorization(value: bytes, query: bytes) -> None:
    for header in (value, b"Bearer " + value, b"DPoP " + value):
        for schemes in (("Bearer",), ("Bearer", "DPoP")):
            found = carried_token([(b"host", b"x"), (b"authorization", header)], query, schemes)  # type: ignore[arg-type]
            if isinstance(found, Carried):
                assert found.scheme in schemes
                assert header[: len(found.scheme) + 1].lower() == found.scheme.lower().encode() + b" "
                assert header.endswith(found.token.encode())
                assert found.token.isascii()


KEY = DPoPKey.generate()
REQUEST = Request("GET", "https://billing.example.com/bills/7", "token", NOW)
PROOF = KEY.proof(REQUEST.method, REQUEST.url, now=NOW, token=REQUEST.token)


@given(text=st.text() | st.text(alphabet=ALPHABET))
def test_any_text_is_no_proof(text: str) -> None:
    with pytest.raises(InvalidProofError):
        parse_proof(text, REQUEST)


@given(at=st.integers(0, len(PROOF)), cut=st.integers(0, 9), put=st.text(alphabet=ALPHABET, max_size=9))
def test_a_proof_that_is_cut_and_spliced_is_refused(at: int, cut: int, put: str) -> None:
    changed = PROOF[:at] + put + PROOF[at + cut :]
    if changed != PROOF:
        with pytest.raises(InvalidProofError):
            parse_proof(changed, REQUEST)


@given(header=VALUES, jwk=VALUES, payload=VALUES, algorithm=st.sampled_from(ALGORITHMS), size=st.integers(0, 600))
def test_any_json_is_no_proof(header: Any, jwk: Any, payload: Any, algorithm: str, size: int) -> None:
    kty = "RSA" if algorithm[1] == "S" and algorithm[0] in "RP" else "EC"
    number = base64.urlsafe_b64encode(b"\x9f" * size).rstrip(b"=").decode()
    for head in (
        header,
        {"typ": "dpop+jwt", "alg": algorithm, "jwk": jwk},
        {"typ": "dpop+jwt", "alg": algorithm, "jwk": {"kty": kty, "n": number, "e": "AQAB"}},
        {"typ": "dpop+jwt", "alg": algorithm, "jwk": {"kty": kty, "crv": "P-256", "x": number[:43], "y": number[:43]}},
    ):
        parts = [json.dumps(part).encode() for part in (head, payload)] + [b"\x01" * size]
        with pytest.raises(InvalidProofError):
            parse_proof(".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts), REQUEST)


@given(value=VALUES)
def test_any_confirmation(value: Any) -> None:
    for cnf in (value, {"jkt": value}, {"x5t#S256": value}, {"jkt": KEY.thumbprint, "kid": value}):
        with pytest.raises(ConstrainedError):
            parse_confirmation(parse_object(json.dumps({"cnf": cnf}).encode()))
    assert parse_confirmation({"cnf": {"jkt": KEY.thumbprint}}) is not None


URLS = st.text(alphabet="htps:/.%2eE5~aZ0[]?#@|\\\u00e9 -", max_size=40) | st.text(max_size=20)


@given(url=URLS | URLS.map(lambda text: "https://a.example/" + text))
def test_a_target_has_one_spelling_or_none(url: str) -> None:
    try:
        once = target(url)
    except ValueError:
        return
    assert target(once) == once
    assert once.startswith(("http://", "https://"))
    assert "?" not in once
    assert "#" not in once
    assert "/../" not in once + "/"


@given(path=st.text(st.characters(exclude_categories=["Cs"]), max_size=30))
def test_every_path_can_be_signed(path: str) -> None:
    url = "https://a.example/" + path.replace("%", "%25")
    assert parse_proof(KEY.proof("GET", url, now=NOW), Request("GET", escaped(url), "", NOW)).proof_id


@given(value=st.binary(max_size=600))
def test_any_certificate(value: bytes) -> None:
    for text in (value, b"-----BEGIN CERTIFICATE-----\n" + base64.b64encode(value) + b"\n-----END CERTIFICATE-----"):
        for given_ in (text, text.decode("latin-1")):
            with contextlib.suppress(ValueError):
                assert isinstance(der(given_), bytes)
