"""AuthSec for Python agents: an identity, and short-lived tokens that a person delegated.

    from authsec_langchain import AuthsecClient, AuthsecConfig

    authsec = AuthsecClient(AuthsecConfig(base_url="https://authsec.example.com", client_id="6f1c…"))
    jwt_token = authsec.get_delegation_token()

AuthsecCallbackHandler and ToolRecord need langchain-core; nothing else does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._client import AuthsecClient
from ._config import AuthsecConfig
from ._dpop import DPoPKey
from ._errors import (
    ActionNotDelegatedError,
    AgentSuspendedError,
    AmbiguousDelegationError,
    AudienceNotAllowedError,
    AuthsecClosedError,
    AuthsecConfigError,
    AuthsecConnectionError,
    AuthsecError,
    AuthsecProtocolError,
    AuthsecResponseError,
    AuthsecWorkloadTokenError,
    DelegationChoice,
    DelegationEndedError,
    DelegatorInactiveError,
    InsecureDestinationError,
    InvalidDpopProofError,
    InvalidRequestError,
    InvalidWorkloadProofError,
    NoDelegationError,
    NoEffectiveActionsError,
    RateLimitedError,
    RoleNotHeldError,
    SelectorsNotSatisfiedError,
    SenderConstraintRequiredError,
    TemporarilyUnavailableError,
    UnknownClientError,
    UseDpopNonceError,
    WorkloadProofRequiredError,
)
from ._httpx_auth import AuthsecAuth
from ._models import Delegation
from ._version import __version__

if TYPE_CHECKING:
    from ._langchain import AuthsecCallbackHandler, ToolRecord

__all__ = [
    "ActionNotDelegatedError",
    "AgentSuspendedError",
    "AmbiguousDelegationError",
    "AudienceNotAllowedError",
    "AuthsecAuth",
    "AuthsecCallbackHandler",
    "AuthsecClient",
    "AuthsecClosedError",
    "AuthsecConfig",
    "AuthsecConfigError",
    "AuthsecConnectionError",
    "AuthsecError",
    "AuthsecProtocolError",
    "AuthsecResponseError",
    "AuthsecWorkloadTokenError",
    "DPoPKey",
    "Delegation",
    "DelegationChoice",
    "DelegationEndedError",
    "DelegatorInactiveError",
    "InsecureDestinationError",
    "InvalidDpopProofError",
    "InvalidRequestError",
    "InvalidWorkloadProofError",
    "NoDelegationError",
    "NoEffectiveActionsError",
    "RateLimitedError",
    "RoleNotHeldError",
    "SelectorsNotSatisfiedError",
    "SenderConstraintRequiredError",
    "TemporarilyUnavailableError",
    "ToolRecord",
    "UnknownClientError",
    "UseDpopNonceError",
    "WorkloadProofRequiredError",
    "__version__",
]


def __getattr__(name: str) -> Any:
    # The LangChain parts are imported when they are asked for, so that the rest works without langchain-core.
    if name not in ("AuthsecCallbackHandler", "ToolRecord"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        from . import _langchain
    except ModuleNotFoundError as error:
        raise ImportError(
            f'{name} needs langchain-core: pip install "langchain-core>=1.0,<2.0"', name=error.name
        ) from error
    return getattr(_langchain, name)
