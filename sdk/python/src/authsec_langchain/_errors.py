"""What can go wrong, one class per cause.

A server's refusal carries a code; its class is the code in CamelCase plus "Error" (`agent_suspended` →
`AgentSuspendedError`). Everything derives from AuthsecError. No message, attribute or pickle holds a token,
a secret or a proof of the workload.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, NamedTuple


class DelegationChoice(NamedTuple):
    """One of several delegations that an ambiguous request could have meant."""

    delegation_id: str
    role: str


class AuthsecError(Exception):
    """Base of everything this package raises on purpose.

    Attributes:
        code: what happened, in snake_case: the server's `error`, or one of this package's own.
        description: a sentence about this case.
        status: the HTTP status, or None when no answer came into it.
        request_id: the server's `X-Request-Id`, to find the request in its logs and audit; or None.
        retry_after: seconds the server asked to wait, or None.
        missing_selectors: keys of the selectors that the proof did not satisfy, such as `k8s:sa`.
        delegations: what the request could have meant, when it was ambiguous.
    """

    code: str = "authsec_error"
    advice: ClassVar[str] = ""

    def __init__(
        self,
        description: str = "",
        *,
        code: str | None = None,
        status: int | None = None,
        request_id: str | None = None,
        retry_after: float | None = None,
        missing_selectors: Sequence[str] = (),
        delegations: Sequence[DelegationChoice] = (),
    ) -> None:
        if code is not None:
            self.code = code  # a code that has no class keeps its own name
        self.description = description
        self.status = status
        self.request_id = request_id
        self.retry_after = retry_after
        self.missing_selectors = tuple(missing_selectors)
        self.delegations = tuple(delegations)
        super().__init__(self._sentence())

    def _sentence(self) -> str:
        where = f" (HTTP {self.status})" if self.status is not None else ""
        parts = [f"{self.code}{where}: {self.description or 'no description was given'}"]
        if self.missing_selectors:
            parts.append(f"Not satisfied: {', '.join(self.missing_selectors)}.")
        if self.delegations:
            choices = ", ".join(f"{choice.delegation_id} (role {choice.role})" for choice in self.delegations)
            parts.append(f"Choose one of: {choices}.")
        if self.retry_after is not None:
            parts.append(f"The server asked to wait {self.retry_after:g} s.")
        if self.advice:
            parts.append(f"What to do: {self.advice}")
        if self.request_id:
            parts.append(f"Request ID: {self.request_id}.")
        return " ".join(parts)

    def __reduce__(self) -> tuple[Any, ...]:
        # Exception's own way would call the class with the finished sentence; this also makes copy.copy() right.
        details = {
            "code": self.code,
            "status": self.status,
            "request_id": self.request_id,
            "retry_after": self.retry_after,
            "missing_selectors": self.missing_selectors,
            "delegations": self.delegations,
        }
        return _rebuild, (type(self), self.description, details)


def _rebuild(cls: type[AuthsecError], description: str, details: dict[str, Any]) -> AuthsecError:
    return cls(description, **details)


class AuthsecConfigError(AuthsecError, ValueError):
    """A setting is missing or wrong. Every fault is listed."""

    code = "invalid_config"


class AuthsecClosedError(AuthsecError):
    """The client was used after close()."""

    code = "client_closed"
    advice = "build one AuthsecClient for the life of the process, and close it last."


class AuthsecWorkloadTokenError(AuthsecError):
    """The workload's proof was set up and cannot be had: a token file, or the SPIFFE Workload API."""

    code = "workload_token_unusable"
    advice = (
        "check that the file is mounted and readable for this user, and that AUTHSEC_WORKLOAD_TOKEN_FILE "
        "or workload_token_file names it; for the Workload API, that its agent runs and knows this workload."
    )


class AuthsecConnectionError(AuthsecError):
    """No answer came: the name did not resolve, the connection failed or was cut, or time ran out."""

    code = "connection_failed"
    advice = (
        "check that base_url is right and that the server is up and reachable from here; for a private certificate "
        "authority set ca_bundle."
    )


class AuthsecProtocolError(AuthsecError):
    """An answer came that is not what the two sides agreed on."""

    code = "unexpected_response"
    advice = "check that base_url is the root of an AuthSec server, with nothing in between that rewrites its answers."


class InsecureDestinationError(AuthsecError):
    """A token was about to be sent in clear text to another machine."""

    code = "insecure_destination"
    advice = "use https, or pass allow_insecure_http=True where the network itself is trusted."


class AuthsecResponseError(AuthsecError):
    """The server refused. Raised itself for a code that this version does not know."""

    code = "unexpected_status"
    advice = "read the server's log for this request."


