"""One class per cause, what each says, and that it survives copying."""

from __future__ import annotations

import copy
import pickle

import pytest

import authsec_langchain
from authsec_langchain import (
    AmbiguousDelegationError,
    AuthsecClient,
    AuthsecConfigError,
    AuthsecError,
    AuthsecResponseError,
    DelegationChoice,
    RateLimitedError,
    SelectorsNotSatisfiedError,
)
from authsec_langchain._errors import REFUSALS
from conftest import MakeClient
from server import FakeServer, Reply, error_reply

TABLE = {
    400: ["invalid_request", "invalid_dpop_proof", "use_dpop_nonce"],
    401: ["workload_proof_required", "invalid_workload_proof"],
    403: [
        "selectors_not_satisfied",
        "agent_suspended",
        "delegator_inactive",
        "role_not_held",
        "action_not_delegated",
        "no_effective_actions",
        "audience_not_allowed",
        "sender_constraint_required",
    ],
    404: ["unknown_client", "no_delegation"],
    409: ["ambiguous_delegation"],
    410: ["delegation_ended"],
    429: ["rate_limited"],
    503: ["temporarily_unavailable"],
}
CASES = [(status, code) for status, codes in TABLE.items() for code in codes]


def test_every_code_of_the_table_has_a_class_and_no_other() -> None:
    assert sorted(REFUSALS) == sorted(code for _, code in CASES)
    for code, cls in REFUSALS.items():
        assert cls.__name__ == "".join(word.capitalize() for word in code.split("_")) + "Error"
        assert getattr(authsec_langchain, cls.__name__) is cls
        assert issubclass(cls, AuthsecResponseError)


@pytest.mark.parametrize(("status", "code"), CASES)
def test_a_refusal_becomes_its_class(make_client: MakeClient, server: FakeServer, status: int, code: str) -> None:
    server.answer = lambda _: error_reply(status, code, "The reason is this.")
    with pytest.raises(AuthsecError) as caught:
        make_client(max_retries=0).get_delegation_token()
    error = caught.value
    assert type(error) is REFUSALS[code]
    reason, _, looked_for = error.description.partition(" This client looked for a proof in: ")
    assert (error.code, reason, error.status) == (code, "The reason is this.", status)
    assert bool(looked_for) == (code == "workload_proof_required")
    assert (error.request_id, error.retry_after) == ("req-7", None)
    assert (error.missing_selectors, error.delegations) == ((), ())
    said = str(error)
    for part in (f"{code} (HTTP {status})", "The reason is this.", "What to do: ", error.advice, "Request ID: req-7."):
        assert part in said
    assert error.advice.endswith(".")
    assert error.__cause__ is None
    assert error.__context__ is None


async def test_a_refusal_becomes_its_class_for_tasks_too(client: AuthsecClient, server: FakeServer) -> None:
    server.answer = lambda _: error_reply(403, "agent_suspended")
    with pytest.raises(authsec_langchain.AgentSuspendedError):
        await client.aget_delegation_token()


def test_missing_selectors_are_named(client: AuthsecClient, server: FakeServer) -> None:
    server.answer = lambda _: error_reply(403, "selectors_not_satisfied", missing_selectors=["k8s:sa", "k8s:ns"])
    with pytest.raises(SelectorsNotSatisfiedError, match="Not satisfied: k8s:sa, k8s:ns") as caught:
        client.get_delegation_token()
    assert caught.value.missing_selectors == ("k8s:sa", "k8s:ns")


def test_the_delegations_to_choose_from_are_named(client: AuthsecClient, server: FakeServer) -> None:
    choices = [{"delegation_id": "d1", "role": "support"}, {"delegation_id": "d2", "role": "sales", "more": 1}]
    server.answer = lambda _: error_reply(409, "ambiguous_delegation", delegations=choices)
    with pytest.raises(AmbiguousDelegationError, match=r"d1 \(role support\), d2 \(role sales\)") as caught:
        client.get_delegation_token()
    assert caught.value.delegations == (DelegationChoice("d1", "support"), DelegationChoice("d2", "sales"))
    assert "AUTHSEC_DELEGATION_ID" in str(caught.value)


def test_retry_after_is_told(make_client: MakeClient, server: FakeServer) -> None:
    server.answer = lambda _: error_reply(429, "rate_limited", retry_after="12")
    with pytest.raises(RateLimitedError, match="wait 12 s") as caught:
        make_client(max_retries=0).get_delegation_token()
    assert caught.value.retry_after == 12


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (error_reply(403, "a_code_of_tomorrow"), "a_code_of_tomorrow"),
        (error_reply(500, "internal"), "internal"),
        (Reply(502, b"<html>Bad Gateway</html>"), "unexpected_status"),
        (Reply(403, {"error": 5}), "unexpected_status"),
        (Reply(403, {"error": "Not A Code!"}), "unexpected_status"),
        (Reply(403, {"message": "x"}), "unexpected_status"),
    ],
)
def test_an_unknown_refusal_is_a_plain_response_error(
    client: AuthsecClient, server: FakeServer, reply: Reply, code: str
) -> None:
    server.answer = lambda _: reply
    with pytest.raises(AuthsecResponseError) as caught:
        client.get_delegation_token()
    assert type(caught.value) is AuthsecResponseError
    assert (caught.value.code, caught.value.status) == (code, reply.status)
    assert AuthsecResponseError.code == "unexpected_status"


def test_what_a_server_writes_cannot_harm_a_terminal_or_a_log(client: AuthsecClient, server: FakeServer) -> None:
    server.answer = lambda _: Reply(
        403,
        {
            "error": "agent_suspended",
            "error_description": "a\x1b[2Jb\r\nFAKE LOG LINE\u2028" + "x" * 5000,
            "missing_selectors": ["k\n8s"] * 1000,
        },
        {"X-Request-Id": "r" * 5000},
    )
    with pytest.raises(AuthsecError) as caught:
        client.get_delegation_token()
    said = str(caught.value)
    assert said.isprintable()
    assert len(said) < 2000
    assert caught.value.missing_selectors == ("k 8s",) * 32


def test_errors_survive_copying_and_pickling() -> None:
    error = AmbiguousDelegationError(
        "Which?", status=409, request_id="r", retry_after=1.5, delegations=[DelegationChoice("d", "role")]
    )
    for twin in (copy.copy(error), pickle.loads(pickle.dumps(error))):
        assert type(twin) is AmbiguousDelegationError
        assert str(twin) == str(error)
        assert vars(twin) == {**vars(error), "code": error.code}
    assert copy.copy(AuthsecResponseError("x", code="tomorrow")).code == "tomorrow"
    assert isinstance(pickle.loads(pickle.dumps(AuthsecConfigError("x"))), ValueError)