class InvalidRequestError(AuthsecResponseError):
    """400: the request is not well formed."""

    code = "invalid_request"
    advice = "correct the setting that the description names."


class UseDpopNonceError(AuthsecResponseError):
    """400: the DPoP proof lacked the server's nonce, and still did when it was sent again with the one it gave."""

    code = "use_dpop_nonce"
    advice = "check that nothing between here and the server removes or caches its DPoP-Nonce header."


class InvalidDpopProofError(AuthsecResponseError):
    """400: the DPoP proof is not good."""

    code = "invalid_dpop_proof"
    advice = (
        "check that this machine's clock is right to half a minute, and that base_url, or public_url, is the server's "
        "own public URL."
    )


class WorkloadProofRequiredError(AuthsecResponseError):
    """401: the agent requires proof of its workload and none was sent."""

    code = "workload_proof_required"
    advice = (
        "set AUTHSEC_WORKLOAD_TOKEN_FILE to the workload's projected token, or client_secret for an agent that has one."
    )


class InvalidWorkloadProofError(AuthsecResponseError):
    """401: the proof did not verify."""

    code = "invalid_workload_proof"
    advice = (
        "check that the token is meant for this server (its audience) and has not expired, that its issuer is a "
        "workload source, or that the client secret is the newest."
    )


class SelectorsNotSatisfiedError(AuthsecResponseError):
    """403: the proof is good, but it is another workload's. See missing_selectors."""

    code = "selectors_not_satisfied"
    advice = "run the agent where its selectors say it runs, or correct the selectors on the agent's page."


class AgentSuspendedError(AuthsecResponseError):
    """403: an administrator suspended the agent."""

    code = "agent_suspended"
    advice = "ask an administrator to activate the agent."


class DelegatorInactiveError(AuthsecResponseError):
    """403: the person behind the delegation is suspended."""

    code = "delegator_inactive"
    advice = "have an active person delegate to this agent."


class RoleNotHeldError(AuthsecResponseError):
    """403: the person behind the delegation no longer holds the role."""

    code = "role_not_held"
    advice = "give the person the role back, or have a holder of the role delegate to this agent."


class ActionNotDelegatedError(AuthsecResponseError):
    """403: an action that was asked for is outside the delegation."""

    code = "action_not_delegated"
    advice = "ask for fewer actions, or have the delegator add them to the delegation."


class SenderConstraintRequiredError(AuthsecResponseError):
    """403: the delegation demands tokens that are bound to a key."""

    code = "sender_constraint_required"
    advice = 'set dpop=True, or client_cert_file and token_binding="mtls", as the description says.'


class NoEffectiveActionsError(AuthsecResponseError):
    """403: delegation and role have no action in common any more."""

    code = "no_effective_actions"
    advice = "have the delegator or an administrator put the actions back in the delegation or its role."


class AudienceNotAllowedError(AuthsecResponseError):
    """403: the delegation does not reach the API that was asked for."""

    code = "audience_not_allowed"
    advice = "ask for one of the delegation's resources, or have the delegator add this one."


class UnknownClientError(AuthsecResponseError):
    """404: no agent has this client ID."""

    code = "unknown_client"
    advice = "copy the Client ID from the agent's page into AUTHSEC_AGENT_CLIENT_ID, and check base_url."


class NoDelegationError(AuthsecResponseError):
    """404: nobody has delegated anything to this agent."""

    code = "no_delegation"
    advice = "create a trust delegation for this agent."


class AmbiguousDelegationError(AuthsecResponseError):
    """409: several delegations fit. See delegations."""

    code = "ambiguous_delegation"
    advice = "set AUTHSEC_DELEGATION_ID or AUTHSEC_ROLE, or have an administrator choose the agent's default."


class DelegationEndedError(AuthsecResponseError):
    """410: the delegation was revoked or disabled, or is past its end date."""

    code = "delegation_ended"
    advice = "have the delegator delegate again, or an administrator choose another default."


class RateLimitedError(AuthsecResponseError):
    """429: too many requests. See retry_after."""

    code = "rate_limited"
    advice = "wait, and share one AuthsecClient in the process: it caches."


class TemporarilyUnavailableError(AuthsecResponseError):
    """503: the server cannot answer now. See retry_after."""

    code = "temporarily_unavailable"
    advice = "wait and try again."


REFUSALS: dict[str, type[AuthsecResponseError]] = {cls.code: cls for cls in AuthsecResponseError.__subclasses__()}
"""The class of each code in the server's error table."""
